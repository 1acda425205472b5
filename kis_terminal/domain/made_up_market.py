"""Which market the embedded exchange makes up: the same name, the same bars in every run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class MadeUpMarket:
    """What an embedded exchange says of the market that it plays."""

    name: str
    """At most 32 characters: seed, first day and whatever else its history hangs on."""
    settled_until: date
    """Bars of the days before are told by the name; those of this day and later belong to one run."""
