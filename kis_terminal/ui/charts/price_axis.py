"""Round values for a vertical axis, and the axis itself with its cached labels."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor, log10

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QStaticText, QTransform

from kis_terminal.ui.charts.frame import Scale
from kis_terminal.ui.theme import Theme

_LABELS_KEPT = 2000


def axis_step(low: float, high: float, most: int) -> float:
    """Return the smallest of 1, 2, 5, 10, 20 … that needs at most `most` values between the limits."""
    least = (high - low) / max(1, most)
    power = 10.0 ** floor(log10(least))
    return next(power * digit for digit in (1.0, 2.0, 5.0, 10.0) if power * digit >= least * 0.999999)


def axis_values(low: float, high: float, most: int) -> list[float]:
    """Return round values within the limits, lowest first."""
    step = axis_step(low, high, most)
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


@lru_cache(maxsize=_LABELS_KEPT)
def axis_text(value: float, step: float) -> str:
    """Return a label with as many decimals as `step` needs."""
    decimals = max(0, -floor(log10(step) + 1e-9)) if step > 0 else 0
    text = f"{value:,.{decimals}f}"
    return text[1:] if text.startswith("-") and float(text.replace(",", "")) == 0 else text


class LabelCache:
    """Text laid out once and drawn many times; one font."""

    def __init__(self, theme: Theme, size: int, *, is_bold: bool = False) -> None:
        self.font = theme.bold(size) if is_bold else theme.font(size)
        metrics = QFontMetricsF(self.font)
        self._ascent_middle = (metrics.ascent() + metrics.descent()) / 2
        self._held: dict[str, tuple[QStaticText, float]] = {}

    def _label(self, text: str) -> tuple[QStaticText, float]:
        held = self._held.get(text)
        if held is None:
            if len(self._held) >= _LABELS_KEPT:
                self._held.clear()
            label = QStaticText(text)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.prepare(QTransform(), self.font)
            held = self._held[text] = (label, label.size().width())
        return held

    def width(self, text: str) -> float:
        """Return the pixels a text takes."""
        return self._label(text)[1]

    def draw(self, painter: QPainter, text: str, x: float, middle: float, share: float = 0.0) -> None:
        """Draw at height `middle`; `share` 0 has `x` at its left end, 0.5 in its centre, 1 at its right."""
        label, width = self._label(text)
        painter.setFont(self.font)
        painter.drawStaticText(QPointF(round(x - width * share), round(middle - self._ascent_middle)), label)


class PriceAxis:
    """Draw the labels right of a pane and the value tags upon them."""

    def __init__(self, theme: Theme, labels: LabelCache, bold: LabelCache) -> None:
        self._theme = theme
        self._labels, self._bold = labels, bold
        self._text_pen = QPen(theme.colours.muted)

    def values(self, scale: Scale, top: float, bottom: float, guides: tuple[float, ...]) -> list[float]:
        """Return where grid lines and labels go between the pixels `top` and `bottom`."""
        low, high = scale.value(bottom), scale.value(top)
        if guides:
            return [guide for guide in guides if low <= guide <= high]
        most = max(2, int((bottom - top) / self._theme.chart.price_label_gap))
        return axis_values(low, high, most)

    def draw(
        self, painter: QPainter, values: list[float], scale: Scale, room: QRectF, tag_y: float | None = None
    ) -> None:
        """Draw the labels in `room`, leaving out those that would be cut or lie under a tag at `tag_y`."""
        if not values:
            return
        step = abs(values[1] - values[0]) if len(values) > 1 else abs(values[0]) or 1.0
        painter.setPen(self._text_pen)
        half = self._theme.metrics.label * 0.6
        right = room.right() - self._theme.metrics.inset
        for value in values:
            y = room.top() + scale.y(value)
            if tag_y is not None and abs(y - tag_y) < half + self._theme.chart.tag / 2:
                continue
            if room.top() + half <= y <= room.bottom() - half:
                self._labels.draw(painter, axis_text(value, step), right, y, 1.0)

    def draw_tag(
        self, painter: QPainter, room: QRectF, y: float, text: str, fill: QColor, ink: QColor
    ) -> None:
        """Draw a value on a filled tag; it stays inside `room`."""
        height = self._theme.chart.tag
        top = float(np.clip(round(y) - height // 2, room.top(), max(room.top(), room.bottom() - height)))
        tag = QRectF(room.left(), top, room.width() - self._theme.metrics.gutter, height)
        painter.fillRect(tag, fill)
        painter.setPen(QPen(ink))
        right = room.right() - self._theme.metrics.inset
        self._bold.draw(painter, text, right, tag.center().y(), 1.0)
