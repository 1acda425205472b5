"""A page that is wider than its panel may be: it scrolls instead of taking room from its neighbours."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget


class WidePage(QScrollArea):
    """Show `page` at the room there is, but never narrower than it can be."""

    def __init__(self, page: QWidget, *, is_low: bool = False) -> None:
        """A page that `is_low` keeps its height, as a line of fields does."""
        super().__init__()
        self._page = page
        self._is_low = is_low
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if is_low:
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setWidget(page)
        self.viewport().setAutoFillBackground(False)
        page.setAutoFillBackground(False)

    def minimumSizeHint(self) -> QSize:
        """Return the height that the page needs, and hardly any width."""
        return QSize(self.fontMetrics().height() * 4, self._height())

    def sizeHint(self) -> QSize:
        """Return what the page would like."""
        return QSize(self._page.sizeHint().width(), self._height())

    def _height(self) -> int:
        least = self._page.minimumSizeHint()
        height = self._page.sizeHint().height() if self._is_low else least.height()
        if self.viewport().width() < least.width():
            height += self.horizontalScrollBar().sizeHint().height()
        return height

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make room for the bar when the page begins to scroll."""
        super().resizeEvent(event)
        self.updateGeometry()
