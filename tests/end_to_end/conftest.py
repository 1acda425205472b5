"""The real window over the real exchange: a child process for a whole module, a terminal for each test."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from kis_terminal.adapters.simulator.process import ExchangeAddress, ExchangeProcess
from kis_terminal.app import window_preferences
from kis_terminal.log import set_up_logging
from kis_terminal.options import Options
from kis_terminal.settings import SIM_ACCOUNT, load_settings
from kis_terminal.terminal import Terminal
from kis_terminal.ui.crash import CrashDesk
from kis_terminal.ui.theme import Theme
from tests.end_to_end.person import Person
from tests.end_to_end.program import Program
from tests.support.isolation import PROJECT

OpenTerminal = Callable[..., Person]
_PATIENCE = 15_000


@pytest.fixture(scope="module")
def exchange() -> Iterator[ExchangeAddress]:
    """Run one exchange without call limits; each test trades in an account of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "PYTHONPATH", os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
        )
        child = ExchangeProcess(["--seed", "7", "--limits", "off"])
    try:
        yield asyncio.run(child.ready())
    finally:
        child.stop()


@pytest.fixture
def open_terminal(
    exchange: ExchangeAddress, qt_loop: asyncio.AbstractEventLoop, qapp: QApplication, qtbot: Any
) -> Iterator[OpenTerminal]:
    """Return a function that opens a terminal as `app.run` does; what is still open is closed at the end.

    Accounts are new ones with 100,000,000 won; `has_holdings=True` takes the one that holds a few names.
    """
    opened: list[Person] = []
    number = f"{secrets.randbelow(10**8):08d}"

    def open_(*, has_holdings: bool = False) -> Person:
        settings = load_settings(environ=os.environ, cwd=Path.cwd())
        access = settings.access_for_sim(exchange.rest, exchange.ws, exchange.market)
        access = replace(access, cano=SIM_ACCOUNT if has_holdings else number)
        theme, logging_ = Theme(), set_up_logging(settings.home.logs)
        theme.apply(qapp)
        crash = CrashDesk()
        choices = window_preferences(settings)
        terminal = Terminal(
            Options(), settings, access, choices, theme, logging_, crash, is_exchange_new=False
        )
        person = Person(terminal, qtbot, qt_loop, exchange, access.cano, logging_)
        opened.append(person)
        window = terminal.window
        window.resize(1760, 990)
        window.show()
        window.activateWindow()
        qtbot.waitExposed(window)
        person.run(terminal.open())
        qtbot.waitUntil(lambda: person.is_ready, timeout=_PATIENCE)
        return person

    yield open_
    for person in opened:
        person.leave()


StartProgram = Callable[..., Program]


@pytest.fixture
def start_program(tmp_path: Path) -> Iterator[StartProgram]:
    """Return a function that starts the program with words of the command line; none outlives the test."""
    started: list[Program] = []

    def start(*words: str, **variables: str) -> Program:
        folder = tmp_path / f"program-{len(started)}"
        folder.mkdir()
        started.append(Program(folder, *words, **variables))
        return started[-1]

    yield start
    for program in started:
        program.kill()
