"""What the ladder says, row by row, as plain values that are compared with the frame before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from kis_terminal.domain.instruments import Instrument, InstrumentKind, round_down_to_tick, round_up_to_tick
from kis_terminal.domain.market import OrderBook, Tick
from kis_terminal.domain.orders import Side
from kis_terminal.services.market_data import SymbolState
from kis_terminal.ui.formatting import number, time_of_day
from kis_terminal.ui.ladder.chips import Chip
from kis_terminal.ui.ladder.rows import Level
from kis_terminal.ui.translation import tr

_STATIC_VI = Decimal("0.10")
"""Static VI: 10 % from the price of the last auction (KRX rule); the day's open until a VI has tripped."""


class Note(NamedTuple):
    """One line of the free upper corner."""

    label: str
    value: str
    direction: int
    """1 up, -1 down, 0 flat, 2 a warning."""


class Print(NamedTuple):
    """One line of the tape in the free lower corner."""

    time: str
    price: str
    size: str
    aggressor: int


class RowContent(NamedTuple):
    """Everything painted in one row."""

    price: Decimal | None
    price_text: str
    percent_text: str
    direction: int
    zone: int
    ask_text: str
    bid_text: str
    ask_bar: int
    """Length in thousandths of the cell."""
    bid_bar: int
    ask_change: int
    bid_change: int
    mark: str
    """상, 하, 예 … at the price's left, or empty."""
    is_last: bool
    sell_chip: Chip | None
    buy_chip: Chip | None
    note: Note | None
    tape: Print | None


class Totals(NamedTuple):
    """The line under the rows."""

    ask: str
    bid: str
    strength: str
    sells_outside: int
    """Own open sell orders whose price stands in no row."""
    buys_outside: int
    last_above: bool
    """The last price stands above all rows."""
    last_below: bool


class LadderContent(NamedTuple):
    """All of the ladder."""

    rows: tuple[RowContent, ...]
    totals: Totals
    empty_text: str


def build_content(
    state: SymbolState,
    book: OrderBook | None,
    levels: Sequence[Level],
    chips: Mapping[tuple[Side, Decimal], Chip],
    instrument: Instrument | None,
    *,
    is_narrow: bool = False,
) -> LadderContent:
    """Return what the ladder says now; narrow columns get one figure a note."""
    base = state.base_price
    if base is None and state.price is not None and state.change is not None:
        base = state.price - state.change
    biggest = max((max(level.ask_size, level.bid_size) for level in levels), default=0) or 1
    marks = _marks(state, book)
    notes = iter(_notes(state, book, instrument, is_narrow=is_narrow))
    tape = iter(reversed(state.tape))
    rows: list[RowContent] = []
    for level in levels:
        price = level.price
        sell = chips.get((Side.SELL, price)) if price is not None else None
        buy = chips.get((Side.BUY, price)) if price is not None else None
        # The corner beside an ask is free on the right, that beside a bid on the left, unless own orders
        # or, on held rows, the other side's shares stand there.
        note = next(notes, None) if level.zone > 0 and buy is None else None
        line = next(tape, None) if level.zone < 0 and sell is None else None
        rows.append(_row(level, price, base, biggest, marks, state.price, sell, buy, note, line))
    return LadderContent(tuple(rows), _totals(state, book, levels, chips), "" if book else _empty_text(state))


def _row(
    level: Level,
    price: Decimal | None,
    base: Decimal | None,
    biggest: int,
    marks: Mapping[Decimal, str],
    last: Decimal | None,
    sell: Chip | None,
    buy: Chip | None,
    note: Note | None,
    line: Tick | None,
) -> RowContent:
    change = price - base if price is not None and base else None
    return RowContent(
        price=price,
        price_text="" if price is None else number(price),
        percent_text="" if change is None or not base else f"{change / base * 100:+.2f}",
        direction=0 if not change else 1 if change > 0 else -1,
        zone=level.zone,
        ask_text=number(level.ask_size) if level.ask_size else "",
        bid_text=number(level.bid_size) if level.bid_size else "",
        ask_bar=level.ask_size * 1000 // biggest,
        bid_bar=level.bid_size * 1000 // biggest,
        ask_change=level.ask_change,
        bid_change=level.bid_change,
        mark="" if price is None else marks.get(price, ""),
        is_last=price is not None and price == last,
        sell_chip=sell,
        buy_chip=buy,
        note=note,
        tape=None if line is None else _print(line),
    )


