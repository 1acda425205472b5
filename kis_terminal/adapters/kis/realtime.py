"""Records of the market streams to ticks, order books and market statuses.

A tick is read at arrival as far as bars and volume need it; the rest of the record, and the whole order book,
when somebody looks (`WireTick`, `WireBook`): on screens most prints and nearly all books are never looked at.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from decimal import Decimal
from operator import itemgetter

import orjson

from kis_terminal.adapters.kis.frames import StreamFrame, record_width, records
from kis_terminal.adapters.kis.memo import (
    CountMemo,
    NumberMemo,
    TimeMemo,
    read_count,
    read_number,
)
from kis_terminal.adapters.kis.stream_columns import BOOK, STATUS, TRADE, StreamColumns, is_symbol
from kis_terminal.domain.errors import FrameError
from kis_terminal.domain.market import MarketStatus, OrderBook, Tick, TickDetails

log = logging.getLogger(__name__)

ONE_TRADE = "0|H0STCNT0|001|"
ONE_BOOK = "0|H0STASP0|001|"
"""What a frame of one record begins with; the feed chooses its fast path by it."""

_HEAD = len(ONE_TRADE)
_ZERO = Decimal(0)
_FIGURES = (4, 5, 7, 8, 9, 10, 11, 18)
_PICK_FIGURES = itemgetter(*_FIGURES)
_AGGRESSORS = {"1": 1, "5": -1}
_DOWN_SIGNS = ("4", "5")
_IN_SESSION = "0"
_SIZES = 22
_EMPTY_LEVELS = (_ZERO,) * 10
_LADDERS = 4_000
"""How many ladders of prices are remembered."""
_Ladder = tuple[tuple[Decimal, ...], tuple[Decimal, ...]]
_new_tick = object.__new__
_new_book = tuple.__new__


class _SymbolMemo(dict[str, str]):
    """Remember what stands before a record's first `^` (frame head and symbol) as the symbol."""

    __slots__ = ()

    def __missing__(self, head: str) -> str:
        symbol = head[_HEAD:]
        if not is_symbol(symbol):
            raise ValueError(f"{symbol[:24]!a} is not a symbol")
        if len(self) >= 10_000:
            self.clear()
        self[head] = symbol
        return symbol


class WireTick(Tick):
    """A tick whose details are read from its record when somebody looks."""

    __slots__ = ("_decoder", "_start", "_text", "_width")

    _decoder: RealtimeDecoder
    _text: str
    """The frame (one record) or the payload that holds the record."""
    _start: int
    """Index of the record's first field; -1 for the last record."""
    _width: int

    @property
    def details(self) -> TickDetails:
        """Return everything besides the slots, decoded at the first look."""
        try:
            return self._details
        except AttributeError:
            fields = self._fields()
            self._details = details = self._decoder.details(fields)
            self._text = ""
            return details

    def _fields(self) -> list[str]:
        text, start, width = self._text, self._start, self._width
        if start < 0:
            # The only or the last record of the text: the one that is looked at most.
            return text.rsplit("^", width - 1)
        return text.split("^", start + width)[start : start + width]


class WireBook:
    """An order book as it came, decoded at the first look (`ports.BookUpdate`)."""

    __slots__ = ("_book", "_decoder", "_text", "symbol")

    def __init__(self, symbol: str, text: str, decoder: RealtimeDecoder) -> None:
        self.symbol = symbol
        self._text = text
        self._decoder = decoder
        self._book: OrderBook | None = None

    def decode(self) -> OrderBook:
        """Return the book; one that cannot be read is logged and comes without a level, never as an error.

        A panel asks for it while it paints, and no price is better than a wrong one.
        """
        if self._book is None:
            try:
                self._book = self._decoder.order_book(self._text, self.symbol)
            except FrameError as error:
                self._decoder.complain(BOOK, str(error))
                self._book = _empty_book(self.symbol)
            self._text = ""
        return self._book


