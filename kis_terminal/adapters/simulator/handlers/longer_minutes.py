"""Put single minutes together into longer bars, as the chart calls of indices and contracts answer them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

from kis_terminal.adapters.simulator.derivatives.market import DerivativeBar
from kis_terminal.adapters.simulator.reference.index_market import IndexMinute

Minute = TypeVar("Minute", IndexMinute, DerivativeBar)


def gather_minutes(minutes: Sequence[Minute], step: int) -> list[Minute]:
    """Join minutes into bars of `step` minutes, each named after its first minute; totals are the last's."""

    def begin(minute: Minute) -> datetime:
        return minute.time - timedelta(minutes=(minute.time.hour * 60 + minute.time.minute) % step)

    joined = []
    for time, members in groupby(minutes, key=begin):
        group = list(members)
        joined.append(
            replace(
                group[-1],
                time=time,
                open=group[0].open,
                high=max(one.high for one in group),
                low=min(one.low for one in group),
                volume=sum(one.volume for one in group),
                turnover=sum(one.turnover for one in group),
            )
        )
    return joined
