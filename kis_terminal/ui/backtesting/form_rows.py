"""Rows of the setup side: a label at the left, its input right of it, all in one grid."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSplitter,
    QWidget,
)

from kis_terminal.ui.ordering.numbers import WrongNumber
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


def plain_label(theme: Theme, text: str = "", *, is_muted: bool = True) -> QLabel:
    """Return a label that takes no text for markup and never widens its panel."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setFont(theme.font(theme.metrics.label))
    colour = theme.colours.muted if is_muted else theme.colours.text
    label.setStyleSheet(f"color: {colour.name()};")
    label.setMinimumWidth(1)
    return label


def splitter(
    theme: Theme, orientation: Qt.Orientation, shares: Sequence[int], *widgets: QWidget
) -> QSplitter:
    """Return a splitter whose parts begin with these shares of the room."""
    split = QSplitter(orientation)
    split.setHandleWidth(theme.metrics.gutter)
    split.setChildrenCollapsible(False)
    split.setStyleSheet(f"QSplitter::handle {{ background: {theme.colours.bg0.name()}; image: none; }}")
    for place, widget in enumerate(widgets):
        split.addWidget(widget)
        split.setStretchFactor(place, shares[place])
    # Sizes are shared out in proportion; only their ratio counts before the splitter is shown.
    split.setSizes([share * 1000 for share in shares])
    return split


class FormRows:
    """Fill a grid of two columns from the top."""

    def __init__(self, theme: Theme, grid: QGridLayout) -> None:
        self._theme = theme
        self._grid = grid
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.metrics.gutter)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        self._row = 0

    def add(self, title: str, *inputs: QWidget) -> QLabel:
        """Add a row; several inputs share its width. Return its label."""
        label = plain_label(self._theme, title)
        label.setFixedWidth(self._theme.metrics.form_label)
        label.setWordWrap(True)
        self._grid.addWidget(label, self._row, 0)
        if len(inputs) == 1:
            self._grid.addWidget(inputs[0], self._row, 1)
        else:
            line = QHBoxLayout()
            line.setSpacing(4)
            for widget in inputs:
                line.addWidget(widget, 1)
            self._grid.addLayout(line, self._row, 1)
        self._row += 1
        return label


class TextField(QLineEdit):
    """A field that says in words what is wrong with its text, and shows it by its edge."""

    def __init__(self, theme: Theme, name: str, text: str = "", *, unit: str = "") -> None:
        super().__init__(text)
        self.name = name
        self._theme = theme
        self.setAccessibleName(name)
        self.setFont(theme.medium(theme.metrics.body))
        self.setMaxLength(40)
        self.setMinimumWidth(24)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setPlaceholderText(unit)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.textChanged.connect(lambda _: self.mark(is_wrong=False))

    def mark(self, *, is_wrong: bool) -> None:
        """Show a wrong value."""
        colour = self._theme.colours.danger.name()
        wanted = f"QLineEdit {{ border: 1px solid {colour}; }}" if is_wrong else ""
        if self.styleSheet() != wanted:
            self.setStyleSheet(wanted)

    def number(
        self,
        *,
        least: float | None = None,
        most: float | None = None,
        is_whole: bool = False,
        can_be_empty: bool = False,
    ) -> float | None:
        """Return the number, None for an empty text where that is allowed; raises WrongNumber."""
        text = self.text().strip().replace(",", "").removesuffix("%")
        if not text and can_be_empty:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        is_number = value == value and abs(value) != float("inf")
        if not is_number or (is_whole and value != int(value)):
            self.mark(is_wrong=True)
            raise WrongNumber(tr("{name}: '{text}'은(는) 숫자가 아닙니다.", name=self.name, text=self.text()))
        if (least is not None and value < least) or (most is not None and value > most):
            self.mark(is_wrong=True)
            limits = f"{'' if least is None else f'{least:,g}'} ~ {'' if most is None else f'{most:,g}'}"
            raise WrongNumber(
                tr("{name}: {value}은(는) {limits} 밖입니다.", name=self.name, value=text, limits=limits)
            )
        return value
