"""Typed streams: what a person reads in a real frame is what the program has."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.kis.frames import StreamFrame, parse
from kis_terminal.adapters.kis.memo import NumberMemo
from kis_terminal.adapters.kis.notices import NoticeReader, read_notices
from kis_terminal.adapters.kis.realtime import RealtimeDecoder, runs_of_one_symbol
from kis_terminal.adapters.kis.stream_columns import BOOK, NOTICE, STATUS, TRADE, StreamColumns
from kis_terminal.domain.errors import FrameError
from kis_terminal.domain.market import Tick
from kis_terminal.domain.orders import NoticeKind, PendingChange, Side
from tests.support.leftovers import ExpectLog
from tests.support.shared import shared_path
from tests.support.stream_server import IV, KEY, sealed

TRADE_ROW = (
    "005930^093354^71900^5^-100^-0.14^72023.83^72100^72400^71700^71900^71800^1^3052507^219853241700^5105^6937"
    "^1832^84.90^1366314^1159996^1^0.39^20.28^090020^5^-200^090820^5^-500^092619^2^200^20230612^20^N^65945"
    "^216924^1118750^2199206^0.05^2424142^125.92^0^^72100"
)
BOOK_ROW = (
    "000660^103925^0^1996000^1997000^1998000^1999000^2000000^2001000^2002000^2003000^2004000^2005000^1995000"
    "^1994000^1993000^1992000^1991000^1990000^1989000^1988000^1987000^1986000^49^576^1520^739^398^372^347^343"
    "^130^279^30^104^69^188^138^122^503^973^599^1527^4753^4253^0^0^0^0^79564^-2180000^5^-100.00^2388421^-275"
    "^1483^0^0^0"
)
NOTICE_23 = (
    "USERID01^1234567801^0000002891^^02^0^00^0^136480^0000000001^000003190^094941^0^2^2^06010^000000001"
    "^홍길동^하림^10^^하림^000000000"
)
NOTICE_26 = (
    "USERID01^1234567801^0000002892^0000002891^01^2^00^0^005930^0000000007^000071900^101112^0^1^1^06010"
    "^000000010^홍길동^000000000^1^Y^^10^^삼성전자^000071900"
)


def lines(tr_id: str) -> list[str]:
    """Return the real frames of a TR, decrypted notices as plain ones."""
    text = Path(shared_path("kis-api/samples/frames.txt")).read_text(encoding="utf-8")
    found = [line.replace("DECRYPTED|", "0|") for line in text.splitlines()]
    return [line for line in found if line.startswith(f"0|{tr_id}|")]


def frame_of(text: str) -> StreamFrame:
    frame = parse(text)
    assert isinstance(frame, StreamFrame)
    return frame


def trade_row(**changes: str) -> str:
    """Return a trade record with some columns, named as ours, replaced."""
    fields = TRADE_ROW.split("^")
    for index, _, name in TRADE.columns:
        fields[index] = changes.get(name, fields[index])
    return "^".join(fields)


@pytest.fixture
def decoder() -> RealtimeDecoder:
    return RealtimeDecoder()


def test_the_trade_that_kis_prints_reads_as_a_person_reads_it(decoder: RealtimeDecoder) -> None:
    tick = decoder.one_tick(lines("H0STCNT0")[0])

    assert (tick.symbol, tick.seconds) == ("005930", 9 * 3600 + 33 * 60 + 54)
    assert (tick.price, tick.size, tick.volume) == (Decimal(71900), 1, 3052507)
    assert (tick.change, tick.change_rate) == (Decimal(-100), Decimal("-0.14"))
    assert (tick.open, tick.high, tick.low) == (Decimal(72100), Decimal(72400), Decimal(71700))
    assert (tick.ask, tick.bid) == (Decimal(71900), Decimal(71800))
    assert (tick.turnover, tick.strength) == (219853241700, Decimal("84.90"))
    assert (tick.aggressor, tick.is_halted) == (1, False)


def test_the_live_trades_of_july_2026_read_as_a_person_reads_them(decoder: RealtimeDecoder) -> None:
    ticks = [decoder.one_tick(line) for line in lines("H0STCNT0")[1:]]

    assert [tick.symbol for tick in ticks] == ["000660"] * 3
    assert [tick.size for tick in ticks] == [20, 6, 1]
    assert [tick.volume for tick in ticks] == [2388396, 2388402, 2388403]
    assert {tick.price for tick in ticks} == {Decimal(1996000)}
    assert {tick.change for tick in ticks} == {Decimal(-184000)}
    assert {tick.aggressor for tick in ticks} == {-1}


def test_both_live_order_books_read_as_a_person_reads_them(decoder: RealtimeDecoder) -> None:
    first, second = (decoder.one_book(line) for line in lines("H0STASP0"))

    book = first.decode()
    assert (book.symbol, book.seconds) == ("005930", 9 * 3600 + 37 * 60 + 30)
    assert book.ask_prices == tuple(Decimal(price) for price in range(71900, 72900, 100))
    assert book.bid_prices == tuple(Decimal(price) for price in range(71800, 70800, -100))
    assert (book.ask_sizes[0], book.ask_sizes[9]) == (91918, 104229)
    assert (book.bid_sizes[0], book.bid_sizes[9]) == (95221, 158171)
    assert (book.total_ask_size, book.total_bid_size) == (1159362, 2095167)
    assert (book.expected_price, book.expected_size) == (None, 0)
    newer = second.decode()
    assert newer.symbol == second.symbol == "000660"
    assert (newer.ask_prices[0], newer.ask_sizes[0]) == (Decimal(1996000), 49)
    assert (newer.bid_prices[0], newer.bid_sizes[0]) == (Decimal(1995000), 30)
    assert (newer.total_ask_size, newer.total_bid_size) == (4753, 4253)
    assert second.decode() is newer


def test_a_book_with_the_same_ladder_has_its_own_sizes(decoder: RealtimeDecoder) -> None:
    first = decoder.one_book(f"0|H0STASP0|001|{BOOK_ROW}").decode()

    second = decoder.one_book(f"0|H0STASP0|001|{BOOK_ROW.replace('^49^576^', '^50^0^')}").decode()
    moved = decoder.one_book(f"0|H0STASP0|001|{BOOK_ROW.replace('^1996000^', '^1995500^')}").decode()

    assert second.ask_prices == first.ask_prices
    assert (second.ask_sizes[:2], first.ask_sizes[:2]) == ((50, 0), (49, 576))
    assert (moved.ask_prices[0], moved.ask_sizes) == (Decimal(1995500), first.ask_sizes)


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["005930", "069500"]),
            st.integers(min_value=95, max_value=105),  # the length of the ladder's text changes at 10,000
            st.lists(st.integers(min_value=-1, max_value=10**7), min_size=22, max_size=22),
        ),
        max_size=12,
    )
)
def test_ladders_that_come_back_are_read_as_if_they_were_new(
    steps: list[tuple[str, int, list[int]]],
) -> None:
    """The memory of ladders changes nothing, whatever comes after whatever."""
    remembers = RealtimeDecoder()
    for symbol, level, sizes in steps:
        prices = [level * 100 + 10 * step for step in range(1, 11)]
        prices += [level * 100 - 10 * step for step in range(10)]
        tail = "0^0^0^0^525579^-72000^5^-100.00^3159115^0^8^0^0"
        text = "^".join(["0|H0STASP0|001|" + symbol, "093000", "0", *map(str, [*prices, *sizes]), tail])
        forgets = RealtimeDecoder()
        if min(sizes) < 0:
            for decoder in (remembers, forgets):
                with pytest.raises(FrameError):
                    decoder.order_book(text, symbol)
            continue
        book = remembers.order_book(text, symbol)
        assert book == forgets.order_book(text, symbol)
        assert [*book.ask_prices, *book.bid_prices] == prices
        assert [*book.ask_sizes, *book.bid_sizes, book.total_ask_size, book.total_bid_size] == sizes


def test_in_an_auction_the_book_has_three_levels_and_the_expected_price(decoder: RealtimeDecoder) -> None:
    fields = BOOK_ROW.split("^")
    fields[2] = "B"
    for index in (*range(6, 13), *range(16, 23), *range(26, 33), *range(36, 43)):
        fields[index] = "0"
    fields[47], fields[48] = "1995500", "1234"

    book = decoder.one_book("0|H0STASP0|001|" + "^".join(fields)).decode()

    assert (len(book.asks), len(book.bids)) == (3, 3)
    assert (book.expected_price, book.expected_size) == (Decimal(1995500), 1234)


def test_the_market_status_of_kis_reads_as_a_person_reads_it(decoder: RealtimeDecoder) -> None:
    [status] = decoder.statuses(frame_of(lines("H0STMKO0")[0]))

    assert (status.symbol, status.is_halted, status.is_vi) == ("396300", False, False)
    assert (status.reason, status.code, status.expected_code) == ("", "", "311")


def test_a_halt_with_volatility_interruption_is_told(decoder: RealtimeDecoder) -> None:
    [status] = decoder.statuses(frame_of("0|H0STMKO0|001|005930^Y^풍문^164^^^^55^Y^N^1"))

    assert (status.is_halted, status.is_vi, status.reason, status.code) == (True, True, "풍문", "164")


def test_both_notices_that_kis_prints_read_as_a_person_reads_them() -> None:
    receipt, fill = (
        read_notices(frame.tr_id, frame.payload, 1)[0] for frame in map(frame_of, lines("H0STCNI0"))
    )

    assert receipt.order_number == fill.order_number == "0000002891"
    assert receipt.name == fill.name == "하림"
    assert receipt.symbol == fill.symbol == "136480"
    assert receipt.side is fill.side is Side.BUY
    assert (receipt.kind, fill.kind) == (NoticeKind.RECEIPT, NoticeKind.FILL)
    assert (receipt.quantity, receipt.price, receipt.order_quantity) == (1, Decimal(0), 1)
    assert (fill.quantity, fill.price, fill.seconds) == (1, Decimal(3190), 9 * 3600 + 49 * 60 + 41)
    assert (fill.change, fill.original_number) == (PendingChange.NONE, "")


def test_a_notice_of_26_columns_has_the_name_at_its_own_place() -> None:
    [notice] = read_notices("H0STCNI0", NOTICE_26, 1)

    assert (notice.name, notice.symbol) == ("삼성전자", "005930")
    assert (notice.side, notice.change) == (Side.SELL, PendingChange.CANCEL)
    assert (notice.original_number, notice.quantity, notice.order_quantity) == ("0000002891", 7, 10)


@pytest.mark.parametrize(
    ("refused", "executed", "accepted", "kind"),
    [
        ("0", "1", "1", NoticeKind.RECEIPT),
        ("0", "1", "2", NoticeKind.RECEIPT),
        ("1", "1", "1", NoticeKind.REJECT),
        ("0", "2", "2", NoticeKind.FILL),
        ("0", "1", "3", NoticeKind.LEFTOVER_CANCELLED),
    ],
)
def test_kinds_of_notices(refused: str, executed: str, accepted: str, kind: NoticeKind) -> None:
    fields = NOTICE_23.split("^")
    fields[12:15] = [refused, executed, accepted]

    assert read_notices("H0STCNI9", "^".join(fields), 1)[0].kind is kind


def test_notices_wait_for_their_key_in_order() -> None:
    reader = NoticeReader()
    frames = [StreamFrame("H0STCNI0", True, 1, sealed(row)) for row in (NOTICE_26, NOTICE_23)]

    assert [reader.read(frame) for frame in frames] == [[], []]
    kept = reader.take_key(KEY, IV)

    assert [reader.read(frame)[0].name for frame in kept] == ["삼성전자", "하림"]
    assert reader.waiting == 0


def test_a_notice_under_the_key_before_is_still_read() -> None:
    reader = NoticeReader()
    reader.take_key(KEY, IV)
    reader.take_key(KEY[::-1], IV)

    assert reader.read(StreamFrame("H0STCNI0", True, 1, sealed(NOTICE_23)))[0].name == "하림"


def test_a_notice_under_a_wrong_key_raises_and_quotes_nothing() -> None:
    reader = NoticeReader()
    reader.take_key("z" * 32, IV)

    with pytest.raises(FrameError) as caught:
        reader.read(StreamFrame("H0STCNI0", True, 1, sealed(NOTICE_23)))

    assert "홍길동" not in str(caught.value)


def test_two_notices_in_one_frame_are_both_read() -> None:
    assert len(read_notices("H0STCNI0", f"{NOTICE_23}^{NOTICE_23}", 2)) == 2


@pytest.mark.parametrize("index", [2, 4, 5, 9, 10, 11])
def test_a_notice_with_an_unreadable_column_raises_and_quotes_nothing_private(index: int) -> None:
    fields = NOTICE_23.split("^")
    fields[index] = "?!"

    with pytest.raises(FrameError) as caught:
        read_notices("H0STCNI0", "^".join(fields), 1)

    assert "홍길동" not in str(caught.value)
    assert "1234567801" not in str(caught.value)


# -- several records, more and fewer columns ----------------------------------------------------------------


@pytest.mark.parametrize("width", [46, 47])
@pytest.mark.parametrize("count", [1, 2, 10, 20, 100])
def test_every_record_of_a_frame_is_a_tick(decoder: RealtimeDecoder, width: int, count: int) -> None:
    more = "^2" * (width - 46)
    rows = [trade_row(size=str(number + 1), volume=str(1000 + number)) + more for number in range(count)]

    ticks = decoder.ticks(frame_of(f"0|H0STCNT0|{count:03}|" + "^".join(rows)))

    assert [tick.size for tick in ticks] == list(range(1, count + 1))
    assert [tick.volume for tick in ticks] == list(range(1000, 1000 + count))
    assert {tick.details.strength for tick in ticks} == {Decimal("84.90")}
    assert {(tick.open, tick.bid, tick.aggressor) for tick in ticks} == {(Decimal(72100), Decimal(71800), 1)}


def test_a_single_tick_is_the_same_by_both_ways(decoder: RealtimeDecoder) -> None:
    text = f"0|H0STCNT0|001|{TRADE_ROW}"

    assert decoder.one_tick(text) == decoder.ticks(frame_of(text))[0]


@pytest.mark.parametrize("fields", [1, 15, 45, 92, 460])
def test_a_trade_of_too_few_or_too_many_fields_raises(decoder: RealtimeDecoder, fields: int) -> None:
    row = "^".join((TRADE_ROW.split("^") * 10)[:fields])

    with pytest.raises(FrameError):
        decoder.one_tick(f"0|H0STCNT0|001|{row}")


def test_460_fields_are_ten_records(decoder: RealtimeDecoder) -> None:
    assert len(decoder.ticks(frame_of("0|H0STCNT0|010|" + "^".join([TRADE_ROW] * 10)))) == 10


@pytest.mark.parametrize("count", ["001", "005", "009", "011", "020"])
def test_a_lying_count_raises(decoder: RealtimeDecoder, count: str) -> None:
    with pytest.raises(FrameError):
        decoder.ticks(frame_of(f"0|H0STCNT0|{count}|" + "^".join([TRADE_ROW] * 10)))


def test_unknown_columns_at_the_end_warn_once(decoder: RealtimeDecoder, expect_log: ExpectLog) -> None:
    expect_log(r"H0STCNT0: records have 49 columns")

    ticks = [decoder.one_tick(f"0|H0STCNT0|001|{TRADE_ROW}^2^x^y") for _ in range(3)]

    assert {tick.price for tick in ticks} == {Decimal(71900)}
    assert {tick.strength for tick in ticks} == {Decimal("84.90")}


@pytest.mark.parametrize("width", [59, 62, 63])
def test_books_of_all_known_widths_read_the_same(decoder: RealtimeDecoder, width: int) -> None:
    row = BOOK_ROW + "^7" * (width - 59)

    single = decoder.one_book(f"0|H0STASP0|001|{row}").decode()
    double = [book.decode() for book in decoder.books(frame_of(f"0|H0STASP0|002|{row}^{row}"))]

    assert double == [single, single]
    assert single.total_bid_size == 4253


@pytest.mark.parametrize("width", [58, 118])
def test_a_book_of_a_wrong_width_raises(decoder: RealtimeDecoder, width: int) -> None:
    with pytest.raises(FrameError):
        decoder.one_book("0|H0STASP0|001|" + "^".join((BOOK_ROW.split("^") * 2)[:width]))


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("price", "nan"),
        ("price", "-nan"),
        ("price", ""),
        ("price", "1e5"),
        ("price", "7 1900"),
        ("price", "７１９００"),
        ("price", "9" * 5000),
        ("size", "-1"),
        ("size", "1_0"),
        ("size", "1.5"),
        ("volume", "-5"),
        ("volume", ""),
        ("volume", "9" * 5000),
        ("seconds", "240000"),
        ("seconds", "0933"),
        ("symbol", ""),
        ("symbol", "(null)"),
    ],
)
def test_a_trade_that_bars_could_not_use_raises_and_names_the_column(
    decoder: RealtimeDecoder, column: str, text: str
) -> None:
    wire_name = next(wire for _, wire, ours in TRADE.columns if ours == column)

    with pytest.raises(FrameError, match=f"H0STCNT0 {wire_name}"):
        decoder.one_tick(f"0|H0STCNT0|001|{trade_row(**{column: text})}")


def test_one_bad_record_does_not_cost_the_others(decoder: RealtimeDecoder, expect_log: ExpectLog) -> None:
    expect_log(r"left out: H0STCNT0 CNTG_VOL")
    rows = [trade_row(size="1"), trade_row(size="x"), trade_row(size="3")]

    ticks = decoder.ticks(frame_of("0|H0STCNT0|003|" + "^".join(rows)))

    assert [tick.size for tick in ticks] == [1, 3]


def test_an_unreadable_figure_is_zero_and_logged_once(
    decoder: RealtimeDecoder, expect_log: ExpectLog
) -> None:
    expect_log(r"H0STCNT0: column CTTR: 'nan' is not a number")

    ticks = [decoder.one_tick(f"0|H0STCNT0|001|{trade_row(strength='nan')}") for _ in range(3)]

    assert {tick.strength for tick in ticks} == {Decimal(0)}
    assert {tick.ask for tick in ticks} == {Decimal(71900)}


def test_an_unreadable_book_has_no_levels_and_is_logged(
    decoder: RealtimeDecoder, expect_log: ExpectLog
) -> None:
    expect_log(r"H0STASP0: H0STASP0 ASKP_RSQN2")
    update = decoder.one_book(f"0|H0STASP0|001|{BOOK_ROW.replace('^576^', '^-576^')}")

    book = update.decode()

    assert (book.symbol, book.asks, book.bids) == ("000660", [], [])
    assert update.decode() is book


@pytest.mark.parametrize(("sign", "change"), [("4", "100"), ("5", "100"), ("5", "-100")])
def test_a_fall_is_negative_whether_the_wire_signs_it_or_not(
    decoder: RealtimeDecoder, sign: str, change: str
) -> None:
    tick = decoder.one_tick(f"0|H0STCNT0|001|{trade_row(sign=sign, change=change, change_rate='-0.14')}")

    assert (tick.change, tick.change_rate) == (Decimal(-100), Decimal("-0.14"))


def test_symbols_with_letters_are_symbols(decoder: RealtimeDecoder) -> None:
    assert decoder.one_tick(f"0|H0STCNT0|001|{trade_row(symbol='0074K0')}").symbol == "0074K0"
    assert decoder.one_tick(f"0|H0STCNT0|001|{trade_row(symbol='Q500001')}").symbol == "Q500001"


def test_a_frame_with_two_symbols_is_cut_into_runs(decoder: RealtimeDecoder) -> None:
    rows = [trade_row(symbol=symbol) for symbol in ("005930", "005930", "000660", "005930")]

    runs = runs_of_one_symbol(decoder.ticks(frame_of("0|H0STCNT0|004|" + "^".join(rows))))

    assert [[tick.symbol for tick in run] for run in runs] == [["005930"] * 2, ["000660"], ["005930"]]


def test_a_tick_goes_to_another_process_with_all_its_figures(decoder: RealtimeDecoder) -> None:
    tick = decoder.one_tick(f"0|H0STCNT0|001|{TRADE_ROW}")

    copy = pickle.loads(pickle.dumps(tick))  # noqa: S301 - our own

    assert type(copy) is Tick
    assert copy == tick
    assert hash(copy) == hash(tick)


def test_memories_are_bounded() -> None:
    memo = NumberMemo(limit=10)

    for number in range(1000):
        assert memo[str(number)] == number

    assert len(memo) <= 10


@pytest.mark.parametrize("stream", [TRADE, BOOK, STATUS, NOTICE])
def test_our_columns_stand_where_the_portal_says(stream: StreamColumns) -> None:
    document = json.loads(Path(shared_path("kis-api/ws_columns.json")).read_text(encoding="utf-8"))
    columns = document[stream.tr_ids[0]]["columns"]

    assert [columns[index] for index, _, _ in stream.columns] == [wire for _, wire, _ in stream.columns]


# -- laws ---------------------------------------------------------------------------------------------------

wire_fields = st.lists(
    st.text("0123456789^.-+eE_ nNaY|\x00한", max_size=8) | st.sampled_from(TRADE_ROW.split("^")), max_size=70
)


@given(st.sampled_from(["H0STCNT0", "H0STASP0", "H0STMKO0"]), st.integers(1, 12), wire_fields)
def test_any_fields_give_values_or_frame_error(tr_id: str, count: int, fields: list[str]) -> None:
    decoder = RealtimeDecoder()
    decoder.complain = lambda stream, text: None  # type: ignore[method-assign, assignment]
    text = f"0|{tr_id}|{count:03}|" + "^".join(fields)
    frame = StreamFrame(tr_id, False, count, "^".join(fields))
    works = {
        "H0STCNT0": (decoder.one_tick, decoder.ticks),
        "H0STASP0": (decoder.one_book, decoder.books),
        "H0STMKO0": (lambda _: None, decoder.statuses),
    }
    for work, argument in zip(works[tr_id], (text, frame), strict=True):
        try:
            work(argument)
        except FrameError:
            continue


@given(st.integers(0, 46), st.text(max_size=12))
def test_a_trade_with_one_broken_column_raises_or_has_every_figure(index: int, text: str) -> None:
    fields = [*TRADE_ROW.split("^"), "2"]
    fields[index] = text
    decoder = RealtimeDecoder()
    decoder.complain = lambda stream, text: None  # type: ignore[method-assign, assignment]
    try:
        tick = decoder.one_tick("0|H0STCNT0|001|" + "^".join(fields))
    except FrameError:
        return

    assert all(figure.is_finite() for figure in tick.details if isinstance(figure, Decimal))
    assert tick.price.is_finite()


@given(st.text())
def test_any_notice_is_read_or_raises_frame_error(plain: str) -> None:
    try:
        read_notices("H0STCNI0", plain, 1)
    except FrameError:
        return
