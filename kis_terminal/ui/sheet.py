"""A sheet over the window's panels: it asks or reports while everything under it goes on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QLabel, QMainWindow, QPushButton, QVBoxLayout

from kis_terminal.ui.theme import Theme


class Sheet(QFrame):
    """Title, body, buttons. Esc leaves; several may stand at once; never modal."""

    def __init__(self, window: QMainWindow, theme: Theme, title: str, *, width: int, border: str) -> None:
        super().__init__(window)
        self._owner = window
        self._turn = 0
        """Greater than that of every sheet that came up before."""
        self.theme = theme
        colours, metrics = theme.colours, theme.metrics
        self.setObjectName("sheet")
        self.setStyleSheet(
            f"#sheet {{ background: {colours.bg1.name()}; border: 1px solid {border};"
            f" border-top: 3px solid {border}; }}"
        )
        self.setFixedWidth(width)
        outer = QVBoxLayout(self)
        inset = metrics.inset + metrics.gutter
        outer.setContentsMargins(inset, metrics.inset, inset, metrics.inset)
        outer.setSpacing(metrics.inset)
        self.title_label = QLabel(title)
        self.title_label.setTextFormat(Qt.TextFormat.PlainText)
        self.title_label.setFont(theme.bold(metrics.sheet_title))
        outer.addWidget(self.title_label)
        self.content = QVBoxLayout()
        self.content.setSpacing(metrics.gutter)
        outer.addLayout(self.content, 1)
        self.buttons = QHBoxLayout()
        self.buttons.addStretch(1)
        outer.addLayout(self.buttons)
        self.setAccessibleName(title)
        self.hide()
        window.installEventFilter(self)

    def sentence(self, text: str = "") -> QLabel:
        """Add a wrapped line of text to the body."""
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        self.content.addWidget(label)
        return label

    def button(self, text: str) -> QPushButton:
        """Add a button at the foot."""
        button = QPushButton(text)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        self.buttons.addWidget(button)
        return button

    def present(self) -> None:
        """Come up in front of everything, floating panels too."""
        is_covered = any(
            dock.isFloating() and dock.isVisible() for dock in self._owner.findChildren(QDockWidget)
        )
        if is_covered and not self.isWindow():
            # A floating panel is a window of its own and would lie over a child of the main window.
            self.setParent(self._owner, Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint)
        elif not is_covered and self.isWindow():
            self.setParent(self._owner, Qt.WindowType.Widget)
        self._turn = 1 + max(sheet._turn for sheet in self._standing())
        self.place()
        self.show()
        self.raise_()

    def _standing(self) -> list[Sheet]:
        """Return the sheets of the window, this one too."""
        return [self, *(sheet for sheet in self._owner.findChildren(Sheet) if sheet.isVisible())]

    def place(self) -> None:
        """Stand in the upper middle of the window."""
        self.adjustSize()
        window = self._owner
        x = max(0, (window.width() - self.width()) // 2)
        y = max(0, min(window.height() // 6, window.height() - self.height()))
        point = window.mapToGlobal(window.rect().topLeft()) if self.isWindow() else window.rect().topLeft()
        self.move(point.x() + x, point.y() + y)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size and stay in front of panels that are docked meanwhile.

        Each sheet hears of it: they rise in the order in which they came up, so that the last one, a panic's
        report above all, is never covered by an earlier one.
        """
        if self.isVisible() and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self.place()
            for sheet in sorted(self._standing(), key=lambda sheet: sheet._turn):
                if not sheet.isWindow():
                    sheet.raise_()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave by Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)
