from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import (
    Accepted,
    Account,
    OrderFilled,
    OrderReceipt,
    OrderRecord,
    Refused,
    TradePrinted,
)
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from kis_terminal.adapters.simulator.rules.tick_rules import tick_down, tick_up

NOW = datetime(2026, 11, 22, 20, tzinfo=SEOUL)
TODAY = NOW.date()
SYMBOL = "005930"


@pytest.fixture
def exchange() -> Exchange:
    market = Exchange(seed=9, now=NOW)
    market.drain_events()
    return market


@pytest.fixture
def account(exchange: Exchange) -> Account:
    return exchange.account("50000101")


def number_of(answer: Accepted | Refused) -> str:
    assert isinstance(answer, Accepted), answer
    assert len(answer.order_no) == 10
    assert answer.order_no.isdigit()
    return answer.order_no


def record(exchange: Exchange, account: Account, number: str) -> OrderRecord:
    return next(order for order in exchange.orders(account, TODAY, TODAY) if order.order_no == number)


def check_sums(order: OrderRecord) -> None:
    assert order.filled + order.rest + order.cancelled + order.refused == order.quantity
    assert min(order.filled, order.rest, order.cancelled, order.refused) >= 0


def test_market_buy_fills_at_once_against_the_book(exchange: Exchange, account: Account) -> None:
    ask = exchange.book(SYMBOL).asks[0].price
    before = exchange.balance(account)

    number = number_of(exchange.submit(account, "buy", SYMBOL, "01", 10, 0, NOW))

    order = record(exchange, account, number)
    assert (order.state, order.filled, order.filled_amount) == ("filled", 10, 10 * ask)
    after = exchange.balance(account)
    assert after.day_after_next == before.day_after_next - 10 * ask - 10 * ask * 150 // 1_000_000
    assert (after.deposit, after.reserved) == (before.deposit, 0)
    kinds = [type(event) for event in exchange.drain_events()]
    assert kinds[:3] == [OrderReceipt, TradePrinted, OrderFilled]


def test_far_limit_rests_reserves_and_cancel_frees_it(exchange: Exchange, account: Account) -> None:
    price = exchange.quote(SYMBOL).lower_limit
    number = number_of(exchange.submit(account, "buy", SYMBOL, "00", 100, price, NOW))
    assert record(exchange, account, number).state == "resting"
    assert exchange.balance(account).reserved == price * 100 + price * 100 * 150 // 1_000_000

    answer = exchange.cancel(account, number, 0, True, NOW)

    order, cancellation = record(exchange, account, number), record(exchange, account, number_of(answer))
    assert (order.state, order.cancelled, order.rest) == ("cancelled", 100, 0)
    assert (cancellation.original_no, cancellation.action, cancellation.quantity) == (number, "cancel", 100)
    assert exchange.balance(account).reserved == 0
    assert exchange.cancel(account, number, 0, True, NOW) == Refused(
        "APBK0345", "정정취소 가능수량이 없습니다. 이미 체결되었거나 취소된 주문입니다."
    )


def test_limit_at_the_touch_fills_partly_then_fully_as_others_trade(
    exchange: Exchange, account: Account
) -> None:
    level = exchange.book(SYMBOL).bids[0]
    number = number_of(exchange.submit(account, "buy", SYMBOL, "00", 400, level.price, NOW))
    seen = set()

    for second in range(1, 1_200):
        exchange.advance(NOW + timedelta(seconds=second))
        order = record(exchange, account, number)
        seen.add(order.filled)
        check_sums(order)
        if order.rest == 0:
            break

    assert record(exchange, account, number).state == "filled"
    assert len(seen) > 2
    assert record(exchange, account, number).average_price == level.price