class RealtimeDecoder:
    """Decode records; owns the memories of one connection's texts.

    Every method raises only FrameError. `complain` logs a doubt once for each TR and text.
    """

    def __init__(self) -> None:
        self._numbers = NumberMemo()
        self._sizes = CountMemo()
        self._times = TimeMemo()
        self._symbols = _SymbolMemo()
        self._ladders: dict[str, _Ladder] = {}
        self._ladder_lengths: dict[str, int] = {}
        self._trade_carets = {width - 1 for width in TRADE.known}
        self._book_carets = {width - 1 for width in BOOK.known}
        self._complaints: set[tuple[str, str]] = set()

    # -- trades -------------------------------------------------------------------------------------

    def one_tick(self, text: str) -> Tick:
        """Decode a frame that begins with `ONE_TRADE`."""
        carets = text.count("^")
        if carets not in self._trade_carets:
            self._accept_width(TRADE, self._trade_carets, text)
        head, time, price, _, _, _, _, _, _, _, _, _, size, volume, _ = text.split("^", 14)
        try:
            tick = _new_tick(WireTick)
            tick.symbol = self._symbols[head]
            tick.seconds = self._times[time]
            tick.price = self._numbers[price]
            tick.size = self._sizes[size]
            tick.volume = int(volume)
            if tick.volume < 0:
                raise ValueError
        except ValueError:
            TRADE.raise_unreadable(text[_HEAD:].split("^"))
        tick._text = text
        tick._start = -1
        tick._width = carets + 1
        tick._decoder = self
        return tick

    def newest_tick(self, frame: StreamFrame) -> Tick | None:
        """Decode the last record of a trade frame; None when not all its records are of one symbol.

        Raises FrameError as `ticks`.
        """
        payload = frame.payload
        width = record_width(frame.tr_id, payload.count("^") + 1, frame.record_count, TRADE.minimum)
        fields = payload.rsplit("^", width)[-width:]
        symbol = fields[0]
        if payload.count(f"^{symbol}^") + payload.startswith(f"{symbol}^") < frame.record_count:
            return None
        return self.ticks(StreamFrame(frame.tr_id, frame.is_encrypted, 1, "^".join(fields)))[0]

    def ticks(self, frame: StreamFrame) -> list[Tick]:
        """Decode every record of a trade frame, oldest first.

        A record that cannot be read is logged and left out; raises FrameError when none is left.
        """
        payload, count = frame.payload, frame.record_count
        fields = payload.split("^")
        width = record_width(frame.tr_id, len(fields), count, TRADE.minimum)
        self._check_width(TRADE, width)
        times, numbers, sizes = self._times, self._numbers, self._sizes
        starts = range(0, len(fields), width)
        no_symbols = {text for text in set(fields[::width]) if not is_symbol(text)}
        columns = zip(
            fields[::width],
            fields[1::width],
            fields[2::width],
            fields[12::width],
            fields[13::width],
            starts,
            strict=True,
        )
        ticks: list[Tick] = []
        append = ticks.append
        last_start = len(fields) - width
        for symbol, time, price, size, volume, start in columns:
            try:
                tick = _new_tick(WireTick)
                tick.symbol = symbol
                tick.seconds = times[time]
                tick.price = numbers[price]
                tick.size = sizes[size]
                tick.volume = int(volume)
                if symbol in no_symbols or tick.volume < 0:
                    raise ValueError
            except ValueError:
                self._leave_out(TRADE, fields[start : start + width])
                continue
            tick._text = payload
            tick._start = start if start != last_start else -1
            tick._width = width
            tick._decoder = self
            append(tick)
        if not ticks:
            raise FrameError(f"{frame.tr_id}: none of {count} records can be read")
        return ticks

    def details(self, fields: Sequence[str]) -> TickDetails:
        """Read what a trade record says besides price and size; unreadable figures are zero and logged."""
        try:
            # itemgetter asks the memory for all texts in one C call.
            figures = itemgetter(*_PICK_FIGURES(fields))(self._numbers)
            turnover = int(fields[14])
        except ValueError:
            figures = tuple(self._figure(fields, index) for index in _FIGURES)
            turnover = int(self._figure(fields, 14))
        change, rate, open_, high, low, ask, bid, strength = figures
        if fields[3] in _DOWN_SIGNS and change > 0:
            # Domestic frames are signed already; the code is what decides (PROTOCOL.md 4.6).
            change, rate = -change, -abs(rate)
        return TickDetails(
            change,
            rate,
            _AGGRESSORS.get(fields[21], 0),
            turnover,
            strength,
            open_,
            high,
            low,
            ask,
            bid,
            fields[35] == "Y",
        )

    def _figure(self, fields: Sequence[str], index: int) -> Decimal:
        try:
            return read_number(fields[index])
        except ValueError as error:
            self.complain(TRADE, f"column {TRADE.wire_name(index)}: {error}")
            return _ZERO

    # -- order books --------------------------------------------------------------------------------

    def one_book(self, text: str) -> WireBook:
        """Take a frame that begins with `ONE_BOOK`; nothing but its symbol and width is looked at."""
        if text.count("^") not in self._book_carets:
            self._accept_width(BOOK, self._book_carets, text)
        try:
            symbol = self._symbols[text[: text.index("^")]]
        except ValueError:
            BOOK.raise_unreadable(text[_HEAD:].split("^"))
        return WireBook(symbol, text, self)

    def books(self, frame: StreamFrame) -> list[WireBook]:
        """Take every record of an order-book frame."""
        found = records(frame.tr_id, frame.payload, frame.record_count, BOOK.minimum)
        self._check_width(BOOK, len(found[0]))
        books = []
        for fields in found:
            if is_symbol(fields[0]):
                books.append(WireBook(fields[0], "^".join(fields), self))
            else:
                self._leave_out(BOOK, fields)
        if not books:
            raise FrameError(f"{frame.tr_id}: none of {frame.record_count} records can be read")
        return books

    def order_book(self, text: str, symbol: str) -> OrderBook:
        """Decode all ten levels of a record; what stands before its first `^` is not looked at."""
        # From one book to the next mostly sizes change, and prices come back: a ladder of prices whose text
        # has been read before is not read again. Its length is mostly that of the symbol's last one.
        _, time, phase, levels = text.split("^", 3)
        length = self._ladder_lengths.get(symbol, 0)
        try:
            prices = self._ladders.get(levels[:length])
            if prices is None:
                prices, length = self._read_ladder(symbol, levels)
            rest = levels[length:]
            sizes = _read_sizes(rest)
            expected_price, expected_size = None, 0
            if phase != _IN_SESSION:
                fields = rest.split("^", 26)
                expected_price = self._numbers[fields[24]] or None
                expected_size = read_count(fields[25]) if expected_price else 0
            return _new_book(
                OrderBook,
                (
                    symbol,
                    self._times[time],
                    prices[0],
                    sizes[:10],
                    prices[1],
                    sizes[10:20],
                    sizes[20],
                    sizes[21],
                    expected_price,
                    expected_size,
                ),
            )
        except ValueError:
            BOOK.raise_unreadable([symbol, *text.split("^")[1:]])

    def _read_ladder(self, symbol: str, levels: str) -> tuple[_Ladder, int]:
        """Read ten asks and ten bids; return them with the length of their text."""
        *texts, rest = levels.split("^", 20)
        found = itemgetter(*texts)(self._numbers)
        length = len(levels) - len(rest)
        if len(self._ladders) >= _LADDERS:
            self._ladders.clear()
        self._ladders[levels[:length]] = ladder = (found[:10], found[10:])
        self._ladder_lengths[symbol] = length
        return ladder, length

    # -- market status ------------------------------------------------------------------------------

    def statuses(self, frame: StreamFrame) -> list[MarketStatus]:
        """Decode every record of a market-status frame; `(null)` is an empty text."""
        found = records(frame.tr_id, frame.payload, frame.record_count, STATUS.minimum)
        self._check_width(STATUS, len(found[0]))
        statuses = []
        for fields in found:
            fields = ["" if text == "(null)" else text for text in fields]
            if not is_symbol(fields[0]):
                STATUS.raise_unreadable(fields)
            statuses.append(
                MarketStatus(
                    symbol=fields[0],
                    code=fields[3],
                    is_halted=fields[1] == "Y",
                    is_vi=any(flag not in ("", "0", "N") for flag in fields[8:10]),
                    reason=fields[2],
                    expected_code=fields[4],
                )
            )
        return statuses

    # -- widths and doubts --------------------------------------------------------------------------

    def complain(self, stream: StreamColumns, text: str) -> None:
        """Log a doubt about a stream once."""
        tr_id = stream.tr_ids[0]
        if (tr_id, text) not in self._complaints and len(self._complaints) < 1000:
            self._complaints.add((tr_id, text))
            log.warning("%s: %s", tr_id, text)

    def _accept_width(self, stream: StreamColumns, carets: set[int], text: str) -> None:
        width = record_width(stream.tr_ids[0], text.count("^") + 1, 1, stream.minimum)
        self._check_width(stream, width)
        carets.add(width - 1)

    def _check_width(self, stream: StreamColumns, width: int) -> None:
        if width not in stream.known:
            self.complain(
                stream, f"records have {width} columns; those after the known {max(stream.known)} are ignored"
            )

    def _leave_out(self, stream: StreamColumns, fields: Sequence[str]) -> None:
        try:
            stream.raise_unreadable(fields)
        except FrameError as error:
            log.warning("a record was left out: %s", error)


