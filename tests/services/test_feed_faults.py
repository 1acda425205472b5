"""Fault cases 47 to 50: a stream that dies in every way, and comes back complete."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from kis_terminal.adapters.kis.frames import subscribe_text
from kis_terminal.adapters.kis.reconnect import ReconnectPolicy
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.adapters.simulator.control.faults import FaultRule
from kis_terminal.domain.market import Freshness, Interval
from kis_terminal.domain.orders import OrderStatus, Origin
from kis_terminal.ports import ApprovalState, LinkState, Stream, SubscriptionState
from kis_terminal.services.stall_watch import StallTiming
from tests.support.exchange import running_exchange
from tests.support.fault_proxy import fault_proxy
from tests.support.feed_bench import (
    HYNIX,
    NAVER,
    OPTIONS,
    QUICK,
    SAMSUNG,
    feed_bench,
)
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until

STALL = StallTiming(look=0.1, quiet=0.6, stream_quiet=60.0, settle=0.3, first_pause=1.0, longest_pause=4.0)
PATIENT = replace(QUICK, probe_after=20.0, silence_limit=40.0)


def test_the_times_of_production_keep_what_the_cases_ask_for() -> None:
    timing = FeedTiming()

    assert timing.silence_limit + timing.watch_interval + timing.send_timeout <= 46.0
    assert timing.probe_after + timing.send_timeout < 30.0  # a price of a living link never looks stale
    assert 41 * timing.command_gap < 3.0
    assert (timing.reconnect.connects, timing.reconnect.window) == (20, 600.0)
    assert timing.reconnect.jitter > 0
    assert timing.reconnect.longest_delay == 60.0
    assert timing.first_retry == 5.0
    assert StallTiming().quiet + StallTiming().look + StallTiming().settle <= 45.0


# -- 47: stale prices ----------------------------------------------------------------------------------------


async def test_case_47_a_price_ages_is_asked_for_and_no_strategy_trades_on_it(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("the stream cannot be kept")
    async with (
        running_exchange(OPTIONS) as exchange,
        fault_proxy(exchange.access().ws_url) as (proxy, url),
        feed_bench(tmp_path, exchange=exchange, ws_url=url) as bench,
    ):
        data, gate = bench.desk.market_data, bench.desk.risk_gate
        quotes = bench.fault("do=status,status=503,path=*/inquire-price")
        proxy.toxics["down"].blackhole = True
        await until(lambda: not bench.is_live(SAMSUNG), 5)
        await until(lambda: (data.price_age(SAMSUNG) or 0.0) > 0.6, 5)
        gate.limits = replace(gate.limits, max_price_age=0.5)

        blocked = await bench.desk.orders.submit(bench.order(origin=Origin.STRATEGY))
        assert blocked.status is OrderStatus.REJECTED
        assert "시세" in blocked.reason

        gate.limits = replace(gate.limits, max_price_age=20.0)
        bench.exchange.server.venue.faults.clear(quotes)
        await until(lambda: data.state(SAMSUNG).freshness is Freshness.POLLED, 15)
        assert data.state(SAMSUNG).price is not None
        assert bench.state_of(Stream.TICKS, SAMSUNG) is SubscriptionState.POLLED

        proxy.heal()
        await until(lambda: bench.is_live(SAMSUNG, HYNIX, NAVER), 15)
        assert data.price_age(SAMSUNG) == 0.0
        await bench.invariants.hold()


async def test_case_47_data_that_stops_on_a_living_connection_is_seen_and_comes_back(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("no data for")
    async with feed_bench(tmp_path, timing=PATIENT, stall=STALL) as bench:
        dropped = [bench.fault(f"do=drop,on=frame,tr={tr}") for tr in ("H0STCNT0", "H0STASP0")]
        await until(lambda: bench.desk.feed.health().stall_restarts == 1, 10)
        bench.heal()
        assert all(number > 0 for number in dropped)

        await until(lambda: bench.is_live(SAMSUNG, HYNIX, NAVER), 10)
        await bench.prints(SAMSUNG)

        assert any("시세가 오지 않습니다" in text for _, text in bench.links)
        await bench.invariants.hold()


async def test_case_47_a_new_connection_without_data_is_not_believed_either(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    """Cause: confirmed anew, a price asked for by REST counted as live until the next look, minutes later."""
    expect_log("no data for")
    stall = replace(STALL, first_pause=60.0, longest_pause=60.0)
    async with feed_bench(tmp_path, symbols=(SAMSUNG,), timing=PATIENT, stall=stall) as bench:
        for tr_id in ("H0STCNT0", "H0STASP0"):
            bench.fault(f"do=drop,on=frame,tr={tr_id}")
        await until(lambda: bench.desk.feed.health().stall_restarts == 1, 10)
        await bench.connected()
        asked = bench.calls("/inquire-price")
        await until(lambda: bench.calls("/inquire-price") >= asked + 2, 15)
        assert not bench.is_live(SAMSUNG)
        assert (bench.desk.market_data.price_age(SAMSUNG) or 0.0) > 0.0

        bench.heal()
        await until(lambda: bench.is_live(SAMSUNG), 10)
        await bench.invariants.hold()


async def test_case_47_one_stream_that_died_among_living_ones_is_asked_for_anew(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("have stopped though it trades")
    stall = replace(STALL, quiet=60.0, stream_quiet=1.0)
    async with feed_bench(
        tmp_path, timing=PATIENT, stall=stall, options=replace(OPTIONS, speed=20.0)
    ) as bench:
        drop = bench.fault(f"do=drop,on=frame,tr=H0STCNT0,key={HYNIX}")
        await until(lambda: bench.fired(drop) > 0)
        registered = bench.exchange.server.venue.usage.subscriptions
        before = registered["H0STCNT0"]
        await until(lambda: registered["H0STCNT0"] == before + 1, 10)
        bench.heal()

        await bench.prints(HYNIX)
        assert bench.desk.feed.health().stall_restarts == 0
        await bench.invariants.hold()


async def test_case_47_silence_of_halted_symbols_is_no_alarm(tmp_path: Path) -> None:
    async with feed_bench(tmp_path, symbols=(SAMSUNG,), timing=PATIENT, stall=STALL) as bench:
        exchange = bench.exchange.server.venue.exchange
        bench.fault("do=drop,on=frame,tr=H0STASP0")  # resting orders come and go all the same
        exchange.halt(SAMSUNG, bench.exchange.server.venue.now())
        asked = bench.calls("/inquire-price")
        await asyncio.sleep(2.5)

        assert bench.calls("/inquire-price") > asked  # looked, found nothing
        assert bench.desk.feed.health().stall_restarts == 0
        assert bench.desk.feed.health().connects == 1
        await bench.invariants.hold()


async def test_case_47_nobody_asks_after_the_market_has_closed(tmp_path: Path) -> None:
    options = replace(OPTIONS, clock="2026-11-20T20:30")
    async with (
        running_exchange(options) as exchange,
        feed_bench(tmp_path, symbols=(), exchange=exchange, timing=PATIENT, stall=STALL) as bench,
    ):
        watch = bench.desk.market_data.watch(SAMSUNG, Stream.TICKS)
        await bench.connected()
        await until(lambda: bench.desk.market_data.state(SAMSUNG).price is not None)
        await asyncio.sleep(0.5)
        asked = bench.calls("/inquire-price")
        await asyncio.sleep(1.5)

        assert bench.calls("/inquire-price") == asked
        assert bench.is_live(SAMSUNG)
        watch.close()


# -- 48: connections that break ------------------------------------------------------------------------------


BREAKS = {
    "server closes": "do=close,on=frame,tr=H0STCNT0,times=1,code=1011",
    "reset": "do=reset,on=frame,tr=H0STCNT0,times=1",
    "half-open": "do=silence,on=frame,tr=H0STASP0,times=1",
    "PINGPONG answers are lost": "do=drop,on=command,tr=PINGPONG,times=5",
}


@pytest.mark.parametrize("spec", BREAKS.values(), ids=BREAKS.keys())
async def test_case_48_a_broken_connection_is_seen_made_anew_and_filled(tmp_path: Path, spec: str) -> None:
    async with feed_bench(tmp_path) as bench:
        resting = await bench.desk.orders.submit(bench.order())
        commands = {(one.stream, one.symbol) for one in bench.desk.feed.subscriptions()}
        bench.fault(spec)
        await until(lambda: bench.desk.feed.health().connects >= 2, 10)
        assert any(state is LinkState.WAITING for state, _ in bench.links)

        # What happens to our orders while nothing is heard has to be found by asking.
        await bench.connected()
        await until(lambda: bench.is_live(SAMSUNG, HYNIX, NAVER), 10)
        await bench.prints(SAMSUNG)
        filled = await bench.desk.orders.submit(bench.market_buy())
        await until(lambda: bench.now(filled).status is OrderStatus.FILLED)

        assert {(one.stream, one.symbol) for one in bench.desk.feed.subscriptions()} == commands
        assert await bench.desk.orders.cancel(resting.key) == ""
        await bench.invariants.hold()


async def test_case_48_a_frame_cut_in_its_middle(tmp_path: Path) -> None:
    async with (
        running_exchange(OPTIONS) as exchange,
        fault_proxy(exchange.access().ws_url) as (proxy, url),
        feed_bench(tmp_path, exchange=exchange, ws_url=url) as bench,
    ):
        proxy.toxics["down"].limit_data = 1  # more has passed already: the next piece ends it
        await until(lambda: any(state is LinkState.WAITING for state, _ in bench.links))
        proxy.heal()

        await until(lambda: bench.is_live(SAMSUNG, HYNIX, NAVER), 10)
        assert bench.desk.feed.health().connects >= 2
        await bench.invariants.hold()


async def test_case_48_fills_missed_while_blind_are_found_by_inquiry(tmp_path: Path) -> None:
    async with (
        running_exchange(OPTIONS) as exchange,
        fault_proxy(exchange.access().ws_url) as (proxy, url),
        feed_bench(tmp_path, exchange=exchange, ws_url=url) as bench,
    ):
        proxy.refuses = True
        proxy.reset_all()
        await until(lambda: bench.desk.market_data.link_state is not LinkState.CONNECTED)
        asked = bench.calls("/inquire-daily-ccld")
        order = await bench.desk.orders.submit(bench.market_buy())
        proxy.heal()

        await bench.connected()
        await until(lambda: bench.now(order).status is OrderStatus.FILLED)
        assert bench.calls("/inquire-daily-ccld") > asked
        await bench.invariants.hold()


async def test_case_48_bars_are_those_of_the_exchange_after_the_gap(
    tmp_path: Path, expect_log: ExpectLog, allow_log: ExpectLog
) -> None:
    expect_log("the stream cannot be kept")
    allow_log(r"socket\.send\(\) raised")  # asyncio's, where the cut comes while it sends
    options = replace(OPTIONS, speed=40.0)
    async with (
        running_exchange(options) as exchange,
        fault_proxy(exchange.access().ws_url) as (proxy, url),
        feed_bench(tmp_path, exchange=exchange, ws_url=url) as bench,
    ):
        data, market = bench.desk.market_data, exchange.server.venue.exchange
        one = await bench.desk.history.follow(SAMSUNG, Interval.MINUTE_1)
        three = await bench.desk.history.follow(SAMSUNG, Interval.MINUTE_3)
        bars = len(one.series)
        proxy.refuses = True
        proxy.reset_all()
        await until(lambda: data.link_state is not LinkState.CONNECTED)
        gone = len(market.minute_bars(SAMSUNG, data.today()))
        broken = len(three.series) - 2
        await until(lambda: len(market.minute_bars(SAMSUNG, data.today())) >= gone + 3, 15)
        proxy.heal()
        await until(
            lambda: one.broken_since is None and three.broken_since is None and len(one.series) > bars
        )
        resumed = len(market.minute_bars(SAMSUNG, data.today()))

        # The minute of the reconnect is right once it is over and has been listed.
        await until(lambda: len(market.minute_bars(SAMSUNG, data.today())) >= resumed + 2, 15)
        await asyncio.sleep(2.5)
        listed = market.minute_bars(SAMSUNG, data.today())[gone - 2 : resumed]

        def known() -> dict[int, list[int]]:
            return {
                int(time) % 86_400: [int(value) for value in row]
                for time, row in zip(one.series.times[-60:], one.series.values[-60:], strict=True)
            }

        theirs = {
            bar.time.hour * 3600 + bar.time.minute * 60: [bar.open, bar.high, bar.low, bar.close, bar.volume]
            for bar in listed
        }

        def wrong() -> list[object]:
            ours, joined = known(), three.series
            missed: list[object] = [
                (at, ours.get(at), row) for at, row in theirs.items() if ours.get(at) != row
            ]
            for index in range(broken, broken + 4):
                begin = int(joined.times[index]) % 86_400
                parts = [ours[begin + 60 * minute] for minute in range(3) if begin + 60 * minute in ours]
                if joined.values[index][4] != sum(part[4] for part in parts):
                    missed.append((begin, int(joined.values[index][4]), parts))
            return missed

        # On a busy machine listings come later than the rest.
        with suppress(AssertionError):
            await until(lambda: not wrong(), 20)
        assert wrong() == []
        one.close()
        three.close()
        await bench.invariants.hold()


async def test_case_48_forty_one_streams_are_back_within_five_seconds(tmp_path: Path) -> None:
    timing = replace(QUICK, command_gap=FeedTiming().command_gap, reply_timeout=5.0)
    async with running_exchange(OPTIONS) as exchange:
        known = [listing.symbol for listing in exchange.server.venue.exchange.listings()][:40]
        async with feed_bench(tmp_path, symbols=(), exchange=exchange, timing=timing) as bench:
            watches = [bench.desk.market_data.watch(symbol, Stream.TICKS) for symbol in known]
            await bench.connected()
            bench.fault("do=reset,on=frame,tr=H0STCNT0,times=1")
            await until(lambda: bench.desk.feed.health().connects == 2, 10)
            begun = asyncio.get_running_loop().time()
            await until(
                lambda: (
                    sum(one.state is SubscriptionState.CONFIRMED for one in bench.desk.feed.subscriptions())
                    == 41
                )
            )
            assert asyncio.get_running_loop().time() - begun < 5.0
            for watch in watches:
                watch.close()
            await bench.invariants.hold()


# -- 49: storms ----------------------------------------------------------------------------------------------

SPED_POLICY = ReconnectPolicy(first_delay=0.0025, longest_delay=0.3, slow_delay=0.3, connects=20, window=3.0)
"""Production's by a two-hundredth: ten minutes are three seconds."""


