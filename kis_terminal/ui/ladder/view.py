"""The ladder on screen and under the hands.

Left column means sell, right column buy, the middle one the price alone: the habit of domestic ladder
windows (호가주문). A click carries the price that was painted under the pointer at press; when that row has
another price by the time of release, nothing is done and the row says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from kis_terminal.domain.orders import Side
from kis_terminal.ui.ladder.chips import Chip
from kis_terminal.ui.ladder.content import LadderContent, RowContent
from kis_terminal.ui.ladder.geometry import SMALLEST_ROW, TOTALS_HEIGHT, Column, LadderGeometry
from kis_terminal.ui.ladder.painting import LadderPainter, RowState
from kis_terminal.ui.ladder.rows import FULL_ROWS, LadderRows
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

_WARNING_MILLISECONDS = 2_500
_SIDES = {Column.SELL: Side.SELL, Column.PRICE: None, Column.BUY: Side.BUY}
_NOTCH = 120
_OUR_KEYS = frozenset(
    {
        Qt.Key.Key_Space, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3,
        Qt.Key.Key_4, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Return, Qt.Key.Key_Enter,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Press:
    """What was under the pointer when a button went down."""

    place: int
    price: Decimal | None
    column: Column
    position: QPoint
    chip: Chip | None
    is_cross: bool


class LadderView(QWidget):
    """Paint ten asks over ten bids and tell what the hands want; sends nothing itself.

    Signals: `filled(price, side)` one click or Enter (side None in the price column);
    `ordered(price, side)` a double click; `size_chosen(int)` preset 0 to 3; `amend_wanted(chip, price)`;
    `cancel_wanted(keys)`; `rows_moved()` the rows have other prices: build the content again.
    """

    filled = Signal(object, object)
    ordered = Signal(object, object)
    size_chosen = Signal(int)
    amend_wanted = Signal(object, object)
    cancel_wanted = Signal(object)
    rows_moved = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = LadderRows()
        self._geometry = LadderGeometry()
        self._painter = LadderPainter(theme, self._geometry)
        self._theme = theme
        self._content: LadderContent | None = None
        self._on_screen: tuple[RowContent, ...] = ()
        """The rows as last painted: what the user sees, which may be older than `_content`."""
        self._cursor: Decimal | None = None
        self._hint: Column | None = None
        self._press: _Press | None = None
        self._last_press: _Press | None = None
        self._drag_at: QPoint | None = None
        self._wheel = 0
        self._warned: dict[Decimal, str] = {}
        self._warning_timer = QTimer(self)
        self._warning_timer.setSingleShot(True)
        self._warning_timer.timeout.connect(self._forget_warnings)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(tr("호가 사다리"))
        self.setAccessibleDescription(
            tr("위아래 화살표로 가격을 고르고 Enter로 주문창에 넣습니다. Space 중심, 1~4 수량, Del 취소.")
        )

    # -- what the panel uses ---

    @property
    def cursor_price(self) -> Decimal | None:
        """Return the price under the pointer or the keyboard cursor."""
        return self._cursor

    @property
    def is_narrow(self) -> bool:
        """Tell whether notes have to be short."""
        return self._geometry.is_narrow

    @property
    def shown(self) -> tuple[RowContent, ...]:
        """Return the rows as they were last painted."""
        return self._on_screen

    def price_at(self, position: QPoint) -> Decimal | None:
        """Return the price painted at a position."""
        place = self._geometry.row_at(position)
        row = self._screen_row(place)
        return None if row is None else row.price

    def cell_centre(self, price: Decimal, column: Column) -> QPoint:
        """Return the middle of a price's cell; raises LookupError when the price stands in no row."""
        place = self.rows.row_of(price)
        if place is None:
            raise LookupError(f"price {price} is not on the ladder")
        return self._geometry.cell(place, column).center()

    def chip_box(self, chip: Chip) -> QRect:
        """Return where a chip stands; raises LookupError when its price stands in no row."""
        place = self.rows.row_of(chip.price)
        if place is None:
            raise LookupError(f"price {chip.price} is not on the ladder")
        return self._painter.chip_rectangle(place, chip)

    def cross_centre(self, chip: Chip) -> QPoint:
        """Return the middle of a chip's ✕."""
        return self._geometry.cross(self.chip_box(chip)).center()

    @property
    def warnings(self) -> dict[Decimal, str]:
        """Return what rows say at this moment, by price."""
        return dict(self._warned)

    def set_content(self, content: LadderContent) -> None:
        """Show newer content; only rows that differ are painted again."""
        before, self._content = self._content, content
        if before is None or before.empty_text != content.empty_text or len(before.rows) != len(content.rows):
            self.update()
            return
        for place, (old, new) in enumerate(zip(before.rows, content.rows, strict=True)):
            if old != new:
                self.update(self._geometry.row(place))
        if before.totals != content.totals:
            self.update(self._geometry.totals())
            self.update(self._geometry.row(0))
            self.update(self._geometry.row(self._geometry.rows - 1))

    def say_at(self, price: Decimal, sentence: str) -> None:
        """Show a sentence in a price's row for a moment."""
        self._warned[price] = sentence
        self._warning_timer.start(_WARNING_MILLISECONDS)
        self.update()

    def let_go(self) -> None:
        """Forget press, drag and pointer: the panel goes to sleep or the symbol changes."""
        self._press = self._drag_at = self._cursor = self._hint = None
        self._last_press = None
        self._warned.clear()
        self.update()

    def _forget_warnings(self) -> None:
        self._warned.clear()
        self.update()

    # -- painting ---

    def sizeHint(self) -> QSize:
        """Want 20 full rows."""
        return QSize(380, FULL_ROWS * (SMALLEST_ROW + 4) + TOTALS_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Be content with 8 rows, which then scroll."""
        return QSize(240, 8 * SMALLEST_ROW + TOTALS_HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the new size into rows."""
        self._geometry.resize(event.size())
        self.rows.resize(self._geometry.rows)
        self.rows_moved.emit()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows that the region touches."""
        painter = QPainter(self)
        region = event.region()
        content = self._content
        rows = content.rows if content is not None else ()
        if content is None or len(rows) != self._geometry.rows or content.empty_text:
            painter.fillRect(self.rect(), self._theme.colours.bg1)
            self._on_screen = ()
            self._painter.empty(painter, self.rect(), content.empty_text if content is not None else "")
            return
        for place, row in enumerate(rows):
            if region.intersects(self._geometry.row(place)):
                self._painter.row(painter, place, row, self._row_state(row))
        self._on_screen = rows
        totals = self._geometry.totals()
        if region.intersects(totals):
            self._painter.totals(painter, content.totals)
            rest = self.rect().adjusted(0, totals.bottom() + 1, 0, 0)
            painter.fillRect(rest, self._theme.colours.bg1)
        if content.totals.last_above or content.totals.last_below:
            self._painter.away(painter, is_above=content.totals.last_above)
        if self.hasFocus():
            painter.setPen(self._theme.colours.accent)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        if self._drag_at is not None and self._press is not None and self._press.chip is not None:
            self._painter.dragged(painter, self._drag_at, self._press.chip)

    def _row_state(self, row: RowContent) -> RowState:
        is_current = row.price is not None and row.price == self._cursor
        is_dragging = self._drag_at is not None
        return RowState(
            is_current=is_current,
            has_focus=self.hasFocus(),
            hint=self._hint if is_current and not is_dragging else None,
            is_drop=is_current and is_dragging,
            warning=self._warned.get(row.price, "") if row.price is not None else "",
        )

    def _update_price(self, price: Decimal | None) -> None:
        place = None if price is None else self.rows.row_of(price)
        if place is not None:
            self.update(self._geometry.row(place))

    def _move_cursor(self, price: Decimal | None) -> None:
        if price != self._cursor:
            self._update_price(self._cursor)
            self._cursor = price
            self._update_price(price)

    # -- the pointer ---

    def enterEvent(self, event: QEnterEvent) -> None:
        """Hold the rows while the pointer is over them."""
        self.rows.is_pointer_over = True
        self.rows_moved.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Let the rows move again."""
        self.rows.is_pointer_over = False
        self._hint = None
        if not self.hasFocus():
            self._move_cursor(None)
        else:
            self._update_price(self._cursor)
        self.rows.release()
        self.rows_moved.emit()

    def _screen_row(self, place: int | None) -> RowContent | None:
        return self._on_screen[place] if place is not None and place < len(self._on_screen) else None

    def _pressed_at(self, position: QPoint) -> _Press | None:
        place = self._geometry.row_at(position)
        row = self._screen_row(place)
        if place is None or row is None:
            return None
        for chip in (row.sell_chip, row.buy_chip):
            if chip is not None and (box := self._painter.chip_rectangle(place, chip)).contains(position):
                is_cross = self._geometry.cross(box).contains(position)
                column = Column.SELL if chip.side is Side.SELL else Column.BUY
                return _Press(place, row.price, column, position, chip, is_cross)
        return _Press(place, row.price, self._geometry.column_at(position), position, None, False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember what is under the pointer."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._press = self._last_press = self._pressed_at(event.position().toPoint())
            if self._press is not None:
                self._move_cursor(self._press.price)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer; a chip that was pressed comes along."""
        position = event.position().toPoint()
        press = self._press
        if press is not None and press.chip is not None and not press.is_cross:
            far = (
                position - press.position
            ).manhattanLength() >= QGuiApplication.styleHints().startDragDistance()
            if self._drag_at is not None or far:
                self._drag_at = position
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
                self.update()
        place = self._geometry.row_at(position)
        row = self._screen_row(place)
        column = self._geometry.column_at(position)
        if column is not self._hint:
            self._hint = column
            self._update_price(self._cursor)
        self._move_cursor(None if row is None else row.price)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Do what was pressed, if the row is still what it was."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        press, self._press = self._press, None
        was_dragging, self._drag_at = self._drag_at is not None, None
        self.unsetCursor()
        if press is None or press.price is None:
            return
        if was_dragging:
            self.update()
        now = self._pressed_at(event.position().toPoint())
        if now is None or (now.place != press.place and not was_dragging):
            return
        if self._has_moved(press):
            self._say_moved(press)
        elif was_dragging and press.chip is not None:
            if now.price is not None and now.price != press.price:
                self.amend_wanted.emit(press.chip, now.price)
        elif press.is_cross and press.chip is not None:
            if now.is_cross and now.chip is not None and now.chip.side is press.chip.side:
                self.cancel_wanted.emit(press.chip.keys)
        elif press.chip is None and now.column is press.column:
            self.filled.emit(press.price, _SIDES[press.column])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Want an order at the price of the first press, if the row is still what it was."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        first, self._last_press = self._last_press, None
        now = self._pressed_at(event.position().toPoint())
        if first is None or now is None or first.price is None:
            return
        if now.chip is not None or first.chip is not None:
            self._press = now  # two quick clicks on a chip are two clicks
        elif self._has_moved(first) or now.price != first.price:
            self._say_moved(first)
        elif now.column is first.column:
            self.ordered.emit(first.price, _SIDES[first.column])

    def _has_moved(self, press: _Press) -> bool:
        """Tell whether the row of a press has another price now, on screen or about to be painted."""
        newest = self.rows.prices
        screen = self._screen_row(press.place)
        return (
            press.place >= len(newest)
            or newest[press.place] != press.price
            or screen is None
            or screen.price != press.price
        )

    def _say_moved(self, press: _Press) -> None:
        newest = self.rows.prices[press.place] if press.place < len(self.rows.prices) else None
        shown = newest if newest is not None else press.price
        if shown is not None:
            self.say_at(shown, tr("호가가 움직여 보내지 않았습니다"))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll by a row a notch."""
        self._wheel += event.angleDelta().y()
        steps = int(self._wheel / _NOTCH)
        self._wheel -= steps * _NOTCH
        if steps and self.rows.scroll(steps):
            self.rows_moved.emit()
        event.accept()

    # -- the keyboard ---

    def event(self, event: QEvent) -> bool:
        """Keep our keys from being shortcuts of the window while the ladder has the focus."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in _OUR_KEYS
            and not event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Act on the row of the pointer or the cursor; only the ladder with the focus gets keys."""
        key = event.key()
        if key == Qt.Key.Key_Space:
            self.rows.centre()
            self.rows_moved.emit()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._step(1 if key == Qt.Key.Key_Up else -1)
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_4:
            self.size_chosen.emit(key - Qt.Key.Key_1)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._cancel_here()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._cursor is not None and self.rows.row_of(self._cursor) is not None:
                self.filled.emit(self._cursor, None)
        elif key == Qt.Key.Key_Escape and self._drag_at is not None:
            self._press = self._drag_at = None
            self.unsetCursor()
            self.update()
        else:
            super().keyPressEvent(event)

    def _step(self, steps: int) -> None:
        place = None if self._cursor is None else self.rows.row_of(self._cursor)
        target = self._geometry.rows // 2 if place is None else place - steps
        if not 0 <= target < self._geometry.rows:
            if not self.rows.scroll(steps):
                return
            self.rows_moved.emit()
            target = max(0, min(self._geometry.rows - 1, target))
        price = self.rows.prices[target]
        if price is not None:
            self._move_cursor(price)

    def _cancel_here(self) -> None:
        row = next(
            (row for row in self._on_screen if row.price is not None and row.price == self._cursor), None
        )
        if row is None or row.price is None:
            return
        keys = tuple(key for chip in (row.sell_chip, row.buy_chip) if chip is not None for key in chip.keys)
        if keys:
            self.cancel_wanted.emit(keys)
        else:
            self.say_at(row.price, tr("이 가격에 취소할 주문이 없습니다"))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that keys act here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that they do not any more."""
        super().focusOutEvent(event)
        if not self.rows.is_pointer_over:
            self._move_cursor(None)
        self.update()
