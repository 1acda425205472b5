"""The three worlds that never mix."""

from __future__ import annotations

from enum import StrEnum


class Environment(StrEnum):
    """Where orders go: the embedded exchange, KIS's paper trading or real money."""

    SIM = "sim"
    PAPER = "paper"
    REAL = "real"
