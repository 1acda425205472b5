"""관심종목 (0101): the symbols of a group with their live figures."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from PySide6.QtCore import QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QLabel, QMenu, QToolButton

from kis_terminal.services.market_data import Rank, Stream, SymbolState, Watch
from kis_terminal.services.watchlists import FIRST_GROUP
from kis_terminal.ui import formatting
from kis_terminal.ui.csv_file import save_table
from kis_terminal.ui.freshness import is_dim, price_words, short_words
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.grid.sparkline import paint_sparkline
from kis_terminal.ui.name_line import NameLine
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.search_box import Finding, SearchBox
from kis_terminal.ui.translation import tr, unmarked
from kis_terminal.ui.workspace import OrderDraft, Workspace

_AGE_MILLISECONDS = 1000
_SPARK_FROM_TAPE_BELOW = 10
_TAPE_POINTS = 10


class WatchlistPanel(Panel):
    """Show one group; symbols that are scrolled away come after those that are seen on the stream."""

    panel_name = "watchlist"
    screen_number = "0101"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, tr("관심종목"))
        self._market = workspace.market_data
        self._lists = workspace.watchlists
        self._names = workspace.instruments
        self._watched: dict[str, Watch] = {}
        self._dirty: set[str] = set()
        self._flush_bound = self._flush
        self._ages = QTimer(self)
        self._ages.setInterval(_AGE_MILLISECONDS)
        self._ages.timeout.connect(self._look)
        self._build_strip()
        self.grid = Grid(
            "watchlist",
            self._columns(),
            self.theme,
            workspace.preferences,
            title=tr("관심종목"),
            empty_text=tr("관심종목이 없습니다. Insert 키나 위의 ＋로 종목을 추가하십시오."),
            is_multiple=True,
            can_move_rows=True,
        )
        self.grid.chosen.connect(workspace.link.choose)
        self.grid.menu_wanted.connect(self._open_menu)
        self.grid.delete_wanted.connect(self.remove)
        self.grid.rows_moved.connect(self._lists.arrange)
        self.setMinimumWidth(self.theme.metrics.narrow_panel)
        self.body.addWidget(self.grid, 1)
        self.adding = SearchBox(
            self.theme, self._find, hint=tr("추가할 종목 (코드·이름·초성)"), width=self.theme.metrics.findings
        )
        self.adding.on_leave = self._stop_adding
        self.adding.hide()
        self.body.addWidget(self.adding)
        self.naming = NameLine(self.theme)
        self.body.addWidget(self.naming)
        workspace.link.symbol_changed.connect(self._follow)

    def _build_strip(self) -> None:
        self.group_button = QToolButton()
        self.group_button.setAccessibleName(tr("관심 그룹"))
        self.group_button.clicked.connect(self._open_groups)
        self.add_button = QToolButton()
        self.add_button.setText("＋")
        self.add_button.setToolTip(tr("종목 추가 (Insert)"))
        self.add_button.setAccessibleName(tr("종목 추가"))
        self.add_button.setShortcut("Insert")
        self.add_button.clicked.connect(self.start_adding)
        self._live_label = QLabel()
        self._live_label.setToolTip(tr("이 그룹에서 실시간으로 받는 종목 수"))
        self._live_label.setStyleSheet(f"color: {self.theme.colours.muted.name()};")
        for widget in (self.add_button, self.group_button, self._live_label):
            self.title_area.addWidget(widget)

    def _columns(self) -> list[Column]:
        direction, muted = self._direction, self._muted
        number, percent, is_stale = formatting.number, formatting.percent, self._is_stale
        return [
            Column(
                "name",
                tr("종목"),
                104,
                lambda s: self._names.name(s.symbol),
                Align.LEFT,
                is_bold=True,
                stretch=1,
                colour=self._name_colour,
                tooltip=self._describe,
                mark=lambda s: s.is_halted,
            ),
            Column(
                "price",
                tr("현재가"),
                72,
                lambda s: number(s.price),
                colour=direction,
                sort=lambda s: s.price,
                mark=lambda s: (s.price, is_stale(s)),
                flashes=True,
            ),
            Column(
                "change",
                tr("대비"),
                74,
                lambda s: f"{formatting.arrow(s.change)} {number(_size(s))}",
                colour=direction,
                sort=lambda s: s.change,
                mark=lambda s: (s.change, is_stale(s)),
                priority=3,
            ),
            Column(
                "rate",
                tr("등락률"),
                62,
                lambda s: percent(s.change_rate),
                colour=direction,
                sort=lambda s: s.change_rate,
                mark=lambda s: (s.change_rate, is_stale(s)),
            ),
            Column(
                "volume",
                tr("거래량"),
                82,
                lambda s: number(s.volume),
                sort=lambda s: s.volume,
                mark=lambda s: s.volume,
                colour=muted,
                priority=4,
            ),
            Column(
                "strength",
                tr("체결강도"),
                56,
                lambda s: formatting.UNKNOWN if s.strength is None else f"{s.strength:.1f}",
                colour=muted,
                sort=lambda s: s.strength,
                mark=lambda s: s.strength,
                priority=2,
            ),
            Column(
                "spark",
                tr("추이"),
                58,
                lambda s: short_words(self._market, s),
                Align.CENTER,
                paint=self._paint_spark,
                mark=lambda s: (_spark_mark(s), short_words(self._market, s)),
                can_sort=False,
                priority=1,
            ),
            Column(
                "open",
                tr("시가"),
                68,
                lambda s: number(s.open),
                priority=6,
                colour=lambda s: self._against_base(s, s.open),
                sort=lambda s: s.open,
                mark=lambda s: (s.open, s.base_price),
            ),
            Column(
                "high",
                tr("고가"),
                68,
                lambda s: number(s.high),
                priority=7,
                colour=lambda s: self._against_base(s, s.high),
                sort=lambda s: s.high,
                mark=lambda s: (s.high, s.base_price),
            ),
            Column(
                "low",
                tr("저가"),
                68,
                lambda s: number(s.low),
                priority=8,
                colour=lambda s: self._against_base(s, s.low),
                sort=lambda s: s.low,
                mark=lambda s: (s.low, s.base_price),
            ),
            Column(
                "vi",
                "VI",
                44,
                _interruption,
                Align.CENTER,
                colour=lambda s: self.theme.colours.warn,
                priority=9,
            ),
            Column("fresh", tr("신선도"), 58, self._freshness, colour=self._fresh_colour, priority=5),
        ]

    # -- life ---

    def activate(self) -> None:
        """Show the group that is chosen and watch it."""
        self.keep(self._market.quotes.subscribe(self._quote_changed))
        self.keep(self._market.link.subscribe(lambda _: self._all_changed()))
        self.keep(self._lists.changed.subscribe(lambda _: self._reload()))
        self.keep(self._names.loaded.subscribe(lambda _: self._reload()))
        self._reload()
        self._ages.start()

    def deactivate(self) -> None:
        """Watch nothing."""
        self._ages.stop()
        for subscription in self._watched.values():
            subscription.close()
        self._watched.clear()
        self.workspace.frame_clock.forget(self._flush_bound)

    def _reload(self) -> None:
        symbols = self._lists.symbols()
        # New ones first, so that a symbol in both groups keeps its place on the stream.
        watched: dict[str, Watch] = {}
        for symbol in symbols:
            kept = self._watched.pop(symbol) if symbol in self._watched else None
            watched[symbol] = kept or self._market.watch(symbol, Stream.TICKS)
        for gone in self._watched.values():
            gone.close()
        self._watched = watched
        self.grid.set_rows([(symbol, self._market.state(symbol)) for symbol in symbols])
        self.group_button.setText(f"{unmarked(_group_word(self._lists.current))} ▾")
        if not self.workspace.link.symbol and symbols:
            self.workspace.link.choose(symbols[0])
        self._follow(self.workspace.link.symbol)
        self._all_changed()

    def _quote_changed(self, symbol: str) -> None:
        if symbol in self._watched:
            self._dirty.add(symbol)
            self.workspace.frame_clock.request(self._flush_bound)

    def _all_changed(self) -> None:
        self._dirty.update(self._watched)
        self.workspace.frame_clock.request(self._flush_bound)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, set()
        for symbol in dirty:
            self.grid.refresh(symbol)
        live = sum(self._market.is_live(symbol) for symbol in self._watched)
        text = tr("{live}/{all} 실시간", live=live, all=len(self._watched))
        if text != self._live_label.text():
            self._live_label.setText(text)

    def _look(self) -> None:
        """Rank what is seen before what is scrolled away, and let ages grow."""
        seen = set(self.grid.visible_keys)
        for symbol, watch in self._watched.items():
            watch.move(Rank.VISIBLE if symbol in seen else Rank.REST)
            if not self._market.is_live(symbol):
                self.grid.touch(symbol)

    def _follow(self, symbol: str) -> None:
        if symbol != self.grid.current:
            self.grid.select(symbol)

    # -- how cells look ---

    def _is_stale(self, state: SymbolState) -> bool:
        return is_dim(self._market, state)

    def _direction(self, state: SymbolState) -> QColor:
        if state.price is None:
            return self.theme.colours.faint
        colour = self.theme.direction(state.change)
        return self.theme.tinted(colour, self.theme.stale_share) if self._is_stale(state) else colour

    def _against_base(self, state: SymbolState, price: Decimal | None) -> QColor:
        if state.base_price is None or price is None:
            return self.theme.colours.muted
        return self.theme.direction(price - state.base_price)

    def _muted(self, state: SymbolState) -> QColor:
        return self.theme.colours.muted

    def _name_colour(self, state: SymbolState) -> QColor:
        return self.theme.colours.muted if state.is_halted else self.theme.colours.text

    def _freshness(self, state: SymbolState) -> str:
        return price_words(self._market, state)

    def _fresh_colour(self, state: SymbolState) -> QColor:
        colours = self.theme.colours
        if state.price is None:
            return colours.faint
        return colours.ok if self._market.is_live(state.symbol) else colours.warn

    def _paint_spark(self, painter: QPainter, cell: QRect, state: SymbolState) -> None:
        words = short_words(self._market, state)
        if words:  # a line of what the market did is none of what it does
            painter.setPen(self.theme.colours.warn)
            painter.drawText(cell, int(Qt.AlignmentFlag.AlignCenter), words)
            return
        values = _of_tape(state) if _is_of_tape(state) else state.spark
        paint_sparkline(painter, cell, values, self._direction(state))

    def _describe(self, state: SymbolState) -> str:
        item = self._names.get(state.symbol)
        market = item.market if item is not None else ""
        return f"{self._names.name(state.symbol)}  {state.symbol} {market}\n{self._freshness(state)}"

    # -- what the user does ---

    def remove(self, symbols: Sequence[str]) -> None:
        """Take symbols out of the group."""
        for symbol in symbols:
            self._lists.remove(symbol)

    def start_adding(self) -> None:
        """Open the field for a new symbol."""
        self.adding.show()
        self.adding.begin()

    def _stop_adding(self) -> None:
        self.adding.hide()
        self.grid.setFocus()

    def _find(self, text: str) -> list[Finding]:
        return [
            Finding(str(item.market), item.name, item.symbol, partial(self._lists.add, item.symbol))
            for item in self._names.find(text, 30)
        ]

    def _open_groups(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in self._lists.names:
            action = menu.addAction(f"{unmarked(_group_word(name))}  ({len(self._lists.symbols(name))})")
            action.setCheckable(True)
            action.setChecked(name == self._lists.current)
            action.triggered.connect(lambda _=False, chosen=name: self._lists.choose(chosen))
        menu.addSeparator()
        menu.addAction(tr("새 그룹…")).triggered.connect(self._ask_new_group)
        delete = menu.addAction(tr("그룹 '{name}' 지우기", name=unmarked(_group_word(self._lists.current))))
        delete.setEnabled(len(self._lists.names) > 1)
        delete.triggered.connect(lambda: self._lists.delete(self._lists.current))
        menu.addSeparator()
        menu.addAction(tr("CSV로 저장…")).triggered.connect(self.save_csv)
        menu.popup(self.group_button.mapToGlobal(QPoint(0, self.group_button.height())))

    def _ask_new_group(self) -> None:
        self.naming.ask(tr("새 그룹 이름 (Enter)"), self._lists.choose)

    def save_csv(self) -> None:
        """Write the group as it stands."""
        save_table(self, f"watchlist-{self._lists.current}", self.grid.table, self.workspace.link)

    def _open_menu(self, symbol: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("종목 추가…")).triggered.connect(self.start_adding)
        if symbol:
            from_menu = self.workspace.link
            name = unmarked(self._names.name(symbol))
            menu.addAction(tr("{name} 보기", name=name)).triggered.connect(lambda: from_menu.choose(symbol))
            menu.addAction(tr("주문창에 넣기")).triggered.connect(
                lambda: from_menu.order_wanted.emit(OrderDraft(symbol))
            )
            menu.addSeparator()
            menu.addAction(tr("관심종목에서 빼기 (Del)")).triggered.connect(
                lambda: self.remove(self.grid.selected or [symbol])
            )
        menu.addSeparator()
        menu.addAction(tr("찾기 (Ctrl+F)")).triggered.connect(self.grid.open_filter)
        menu.addAction(tr("CSV로 저장…")).triggered.connect(self.save_csv)
        menu.popup(at)


def _group_word(name: str) -> str:
    """Return a group's name for the screen; the first one is ours and is translated."""
    return tr(name) if name == FIRST_GROUP else name


def _size(state: SymbolState) -> Decimal | None:
    return None if state.change is None else abs(state.change)


def _is_of_tape(state: SymbolState) -> bool:
    """Tell whether the samples are too few yet to draw a line of."""
    return state.spark_length < min(_SPARK_FROM_TAPE_BELOW, len(state.tape))


def _spark_mark(state: SymbolState) -> object:
    """Return what lets the line be drawn anew: a second of trading, a price that came by other ways."""
    return (state.seconds, state.spark_length, state.price if state.seconds is None else None)


def _of_tape(state: SymbolState) -> list[float]:
    """Return means of a few prints each: single ones jump between bid and ask."""
    prices = [float(tick.price) for tick in state.tape]
    size = max(1, len(prices) // _TAPE_POINTS)
    parts = [prices[i : i + size] for i in range(0, len(prices), size)]
    return [sum(part) / len(part) for part in parts]


def _interruption(state: SymbolState) -> str:
    if state.is_halted:
        return tr("정지")
    return "" if state.vi_state == "N" else "VI"
