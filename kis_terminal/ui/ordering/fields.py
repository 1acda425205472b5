"""Inputs of the order form: number fields that step with the arrows, lines of text that never overflow."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QSizePolicy, QWidget

from kis_terminal.ui.grid.painting import Ink
from kis_terminal.ui.ordering.numbers import WrongNumber, parse_whole, regrouped
from kis_terminal.ui.theme import Theme

_LONGEST = 24


class NumberField(QLineEdit):
    """A field for a whole number; takes any text and says later, in words, what is wrong with it.

    Signals: `stepped(int)` for the arrows: 1 or -1, ten times that with Shift; `submitted()` for Enter, not
    repeated while the key is held; `edited()` when the user changed the text by hand.
    """

    stepped = Signal(int)
    submitted = Signal()
    edited = Signal()

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.name = name
        self._theme = theme
        self._before = ""
        self.setAccessibleName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setMaxLength(_LONGEST)
        self.setFont(theme.medium(theme.metrics.entry))
        self.textEdited.connect(self._take_edit)

    def value(self) -> int:
        """Return the number; raises WrongNumber with a sentence."""
        return parse_whole(self.text(), self.name)

    def known_value(self) -> int | None:
        """Return the number, None where the text is none."""
        try:
            return self.value()
        except WrongNumber:
            return None

    def set_value(self, value: int | None) -> None:
        """Put a number in, or nothing."""
        self._before = "" if value is None else f"{value:,}"
        self.setText(self._before)

    def mark(self, *, is_wrong: bool) -> None:
        """Show a wrong value at once by the edge of the field."""
        colour = self._theme.colours.danger.name()
        wanted = f"QLineEdit {{ border: 1px solid {colour}; }}" if is_wrong else ""
        if self.styleSheet() != wanted:
            self.setStyleSheet(wanted)

    def _take_edit(self, text: str) -> None:
        grouped = regrouped(self._before, text)
        if grouped is not None and grouped != text:
            digits_right = sum(character != "," for character in text[self.cursorPosition() :])
            self.setText(grouped)
            place = len(grouped)
            while digits_right:
                place -= 1
                digits_right -= grouped[place] != ","
            self.setCursorPosition(place)
        self._before = self.text()
        self.edited.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step with the arrows, submit with Enter."""
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.stepped.emit((1 if key == Qt.Key.Key_Up else -1) * (10 if far else 1))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.submitted.emit()
        elif key == Qt.Key.Key_Escape:
            event.ignore()  # the panel clears
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Select everything when the keyboard comes here, so that typing replaces it."""
        super().focusInEvent(event)
        if event.reason() not in (Qt.FocusReason.MouseFocusReason, Qt.FocusReason.PopupFocusReason):
            self.selectAll()


class Choice(QComboBox):
    """A combo box whose text never widens the panel."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFont(theme.medium(theme.metrics.entry))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(3)
        self._ink = theme.colours.muted

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box and a small arrow, which the style sheet has none for."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ink)
        centre = QPoint(self.width() - 12, self.height() // 2 + 1)
        painter.drawPolygon([centre + QPoint(-4, -2), centre + QPoint(4, -2), centre + QPoint(0, 3)])


class Line(QWidget):
    """One line of coloured text, shortened where it does not fit; the whole stands in the tooltip."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._ink = Ink(theme.medium(theme.metrics.label))
        self._text = ""
        self._colour = theme.colours.muted
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """Return the whole text."""
        return self._text

    @property
    def colour(self) -> QColor:
        """Return the colour of the text."""
        return self._colour

    def say(self, text: str, colour: QColor) -> None:
        """Show another text; the same one costs nothing."""
        if text == self._text and colour == self._colour:
            return
        self._text, self._colour = text, colour
        self.setToolTip(text)
        self.setAccessibleDescription(text)
        self.update()

    def sizeHint(self) -> QSize:
        """Be one line high."""
        return QSize(120, self._ink.metrics.height() + 4)

    def minimumSizeHint(self) -> QSize:
        """Be content with hardly any width."""
        return QSize(40, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the text."""
        painter = QPainter(self)
        painter.setFont(self._ink.font)
        align = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._ink.draw(painter, self.rect(), align, self._text, self._colour)