@pytest.mark.parametrize(
    "spec", ["do=close,on=connect", "do=close,on=frame,tr=H0STASP0"], ids=["at once", "after data"]
)
async def test_case_49_a_server_that_accepts_and_closes_is_not_stormed(
    tmp_path: Path, spec: str, expect_log: ExpectLog
) -> None:
    expect_log("one connection after another")
    async with feed_bench(tmp_path, timing=replace(QUICK, reconnect=SPED_POLICY)) as bench:
        loop = asyncio.get_running_loop()
        times: list[float] = []
        waits: list[str] = []

        def note(told: tuple[LinkState, str]) -> None:
            if told[0] is LinkState.CONNECTING:
                times.append(loop.time())
            elif told[0] is LinkState.WAITING:
                waits.append(told[1])

        subscription = bench.desk.market_data.link.subscribe(note)
        before = len(bench.events("connect"))
        bench.fault("do=reset,on=frame,tr=H0STCNT0,times=1")
        bench.fault(spec)
        await asyncio.sleep(4.5)
        subscription.close()

        assert len(times) >= 10  # it goes on trying
        for begun in times:
            assert sum(begun <= time < begun + SPED_POLICY.window for time in times) <= SPED_POLICY.connects
        assert len(bench.events("connect")) - before >= 8
        assert bench.desk.feed.health().recent_connects <= SPED_POLICY.connects
        assert any("더 기다립니다" in wait for wait in waits) or spec.endswith("connect")
        gaps = [late - early for early, late in pairwise(times)]
        assert max(gaps[-3:]) > 2 * min(gaps[:3])

        bench.heal()
        await until(lambda: bench.is_live(SAMSUNG, HYNIX, NAVER), 10)
        await bench.invariants.hold()


