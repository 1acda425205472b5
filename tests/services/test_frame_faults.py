"""Fault cases 51 to 55: too many streams, refused ones, frames and notices that cannot be read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from kis_terminal.adapters.simulator.control.faults import FaultRule
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.orders import OrderStatus
from kis_terminal.ports import Stream, SubscriptionState
from kis_terminal.services.market_data import Rank
from tests.support.exchange import running_exchange
from tests.support.fault_proxy import fault_proxy
from tests.support.feed_bench import HYNIX, NAVER, OPTIONS, QUICK, SAMSUNG, FeedBench, feed_bench
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until


def refusal(tr_id: str, tr_key: str, code: str) -> str:
    """Return a reply that refuses one registration."""
    return (
        f'{{"header":{{"tr_id":"{tr_id}","tr_key":"{tr_key}","encrypt":"N"}},'
        f'"body":{{"rt_cd":"1","msg_cd":"{code}","msg1":"refused"}}}}'
    )


# -- 51: more streams than places ----------------------------------------------------------------------------


async def test_case_51_the_notice_keeps_its_place_and_the_rest_is_polled_and_marked(tmp_path: Path) -> None:
    async with feed_bench(tmp_path, symbols=()) as bench:
        data = bench.desk.market_data
        symbols = [listing.symbol for listing in bench.exchange.server.venue.exchange.listings()][:44]
        watches = [data.watch(symbol, Stream.TICKS) for symbol in symbols[:38]]
        hidden = [data.watch(symbol, Stream.TICKS, rank=Rank.REST) for symbol in symbols[38:]]
        chosen = data.watch(symbols[43], Stream.TICKS, Stream.BOOK, rank=Rank.CHOSEN)
        await until(lambda: len(bench.desk.feed.subscriptions()) == 41)
        await bench.connected()

        assert bench.desk.feed.slots_used == 41
        assert bench.state_of(Stream.NOTICES, "") is SubscriptionState.CONFIRMED
        # Who came later and is wanted more gets the place of another, after a moment of settling.
        wanted = [(Stream.TICKS, symbol) for symbol in (*symbols[:38], symbols[43])]
        wanted.append((Stream.BOOK, symbols[43]))
        await until(lambda: all(bench.state_of(*key) is SubscriptionState.CONFIRMED for key in wanted), 60)
        polled = [one for one in data.streams() if one.state is SubscriptionState.POLLED]
        assert {one.symbol for one in polled} == set(symbols[38:43])
        assert all(one.reason for one in polled)
        with pytest.raises(CorrectionNeeded, match="41건"):
            bench.desk.feed.subscribe(Stream.BOOK, SAMSUNG)

        # Polled, and known to be: the age is never nothing.
        await until(lambda: all(data.state(symbol).price is not None for symbol in symbols), 60)
        assert not any(data.is_live(one.symbol) for one in polled)
        asked = bench.calls("/inquire-price")
        await until(lambda: bench.calls("/inquire-price") >= asked + len(polled), 60)
        assert all((data.price_age(one.symbol) or 0.0) > 0.0 for one in polled)

        order = await bench.desk.orders.submit(bench.market_buy())
        await until(lambda: bench.now(order).status is OrderStatus.FILLED)
        for watch in (*watches, *hidden, chosen):
            watch.close()
        await bench.invariants.hold()


async def test_case_51_a_place_that_is_freed_goes_to_the_best_that_waits(tmp_path: Path) -> None:
    async with feed_bench(tmp_path, symbols=()) as bench:
        data = bench.desk.market_data
        symbols = [listing.symbol for listing in bench.exchange.server.venue.exchange.listings()][:42]
        watches = {symbol: data.watch(symbol, Stream.TICKS) for symbol in symbols}
        waiting = symbols[40:]
        await until(lambda: len(bench.desk.feed.subscriptions()) == 41)
        await bench.connected()
        assert [bench.state_of(Stream.TICKS, symbol) for symbol in waiting] == [SubscriptionState.POLLED] * 2

        watches[waiting[0]].move(Rank.REST)
        watches.pop(symbols[3]).close()

        await until(lambda: data.is_live(waiting[1]), 60)
        assert bench.state_of(Stream.TICKS, waiting[0]) is SubscriptionState.POLLED
        for watch in watches.values():
            watch.close()
        await bench.invariants.hold()


# -- 52: one refused among many ------------------------------------------------------------------------------


async def test_case_52_one_that_the_server_cannot_take_now_is_asked_for_again(
    tmp_path: Path,
) -> None:
    async with running_exchange(OPTIONS) as exchange:
        rule = FaultRule(
            do="raw",
            on="reply",
            tr="H0STCNT0",
            key=HYNIX,
            times=1,
            text=refusal("H0STCNT0", HYNIX, "OPSP0007"),
        )
        exchange.server.venue.faults.add(rule)
        async with feed_bench(tmp_path, symbols=(SAMSUNG, NAVER), exchange=exchange) as bench:
            watch = bench.desk.market_data.watch(HYNIX, Stream.TICKS)
            await until(
                lambda: any(one.symbol == HYNIX and one.reason for one in bench.desk.feed.subscriptions())
            )
            assert bench.is_live(SAMSUNG, NAVER)
            assert not bench.is_live(HYNIX)

            await until(lambda: bench.is_live(HYNIX), 10)  # a little later, once
            watch.close()
            await bench.invariants.hold()


@pytest.mark.parametrize("code", ["OPSP8992", "OPSP0008"])
async def test_case_52_a_refused_stream_is_marked_and_polled_while_the_others_live(
    tmp_path: Path, expect_log: ExpectLog, code: str
) -> None:
    expect_log("was refused")
    async with feed_bench(tmp_path, symbols=(SAMSUNG, NAVER)) as bench:
        rule = FaultRule(
            do="raw", on="reply", tr="H0STCNT0", key=HYNIX, text=refusal("H0STCNT0", HYNIX, code)
        )
        number = bench.fault(rule)
        watch = bench.desk.market_data.watch(HYNIX, Stream.TICKS)
        await until(lambda: bench.state_of(Stream.TICKS, HYNIX) is SubscriptionState.REFUSED)

        told = next(one for one in bench.desk.market_data.streams() if one.symbol == HYNIX)
        assert told.reason
        assert bench.is_live(SAMSUNG, NAVER)
        quotes = bench.calls("/inquire-price")
        await until(lambda: bench.calls("/inquire-price") >= quotes + 2, 60)
        assert bench.desk.market_data.state(HYNIX).price is not None
        assert not bench.is_live(HYNIX)
        assert bench.fired(number) == 1  # no loop of registrations

        bench.heal()
        bench.fault("do=reset,on=frame,tr=H0STCNT0,times=1")
        await until(lambda: bench.is_live(HYNIX), 10)  # a new session is asked again
        watch.close()
        await bench.invariants.hold()


async def test_case_52_a_registration_that_is_not_answered_is_polled_and_sent_again(tmp_path: Path) -> None:
    async with feed_bench(tmp_path, symbols=(SAMSUNG,)) as bench:
        bench.fault(f"do=drop,on=reply,tr=H0STCNT0,key={HYNIX},times=1")
        bench.fault(f"do=drop,on=frame,tr=H0STCNT0,key={HYNIX}")
        watch = bench.desk.market_data.watch(HYNIX, Stream.TICKS)
        await until(
            lambda: any(one.symbol == HYNIX and one.reason for one in bench.desk.feed.subscriptions())
        )
        assert not bench.is_live(HYNIX)

        await until(lambda: bench.is_live(HYNIX), 15)  # OPSP0002: it had been taken
        watch.close()
        await bench.invariants.hold()


async def test_case_52_already_subscribed_is_as_good_as_subscribed(tmp_path: Path) -> None:
    async with running_exchange(OPTIONS) as exchange:
        rule = FaultRule(
            do="raw", on="reply", tr="H0STCNT0", text=refusal("H0STCNT0", HYNIX, "OPSP0002"), key=HYNIX
        )
        exchange.server.venue.faults.add(rule)
        async with feed_bench(tmp_path, symbols=(SAMSUNG, HYNIX), exchange=exchange) as bench:
            assert bench.is_live(HYNIX)
            await bench.prints(HYNIX)
            await bench.invariants.hold()


# -- 53: columns ---------------------------------------------------------------------------------------------


async def test_case_53_records_that_are_too_short_are_dropped_and_counted(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("cannot be read")
    async with feed_bench(tmp_path, symbols=(SAMSUNG,)) as bench:
        rejected = bench.desk.feed.counters.rejected
        number = bench.fault("do=columns,on=frame,tr=H0STCNT0,size=-2,times=3")
        await until(lambda: bench.fired(number) == 3, 60)
        await bench.prints(SAMSUNG)

        assert bench.desk.feed.counters.rejected >= rejected + 3
        assert bench.desk.feed.health().connects == 1
        quote = bench.exchange.server.venue.exchange.quote(SAMSUNG)
        state = bench.desk.market_data.state(SAMSUNG)
        assert state.price is not None
        assert quote.low <= state.price <= quote.high  # no volume was read as a price
        await bench.invariants.hold()


async def test_case_53_more_columns_are_read_and_said_once(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("H0STCNT0: records have 50 columns")
    async with feed_bench(tmp_path, symbols=(SAMSUNG,)) as bench:
        number = bench.fault("do=columns,on=frame,tr=H0STCNT0,size=3")
        await bench.prints(SAMSUNG, 5)

        assert bench.fired(number) >= 5
        assert bench.desk.feed.counters.rejected == 0
        assert bench.is_live(SAMSUNG)
        await bench.invariants.hold()


async def test_case_53_a_count_that_lies_drops_the_frame(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("cannot be read")
    async with feed_bench(tmp_path, symbols=(SAMSUNG,)) as bench:
        counters, before = bench.desk.feed.counters, bench.desk.market_data.ticks_received
        for told in (0, 2, 3, 46, 999):
            rejected = counters.rejected
            bench.fault(f"do=count,on=frame,tr=H0STCNT0,size={told},times=1")
            await until(lambda rejected=rejected: counters.rejected > rejected, 10)  # type: ignore[misc]
        await bench.prints(SAMSUNG)

        quote = bench.exchange.server.venue.exchange.quote(SAMSUNG)
        price = bench.desk.market_data.state(SAMSUNG).price
        assert price is not None
        assert quote.low <= price <= quote.high
        assert bench.desk.market_data.ticks_received > before
        await bench.invariants.hold()


# -- 54: garbage ---------------------------------------------------------------------------------------------


GARBAGE = (
    "",
    "0|H0STCNT0|001",
    "0|H0XXXXX0|001|005930^1",
    "0|H0STCNT0|001|\x00\x00",
    "0|H0STCNT0|abc|005930^100000^1",
    '{"header":{"tr_id":"H0STCNT0"',
    "[1,2]",
    "{" * 2_000,
    "<html><body>504</body></html>",
    "0|H0STCNT0|001|\n\r\n\x1b[31mforged line",
)


async def test_case_54_garbage_is_counted_and_the_loop_lives(
    tmp_path: Path, expect_log: ExpectLog, caplog: pytest.LogCaptureFixture
) -> None:
    expect_log("cannot be read")
    async with feed_bench(tmp_path, symbols=(SAMSUNG,)) as bench:
        counters = bench.desk.feed.counters
        for text in GARBAGE:
            rejected = counters.rejected
            counters.complained_at = float("-inf")  # let the log hear of every one
            bench.fault(FaultRule(do="raw", on="frame", tr="H0STCNT0", text=text, times=1))
            await until(lambda rejected=rejected: counters.rejected > rejected, 10)  # type: ignore[misc]
        await bench.prints(SAMSUNG)

        assert counters.rejected == len(GARBAGE)
        assert bench.desk.feed.health().connects == 1
        said = [record.getMessage() for record in caplog.records if "cannot be read" in record.getMessage()]
        assert len(said) == len(GARBAGE)
        for line in said:
            assert len(line) < 200
            assert line.isprintable()
        await bench.invariants.hold()


async def test_case_54_the_log_is_not_flooded(
    tmp_path: Path, expect_log: ExpectLog, caplog: pytest.LogCaptureFixture
) -> None:
    expect_log("cannot be read")
    async with feed_bench(tmp_path, symbols=(SAMSUNG,)) as bench:
        number = bench.fault(FaultRule(do="raw", on="frame", tr="H0STASP0", text="0|H0STASP0|001", times=10))
        await until(lambda: bench.fired(number) == 10, 60)
        await bench.prints(SAMSUNG)

        assert bench.desk.feed.counters.rejected == 10
        assert sum("cannot be read" in record.getMessage() for record in caplog.records) == 1
        await bench.invariants.hold()


async def test_case_54_ten_megabytes_are_not_kept(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("longer than")
    async with feed_bench(tmp_path, symbols=(SAMSUNG,)) as bench:
        bench.fault("do=raw,on=frame,tr=H0STCNT0,size=10000000,times=1")
        await until(lambda: bench.desk.feed.health().connects == 2, 60)
        await until(lambda: bench.is_live(SAMSUNG), 60)

        assert bench.desk.feed.counters.rejected == 1
        await bench.invariants.hold()


async def test_case_54_binary_and_pieces_of_one_byte(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("cannot be read")
    async with running_exchange(OPTIONS) as exchange, fault_proxy(exchange.access().ws_url) as (proxy, url):
        proxy.toxics["down"].slice_size = 1
        slow = replace(QUICK, open_timeout=5.0, reply_timeout=5.0, silence_limit=10.0)
        async with feed_bench(
            tmp_path, symbols=(SAMSUNG,), exchange=exchange, ws_url=url, timing=slow
        ) as bench:
            bench.fault("do=raw,on=frame,tr=H0STCNT0,size=64,times=2")
            await until(lambda: bench.desk.feed.counters.rejected == 2, 60)
            await bench.prints(SAMSUNG)

            assert bench.desk.feed.health().connects == 1
            await bench.invariants.hold()


# -- 55: notices ---------------------------------------------------------------------------------------------


NOTICE = "on=frame,tr=H0STCNI0"


async def test_case_55_a_notice_under_a_wrong_key_is_dropped_with_an_alarm_and_asked_for(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("an execution notice cannot be read")
    async with feed_bench(tmp_path, symbols=(SAMSUNG,)) as bench:
        before = registered(bench)
        number = bench.fault(f"do=key,{NOTICE}")
        order = await bench.desk.orders.submit(bench.market_buy())
        await until(lambda: bench.now(order).status is OrderStatus.FILLED)

        assert bench.fired(number) >= 1
        assert bench.desk.feed.counters.rejected >= 1
        await until(lambda: registered(bench) == before + 1)
        await asyncio.sleep(0.3)
        assert registered(bench) == before + 1  # once
        assert bench.desk.feed.health().connects == 1
        bench.heal()
        second = await bench.desk.orders.submit(bench.market_buy(3))
        await until(lambda: bench.now(second).status is OrderStatus.FILLED)
        await bench.invariants.hold()


async def test_case_55_a_new_key_comes_with_the_new_registration(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("an execution notice cannot be read")
    async with feed_bench(tmp_path, symbols=(SAMSUNG,)) as bench:
        notices: list[str] = []
        bench.desk.orders.changed.subscribe(lambda order: notices.append(order.status.value))
        bench.fault("do=rekey,on=command,tr=H0STCNI0,times=1")
        number = bench.fault(f"do=key,{NOTICE},times=1")
        order = await bench.desk.orders.submit(bench.market_buy())
        await until(lambda: bench.fired(number) == 1)
        await until(lambda: bench.now(order).status is OrderStatus.FILLED)
        await bench.connected()
        rejected = bench.desk.feed.counters.rejected

        again = await bench.desk.orders.submit(bench.market_buy(4))
        await until(lambda: bench.now(again).status is OrderStatus.FILLED)

        assert bench.desk.feed.counters.rejected == rejected
        await until(lambda: bench.shares(again) == 4)
        await bench.invariants.hold()


async def test_case_55_notices_before_the_key_wait_for_it(tmp_path: Path) -> None:
    async with feed_bench(tmp_path, symbols=(SAMSUNG,), timing=replace(QUICK, reply_timeout=3.0)) as bench:
        bench.fault("do=delay,on=reply,tr=H0STCNI0,seconds=0.8,times=1")
        bench.fault("do=reset,on=frame,tr=H0STCNT0,times=1")
        await until(lambda: bench.desk.feed.health().connects == 2)
        await asyncio.sleep(0.1)  # registered by now, the reply with the key is held back

        order = await bench.desk.orders.submit(bench.market_buy())
        await until(lambda: bench.now(order).status is OrderStatus.FILLED)
        await bench.connected()

        await until(lambda: bench.shares(order) == 10)
        assert bench.desk.feed.counters.rejected == 0
        await bench.invariants.hold()


async def test_case_55_broken_padding_is_dropped_with_an_alarm(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("an execution notice cannot be read")
    async with feed_bench(tmp_path, symbols=(SAMSUNG,)) as bench:
        counters = bench.desk.feed.counters
        for payload in ("AAAA", "not base64!", "A" * 44, "QUJDRA==", "005930^plain^text"):
            rejected = counters.rejected
            text = f"1|H0STCNI0|001|{payload}"
            bench.fault(FaultRule(do="raw", on="frame", tr="H0STCNI0", text=text, times=1))
            order = await bench.desk.orders.submit(bench.market_buy())
            await until(lambda order=order: bench.now(order).status is OrderStatus.FILLED)  # type: ignore[misc]
            await until(lambda rejected=rejected: counters.rejected > rejected)  # type: ignore[misc]
            await asyncio.sleep(0.6)  # one order of a signature at a time

        assert bench.desk.feed.health().connects == 1
        await bench.invariants.hold()


def registered(bench: FeedBench) -> int:
    """Return how often the notices have been registered."""
    return bench.exchange.server.venue.usage.subscriptions["H0STCNI0"]
