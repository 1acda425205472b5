"""Records are written as in real frames: the values of a capture give the capture's text again."""

from __future__ import annotations

from datetime import datetime

from kis_terminal.adapters.simulator.model import (
    BookLevel,
    BookSnapshot,
    MarketStatusChanged,
    OrderFilled,
    OrderReceipt,
    QuoteSnapshot,
    TradePrinted,
)
from kis_terminal.adapters.simulator.serving.auth import SEOUL
from kis_terminal.adapters.simulator.wire.frames import (
    book_record,
    fill_record,
    plain_frames,
    receipt_record,
    status_record,
    trade_record,
)
from tests.support.shared import shared_path

TIME = datetime(2026, 7, 13, 10, 39, 25, tzinfo=SEOUL)


def captured(start: str) -> list[str]:
    lines = shared_path("kis-api/samples/frames.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith(start)]


def at(text: str) -> datetime:
    return TIME.replace(hour=int(text[:2]), minute=int(text[2:4]), second=int(text[4:]))


def quote(**values: object) -> QuoteSnapshot:
    fields = dict.fromkeys(QuoteSnapshot.__dataclass_fields__, 0)
    fields |= {"symbol": "000660", "name": "SK하이닉스", "upper_limit": 2_834_000, "lower_limit": 1_526_000}
    fields |= {"base": 2_180_000, "prev_close": 2_180_000}
    return QuoteSnapshot(**(fields | values))  # type: ignore[arg-type]


def test_a_captured_trade_is_written_again_field_by_field() -> None:
    frame = next(line for line in captured("0|H0STCNT0|001|000660") if "^20^2388396^" in line)
    fields = frame.split("|", 3)[3].split("^")
    trade = TradePrinted(
        sequence=1,
        time=at(fields[1]),
        symbol=fields[0],
        price=int(fields[2]),
        quantity=int(fields[12]),
        aggressor="sell",
        open=int(fields[7]),
        high=int(fields[8]),
        low=int(fields[9]),
        open_time=at(fields[24]),
        high_time=at(fields[27]),
        low_time=at(fields[30]),
        total_volume=int(fields[13]),
        total_turnover=int(fields[14]),
        sell_count=int(fields[15]),
        buy_count=int(fields[16]),
        sell_volume=int(fields[19]),
        buy_volume=int(fields[20]),
        ask_price=int(fields[10]),
        bid_price=int(fields[11]),
        ask_size=int(fields[36]),
        bid_size=int(fields[37]),
        total_ask_size=int(fields[38]),
        total_bid_size=int(fields[39]),
    )
    told = quote(
        prev_volume=4_827_000,
        prev_volume_same_time=int(fields[41]),
        vi_reference=int(fields[45]),
        listed_shares=712_702_365,
    )

    written = trade_record(trade, told).split("^")

    # KIS's average leaves some block trades out; the simulator's is turnover by volume.
    assert abs(float(written[6]) / float(fields[6]) - 1) < 1e-5
    written[6] = fields[6]
    assert written == [*fields, "2"]
    assert len(trade_record(trade, told, 46).split("^")) == 46


def test_a_captured_book_is_written_again_field_by_field() -> None:
    frame = captured("0|H0STASP0|001|000660")[0]
    fields = frame.split("|", 3)[3].split("^")
    levels = [int(text) for text in fields[3:43]]
    book = BookSnapshot(
        symbol="000660",
        time=at(fields[1]),
        asks=tuple(BookLevel(*pair) for pair in zip(levels[:10], levels[20:30], strict=True)),
        bids=tuple(BookLevel(*pair) for pair in zip(levels[10:20], levels[30:], strict=True)),
        total_ask_size=int(fields[43]),
        total_bid_size=int(fields[44]),
        expected_price=0,
        expected_quantity=0,
        total_volume=int(fields[53]),
        last=1_996_000,
    )

    written = book_record(book, quote(), ask_step=-275, bid_step=1483, columns=62).split("^")

    # Column 49 (expected volume) is a figure of the opening auction that the simulator does not keep.
    written[49] = fields[49]
    assert written == fields
    assert len(book_record(book, quote()).split("^")) == 63


def notice(of: type[OrderReceipt] | type[OrderFilled], **values: object) -> OrderReceipt | OrderFilled:
    fields: dict[str, object] = dict.fromkeys(of.__dataclass_fields__, 0)
    fields |= {"time": at("094941"), "account": "12345678", "product": "01", "order_no": "0000002891"}
    fields |= {"original_no": "", "org_no": "06010", "side": "buy", "condition": "0", "symbol": "136480"}
    fields |= {"name": "하림", "action": "new", "outcome": "accepted"}
    merged = {name: value for name, value in (fields | values).items() if name in of.__dataclass_fields__}
    return of(**merged)  # type: ignore[arg-type]


def test_printed_notices_are_written_again() -> None:
    receipt, fill = (line.split("|", 3)[3] for line in captured("DECRYPTED|H0STCNI0"))
    received = notice(OrderReceipt, kind="01", quantity=1)
    filled = notice(OrderFilled, kind="00", quantity=1, price=3190, order_quantity=1)
    assert isinstance(received, OrderReceipt)
    assert isinstance(filled, OrderFilled)

    assert receipt_record(received, "USERID01", "홍길동") == receipt
    assert fill_record(filled, "USERID01", "홍길동") == fill
    assert len(fill_record(filled, "USERID01", "홍길동", columns=26).split("^")) == 26


def test_refusals_confirmations_and_dropped_rests_differ_in_their_flags() -> None:
    def flags(**values: object) -> list[str]:
        event = notice(OrderReceipt, kind="00", quantity=1, price=70_000, **values)
        assert isinstance(event, OrderReceipt)
        return receipt_record(event, "id", "name").split("^")[12:15]

    assert flags() == ["0", "1", "1"]
    assert flags(outcome="refused") == ["1", "1", "1"]
    assert flags(outcome="confirmed", action="cancel") == ["0", "1", "2"]
    assert flags(outcome="rest_cancelled") == ["0", "1", "3"]


def test_market_status_has_eleven_columns() -> None:
    event = MarketStatusChanged(sequence=1, time=TIME, symbol="396300", code="164")

    fields = status_record("396300", event).split("^")

    assert (len(fields), fields[0], fields[1], fields[3]) == (11, "396300", "Y", "164")


def test_records_are_joined_with_a_count_and_cut_at_a_hundred() -> None:
    frames = plain_frames("H0STCNT0", ["a^b"] * 150)

    assert [frame.split("|")[2] for frame in frames] == ["100", "050"]
    assert frames[1].count("^") == 50 * 2 - 1
    assert plain_frames("H0STCNT0", ["x"]) == ["0|H0STCNT0|001|x"]
