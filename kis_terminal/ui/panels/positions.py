"""잔고 (0201): holdings valued live, cash, and closing by right click."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QLabel, QMenu

from kis_terminal.domain.orders import OrderKind, Origin, Side
from kis_terminal.services.hub import Subscription
from kis_terminal.services.market_data import Rank, Stream
from kis_terminal.services.portfolio import PositionView
from kis_terminal.ui import formatting
from kis_terminal.ui.confirm_strip import ConfirmStrip
from kis_terminal.ui.csv_file import save_table
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import OrderDraft, Workspace

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Holding:
    """One row: the valued position and its share of everything in percent."""

    view: PositionView
    weight: Decimal | None

    @property
    def symbol(self) -> str:
        """Return the symbol."""
        return self.view.position.symbol


class PositionsPanel(Panel):
    """Value holdings at the latest prices; their prints are watched while the panel is visible."""

    panel_name = "positions"
    screen_number = "0201"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, tr("잔고"))
        self._portfolio = workspace.portfolio
        self._watched: dict[str, Subscription] = {}
        self._dirty: set[str] = set()
        self._is_list_new = False
        self._flush_bound = self._flush
        self.cash_label = self._quiet_label()
        self.title_area.addWidget(self.cash_label)
        self.grid = Grid(
            "positions",
            self._columns(),
            self.theme,
            workspace.preferences,
            title=tr("잔고"),
            empty_text=tr("잔고를 불러오고 있습니다."),
        )
        self.grid.chosen.connect(workspace.link.choose)
        self.grid.activated.connect(lambda symbol: self._draft_sale(symbol))
        self.grid.menu_wanted.connect(self._open_menu)
        self.setMinimumWidth(self.theme.metrics.narrow_panel)
        self.body.addWidget(self.grid, 1)
        self.confirm = ConfirmStrip(self.theme, workspace.environment)
        self.body.addWidget(self.confirm)
        self.totals = self._quiet_label()
        self._totals_words = ("", "")
        """The same in full and in short."""
        self.totals.setObjectName("totals")
        self.totals.setFixedHeight(self.theme.metrics.row + self.theme.metrics.gutter)
        colours, inset = self.theme.colours, self.theme.metrics.inset
        self.totals.setStyleSheet(
            f"#totals {{ color: {colours.muted.name()}; padding-left: {inset}px;"
            f" border-top: 1px solid {colours.line.name()}; }}"
        )
        self.body.addWidget(self.totals)

    def _quiet_label(self) -> QLabel:
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setStyleSheet(f"color: {self.theme.colours.muted.name()};")
        label.setMinimumWidth(1)
        return label

    def _columns(self) -> list[Column]:
        number, signed, percent = formatting.number, formatting.signed, formatting.percent
        muted = self.theme.colours.muted

        def direction(h: Holding) -> QColor:
            return self.theme.direction(h.view.profit)

        return [
            Column(
                "name",
                tr("종목"),
                100,
                lambda h: self._name(h.symbol),
                Align.LEFT,
                is_bold=True,
                stretch=1,
                tooltip=lambda h: f"{self._name(h.symbol)}  {h.symbol}",
            ),
            Column(
                "quantity",
                tr("수량", "column"),
                46,
                lambda h: number(h.view.position.quantity),
                tooltip=lambda h: tr("매도가능 {n}주", n=number(h.view.position.sellable)),
                sort=lambda h: h.view.position.quantity,
                is_bold=True,
            ),
            Column(
                "sellable",
                tr("매도가능"),
                58,
                lambda h: number(h.view.position.sellable),
                colour=lambda h: muted,
                priority=7,
            ),
            Column(
                "average",
                tr("평균"),
                66,
                lambda h: number(h.view.position.average_price.quantize(Decimal(1))),
                colour=lambda h: muted,
                tooltip=lambda h: tr("평균단가 {price}원", price=f"{h.view.position.average_price:,.2f}"),
                priority=1,
            ),
            Column(
                "price",
                tr("현재가"),
                70,
                lambda h: number(h.view.price),
                flashes=True,
                priority=2,
                sort=lambda h: h.view.price,
                colour=lambda h: self.theme.direction(self.workspace.market_data.state(h.symbol).change),
            ),
            Column(
                "cost",
                tr("매입금액"),
                90,
                lambda h: number(_whole(h.view.position.average_price * h.view.position.quantity)),
                colour=lambda h: muted,
                priority=5,
                sort=lambda h: h.view.position.cost,
            ),
            Column(
                "value",
                tr("평가금액"),
                90,
                lambda h: number(h.view.value),
                priority=3,
                sort=lambda h: h.view.value,
            ),
            Column(
                "profit",
                tr("평가손익"),
                80,
                lambda h: signed(h.view.profit),
                is_bold=True,
                colour=direction,
                sort=lambda h: h.view.profit,
            ),
            Column(
                "rate",
                tr("수익률"),
                60,
                lambda h: percent(h.view.profit_rate),
                colour=direction,
                sort=lambda h: h.view.profit_rate,
            ),
            Column(
                "net",
                tr("비용 포함 손익"),
                92,
                lambda h: signed(h.view.profit_after_costs),
                priority=4,
                sort=lambda h: h.view.profit_after_costs,
                colour=lambda h: self.theme.direction(h.view.profit_after_costs),
            ),
            Column(
                "realised",
                tr("당일실현"),
                80,
                lambda h: signed(self._portfolio.realised_today(h.symbol)),
                priority=8,
                sort=lambda h: self._portfolio.realised_today(h.symbol),
                colour=lambda h: self.theme.direction(self._portfolio.realised_today(h.symbol)),
                tooltip=lambda h: tr("프로그램을 켠 뒤의 매도로 실현한 손익, 비용 포함"),
            ),
            Column(
                "weight",
                tr("비중"),
                52,
                lambda h: formatting.UNKNOWN if h.weight is None else f"{h.weight:.1f}%",
                colour=lambda h: muted,
                priority=6,
                sort=lambda h: h.weight,
            ),
        ]

    # -- life ---

    def activate(self) -> None:
        """Show what is known and follow it."""
        self.keep(self._portfolio.changed.subscribe(lambda _: self._list_changed()))
        self.keep(self.workspace.market_data.quotes.subscribe(self._quote_changed))
        self._list_changed()

    def deactivate(self) -> None:
        """Watch nothing."""
        for subscription in self._watched.values():
            subscription.close()
        self._watched.clear()
        self.workspace.frame_clock.forget(self._flush_bound)

    def _list_changed(self) -> None:
        self._is_list_new = True
        self.workspace.frame_clock.request(self._flush_bound)

    def _quote_changed(self, symbol: str) -> None:
        if symbol in self._watched:
            self._dirty.add(symbol)
            self.workspace.frame_clock.request(self._flush_bound)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, set()
        if self._is_list_new:
            self._is_list_new = False
            self._reload()
        else:
            for symbol in dirty:
                position = self._portfolio.position(symbol)
                if position is not None:
                    self.grid.update_row(symbol, self._holding(self._portfolio.view(position)))
        self._show_totals()

    def _reload(self) -> None:
        positions = self._portfolio.positions
        watched: dict[str, Subscription] = {}
        for position in positions:
            symbol = position.symbol
            kept = self._watched.pop(symbol) if symbol in self._watched else None
            watched[symbol] = kept or self.workspace.market_data.watch(symbol, Stream.TICKS, rank=Rank.HELD)
        for gone in self._watched.values():
            gone.close()
        self._watched = watched
        self.grid.set_empty_text(self._empty_text())
        self.grid.set_rows(
            [(position.symbol, self._holding(self._portfolio.view(position))) for position in positions]
        )

    def _empty_text(self) -> str:
        if self._portfolio.error:
            return tr("잔고를 불러오지 못했습니다: {why}", why=self._portfolio.error)
        if self._portfolio.balance is None:
            return tr("잔고를 불러오고 있습니다.")
        return tr("보유 종목이 없습니다. 주문창에서 매수하면 여기에 나타납니다.")

    def _holding(self, view: PositionView) -> Holding:
        balance = self._portfolio.balance
        whole = balance.total_value if balance is not None else None
        return Holding(view, view.value / whole * 100 if whole else None)

    def _show_totals(self) -> None:
        views = [self._portfolio.view(position) for position in self._portfolio.positions]
        balance = self._portfolio.balance
        if balance is None:
            return
        cost = sum((view.value - view.profit for view in views), _NOTHING)
        net = sum((view.profit_after_costs for view in views), _NOTHING)
        number, signed = formatting.number, formatting.signed
        cash = tr("매입 {cost}   D+2 {cash}", cost=number(_whole(cost)), cash=number(self._portfolio.cash_d2))
        figures = {
            "net": signed(net),
            "realised": signed(self._portfolio.realised_today()),
            "costs": number(balance.fees_today + balance.taxes_today),
        }
        _set_text(self.cash_label, cash)
        self._totals_words = (
            tr("비용 포함 평가손익 {net}   실현 {realised}   수수료·세금 {costs}", **figures),
            tr("순손익 {net}   실현 {realised}   비용 {costs}", **figures),
        )
        self._fit_totals()
        self.cash_label.setToolTip(
            tr(
                "예수금 {d}   D+1 {d1}   D+2 {d2}",
                d=number(balance.cash),
                d1=number(balance.cash_d1),
                d2=number(balance.cash_d2),
            )
        )

    def _fit_totals(self) -> None:
        """Say the totals in full where there is room, else in short."""
        full, short = self._totals_words
        room = self.totals.width() - 2 * self.theme.metrics.inset
        fits = self.totals.fontMetrics().horizontalAdvance(full) <= room
        _set_text(self.totals, full if fits else short)
        self.totals.setToolTip("" if fits else full)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the totals."""
        super().resizeEvent(event)
        self._fit_totals()

    def _name(self, symbol: str) -> str:
        known = self.workspace.instruments.get(symbol)
        if known is not None:
            return known.name
        position = self._portfolio.position(symbol)
        return position.name if position is not None and position.name else symbol

    # -- what the user does ---

    def _draft_sale(self, symbol: str, price: Decimal | None = None) -> None:
        position = self._portfolio.position(symbol)
        if position is not None:
            self.workspace.link.choose(symbol)
            self.workspace.link.order_wanted.emit(
                OrderDraft(symbol, Side.SELL, price, position.sellable or None)
            )

    def ask_market_sale(self, symbol: str) -> None:
        """Ask whether everything that can be sold of a holding is sold at the market."""
        quantity = self._portfolio.sellable(symbol) or 0
        if quantity <= 0:
            self.workspace.link.message.emit(
                "warn", tr("{name}: 매도가능한 수량이 없습니다.", name=self._name(symbol))
            )
            return
        self.confirm.ask(
            tr("{name} {n}주를 시장가로 매도합니다.", name=self._name(symbol), n=formatting.number(quantity)),
            tr("시장가 매도"),
            lambda: self._sell_at_market(symbol),
        )

    def _sell_at_market(self, symbol: str) -> None:
        orders, quantity = self.workspace.orders, self._portfolio.sellable(symbol) or 0
        orders.submit_soon(
            orders.new_request(symbol, Side.SELL, OrderKind.MARKET, quantity, None, origin=Origin.ORDER_ENTRY)
        )

    def _open_menu(self, symbol: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if symbol:
            price = self.workspace.market_data.state(symbol).price
            menu.addAction(tr("현재가 매도 (주문창)")).triggered.connect(
                lambda: self._draft_sale(symbol, price)
            )
            menu.addAction(tr("시장가 매도…")).triggered.connect(lambda: self.ask_market_sale(symbol))
            menu.addAction(tr("추가 매수 (주문창)")).triggered.connect(
                lambda: self.workspace.link.order_wanted.emit(OrderDraft(symbol, Side.BUY, price))
            )
            menu.addAction(tr("차트·호가 보기")).triggered.connect(lambda: self.workspace.link.choose(symbol))
            menu.addSeparator()
        menu.addAction(tr("다시 조회")).triggered.connect(self._portfolio.refresh_soon)
        menu.addAction(tr("CSV로 저장…")).triggered.connect(
            lambda: save_table(self, "positions", self.grid.table, self.workspace.link)
        )
        menu.popup(at)


def _whole(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1))


def _set_text(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)
