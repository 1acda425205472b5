"""The chart widget: the canvas with pointer and keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from kis_terminal.ui.charts.canvas import ChartCanvas
from kis_terminal.ui.theme import Theme

_ZOOM = 0.85
_KEY_PAN = 0.1
_WHEEL_STEP = 120


class ChartPlot(ChartCanvas):
    """A chart to be moved by hand.

    Signals: `cancel_wanted(order key)`, `menu_wanted(global QPoint, price, bar)`, price NaN outside the price
    pane and bar -1 outside the series.
    """

    cancel_wanted = Signal(str)
    menu_wanted = Signal(QPoint, float, int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._drag_from: QPointF | None = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Cancel an order by its chip, or take hold of the chart."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        room = self.price_pane.room
        key = self.price_pane.orders.key_at(event.position() - room.topLeft())
        if key:
            self.cancel_wanted.emit(key)
            return
        self._drag_from = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan while the button is held, else move the crosshair."""
        point = event.position()
        if self._drag_from is not None and event.buttons() & Qt.MouseButton.LeftButton:
            moved = self._drag_from.x() - point.x()
            self._drag_from = point
            self.crosshair.point = point
            self.pan(moved / self.window_of_time.step)
            return
        self._move_crosshair(point)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the chart go."""
        self._drag_from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go back to the newest bars at the opening size."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.reset()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the pointer; sideways or with Shift, pan."""
        delta = event.angleDelta()
        event.accept()
        if delta.x() and abs(delta.x()) >= abs(delta.y()):
            self.pan(-delta.x() / _WHEEL_STEP * self.window_of_time.span * _KEY_PAN)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan(-delta.y() / _WHEEL_STEP * self.window_of_time.span * _KEY_PAN)
        elif delta.y():
            self.zoom(_ZOOM ** (delta.y() / _WHEEL_STEP), event.position().x())

    def leaveEvent(self, event: QEvent) -> None:
        """Take the crosshair away."""
        self._move_crosshair(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Let the chart go, too, when another window takes the keyboard."""
        self._drag_from = None
        super().focusOutEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done at the price under the pointer."""
        point = QPointF(event.pos())
        room, price = self.price_pane.room, float("nan")
        if room.contains(point) and len(self.shown):
            price = self.price_pane.scale.value(point.y() - room.top())
        self.menu_wanted.emit(event.globalPos(), price, self._bar_at(point.x()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys pan and zoom, Home and End go to the ends, Escape resets."""
        window = self.window_of_time
        key = event.key()
        share = 1.0 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else _KEY_PAN
        right = min(window.width, (window.count - window.first) * window.step)
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.pan((1 if key == Qt.Key.Key_Right else -1) * window.span * share)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_ZOOM, right)
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Minus):
            self.zoom(1 / _ZOOM, right)
        elif key == Qt.Key.Key_Home:
            window.show_first()
            self._arrange()
        elif key == Qt.Key.Key_End:
            window.show_last()
            self._arrange()
        elif key == Qt.Key.Key_Escape:
            self.reset()
        else:
            event.ignore()
            return
        event.accept()
