"""What the registry knows of one indicator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kis_terminal.services.studies.series import Column

Lines = Column | tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Study:
    """One indicator.

    `function` takes TradedBars and the parameters by name; their defaults, in its signature, are those of
    domain/strategy/indicator_table. It returns a column for each of `lines`, in that order.
    """

    function: Callable[..., Lines]
    warm_up: Callable[..., int]
    """Takes the parameters by name; returns how many bars come before every line is known."""
    lines: tuple[str, ...] = ("value",)
