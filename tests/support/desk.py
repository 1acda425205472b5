"""A whole workspace with real services over the ports in memory, for tests of panels.

Not a pytest plugin of its own: a test module imports the fixture, `from tests.support.desk import desk`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from kis_terminal.domain.environment import Environment
from kis_terminal.ports import FeedListener
from kis_terminal.services.history import History
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.orders import Orders
from kis_terminal.services.panic import Panic
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.preferences import Preferences
from kis_terminal.services.reconcile import Reconciler
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.risk_settings import RiskSettings
from kis_terminal.services.status import Status
from kis_terminal.services.tasks import TaskScope
from kis_terminal.services.watchlists import Watchlists
from kis_terminal.ui.frame_clock import FrameClock
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.workspace import Link, Workspace
from tests.support.ports_in_memory import (
    SAMSUNG,
    MemoryBroker,
    MemoryClock,
    MemoryFeed,
    MemoryHealth,
    MemoryJournal,
    MemoryMaster,
    MemoryStore,
)


@dataclass(frozen=True)
class Desk:
    """A workspace and the ends of it that a test moves."""

    workspace: Workspace
    clock: MemoryClock
    broker: MemoryBroker
    feed: MemoryFeed
    store: MemoryStore
    messages: list[tuple[str, str]]
    """Level and sentence of every message of the link."""


def build_desk(environment: Environment = Environment.SIM, texts: dict[str, str] | None = None) -> Desk:
    """Put services together as `app.py` does, while a loop runs; the master and the account are loading."""
    clock, store, feed = MemoryClock(), MemoryStore(texts), MemoryFeed()
    broker = MemoryBroker(clock, environment)
    broker.hold_shares(SAMSUNG, "삼성전자", 400, 81_250)
    scope = TaskScope("test")
    instruments = Instruments(MemoryMaster())
    market_data = MarketData(broker, feed, clock, scope)
    portfolio = Portfolio(broker, market_data, instruments, clock, scope)
    risk_gate = RiskGate(environment, instruments, market_data, portfolio, clock, store)
    orders = Orders(broker, MemoryJournal(), risk_gate, portfolio, clock, scope)
    reconciler = Reconciler(broker, orders, portfolio, clock, scope)
    broker.on_notice = orders.take_notice
    feed.listen(
        FeedListener(
            on_ticks=market_data.take_ticks,
            on_book=market_data.take_book,
            on_notice=orders.take_notice,
            on_status=market_data.take_status,
            on_link=market_data.take_link,
            on_subscription=market_data.take_subscription,
            on_gap=lambda reason: market_data.fill_gap(),
        )
    )
    market_data.ticks_received = 1  # as if the first prints had come: the chart waits for them
    preferences = Preferences(store)
    link = Link()
    messages: list[tuple[str, str]] = []
    link.message.connect(lambda level, sentence: messages.append((level, sentence)))
    workspace = Workspace(
        environment=environment,
        account_label=broker.account_label,
        market_data=market_data,
        history=History(broker, market_data, scope),
        instruments=instruments,
        orders=orders,
        reconciler=reconciler,
        portfolio=portfolio,
        risk_gate=risk_gate,
        risk_settings=RiskSettings(store),
        panic=Panic(orders, reconciler, risk_gate, clock, scope),
        watchlists=Watchlists(preferences),
        preferences=preferences,
        status=Status(MemoryHealth(), feed, "SQLite"),
        theme=Theme(),
        frame_clock=FrameClock(),
        link=link,
        scope=scope,
    )
    scope.spawn(instruments.load(), name="master")
    reconciler.start()
    return Desk(workspace, clock, broker, feed, store, messages)


DeskBuilder = Callable[..., Desk]


@pytest.fixture
def desk_of(qt_loop: asyncio.AbstractEventLoop, qapp: QApplication, qtbot: Any) -> Iterator[DeskBuilder]:
    """Return a function that builds desks (see `build_desk`); all are taken down after the test."""
    built: list[Desk] = []

    def build(*arguments: Any, **options: Any) -> Desk:
        desk = build_desk(*arguments, **options)
        desk.workspace.theme.apply(qapp)
        built.append(desk)
        qtbot.waitUntil(
            lambda: (
                desk.workspace.orders.is_reconciled
                and desk.workspace.portfolio.balance is not None
                and len(desk.workspace.instruments) > 0
            )
        )
        return desk

    yield build
    for desk in built:
        closing = qt_loop.create_task(desk.workspace.scope.close())
        qtbot.waitUntil(closing.done)
        desk.workspace.frame_clock.stop()


@pytest.fixture
def desk(desk_of: DeskBuilder) -> Desk:
    """Return a desk of the embedded exchange's kind, with 400 shares of 삼성전자."""
    return desk_of()
