"""Write numbers, signs and dates as KIS writes them: always as text."""

from __future__ import annotations

from datetime import date, datetime

HUNDRED_MILLION = 100_000_000
MILLION = 1_000_000
_FIRST_YEAR, _LAST_YEAR = 1900, 2200


def rate(value: float, places: int = 2) -> str:
    """Write a percentage or ratio with fixed places; a rounded zero carries no minus."""
    text = f"{value:.{places}f}"
    return text.lstrip("-") if not text.strip("-0.") else text


def ratio(part: float, whole: float) -> float:
    """Return part of whole in percent, 0 where there is no whole."""
    return 100.0 * part / whole if whole else 0.0


def price_text(value: float) -> str:
    """Write a price without places where it is whole, else with four."""
    return str(int(value)) if value == int(value) else f"{value:.4f}"


def direction(difference: int) -> str:
    """Return the sign code of a difference: 2 up, 3 flat, 5 down (limits are told by `change_sign`)."""
    if difference > 0:
        return "2"
    return "5" if difference < 0 else "3"


def change_sign(price: int, base: int, upper: int, lower: int) -> str:
    """Return the sign code against the base price: 1 upper limit, 2 up, 3 flat, 4 lower limit, 5 down."""
    if price != base:
        if price >= upper:
            return "1"
        if price <= lower:
            return "4"
    return direction(price - base)


def day_text(day: date) -> str:
    """Write YYYYMMDD."""
    return day.strftime("%Y%m%d")


def clock_text(moment: datetime) -> str:
    """Write HHMMSS."""
    return f"{moment.hour:02d}{moment.minute:02d}{moment.second:02d}"


def day_of(text: str) -> date | None:
    """Read YYYYMMDD, None where it is no date or lies centuries off."""
    if len(text) != 8:  # strptime takes shorter months and days
        return None
    try:
        day = datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007  a bare date has no zone
    except ValueError:
        return None
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None


def second_of(text: str) -> int | None:
    """Read HHMMSS into seconds after midnight, None where it is no time; 24 hours are not folded."""
    if len(text) != 6 or not text.isascii() or not text.isdigit():
        return None
    return int(text[:2]) * 3600 + int(text[2:4]) * 60 + int(text[4:])
