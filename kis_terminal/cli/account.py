"""What the commands that touch an account share: their options, whose account it is, what they print."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kis_terminal.adapters.simulator.parent_watch import ParentWatch
from kis_terminal.adapters.storage.exchange_address import ExchangeEntrance, read_entrance
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import SettingsError, TerminalError
from kis_terminal.domain.sentences import Sentence
from kis_terminal.log import Redactor, set_up_logging
from kis_terminal.settings import HomePaths, KisAccess, Settings, load_settings
from kis_terminal.ui.translation import said, set_language

if TYPE_CHECKING:
    from kis_terminal.domain.made_up_market import MadeUpMarket
    from kis_terminal.trading_core import TradingCore

T = TypeVar("T")
DESK_NUMBER = "1544-5000"
_NOWHERE = ("http://127.0.0.1", "ws://127.0.0.1")
NO_SIMULATION = Sentence(
    "실행 중인 시뮬레이션이 없습니다. `kis-terminal`로 창을 연 뒤에 다시 실행하십시오. 모의·실전 계좌는 "
    "--env paper, --env real로 고릅니다."
)


class Output:
    """Print for people or, with `--json`, one object; nothing that is printed holds a secret."""

    def __init__(self, redactor: Redactor, *, is_json: bool) -> None:
        self.redactor = redactor
        self._is_json = is_json

    def line(self, text: str) -> None:
        """Print a line for people, beside the object where that has the standard output."""
        self._print(text, sys.stderr if self._is_json else sys.stdout)

    def aside(self, text: str) -> None:
        """Print what is worth knowing and no result, beside the output."""
        self._print(text, sys.stderr)

    def problem(self, text: str) -> None:
        """Print what went wrong."""
        self._print(text, sys.stderr)

    def told(self, value: dict[str, Any]) -> None:
        """Print the object, if one was asked for."""
        if self._is_json:
            self._print(json.dumps(value, ensure_ascii=False, indent=2), sys.stdout)

    def _print(self, text: str, stream: Any) -> None:
        # Whoever read the output may be gone; what is being cancelled goes on without a reader.
        with contextlib.suppress(BrokenPipeError):
            print(self.redactor.clean(text), file=stream, flush=True)


@dataclass(frozen=True, slots=True)
class Account:
    """The account of one environment."""

    settings: Settings
    access: KisAccess
    is_reachable: bool
    """False for the embedded exchange while no window runs it; the account's files can be read even so."""
    lacking: str = ""
    """What has to be set before KIS can be reached, "" for nothing; only what is stored can be used so."""

    def made_up_by_window(self) -> MadeUpMarket | None:
        """Return the market that the exchange of an open window plays, None without one."""
        entrance = _open_window(HomePaths.under(self.settings.home.root, Environment.SIM).data)
        return entrance.market if entrance is not None else None

    def told(self) -> dict[str, Any]:
        """Return what every object begins with."""
        return {
            "environment": self.access.environment.value,
            "account": None if self.lacking else self.access.account_label,
        }


def add_options(parser: argparse.ArgumentParser, *, has_environment: bool = True) -> None:
    """Add what every command of an account takes; `has_environment` False leaves --env to the command."""
    if has_environment:
        _add_environment(parser)
    parser.add_argument("--config", type=Path, metavar="FILE", help="kis_devlp.yaml의 위치")
    parser.add_argument("--language", choices=("ko", "en"), help="ko 한국어, en English")
    parser.add_argument("--json", action="store_true", help="표 대신 JSON으로 출력")


def _add_environment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--env",
        choices=("sim", "paper", "real"),
        default="sim",
        help="sim 열려 있는 창의 시뮬레이션(기본), paper 모의투자, real 실전투자",
    )


