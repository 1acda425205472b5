"""주문내역 (0341): working and executed orders, why one was refused, cancelling and amending."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import QMenu, QToolButton

from kis_terminal.domain.orders import Order, OrderStatus
from kis_terminal.ui.confirm_strip import ConfirmStrip
from kis_terminal.ui.csv_file import save_table
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.order_words import side_word
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.panels.order_columns import OrderColumns
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.unknown_strip import UnknownStrip
from kis_terminal.ui.workspace import OrderDraft, Workspace


class OrderTab(Enum):
    """Which orders are listed."""

    OPEN = "open"
    FILLED = "filled"
    ALL = "all"


_TAB_WORDS = {OrderTab.OPEN: "미체결", OrderTab.FILLED: "체결", OrderTab.ALL: "전체"}
_KEEPS: dict[OrderTab, Callable[[Order], bool]] = {
    OrderTab.OPEN: lambda order: order.is_open,
    OrderTab.FILLED: lambda order: order.filled > 0,
    OrderTab.ALL: lambda order: True,
}
_EMPTY = {
    OrderTab.OPEN: "미체결 주문이 없습니다",
    OrderTab.FILLED: "오늘 체결된 주문이 없습니다",
    OrderTab.ALL: "오늘 낸 주문이 없습니다. 주문창이나 호가에서 주문하면 여기에 나타납니다.",
}


class OrdersPanel(Panel):
    """List today's orders; Del cancels what is selected, a double click amends."""

    panel_name = "orders"
    screen_number = "0341"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, tr("주문내역"))
        self._orders = workspace.orders
        kept = workspace.preferences.read("orders.tab")
        self._tab = OrderTab(kept) if kept in [tab.value for tab in OrderTab] else OrderTab.ALL
        self._dirty: set[str] = set()
        self._is_list_new = False
        self._flush_bound = self._flush
        self.tab_buttons: dict[OrderTab, QToolButton] = {}
        self._build_strip()
        self.columns = OrderColumns(workspace)
        self.grid = Grid(
            "orders",
            self.columns.declare(),
            self.theme,
            workspace.preferences,
            title=tr("주문내역"),
            empty_text="",
            is_multiple=True,
            row_tint=self.columns.tint,
        )
        self.grid.chosen.connect(self._follow)
        self.grid.activated.connect(self.amend)
        self.grid.delete_wanted.connect(self.cancel)
        self.grid.menu_wanted.connect(self._open_menu)
        self.body.addWidget(self.grid, 1)
        self.unknown = UnknownStrip(self.theme)
        self.unknown.ask_wanted.connect(self.ask_again)
        self.unknown.twin_wanted.connect(lambda number: self.ask_adopt(self.grid.current, number))
        self.unknown.refusal_wanted.connect(lambda: self.ask_not_accepted(self.grid.current))
        self.body.addWidget(self.unknown)
        self.confirm = ConfirmStrip(self.theme, workspace.environment)
        self.confirm.answered.connect(self._show_unknown)
        self.body.addWidget(self.confirm)

    def _build_strip(self) -> None:
        place = 1
        for tab in OrderTab:
            button = self._strip_button(tr(_TAB_WORDS[tab]), partial(self._tab_clicked, tab))
            button.setCheckable(True)
            self.title_area.insertWidget(place, button)
            self.tab_buttons[tab] = button
            place += 1
        self.bulk_button = self._strip_button(tr("일괄취소"), self.ask_bulk_cancel)
        self.bulk_button.setToolTip(tr("선택한 주문을, 선택이 없으면 미체결 전부를 취소합니다"))
        self.amend_button = self._strip_button(tr("정정"), lambda: self.amend(self.grid.current))
        self.csv_button = self._strip_button("CSV", self.save_csv)
        for button in (self.bulk_button, self.amend_button, self.csv_button):
            self.title_area.addWidget(button)

    def _strip_button(self, text: str, run: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setAccessibleName(text)
        button.clicked.connect(run)
        return button

    # -- life ---

    def activate(self) -> None:
        """List what is known and follow it."""
        self.keep(self._orders.changed.subscribe(self._order_changed))
        self.keep(self._orders.listed.subscribe(lambda _: self._list_changed()))
        self.keep(self.workspace.instruments.loaded.subscribe(lambda _: self._list_changed()))
        self._list_changed()

    def deactivate(self) -> None:
        """Ask for no more frames."""
        self.workspace.frame_clock.forget(self._flush_bound)

    def _order_changed(self, order: Order) -> None:
        self._dirty.add(order.key)
        self.workspace.frame_clock.request(self._flush_bound)

    def _list_changed(self) -> None:
        self._is_list_new = True
        self.workspace.frame_clock.request(self._flush_bound)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, set()
        shown = set(self.grid.keys)
        keeps = _KEEPS[self._tab]
        for key in dirty:
            order = self._orders.get(key)
            if order is None or keeps(order) != (key in shown):
                self._is_list_new = True
            elif key in shown:
                self.grid.update_row(key, order)
        if self._is_list_new:
            self._is_list_new = False
            self.grid.set_rows([(order.key, order) for order in self._orders.all() if keeps(order)])
        self._show_counts()
        self._show_unknown()

    def _show_unknown(self) -> None:
        """Offer what can be done about the chosen order where nobody knows what became of it."""
        order = self._orders.get(self.grid.current) if self.grid.current in self.grid.keys else None
        # A question about it stands in its place.
        if order is not None and (order.status is not OrderStatus.UNKNOWN or not self.confirm.isHidden()):
            order = None
        was_hidden = self.unknown.isHidden()
        self.unknown.show_order(order, self._orders.twins_of(order.key) if order is not None else ())
        if was_hidden and order is not None and len(self.grid.selected) < 2:
            QTimer.singleShot(0, self, self._reveal_chosen)

    def _reveal_chosen(self) -> None:
        """Bring the chosen row back in sight where the strip has taken its room."""
        self.grid.select(self.grid.current)

    def _show_counts(self) -> None:
        everything = self._orders.all()
        for tab, button in self.tab_buttons.items():
            count = sum(1 for order in everything if _KEEPS[tab](order))
            text = f"{tr(_TAB_WORDS[tab])} {count}"
            if button.text() != text:
                button.setText(text)
                button.setAccessibleName(text)
            button.setChecked(tab is self._tab)
        self.grid.set_empty_text(
            tr(_EMPTY[self._tab]) if self._orders.is_reconciled else tr("주문내역을 불러오고 있습니다.")
        )

    def _tab_clicked(self, tab: OrderTab, is_checked: bool = False) -> None:
        self.show_tab(tab)

    def show_tab(self, tab: OrderTab) -> None:
        """List open, executed or all orders."""
        self._tab = tab
        self.workspace.preferences.write("orders.tab", tab.value)
        self._is_list_new = True
        self._flush()

    # -- what the user does ---

    def _follow(self, key: str) -> None:
        order = self._orders.get(key)
        if order is not None:
            self.workspace.link.choose(order.symbol)
            self.workspace.link.order_chosen.emit(key)
        self._show_unknown()

    def ask_again(self) -> None:
        """Ask the broker for its list now."""
        self.workspace.reconciler.want()
        self.workspace.link.message.emit("info", tr("증권사에 주문내역을 다시 묻습니다."))

    def ask_adopt(self, key: str, number: str) -> None:
        """Ask before a row of the broker's list is taken for an unknown order by the person's word."""
        order = self._orders.get(key)
        if order is None:
            return
        words = tr(
            "증권사 주문 {number}을(를) 이 {what} 주문으로 봅니다. 이 확인은 기록되고 되돌릴 수 없습니다.",
            number=number,
            what=self._described(order),
        )
        self.confirm.ask(words, tr("이 주문이 맞음"), lambda: self._settle(key, number))
        self._show_unknown()

    def ask_not_accepted(self, key: str) -> None:
        """Ask before an unknown order is taken as never accepted by the person's word."""
        order = self._orders.get(key)
        if order is None:
            return
        words = tr(
            "{what} 주문이 접수되지 않았음을 HTS나 고객센터에서 확인했습니까? "
            "이 확인은 기록되고, 같은 주문을 다시 낼 수 있게 됩니다.",
            what=self._described(order),
        )
        self.confirm.ask(words, tr("접수되지 않음"), lambda: self._settle(key, None))
        self._show_unknown()

    def _described(self, order: Order) -> str:
        return f"{self.columns.name(order)} {side_word(order.side)} " + tr(
            "{quantity}주", quantity=f"{order.quantity:,}"
        )

    def _settle(self, key: str, number: str | None) -> None:
        self.scope.spawn(self._settle_by_person(key, number), name=f"person's word {key}")

    async def _settle_by_person(self, key: str, number: str | None) -> None:
        refusal = await self._orders.settle_by_person(key, number)
        if refusal:
            self.workspace.link.message.emit("danger", said(refusal))

    def cancel(self, keys: Sequence[str]) -> None:
        """Cancel these orders at once; what cannot be cancelled says why."""
        for key in keys:
            order = self._orders.get(key)
            if order is not None and order.is_open:
                self._orders.cancel_soon(key)

    def ask_bulk_cancel(self) -> None:
        """Ask before the selected open orders, or all of them, are cancelled."""
        chosen = [key for key in self.grid.selected if (o := self._orders.get(key)) and o.is_open]
        is_all = len(chosen) < 2
        keys = [order.key for order in self._orders.open_orders()] if is_all else chosen
        if not keys:
            self.workspace.link.message.emit("info", tr("취소할 미체결 주문이 없습니다."))
            return
        words = tr("미체결 {n}건을 모두 취소합니다.") if is_all else tr("선택한 {n}건을 취소합니다.")
        self.confirm.ask(words.format(n=len(keys)), tr("일괄취소"), lambda: self.cancel(keys))

    def amend(self, key: str) -> None:
        """Put an order into the order form for amending."""
        order = self._orders.get(key)
        if order is None or not order.status.is_working:
            self.workspace.link.message.emit(
                "info", tr("정정할 주문을 고르십시오: 접수되었거나 일부 체결된 주문입니다.")
            )
            return
        self.workspace.link.choose(order.symbol)
        self.workspace.link.order_wanted.emit(
            OrderDraft(order.symbol, order.side, order.price, order.remaining, amends_key=order.key)
        )

    def repeat(self, order: Order) -> None:
        """Put the same order into the order form once more."""
        self.workspace.link.choose(order.symbol)
        self.workspace.link.order_wanted.emit(
            OrderDraft(order.symbol, order.side, order.price, order.quantity)
        )

    def save_csv(self) -> None:
        """Write what is listed."""
        save_table(self, f"orders-{self._tab.value}", self.grid.table, self.workspace.link)

    def _open_menu(self, key: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        order = self._orders.get(key)
        if order is not None:
            can_change = order.is_open and order.status is not OrderStatus.UNKNOWN
            cancel = menu.addAction(tr("취소 (Del)"))
            cancel.setEnabled(can_change)
            cancel.triggered.connect(lambda: self.cancel(self.grid.selected or [key]))
            amend = menu.addAction(tr("정정 (주문창)"))
            amend.setEnabled(order.status.is_working)
            amend.triggered.connect(lambda: self.amend(key))
            menu.addAction(tr("같은 주문 (주문창)")).triggered.connect(lambda: self.repeat(order))
            same = menu.addAction(tr("이 종목 주문 모두 취소"))
            same.triggered.connect(lambda: self._orders.cancel_symbol(order.symbol))
            why = menu.addAction(tr("위험 점검 보기"))
            why.triggered.connect(lambda: self.workspace.link.explain_wanted.emit(key))
            if order.status is OrderStatus.UNKNOWN:
                self._add_unknown(menu, order)
            menu.addSeparator()
        menu.addAction(tr("찾기 (Ctrl+F)")).triggered.connect(self.grid.open_filter)
        menu.addAction(tr("다시 조회")).triggered.connect(self.workspace.reconciler.want)
        menu.addAction(tr("CSV로 저장…")).triggered.connect(self.save_csv)
        menu.popup(at)

    def _add_unknown(self, menu: QMenu, order: Order) -> None:
        menu.addSeparator()
        menu.addAction(tr("다시 묻기")).triggered.connect(self.ask_again)
        if self._orders.twins_of(order.key):
            self.unknown.fill_menu(menu.addMenu(tr("이 주문이 맞음")))
        refusal = menu.addAction(tr("접수되지 않음"))
        refusal.triggered.connect(lambda: self.ask_not_accepted(order.key))
