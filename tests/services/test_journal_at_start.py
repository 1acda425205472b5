"""A journal that cannot be read at the start: nothing leaves until it is, and nothing is forgotten."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from kis_terminal.account_files import journal_path
from kis_terminal.domain.orders import OrderStatus
from kis_terminal.settings import HomePaths
from kis_terminal.trading_core import TradingCore
from tests.support.exchange import running_exchange
from tests.support.leftovers import ExpectLog
from tests.support.shell_account import open_core, submit
from tests.support.trading_desk import until


async def test_a_journal_that_is_locked_for_a_moment_is_not_taken_for_one_without_orders(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    """Cause: a start that met another program's lock went on without today's orders, and could send."""
    expect_log("today's orders are not restored from the journal yet")
    async with running_exchange() as exchange:
        access, told = exchange.access(), []
        async with open_core(access, tmp_path) as first:
            key = await submit(first, 3)
            assert first.orders.get(key) is not None
        exchange.server.venue.tokens.forgive(None)
        home = HomePaths.under(tmp_path, access.environment)
        with closing(sqlite3.connect(journal_path(access, home), isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            core = TradingCore(
                access,
                home,
                on_secret=lambda secret: None,
                on_failure=None,
                tell=lambda grade, words: told.append(words),
            )
            await core.open()
            try:
                await until(lambda: len(core.orders.all()) > 0, 20)  # the broker's list, without the journal
                assert not core.orders.is_reconciled
                await until(lambda: core.market_data.ticks_received > 0 or bool(told), 60)
                other.execute("ROLLBACK")
                core.reconciler.want()
                await until(lambda: core.orders.is_reconciled, 60)

                (order,) = core.orders.all()
                assert (order.key, order.status) == (key, OrderStatus.ACCEPTED)
                assert any("locked" in words for words in told)
                await core.reconciler.list_once()
                assert [one.key for one in core.orders.all()] == [key]
            finally:
                await core.close()
            await asyncio.sleep(0)
