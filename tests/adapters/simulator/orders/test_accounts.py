from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.orders.accounts import DEFAULT_ACCOUNT
from kis_terminal.adapters.simulator.rules.calendar import SEOUL

NOW = datetime(2026, 11, 19, 11, tzinfo=SEOUL)
"""A Thursday in session."""


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(seed=9, now=NOW)


def test_any_account_is_opened_with_a_hundred_million_won(exchange: Exchange) -> None:
    account = exchange.account("12345678")

    assert exchange.balance(account).orderable == 100_000_000
    assert exchange.holdings(account) == []


def test_the_default_account_holds_a_few_names_in_each_realm(exchange: Exchange) -> None:
    for realm in ("real", "paper"):
        account = exchange.account(DEFAULT_ACCOUNT, realm=realm)
        holdings = exchange.holdings(account)
        assert 3 <= len(holdings) <= 5
        assert exchange.balance(account).day_after_next == 100_000_000
        assert sum(h.profit for h in holdings) == exchange.balance(account).profit


def test_cash_moves_on_the_second_trading_day(exchange: Exchange) -> None:
    account = exchange.account("12345678")
    exchange.submit(account, "buy", "005930", "01", 100, 0, NOW)
    spent = 100_000_000 - exchange.balance(account).day_after_next
    days = []

    for day in range(1, 6):
        exchange.advance(NOW + timedelta(days=day))
        balance = exchange.balance(account)
        days.append((balance.deposit == 100_000_000 - spent, balance.next_day == 100_000_000 - spent))

    # An always-open exchange trades on the weekend too, but cash settles by the calendar: Monday the 23rd.
    assert days == [(False, True), (False, True), (False, True), (True, True), (True, True)]


def test_average_profit_and_costs_of_a_round_trip(exchange: Exchange) -> None:
    account = exchange.account("12345678")
    exchange.submit(account, "buy", "005930", "01", 10, 0, NOW)
    bought = exchange.holdings(account)[0]
    assert bought.average_price == bought.cost / 10

    exchange.submit(account, "sell", "005930", "01", 10, 0, NOW)

    sold = exchange.holdings(account)[0]
    balance = exchange.balance(account)
    assert (sold.quantity, sold.today_bought, sold.today_sold) == (0, 10, 10)
    fee_and_tax = balance.today_sold * 2_000 // 1_000_000
    fee_and_tax += balance.today_sold * 150 // 1_000_000 + balance.today_bought * 150 // 1_000_000
    assert balance.today_fees_and_tax == fee_and_tax
    assert balance.day_after_next == 100_000_000 + balance.today_sold - balance.today_bought - fee_and_tax


def test_sold_positions_stay_in_view_until_the_day_after_next(exchange: Exchange) -> None:
    account = exchange.account("12345678")
    exchange.submit(account, "buy", "005930", "01", 10, 0, NOW)
    exchange.submit(account, "sell", "005930", "01", 10, 0, NOW)
    seen = [len(exchange.holdings(account))]

    for day in (1, 2):
        exchange.advance(NOW + timedelta(days=day))
        seen.append(len(exchange.holdings(account)))

    assert seen == [1, 1, 0]


def test_open_sell_orders_block_their_shares(exchange: Exchange) -> None:
    account = exchange.account(DEFAULT_ACCOUNT)
    upper = exchange.quote("005930").upper_limit

    exchange.submit(account, "sell", "005930", "00", 150, upper, NOW)

    sellable = exchange.sellable(account, "005930")
    assert (sellable.quantity, sellable.sellable) == (400, 250)
    assert exchange.balance(account).reserved == 0


def test_buying_power_leaves_room_for_the_fee(exchange: Exchange) -> None:
    power = exchange.buying_power(exchange.account("12345678"), "005930", "00", 80_000)

    assert power.unit_price == 80_000
    assert power.cash_quantity == power.cash_amount // 80_000 == 1_249
    assert power.cash_amount + power.cash_amount * 150 // 1_000_000 <= 100_000_000