def test_an_order_waits_behind_those_that_were_there(exchange: Exchange, account: Account) -> None:
    quiet = "010130"
    exchange.submit(account, "buy", quiet, "01", 10, 0, NOW)
    level = exchange.book(quiet).asks[0]
    first = number_of(exchange.submit(account, "sell", quiet, "00", 5, level.price, NOW))
    second = number_of(exchange.submit(account, "sell", quiet, "00", 5, level.price, NOW))
    other = exchange.account("87654321")

    number_of(exchange.submit(other, "buy", quiet, "11", level.size + 7, level.price, NOW))

    assert record(exchange, account, first).filled == 5
    assert record(exchange, account, second).filled == 2


def test_amend_moves_the_rest_to_a_new_number(exchange: Exchange, account: Account) -> None:
    low = exchange.quote(SYMBOL).lower_limit
    number = number_of(exchange.submit(account, "buy", SYMBOL, "00", 30, low, NOW))

    amended = number_of(exchange.amend(account, number, "00", 0, tick_up(low), True, NOW))

    old, new = record(exchange, account, number), record(exchange, account, amended)
    assert (old.state, old.cancelled) == ("amended", 30)
    assert (new.original_no, new.action, new.quantity, new.price) == (number, "amend", 30, tick_up(low))
    assert exchange.balance(account).reserved == 30 * tick_up(low) + 30 * tick_up(low) * 150 // 1_000_000


def test_amend_of_a_part_leaves_the_other_part_standing(exchange: Exchange, account: Account) -> None:
    low = exchange.quote(SYMBOL).lower_limit
    number = number_of(exchange.submit(account, "buy", SYMBOL, "00", 30, low, NOW))

    amended = number_of(exchange.amend(account, number, "00", 10, tick_up(low), False, NOW))

    assert (record(exchange, account, number).rest, record(exchange, account, amended).rest) == (20, 10)


def test_amend_into_the_market_fills(exchange: Exchange, account: Account) -> None:
    low = exchange.quote(SYMBOL).lower_limit
    number = number_of(exchange.submit(account, "buy", SYMBOL, "00", 3, low, NOW))

    amended = number_of(exchange.amend(account, number, "01", 0, 0, True, NOW))

    assert record(exchange, account, amended).state == "filled"


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"symbol": "999999"}, "APBK0656", "해당종목정보"),
        ({"quantity": 0}, "APBK0506", "주문수량"),
        ({"price": 82_950}, "APBK0511", "호가단위"),
        ({"price": 200_000}, "APBK0509", "상한가"),
        ({"price": 10_000}, "APBK0510", "하한가"),
        ({"price": 0}, "APBK0508", "입력"),
        ({"quantity": 5_000}, "APBK0952", "주문가능금액"),
        ({"side": "sell", "quantity": 401}, "APBK0400", "초과"),
        ({"kind": "05"}, "APBK0918", "08:30"),
        ({"kind": "06"}, "APBK0918", "15:30"),
        ({"kind": "07"}, "APBK0918", "폐지"),
        ({"kind": "41"}, "APBK0918", "애프터마켓"),
        ({"kind": "27"}, "APBK0918", "프리마켓"),
        ({"kind": "99"}, "APBK0507", "99"),
        ({"venue": "NXT", "kind": "01"}, "APBK0507", "NXT"),
        ({"venue": "NXT", "symbol": "069500", "price": 45_000}, "APBK0919", "NXT"),
        ({"venue": "SOR", "kind": "02"}, "APBK0507", "조건부지정가"),
    ],
)
def test_refusals_say_why_in_korean(
    exchange: Exchange, account: Account, change: dict[str, object], code: str, words: str
) -> None:
    order: dict[str, object] = {"side": "buy", "symbol": SYMBOL, "kind": "00", "quantity": 1, "price": 82_900}
    order |= {"venue": "KRX"} | change

    answer = exchange.submit(account, now=NOW, **order)  # type: ignore[arg-type]

    assert isinstance(answer, Refused)
    assert answer.code == code
    assert words in answer.message
    assert exchange.orders(account, TODAY, TODAY) == []


