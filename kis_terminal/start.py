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
from kis_terminal.settings_sources import home_root

KEPT_KO = (
    "마지막으로 제대로 읽은 설정({at})이 암호화되어 남아 있습니다. "
    "kis-terminal doctor --env {env} --restore-config 로 꺼내 볼 수 있습니다."
)
KEPT_EN = (
    "The last settings that could be read ({at}) are kept, encrypted. "
    "kis-terminal doctor --env {env} --restore-config puts them beside the broken file."
)


def _remembered_language(workspace: Path) -> str | None:
    """Return the language that the window keeps among its choices, None where it was never chosen."""
    kept = FileWorkspaceStore(workspace).read("language")
    return kept.strip('"') if kept in ('"ko"', '"en"') else None


def _offer_kept_config(options: Options) -> None:
    """Say that the last settings file which could be read is still there; it is never used by itself."""
    environment = Environment(options.environment)
    if environment is Environment.SIM:
        return
    from kis_terminal.adapters.kis.kept_config import KeptConfig

    kept_at = KeptConfig(home_root(os.environ) / "tokens", environment).kept_at
    if kept_at is None:
        return
    words = KEPT_EN if options.language == "en" else KEPT_KO
    text = words.format(at=f"{kept_at:%Y-%m-%d %H:%M}", env=environment.value)
    print(text, file=sys.stderr)  # noqa: T201 - there is no window yet


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
        _offer_kept_config(options)
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
