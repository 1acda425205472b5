"""`sim --replay`: the program sees again what it saw when it recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kis_terminal.adapters.simulator.options import SimulatorOptions, read_options
from kis_terminal.adapters.simulator.replay.recorded_answers import RecordedAnswers
from kis_terminal.adapters.simulator.replay.recorded_session import open_session
from kis_terminal.adapters.simulator.server import SimulatorServer
from kis_terminal.adapters.simulator.wire.answers import WireRefusal
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.errors import OrderRefused, TerminalError
from kis_terminal.domain.orders import OrderKind, OrderRequest, Origin, Side, Venue
from kis_terminal.domain.recording import (
    FrameRecord,
    RecordingHeader,
    RestRecord,
    header_line,
    record_line,
)
from kis_terminal.ports import BookUpdate, Stream
from tests.support.exchange import running_exchange
from tests.support.recorded import Session, session
from tests.support.shared import shared_path

_SYMBOLS = ("005930", "000660", "069500")
_STREAMS = [(stream, symbol) for symbol in _SYMBOLS for stream in (Stream.TICKS, Stream.BOOK)]
_HEADER = RecordingHeader("20261120090000", 1, "sim", "2026-11-20T09:00:00+09:00")
_BUY = OrderRequest("1", "005930", Side.BUY, OrderKind.MARKET, 1, None, Venue.KRX, Origin.ORDER_ENTRY)


async def until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.01)


async def subscribed(live: Session) -> None:
    """Ask for the streams and wait until all are confirmed."""
    for stream, symbol in _STREAMS:
        live.feed.subscribe(stream, symbol)
    await live.feed.open()
    await until(lambda: len(live.confirmed) == len(_STREAMS))


def ticks_of(live: Session, symbol: str) -> list[tuple[object, ...]]:
    return [
        (one.seconds, one.price, one.size, one.volume, one.details)
        for one in live.ticks
        if one.symbol == symbol
    ]


def books_of(books: Sequence[BookUpdate], symbol: str) -> list[object]:
    return [one.decode() for one in books if one.symbol == symbol]


def playing(path: Path, speed: float = 10.0) -> SimulatorOptions:
    return SimulatorOptions(replay=path, speed=speed, is_limited=False)


def write_recording(path: Path, *records: RestRecord | FrameRecord) -> Path:
    path.write_text(header_line(_HEADER) + "".join(map(record_line, records)), encoding="utf-8")
    return path


async def test_a_recorded_session_is_seen_again_exactly_at_ten_times_its_speed(tmp_path: Path) -> None:
    path = tmp_path / "session.kisrec"
    today = SystemClock().now().date()
    lively = SimulatorOptions(seed=7, speed=4.0, is_limited=False)
    async with running_exchange(lively) as exchange, session(exchange.access(), path) as before:
        await subscribed(before)
        await until(lambda: len(before.ticks) > 60 and len(before.books) > 60)
        quote = await before.broker.quote("000660")
        orders = await before.broker.orders(today)

    async with (
        running_exchange(playing(path)) as exchange,
        session(exchange.access(cano="50000777")) as after,
    ):
        await subscribed(after)
        assert exchange.server.replay is not None
        await until(lambda: exchange.server.replay is not None and exchange.server.replay.has_ended)
        await until(lambda: len(after.books) >= len(before.books))
        again = await after.broker.quote("000660")
        orders_again = await after.broker.orders(today)
        with pytest.raises(TerminalError, match="재생 중인 기록에 이 조회의 응답이 없습니다"):
            await after.broker.quote("035720")
        with pytest.raises(OrderRefused, match="기록 재생 중에는 주문할 수 없습니다"):
            await after.broker.place(_BUY)

    assert (before.feed.counters.joined, after.feed.counters.rejected) == (0, 0)
    for symbol in _SYMBOLS:
        assert ticks_of(after, symbol) == ticks_of(before, symbol)
        assert books_of(after.books, symbol) == books_of(before.books, symbol)
    assert again == quote
    assert orders_again == orders == []


async def test_a_plain_text_of_raw_frames_is_played_at_a_steady_pace() -> None:
    path = shared_path("kis-api/samples/frames.txt")
    async with running_exchange(playing(path)) as exchange, session(exchange.access()) as live:
        for symbol in ("005930", "000660"):
            for stream in (Stream.TICKS, Stream.BOOK):
                live.feed.subscribe(stream, symbol)
        await live.feed.open()
        await until(lambda: exchange.server.replay is not None and exchange.server.replay.has_ended)
        await until(lambda: {book.symbol for book in live.books} == {"005930", "000660"})

    assert {tick.symbol for tick in live.ticks} == {"005930", "000660"}
    assert live.feed.counters.rejected == 0


async def test_a_symbol_that_only_the_recording_knows_can_be_found_and_received(tmp_path: Path) -> None:
    fields = ["0999Z9", "101500", "12345", *["0"] * 44]
    named = {"output": [{"mksc_shrn_iscd": "0999Z9", "hts_kor_isnm": "새로운회사 "}], "rt_cd": "0"}
    path = write_recording(
        tmp_path / "one.kisrec",
        RestRecord(0.1, "t", "GET", "/x", "FHPST01710000", {}, 200, named),
        FrameRecord(0.5, "t", f"0|H0STCNT0|001|{'^'.join(fields)}"),
    )
    async with running_exchange(playing(path)) as exchange, session(exchange.access()) as live:
        live.feed.subscribe(Stream.TICKS, "0999Z9")
        await live.feed.open()
        await until(lambda: bool(live.ticks))
        listing = exchange.server.venue.exchange.listing("0999Z9")

    assert [(tick.symbol, int(tick.price)) for tick in live.ticks] == [("0999Z9", 12_345)]
    assert listing is not None
    assert listing.name == "새로운회사"


def recorded(at: float, values: dict[str, str], mark: str, tr_id: str = "TTTC0081R") -> RestRecord:
    return RestRecord(at, "t", "GET", "/path", tr_id, values, 200, {"rt_cd": "0", "mark": mark})


def test_the_newest_answer_of_the_moment_is_given_and_before_the_first_the_first() -> None:
    answers = RecordedAnswers()
    for at, mark in ((1.0, "first"), (2.0, "second"), (3.0, "third")):
        answers.add(recorded(at, {"fid_input_iscd": "005930"}, mark))

    def at(moment: float) -> object:
        return answers.answer("GET", "/path", "TTTC0081R", {"FID_INPUT_ISCD": "005930"}, moment).body["mark"]

    assert [at(moment) for moment in (0.5, 1.0, 2.9, 9.0)] == ["first", "first", "second", "third"]


def test_accounts_and_the_days_date_do_not_hinder_an_answer_and_other_parameters_do() -> None:
    answers = RecordedAnswers()
    answers.add(recorded(1.0, {"CANO": "90000001", "DAY": "20261120", "SIDE": "00"}, "old", "VTTC0081R"))

    found = answers.answer(
        "GET", "/path", "TTTC0081R", {"CANO": "50000101", "DAY": "20261123", "SIDE": "00"}, 2.0
    )

    assert found.body["mark"] == "old"
    with pytest.raises(WireRefusal):
        answers.answer("GET", "/path", "TTTC0081R", {"DAY": "20261120", "SIDE": "01"}, 2.0)
    with pytest.raises(WireRefusal):
        answers.answer("GET", "/other", "TTTC0081R", {"DAY": "20261120", "SIDE": "00"}, 2.0)


def test_a_time_that_was_not_asked_for_gets_the_answer_for_the_nearest() -> None:
    answers = RecordedAnswers()
    for hour, mark in (("093000", "early"), ("103000", "late")):
        answers.add(recorded(1.0, {"FID_INPUT_ISCD": "005930", "FID_INPUT_HOUR_1": hour}, mark))

    def at(symbol: str, hour: str) -> object:
        values = {"FID_INPUT_ISCD": symbol, "FID_INPUT_HOUR_1": hour}
        return answers.answer("GET", "/path", "TTTC0081R", values, 2.0).body["mark"]

    assert [at("005930", hour) for hour in ("093000", "100100", "152000")] == ["early", "late", "late"]
    with pytest.raises(WireRefusal):
        at("005940", "093000")


def test_a_recorded_order_is_never_answered_as_if_it_were_taken() -> None:
    answers = RecordedAnswers()
    answers.add(RestRecord(1.0, "t", "POST", "/order-cash", "TTTC0012U", {}, 200, {"rt_cd": "0"}))

    with pytest.raises(WireRefusal) as refused:
        answers.answer("POST", "/order-cash", "TTTC0012U", {}, 2.0)

    assert refused.value.answer.body["rt_cd"] == "7"


def test_the_later_parts_of_a_session_are_played_after_the_first(tmp_path: Path) -> None:
    for part, name in ((1, "s.kisrec"), (2, "s-2.kisrec"), (3, "s-3.kisrec")):
        header = RecordingHeader("other" if part == 3 else _HEADER.session, part, "sim", _HEADER.started)
        frame = FrameRecord(float(part), "t", f"0|H0STCNT0|001|005930^{part}^70000")
        (tmp_path / name).write_text(header_line(header) + record_line(frame), encoding="utf-8")

    assert [frame.at for frame in open_session(tmp_path / "s.kisrec").frames()] == [1.0, 2.0]
    assert [frame.at for frame in open_session(tmp_path / "s-2.kisrec").frames()] == [2.0]


def test_a_torn_recording_is_played_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "torn.kisrec", FrameRecord(1.0, "t", "0|H0STCNT0|001|005930^1^70000"))
    path.write_text(path.read_text(encoding="utf-8") + '{"kind":"frame","at":2.0,"ti', encoding="utf-8")

    assert len(list(open_session(path).frames())) == 1


@pytest.mark.parametrize("content", ["", "# nothing\n", "{}\n", '{"kis_recording":99}\n', "\x1f\x8bbroken"])
def test_a_file_that_cannot_be_played_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "wrong"
    path.write_text(content, encoding="latin-1")

    with pytest.raises(OSError, match="--replay"):
        SimulatorServer(playing(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Cause: the line on the screen was "No such file or directory" and named none."""
    with pytest.raises(OSError, match=r"--replay .*absent"):
        SimulatorServer(playing(tmp_path / "absent"))


def test_a_replay_goes_with_no_other_market() -> None:
    with pytest.raises(SystemExit):
        read_options(["--replay", "x", "--bars", "y"])
