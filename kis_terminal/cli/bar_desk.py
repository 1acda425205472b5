"""What the commands about bars work with: the store, and a loader in front of the broker or the exchange."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kis_terminal.cli.account import Account, Output
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded, StoreUnavailable, TerminalError
from kis_terminal.domain.sentences import Sentence
from kis_terminal.settings import HomePaths, KisAccess
from kis_terminal.ui.translation import said, tr

if TYPE_CHECKING:
    from kis_terminal.adapters.kis.bar_source import KisBarSource
    from kis_terminal.adapters.kis.broker import KisBroker
    from kis_terminal.adapters.storage.bar_place import StorePlace
    from kis_terminal.domain.bar_columns import BarPage, SeriesKey
    from kis_terminal.domain.instruments import Instrument
    from kis_terminal.domain.made_up_market import MadeUpMarket
    from kis_terminal.ports import BarStore, Clock
    from kis_terminal.services.bars.loader import BarLoader


@dataclass(frozen=True, slots=True)
class BarDesk:
    """A loader over the store; its calls have the lowest priority."""

    loader: BarLoader
    store: BarStore
    clock: Clock
    source: LateSource

    async def instruments(self) -> Sequence[Instrument]:
        """Return the master: as the store keeps it, else as the broker lists it, which is kept then.

        Of a store that cannot be used the loads have told already: the broker lists it then.
        """
        kept = None
        with contextlib.suppress(StoreUnavailable):
            kept = await self.store.kept_instruments()
        if kept is not None and (kept[0] == self.clock.now().date() or not self.source.is_connected):
            return kept[1]
        if not self.source.can_connect:
            return kept[1] if kept is not None else ()
        found = await self.source.instruments()
        with contextlib.suppress(StoreUnavailable):
            await self.store.keep_instruments(self.clock.now().date(), found)
        return found


def place_of(account: Account, environment: Environment) -> StorePlace:
    """Return where an environment's bars are."""
    from kis_terminal.adapters.storage.bar_place import store_place

    url = account.settings.database_url
    data = HomePaths.under(account.settings.home.root, environment).data
    return store_place(None if url is None else url.reveal(), data)


def environments_with_bars(account: Account) -> list[Environment]:
    """Return the environments whose stores may hold something, each store once; nothing is made."""
    from kis_terminal.adapters.storage.bar_place import realm_of

    found: dict[tuple[str, str], Environment] = {}
    for environment in (Environment.SIM, Environment.PAPER, Environment.REAL):
        place = place_of(account, environment)
        if place.file is None or place.file.exists():
            made_up = made_up_market(account, environment)
            found.setdefault((place.url, realm_of(environment, made_up)), environment)
    return list(found.values())


def made_up_market(account: Account, environment: Environment) -> MadeUpMarket | None:
    """Return what the open window's exchange plays, else what one that is started now would; None for KIS."""
    if environment is not Environment.SIM:
        return None
    from kis_terminal.adapters.simulator.process import usual_exchange_market
    from kis_terminal.adapters.system_clock import SystemClock

    return account.made_up_by_window() or usual_exchange_market(SystemClock().now())


@asynccontextmanager
async def bar_store(
    account: Account,
    output: Output,
    environment: Environment | None = None,
    made_up: MadeUpMarket | None = None,
) -> AsyncIterator[BarStore]:
    """Give an environment's store, the account's by default; nothing is opened before its first use.

    `made_up` is the simulation's market where it is known already.
    """
    # SQLAlchemy takes a second to load: not before the settings are known to be sound.
    from kis_terminal.adapters.storage.bar_place import realm_of
    from kis_terminal.adapters.storage.bars import SqlBarStore

    chosen = environment or account.access.environment
    realm = realm_of(chosen, made_up or made_up_market(account, chosen))
    store = SqlBarStore(place_of(account, chosen), realm, tell=lambda words: output.problem(said(words)))
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def bar_desk(account: Account, output: Output) -> AsyncIterator[BarDesk]:
    """Give a loader; of the simulation it asks the open window's, else one that runs for the command.

    Nothing is connected, and no exchange started, before a bar is missing.
    """
    from kis_terminal.adapters.system_clock import SystemClock
    from kis_terminal.services.bars.loader import BarLoader
    from kis_terminal.services.exchange_clock import ExchangeClock

    async with AsyncExitStack() as stack:
        source = LateSource(account, output)
        store = await stack.enter_async_context(bar_store(account, output, made_up=source.made_up))
        stack.push_async_callback(source.close)
        clock = ExchangeClock(SystemClock(), lambda: source.skew)
        settled_until = source.made_up.settled_until if source.made_up is not None else None
        loader = BarLoader(source, store, clock, settled_until=settled_until)
        yield BarDesk(loader, store, clock, source)


