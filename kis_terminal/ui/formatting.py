"""Numbers and times to text, the same everywhere."""

from __future__ import annotations

from decimal import Decimal

from kis_terminal.ui.translation import language, tr

Number = Decimal | int | float
UNKNOWN = "-"


def number(value: Number | None) -> str:
    """Return a count or price with separators, `-` when not known."""
    if value is None:
        return UNKNOWN
    if isinstance(value, Decimal) and value != value.to_integral_value():
        return f"{value:,.2f}"
    return f"{value:,.0f}"


def signed(value: Number | None) -> str:
    """Return a change with its sign always shown."""
    return UNKNOWN if value is None else f"{value:+,.0f}"


def percent(value: Number | None) -> str:
    """Return a signed percentage with two decimals."""
    return UNKNOWN if value is None else f"{value:+.2f}%"


def ratio(value: Number | None) -> str:
    """Return an unsigned figure such as 체결강도 with two decimals."""
    return UNKNOWN if value is None else f"{value:.2f}"


def amount(value: Number | None) -> str:
    """Return an amount shortened over 1억 (100 million); the whole belongs into a tooltip."""
    if value is None:
        return UNKNOWN
    size = abs(float(value))
    if size >= 1e12:
        return tr("{amount:,.2f}조", amount=float(value) / 1e12)
    if size < 1e8:
        return f"{value:,.0f}"
    if language() == "ko":
        return f"{float(value) / 1e8:,.1f}억"
    # English has no word for 억.
    return f"{float(value) / 1e9:,.2f}B" if size >= 1e9 else f"{float(value) / 1e6:,.1f}M"


def arrow(change: Number | None) -> str:
    """Return ▲ or ▼, so that colour never says it alone."""
    if change is None or change == 0:
        return ""
    return "▲" if change > 0 else "▼"


def time_of_day(seconds: int | None) -> str:
    """Return HH:MM:SS of seconds since midnight."""
    if seconds is None:
        return "--:--:--"
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
