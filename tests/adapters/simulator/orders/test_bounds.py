"""What an exchange keeps of a long life is bounded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from kis_terminal.adapters.simulator.books.tape import KEPT_PRINTS
from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.orders import ledger
from kis_terminal.adapters.simulator.orders.account_orders import AccountOrder, OrderShelf
from kis_terminal.adapters.simulator.orders.ledger import Ledger
from kis_terminal.adapters.simulator.rules.calendar import SEOUL

NOW = datetime(2026, 11, 20, 10, tzinfo=SEOUL)
SYMBOL = "005930"


def test_the_ledger_keeps_the_newest_entries() -> None:
    exchange = Exchange(seed=1, now=NOW)
    account = exchange.account("50000101")
    exchange.submit(account, "buy", SYMBOL, "00", 1, exchange.quote(SYMBOL).lower_limit, NOW)
    [entry] = exchange.ledger.entries
    kept = Ledger()

    for number in range(ledger.LARGEST + 10):
        kept.append(replace(entry, sequence=number) if number % 50_000 == 0 else entry)
    kept.append(replace(entry, sequence=-1))

    assert len(kept.entries) == ledger.LARGEST
    assert kept.entries[-1].sequence == -1


def test_orders_that_ended_long_ago_are_forgotten_and_open_ones_never() -> None:
    exchange = Exchange(seed=1, now=NOW)
    account, listing = exchange.account("50000101"), exchange.listing(SYMBOL)
    assert listing is not None
    shelf = OrderShelf(largest=40)

    for number in range(100):
        order = AccountOrder(
            account, listing, str(number), "", "91252", "buy", "new", "00", 1, 80_000, "KRX", 0, NOW
        )
        shelf.add(order)
        if number:
            order.cancelled, order.state = 1, "cancelled"
            shelf.close(order)

    kept = shelf.of(account, NOW.date(), NOW.date())
    assert len(kept) <= 40
    assert [kept[0].order_no, kept[-1].order_no] == ["0", "99"]
    assert shelf.find("0") is kept[0]
    assert shelf.find("1") is None
    assert shelf.open_orders(SYMBOL) == [kept[0]]


def test_the_tape_keeps_the_newest_prints() -> None:
    exchange = Exchange(seed=1, now=NOW)
    account = exchange.account("50000101")

    for number in range(KEPT_PRINTS + 50):
        exchange.submit(account, "buy" if number % 2 == 0 else "sell", SYMBOL, "01", 1, 0, NOW)

    assert len(exchange.recent_trades(SYMBOL, 10_000)) == KEPT_PRINTS
