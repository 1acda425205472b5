"""Build stream frames: `flag|TR id|count|fields`, fields and records joined by `^`.

Pure text building; no socket, no encryption. Column counts are a profile, since KIS appends columns over
time: trades 46 until 2026-09-11 and 47 since; book 59 by the document, 62 live, and MARKET_CLS_CODE behind
them as the 63rd (its real position is unconfirmed); notices 23 in practice and 26 by the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
from kis_terminal.adapters.simulator.wire.formats import change_sign, clock_text, direction, rate, ratio

TRADE_TR = "H0STCNT0"
BOOK_TR = "H0STASP0"
STATUS_TR = "H0STMKO0"
UNIFIED_TRADE_TR, UNIFIED_BOOK_TR, UNIFIED_STATUS_TR = "H0UNCNT0", "H0UNASP0", "H0UNMKO0"
NXT_TRADE_TR, NXT_BOOK_TR, NXT_STATUS_TR = "H0NXCNT0", "H0NXASP0", "H0NXMKO0"
TRADE_TRS = (TRADE_TR, UNIFIED_TRADE_TR, NXT_TRADE_TR)
BOOK_TRS = (BOOK_TR, UNIFIED_BOOK_TR, NXT_BOOK_TR)
STATUS_TRS = (STATUS_TR, UNIFIED_STATUS_TR, NXT_STATUS_TR)

LEVELS = 10
UNIFIED_BOOK_COLUMNS = 65
LARGEST_COUNT = 100
"""Records joined into one frame at most."""

_HOUR_CODES = {"opening": "B", "closing": "A", "interruption": "C"}
"""HOUR_CLS_CODE of auctions; 0 in every other session."""
_PHASE_CODES = {
    "pre_market": "10",
    "pre_close": "10",
    "opening": "10",
    "after_close": "30",
    "after_market": "30",
}
"""NEW_MKOP_CLS_CODE; 20 in the regular session."""
_MARKET_CODES = {"pre_market": "1", "after_market": "3", "pre_close": "5", "after_close": "5"}
"""MARKET_CLS_CODE; 2 in the regular session, auctions included."""


def hour_code(session: str) -> str:
    """Return HOUR_CLS_CODE."""
    return _HOUR_CODES.get(session, "0")


def phase_code(session: str) -> str:
    """Return NEW_MKOP_CLS_CODE."""
    return _PHASE_CODES.get(session, "20")


@dataclass(frozen=True, slots=True)
class FrameProfile:
    """Say how many columns each stream's records have."""

    trade_columns: int = 47
    book_columns: int = 63
    status_columns: int = 11
    notice_columns: int = 23


def plain_frames(tr_id: str, records: Sequence[str]) -> list[str]:
    """Return unencrypted frames that carry the records in order."""
    frames = []
    for start in range(0, len(records), LARGEST_COUNT):
        chunk = records[start : start + LARGEST_COUNT]
        frames.append(f"0|{tr_id}|{len(chunk):03d}|{'^'.join(chunk)}")
    return frames


def encrypted_frame(tr_id: str, cipher_text: str, count: str = "001") -> str:
    """Return a frame with one encrypted record; `count` other than 001 is a lie, for tests."""
    return f"1|{tr_id}|{count}|{cipher_text}"


def trade_record(trade: TradePrinted, quote: QuoteSnapshot, columns: int = 47) -> str:
    """Return one H0STCNT0 record; `quote` gives what does not change from trade to trade."""
    price, base = trade.price, quote.base
    volume, turnover = trade.total_volume, trade.total_turnover
    fields = (
        trade.symbol,
        clock_text(trade.time),
        str(price),
        change_sign(price, base, quote.upper_limit, quote.lower_limit),
        str(price - base),
        rate(ratio(price - base, base)),
        f"{turnover / volume if volume else price:.2f}",
        str(trade.open),
        str(trade.high),
        str(trade.low),
        str(trade.ask_price),
        str(trade.bid_price),
        str(trade.quantity),
        str(volume),
        str(turnover),
        str(trade.sell_count),
        str(trade.buy_count),
        str(trade.buy_count - trade.sell_count),
        f"{trade.strength:.2f}",
        str(trade.sell_volume),
        str(trade.buy_volume),
        "3" if trade.session == "pre_close" else "1" if trade.aggressor == "buy" else "5",
        f"{trade.buy_volume / volume if volume else 0:.2f}",
        f"{ratio(volume, quote.prev_volume):.2f}",
        *_since(trade.open_time, price - trade.open),
        *_since(trade.high_time, price - trade.high),
        *_since(trade.low_time, price - trade.low),
        trade.time.strftime("%Y%m%d"),
        phase_code(trade.session),
        "Y" if quote.is_halted else "N",
        str(trade.ask_size),
        str(trade.bid_size),
        str(trade.total_ask_size),
        str(trade.total_bid_size),
        f"{ratio(volume, quote.listed_shares):.2f}",
        str(quote.prev_volume_same_time),
        f"{ratio(volume, quote.prev_volume_same_time):.2f}",
        hour_code(trade.session),
        "",
        str(quote.vi_reference),
        _MARKET_CODES.get(trade.session, "2"),
    )
    return "^".join(fields[:columns])


