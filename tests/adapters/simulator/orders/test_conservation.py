"""Cash and shares are conserved whatever is sent in whatever phase; nothing crosses, nothing is lost."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import Accepted, Account, Side, TradePrinted
from kis_terminal.adapters.simulator.rules.calendar import SEOUL

SYMBOLS = ("005930", "010130")
DAY = datetime(2026, 11, 20, tzinfo=SEOUL)
TURNS = (
    *("08:00:00", "08:30:00", "08:40:00", "08:50:00", "09:00:00", "09:00:30", "11:00:00", "15:20:00"),
    *("15:30:00", "15:40:00", "16:00:00", "20:00:00"),
)
"""When a stage begins; an example lives through the seconds around one of them."""
SECONDS_BEFORE, SECONDS = 2, 5
KINDS = (
    *("00", "00", "00", "01", "01", "02", "03", "04", "05", "06", "11", "12", "13", "14", "15", "16"),
    *("21", "22", "23", "24", "27", "28", "29", "41", "42", "43", "44", "45", "46", "47"),
)
ACTIONS = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=SECONDS),
        st.sampled_from(["submit", "submit", "submit", "amend", "cancel", "interrupt", "halt"]),
        st.integers(min_value=0, max_value=1),  # which account
        st.sampled_from(SYMBOLS),
        st.sampled_from(["buy", "sell"]),
        st.sampled_from(KINDS),
        st.sampled_from(["KRX", "KRX", "NXT", "SOR"]),
        st.integers(min_value=1, max_value=300),
        st.integers(min_value=-4, max_value=4),  # ticks from the last price
    ),
    min_size=20,
    max_size=60,
)


def start_of(turn: str) -> datetime:
    hour, minute, second = (int(part) for part in turn.split(":"))
    return DAY + timedelta(hours=hour, minutes=minute, seconds=second - SECONDS_BEFORE)


def check(exchange: Exchange, account: Account, opening: dict[str, int], cash: int) -> None:
    """Compare the account with its own ledger, shares and won alike."""
    shares, money = dict(opening), cash
    for entry in exchange.ledger.of(account):
        if entry.kind != "filled":
            continue
        amount = entry.quantity * entry.price
        sign = 1 if entry.side == "buy" else -1
        shares[entry.symbol] = shares.get(entry.symbol, 0) + sign * entry.quantity
        money -= sign * amount + entry.fee + entry.tax
    balance = exchange.balance(account)
    assert balance.day_after_next == money
    assert balance.reserved >= 0
    assert balance.orderable >= 0
    blocked = dict.fromkeys(SYMBOLS, 0)
    for order in exchange.orders(account, DAY.date(), DAY.date()):
        assert order.filled + order.rest + order.cancelled + order.refused == order.quantity
        assert min(order.filled, order.rest, order.cancelled, order.refused) >= 0
        if order.side == "sell" and order.state in ("resting", "waiting"):
            blocked[order.symbol] += order.rest
        if order.filled and order.price and order.kind != "02":
            # A conditional order may fill at any price, once it is a market order.
            average = order.filled_amount / order.filled
            assert average <= order.price if order.side == "buy" else average >= order.price
    for holding in exchange.holdings(account):
        assert holding.quantity == shares.get(holding.symbol, 0) >= 0
        assert holding.sellable == holding.quantity - blocked.get(holding.symbol, 0) >= 0


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(TURNS), ACTIONS, st.integers(min_value=0, max_value=2**32))
def test_cash_and_shares_are_conserved_over_any_orders_in_any_phase(
    turn: str, actions: list[tuple[int, str, int, str, Side, str, str, int, int]], seed: int
) -> None:
    start = start_of(turn)
    exchange = Exchange(seed=seed, now=start, market_open_always=False)
    accounts = [exchange.account("50000101"), exchange.account("12345678")]
    opening = [{one.symbol: one.quantity for one in exchange.holdings(account)} for account in accounts]
    cash = [exchange.balance(account).day_after_next for account in accounts]
    numbers: list[list[str]] = [[], []]

    for index, action, who, symbol, side, kind, venue, quantity, distance in sorted(
        actions, key=lambda row: row[0]
    ):
        now, account = start + timedelta(seconds=index), accounts[who]
        exchange.advance(now)
        quote = exchange.quote(symbol)
        price = quote.last - quote.last % quote.tick_size + distance * quote.tick_size
        if action == "submit" or not numbers[who]:
            answer = exchange.submit(
                account, side, symbol, kind, quantity, price, now, venue=venue, condition_price=price
            )
            if isinstance(answer, Accepted):
                numbers[who].append(answer.order_no)
        elif action == "amend":
            answer = exchange.amend(
                account, numbers[who][-1], kind, quantity, price, quantity % 2 == 0, now, venue=venue
            )
            if isinstance(answer, Accepted):
                numbers[who].append(answer.order_no)
        elif action == "cancel":
            exchange.cancel(account, numbers[who].pop(), quantity, True, now, venue=venue)
        elif action == "interrupt":
            exchange.trip_vi(symbol, now)
        elif exchange.quote(symbol).is_halted:
            exchange.resume(symbol, now)
        else:
            exchange.halt(symbol, now)
        for one in range(2):
            check(exchange, accounts[one], opening[one], cash[one])
        book = exchange.book(symbol)
        if book.asks and book.bids:
            assert book.bids[0].price < book.asks[0].price

    end = start + timedelta(seconds=SECONDS + 1)
    for one, account in enumerate(accounts):
        for order in exchange.orders(account, DAY.date(), DAY.date()):
            if order.rest:
                exchange.cancel(account, order.order_no, 0, True, end, venue=order.venue)
        check(exchange, account, opening[one], cash[one])
        assert exchange.balance(account).reserved == 0
    totals: dict[str, int] = {}
    for event in exchange.drain_events():
        if isinstance(event, TradePrinted):
            before = totals.get(event.symbol, event.total_volume - event.quantity)
            assert event.total_volume == before + event.quantity
            totals[event.symbol] = event.total_volume
