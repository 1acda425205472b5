"""The hours of a trading day: which phase KRX and NXT are in, and what the market-status stream says then.

Hours of PROTOCOL.md 8.1 (2026-11-22). Two kinds of day start an hour late: the year's first trading day
(the close stays) and the day of the college entrance exam (the close moves too).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from typing import Literal

KrxPhase = Literal[
    "before", "opening", "continuous", "closing", "after_close", "after_market", "halted", "closed"
]
NxtPhase = Literal["closed", "pre", "break", "main", "after"]

AFTER_MARKET_DATE = date(2026, 9, 14)
"""First day of the KRX after-market; the ten-minute auctions ended on 2026-09-11 and are not played."""
NXT_DATE = date(2025, 3, 4)
"""First day of NXT."""

# Days of the college entrance exam (ministry of education, custom of the exchange: an hour later).
_EXAM_DAYS = frozenset(
    {
        date(2023, 11, 16),
        date(2024, 11, 14),
        date(2025, 11, 13),
        date(2026, 11, 19),
        date(2027, 11, 18),
    }
)
LATE = 3600
"""Seconds by which a late day opens later."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of the day, from `second` (of the day) on; `codes` are the MKOP_CLS_CODEs it starts with
    (empty: only the expected price begins to be shown).

    `fixed` names the closing-price kind whose orders are taken ("05", "06" or ""); `trades_fixed` says
    whether they are met. `shows_expected` says whether an auction shows its expected price.
    """

    second: int
    krx: KrxPhase
    nxt: NxtPhase
    codes: tuple[str, ...] = ()
    fixed: str = ""
    trades_fixed: bool = False
    shows_expected: bool = True


ALWAYS = Stage(0, "continuous", "main")
"""The only stage of an exchange that is always open: the main sessions of KRX and NXT."""
CLOSED = Stage(0, "closed", "closed")

_MORNING = (
    Stage(8 * 3600, "before", "pre"),
    Stage(8 * 3600 + 1800, "opening", "pre", ("110", "130"), "05", True, False),
    Stage(8 * 3600 + 2400, "opening", "pre", ("139",), shows_expected=False),
    Stage(8 * 3600 + 3000, "opening", "break", ("",)),
    Stage(9 * 3600, "continuous", "break", ("112",)),
    Stage(9 * 3600 + 30, "continuous", "main"),
)
_AFTERNOON = (
    Stage(15 * 3600 + 1200, "closing", "break", ("121",)),
    Stage(15 * 3600 + 1800, "after_close", "break", ("129", "140"), "06"),
    Stage(15 * 3600 + 2400, "after_close", "after", ("146",), "06", True),
    Stage(16 * 3600, "after_market", "after", ("149",)),
)
_END = Stage(20 * 3600, "closed", "closed")


def stages_of(day: date, *, is_first_of_year: bool = False) -> tuple[Stage, ...]:
    """Return the stages of an open `day`, in order; the first starts at midnight."""
    is_exam_day = day in _EXAM_DAYS
    morning = _later(_MORNING, LATE if is_exam_day or is_first_of_year else 0)
    afternoon = _later(_AFTERNOON, LATE if is_exam_day else 0)
    stages = [Stage(0, "before", "closed"), *morning, *afternoon, _END]
    return tuple(_of_its_time(stage, day) for stage in stages)


def stage_at(stages: tuple[Stage, ...], second: float) -> Stage:
    """Return the stage that `second` of the day lies in."""
    return stages[bisect_right(stages, second, key=lambda stage: stage.second) - 1]


def _later(stages: tuple[Stage, ...], seconds: int) -> list[Stage]:
    return [
        Stage(
            stage.second + seconds,
            stage.krx,
            stage.nxt,
            stage.codes,
            stage.fixed,
            stage.trades_fixed,
            stage.shows_expected,
        )
        for stage in stages
    ]


def _of_its_time(stage: Stage, day: date) -> Stage:
    """Take away what did not exist yet on `day`."""
    krx = "closed" if stage.krx == "after_market" and day < AFTER_MARKET_DATE else stage.krx
    nxt = "closed" if day < NXT_DATE else stage.nxt
    if (krx, nxt) == (stage.krx, stage.nxt):
        return stage
    return Stage(stage.second, krx, nxt, stage.codes, stage.fixed, stage.trades_fixed, stage.shows_expected)
