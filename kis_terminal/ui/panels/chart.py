"""Chart of the linked symbol: intervals, indicators, own fills and orders, live last bar (screen 0600)."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from functools import partial
from math import isnan
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFileDialog, QStackedWidget

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.instruments import (
    InstrumentKind,
    round_down_to_tick,
    round_up_to_tick,
    tick_size,
)
from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import Order, Origin, PendingChange, Side
from kis_terminal.domain.wall_time import day_seconds, wall_seconds
from kis_terminal.services.history import LiveBars
from kis_terminal.services.hub import Subscription
from kis_terminal.services.market_data import Rank, Stream
from kis_terminal.ui.charts.choices import ChartChoices
from kis_terminal.ui.charts.drawn import ChartKind, FillMark, OrderMark
from kis_terminal.ui.charts.notice import Notice
from kis_terminal.ui.charts.strip import ChartStrip, interval_name
from kis_terminal.ui.formatting import number
from kis_terminal.ui.late_modules import import_plot
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import OrderDraft, Workspace

if TYPE_CHECKING:
    from kis_terminal.ui.charts.plot import ChartPlot

_BARS = 600
_LONG_BARS = {Interval.WEEK: 520, Interval.MONTH: 240, Interval.YEAR: 40}
"""How many bars are asked for; longer ones would begin before there was an exchange."""
_MOST_BARS = 4_000
"""How many are asked for at most to show a former moment."""
_DAY = 86_400
_PRICES_FIRST_SECONDS = 0.6
_LOOK_SECONDS = 0.02


class ChartPanel(Panel):
    """Follow the linked symbol; the plot is built after the window has been shown."""

    screen_number = "0600"
    panel_name = "chart"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, tr("차트"))
        self.plot: ChartPlot | None = None
        self.symbol = ""
        self.choices = ChartChoices(workspace.preferences)
        self._bars: LiveBars | None = None
        self._load_task: asyncio.Task[None] | None = None
        self._watching: list[Subscription] = []
        self._are_bars_dirty = self._are_marks_dirty = False
        self._moment: int | None = None
        """Wall seconds of a bar that is to be shown once the bars are there."""
        self._flush_bound = self._flush
        self.controls = ChartStrip(self.theme, self.choices, self.strip, self.title_area)
        self.controls.interval_wanted.connect(self.choose_interval)
        self.controls.kind_wanted.connect(self.choose_kind)
        self.controls.study_toggled.connect(self.toggle_study)
        self.controls.volume_toggled.connect(self.toggle_volume)
        self.pages = QStackedWidget(self)
        self.notice = Notice(self.theme, self._load)
        self.pages.addWidget(self.notice)
        self.body.addWidget(self.pages, 1)
        save = QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self)
        save.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        save.activated.connect(self.ask_where_to_save)
        workspace.link.symbol_changed.connect(self._symbol_changed)
        workspace.link.moment_wanted.connect(self.show_moment)
        self._say_title()

    # -- choices ---

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the controls into the strip."""
        super().resizeEvent(event)
        self._fit_strip()

    def _fit_strip(self) -> None:
        margins = 2 * self.theme.metrics.inset
        self.controls.fit(self.width() - margins - self.title_label.sizeHint().width())

    def _say_title(self) -> None:
        symbol = self.workspace.instruments.name(self.symbol) if self.symbol else ""
        interval = interval_name(self.choices.interval)
        self.title_label.setText(f"{tr('차트')}  {symbol} · {interval}" if symbol else tr("차트"))
        self._fit_strip()

    def choose_interval(self, interval: Interval) -> None:
        """Show bars of another length."""
        is_other = interval is not self.choices.interval
        self.choices.choose_interval(interval)
        self.controls.show_choices()
        if is_other:
            self._load()

    def choose_kind(self, kind: ChartKind) -> None:
        """Draw the bars in another way."""
        self.choices.choose_kind(kind)
        self.controls.show_choices()
        if self.plot is not None:
            self.plot.set_kind(kind)

    def toggle_study(self, key: str) -> None:
        """Show or hide an indicator."""
        self.choices.toggle_study(key)
        if self.plot is not None:
            self.plot.set_studies(self.choices.studies)

    def toggle_volume(self) -> None:
        """Show or hide the volume columns."""
        self.choices.toggle_volume()
        if self.plot is not None:
            self.plot.set_volume(self.choices.has_volume)

    # -- life ---

    def activate(self) -> None:
        """Follow the linked symbol; a plot that is not there yet is built in the next turn of the loop."""
        self.keep(self.workspace.orders.changed.subscribe(self._order_changed))
        self.keep(self.workspace.orders.filled.subscribe(self._marks_changed))
        self.keep(self.workspace.orders.listed.subscribe(self._marks_changed))
        self.keep(self.workspace.market_data.quotes.subscribe(self._quote_changed))
        self.keep(self.workspace.instruments.loaded.subscribe(self._instruments_loaded))
        if self.plot is None:
            self.scope.spawn(self._build_plot(), name="chart plot", replaces="chart-plot")
        self._load()

    def deactivate(self) -> None:
        """Let the bars and the stream go."""
        self._let_go()
        self.workspace.frame_clock.forget(self._flush_bound)

    async def _build_plot(self) -> None:
        # pyqtgraph takes a third of a second to import: prices come first.
        patience = _PRICES_FIRST_SECONDS
        while not self.workspace.market_data.ticks_received and patience > 0:
            await asyncio.sleep(_LOOK_SECONDS)
            patience -= _LOOK_SECONDS
        module = await import_plot()
        if self.plot is not None:
            return
        plot: ChartPlot = module.ChartPlot(self.theme, self.pages)
        plot.snapped = self._nearest_tick
        plot.cancel_wanted.connect(self.workspace.orders.cancel_soon)
        plot.menu_wanted.connect(self._open_price_menu)
        plot.set_studies(self.choices.studies)
        plot.set_volume(self.choices.has_volume)
        self.pages.addWidget(plot)
        self.plot = plot
        self._show_bars()

    def _symbol_changed(self, symbol: str) -> None:
        if self.is_active:
            self._load()

    def _let_go(self) -> None:
        if self._load_task is not None:
            self._load_task.cancel()
            self._load_task = None
        if self._bars is not None:
            self._bars.close()
            self._bars = None
        for subscription in self._watching:
            subscription.close()
        self._watching.clear()

    def _load(self) -> None:
        """Fetch the bars of the linked symbol anew."""
        watched = self._watching
        self._watching = []
        self._let_go()
        self.symbol = self.workspace.link.symbol
        self._say_title()
        if self.plot is not None:
            self.plot.set_series(None)
        if self.symbol:
            # Watched again before the old one is let go, so that the same symbol keeps its slot.
            watch = self.workspace.market_data.watch(self.symbol, Stream.TICKS, rank=Rank.CHOSEN)
            self._watching.append(watch)
            self.notice.say(tr("불러오는 중…"))
            self._load_task = self.scope.spawn(
                self._follow(self.symbol, self.choices.interval), name="chart load", replaces="chart-load"
            )
        else:
            self.notice.say(tr("종목을 고르면 차트가 나옵니다."))
        for subscription in watched:
            subscription.close()
        self.pages.setCurrentWidget(self.notice)

    def show_moment(self, symbol: str, moment: int) -> None:
        """Show a symbol's bar of a wall time in the middle, with as many bars as reach back to it."""
        if not self.is_active:
            return
        self._moment = moment
        day = self.choices.interval.minutes is None
        if not day and moment % _DAY == 0:
            self.choices.choose_interval(Interval.DAY)
            self.controls.show_choices()
        if symbol != self.workspace.link.symbol:
            self.workspace.link.choose(symbol)  # which loads
        elif (
            self._bars is None
            or not len(self._bars.series)
            or moment < int(self._bars.series.times[0])
            or self._bars.series.interval is not self.choices.interval
        ):
            self._load()
        else:
            self._show_bars()

    def _count_of(self, interval: Interval) -> int:
        """Return how many bars to ask for: the usual number, more where a former moment is to be shown."""
        usual = _LONG_BARS.get(interval, _BARS)
        if self._moment is None or interval is not Interval.DAY:
            return usual
        days = (day_seconds(self.workspace.market_data.today()) - self._moment) // _DAY
        return min(_MOST_BARS, max(usual, days * 5 // 7 + _BARS // 4))

    async def _follow(self, symbol: str, interval: Interval) -> None:
        try:
            bars = await self.workspace.history.follow(symbol, interval, self._count_of(interval))
        except TerminalError as error:
            self.notice.say(tr("차트를 불러오지 못했습니다. {reason}", reason=error), can_retry=True)
            return
        if not self.is_active or (symbol, interval) != (self.symbol, self.choices.interval):
            bars.close()
            return
        self._bars = bars
        self._watching.append(bars.changed.subscribe(self._bars_changed))
        self._show_bars()

    def _show_bars(self) -> None:
        if self.plot is None or self._bars is None:
            return
        self.plot.set_series(self._bars.series, self.choices.kind)
        self._are_marks_dirty = True
        self._flush()
        moment, self._moment = self._moment, None
        if moment is not None and len(self._bars.series):
            from numpy import searchsorted

            self.plot.show_bar(int(searchsorted(self._bars.series.times, moment, side="right")) - 1)

    # -- events: marked here, drawn at the next frame ---

    def _bars_changed(self, event: object) -> None:
        self._are_bars_dirty = True
        self.workspace.frame_clock.request_slow(self._flush_bound)

    def _order_changed(self, order: Order) -> None:
        if order.symbol == self.symbol:
            self._marks_changed(order)

    def _marks_changed(self, event: object) -> None:
        self._are_marks_dirty = True
        self.workspace.frame_clock.request(self._flush_bound)

    def _quote_changed(self, symbol: str) -> None:
        if symbol == self.symbol:
            self._bars_changed(symbol)

    def _instruments_loaded(self, count: int) -> None:
        self._say_title()

    def _flush(self) -> None:
        plot, bars = self.plot, self._bars
        if plot is None or bars is None:
            return
        self._are_bars_dirty = False
        change = self.workspace.market_data.state(self.symbol).change
        if change is not None:
            plot.set_direction(change >= 0)
        plot.refresh()
        if self._are_marks_dirty:
            self._are_marks_dirty = False
            plot.set_fills(self._fill_marks())
            plot.set_orders(self._order_marks())
        if len(bars.series):
            self.pages.setCurrentWidget(plot)
        else:
            self.notice.say(tr("아직 체결이 없어 보여 줄 봉이 없습니다."))

    def _fill_marks(self) -> list[FillMark]:
        return [
            FillMark(fill.side, fill.quantity, float(fill.price), wall_seconds(fill.time))
            for fill in self.workspace.orders.fills
            if fill.symbol == self.symbol
        ]

    def _order_marks(self) -> list[OrderMark]:
        marks = []
        for order in self.workspace.orders.open_orders(self.symbol):
            if order.price is None or not order.remaining:
                continue
            side = tr("매수") if order.side is Side.BUY else tr("매도")
            text = tr("{side} {count}주 대기", side=side, count=number(order.remaining))
            is_cancelling = order.pending is PendingChange.CANCEL
            marks.append(OrderMark(order.key, order.side, float(order.price), text, is_cancelling))
        return marks

    # -- what the hands ask for ---

    @property
    def _tick_kind(self) -> InstrumentKind:
        instrument = self.workspace.instruments.get(self.symbol)
        return instrument.kind if instrument is not None else InstrumentKind.STOCK

    def _nearest_tick(self, value: float) -> float:
        if value <= 0:
            return value
        step = tick_size(Decimal(int(value)), self._tick_kind)
        return float(round(value / step) * step)

    def _open_price_menu(self, place: QPoint, price: float, bar: int) -> None:
        actions: list[QAction] = []
        if not isnan(price) and price > 0:
            exact = Decimal(str(round(price, 4)))
            for side, text, rounded in (
                (Side.BUY, "여기서 매수 {price}", round_down_to_tick(exact, self._tick_kind)),
                (Side.SELL, "여기서 매도 {price}", round_up_to_tick(exact, self._tick_kind)),
            ):
                act = partial(self._want_order, side, rounded)
                actions.append(self.controls.action(tr(text, price=number(rounded)), act))
        if self._bars is not None and 0 <= bar < len(self._bars.series):
            begin = partial(self._want_backtest, int(self._bars.series.times[bar]))
            actions.append(self.controls.action(tr("여기서부터 백테스트"), begin))
        if self.plot is not None:
            actions.append(self.controls.action(tr("최근 봉으로"), self.plot.reset))
        actions.append(self.controls.volume_action())
        actions.append(self.controls.action(tr("그림으로 저장…"), self.ask_where_to_save))
        self.controls.open(place, actions)

    def _want_order(self, side: Side, price: Decimal) -> None:
        """Fill the order form; nothing is sent."""
        self.workspace.link.order_wanted.emit(OrderDraft(self.symbol, side, price, origin=Origin.CHART))

    def _want_backtest(self, moment: int) -> None:
        """Set up a backtest of this symbol from a bar's day on."""
        self.workspace.link.backtest_wanted.emit(self.symbol, moment)

    def ask_where_to_save(self) -> None:
        """Ask for a file name and save the chart as a picture."""
        if self.plot is None or self._bars is None:
            return
        name = f"{self.symbol}_{self.choices.interval.value}.png"
        dialog = QFileDialog(self, tr("차트 그림 저장"), name, "PNG (*.png)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.save_picture)
        dialog.open()

    def save_picture(self, path: str) -> None:
        """Save what the chart shows."""
        if self.plot is None:
            return
        if self.plot.grab().save(path):
            self.workspace.link.message.emit("info", tr("차트 그림을 저장했습니다: {path}", path=path))
        else:
            self.workspace.link.message.emit(
                "danger", tr("차트 그림을 {path} 에 저장하지 못했습니다. 다른 폴더를 고르십시오.", path=path)
            )