class LateSource:
    """`ports.BarSource` that connects with its first question."""

    def __init__(self, account: Account, output: Output) -> None:
        self._account = account
        self._output = output
        self.made_up = made_up_market(account, account.access.environment)
        """Whose bars are asked for and stored; None for KIS's."""
        self._turn = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._broker: KisBroker | None = None
        self._source: KisBarSource | None = None

    @property
    def skew(self) -> float | None:
        """Return the broker's clock minus ours in seconds, None before it answered."""
        return self._broker.health().clock_skew_seconds if self._broker is not None else None

    @property
    def can_connect(self) -> bool:
        """Tell whether there are keys, or none are needed."""
        return not self._account.lacking

    @property
    def is_connected(self) -> bool:
        """Tell whether anything has been asked."""
        return self._broker is not None

    async def instruments(self) -> Sequence[Instrument]:
        """Return today's master; raises TerminalError."""
        async with self._turn:
            if self._source is None:
                await self._connect()
        assert self._broker is not None  # noqa: S101 - _connect() has made it
        return await self._broker.master(self._account.settings.home.data).instruments()

    async def bars(self, key: SeriesKey, start: date, end: date) -> BarPage:
        """Return what one call gives; raises as the broker, or for an exchange that does not start."""
        async with self._turn:
            source = self._source or await self._connect()
        return await source.bars(key, start, end)

    async def close(self) -> None:
        """End the connection, and the exchange where it is ours."""
        await self._stack.aclose()

    async def _connect(self) -> KisBarSource:
        from kis_terminal.adapters.kis.bar_source import KisBarSource
        from kis_terminal.adapters.kis.broker import KisBroker
        from kis_terminal.adapters.system_clock import SystemClock

        account, output = self._account, self._output
        if account.lacking:
            raise CorrectionNeeded(
                Sentence("저장된 봉만으로는 모자라 KIS에서 받아야 합니다. {why}", why=account.lacking)
            )
        access = account.access
        if access.environment is Environment.SIM and not account.is_reachable:
            access = await self._stack.enter_async_context(_own_exchange(account, output))
            if access.made_up != self.made_up:
                raise TerminalError(
                    Sentence("그사이 날짜가 바뀌어 내장 거래소의 시장이 달라졌습니다. 다시 실행하십시오.")
                )
        clock = SystemClock()
        self._broker = broker = KisBroker(
            access, clock, token_folder=account.settings.home.tokens, on_secret=output.redactor.add
        )
        self._stack.push_async_callback(broker.close)
        self._source = KisBarSource(broker.client, clock)
        return self._source


@asynccontextmanager
async def _own_exchange(account: Account, output: Output) -> AsyncIterator[KisAccess]:
    """Run the embedded exchange; its market is the same in every run of a day."""
    from kis_terminal.adapters.simulator.process import ExchangeProcess

    output.aside(tr("열려 있는 시뮬레이션이 없어 내장 거래소를 잠시 실행합니다."))
    exchange = ExchangeProcess()
    try:
        address = await exchange.ready()
        yield account.settings.access_for_sim(address.rest, address.ws, address.market)
    finally:
        exchange.stop()