def test_market_buy_reserves_at_the_upper_limit(exchange: Exchange, account: Account) -> None:
    power = exchange.buying_power(account, SYMBOL, "01", 0)

    assert power.unit_price == exchange.quote(SYMBOL).upper_limit
    refused = exchange.submit(account, "buy", SYMBOL, "01", power.cash_quantity + 1, 0, NOW)
    assert isinstance(refused, Refused)
    assert refused.code == "APBK0952"
    number_of(exchange.submit(account, "buy", SYMBOL, "01", power.cash_quantity, 0, NOW))


def test_ioc_takes_what_is_there_and_drops_the_rest(exchange: Exchange, account: Account) -> None:
    quiet = "010130"
    level = exchange.book(quiet).asks[0]

    number = number_of(exchange.submit(account, "buy", quiet, "11", level.size + 3, level.price, NOW))

    order = record(exchange, account, number)
    assert (order.filled, order.cancelled, order.state) == (level.size, 3, "cancelled")
    receipts = [event.outcome for event in exchange.drain_events() if isinstance(event, OrderReceipt)]
    assert receipts == ["accepted", "rest_cancelled"]


def test_fok_fills_whole_or_not_at_all(exchange: Exchange, account: Account) -> None:
    quiet = "010130"
    level = exchange.book(quiet).asks[0]

    number = number_of(exchange.submit(account, "buy", quiet, "12", level.size + 3, level.price, NOW))

    order = record(exchange, account, number)
    assert (order.filled, order.cancelled) == (0, level.size + 3)
    whole = number_of(exchange.submit(account, "buy", quiet, "12", 1, level.price, NOW))
    assert record(exchange, account, whole).state == "filled"


def test_best_limit_meets_the_other_side_and_priority_limit_joins_its_own(
    exchange: Exchange, account: Account
) -> None:
    bid = exchange.book(SYMBOL).bids[0].price

    best = number_of(exchange.submit(account, "buy", SYMBOL, "03", 1, 0, NOW))
    joined = number_of(exchange.submit(account, "buy", SYMBOL, "04", 1, 0, NOW))

    assert record(exchange, account, best).state == "filled"
    assert record(exchange, account, joined).state == "resting"
    assert exchange.book(SYMBOL).bids[0].price == bid


def test_stop_limit_waits_for_its_trigger(exchange: Exchange, account: Account) -> None:
    last = exchange.quote(SYMBOL).last
    stop = tick_down(tick_down(last))
    number = number_of(
        exchange.submit(
            account, "sell", SYMBOL, "22", 10, exchange.quote(SYMBOL).lower_limit, NOW, condition_price=stop
        )
    )
    assert record(exchange, account, number).state == "waiting"

    for second in range(1, 7_200):
        exchange.advance(NOW + timedelta(seconds=second))
        if exchange.quote(SYMBOL).low <= stop and record(exchange, account, number).stop_triggered:
            break

    order = record(exchange, account, number)
    assert order.stop_triggered
    assert (order.filled, order.rest) == (10, 0)


def test_middle_price_order_is_met_between_the_best_prices(exchange: Exchange, account: Account) -> None:
    number = number_of(exchange.submit(account, "buy", SYMBOL, "21", 10, 0, NOW))

    for second in range(1, 600):
        exchange.advance(NOW + timedelta(seconds=second))
        if record(exchange, account, number).rest == 0:
            break

    order = record(exchange, account, number)
    assert order.filled == 10
    assert order.average_price % 50 == 0


def test_cancel_at_another_venue_names_both(exchange: Exchange, account: Account) -> None:
    low = exchange.quote(SYMBOL).lower_limit
    number = number_of(exchange.submit(account, "buy", SYMBOL, "00", 1, low, NOW, venue="SOR"))

    answer = exchange.cancel(account, number, 0, True, NOW, venue="KRX")

    assert isinstance(answer, Refused)
    assert "원주문 거래소[SOR] 취소주문 거래소[KRX]" in answer.message


