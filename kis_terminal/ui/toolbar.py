"""Under the band: search, the linked symbol, the account, and the panic button that is always there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from kis_terminal.services.hub import Subscription
from kis_terminal.services.market_data import Rank, Stream
from kis_terminal.ui.headline import AccountSummary, SymbolHeadline
from kis_terminal.ui.search_box import Finding, SearchBox
from kis_terminal.ui.translation import tr, unmarked
from kis_terminal.ui.workspace import Workspace

_AGE_MILLISECONDS = 1000


class Toolbar(QWidget):
    """Follow the linked symbol and the account while the window lives."""

    def __init__(self, workspace: Workspace, find: Callable[[str], Sequence[Finding]]) -> None:
        super().__init__()
        self._workspace = workspace
        theme = workspace.theme
        colours, metrics = theme.colours, theme.metrics
        self.setObjectName("toolbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(metrics.toolbar)
        ground, line = colours.bg1.name(), colours.line.name()
        self.setStyleSheet(f"#toolbar {{ background: {ground}; border-bottom: 1px solid {line}; }}")
        self.search = SearchBox(theme, find, hint=tr("종목·화면번호·명령  (Ctrl+K)"), width=metrics.findings)
        self.search.setMinimumWidth(metrics.search // 2)
        self.search.setMaximumWidth(metrics.search)
        self.headline = SymbolHeadline(workspace)
        self.account = AccountSummary(workspace)
        self.panic_button = QPushButton(unmarked(tr("전체취소·정지")) + "   Ctrl+Shift+X")
        self.panic_button.setObjectName("panic")
        self.panic_button.setFont(theme.bold())
        self.panic_button.setAccessibleName(tr("전체취소·정지"))
        self.panic_button.setToolTip(tr("모든 미체결 주문을 취소하고 새 주문을 잠급니다"))
        self.panic_button.setStyleSheet(
            f"#panic {{ background: {colours.danger.name()}; color: {colours.on_colour.name()};"
            f" border: 1px solid {colours.danger.name()}; padding: 0 14px;"
            f" min-height: {metrics.input}px; max-height: {metrics.input}px; }}"
            f"#panic:hover, #panic:focus {{ border-color: {colours.on_colour.name()}; }}"
        )
        self.panic_button.clicked.connect(workspace.panic.press)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(metrics.inset, 0, metrics.inset, 1)
        layout.setSpacing(metrics.inset + metrics.gutter)
        layout.addWidget(self.search, 2)
        layout.addWidget(self.headline, 5)
        layout.addWidget(self.account)
        layout.addSpacing(metrics.inset)
        layout.addWidget(self.panic_button)
        self._subscriptions: list[Subscription] = []
        self._watched: Subscription | None = None
        self._refresh_bound = self.refresh
        self._ages = QTimer(self)
        self._ages.setInterval(_AGE_MILLISECONDS)
        self._ages.timeout.connect(self._show_age)
        workspace.link.symbol_changed.connect(self._follow)

    def start(self) -> None:
        """Follow the market and the account."""
        workspace = self._workspace
        self._subscriptions = [
            workspace.market_data.quotes.subscribe(self._quote_changed),
            workspace.portfolio.changed.subscribe(lambda _: self._want_refresh()),
            workspace.instruments.loaded.subscribe(lambda _: self._want_refresh()),
        ]
        self._follow(workspace.link.symbol)
        self.refresh()
        self._ages.start()

    def stop(self) -> None:
        """Follow nothing any more; may be called twice."""
        self._ages.stop()
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()
        if self._watched is not None:
            self._watched.close()
            self._watched = None
        self._workspace.frame_clock.forget(self._refresh_bound)

    def _follow(self, symbol: str) -> None:
        if not self._subscriptions:
            return
        data = self._workspace.market_data
        watched = data.watch(symbol, Stream.TICKS, rank=Rank.CHOSEN) if symbol else None
        if self._watched is not None:
            self._watched.close()
        self._watched = watched
        self._want_refresh()

    def _quote_changed(self, symbol: str) -> None:
        if symbol == self._workspace.link.symbol:
            self._want_refresh()

    def _show_age(self) -> None:
        """Let the age of a price grow that is not live; a live one costs nothing."""
        symbol = self._workspace.link.symbol
        if symbol and not self._workspace.market_data.is_live(symbol):
            self._want_refresh()

    def _want_refresh(self) -> None:
        self._workspace.frame_clock.request(self._refresh_bound)

    def refresh(self) -> None:
        """Show the newest figures."""
        self.headline.refresh()
        self.account.refresh()
