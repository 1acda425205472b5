"""Many rectangles or lines in one call: numpy columns straight into QPainter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPolygonF
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter

Column = NDArray[np.float64]


class RectBatch:
    """Rectangles to fill with the painter's brush; the memory is kept from frame to frame."""

    def __init__(self) -> None:
        self._array = PrimitiveArray(QRectF, 4)

    def draw(self, painter: QPainter, left: Column, top: Column, width: float, height: Column) -> None:
        """Fill rectangles of one width, in whole pixels."""
        if not len(left):
            return
        self._array.resize(len(left))
        memory = self._array.ndarray()
        memory[:, 0] = left
        memory[:, 1] = top
        memory[:, 2] = width
        memory[:, 3] = height
        painter.drawRects(*self._array.drawargs())


class LineBatch:
    """Upright lines with the painter's pen."""

    def __init__(self) -> None:
        self._array = PrimitiveArray(QLineF, 4)

    def draw(self, painter: QPainter, x: Column, top: Column, bottom: Column) -> None:
        """Draw from `top` to `bottom` at each `x`."""
        if not len(x):
            return
        self._array.resize(len(x))
        memory = self._array.ndarray()
        memory[:, 0] = x
        memory[:, 1] = top
        memory[:, 2] = x
        memory[:, 3] = bottom
        painter.drawLines(*self._array.drawargs())


def draw_curve(painter: QPainter, x: Column, y: Column) -> None:
    """Draw one line through all known points; unknown ones (NaN) are at its beginning only."""
    known = len(y) - int(np.count_nonzero(np.isfinite(y)))
    if len(y) - known > 1:
        painter.drawPolyline(arrayToQPolygonF(x[known:], y[known:]))
