"""Conditions of rule strategies as compiled code: rows of numbers compared pairwise over whole columns.

A row is a column of the bars, a line of an indicator, such a row after a scalar, a pattern, or a constant;
the code knows it by its address. It answers what `rule_strategy` answers bar by bar; a test says so.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.strategy.model import (
    BoundStrategy,
    Condition,
    ConditionGroup,
    Logic,
    Operator,
    PatternCondition,
    PatternSignal,
)
from kis_terminal.services.backtest.averages import ABREAST, average_some
from kis_terminal.services.backtest.compiled import array_at, compiled, pointer
from kis_terminal.services.backtest.kernel_values import (
    ENTRY_MARK,
    EXIT_MARK,
    Symbols,
)

_GREATER, _LESS, _GREATER_EQUAL, _LESS_EQUAL, _CROSS_ABOVE, _CROSS_BELOW, _EQUAL, _NOT_EQUAL = range(8)
_CODES = {
    Operator.GREATER_THAN: _GREATER,
    Operator.LESS_THAN: _LESS,
    Operator.GREATER_EQUAL: _GREATER_EQUAL,
    Operator.LESS_EQUAL: _LESS_EQUAL,
    Operator.CROSS_ABOVE: _CROSS_ABOVE,
    Operator.CROSS_BELOW: _CROSS_BELOW,
    Operator.EQUAL: _EQUAL,
    Operator.NOT_EQUAL: _NOT_EQUAL,
}
_PATTERN_CODES = {
    PatternSignal.BULLISH: _GREATER,
    PatternSignal.BEARISH: _LESS,
    PatternSignal.DETECTED: _NOT_EQUAL,
}


class Program(NamedTuple):
    """What does not change from one combination of parameters to the next."""

    codes: NDArray[np.int64]
    """`(k,)`: operators, those of the entry first."""
    entries: int
    """How many of them are the entry's."""
    entry_is_or: bool
    exit_is_or: bool


class Averages(NamedTuple):
    """Rows that are simple averages, not computed yet."""

    rows: NDArray[np.int64]
    """`(k,)`: their numbers."""
    periods: NDArray[np.int64]
    sources: NDArray[np.int64]
    """`(k, m)`: the address of what is averaged, for each series."""


def program_of(entry: ConditionGroup, exit_group: ConditionGroup) -> Program:
    """Return the operators of both groups."""
    conditions = (*entry.conditions, *exit_group.conditions)
    return Program(
        codes=np.array([_code(condition) for condition in conditions], dtype=np.int64),
        entries=len(entry.conditions),
        entry_is_or=entry.logic is Logic.OR,
        exit_is_or=exit_group.logic is Logic.OR,
    )


def program_of_rules(rules: BoundStrategy) -> Program:
    """Return the operators of bound rules."""
    return program_of(rules.entry, rules.exit)


def _code(condition: Condition) -> int:
    if isinstance(condition, PatternCondition):
        return _PATTERN_CODES[condition.signal]
    return _CODES[condition.operator]


def _compare(
    code: int, left: NDArray[np.float64], right: NDArray[np.float64], out: NDArray[np.uint8]
) -> None:
    """Write 1 where the comparison is true; with a NaN it never is."""
    size = len(out)
    if code == _GREATER:
        for bar in range(size):
            out[bar] = left[bar] > right[bar]
    elif code == _LESS:
        for bar in range(size):
            out[bar] = left[bar] < right[bar]
    elif code == _GREATER_EQUAL:
        for bar in range(size):
            out[bar] = left[bar] >= right[bar]
    elif code == _LESS_EQUAL:
        for bar in range(size):
            out[bar] = left[bar] <= right[bar]
    elif code == _CROSS_ABOVE:
        out[0] = 0
        for bar in range(1, size):
            out[bar] = (left[bar - 1] <= right[bar - 1]) & (left[bar] > right[bar])
    elif code == _CROSS_BELOW:
        out[0] = 0
        for bar in range(1, size):
            out[bar] = (left[bar - 1] >= right[bar - 1]) & (left[bar] < right[bar])
    elif code == _EQUAL:
        for bar in range(size):
            out[bar] = left[bar] == right[bar]
    else:
        for bar in range(size):
            out[bar] = (left[bar] < right[bar]) | (left[bar] > right[bar])


def _judge(
    program: Program,
    rows: NDArray[np.int64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    marks: NDArray[np.uint8],
    scratch: NDArray[np.uint8],
) -> None:
    """Add the marks of entry and exit to `marks`; `rows` are addresses, `left` and `right` places in them.

    `scratch` is `(2, n)` at least.
    """
    size = len(marks)
    if size == 0:
        return
    count = len(program.codes)
    true, now = scratch[0, :size], scratch[1, :size]
    for group in range(2):
        begin, end = (0, program.entries) if group == 0 else (program.entries, count)
        is_or = program.entry_is_or if group == 0 else program.exit_is_or
        bit = ENTRY_MARK if group == 0 else EXIT_MARK
        if begin == end:
            continue
        for place in range(begin, end):
            one = array_at(pointer(rows[left[place]]), size)
            other = array_at(pointer(rows[right[place]]), size)
            if place == begin:
                _compare(program.codes[place], one, other, true)
                continue
            _compare(program.codes[place], one, other, now)
            if is_or:
                for bar in range(size):
                    true[bar] |= now[bar]
            else:
                for bar in range(size):
                    true[bar] &= now[bar]
        for bar in range(size):
            marks[bar] |= true[bar] * np.uint8(bit)


def _judge_all(
    program: Program,
    rows: NDArray[np.int64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    symbols: Symbols,
) -> None:
    """Add the marks of every series; `rows` is `(m, r)`."""
    longest = 1
    for place in range(len(symbols.size)):
        longest = max(longest, symbols.size[place])
    scratch = np.empty((2, longest), dtype=np.uint8)
    for place in range(len(symbols.size)):
        at = symbols.marks_at[place]
        marks = symbols.marks[at : at + symbols.size[place]]
        _judge(program, rows[place], left, right, marks, scratch)


def _judge_averages(
    program: Program,
    rows: NDArray[np.int64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    symbols: Symbols,
    averages: Averages,
) -> None:
    """Do the same where `rows` lacks simple averages: they are made for some series, judged, and forgotten.

    Memory that is written once and read once would come from the system page by page, and that takes longer
    than the averaging.
    """
    count, lines = len(symbols.size), len(averages.rows)
    longest = 1
    for place in range(count):
        longest = max(longest, symbols.size[place])
    flags = np.empty((2, longest), dtype=np.uint8)
    scratch = np.empty((lines, ABREAST, longest))
    results = np.empty(ABREAST, dtype=np.int64)
    for begin in range(0, count, ABREAST):
        end = min(begin + ABREAST, count)
        for line in range(lines):
            for lane in range(end - begin):
                results[lane] = scratch.ctypes.data + (line * ABREAST + lane) * longest * 8
                rows[begin + lane, averages.rows[line]] = results[lane]
            sources = averages.sources[line, begin:end]
            average_some(sources, symbols.size[begin:end], averages.periods[line], results[: end - begin])
        for place in range(begin, end):
            at = symbols.marks_at[place]
            marks = symbols.marks[at : at + symbols.size[place]]
            judge(program, rows[place], left, right, marks, flags)


compare = compiled(_compare)
judge = compiled(_judge, compare)
judge_all = compiled(_judge_all, judge, is_entry=True)
judge_averages = compiled(_judge_averages, judge, average_some, is_entry=True)
