"""Figures of a name's last days that rankings need."""

from __future__ import annotations

from datetime import timedelta

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import DailyBar

_STREAK_DAYS = 40


def past_bars(exchange: Exchange, symbol: str, calendar_days: int) -> list[DailyBar]:
    """Return adjusted bars of the last so many calendar days, oldest first, today's included."""
    today = exchange.moment.date()
    return exchange.daily_bars(symbol, today - timedelta(days=calendar_days), today, True)


def streaks(exchange: Exchange, symbol: str) -> tuple[int, int]:
    """Return on how many days in a row, up to today, the price has risen, and fallen; one of them is 0."""
    rising = falling = 0
    for bar in reversed(past_bars(exchange, symbol, _STREAK_DAYS)):
        change = bar.close - bar.base_price
        if change > 0 and not falling:
            rising += 1
        elif change < 0 and not rising:
            falling += 1
        else:
            break
    return rising, falling