def _read_sizes(rest: str) -> tuple[int, ...]:
    """Read the twenty sizes and two totals that follow the prices; raises ValueError.

    A JSON array is what the machine reads fastest: numbers come without a text for each. What is no JSON
    (an empty field further on, a leading zero), no whole number or negative is read strictly, one by one.
    """
    try:
        values: list[int] = orjson.loads(f"[{rest.replace('^', ',')}]")[:_SIZES]
        # None is negative when the first minus stands behind them: looking for it is the cheaper half.
        if type(sum(values)) is int and (rest.count("^", 0, rest.find("-")) >= _SIZES or min(values) >= 0):
            return tuple(values)
    except (ValueError, TypeError):
        pass  # the strict way below decides
    return tuple(read_count(text) for text in rest.split("^", _SIZES)[:_SIZES])


def runs_of_one_symbol(ticks: list[Tick]) -> list[list[Tick]]:
    """Cut into runs of one symbol; frames hold one as far as was ever seen."""
    first = ticks[0].symbol
    if all(tick.symbol == first for tick in ticks):
        return [ticks]
    runs: list[list[Tick]] = []
    for tick in ticks:
        if not runs or runs[-1][0].symbol != tick.symbol:
            runs.append([])
        runs[-1].append(tick)
    return runs


def _empty_book(symbol: str) -> OrderBook:
    sizes = (0,) * 10
    return OrderBook(symbol, 0, _EMPTY_LEVELS, sizes, _EMPTY_LEVELS, sizes, 0, 0, None, 0)