# -- 50: keys ------------------------------------------------------------------------------------------------


async def test_case_50_an_app_key_in_use_elsewhere_is_explained_and_not_fought_for(tmp_path: Path) -> None:
    async with feed_bench(tmp_path) as bench:
        feed, key = bench.desk.feed, await bench.desk.broker.approval_key()
        approvals = bench.calls("/oauth2/Approval")
        await feed.close()
        async with connect(bench.exchange.access().ws_url, ping_interval=None) as other:
            await other.send(subscribe_text(key, "H0STCNT0", SAMSUNG))
            await other.recv()
            connects = len(bench.events("connect"))
            await feed.open()
            await until(lambda: any("다른 곳에서" in text for _, text in bench.links))
            await asyncio.sleep(1.5)

            assert len(bench.events("connect")) - connects <= 4  # half a second apart, not in a loop
            assert bench.calls("/oauth2/Approval") == approvals
        await bench.connected()
        await until(lambda: bench.is_live(SAMSUNG), 10)
        await bench.invariants.hold()


async def test_case_50_a_refused_approval_key_is_renewed_once(tmp_path: Path) -> None:
    async with feed_bench(tmp_path) as bench:
        approvals = bench.calls("/oauth2/Approval")
        refusal = (
            '{"header":{"tr_id":"(null)","tr_key":"","encrypt":"N"},'
            '"body":{"rt_cd":"9","msg_cd":"OPSP0011","msg1":"invalid approval : NOT FOUND"}}'
        )
        lasting = bench.fault(FaultRule(do="raw", on="reply", text=refusal))
        bench.fault("do=reset,on=frame,tr=H0STCNT0,times=1")
        await until(lambda: bench.fired(lasting) >= 4, 10)

        assert bench.calls("/oauth2/Approval") == approvals + 1
        assert bench.desk.feed.health().approval in (ApprovalState.REFUSED, ApprovalState.HELD)
        assert any("접속키" in text for state, text in bench.links if state is LinkState.WAITING)
        bench.heal()
        await until(lambda: bench.is_live(SAMSUNG, HYNIX, NAVER), 10)
        assert bench.calls("/oauth2/Approval") == approvals + 1
        await bench.invariants.hold()
