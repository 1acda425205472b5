"""Futures and options on the KOSPI 200: which there are on a day, their codes and last trading days.

Codes as they are since 2026: A01 future, B01 call, C01 put, then the year's last digit and the month, and for
options the strike without its half point.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from kis_terminal.adapters.simulator.rules.calendar import Calendar

Kind = Literal["future", "call", "put"]
POINT_WON = 250_000
"""Won of a point of the index."""
STRIKE_STEP = 2.5
FUTURES_TICK = 0.05
_PREFIXES: tuple[tuple[str, Kind], ...] = (("A01", "future"), ("B01", "call"), ("C01", "put"))
_QUARTER = 3


@dataclass(frozen=True, slots=True)
class Contract:
    """One future or option; `expiry` is its last trading day."""

    code: str
    kind: Kind
    year: int
    month: int
    expiry: date
    strike: float = 0.0

    @property
    def name(self) -> str:
        """Give KIS's short name: F 202612, C 202612 455.0."""
        letter = {"future": "F", "call": "C", "put": "P"}[self.kind]
        tail = f" {self.strike:.1f}" if self.strike else ""
        return f"{letter} {self.year}{self.month:02d}{tail}"

    def tick(self, price: float) -> float:
        """Return the price step at `price`."""
        return 0.01 if self.kind != "future" and price < 10.0 else FUTURES_TICK

    def days_left(self, day: date) -> int:
        """Return the calendar days from `day` to the last trading day, both counted."""
        return max((self.expiry - day).days + 1, 0)


def futures(calendar: Calendar, day: date, count: int = 2) -> list[Contract]:
    """Return the next quarterly maturities."""
    found: list[Contract] = []
    year, month = day.year, day.month
    while len(found) < count:
        if month % _QUARTER == 0 and last_trading_day(calendar, year, month) >= day:
            found.append(_contract(calendar, "future", year, month))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found


def option_months(calendar: Calendar, day: date, count: int = 3) -> list[tuple[int, int]]:
    """Return the next (year, month) of options."""
    found: list[tuple[int, int]] = []
    year, month = day.year, day.month
    while len(found) < count:
        if last_trading_day(calendar, year, month) >= day:
            found.append((year, month))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found


def option(calendar: Calendar, kind: Kind, year: int, month: int, strike: float) -> Contract:
    """Return one option."""
    return _contract(calendar, kind, year, month, strike)


def read_code(calendar: Calendar, code: str, day: date) -> Contract | None:
    """Return what a code names on `day`, None where there is no such thing or it has expired."""
    kind = next((kind for prefix, kind in _PREFIXES if code.startswith(prefix)), None)
    digits = code[3:]
    if kind is None or not (digits.isascii() and digits.isdigit()):
        return None
    if len(digits) != (3 if kind == "future" else 6):
        return None
    year, month = day.year // 10 * 10 + int(digits[0]), int(digits[1:3])
    year += 10 if year < day.year - 5 else 0
    strike = _strike(int(digits[3:])) if kind != "future" else 0.0
    if not 1 <= month <= 12 or strike is None:
        return None
    known = (
        [(one.year, one.month) for one in futures(calendar, day)]
        if kind == "future"
        else option_months(calendar, day)
    )
    return _contract(calendar, kind, year, month, strike) if (year, month) in known else None


def last_trading_day(calendar: Calendar, year: int, month: int) -> date:
    """Return the second Thursday, or the trading day before it."""
    first = date(year, month, 1)
    day = first + timedelta(days=(3 - first.weekday()) % 7 + 7)
    return day if calendar.is_regular_day(day) else calendar.previous_open_day(day)


def _contract(calendar: Calendar, kind: Kind, year: int, month: int, strike: float = 0.0) -> Contract:
    prefix = next(prefix for prefix, other in _PREFIXES if other == kind)
    tail = f"{int(strike):03d}" if kind != "future" else ""
    code = f"{prefix}{year % 10}{month:02d}{tail}"
    return Contract(code, kind, year, month, last_trading_day(calendar, year, month), strike)


def _strike(whole: int) -> float | None:
    """Return the strike whose whole points are given: 452 stands for 452.5."""
    if whole % 5 == 0:
        return float(whole)
    return whole + 0.5 if whole % 5 == 2 else None
