"""The first moments: settings, and the embedded exchange on its way before the window's libraries load."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kis_terminal.adapters.simulator.process import ExchangeProcess
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import SettingsError
from kis_terminal.options import Options
from kis_terminal.settings import load_settings


def _remembered_language(workspace: Path) -> str | None:
    """Return the language that the window keeps among its choices, None where it was never chosen."""
    kept = FileWorkspaceStore(workspace).read("language")
    return kept.strip('"') if kept in ('"ko"', '"en"') else None


def start(options: Options) -> int:
    """Open the window and run until it closes; returns the exit code."""
    try:
        settings = load_settings(
            environment=Environment(options.environment),
            config=options.config,
            language=options.language,
            remembered_language=_remembered_language,
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
