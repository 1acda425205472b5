"""The trading day: what each ORD_DVSN does at each venue and hour."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import (
    Accepted,
    MarketStatusChanged,
    OrderRecord,
    Refused,
    TradePrinted,
)
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from kis_terminal.adapters.simulator.rules.interruptions import InterruptionRules

SYMBOL, FUND = "005930", "069500"
MIDNIGHT = datetime(2026, 11, 20, tzinfo=SEOUL)


class Day:
    """An exchange on a Friday, driven by the hands of a clock."""

    def __init__(self, start: str) -> None:
        self.now = self.moment(start)
        rules = InterruptionRules(end_seconds=0.0)  # auctions end on the hour: see test_random_ends
        self.exchange = Exchange(seed=5, now=self.now, market_open_always=False, interruptions=rules)
        self.account = self.exchange.account("50000101")

    @staticmethod
    def moment(text: str) -> datetime:
        hour, minute, second = (int(part) for part in f"{text}:00".split(":")[:3])
        return MIDNIGHT + timedelta(hours=hour, minutes=minute, seconds=second)

    def at(self, text: str) -> None:
        self.now = self.moment(text)
        self.exchange.advance(self.now)

    def send(
        self,
        kind: str,
        quantity: int = 1,
        price: int = 0,
        *,
        side: str = "buy",
        venue: str = "KRX",
        symbol: str = SYMBOL,
        stop: int = 0,
    ) -> Accepted | Refused:
        assert side in ("buy", "sell")
        return self.exchange.submit(
            self.account,
            "buy" if side == "buy" else "sell",
            symbol,
            kind,
            quantity,
            price,
            self.now,
            venue=venue,
            condition_price=stop,
        )

    def order(self, answer: Accepted | Refused) -> OrderRecord:
        assert isinstance(answer, Accepted), answer
        day = self.now.date()
        return next(
            one for one in self.exchange.orders(self.account, day, day) if one.order_no == answer.order_no
        )

    def base(self) -> int:
        return self.exchange.quote(SYMBOL).base

    def upper(self) -> int:
        return self.exchange.quote(SYMBOL).upper_limit

    def lower(self) -> int:
        return self.exchange.quote(SYMBOL).lower_limit


# Which kinds each hour takes; prices are given where a kind has one.
EVERY_KIND = (
    *("00", "01", "02", "03", "04", "05", "06", "07", "11", "12", "13", "14", "15", "16"),
    *("21", "22", "23", "24", "27", "28", "29", "41", "42", "43", "44", "45", "46", "47"),
)
REGULAR = set(EVERY_KIND) - set(EVERY_KIND[5:8]) - set(EVERY_KIND[18:])
NXT = REGULAR - {"01", "02"}
SOR = REGULAR - {"02", "21", "22", "23", "24"}
AFTER = set(EVERY_KIND[-7:])
GOOD_TILL_PRE = {"27", "28", "29"}


@pytest.mark.parametrize(
    ("time", "krx", "nxt", "sor"),
    [
        ("07:30", set(), set(), set()),
        ("08:10", set(), NXT | GOOD_TILL_PRE, SOR - {"01"}),
        ("08:35", {"00", "01", "05"}, NXT | GOOD_TILL_PRE, SOR),
        ("08:45", {"00", "01"}, NXT | GOOD_TILL_PRE, SOR),
        ("08:55", {"00", "01"}, set(), {"00", "01"}),
        ("09:00:15", REGULAR, set(), SOR),
        ("11:00", REGULAR, NXT, SOR),
        ("15:25", {"00", "01"}, set(), {"00", "01"}),
        ("15:35", {"06"}, set(), set()),
        ("15:45", {"06"}, NXT, SOR - {"01"}),
        ("17:00", AFTER, NXT, SOR - {"01"}),
        ("20:30", set(), set(), set()),
    ],
)
def test_each_hour_takes_its_kinds_and_refuses_the_others_in_korean(
    time: str, krx: set[str], nxt: set[str], sor: set[str]
) -> None:
    day = Day(time)

    for venue, wanted in (("KRX", krx), ("NXT", nxt), ("SOR", sor)):
        price = day.base()
        answers = {kind: day.send(kind, 1, price, venue=venue, stop=price) for kind in EVERY_KIND}
        taken = {kind for kind, answer in answers.items() if isinstance(answer, Accepted)}
        assert taken == wanted, venue
        for answer in answers.values():
            if isinstance(answer, Refused):
                assert answer.code.startswith("APBK")
                assert any("가" <= letter <= "힣" for letter in answer.message)


def test_funds_trade_neither_on_nxt_nor_in_the_after_market() -> None:
    day = Day("17:00")
    price = day.exchange.quote(FUND).lower_limit

    assert isinstance(day.send("41", 1, price, symbol=FUND), Refused)
    assert isinstance(day.send("00", 1, price, symbol=FUND, venue="NXT"), Refused)
    assert isinstance(day.send("00", 1, price, symbol=FUND, venue="SOR"), Refused)


def test_the_opening_auction_collects_shows_its_price_late_and_fills_at_one_price() -> None:
    day = Day("08:31")
    first = day.send("01", 30)
    second = day.send("00", 20, day.upper())
    day.exchange.drain_events()
    assert day.exchange.book(SYMBOL).expected_price == 0

    day.at("08:55")
    book = day.exchange.book(SYMBOL)
    assert book.session == "opening"
    assert book.expected_price > 0 < book.expected_quantity
    assert (len(book.asks), len(book.bids)) == (3, 3)
    assert book.bids[0].price < book.asks[0].price
    events = day.exchange.drain_events()
    assert not [
        one
        for one in events
        if isinstance(one, TradePrinted)
        and one.symbol == SYMBOL
        and one.venue == "KRX"
        and one.session != "pre_close"
    ]

    day.at("09:00")
    opening = next(
        one
        for one in day.exchange.drain_events()
        if isinstance(one, TradePrinted) and one.symbol == SYMBOL and one.session == "opening"
    )
    assert day.exchange.quote(SYMBOL).open == opening.price
    for answer in (first, second):
        order = day.order(answer)
        assert order.filled == order.quantity
        assert order.average_price == opening.price


def test_market_orders_left_over_by_an_auction_work_on_in_the_session() -> None:
    day = Day("08:59")
    rich = day.exchange.account("12345678")
    symbol = "010130"
    answer = day.exchange.submit(rich, "buy", symbol, "01", 60, 0, day.now)
    assert isinstance(answer, Accepted)

    day.at("09:00:01")

    order = day.exchange.orders(rich, day.now.date(), day.now.date())[0]
    assert order.filled + order.rest == 60
    book = day.exchange.book(symbol)
    assert book.bids[0].price < book.asks[0].price


def test_a_pre_open_order_trades_at_the_last_close_and_ends_at_eight_forty() -> None:
    day = Day("08:31")
    near, far = day.send("05", 5), day.send("05", 900)
    assert isinstance(near, Accepted)

    day.at("08:41")

    for answer in (near, far):
        order = day.order(answer)
        assert order.rest == 0
        if order.filled:
            assert order.average_price == day.base()


def test_a_conditional_order_becomes_a_market_order_in_the_closing_auction() -> None:
    day = Day("15:19")
    conditional = day.send("02", 10, day.lower())
    plain = day.send("00", 10, day.lower())

    day.at("15:20:01")
    assert day.order(conditional).filled == 0
    day.at("15:30")

    close = day.exchange.quote(SYMBOL).last
    assert (day.order(conditional).filled, day.order(conditional).average_price) == (10, close)
    assert (day.order(plain).filled, day.order(plain).state) == (0, "expired")
    assert day.exchange.balance(day.account).reserved == 0


def test_after_the_close_orders_queue_and_trade_at_todays_close() -> None:
    day = Day("15:29")
    day.at("15:31")
    close = day.exchange.quote(SYMBOL).last
    answer = day.send("06", 20, side="sell")
    assert day.order(answer).filled == 0

    day.at("15:41")
    day.at("15:59")

    order = day.order(answer)
    assert order.filled == 0 or order.average_price == close
    day.at("16:00")
    assert day.order(answer).rest == 0
    assert day.exchange.quote(SYMBOL).last == close


def test_the_after_market_trades_continuously_and_leaves_the_days_bar_alone() -> None:
    day = Day("15:58")
    close = day.exchange.quote(SYMBOL).last
    day.at("16:00")
    bar = day.exchange.daily_bars(SYMBOL, day.now.date(), day.now.date(), False)[-1]
    day.exchange.drain_events()
    bought = day.send("44", 10)
    resting = day.send("41", 10, day.exchange.book(SYMBOL).bids[4].price)
    immediate = day.send("42", 10, day.lower() + 100 if day.lower() % 100 == 0 else day.lower())
    assert isinstance(immediate, Accepted)

    day.at("16:20")

    assert day.order(bought).filled == 10
    prints = [one for one in day.exchange.drain_events() if isinstance(one, TradePrinted)]
    assert {(one.session, one.venue) for one in prints} == {("after_market", "KRX")}
    assert not [one for one in prints if one.symbol == FUND]
    today = day.exchange.daily_bars(SYMBOL, day.now.date(), day.now.date(), False)[-1]
    assert today == bar
    assert today.close == close
    assert day.order(immediate).rest == 0
    day.at("20:00")
    assert day.order(resting).rest == 0


def test_orders_of_nxts_pre_market_end_or_wait_for_its_main_market() -> None:
    day = Day("08:10")
    good_till_pre = day.send("27", 5, day.lower(), venue="NXT")
    lasting = day.send("00", 5, day.lower(), venue="NXT")
    routed = day.send("00", 5, day.upper() - 5_000, venue="SOR")
    assert day.order(routed).filled == 5

    day.at("08:50")
    assert day.order(good_till_pre).state == "expired"
    assert day.order(lasting).state == "waiting"

    day.at("09:00:31")
    assert day.order(lasting).state == "resting"
    day.at("15:21")
    assert day.order(lasting).state == "waiting"
    day.at("15:41")
    assert day.order(lasting).state == "resting"
    day.at("20:00")
    assert (day.order(lasting).state, day.exchange.balance(day.account).reserved) == ("expired", 0)


def test_a_rest_that_sor_took_goes_on_in_nxts_after_market_and_krx_orders_end() -> None:
    day = Day("15:00")
    price = day.exchange.book(SYMBOL).bids[9].price
    routed = day.send("00", 5, price, venue="SOR")
    fixed = day.send("00", 5, price)

    day.at("15:30")
    assert (day.order(routed).state, day.order(fixed).state) == ("waiting", "expired")
    day.at("15:41")

    assert day.order(routed).rest == 0 or day.order(routed).state == "resting"
    assert isinstance(
        day.exchange.cancel(day.account, day.order(routed).order_no, 0, True, day.now, venue="SOR"), Accepted
    )
    assert day.exchange.balance(day.account).reserved == 0


def test_a_stop_limit_waits_for_its_price() -> None:
    day = Day("10:00")
    book = day.exchange.book(SYMBOL)
    now, later = book.bids[0].price, day.upper()
    at_once = day.send("22", 3, book.asks[0].price, stop=now)
    waiting = day.send("22", 3, later, stop=later)

    assert day.order(at_once).stop_triggered
    assert day.order(at_once).filled == 3
    assert (day.order(waiting).state, day.order(waiting).stop_triggered) == ("waiting", False)
    day.at("15:30")
    assert day.order(waiting).state == "expired"


def test_the_market_tells_its_phases() -> None:
    day = Day("07:59")
    day.at("20:01")

    told = [
        (one.time.strftime("%H%M"), one.code)
        for one in day.exchange.drain_events()
        if isinstance(one, MarketStatusChanged) and one.symbol is None
    ]

    assert told == [
        ("0830", "110"),
        ("0830", "130"),
        ("0840", "139"),
        ("0850", ""),
        ("0900", "112"),
        ("1520", "121"),
        ("1530", "129"),
        ("1530", "140"),
        ("1540", "146"),
        ("1600", "149"),
    ]


def test_the_rest_of_a_day_is_lived_through_before_the_next() -> None:
    day = Day("15:00")
    order = day.send("00", 1, day.lower())
    assert isinstance(order, Accepted)

    monday = MIDNIGHT + timedelta(days=3, hours=8, minutes=31)
    day.exchange.advance(monday)

    friday = day.exchange.daily_bars(SYMBOL, MIDNIGHT.date(), MIDNIGHT.date(), False)[-1]
    assert day.exchange.quote(SYMBOL).prev_close == friday.close
    assert day.exchange.quote(SYMBOL).volume == 0 or day.exchange.quote(SYMBOL).open == 0
    closings = [
        one.price
        for one in day.exchange.drain_events()
        if isinstance(one, TradePrinted) and one.symbol == SYMBOL and one.session == "closing"
    ]
    assert closings == [friday.close]
    past = day.exchange.orders(day.account, MIDNIGHT.date(), MIDNIGHT.date())
    assert [one.state for one in past] == ["expired"]
