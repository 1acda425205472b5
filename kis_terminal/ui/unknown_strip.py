"""An order of which nobody knows what became: ask again, or let the person say what it is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy

from kis_terminal.domain.orders import Order
from kis_terminal.ui.formatting import number
from kis_terminal.ui.order_words import status_word
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, tr


class UnknownStrip(QFrame):
    """Stand at the foot of the list while an unknown order is chosen.

    Signals: `ask_wanted()`; `twin_wanted(str)` the order number that the person takes for this order;
    `refusal_wanted()` the person says that it was never accepted.
    """

    ask_wanted = Signal()
    twin_wanted = Signal(str)
    refusal_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._twins: Sequence[Order] = ()
        colours, metrics = theme.colours, theme.metrics
        ground = theme.tinted(colours.warn, theme.unknown_share)
        self.setObjectName("unknown")
        self.setStyleSheet(
            f"#unknown {{ background: {ground.name()}; border-top: 1px solid {colours.warn.name()}; }}"
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(metrics.inset, metrics.gutter, metrics.inset, metrics.gutter)
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.words.setMinimumWidth(1)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout.addWidget(self.words, 1)
        self.ask_button = self._button(tr("다시 묻기"))
        self.twin_button = self._button(tr("이 주문이 맞음 ▾"))
        self.refusal_button = self._button(tr("접수되지 않음"))
        for button in (self.ask_button, self.twin_button, self.refusal_button):
            layout.addWidget(button)
        self.ask_button.clicked.connect(lambda: self.ask_wanted.emit())
        self.twin_button.clicked.connect(self._open_twins)
        self.refusal_button.clicked.connect(lambda: self.refusal_wanted.emit())
        self.hide()

    @staticmethod
    def _button(text: str) -> QPushButton:
        button = QPushButton(text)
        button.setAccessibleName(text)
        button.setAutoDefault(True)
        return button

    def show_order(self, order: Order | None, twins: Sequence[Order]) -> None:
        """Speak of an unknown order and of the rows that it may be; nothing for None."""
        self._twins = twins
        self.setVisible(order is not None)
        if order is None:
            return
        words = tr("증권사에 묻고 있습니다. 같은 주문을 다시 내지 마십시오.")
        if twins:
            words = tr(
                "증권사에 같은 주문이 {n}건 보입니다. 어느 것이 이 주문인지 확인해 주십시오.", n=len(twins)
            )
        if self.words.text() != words:
            self.words.setText(words)
        self.words.setToolTip(said(order.reason))
        self.twin_button.setVisible(bool(twins))

    def _open_twins(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fill_menu(menu)
        menu.popup(self.twin_button.mapToGlobal(QPoint(0, -menu.sizeHint().height())))

    def fill_menu(self, menu: QMenu) -> None:
        """Add one entry for each row that the order may be."""
        for twin in self._twins:
            action = menu.addAction(describe_twin(twin))
            action.triggered.connect(lambda _=False, chosen=twin.order_number: self.twin_wanted.emit(chosen))


def describe_twin(twin: Order) -> str:
    """Return a row of the broker's list in a few words."""
    return tr(
        "{number}  {time}  {n}주  {price}원  {status}",
        number=twin.order_number,
        time=twin.created_at.strftime("%H:%M:%S"),
        n=number(twin.quantity),
        price=number(twin.price),
        status=status_word(twin.status, twin.pending),
    )
