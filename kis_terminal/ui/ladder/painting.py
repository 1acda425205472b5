"""Draw the rows of the ladder; fonts, pens and brushes are made once."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QPainter

from kis_terminal.domain.orders import Side
from kis_terminal.ui.grid.laid_out_ink import LaidOutInk
from kis_terminal.ui.ladder.chips import Chip
from kis_terminal.ui.ladder.content import RowContent, Totals
from kis_terminal.ui.ladder.geometry import Column, LadderGeometry
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_INSET = 8
_CHANGE_ROOM = 118
"""Pixels of a cell from which on its change finds room beside the size."""
_TAPE_PRICE_ROOM = 190
_TAPE_TIME_ROOM = 104
_MARK_ROOM = 15
_TIGHT = 3


@dataclass(frozen=True, slots=True)
class RowState:
    """What the hands add to a row."""

    is_current: bool
    """The pointer or the keyboard cursor stands here."""
    has_focus: bool
    hint: Column | None
    """The column the pointer is over."""
    is_drop: bool
    """A dragged chip would be put here."""
    warning: str


class LadderPainter:
    """Paint rows, totals and a dragged chip in the colours of a theme."""

    def __init__(self, theme: Theme, geometry: LadderGeometry) -> None:
        colours, metrics = theme.colours, theme.metrics
        self._geometry = geometry
        self._c = colours
        self._price = LaidOutInk(theme.bold(metrics.entry))
        self._size = LaidOutInk(theme.medium(metrics.body))
        self._small = LaidOutInk(theme.font(metrics.label))
        self._note = LaidOutInk(theme.medium(metrics.label))
        self._ask_ground = theme.tinted(colours.down, 0.08)
        self._bid_ground = theme.tinted(colours.up, 0.07)
        self._ask_bar = theme.tinted(colours.down, 0.42)
        self._bid_bar = theme.tinted(colours.up, 0.42)
        self._chip_ground = theme.tinted(colours.accent, 0.36)
        self._warning_ground = theme.tinted(colours.danger, 0.45)
        self._drop_ground = theme.tinted(colours.accent, 0.18)
        self._percent = self._small.width("+30.00") + 5
        veil = QColor(colours.text)
        veil.setAlphaF(0.07)
        self._veil = veil

    def chip_rectangle(self, place: int, chip: Chip) -> QRect:
        """Return where a chip stands."""
        column = Column.SELL if chip.side is Side.SELL else Column.BUY
        return self._geometry.chip(place, column, self._size.width(chip.text))

    def row(self, painter: QPainter, place: int, row: RowContent, state: RowState) -> None:
        """Paint one row whole."""
        painter.fillRect(self._geometry.row(place), self._c.bg1)
        sell, middle, buy = (self._geometry.cell(place, column) for column in Column)
        if row.zone > 0:
            painter.fillRect(sell.united(middle), self._ask_ground)
        elif row.zone < 0:
            painter.fillRect(middle.united(buy), self._bid_ground)
        if state.is_drop:
            painter.fillRect(self._geometry.row(place), self._drop_ground)
        self._bars(painter, row, sell, buy)
        self._corners(painter, row, sell, buy)
        self._middle(painter, row, middle)
        if state.is_current and row.price is not None:
            painter.fillRect(self._geometry.row(place), self._veil)
        if state.hint is not None and row.price is not None:
            self._hint(painter, row, state.hint, sell, buy)
        for chip in (row.sell_chip, row.buy_chip):
            if chip is not None:
                self._chip(painter, self.chip_rectangle(place, chip), chip)
        if row.is_last:
            painter.setPen(self._price.pen(self._c.text))
            painter.drawRect(middle.adjusted(0, 0, -1, -1))
        if state.is_current and state.has_focus:
            painter.setPen(self._price.pen(self._c.accent))
            painter.drawRect(middle.adjusted(1, 1, -2, -2))
        if state.warning:
            cell = self._geometry.row(place)
            painter.fillRect(cell, self._warning_ground)
            painter.setFont(self._note.font)
            self._note.draw(
                painter, cell.adjusted(_INSET, 0, -_INSET, 0), _CENTRE, state.warning, self._c.text
            )

    def _bars(self, painter: QPainter, row: RowContent, sell: QRect, buy: QRect) -> None:
        inset = 3 if sell.height() > 18 else 2
        if row.ask_bar:
            width = max(1, (sell.width() - 2) * row.ask_bar // 1000)
            painter.fillRect(
                sell.right() + 1 - width, sell.top() + inset, width, sell.height() - 2 * inset, self._ask_bar
            )
        if row.bid_bar:
            width = max(1, (buy.width() - 2) * row.bid_bar // 1000)
            painter.fillRect(buy.left(), buy.top() + inset, width, buy.height() - 2 * inset, self._bid_bar)
        painter.setFont(self._size.font)
        # A chip hides the size rather than half of it.
        if row.ask_text and self._is_free(sell, row.ask_text, row.sell_chip):
            self._size.draw(painter, sell.adjusted(0, 0, -_INSET, 0), _RIGHT, row.ask_text, self._c.text)
        if row.bid_text and self._is_free(buy, row.bid_text, row.buy_chip):
            self._size.draw(painter, buy.adjusted(_INSET, 0, 0, 0), _LEFT, row.bid_text, self._c.text)
        painter.setFont(self._small.font)
        if row.ask_change and row.sell_chip is None and sell.width() >= _CHANGE_ROOM:
            self._change(painter, sell.adjusted(_INSET, 0, -60, 0), _LEFT, row.ask_change, row.ask_bar)
        if row.bid_change and row.buy_chip is None and buy.width() >= _CHANGE_ROOM:
            self._change(painter, buy.adjusted(60, 0, -_INSET, 0), _RIGHT, row.bid_change, row.bid_bar)

    def _is_free(self, cell: QRect, text: str, chip: Chip | None) -> bool:
        if chip is None:
            return True
        taken = self._geometry.chip_width(cell, self._size.width(chip.text))
        return taken + self._size.width(text) + 2 * _INSET <= cell.width()

    def _change(self, painter: QPainter, cell: QRect, align: int, change: int, bar: int) -> None:
        text = f"{change:+,}"
        room = cell.width() + 60 + _INSET
        is_on_bar = room * bar // 1000 + self._small.width(text) + _INSET > room
        ink = self._c.text if is_on_bar else self._c.up if change > 0 else self._c.down
        self._small.draw(painter, cell, align, text, ink)

    def _corners(self, painter: QPainter, row: RowContent, sell: QRect, buy: QRect) -> None:
        if row.note is not None:
            colour = {1: self._c.up, -1: self._c.down, 2: self._c.warn}.get(row.note.direction, self._c.text)
            painter.setFont(self._note.font)
            inset = _TIGHT if self._geometry.is_narrow else _INSET
            cell = buy.adjusted(inset + 2, 0, -inset, 0)
            taken = self._note.width(row.note.value) + 4  # the value stands whole, its label gives way
            value = colour if row.note.direction or " / " not in row.note.value else self._c.flat
            ink = colour if row.note.direction == 2 else self._c.muted
            words = cell.adjusted(0, 0, -taken if row.note.value else 0, 0)
            self._note.draw(painter, words, _LEFT, row.note.label, ink)
            self._note.draw(painter, cell, _RIGHT, row.note.value, value)
        if row.tape is not None:
            tape = row.tape
            colour = (
                self._c.up if tape.aggressor > 0 else self._c.down if tape.aggressor < 0 else self._c.flat
            )
            painter.setFont(self._small.font)
            cell = sell.adjusted(_INSET, 0, -_INSET, 0)
            if sell.width() >= _TAPE_TIME_ROOM:
                self._small.draw(painter, cell, _LEFT, tape.time, self._c.faint)
            if sell.width() >= _TAPE_PRICE_ROOM:
                self._small.draw(painter, cell.adjusted(0, 0, -58, 0), _RIGHT, tape.price, self._c.muted)
            painter.setFont(self._note.font)
            self._note.draw(painter, cell, _RIGHT, tape.size, colour)

    def _middle(self, painter: QPainter, row: RowContent, cell: QRect) -> None:
        if row.price is None:
            return
        colour = self._c.up if row.direction > 0 else self._c.down if row.direction < 0 else self._c.flat
        shown = row.percent_text if self._geometry.has_percent else ""
        percent = self._percent if shown else 0
        price = self._price.width(row.price_text)
        room = cell.adjusted(3, 0, -percent - 5, 0)
        painter.setFont(self._price.font)
        self._price.draw(painter, room, _RIGHT, row.price_text, colour)
        painter.setFont(self._small.font)
        self._small.draw(painter, cell.adjusted(0, 0, -5, 0), _RIGHT, shown, colour)
        if row.mark and price + _MARK_ROOM <= room.width():
            self._small.draw(painter, cell.adjusted(4, 0, 0, 0), _LEFT, row.mark, self._c.muted)

    def _hint(self, painter: QPainter, row: RowContent, column: Column, sell: QRect, buy: QRect) -> None:
        """Say what a click here fills in, where the cell has room."""
        if column is Column.SELL and row.sell_chip is None and not row.tape:
            painter.setFont(self._small.font)
            self._small.draw(painter, sell.adjusted(_INSET, 0, 0, 0), _LEFT, tr("매도"), self._c.down)
        elif column is Column.BUY and row.buy_chip is None and not row.note:
            painter.setFont(self._small.font)
            self._small.draw(painter, buy.adjusted(0, 0, -_INSET, 0), _RIGHT, tr("매수"), self._c.up)

    def _chip(self, painter: QPainter, box: QRect, chip: Chip) -> None:
        edge = self._c.warn if chip.is_unknown else self._c.up if chip.side is Side.BUY else self._c.down
        painter.fillRect(box, self._chip_ground)
        painter.fillRect(QRect(box.left(), box.top(), 2, box.height()), edge)
        ink = self._c.warn if chip.is_unknown else self._c.accent
        painter.setFont(self._size.font)
        cross = self._geometry.cross(box)
        room = QRect(box.left() + 6, box.top(), cross.left() - box.left() - 6, box.height())
        self._size.draw(painter, room, _RIGHT, chip.text, ink)
        # Drawn, not written: not every font has the sign.
        painter.setPen(self._size.pen(ink))
        centre = cross.center()
        painter.drawLine(centre - QPoint(3, 3), centre + QPoint(3, 3))
        painter.drawLine(centre + QPoint(-3, 3), centre + QPoint(3, -3))

    def totals(self, painter: QPainter, totals: Totals) -> None:
        """Paint the line under the rows."""
        box = self._geometry.totals()
        painter.fillRect(box, self._c.bg1)
        painter.setPen(self._size.pen(self._c.line))
        painter.drawLine(box.topLeft(), box.topRight())
        left, right = self._geometry.columns()
        painter.setFont(self._size.font)
        self._size.draw(
            painter, QRect(0, box.top(), left - _INSET, box.height()), _RIGHT, totals.ask, self._c.down
        )
        self._size.draw(
            painter,
            QRect(right + _INSET, box.top(), box.width() - right, box.height()),
            _LEFT,
            totals.bid,
            self._c.up,
        )
        painter.setFont(self._note.font)
        middle = QRect(left, box.top(), right - left, box.height())
        has_outside = bool(totals.sells_outside or totals.buys_outside)
        ends = middle if self._geometry.is_narrow else box.adjusted(_INSET, 0, -_INSET, 0)
        for count, align in ((totals.sells_outside, _LEFT), (totals.buys_outside, _RIGHT)):
            if count:
                self._note.draw(painter, ends, align, tr("밖 {count}", count=count), self._c.accent)
        if has_outside and self._geometry.is_narrow:
            return
        strength = f"{tr('체결강도')} {totals.strength}" if totals.strength else ""
        whole = f"{tr('총잔량')}  {strength}"
        fits = self._note.width(whole) <= middle.width()
        self._note.draw(painter, middle, _CENTRE, whole if fits else strength, self._c.muted)

    def away(self, painter: QPainter, *, is_above: bool) -> None:
        """Paint an arrow at the edge beyond which the last price stands."""
        place = 0 if is_above else self._geometry.rows - 1
        cell = self._geometry.cell(place, Column.PRICE)
        painter.setFont(self._note.font)
        side = Qt.AlignmentFlag.AlignTop if is_above else Qt.AlignmentFlag.AlignBottom
        self._note.draw(
            painter,
            cell,
            int(Qt.AlignmentFlag.AlignLeft | side),
            "▲" if is_above else "▼",
            self._c.warn,
        )

    def dragged(self, painter: QPainter, at: QPoint, chip: Chip) -> None:
        """Paint a chip that follows the pointer."""
        width = self._size.width(chip.text) + 32
        self._chip(painter, QRect(at.x() - width // 2, at.y() - 10, width, 20), chip)

    def empty(self, painter: QPainter, room: QRect, text: str) -> None:
        """Say why there is nothing."""
        painter.setFont(self._size.font)
        self._size.draw(painter, room, _CENTRE, text, self._c.muted)