def _print(tick: Tick) -> Print:
    return Print(time_of_day(tick.seconds), number(tick.price), number(tick.size), tick.aggressor)


def static_vi_prices(state: SymbolState, instrument: Instrument | None) -> tuple[Decimal, Decimal] | None:
    """Return the upper and lower price that trip a static VI, reckoned from the open; None when unknown."""
    if not state.open:
        return None
    kind = instrument.kind if instrument is not None else InstrumentKind.STOCK
    if kind in (InstrumentKind.ETN, InstrumentKind.ELW):
        return None  # other bands, by the leverage of each
    up = round_up_to_tick(state.open * (1 + _STATIC_VI), kind)
    down = round_down_to_tick(state.open * (1 - _STATIC_VI), kind)
    return up, down


def _marks(state: SymbolState, book: OrderBook | None) -> dict[Decimal, str]:
    marks: dict[Decimal, str] = {}
    for price, mark in (
        (state.open, tr("시")),
        (state.low, tr("저")),
        (state.high, tr("고")),
        (state.lower_limit, tr("하")),
        (state.upper_limit, tr("상")),
        (book.expected_price if book is not None else None, tr("예")),
    ):
        if price:
            marks[price] = mark
    return marks


def _notes(
    state: SymbolState, book: OrderBook | None, instrument: Instrument | None, *, is_narrow: bool
) -> list[Note]:
    base = state.base_price

    def line(label: str, price: Decimal | None) -> Note:
        direction = 0 if not price or not base or price == base else 1 if price > base else -1
        return Note(label, number(price or None), direction)

    notes: list[Note] = []
    if state.is_halted:
        notes.append(Note(tr("거래정지"), "", 2))
    if book is not None and book.expected_price:
        notes.append(line(tr("예상체결"), book.expected_price))
        notes.append(Note(tr("예상수량"), number(book.expected_size), 0))
    room = "narrow" if is_narrow else ""
    notes.append(line(tr("상한", context=room), state.upper_limit))
    notes.append(line(tr("시가"), state.open))
    notes.append(line(tr("고가"), state.high))
    notes.append(line(tr("저가"), state.low))
    notes.append(line(tr("하한", context=room), state.lower_limit))
    if state.vi_state not in ("N", "", "0"):
        notes.append(Note(tr("VI 발동 중"), "", 2))
    elif (prices := static_vi_prices(state, instrument)) is not None:
        if is_narrow:
            notes += [Note("VI ▲", number(prices[0]), 0), Note("VI ▼", number(prices[1]), 0)]
        else:
            notes.append(Note(tr("VI 발동가"), f"{number(prices[0])} / {number(prices[1])}", 0))
    return notes


def _totals(
    state: SymbolState,
    book: OrderBook | None,
    levels: Sequence[Level],
    chips: Mapping[tuple[Side, Decimal], Chip],
) -> Totals:
    shown = {level.price for level in levels if level.price is not None}
    outside = [chip for chip in chips.values() if chip.price not in shown]
    last = state.price
    return Totals(
        ask="" if book is None else number(book.total_ask_size),
        bid="" if book is None else number(book.total_bid_size),
        strength="" if state.strength is None else f"{state.strength:.1f}",
        sells_outside=sum(len(chip.keys) for chip in outside if chip.side is Side.SELL),
        buys_outside=sum(len(chip.keys) for chip in outside if chip.side is Side.BUY),
        last_above=bool(shown) and last is not None and last > max(shown),
        last_below=bool(shown) and last is not None and last < min(shown),
    )


def _empty_text(state: SymbolState) -> str:
    return tr("호가를 기다리고 있습니다") if state.symbol else tr("종목을 선택하십시오")
