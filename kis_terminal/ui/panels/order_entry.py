"""주문 8282: new orders, amendments and cancellations of the linked symbol."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.instruments import InstrumentKind
from kis_terminal.domain.orders import Order, OrderKind, Venue
from kis_terminal.domain.risk import TradingState
from kis_terminal.domain.sessions import Phase, kinds_allowed, phase_at
from kis_terminal.services.hub import Subscription
from kis_terminal.services.market_data import Rank, Stream
from kis_terminal.ui.dialogs.confirmation import ConfirmationSheet
from kis_terminal.ui.dialogs.reducing import reducing_reason
from kis_terminal.ui.formatting import number
from kis_terminal.ui.ordering.change_form import ChangeForm
from kis_terminal.ui.ordering.checks import Checked, check_amendment, check_new, cost_text, passed_text
from kis_terminal.ui.ordering.estimate import share_of_means
from kis_terminal.ui.ordering.fields import Line
from kis_terminal.ui.ordering.new_order_form import NewOrderForm
from kis_terminal.ui.ordering.numbers import WrongNumber
from kis_terminal.ui.ordering.send_button import SendButton, change_words, order_words
from kis_terminal.ui.ordering.sender import OrderSender
from kis_terminal.ui.ordering.tabs import Tab, TabRow
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import OrderDraft, Workspace

_RECHECK_MILLISECONDS = 600
_PRICE_RULES = frozenset({"TICK", "LIMITS", "COLLAR"})
_PASSING_RULES = frozenset({"DUPLICATE", "RATE"})
"""Rules that pass again by themselves after a moment."""


class OrderEntryPanel(Panel):
    """Fill, check and send orders of the linked symbol; what became of the last one stands below.

    Preferences: `order_entry.confirm` (on in real, off elsewhere), `order_entry.venue`.
    """

    panel_name = "order_entry"
    screen_number = "8282"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, tr("주문"))
        self._flush_bound = self._flush
        self._symbol = ""
        self._watch: Subscription | None = None
        self._wants_price = True
        """The price field waits for the last price of a newly chosen symbol."""
        self._tab = Tab.BUY
        self._side_tab = Tab.BUY
        self._available = QLabel("", self.strip)
        self._available.setFont(self.theme.font(self.theme.metrics.label))
        self._available.setStyleSheet(f"color: {self.theme.colours.muted.name()};")
        self.title_area.addWidget(self._available)
        self._recheck = QTimer(self)
        self._recheck.setSingleShot(True)
        self._recheck.timeout.connect(self._request_flush)
        is_paper = workspace.environment is Environment.PAPER
        self.form = NewOrderForm(self.theme, (Venue.KRX,) if is_paper else tuple(Venue))
        self.change_form = ChangeForm(self.theme)
        self.risk_line = Line(self.theme, tr("위험 점검"))
        self.result_line = Line(self.theme, tr("주문 결과"))
        self.send_button = SendButton(workspace, self)
        self.tabs = TabRow(self.theme)
        self._arrange()
        self.sheet = ConfirmationSheet(self.theme, self)
        self.order_sender = OrderSender(workspace, self.sheet, self)
        self._restore()
        self._connect()
        self.choose_tab(Tab.BUY)

    # -- building ---

    def _arrange(self) -> None:
        metrics = self.theme.metrics
        inner = QWidget(self)
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(metrics.inset, 7, metrics.inset, 6)
        layout.setSpacing(5)
        layout.addWidget(self.tabs)
        layout.addWidget(self.form)
        layout.addWidget(self.change_form)
        layout.addWidget(self.risk_line)
        layout.addWidget(self.send_button)
        layout.addWidget(self.result_line)
        layout.addStretch(1)
        self.body.addWidget(inner, 1)
        self.setMinimumWidth(250)

    def _restore(self) -> None:
        kept = self.workspace.preferences.read("order_entry.venue", Venue.KRX.value)
        if kept in tuple(Venue):
            self.form.choose_venue(Venue(str(kept)))

    def _connect(self) -> None:
        self.tabs.chosen.connect(self._tab_chosen)
        self.form.changed.connect(self._request_flush)
        self.form.price_typed.connect(self._price_typed)
        self.form.percent_wanted.connect(self._take_percent)
        self.form.submitted.connect(self.send)
        self.form.venue_choice.activated.connect(self._keep_venue)
        self.change_form.changed.connect(self._request_flush)
        self.change_form.submitted.connect(self.send)
        self.send_button.clicked.connect(self.send)
        self.order_sender.said.connect(self._say)
        self.workspace.link.symbol_changed.connect(self._symbol_chosen)
        self.workspace.link.order_wanted.connect(self.take_draft)

    # -- life ---

    def activate(self) -> None:
        """Follow the linked symbol, its orders, the account and the trading state."""
        workspace = self.workspace
        self.keep(workspace.market_data.quotes.subscribe(self._symbol_dirty))
        self.keep(workspace.orders.changed.subscribe(self._order_changed))
        self.keep(workspace.orders.refused.subscribe(self._order_refused))
        self.keep(workspace.portfolio.changed.subscribe(self._request_flush))
        self.keep(workspace.risk_gate.state_changed.subscribe(self._request_flush))
        self.keep(workspace.instruments.loaded.subscribe(self._request_flush))
        self._symbol_chosen(workspace.link.symbol)

    def deactivate(self) -> None:
        """Let the symbol's stream go; an open question counts as no."""
        self.workspace.frame_clock.forget(self._flush_bound)
        self._recheck.stop()
        self.sheet.dismiss()
        self._unwatch()

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _symbol_chosen(self, symbol: str) -> None:
        if not self.is_active:
            return
        self.sheet.dismiss()
        self._unwatch()
        if symbol:
            self._watch = self.workspace.market_data.watch(symbol, Stream.TICKS, rank=Rank.CHOSEN)
        if symbol != self._symbol:
            self._symbol = symbol
            self._wants_price = True
            self.form.set_price(None)
            self.form.condition_field.set_value(None)
        self._flush()

    def _request_flush(self, news: object = None) -> None:
        if self.is_active:
            self.workspace.frame_clock.request(self._flush_bound)

    def _symbol_dirty(self, symbol: str) -> None:
        if symbol == self._symbol:
            self.workspace.frame_clock.request_slow(self._flush_bound)

    def _order_changed(self, order: Order) -> None:
        if order.symbol == self._symbol or order.key == self.order_sender.followed_key:
            self.workspace.frame_clock.request(self._flush_bound)

    def _order_refused(self, refusal: tuple[Order, str]) -> None:
        self.order_sender.take_refusal(*refusal)

    # -- what others call ---

    def show_buy(self) -> None:
        """Turn to buying, ready to type (F1)."""
        self.choose_tab(Tab.BUY)
        self._focus_first()

    def show_sell(self) -> None:
        """Turn to selling, ready to type (F2)."""
        self.choose_tab(Tab.SELL)
        self._focus_first()

    def _focus_first(self) -> None:
        field = self.form.price_field if self.form.kind.needs_price else self.form.quantity_field
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @property
    def tab(self) -> Tab:
        """Return what the form does now."""
        return self._tab

    def _tab_chosen(self, value: str) -> None:
        self.choose_tab(Tab(value))

    def choose_tab(self, tab: Tab) -> None:
        """Turn to another tab; fields keep what they hold."""
        self.sheet.dismiss()
        self._tab = tab
        is_new = tab.is_new_order
        if is_new:
            self._side_tab = tab
        self.form.setVisible(is_new)
        self.change_form.setVisible(not is_new)
        self.change_form.set_amending(is_amending=tab is Tab.AMEND)
        self.risk_line.setVisible(tab is not Tab.CANCEL)
        self.tabs.show_tab(tab)
        self._flush()

    def take_draft(self, draft: OrderDraft) -> None:
        """Fill the form with what another panel wants; never sends and never takes the focus."""
        self.workspace.link.choose(draft.symbol)
        self._symbol = draft.symbol  # a hidden form is filled too, and keeps it when it is shown
        self.sheet.dismiss()
        if draft.amends_key:
            self.choose_tab(Tab.AMEND)
            self.change_form.choose(draft.amends_key)
            if draft.price is not None:
                self.change_form.price_field.set_value(int(draft.price))
            return
        if draft.side is None and self._tab is Tab.AMEND and draft.price is not None:
            self.change_form.price_field.set_value(int(draft.price))
            return
        self.choose_tab(self._side_tab if draft.side is None else Tab(draft.side.value))
        if draft.price is not None:
            if not self.form.kind.needs_price:
                self.form.choose_kind(OrderKind.LIMIT)
            self._wants_price = False
            self.form.set_price(draft.price)
        if draft.quantity is not None:
            self.form.set_quantity(draft.quantity)

    # -- filling ---

    def _price_typed(self) -> None:
        self._wants_price = False

    def _keep_venue(self) -> None:
        self.workspace.preferences.write("order_entry.venue", self.form.venue.value)

    def _take_percent(self, percent: int) -> None:
        price = self.form.price()
        if self.form.kind.needs_price and price is None:
            self._say("warn", tr("가격을 먼저 입력하십시오."))
            return
        quantity = share_of_means(
            self.workspace, self._symbol, self._tab.side, self.form.kind, price, percent
        )
        if quantity is None:
            self._say("warn", tr("계좌나 상한가를 아직 몰라 수량을 계산할 수 없습니다."))
        elif quantity == 0:
            self._say(
                "warn", tr("가능 금액이나 보유 수량의 {percent}%는 1주가 되지 않습니다.", percent=percent)
            )
        else:
            self.form.set_quantity(quantity)

    def _clear(self) -> None:
        self.form.set_price(None)
        self.form.condition_field.set_value(None)
        self.form.quantity_field.set_value(None)
        self._wants_price = False
        self.order_sender.forget()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter sends from the choices and the button, Esc clears; a held key does nothing."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        senders = (
            self.send_button,
            self.form.kind_choice,
            self.form.venue_choice,
            self.change_form.order_choice,
        )
        if is_enter and self.focusWidget() in senders:
            if not event.isAutoRepeat():
                self.send()
        elif event.key() == Qt.Key.Key_Escape:
            self._clear()
        else:
            super().keyPressEvent(event)

    # -- drawing ---

    def _flush(self) -> None:
        self._show_means()
        item = self.workspace.instruments.get(self._symbol)
        kind = item.kind if item is not None else InstrumentKind.STOCK
        self.form.instrument_kind = self.change_form.instrument_kind = kind
        if self._wants_price and self._symbol:
            price = self.workspace.market_data.state(self._symbol).price
            if price is not None:
                self._wants_price = False
                self.form.set_price(price)
        self.form.show_kinds(self._kinds())
        self.change_form.show_orders(
            [order for order in self.workspace.orders.open_orders(self._symbol) if order.order_number]
        )
        self._show_checks()
        self._show_send()
        self.order_sender.tell()

    def _kinds(self) -> tuple[OrderKind, ...]:
        seconds = self.workspace.market_data.market_seconds()
        phase = Phase.CONTINUOUS if seconds is None else phase_at(self.form.venue, seconds)
        return kinds_allowed(self.form.venue, phase) or (OrderKind.LIMIT,)

    def _show_means(self) -> None:
        name = self.workspace.instruments.name(self._symbol)
        if self._tab is Tab.SELL:
            sellable = self.workspace.portfolio.sellable(self._symbol)
            means = tr("매도가능 {quantity}주", quantity=number(sellable))
        else:
            means = tr("주문가능 {amount}", amount=number(self.workspace.risk_gate.buying_power()))
        self._available.setText(f"{name}   {means}" if self._symbol else means)

    def _show_checks(self) -> None:
        muted, danger = self.theme.colours.muted, self.theme.colours.danger
        cost_line = (self.change_form if self._tab is Tab.AMEND else self.form).cost_line
        price_field = (self.change_form if self._tab is Tab.AMEND else self.form).price_field
        price_field.mark(is_wrong=bool(price_field.text()) and price_field.known_value() is None)
        quantity_field = self.form.quantity_field
        quantity_field.mark(is_wrong=bool(quantity_field.text()) and quantity_field.known_value() is None)
        try:
            checked = self.typed()
        except WrongNumber as wrong:
            cost_line.say("", muted)
            self.risk_line.say(str(wrong), danger)
            return
        if checked is None:
            cost_line.say("", muted)
            self.risk_line.say("", muted)
            return
        request, verdict = checked
        cost_line.say(cost_text(self.workspace, request), muted)
        failure = verdict.hard_failure or verdict.first_failure
        if failure is None:
            self.risk_line.say(passed_text(self.workspace, request, verdict), self.theme.colours.ok)
            return
        if failure.is_soft:
            words = tr("{sentence} 보내기 전에 한 번 더 묻습니다.", sentence=said(failure.sentence))
            self.risk_line.say(words, self.theme.colours.warn)
        else:
            self.risk_line.say(said(failure.sentence), danger)
        if failure.code in _PRICE_RULES:
            price_field.mark(is_wrong=True)
        if failure.code in _PASSING_RULES:
            self._recheck.start(_RECHECK_MILLISECONDS)

    def _show_send(self) -> None:
        self.send_button.say(self._send_text(), self._tab.tint(self.theme))
        is_change = not self._tab.is_new_order
        gate = self.workspace.risk_gate
        may_leave = (gate.is_armed and not gate.is_halted) or self._tab is Tab.CANCEL
        can_leave = may_leave and not self._is_held_to_reduce()
        self.send_button.setEnabled(can_leave and not (is_change and self.change_form.order is None))

    def _is_held_to_reduce(self) -> bool:
        """Tell whether a buy is typed while only exposure may be lowered."""
        return self._tab is Tab.BUY and self.workspace.risk_gate.state is TradingState.REDUCING

    def _send_text(self) -> str:
        if self._is_held_to_reduce():
            return tr("매수 잠김: 줄이기만 ({reason})", reason=reducing_reason(self.workspace))
        if not self._tab.is_new_order:
            return change_words(self._tab, self.change_form)
        return order_words(self._tab, self.workspace.instruments.name(self._symbol), self.form)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the words on the button anew."""
        super().resizeEvent(event)
        self.sheet.cover()
        self._request_flush()

    def _say(self, level: str, sentence: str) -> None:
        self.result_line.say(sentence, getattr(self.theme.colours, level))

    def typed(self) -> Checked | None:
        """Return the order of the form and what every rule says of it, None where it makes none.

        Raises WrongNumber for the first field that is not a number.
        """
        return None if self._tab is Tab.CANCEL or not self._symbol else self._checked()

    # -- sending ---

    def _checked(self) -> Checked | None:
        """Return what the form asks for and the verdict; None without an order to amend.

        Raises WrongNumber for the first field that is not a number.
        """
        if self._tab is not Tab.AMEND:
            return check_new(self.workspace, self._symbol, self._tab.side, self.form.read())
        order = self.change_form.order
        if order is None:
            return None
        return check_amendment(self.workspace, order, Decimal(self.change_form.price_field.value()))

    def send(self) -> None:
        """Send what the form says, after the question where one is asked; refuse it in words."""
        if self.sheet.is_open:
            return
        order = self.change_form.order
        if not self._symbol:
            self.order_sender.refuse(tr("종목을 먼저 선택하십시오."))
        elif not self._tab.is_new_order and order is None:
            self.order_sender.refuse(tr("미체결 주문이 없습니다"))
        elif self._tab is Tab.CANCEL and order is not None:
            self.order_sender.cancel(order)
        else:
            self._send_checked(order)
        self._request_flush()

    def _send_checked(self, order: Order | None) -> None:
        try:
            checked = self._checked()
        except WrongNumber as wrong:
            self.order_sender.refuse(str(wrong))
            return
        if checked is None:
            return
        request, verdict = checked
        if self._tab is Tab.AMEND and order is not None and order.price == request.price:
            self.order_sender.refuse(tr("정정가격이 지금 가격과 같습니다."))
        elif verdict.hard_failure is not None:
            self.order_sender.refuse(verdict.hard_failure.sentence)
        elif self._tab is Tab.AMEND and order is not None:
            self.order_sender.amend(order, request, verdict.soft_failures)
        else:
            self.order_sender.submit(request, verdict.soft_failures)
