"""Covered time in days and weekdays; what spans do as sets is in domain/spans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from kis_terminal.domain.bar_columns import Span
from kis_terminal.domain.spans import joined, missing
from kis_terminal.domain.wall_time import day_seconds

DAY = 86_400
_EPOCH = date(1970, 1, 1)


def day_span(start: date, end: date) -> Span:
    """Return the span of whole days from `start` to `end`, both included."""
    return Span(day_seconds(start), day_seconds(end) + DAY)


def day_of(time: int) -> date:
    """Return the day that wall seconds lie in."""
    return _EPOCH + timedelta(days=time // DAY)


def within(span: Span, covered: Iterable[Span]) -> list[Span]:
    """Return what of the covered spans lies in `span`."""
    parts = (Span(max(one.start, span.start), min(one.end, span.end)) for one in covered)
    return joined(part for part in parts if part.end > part.start)


def weekdays(span: Span) -> int:
    """Return how many days from Monday to Friday the span touches."""
    first, last = span.start // DAY, -(-span.end // DAY)
    if last <= first:
        return 0
    return int(np.busday_count(np.datetime64(first, "D"), np.datetime64(last, "D")))


def covered_part(wanted: Span, covered: Iterable[Span]) -> float:
    """Return the covered part of the asked weekdays, 0 to 1; 1 where none was asked."""
    asked = weekdays(wanted)
    if not asked:
        return 1.0
    lost = sum(weekdays(span) for span in missing(wanted, covered))
    return max(0.0, min(1.0, 1.0 - lost / asked))
