"""Fixtures of command tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kis_terminal.__main__ import main
from kis_terminal.adapters.simulator.process import ExchangeAddress
from kis_terminal.domain.environment import Environment
from kis_terminal.ui.translation import set_language
from tests.end_to_end.conftest import exchange, start_program
from tests.support.shell_account import ShellAccount

__all__ = ["account", "environment", "exchange", "shell", "start_program", "words"]


@dataclass(frozen=True, slots=True)
class Run:
    """How one command ended and what it said."""

    code: int
    out: str
    err: str


Shell = Callable[..., Run]


@pytest.fixture
def environment() -> Environment:
    """Return where the account is: at the exchange's real host, whose limits are higher than paper's."""
    return Environment.REAL


@pytest.fixture
def account(environment: Environment) -> ShellAccount:
    """Return keys and an account that nobody has used."""
    return ShellAccount(environment)


@pytest.fixture
def words(account: ShellAccount, exchange: ExchangeAddress, tmp_path: Path) -> tuple[str, ...]:
    """Return the words that name the exchange's host and this account."""
    path = account.write(tmp_path / "kis_devlp.yaml", *account.hosts(exchange))
    return ("--env", account.environment.value, "--config", str(path))


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """Return a function that runs the program in this process."""

    def run(*words: str) -> Run:
        code = main(words)
        captured = capsys.readouterr()
        return Run(code, captured.out, captured.err)

    yield run
    set_language("ko")