def open_account(chosen: argparse.Namespace, *, needs_keys: bool = True) -> tuple[Account, Output]:
    """Read the settings and speak their language; raises SettingsError.

    Without `needs_keys` an account of KIS whose keys are not there is given as one that cannot be reached.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console without Hangul shows the rest all the same
    set_language(chosen.language or "ko")
    environment, lacking = Environment(chosen.env), ""
    try:
        settings = _settings(chosen, is_offline=False)
    except SettingsError as error:
        if needs_keys or environment is Environment.SIM:
            raise
        settings, lacking = _settings(chosen, is_offline=True), str(error)
    set_language(settings.language)
    access, is_reachable = settings.access, True
    if access is None and lacking:
        access, is_reachable = replace(settings.access_for_sim(*_NOWHERE), environment=environment), False
    elif access is None:
        access, is_reachable = _simulation(settings)
    redactor = Redactor()
    redactor.add(access.appkey.reveal(), access.appsecret.reveal())
    redactor.add_account(access.cano)
    return Account(settings, access, is_reachable, lacking), Output(redactor, is_json=chosen.json)


def _settings(chosen: argparse.Namespace, *, is_offline: bool) -> Settings:
    return load_settings(
        environment=Environment(chosen.env),
        config=chosen.config,
        language=chosen.language,
        environ=os.environ,
        cwd=Path.cwd(),
        is_offline=is_offline,
    )


def _simulation(settings: Settings) -> tuple[KisAccess, bool]:
    """Return access to the open window's exchange, and whether there is one."""
    entrance = _open_window(settings.home.data)
    if entrance is not None:
        with contextlib.suppress(ValueError):  # a place that is no exchange of this machine's
            return settings.access_for_sim(entrance.rest, entrance.ws, entrance.market), True
    return settings.access_for_sim(*_NOWHERE), False


def _open_window(data: Path) -> ExchangeEntrance | None:
    """Return where the exchange of an open window listens; `data` is the simulation's folder."""
    entrance = read_entrance(data)
    return entrance if entrance is not None and not ParentWatch(entrance.pid).is_gone() else None


def refuse_settings(error: SettingsError) -> int:
    """Say what is wrong with the settings; return the exit code."""
    print(error, file=sys.stderr)
    return 2


@asynccontextmanager
async def account_core(account: Account, output: Output) -> AsyncIterator[TradingCore]:
    """Give what trades the account, beside a window that may have it open; nothing is connected yet."""
    # The adapters' libraries take longer to load than a latch takes to fall.
    from kis_terminal.trading_core import TradingCore, shared_cache

    def tell(grade: str, words: str) -> None:
        output.problem(said(words))

    cache = shared_cache(account.settings.redis_url, tell)
    core = TradingCore(
        account.access,
        account.settings.home,
        on_secret=output.redactor.add,
        on_failure=None,
        tell=tell,
        is_guest=True,
        cache=cache,
    )
    try:
        yield core
    finally:
        await core.close()
        if cache is not None:
            await cache.close()


async def remember_orders(core: TradingCore, output: Output) -> bool:
    """Take over what the journal knows of today; return False, and say why, where it cannot be read."""
    try:
        for note in await core.journal.prepare():
            output.problem(said(note))
        await core.orders.restore()
    except TerminalError as error:
        output.problem(said(error))
        return False
    return True


def run(work: Callable[[], Coroutine[Any, Any, T]], output: Output) -> T | None:
    """Run to the end; None when the person or the system stopped it."""
    logging_ = set_up_logging(None, redactor=output.redactor)  # the log is the window's; see `Output`
    try:
        return asyncio.run(_stoppable(work()))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return None
    finally:
        logging_.close()


async def _stoppable(work: Coroutine[Any, Any, T]) -> T:
    """Stop at SIGTERM as at Ctrl+C, which asyncio takes itself."""
    own = asyncio.current_task()
    assert own is not None  # noqa: S101 - asyncio.run gives one
    loop = asyncio.get_running_loop()
    with contextlib.suppress(
        NotImplementedError, ValueError, RuntimeError
    ):  # Windows, or not the main thread
        loop.add_signal_handler(signal.SIGTERM, own.cancel)
    return await work
