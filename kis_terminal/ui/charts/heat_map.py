"""A search over one or two parameters as a picture: warm is better, cold is worse, the best is framed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kis_terminal.ui.grid.painting import Ink
from kis_terminal.ui.theme import Theme

_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_LEFT_ROOM = 64
_FOOT = 40
_TOP = 24
_LEAST_CELL_FOR_TEXT = 38


class HeatMap(QWidget):
    """Show `(rows, columns)` values; NaN cells are empty.

    Signals: `chosen(int, int)` row and column of a clicked cell.
    """

    chosen = Signal(int, int)

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._ink = Ink(theme.font(theme.metrics.label))
        self._bold = Ink(theme.bold(theme.metrics.label))
        self._x_name = self._y_name = ""
        self._xs: Sequence[str] = ()
        self._ys: Sequence[str] = ()
        self._values: NDArray[np.float64] = np.empty((0, 0))
        self._image = QImage()
        self._words: Callable[[float], str] = lambda value: f"{value:.2f}"
        self._best: tuple[int, int] | None = None
        self._over: tuple[int, int] | None = None
        self.current: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setMinimumSize(200, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_grid(
        self,
        x_name: str,
        xs: Sequence[str],
        y_name: str,
        ys: Sequence[str],
        values: NDArray[np.float64],
        words: Callable[[float], str],
    ) -> None:
        """Show values; `words` turns one into text."""
        if values.shape != (len(ys), len(xs)):
            raise ValueError(f"{values.shape} values for {len(ys)} by {len(xs)}")
        self._x_name, self._xs, self._y_name, self._ys = x_name, xs, y_name, ys
        self._values, self._words = values, words
        self._image = self._painted(values)
        known = np.where(np.isfinite(values), values, -np.inf)
        place = int(np.argmax(known)) if values.size else -1
        is_known = values.size and np.isfinite(known.flat[place])
        self._best = divmod(place, values.shape[1]) if is_known else None
        self._over = None
        if self.current is not None and not self._holds(self.current):
            self.current = None
        self.update()

    def _holds(self, cell: tuple[int, int]) -> bool:
        return 0 <= cell[0] < self._values.shape[0] and 0 <= cell[1] < self._values.shape[1]

    @property
    def best(self) -> tuple[int, int] | None:
        """Return the row and column of the greatest value."""
        return self._best

    def _painted(self, values: NDArray[np.float64]) -> QImage:
        """Return a picture of one pixel a cell, the first row lowest: from down's colour to up's."""
        rows, columns = values.shape
        if not values.size:
            return QImage()
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
        middle = 0.0 if low < 0 < high else (low + high) / 2
        reach = max(high - middle, middle - low, 1e-12)
        share = np.nan_to_num(np.clip((values - middle) / reach, -1.0, 1.0))
        tokens = self._theme.colours
        base, up, down, unknown = (
            np.array([c.red(), c.green(), c.blue()], dtype=np.float64)
            for c in (tokens.bg2, tokens.up, tokens.down, tokens.bg1)
        )
        strength = np.abs(share)[..., None] * 0.92
        colours = base + (np.where(share[..., None] >= 0, up, down) - base) * strength
        colours = np.where(np.isfinite(values)[..., None], colours, unknown)
        pixels = np.zeros((rows, columns, 4), dtype=np.uint8)
        pixels[..., :3] = colours[::-1, :, ::-1].round()
        pixels[..., 3] = 255
        image = QImage(pixels.tobytes(), columns, rows, columns * 4, QImage.Format.Format_RGB32)
        return image.copy()  # the bytes above are not kept

    # -- geometry ---

    def _room(self) -> QRect:
        return QRect(
            _LEFT_ROOM,
            _TOP,
            max(1, self.width() - _LEFT_ROOM - self._theme.metrics.inset),
            max(1, self.height() - _TOP - _FOOT),
        )

    def _cell(self, row: int, column: int) -> QRect:
        """Return the rectangle of a cell; the first row lies at the bottom, as on any axis."""
        room = self._room()
        rows, columns = self._values.shape
        left = room.left() + room.width() * column // columns
        right = room.left() + room.width() * (column + 1) // columns
        bottom = room.bottom() + 1 - room.height() * row // rows
        top = room.bottom() + 1 - room.height() * (row + 1) // rows
        return QRect(left, top, right - left, bottom - top)

    def _at(self, point: QPoint) -> tuple[int, int] | None:
        room = self._room()
        if not self._values.size or not room.contains(point):
            return None
        rows, columns = self._values.shape
        column = min(columns - 1, (point.x() - room.left()) * columns // room.width())
        row = min(rows - 1, (room.bottom() - point.y()) * rows // room.height())
        return max(0, row), max(0, column)

    # -- painting ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture, its axes and what is under the pointer."""
        painter = QPainter(self)
        colours = self._theme.colours
        painter.fillRect(self.rect(), colours.bg1)
        if not self._values.size:
            return
        room = self._room()
        painter.drawImage(room, self._image)
        painter.setFont(self._ink.font)
        rows, columns = self._values.shape
        self._draw_axis(painter, room, rows, columns)
        first = self._cell(0, 0)
        if first.width() >= _LEAST_CELL_FOR_TEXT and first.height() >= self._theme.metrics.label + 6:
            for row in range(rows):
                for column in range(columns):
                    value = self._values[row, column]
                    if np.isfinite(value):
                        cell = self._cell(row, column)
                        self._ink.draw(painter, cell, _CENTRE, self._words(float(value)), colours.text)
        for cell_at, colour in (
            (self._best, colours.text),
            (self.current, colours.accent),
            (self._over, colours.muted),
        ):
            if cell_at is not None:
                painter.setPen(QPen(colour, 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(self._cell(*cell_at).adjusted(0, 0, -1, -1))
        self._draw_words(painter)

    def _draw_axis(self, painter: QPainter, room: QRect, rows: int, columns: int) -> None:
        muted = self._theme.colours.muted
        every = max(1, -(-columns * 40 // max(1, room.width())))
        for column in range(0, columns, every):
            cell = self._cell(0, column)
            label = QRect(cell.center().x() - 30, room.bottom() + 2, 60, 16)
            self._ink.draw(painter, label, _CENTRE, self._xs[column], muted)
        every = max(1, -(-rows * 18 // max(1, room.height())))
        for row in range(0, rows, every):
            cell = self._cell(row, 0)
            label = QRect(0, cell.center().y() - 9, _LEFT_ROOM - 6, 18)
            self._ink.draw(painter, label, _RIGHT, self._ys[row], muted)
        painter.setFont(self._bold.font)
        foot = QRect(room.left(), room.bottom() + 20, room.width(), 18)
        self._bold.draw(painter, foot, _CENTRE, self._x_name, muted)

    def _draw_words(self, painter: QPainter) -> None:
        cell = self._over or self.current or self._best
        colours = self._theme.colours
        painter.setFont(self._bold.font)
        head = QRect(self._theme.metrics.inset, 0, self.width() - 2 * self._theme.metrics.inset, _TOP)
        if cell is None or not self._holds(cell):
            self._bold.draw(painter, head, _LEFT, self._y_name, colours.muted)
            return
        value = float(self._values[cell])
        parts = [f"{self._y_name} {self._ys[cell[0]]}"] if self._y_name else []
        parts.append(f"{self._x_name} {self._xs[cell[1]]}")
        parts.append(self._words(value) if np.isfinite(value) else "-")
        colour = QColor(self._theme.colours.text)
        self._bold.draw(painter, head, _LEFT, "  ·  ".join(parts), colour)

    # -- hands ---

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Frame the cell under the pointer."""
        over = self._at(event.position().toPoint())
        if over != self._over:
            self._over = over
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Frame nothing."""
        self._over = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the cell under the pointer."""
        cell = self._at(event.position().toPoint())
        if cell is not None and event.button() is Qt.MouseButton.LeftButton:
            self._choose(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with the arrows."""
        steps = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (1, 0),
            Qt.Key.Key_Down: (-1, 0),
        }
        step = steps.get(Qt.Key(event.key()))
        start = self.current or self._best
        if step is None or start is None:
            super().keyPressEvent(event)
            return
        cell = (start[0] + step[0], start[1] + step[1])
        if self._holds(cell):
            self._choose(cell)

    def _choose(self, cell: tuple[int, int]) -> None:
        self.current = cell
        self.update()
        self.chosen.emit(*cell)
