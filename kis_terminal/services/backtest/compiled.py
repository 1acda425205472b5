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


def _untyped(context: Any, address: Any) -> Any:
    """Tell numba how a whole number is read as the address of anything."""
    del context

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], target.get_value_type(signature.return_type))

    kinds: Any = numba.types
    return kinds.voidptr(address), generate


_untyped_pointer: Callable[[int], Any] = cast(Any, intrinsic)(_untyped)
pointer: Callable[[int], Any] = cast(Any, intrinsic)(_pointer)
"""Only within compiled code: the address of float64 values."""
array_at: Callable[..., Any] = cast(Any, numba).carray
"""Only within compiled code: a pointer and a count as an array. Who gives the address keeps the memory."""


def _code(function: FunctionType) -> bytes:
    code = function.__code__
    constants = [constant for constant in code.co_consts if isinstance(constant, int | float | str | tuple)]
    numbers = sorted(
        (name, value)
        for name in code.co_names
        if isinstance(value := function.__globals__.get(name), int | float)
    )
    return code.co_code + repr((constants, code.co_names, numbers)).encode()


def compiled(function: F, *called: Callable[..., Any], is_entry: bool = False) -> F:
    """Return `function` compiled, the functions of ours that it calls replaced by compiled ones.

    All but an entry are put into their callers: handing on a tuple of arrays costs more than most of them do.
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
    made = numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=not is_entry)
    return cast(F, made(copy))


def _uncounted(array: Any) -> Any:
    """Return the same array without an owner, as long as another keeps it: handing it on counts nothing."""
    return array_at(_untyped_pointer(array.ctypes.data), array.shape, array.dtype)


uncounted = compiled(_uncounted)
