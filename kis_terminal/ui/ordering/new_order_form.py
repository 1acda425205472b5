"""Fields of a new order: kind, venue, price, condition price, quantity, shares of the means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from kis_terminal.domain.instruments import InstrumentKind, move_ticks
from kis_terminal.domain.orders import OrderKind, Venue
from kis_terminal.ui.order_words import kind_word
from kis_terminal.ui.ordering.fields import Choice, Line, NumberField
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

QUANTITY_STEPS = (1, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000)
PERCENTS = (10, 25, 50, 100)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the fields say, read as numbers."""

    kind: OrderKind
    venue: Venue
    quantity: int
    price: Decimal | None
    condition_price: Decimal | None


def next_step(quantity: int, steps: int) -> int:
    """Return the next preset quantity above or below; ten steps at once (Shift) change by single shares."""
    if abs(steps) > 1:
        return max(1, quantity + (1 if steps > 0 else -1))
    if steps > 0:
        return next((step for step in QUANTITY_STEPS if step > quantity), QUANTITY_STEPS[-1])
    return next((step for step in reversed(QUANTITY_STEPS) if step < quantity), 1)


class NewOrderForm(QWidget):
    """Read and fill the fields; knows nothing of services.

    Signals: `changed()` after any field changed; `price_typed()` when a person changed the price;
    `submitted()` for Enter in a field; `percent_wanted(int)`.
    """

    changed = Signal()
    price_typed = Signal()
    submitted = Signal()
    percent_wanted = Signal(int)

    def __init__(self, theme: Theme, venues: Sequence[Venue]) -> None:
        super().__init__()
        self.instrument_kind = InstrumentKind.STOCK
        metrics = theme.metrics
        self.kind_choice = Choice(theme, tr("주문 종류"))
        self.venue_choice = Choice(theme, tr("시장"))
        for venue in venues:
            self.venue_choice.addItem(venue.value, venue)
        self.price_field = NumberField(theme, tr("가격"))
        self.condition_field = NumberField(theme, tr("조건가"))
        self.quantity_field = NumberField(theme, tr("수량"))
        self._price_label = QLabel(tr("가격"))
        self._condition_label = QLabel(tr("조건가"))
        self._labels = [QLabel(tr("종류")), QLabel(tr("시장")), QLabel(tr("수량"))]
        for label in (*self._labels, self._price_label, self._condition_label):
            label.setStyleSheet(f"color: {theme.colours.muted.name()};")
            label.setFont(theme.font(metrics.label))
            label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(metrics.gutter - 2)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        kind_label, venue_label, quantity_label = self._labels
        grid.addWidget(kind_label, 0, 0)
        grid.addWidget(self.kind_choice, 0, 1)
        grid.addWidget(venue_label, 0, 2)
        grid.addWidget(self.venue_choice, 0, 3)
        grid.addWidget(self._price_label, 1, 0)
        grid.addWidget(self.price_field, 1, 1)
        grid.addWidget(quantity_label, 1, 2)
        grid.addWidget(self.quantity_field, 1, 3)
        grid.addWidget(self._condition_label, 2, 0)
        grid.addWidget(self.condition_field, 2, 1)
        self._grid = grid
        self.percent_buttons = [self._percent_button(theme, percent) for percent in PERCENTS]
        self.percent_row = QHBoxLayout()
        self.percent_row.setSpacing(4)
        for button in self.percent_buttons:
            self.percent_row.addWidget(button, 1)
        self.cost_line = Line(theme, tr("주문금액과 비용"))
        grid.addWidget(self.cost_line, 3, 0, 1, 2)
        grid.addLayout(self.percent_row, 3, 2, 1, 2)
        self._connect()
        self.show_kinds((OrderKind.LIMIT, OrderKind.MARKET))
        self.quantity_field.set_value(10)
        QWidget.setTabOrder(self.kind_choice, self.venue_choice)
        QWidget.setTabOrder(self.venue_choice, self.price_field)
        QWidget.setTabOrder(self.price_field, self.condition_field)
        QWidget.setTabOrder(self.condition_field, self.quantity_field)

    def _percent_button(self, theme: Theme, percent: int) -> QPushButton:
        button = QPushButton(f"{percent}%")
        button.setAccessibleName(tr("가능 수량의 {percent}%", percent=percent))
        button.setFont(theme.font(theme.metrics.label))
        button.setStyleSheet(
            f"QPushButton {{ color: {theme.colours.muted.name()}; padding: 0;"
            " min-height: 20px; min-width: 24px; }"
        )
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda checked=False, share=percent: self.percent_wanted.emit(share))
        return button

    def _connect(self) -> None:
        self.kind_choice.currentIndexChanged.connect(self._kind_changed)
        self.venue_choice.currentIndexChanged.connect(self.changed)
        self.price_field.edited.connect(self.price_typed)
        for field in (self.price_field, self.condition_field, self.quantity_field):
            field.textChanged.connect(self.changed)
            field.submitted.connect(self.submitted)
        self.price_field.stepped.connect(lambda steps: self._step_price(self.price_field, steps))
        self.condition_field.stepped.connect(lambda steps: self._step_price(self.condition_field, steps))
        self.quantity_field.stepped.connect(self._step_quantity)

    # -- kinds ---

    @property
    def kind(self) -> OrderKind:
        """Return the chosen kind."""
        return OrderKind(self.kind_choice.currentData() or OrderKind.LIMIT)

    @property
    def venue(self) -> Venue:
        """Return the chosen venue."""
        return Venue(self.venue_choice.currentData() or Venue.KRX)

    def kinds(self) -> tuple[OrderKind, ...]:
        """Return the kinds that can be chosen."""
        return tuple(OrderKind(self.kind_choice.itemData(i)) for i in range(self.kind_choice.count()))

    def show_kinds(self, kinds: Sequence[OrderKind]) -> None:
        """Offer these kinds; the chosen one stays even where it is none of them: the risk line says so."""
        chosen = self.kind
        wanted = tuple(kinds) if chosen in kinds or not self.kind_choice.count() else (chosen, *kinds)
        if wanted == self.kinds():
            return
        self.kind_choice.blockSignals(True)
        self.kind_choice.clear()
        for kind in wanted:
            self.kind_choice.addItem(kind_word(kind), kind)
        place = wanted.index(chosen) if chosen in wanted else 0
        self.kind_choice.setCurrentIndex(place)
        self.kind_choice.blockSignals(False)
        self._kind_changed()

    def choose_kind(self, kind: OrderKind) -> None:
        """Choose a kind that is offered."""
        if kind in self.kinds():
            self.kind_choice.setCurrentIndex(self.kinds().index(kind))

    def choose_venue(self, venue: Venue) -> None:
        """Choose a venue that is offered."""
        place = self.venue_choice.findData(venue)
        if place >= 0:
            self.venue_choice.setCurrentIndex(place)

    def _kind_changed(self) -> None:
        has_condition = self.kind is OrderKind.STOP_LIMIT
        self._condition_label.setVisible(has_condition)
        self.condition_field.setVisible(has_condition)
        self.price_field.setEnabled(self.kind.needs_price)
        self._price_label.setEnabled(self.kind.needs_price)
        self.price_field.setPlaceholderText("" if self.kind.needs_price else kind_word(self.kind))
        self.changed.emit()

    # -- numbers ---

    def read(self) -> Entry:
        """Return what the fields say; raises WrongNumber with a sentence for the first wrong one."""
        kind = self.kind
        price = Decimal(self.price_field.value()) if kind.needs_price else None
        is_stop = kind is OrderKind.STOP_LIMIT
        condition = Decimal(self.condition_field.value()) if is_stop else None
        return Entry(kind, self.venue, self.quantity_field.value(), price, condition)

    def set_price(self, price: Decimal | None) -> None:
        """Fill the price in."""
        self.price_field.set_value(None if price is None else int(price))

    def set_quantity(self, quantity: int) -> None:
        """Fill the quantity in."""
        self.quantity_field.set_value(quantity)

    def price(self) -> Decimal | None:
        """Return the typed price, None where it is none."""
        value = self.price_field.known_value()
        return None if value is None else Decimal(value)

    def _step_price(self, field: NumberField, steps: int) -> None:
        value = field.known_value()
        if value is not None:
            field.set_value(int(move_ticks(Decimal(value), steps, self.instrument_kind)))
            field.edited.emit()

    def _step_quantity(self, steps: int) -> None:
        value = self.quantity_field.known_value()
        self.quantity_field.set_value(1 if value is None else next_step(value, steps))
