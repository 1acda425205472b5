"""Times of bars as numbers: seconds since 1970 of the wall clock in Seoul.

A day begins at a multiple of 86,400, so that the time axis needs no zone.
"""

from __future__ import annotations

from calendar import timegm
from datetime import date, datetime


def wall_seconds(moment: datetime) -> int:
    """Return seconds since 1970 of the wall-clock reading of `moment`."""
    return timegm(moment.timetuple())


def day_seconds(day: date) -> int:
    """Return the wall seconds of midnight of `day`."""
    return timegm(day.timetuple())
