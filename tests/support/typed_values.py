"""Compare a value with what its class promises, field by field, as deep as it goes."""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any


def check_types(value: object, where: str = "value") -> None:
    """Fail for a dataclass or named tuple with a field that is not of its declared type.

    A bool is no number here, and a number that is infinite or NaN is none either.
    """
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        names = list(value._fields)
    else:
        return
    hints = _hints(type(value))
    for name in names:
        _check(getattr(value, name), hints[name], f"{where}.{name}")


@cache
def _hints(of: type) -> dict[str, Any]:
    return typing.get_type_hints(of)


def _check(value: object, hint: Any, where: str) -> None:
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        options = typing.get_args(hint)
        if value is None:
            assert type(None) in options, f"{where} is None"
            return
        [hint] = [option for option in options if option is not type(None)]
        origin = typing.get_origin(hint)
    if origin in (tuple, list, Sequence):
        assert isinstance(value, Sequence), f"{where}: {value!r}"
        for index, one in enumerate(value):
            _check(one, typing.get_args(hint)[0], f"{where}[{index}]")
        return
    assert isinstance(hint, type), f"{where}: {hint} is not known here"
    if hint is str:  # sentences are texts too
        assert isinstance(value, str), f"{where}: {value!r}"
    elif issubclass(hint, Enum):
        assert isinstance(value, hint), f"{where}: {value!r}"
    else:
        assert type(value) is hint or (hint not in (int, float) and isinstance(value, hint)), (
            f"{where}: {value!r} is not {hint.__name__}"
        )
    if isinstance(value, Decimal):
        assert value.is_finite(), f"{where}: {value!r}"
    check_types(value, where)
