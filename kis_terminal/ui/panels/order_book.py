"""호가 0301: the ladder of the linked symbol with own orders, tape and quick actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QToolButton

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.instruments import InstrumentKind, tick_size
from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, Origin, Side, Venue
from kis_terminal.services.hub import Subscription
from kis_terminal.services.market_data import Rank, Stream, SymbolState
from kis_terminal.ui.dialogs.confirmation import ConfirmationSheet, Question
from kis_terminal.ui.formatting import number
from kis_terminal.ui.freshness import book_words
from kis_terminal.ui.ladder.button_row import ButtonRow
from kis_terminal.ui.ladder.chips import Chip, chips_of
from kis_terminal.ui.ladder.content import build_content
from kis_terminal.ui.ladder.view import LadderView
from kis_terminal.ui.ordering.checks import check_amendment
from kis_terminal.ui.ordering.questions import codes_of, order_question
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import OrderDraft, Workspace

DEFAULT_SIZES = (1, 10, 50, 100)
_NARROW = 330
_TIGHT = 290
_AGE_MILLISECONDS = 1000


class OrderBookPanel(Panel):
    """Show the ladder and turn clicks into drafts, cancellations, amendments and, if switched on, orders.

    Preferences: `order_book.auto_centre` (on), `order_book.double_click_orders` (off in every environment,
    shown in the title), `order_book.confirm` (on in real, off elsewhere), `order_book.sizes` (four presets),
    `order_book.size` (which of them).
    """

    panel_name = "order_book"
    screen_number = "0301"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, tr("호가"))
        self._flush_bound = self._flush
        self._symbol = ""
        self._book_version = -1
        self._watch: Subscription | None = None
        self._sizes = self._read_sizes()
        self.ladder = LadderView(self.theme, self)
        self.body.addWidget(self.ladder, 1)
        self._build_strip()
        self._build_buttons()
        self.sheet = ConfirmationSheet(self.theme, self)
        self.ladder.rows.auto_centres = self.centre_button.isChecked()
        self.ladder.rows_moved.connect(self._flush)
        self.ladder.filled.connect(self._fill_form)
        self.ladder.ordered.connect(self._order)
        self.ladder.size_chosen.connect(self.choose_size)
        self.ladder.cancel_wanted.connect(self._cancel)
        self.ladder.amend_wanted.connect(self._amend)
        workspace.link.symbol_changed.connect(self._symbol_chosen)
        self.setMinimumWidth(250)

    # -- building ---

    def _build_strip(self) -> None:
        colours, metrics = self.theme.colours, self.theme.metrics
        self.tick_label = QLabel("", self.strip)
        self.tick_label.setFont(self.theme.font(metrics.label))
        self.tick_label.setStyleSheet(f"color: {colours.muted.name()};")
        self.size_button = self._tool(tr("주문 수량 프리셋"), self._pop_sizes)
        self.centre_button = self._toggle(
            tr("자동중심"), "order_book.auto_centre", True, self._auto_centre_toggled
        )
        self.centre_button.setToolTip(
            tr("끄면 Space를 누를 때만 중심으로 갑니다. 포인터가 호가 위에 있으면 움직이지 않습니다.")
        )
        self.order_button = self._toggle(
            tr("더블클릭 주문"), "order_book.double_click_orders", False, self._double_click_toggled
        )
        self.order_button.setToolTip(
            tr("켜면 왼쪽 칸 더블클릭은 매도, 오른쪽 칸 더블클릭은 매수 지정가 주문을 냅니다.")
        )
        self.age_label = QLabel("", self.strip)
        self.age_label.setFont(self.theme.font(metrics.label))
        self.age_label.setStyleSheet(f"color: {colours.warn.name()};")
        self.age_label.setToolTip(tr("마지막으로 확인된 뒤 지난 시간입니다. 실시간이 다시 오면 사라집니다."))
        self._ages = QTimer(self)
        self._ages.setInterval(_AGE_MILLISECONDS)
        self._ages.timeout.connect(self._show_age)
        for widget in (
            self.age_label,
            self.tick_label,
            self.size_button,
            self.centre_button,
            self.order_button,
        ):
            self.title_area.addWidget(widget)
        self._show_size()

    def _tool(self, name: str, act: Callable[[], None]) -> QToolButton:
        button = QToolButton(self.strip)
        button.setAccessibleName(name)
        button.setFont(self.theme.font(self.theme.metrics.label))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(act)
        return button

    def _toggle(self, text: str, key: str, default: bool, changed: Callable[[bool], None]) -> QToolButton:
        button = QToolButton(self.strip)
        button.setText(text)
        button.setAccessibleName(text)
        button.setFont(self.theme.font(self.theme.metrics.label))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setCheckable(True)
        button.setChecked(bool(self.workspace.preferences.read(key, default)))
        button.toggled.connect(changed)
        return button

    def _build_buttons(self) -> None:
        colours = self.theme.colours
        self.cancel_sells_button = self._button(
            tr("매도취소"), colours.down.name(), lambda: self._cancel_side(Side.SELL)
        )
        self.cancel_all_button = self._button(
            tr("전체취소", context="act"), colours.flat.name(), lambda: self._cancel_side(None)
        )
        self.liquidate_button = self._button(tr("시장가청산"), colours.warn.name(), self._liquidate)
        self.cancel_buys_button = self._button(
            tr("매수취소"), colours.up.name(), lambda: self._cancel_side(Side.BUY)
        )
        buttons = (
            self.cancel_sells_button,
            self.cancel_all_button,
            self.liquidate_button,
            self.cancel_buys_button,
        )
        self.body.addWidget(ButtonRow(self.theme, buttons))

    def _button(self, text: str, colour: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self)
        button.setAccessibleName(text)
        button.setFont(self.theme.medium())
        button.setStyleSheet(f"QPushButton {{ color: {colour}; padding: 0 2px; min-height: 24px; }}")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(act)
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out of the title what a narrow panel has no room for."""
        super().resizeEvent(event)
        self.sheet.cover()
        width = event.size().width()
        self.tick_label.setVisible(width >= _NARROW)
        self.order_button.setText(tr("더블클릭 주문") if width >= _TIGHT else tr("더블클릭"))

    # -- life ---

    def activate(self) -> None:
        """Watch the linked symbol and draw what is known."""
        workspace = self.workspace
        self.keep(workspace.market_data.quotes.subscribe(self._symbol_dirty))
        self.keep(workspace.market_data.books.subscribe(self._symbol_dirty))
        self.keep(workspace.orders.changed.subscribe(self._order_changed))
        self.keep(workspace.orders.refused.subscribe(self._order_refused))
        self.keep(workspace.instruments.loaded.subscribe(self._instruments_loaded))
        self._symbol_chosen(workspace.link.symbol)
        self._ages.start()

    def deactivate(self) -> None:
        """Let the symbol's streams go and answer an open question with no."""
        self._ages.stop()
        self.workspace.frame_clock.forget(self._flush_bound)
        self.sheet.dismiss()
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self.ladder.rows.is_pointer_over = False
        self.ladder.let_go()

    def _symbol_chosen(self, symbol: str) -> None:
        if not self.is_active:
            return
        self.sheet.dismiss()
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self._symbol = symbol
        self._book_version = -1
        item = self.workspace.instruments.get(symbol)
        self.ladder.let_go()
        self.ladder.rows.clear(item.kind if item is not None else InstrumentKind.STOCK)
        if symbol:
            self._watch = self.workspace.market_data.watch(
                symbol, Stream.BOOK, Stream.TICKS, Stream.STATUS, rank=Rank.CHOSEN
            )
        name = self.workspace.instruments.name(symbol)
        self.title_label.setText(f"{tr('호가')}  {name}" if symbol else tr("호가"))
        self._flush()

    def _instruments_loaded(self, count: int) -> None:
        item = self.workspace.instruments.get(self._symbol)
        if item is not None:
            self.ladder.rows.kind = item.kind
            self.title_label.setText(f"{tr('호가')}  {item.name}")

    def _symbol_dirty(self, symbol: str) -> None:
        if symbol == self._symbol:
            self.workspace.frame_clock.request(self._flush_bound)

    def _order_changed(self, order: Order) -> None:
        if order.symbol == self._symbol:
            self.workspace.frame_clock.request(self._flush_bound)

    def _order_refused(self, refusal: tuple[Order, str]) -> None:
        order, sentence = refusal
        if order.symbol == self._symbol and order.price is not None:
            self.ladder.say_at(order.price, said(sentence))  # the window says all refusals besides

    # -- drawing ---

    def _flush(self) -> None:
        if not self._symbol:
            self._show_nothing()
            return
        state = self.workspace.market_data.state(self._symbol)
        if state.book_version != self._book_version:
            self._book_version = state.book_version
            if (book := state.book) is not None:
                self.ladder.rows.take(book)
        self._show_content()

    def _show_nothing(self) -> None:
        state = SymbolState("")
        self.ladder.set_content(build_content(state, None, self.ladder.rows.levels(), {}, None))

    def _show_content(self) -> None:
        state = self.workspace.market_data.state(self._symbol)
        item = self.workspace.instruments.get(self._symbol)
        book = state.book
        chips = chips_of(self.workspace.orders.open_orders(self._symbol))
        self.ladder.set_content(
            build_content(
                state, book, self.ladder.rows.levels(), chips, item, is_narrow=self.ladder.is_narrow
            )
        )
        if state.price is not None:
            self.tick_label.setText(
                tr("1틱 {size}", size=number(tick_size(state.price, self.ladder.rows.kind)))
            )
        self._show_age()
        has_paused = self.ladder.rows.auto_centres and self.ladder.rows.is_off_centre
        self.centre_button.setText(tr("중심 멈춤") if has_paused else tr("자동중심"))

    def _show_age(self) -> None:
        words = book_words(self.workspace.market_data, self._symbol) if self._symbol else ""
        if words != self.age_label.text():
            self.age_label.setText(words)

    def _auto_centre_toggled(self, is_on: bool) -> None:
        self.workspace.preferences.write("order_book.auto_centre", is_on)
        self.ladder.rows.auto_centres = is_on
        self.ladder.rows.settle()
        self._flush()

    def _double_click_toggled(self, is_on: bool) -> None:
        self.workspace.preferences.write("order_book.double_click_orders", is_on)

    # -- sizes ---

    def _read_sizes(self) -> list[int]:
        kept = self.workspace.preferences.read("order_book.sizes", list(DEFAULT_SIZES))
        if isinstance(kept, list) and len(kept) == len(DEFAULT_SIZES):
            sizes = [size for size in kept if isinstance(size, int) and size > 0]
            if len(sizes) == len(kept):
                return sizes
        return list(DEFAULT_SIZES)

    @property
    def order_size(self) -> int:
        """Return the shares of one double click."""
        kept = self.workspace.preferences.read("order_book.size", 1)
        place = kept if isinstance(kept, int) and 0 <= kept < len(self._sizes) else 1
        return self._sizes[place]

    def choose_size(self, place: int) -> None:
        """Take a preset; the order form follows."""
        self.workspace.preferences.write("order_book.size", place)
        self._show_size()
        if self._symbol:
            self.workspace.link.order_wanted.emit(
                OrderDraft(self._symbol, quantity=self.order_size, origin=Origin.LADDER)
            )

    def _show_size(self) -> None:
        self.size_button.setText(tr("{quantity}주 ▾", quantity=f"{self.order_size:,}"))
        self.size_button.setToolTip(
            "  ".join(f"{key} = {size:,}" for key, size in enumerate(self._sizes, start=1))
        )

    def _pop_sizes(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for place, size in enumerate(self._sizes):
            action = QAction(f"{place + 1}   {size:,}", menu)
            action.triggered.connect(lambda checked=False, chosen=place: self.choose_size(chosen))
            menu.addAction(action)
        menu.popup(self.size_button.mapToGlobal(self.size_button.rect().bottomLeft()))

    # -- acting ---

    def _name(self) -> str:
        return self.workspace.instruments.name(self._symbol)

    def _confirms(self) -> bool:
        is_real = self.workspace.environment is Environment.REAL
        return bool(self.workspace.preferences.read("order_book.confirm", is_real))

    def _fill_form(self, price: Decimal, side: Side | None) -> None:
        self.workspace.link.order_wanted.emit(OrderDraft(self._symbol, side, price, origin=Origin.LADDER))

    def _order(self, price: Decimal, side: Side | None) -> None:
        if not self.order_button.isChecked():
            return
        if side is None:
            self.ladder.say_at(price, tr("왼쪽 칸은 매도, 오른쪽 칸은 매수입니다"))
            return
        request = self.workspace.orders.new_request(
            self._symbol, side, OrderKind.LIMIT, self.order_size, price, origin=Origin.LADDER, venue=Venue.KRX
        )
        verdict = self.workspace.risk_gate.check(request)
        if verdict.hard_failure is not None:
            self.ladder.say_at(price, said(verdict.hard_failure.sentence))
            return
        warnings = verdict.soft_failures
        if self._confirms() or warnings:
            request = replace(request, confirmed=codes_of(warnings))
            question = order_question(self.workspace, request, warnings=warnings)
            self.sheet.ask(question, lambda: self._submit(request))
        else:
            self._submit(request)

    def _submit(self, request: OrderRequest) -> None:
        self.workspace.orders.submit_soon(request)

    def _cancel(self, keys: tuple[str, ...]) -> None:
        for key in keys:
            self.workspace.orders.cancel_soon(key)

    def _cancel_side(self, side: Side | None) -> None:
        if self.workspace.orders.cancel_symbol(self._symbol, side) == 0:
            self.workspace.link.message.emit("info", tr("{name}: 취소할 주문이 없습니다", name=self._name()))

    def _amend(self, chip: Chip, price: Decimal) -> None:
        orders = [order for key in chip.keys if (order := self.workspace.orders.get(key)) is not None]
        verdicts = [check_amendment(self.workspace, order, price)[1] for order in orders]
        warnings = {check.code: check for verdict in verdicts for check in verdict.soft_failures}.values()
        if not self._confirms() and not warnings:
            self._amend_now(chip, price, confirmed=frozenset())
            return
        colours = self.theme.colours
        self.sheet.ask(
            Question(
                title=tr("{name} 주문을 정정할까요?", name=self._name()),
                details=[
                    (tr("수량"), tr("{quantity}주", quantity=f"{chip.remaining:,}")),
                    (tr("가격"), f"{number(chip.price)} → {number(price)}"),
                    *((tr("주의"), said(warning.sentence)) for warning in warnings),
                ],
                confirm=tr("정정"),
                colour=colours.up if chip.side is Side.BUY else colours.down,
                is_guarded=self.workspace.environment is Environment.REAL,
                edge=self.theme.environment(self.workspace.environment),
            ),
            lambda: self._amend_now(chip, price, confirmed=codes_of(warnings)),
        )

    def _amend_now(self, chip: Chip, price: Decimal, *, confirmed: frozenset[str]) -> None:
        for key in chip.keys:
            order = self.workspace.orders.get(key)
            if order is not None:
                kind = order.kind if order.kind.needs_price else OrderKind.LIMIT
                self.workspace.orders.amend_soon(key, kind, price, confirmed=confirmed)

    def _liquidate(self) -> None:
        quantity = self.workspace.portfolio.sellable(self._symbol)
        if not quantity:
            sentence = (
                tr("계좌를 아직 읽지 못해 청산할 수 없습니다")
                if quantity is None
                else tr("{name}: 매도할 수 있는 수량이 없습니다", name=self._name())
            )
            self.workspace.link.message.emit("warn", sentence)
            return
        request = self.workspace.orders.new_request(
            self._symbol, Side.SELL, OrderKind.MARKET, quantity, None, origin=Origin.LADDER
        )
        verdict = self.workspace.risk_gate.check(request)
        if verdict.hard_failure is not None:
            self.workspace.link.message.emit("danger", said(verdict.hard_failure.sentence))
            return
        request = replace(request, confirmed=codes_of(verdict.soft_failures))
        question = order_question(
            self.workspace,
            request,
            title=tr(
                "{name} 보유 {quantity}주를 시장가로 모두 팔까요?",
                name=self._name(),
                quantity=f"{quantity:,}",
            ),
            confirm=tr("시장가청산"),
            warnings=verdict.soft_failures,
            colour=self.theme.colours.danger,
            is_guarded=True,
        )
        self.sheet.ask(question, lambda: self._submit(request))
