"""The first moments: settings, and the embedded exchange on its way before the window's libraries load."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from kis_terminal.adapters.simulator.process import ExchangeProcess
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import SettingsError
from kis_terminal.settings import load_settings


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    environment: str = "sim"
    config: Path | None = None
    language: str | None = None
    layout: str | None = None
    screenshot: Path | None = None
    size: tuple[int, int] = (1760, 990)
    exit_after: float | None = None
    bars: Path | None = None
    seed: int | None = None

    def exchange_arguments(self) -> list[str]:
        """Return the child's arguments."""
        words: list[str] = []
        if self.bars is not None:
            words += ["--bars", str(self.bars)]
        if self.seed is not None:
            words += ["--seed", str(self.seed)]
        return words


def start(options: Options) -> int:
    """Open the window and run until it closes; returns the exit code."""
    try:
        settings = load_settings(
            environment=Environment(options.environment),
            config=options.config,
            language=options.language,
            environ=os.environ,
            cwd=Path.cwd(),
        )
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no window yet
        return 2
    exchange: ExchangeProcess | None = None
    if settings.environment is Environment.SIM:
        # It needs its own second of start-up; the window's libraries load meanwhile.
        exchange = ExchangeProcess(options.exchange_arguments())
    try:
        from kis_terminal.app import run

        return run(options, settings, exchange)
    finally:
        if exchange is not None:
            exchange.stop()
