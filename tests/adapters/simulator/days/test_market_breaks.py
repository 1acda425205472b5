"""Circuit breaker and sidecar by themselves, random ends of auctions, and NXT's way back after a halt."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import (
    Accepted,
    MarketStatusChanged,
    Refused,
    TradePrinted,
)
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from kis_terminal.adapters.simulator.rules.interruptions import InterruptionRules

SYMBOL, KOSDAQ_SYMBOL = "005930", "247540"
MIDNIGHT = datetime(2026, 11, 20, tzinfo=SEOUL)
NEVER, ALWAYS = 2.0, -1.0


def at(text: str) -> datetime:
    hour, minute, second = (int(part) for part in f"{text}:00".split(":")[:3])
    return MIDNIGHT + timedelta(hours=hour, minutes=minute, seconds=second)


def calm(**changes: object) -> InterruptionRules:
    """Give rules under which nothing breaks but by the changes, and what is broken mends soon."""
    quiet: dict[str, object] = {
        "breaker_seconds": 120.0,
        "resume_seconds": 60.0,
        "breaker_rates": (NEVER, NEVER, NEVER),
        "sidecar_rates": {"KOSPI": NEVER, "KOSDAQ": NEVER},
    }
    return InterruptionRules(**(quiet | changes))  # type: ignore[arg-type]


def play(exchange: Exchange, start: str, end: str, step: int = 10) -> list[MarketStatusChanged]:
    """Let the time pass in steps; return what was told of whole markets."""
    told = []
    moment = at(start)
    while moment <= at(end):
        exchange.advance(moment)
        told += [
            one
            for one in exchange.drain_events()
            if isinstance(one, MarketStatusChanged) and one.symbol is None
        ]
        moment += timedelta(seconds=step)
    return told


def test_an_index_is_what_its_shares_are_worth_against_the_last_closes() -> None:
    exchange = Exchange(seed=3, now=at("11:00"), market_open_always=False, interruptions=calm())
    exchange.advance(at("11:05"))

    shares = [one for one in exchange.listings() if one.market == "KOSPI" and one.kind == "stock"]
    quotes = {one.symbol: exchange.quote(one.symbol) for one in shares}
    now = sum(quotes[one.symbol].last * one.listed_shares for one in shares)
    base = sum(quotes[one.symbol].base * one.listed_shares for one in shares)
    assert exchange._runner._breaks.level("KOSPI") == pytest.approx(now / base)


def test_a_fall_that_lasts_a_minute_breaks_the_circuit_of_its_market_only() -> None:
    rules = calm(breaker_rates=(ALWAYS, NEVER, NEVER))
    exchange = Exchange(seed=3, now=at("11:00"), market_open_always=False, interruptions=rules)
    account = exchange.account("50000101")

    early = play(exchange, "11:00", "11:00:50")
    told = play(exchange, "11:01", "11:01:30")

    assert early == []
    assert {(one.code, one.market) for one in told} == {("174", "KOSPI"), ("174", "KOSDAQ")}
    assert isinstance(exchange.submit(account, "buy", SYMBOL, "01", 1, 0, at("11:02")), Refused)
    told = play(exchange, "11:02:30", "11:04:30", 30)
    assert sorted((one.code, one.market) for one in told) == [("175", "KOSDAQ"), ("175", "KOSPI")]
    assert exchange.book(SYMBOL).session in ("continuous", "interruption")
    assert play(exchange, "11:05", "11:07", 30) == []  # a stage comes once a day


def test_each_market_breaks_for_itself() -> None:
    exchange = Exchange(seed=3, now=at("15:00"), market_open_always=False, interruptions=calm())

    exchange.circuit_breaker(1, at("15:00"), market="KOSDAQ")

    assert exchange.quote(KOSDAQ_SYMBOL).is_halted
    assert not exchange.quote(SYMBOL).is_halted
    exchange.circuit_breaker(3, at("15:01"), market="KOSPI")
    account = exchange.account("50000101")
    assert isinstance(exchange.submit(account, "buy", SYMBOL, "01", 1, 0, at("17:00")), Refused)
    exchange.advance(at("09:00") + timedelta(days=3))
    assert not exchange.quote(SYMBOL).is_halted


def test_the_second_stage_needs_the_first_and_the_third_ends_the_day() -> None:
    rules = calm(breaker_rates=(ALWAYS, ALWAYS, ALWAYS), breaker_step=-1.0)
    exchange = Exchange(seed=3, now=at("13:00"), market_open_always=False, interruptions=rules)

    told = [one for one in play(exchange, "13:00", "13:16", 20) if one.market == "KOSPI"]

    assert [one.code for one in told] == ["174", "175", "174", "175", "174", "129"]
    assert told[0].time == at("13:01:20")
    # Not before the auction is over and the fall has lasted for another minute.
    assert told[2].time >= told[1].time + timedelta(minutes=2)
    assert exchange.quote(SYMBOL).is_halted


def test_the_first_two_stages_do_not_come_late_in_the_day() -> None:
    rules = calm(breaker_rates=(ALWAYS, NEVER, NEVER))
    exchange = Exchange(seed=3, now=at("14:50"), market_open_always=False, interruptions=rules)

    assert play(exchange, "14:50", "14:55", 20) == []


def test_an_exchange_that_is_always_open_breaks_nothing_by_itself() -> None:
    rules = calm(breaker_rates=(ALWAYS, NEVER, NEVER), sidecar_rates={"KOSPI": ALWAYS, "KOSDAQ": ALWAYS})
    exchange = Exchange(seed=3, now=at("11:00"), interruptions=rules)
    exchange.drain_events()

    assert play(exchange, "11:00", "11:04", 30) == []


def test_a_sidecar_is_told_and_ended_once_a_day_and_trading_goes_on() -> None:
    rules = calm(sidecar_rates={"KOSPI": ALWAYS, "KOSDAQ": NEVER}, sidecar_quiet_seconds=30.0)
    exchange = Exchange(seed=3, now=at("11:00"), market_open_always=False, interruptions=rules)

    told = play(exchange, "11:00", "11:08", 10)

    assert [(one.code, one.market, one.time) for one in told] == [
        ("387", "KOSPI", at("11:01:40")),
        ("388", "KOSPI", at("11:06:40")),
    ]
    assert not exchange.quote(SYMBOL).is_halted


def auction_prints(exchange: Exchange, session: str) -> dict[str, datetime]:
    return {
        one.symbol: one.time
        for one in exchange.drain_events()
        if isinstance(one, TradePrinted) and one.session == session and one.venue == "KRX"
    }


def test_the_auctions_of_a_day_end_at_random_and_take_orders_until_then() -> None:
    exchange = Exchange(seed=5, now=at("08:55"), market_open_always=False, interruptions=calm())
    again = Exchange(seed=5, now=at("08:55"), market_open_always=False, interruptions=calm())
    for one in (exchange, again):
        one.advance(at("09:00:31"))

    opened, same = auction_prints(exchange, "opening"), auction_prints(again, "opening")

    assert opened == same
    assert len(opened) > 50
    assert len(set(opened.values())) > 20
    assert all(at("09:00") <= moment < at("09:00:30") for moment in opened.values())

    account = exchange.account("50000101")
    exchange.advance(at("15:25"))
    exchange.drain_events()
    exchange.advance(at("15:30:00"))
    open_still = [one.symbol for one in exchange.listings() if exchange.book(one.symbol).session == "closing"]
    late = exchange.submit(account, "buy", open_still[0], "01", 1, 0, at("15:30:00"))
    too_early = exchange.submit(account, "buy", open_still[0], "06", 1, 0, at("15:30:00"))
    exchange.advance(at("15:30:30"))
    closed = auction_prints(exchange, "closing")

    assert len(open_still) > 50
    assert isinstance(late, Accepted)
    assert isinstance(too_early, Refused)
    assert all(at("15:30") <= moment < at("15:30:30") for moment in closed.values())
    order = exchange.orders(account, MIDNIGHT.date(), MIDNIGHT.date())[0]
    assert (order.filled, order.state) == (1, "filled")
    taken = exchange.submit(account, "buy", open_still[0], "06", 1, 0, at("15:31"))
    assert isinstance(taken, Accepted)


def test_nxt_collects_for_half_a_minute_after_a_halt() -> None:
    exchange = Exchange(seed=5, now=at("17:00"), market_open_always=False, interruptions=calm())
    account = exchange.account("50000101")
    exchange.advance(at("17:01"))
    exchange.halt(SYMBOL, at("17:01"))
    exchange.drain_events()

    exchange.resume(SYMBOL, at("17:05"))
    best = exchange.book(SYMBOL, "NXT").asks[0].price
    answer = exchange.submit(account, "buy", SYMBOL, "00", 5, best, at("17:05:01"), venue="NXT")
    at_best = exchange.submit(account, "buy", SYMBOL, "03", 5, 0, at("17:05:02"), venue="NXT")
    exchange.advance(at("17:05:29"))
    waiting = exchange.orders(account, MIDNIGHT.date(), MIDNIGHT.date())[0]
    prints = [
        one for one in exchange.drain_events() if isinstance(one, TradePrinted) and one.symbol == SYMBOL
    ]
    exchange.advance(at("17:05:31"))
    done = exchange.orders(account, MIDNIGHT.date(), MIDNIGHT.date())[0]

    assert isinstance(answer, Accepted)
    assert isinstance(at_best, Refused)
    assert (waiting.filled, prints) == (0, [])
    assert done.filled == 5
    assert exchange.book(SYMBOL, "NXT").bids[0].price < exchange.book(SYMBOL, "NXT").asks[0].price