def _since(moment: datetime, difference: int) -> tuple[str, str, str]:
    return clock_text(moment), direction(difference), str(difference)


def book_record(
    book: BookSnapshot, quote: QuoteSnapshot, *, ask_step: int = 0, bid_step: int = 0, columns: int = 63
) -> str:
    """Return one H0STASP0 record; the steps are the changes of the total sizes since the record before.

    Outside auctions the expected price is 0; KIS sends its difference to the base price all the same.
    With 65 columns: a record of H0UNASP0 or H0NXASP0, where NXT's middle stands behind KRX's.
    """
    asks, bids = _ten(book.asks), _ten(book.bids)
    expected = book.expected_price
    fields = (
        book.symbol,
        clock_text(book.time),
        hour_code(book.session),
        *(str(level.price) for level in asks),
        *(str(level.price) for level in bids),
        *(str(level.size) for level in asks),
        *(str(level.size) for level in bids),
        str(book.total_ask_size),
        str(book.total_bid_size),
        "0",
        "0",
        str(expected),
        str(book.expected_quantity),
        "0",
        str(expected - quote.base),
        direction(expected - quote.base),
        f"{ratio(expected - quote.base, quote.base):.2f}",
        str(book.total_volume),
        str(ask_step),
        str(bid_step),
        "0",
        "0",
        "0",
        *_middle(asks, bids),
        *(
            _middle(asks, bids)
            if columns == UNIFIED_BOOK_COLUMNS
            else (_MARKET_CODES.get(book.session, "2"),)
        ),
    )
    return "^".join(fields[:columns])


def _middle(asks: Sequence[BookLevel], bids: Sequence[BookLevel]) -> tuple[str, str, str]:
    """Return price, size and side of the mid-price orders, none of which the book shows."""
    return str((asks[0].price + bids[0].price) // 2), "0", "0"


def _ten(levels: Sequence[BookLevel]) -> list[BookLevel]:
    shown = list(levels[:LEVELS])
    return shown + [BookLevel(0, 0)] * (LEVELS - len(shown))


def status_record(symbol: str, event: MarketStatusChanged, columns: int = 11, exchange: str = "1") -> str:
    """Return one H0STMKO0 record, or its twin's of NXT (`exchange` 2) or of both."""
    is_halted = event.is_halted or event.code == "164"
    fields = (
        symbol,
        "Y" if is_halted else "N",
        "(null)",
        event.code,
        event.expected_code,
        "",
        "",
        "58" if is_halted else "55",
        "Y" if event.is_interrupted else "N",
        "N",
        exchange,
    )
    return "^".join(fields[:columns])


def receipt_record(event: OrderReceipt, hts_id: str, account_name: str, columns: int = 23) -> str:
    """Return the notice that an order, amendment or cancellation was received, confirmed or refused."""
    acceptance = {"accepted": "1", "refused": "1", "rest_cancelled": "3", "expired": "3"}.get(
        event.outcome, "2"
    )
    head = (
        hts_id,
        f"{event.account}{event.product}",
        event.order_no,
        event.original_no,
        "01" if event.side == "sell" else "02",
        {"new": "0", "amend": "1", "cancel": "2"}[event.action],
        event.kind,
        event.condition,
        event.symbol,
        f"{event.quantity:010d}",
        f"{event.price:09d}",
        clock_text(event.time),
        "1" if event.outcome == "refused" else "0",
        "1",
        acceptance,
        event.org_no,
        f"{event.quantity:09d}",
        account_name,
    )
    return _notice(head, event.name, "", event.stop_price, columns)


def fill_record(event: OrderFilled, hts_id: str, account_name: str, columns: int = 23) -> str:
    """Return the notice of one execution; quantity and price are of this execution alone."""
    head = (
        hts_id,
        f"{event.account}{event.product}",
        event.order_no,
        event.original_no,
        "01" if event.side == "sell" else "02",
        "0",
        event.kind,
        event.condition,
        event.symbol,
        f"{event.quantity:010d}",
        f"{event.price:09d}",
        clock_text(event.time),
        "0",
        "2",
        "2",
        event.org_no,
        f"{event.order_quantity:09d}",
        account_name,
    )
    return _notice(head, event.name, f"{event.order_price:09d}", event.stop_price, columns)


def _notice(head: Sequence[str], name: str, order_price: str, stop_price: int, columns: int) -> str:
    """Put the tail on: 23 columns repeat the name, 26 tell stop price, exchange and popup flag instead."""
    if columns == 23:
        tail: Sequence[str] = (name, "10", "", name, order_price)
    else:
        tail = (f"{stop_price:09d}", "1", "Y", "", "10", "", name, order_price)
    return "^".join((*head, *tail))
