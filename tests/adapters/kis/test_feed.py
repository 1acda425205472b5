"""The feed against a real WebSocket server: streams, notices, heartbeat, every way to lose a connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from websockets.asyncio.server import ServerConnection

from kis_terminal.adapters.kis.feed import KisFeed
from kis_terminal.adapters.kis.reconnect import ReconnectPolicy
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import AccessRefused, BrokerUnreachable, CorrectionNeeded, TerminalError
from kis_terminal.domain.market import MarketStatus, Tick
from kis_terminal.domain.orders import ExecutionNotice
from kis_terminal.ports import (
    ApprovalState,
    BookUpdate,
    FeedListener,
    LinkState,
    Stream,
    SubscriptionState,
)
from tests.adapters.kis.test_realtime import BOOK_ROW, NOTICE_23, NOTICE_26, TRADE_ROW, trade_row
from tests.support.leftovers import ExpectLog
from tests.support.stream_server import KEY, StreamServer, reply_text, sealed

TRADE = f"0|H0STCNT0|001|{TRADE_ROW}"
BOOK = f"0|H0STASP0|001|{BOOK_ROW}"
PING = '{"header":{"tr_id":"PINGPONG","datetime":"20260713103925"}}'
QUICK = FeedTiming(
    open_timeout=2.0,
    close_timeout=0.2,
    reply_timeout=0.3,
    command_gap=0.0,
    grace=0.05,
    probe_after=0.1,
    silence_limit=0.3,
    watch_interval=0.02,
    reconnect=ReconnectPolicy(first_delay=0.01, longest_delay=0.05, slow_delay=0.05, connects=1000),
)
CALM = replace(QUICK, probe_after=20.0, silence_limit=40.0)


class Recorder:
    """Keep everything that a feed tells."""

    def __init__(self) -> None:
        self.ticks: list[Tick] = []
        self.books: list[BookUpdate] = []
        self.notices: list[ExecutionNotice] = []
        self.statuses: list[MarketStatus] = []
        self.links: list[tuple[LinkState, str]] = []
        self.subscriptions: list[tuple[Stream, str, SubscriptionState, str]] = []
        self.gaps: list[str] = []

    def listener(self) -> FeedListener:
        def take_ticks(ticks: Sequence[Tick]) -> None:
            self.ticks.extend(ticks)

        return FeedListener(
            on_ticks=take_ticks,
            on_book=self.books.append,
            on_notice=self.notices.append,
            on_status=self.statuses.append,
            on_link=lambda state, text: self.links.append((state, text)),
            on_subscription=lambda *told: self.subscriptions.append(told),
            on_gap=self.gaps.append,
        )

    def states(self, stream: Stream, symbol: str) -> list[SubscriptionState]:
        return [state for kind, name, state, _ in self.subscriptions if (kind, name) == (stream, symbol)]

    def is_confirmed(self, stream: Stream, symbol: str) -> bool:
        return self.states(stream, symbol)[-1:] == [SubscriptionState.CONFIRMED]


class Approval:
    """Give approval keys and count how often that was asked."""

    def __init__(self) -> None:
        self.given = 0
        self.invalidated = 0
        self.error: TerminalError | None = None

    async def key(self) -> str:
        if self.error is not None:
            raise self.error
        self.given += 1
        return f"approval-{self.invalidated}"

    def invalidate(self) -> None:
        self.invalidated += 1


class Bench:
    """A server, a feed and what they tell."""

    def __init__(self, server: StreamServer) -> None:
        self.server = server
        self.approval = Approval()
        self.told = Recorder()
        self.failures: list[tuple[str, BaseException]] = []
        self.feed: KisFeed | None = None

    def make(
        self,
        timing: FeedTiming = CALM,
        environment: Environment = Environment.SIM,
        hts_id: str = "USERID01",
        url: str = "",
        listener: FeedListener | None = None,
    ) -> KisFeed:
        """Return a feed that is closed after the test."""
        self.feed = KisFeed(
            ws_url=url or self.server.url,
            environment=environment,
            hts_id=hts_id,
            approval_key=self.approval.key,
            invalidate_approval=self.approval.invalidate,
            clock=SystemClock(),
            randomness=Random(1),
            timing=timing,
            on_failure=lambda name, error: self.failures.append((name, error)),
        )
        self.feed.listen(listener or self.told.listener())
        return self.feed

    def link_states(self) -> list[LinkState]:
        return [state for state, _ in self.told.links]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with StreamServer() as server:
        bench = Bench(server)
        yield bench
        if bench.feed is not None:
            await bench.feed.close()


async def test_streams_are_subscribed_and_their_records_arrive(bench: Bench) -> None:
    feed, told, server = bench.make(), bench.told, bench.server
    feed.subscribe(Stream.TICKS, "005930")
    feed.subscribe(Stream.BOOK, "000660")
    await feed.open()
    await server.until(lambda: told.is_confirmed(Stream.BOOK, "000660"))

    await server.send(TRADE)
    await server.send(BOOK)
    await server.send("0|H0STCNT0|003|" + "^".join(trade_row(size=size) for size in "123"))
    await server.until(lambda: len(told.ticks) == 4)

    assert server.paths == ["/tryitout"]
    assert set(server.approval_keys) == {"approval-0"}
    assert server.commands == [("1", "H0STCNT0", "005930"), ("1", "H0STASP0", "000660")]
    assert [tick.size for tick in told.ticks] == [1, 1, 2, 3]
    assert told.books[0].decode().ask_prices[0] == Decimal(1996000)
    assert bench.link_states() == [LinkState.CONNECTING, LinkState.CONNECTED]
    assert told.gaps == []


async def test_market_status_is_told_and_paper_has_none(bench: Bench) -> None:
    feed = bench.make()
    feed.subscribe(Stream.STATUS, "005930")
    await feed.open()
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.STATUS, "005930"))
    await bench.server.send("0|H0STMKO0|001|005930^Y^(null)^164^^^^55^Y^N")
    await bench.server.until(lambda: bool(bench.told.statuses))
    await feed.close()

    assert bench.told.statuses[0].is_halted
    with pytest.raises(CorrectionNeeded, match="모의투자"):
        bench.make(environment=Environment.PAPER).subscribe(Stream.STATUS, "005930")


@pytest.mark.parametrize(
    ("environment", "tr_id"),
    [(Environment.SIM, "H0STCNI0"), (Environment.REAL, "H0STCNI0"), (Environment.PAPER, "H0STCNI9")],
)
async def test_notices_are_subscribed_by_hts_id_and_decrypted(
    bench: Bench, environment: Environment, tr_id: str
) -> None:
    feed = bench.make(environment=environment)
    feed.subscribe(Stream.NOTICES, "")
    await feed.open()
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.NOTICES, ""))

    await bench.server.send(f"1|{tr_id}|001|{sealed(NOTICE_23)}")
    await bench.server.until(lambda: bool(bench.told.notices))

    assert bench.server.commands == [("1", tr_id, "USERID01")]
    assert (bench.told.notices[0].name, bench.told.notices[0].price) == ("하림", Decimal(3190))


def test_notices_without_an_hts_id_are_explained() -> None:
    feed = Bench(StreamServer()).make(hts_id="", url="ws://127.0.0.1:1")

    with pytest.raises(CorrectionNeeded, match="HTS ID"):
        feed.subscribe(Stream.NOTICES, "")


async def test_notices_before_the_key_are_kept_and_read_in_order(bench: Bench) -> None:
    async def notices_first(server: StreamServer, client: ServerConnection) -> None:
        for row in (NOTICE_26, NOTICE_23):
            await client.send(f"1|H0STCNI0|001|{sealed(row)}")

    bench.server.greeting = notices_first
    feed = bench.make()
    feed.subscribe(Stream.NOTICES, "")
    await feed.open()
    await bench.server.until(lambda: len(bench.told.notices) == 2)

    assert [notice.name for notice in bench.told.notices] == ["삼성전자", "하림"]
    assert bench.told.gaps == []


async def test_an_unreadable_notice_asks_for_the_orders_and_for_the_key_once(
    bench: Bench, expect_log: ExpectLog
) -> None:
    expect_log(r"an execution notice cannot be read")
    feed = bench.make()
    feed.subscribe(Stream.NOTICES, "")
    await feed.open()
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.NOTICES, ""))
    other_key = KEY[::-1]
    bench.server.notice_key = other_key

    for _ in range(3):
        await bench.server.send(f"1|H0STCNI0|001|{sealed(NOTICE_23, key=other_key)}")
    await bench.server.until(lambda: len(bench.server.commands) == 3)
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.NOTICES, ""))
    await bench.server.send(f"1|H0STCNI0|001|{sealed(NOTICE_23, key=other_key)}")
    await bench.server.until(lambda: bool(bench.told.notices))
    await bench.server.until(lambda: len(bench.told.gaps) == 4)

    assert [command[0] for command in bench.server.commands] == ["1", "2", "1"]
    assert len(bench.told.notices) == 1
    assert feed.counters.rejected == 3


async def test_the_heartbeat_is_echoed(bench: Bench) -> None:
    await bench.make().open()

    await bench.server.until(lambda: bool(bench.server.clients))
    await bench.server.send(PING)
    await bench.server.until(lambda: bool(bench.server.echoes))

    assert bench.server.echoes == [PING]


async def test_garbage_is_counted_and_the_connection_lives(bench: Bench, expect_log: ExpectLog) -> None:
    expect_log(r"a message cannot be read \(1 so far\)")
    feed = bench.make()
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "005930"))
    garbage: list[str | bytes] = [
        "",
        b"\xff\xfe\x00",
        b"\x00",
        "안녕".encode("cp949"),
        "0|H0STCNT0|001",
        "0|H0STCNT0|001|",
        "0|H0STCNT0|001|005930^093354^71900",
        "0|H0STCNT0|002|" + TRADE_ROW,
        "0|H0STCNT0|001|" + trade_row(price="nan"),
        "1|H0STCNT0|001|" + TRADE_ROW,
        "0|H0NEWTR0|001|1^2^3",
        "{}",
        '{"header":{"tr_id":"H0STCNT0"}}',
    ]

    for message in garbage:
        await bench.server.send(message)
    await bench.server.send(TRADE)
    await bench.server.until(lambda: bool(bench.told.ticks))

    assert feed.counters.rejected == len(garbage)
    assert len(bench.told.ticks) == 1
    assert bench.server.connects == 1


async def test_a_message_over_the_limit_ends_the_connection_and_a_new_one_is_made(
    bench: Bench, expect_log: ExpectLog
) -> None:
    expect_log("a message longer than")
    feed = bench.make()
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "005930"))

    await bench.server.send("0|H0STCNT0|001|" + "1" * 2_000_000)
    await bench.server.until(lambda: bench.server.connects == 2 and len(bench.server.commands) == 2)

    assert "1009" in next(text for state, text in bench.told.links if state is LinkState.WAITING)
    assert feed.health().rejected == 1


async def test_a_feed_that_was_closed_and_opened_again_asks_for_its_streams(bench: Bench) -> None:
    """Cause: what the closed session had registered was taken for registered still."""
    feed, server = bench.make(), bench.server
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "005930"))
    await feed.close()
    assert [one.state for one in feed.subscriptions()] == [SubscriptionState.WANTED]

    await feed.open()
    await server.until(lambda: len(server.commands) == 2)

    assert server.commands == [("1", "H0STCNT0", "005930")] * 2


async def test_the_state_of_every_stream_and_of_the_connection_is_known(bench: Bench) -> None:
    feed, server = bench.make(), bench.server
    server.answers[("H0STASP0", "000660")] = reply_text(
        "H0STASP0", "000660", code="OPSP8992", rt_cd="1", message="invalid tr_key"
    )
    feed.subscribe(Stream.TICKS, "005930")
    feed.subscribe(Stream.BOOK, "000660")
    assert feed.health().approval is ApprovalState.NONE
    await feed.open()
    await server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "005930"))
    await server.until(lambda: SubscriptionState.REFUSED in bench.told.states(Stream.BOOK, "000660"))
    await server.send(TRADE)
    await server.until(lambda: feed.health().last_data_at is not None)

    first, second = feed.subscriptions()
    figures = feed.health()

    assert (first.state, first.reason) == (SubscriptionState.CONFIRMED, "")
    assert (second.state, second.reason) == (SubscriptionState.REFUSED, "OPSP8992 invalid tr_key")
    assert figures.link is LinkState.CONNECTED
    assert figures.approval is ApprovalState.HELD
    assert (figures.slots_used, figures.slots_total) == (2, 41)
    assert (figures.connects, figures.recent_connects, figures.recent_connects_limit) == (1, 1, 1000)
    assert (figures.messages, figures.rejected, figures.retry_at) == (3, 0, None)


async def test_a_connection_that_is_given_up_is_made_anew_with_its_reason(bench: Bench) -> None:
    feed, server = bench.make(), bench.server
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "005930"))

    feed.restart("005930")
    await server.until(lambda: server.connects == 2 and len(server.commands) == 2)

    assert any("시세가 오지 않습니다 (005930)" in text for _, text in bench.told.links)
    assert feed.health().stall_restarts == 1


async def test_after_a_drop_everything_is_subscribed_again_and_the_gap_is_told_last(bench: Bench) -> None:
    feed, told, server = bench.make(), bench.told, bench.server
    for symbol in ("000001", "000002", "000003"):
        feed.subscribe(Stream.TICKS, symbol)
    feed.subscribe(Stream.NOTICES, "")
    await feed.open()
    await server.until(lambda: told.is_confirmed(Stream.TICKS, "000003"))

    server.clients[0].transport.abort()
    await server.until(lambda: bool(told.gaps))

    assert server.commands[4:] == server.commands[:4]
    assert server.commands[4] == ("1", "H0STCNI0", "USERID01")
    assert told.states(Stream.TICKS, "000002") == [
        *(SubscriptionState.WANTED, SubscriptionState.CONFIRMED),
        *(SubscriptionState.WANTED, SubscriptionState.CONFIRMED),
    ]
    assert bench.link_states() == [
        *(LinkState.CONNECTING, LinkState.CONNECTED, LinkState.WAITING),
        *(LinkState.CONNECTING, LinkState.CONNECTED),
    ]
    assert len(told.gaps) == 1
    assert told.is_confirmed(Stream.TICKS, "000003")


async def test_a_server_that_closes_at_once_sees_ever_rarer_connects(bench: Bench) -> None:
    async def close(server: StreamServer, client: ServerConnection) -> None:
        await client.close(1011, "busy")

    bench.server.greeting = close
    slower = replace(CALM, reconnect=ReconnectPolicy(first_delay=0.02, longest_delay=60.0, jitter=0.0))
    feed = bench.make(timing=slower)
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await bench.server.until(lambda: bench.link_states().count(LinkState.WAITING) == 4)

    assert bench.server.connects == 4
    assert all("1011 busy" in text for state, text in bench.told.links if state is LinkState.WAITING)


async def test_a_connection_on_which_nothing_comes_is_given_up(bench: Bench) -> None:
    feed = bench.make(timing=QUICK)
    await feed.open()
    await bench.server.until(lambda: bool(bench.server.clients))
    # What a half-open connection looks like: the server's machine is gone, nobody answers the ping.
    bench.server.clients[0].transport.pause_reading()

    await bench.server.until(lambda: bench.server.connects == 2)

    assert any("응답하지 않습니다" in text for _, text in bench.told.links)


async def test_a_quiet_connection_that_answers_pings_is_kept(bench: Bench) -> None:
    feed = bench.make(timing=QUICK)
    await feed.open()
    opened_at = feed.last_frame_at

    await bench.server.until(lambda: (feed.last_frame_at or 0.0) - (opened_at or 0.0) > 0.5)

    assert bench.server.connects == 1


async def test_a_refused_approval_key_is_renewed_once(bench: Bench) -> None:
    bench.server.answers["H0STCNT0", "005930"] = reply_text(
        "(null)", "", code="OPSP0011", rt_cd="9", message="invalid approval : NOT FOUND"
    )
    feed = bench.make()
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await bench.server.until(lambda: bench.server.connects == 4)

    assert bench.approval.invalidated == 1
    assert bench.server.approval_keys[:2] == ["approval-0", "approval-1"]


async def test_a_key_in_use_elsewhere_is_explained(bench: Bench) -> None:
    bench.server.answers["H0STCNT0", "005930"] = reply_text(
        "(null)", "", code="OPSP8996", rt_cd="9", message="ALREADY IN USE appkey"
    )
    feed = bench.make()
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await bench.server.until(lambda: bench.server.connects == 2)

    assert bench.approval.invalidated == 0
    assert any(
        state is LinkState.WAITING and "다른 곳에서" in text and "OPSP8996" in text
        for state, text in bench.told.links
    )


async def test_wrong_keys_are_given_up(bench: Bench, expect_log: ExpectLog) -> None:
    expect_log(r"feed stopped: access_refused")
    bench.approval.error = AccessRefused("앱키가 거부되었습니다.")
    feed = bench.make()
    await feed.open()

    await bench.server.until(lambda: LinkState.CLOSED in bench.link_states())

    assert bench.server.connects == 0
    assert "앱키가 거부되었습니다." in bench.told.links[-1][1]
    bench.approval.error = None
    await feed.open()
    assert bench.link_states()[-1] is LinkState.CONNECTED


async def test_an_approval_key_that_cannot_be_had_now_is_asked_for_again(bench: Bench) -> None:
    bench.approval.error = BrokerUnreachable("응답 없음")
    feed = bench.make()
    await feed.open()
    assert bench.link_states()[-1] is LinkState.WAITING

    bench.approval.error = None
    await bench.server.until(lambda: bench.server.connects == 1)


async def test_a_first_connection_that_comes_late_counts_as_a_gap(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kis_terminal.adapters.kis.feed._LATE_SECONDS", 0.1)
    bench.approval.error = BrokerUnreachable("no answer")
    feed = bench.make()
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await asyncio.sleep(0.15)
    bench.approval.error = None
    await bench.server.until(lambda: bool(bench.told.gaps))

    assert (bench.server.connects, len(bench.told.gaps)) == (1, 1)


async def test_no_server_at_all_is_waited_for(bench: Bench) -> None:
    await bench.make(url="ws://127.0.0.1:1").open()

    assert bench.link_states()[-1] is LinkState.WAITING


async def test_one_refused_stream_among_many_is_the_only_one_marked(bench: Bench) -> None:
    bench.server.answers["H0STCNT0", "BADKEY"] = reply_text(
        "H0STCNT0", "BADKEY", code="OPSP8993", rt_cd="1", message="INVALID tr_key"
    )
    bench.server.answers["H0STCNT0", "DOUBLE"] = reply_text(
        "H0STCNT0", "DOUBLE", code="OPSP0002", rt_cd="1", message="ALREADY IN SUBSCRIBE"
    )
    bench.server.answers["H0STCNT0", "FORTY2"] = reply_text(
        "H0STCNT0", "FORTY2", code="OPSP0008", rt_cd="1", message="MAX SUBSCRIBE OVER"
    )
    feed, told = bench.make(), bench.told
    for symbol in ("BADKEY", "DOUBLE", "FORTY2", "005930"):
        feed.subscribe(Stream.TICKS, symbol)
    await feed.open()
    await bench.server.until(lambda: told.is_confirmed(Stream.TICKS, "005930"))

    assert told.states(Stream.TICKS, "BADKEY")[-1] is SubscriptionState.REFUSED
    assert told.states(Stream.TICKS, "DOUBLE")[-1] is SubscriptionState.CONFIRMED
    assert told.states(Stream.TICKS, "FORTY2")[-1] is SubscriptionState.REFUSED
    assert "한도" in next(text for _, symbol, _, text in told.subscriptions if symbol == "FORTY2" and text)
    assert feed.slots_used == 3
    assert len(bench.server.commands) == 4


async def test_a_wrong_hts_id_answered_without_tr_id_marks_the_notices(bench: Bench) -> None:
    bench.server.answers["H0STCNI0", "USERID01"] = reply_text(
        "(null)", "", code="OPSP0017", rt_cd="9", message="INVALID tr_key"
    )
    feed = bench.make()
    feed.subscribe(Stream.NOTICES, "")
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "005930"))

    assert bench.told.states(Stream.NOTICES, "")[-1] is SubscriptionState.REFUSED
    assert any("HTS ID" in text for *_, text in bench.told.subscriptions)
    assert bench.server.connects == 1


async def test_an_unanswered_command_does_not_hold_up_the_others(bench: Bench) -> None:
    bench.server.answers["H0STCNT0", "SILENT"] = None
    feed = bench.make()
    feed.subscribe(Stream.TICKS, "SILENT")
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "005930"))
    assert set(bench.told.states(Stream.TICKS, "SILENT")) == {SubscriptionState.WANTED}

    await bench.server.send(reply_text("H0STCNT0", "SILENT"))
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "SILENT"))


async def test_the_last_watcher_frees_the_slot_after_the_grace(bench: Bench) -> None:
    feed = bench.make()
    feed.subscribe(Stream.TICKS, "005930")
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "005930"))

    feed.unsubscribe(Stream.TICKS, "005930")
    feed.unsubscribe(Stream.TICKS, "005930")
    assert feed.slots_used == 2
    await bench.server.until(lambda: len(bench.server.commands) == 2)

    assert bench.server.commands[1] == ("2", "H0STCNT0", "005930")
    assert feed.slots_used == 1


async def test_the_42nd_registration_is_refused_here_and_the_rest_is_subscribed(bench: Bench) -> None:
    feed = bench.make()
    feed.subscribe(Stream.NOTICES, "")
    for number in range(40):
        feed.subscribe(Stream.TICKS, f"{number:06}")
    with pytest.raises(CorrectionNeeded):
        feed.subscribe(Stream.TICKS, "005930")

    await feed.open()
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "000039"))

    assert len(bench.server.commands) == 41
    assert (feed.slots_used, feed.slots_total) == (41, 41)


async def test_a_bug_in_a_listener_is_reported_and_the_connection_made_anew(bench: Bench) -> None:
    def fail(ticks: Sequence[Tick]) -> None:
        raise ZeroDivisionError

    feed = bench.make(listener=replace(bench.told.listener(), on_ticks=fail))
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "005930"))

    await bench.server.send(TRADE)
    await bench.server.until(lambda: bench.server.connects == 2)

    assert [(name, type(error)) for name, error in bench.failures] == [("kis-feed:reader", ZeroDivisionError)]


async def test_a_bug_between_connections_is_reported_and_the_feed_goes_on(bench: Bench) -> None:
    usual = bench.told.listener()
    is_broken = True

    def fail_once(state: LinkState, text: str) -> None:
        nonlocal is_broken
        usual.on_link(state, text)
        if state is LinkState.CONNECTED and is_broken:
            is_broken = False
            raise ZeroDivisionError

    feed = bench.make(listener=replace(usual, on_link=fail_once))
    feed.subscribe(Stream.TICKS, "005930")
    await feed.open()
    await bench.server.until(lambda: bool(bench.failures))
    assert bench.link_states()[-1] is LinkState.WAITING
    await bench.server.until(lambda: bench.told.is_confirmed(Stream.TICKS, "005930"))

    assert bench.failures[0][0] == "kis-feed"
    assert bench.server.connects == 2


async def test_a_feed_that_waits_after_a_bug_may_be_closed(bench: Bench) -> None:
    usual = bench.told.listener()

    def fail(state: LinkState, text: str) -> None:
        usual.on_link(state, text)
        if state is LinkState.CONNECTED:
            raise ZeroDivisionError

    feed = bench.make(listener=replace(usual, on_link=fail))
    await feed.open()
    await bench.server.until(lambda: bool(bench.failures))
    await feed.close()
    await asyncio.sleep(1.2)

    assert (bench.link_states()[-1], bench.server.connects) == (LinkState.CLOSED, 1)


async def test_close_ends_all_tasks_and_may_be_called_twice_and_in_a_wait(bench: Bench) -> None:
    before = asyncio.all_tasks()
    feed = bench.make(
        url="ws://127.0.0.1:1", timing=replace(CALM, reconnect=ReconnectPolicy(first_delay=50.0))
    )
    await feed.open()

    await feed.close()
    await feed.close()

    assert asyncio.all_tasks() == before
    assert bench.link_states()[-1] is LinkState.CLOSED


async def test_no_log_line_holds_the_approval_key(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        feed = bench.make()
        feed.subscribe(Stream.NOTICES, "")
        await feed.open()
        await bench.server.until(lambda: bench.told.is_confirmed(Stream.NOTICES, ""))
        await feed.close()

    ours = [record for record in caplog.records if record.name.startswith("kis_terminal")]
    assert not [
        record for record in ours if "approval-0" in record.getMessage() or KEY in record.getMessage()
    ]


async def test_a_burst_over_41_symbols_loses_nothing(bench: Bench) -> None:
    feed = bench.make()
    await feed.open()
    await bench.server.until(lambda: bool(bench.server.clients))
    symbols = [f"{number:06}" for number in range(41)]

    for number in range(8_200):
        row = trade_row(symbol=symbols[number % 41], volume=str(number + 1))
        await bench.server.send(f"0|H0STCNT0|001|{row}")
        if number == 4_000:
            await bench.server.send(f"0|H0STCNI0|001|{NOTICE_23}")
    await bench.server.until(lambda: len(bench.told.ticks) == 8_200, seconds=60)

    assert [tick.volume for tick in bench.told.ticks] == list(range(1, 8_201))
    assert len(bench.told.notices) == 1
