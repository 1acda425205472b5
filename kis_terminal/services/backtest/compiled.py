"""Compiling plain functions with numba, and finding them again on the disk the next time.

Importing this imports numba (half a second): for workers and commands, never for the window's process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast

import numba
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])


def _pointer(context: Any, address: Any) -> Any:
    """Tell numba how a whole number is read as the address of float64."""
    del context

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], target.get_value_type(signature.return_type))

    kinds: Any = numba.types
    return kinds.CPointer(kinds.float64)(address), generate


pointer: Callable[[int], Any] = cast(Any, intrinsic)(_pointer)
"""Only within compiled code: the address of float64 values."""
array_at: Callable[[Any, int], Any] = cast(Any, numba).carray
"""Only within compiled code: a pointer and a count as an array. Who gives the address keeps the memory."""


def compiled(function: F, *called: Callable[..., Any]) -> F:
    """Return `function` compiled, the functions of ours that it calls replaced by compiled ones.

    numba's cache knows a function by its file's time and its name, and does not see when another file that
    it calls into has changed; so the name carries a digest of all their code.
    """
    plain = cast(FunctionType, function)
    names = {cast(Any, one).py_func.__name__.partition("__")[0]: one for one in called}
    digest = hashlib.sha256(_code(plain))
    for one in called:
        digest.update(cast(Any, one).py_func.__name__.encode())
    copy = FunctionType(
        plain.__code__, {**plain.__globals__, **names}, f"{plain.__name__}__{digest.hexdigest()[:12]}"
    )
    copy.__qualname__ = copy.__name__
    copy.__module__ = plain.__module__
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(copy))


def _code(function: FunctionType) -> bytes:
    code = function.__code__
    constants = [constant for constant in code.co_consts if isinstance(constant, int | float | str | tuple)]
    numbers = sorted(
        (name, value)
        for name in code.co_names
        if isinstance(value := function.__globals__.get(name), int | float)
    )
    return code.co_code + repr((constants, code.co_names, numbers)).encode()