def test_orders_of_another_account_or_realm_cannot_be_touched(exchange: Exchange, account: Account) -> None:
    low = exchange.quote(SYMBOL).lower_limit
    number = number_of(exchange.submit(account, "buy", SYMBOL, "00", 1, low, NOW))

    answer = exchange.cancel(exchange.account("50000101", realm="paper"), number, 0, True, NOW)

    assert isinstance(answer, Refused)
    assert record(exchange, account, number).rest == 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "amend", "cancel", "wait"]),
        st.sampled_from(["buy", "sell"]),
        st.sampled_from(["005930", "035420", "010130", "252670"]),
        st.sampled_from(
            ["00", "00", "00", "01", "02", "03", "04", "11", "12", "13", "14", "15", "16", "21", "22"]
        ),
        st.integers(min_value=1, max_value=600),
        st.integers(min_value=-6, max_value=6),
    ),
    max_size=40,
)


@settings(max_examples=25, deadline=None)
@given(STEPS, st.integers(min_value=0, max_value=1_000))
def test_cash_and_shares_are_conserved_over_any_stream_of_orders(
    steps: list[tuple[str, str, str, str, int, int]], seed: int
) -> None:
    exchange, now = Exchange(seed=seed, now=NOW), NOW
    accounts = [
        exchange.account("50000101"),
        exchange.account("11112222"),
        exchange.account("50000101", realm="paper"),
    ]
    shares = {(a, h.symbol): h.quantity for a in accounts for h in exchange.holdings(a)}
    numbers: list[tuple[Account, str]] = []
    events = []
    for index, (what, side, symbol, kind, quantity, ticks) in enumerate(steps):
        now += timedelta(milliseconds=400)
        account = accounts[index % 3]
        price = exchange.quote(symbol).last
        for _ in range(abs(ticks)):
            listing_kind = "etf" if symbol == "252670" else "stock"
            price = tick_up(price, listing_kind) if ticks > 0 else tick_down(price, listing_kind)
        if what == "submit":
            answer = exchange.submit(
                account,
                side,
                symbol,
                kind,
                quantity,
                price,
                now,
                condition_price=price,  # type: ignore[arg-type]
            )
            if isinstance(answer, Accepted):
                numbers.append((account, answer.order_no))
        elif what == "wait":
            now += timedelta(seconds=quantity / 60)
            exchange.advance(now)
        elif numbers:
            owner, number = numbers[quantity % len(numbers)]
            if what == "cancel":
                exchange.cancel(owner, number, quantity, quantity % 2 == 0, now)
            else:
                moved = exchange.amend(owner, number, "00", quantity, price, quantity % 2 == 0, now)
                if isinstance(moved, Accepted):
                    numbers.append((owner, moved.order_no))
        events += exchange.drain_events()

    for account in accounts:
        fills = [entry for entry in exchange.ledger.of(account) if entry.kind == "filled"]
        cash = 100_000_000
        owned = {symbol: count for (owner, symbol), count in shares.items() if owner == account}
        for fill in fills:
            sign = 1 if fill.side == "buy" else -1
            cash -= sign * fill.quantity * fill.price + fill.fee + fill.tax
            owned[fill.symbol] = owned.get(fill.symbol, 0) + sign * fill.quantity
        balance = exchange.balance(account)
        assert balance.day_after_next == cash
        assert balance.orderable >= 0
        assert {h.symbol: h.quantity for h in exchange.holdings(account) if h.quantity} == {
            symbol: count for symbol, count in owned.items() if count
        }
        orders = exchange.orders(account, TODAY, TODAY)
        for order in orders:
            if order.action != "cancel":
                check_sums(order)
                mine = [fill for fill in fills if fill.order_no == order.order_no]
                assert sum(fill.quantity for fill in mine) == order.filled
                assert sum(fill.quantity * fill.price for fill in mine) == order.filled_amount
        open_sells = sum(order.rest for order in orders if order.side == "sell")
        assert sum(h.quantity - h.sellable for h in exchange.holdings(account)) == open_sells
        assert (balance.reserved == 0) == (not any(order.rest for order in orders if order.side == "buy"))
    told = [event for event in events if isinstance(event, OrderFilled)]
    assert sum(event.quantity for event in told) == sum(
        entry.quantity for entry in exchange.ledger.entries if entry.kind == "filled"
    )
