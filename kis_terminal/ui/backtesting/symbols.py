"""The symbols of a run: found by code, name or 초성, or taken from a group of the watchlist."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.search_box import Finding, SearchBox
from kis_terminal.ui.translation import tr, unmarked
from kis_terminal.ui.workspace import Workspace

_MOST_FOUND = 30
_ROWS_SHOWN = 4


class SymbolPicker(QWidget):
    """Hold the chosen symbols in order. Signals: `changed()`."""

    changed = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        theme = workspace.theme
        self._symbols: list[str] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        line = QHBoxLayout()
        line.setSpacing(4)
        self.search = SearchBox(
            theme, self._find, hint=tr("종목 찾아 더하기"), width=theme.metrics.findings - 100
        )
        self.search.setMinimumWidth(40)
        line.addWidget(self.search, 1)
        self.group_button = self._button(tr("그룹 ▾"), self._open_groups)
        line.addWidget(self.group_button)
        self.clear_button = self._button(tr("비우기"), lambda: self.set_symbols(()))
        line.addWidget(self.clear_button)
        layout.addLayout(line)
        muted = theme.colours.muted
        self.grid = Grid(
            "backtest.symbols",
            [
                Column("name", tr("종목"), 110, workspace.instruments.name, Align.LEFT, stretch=1),
                Column("symbol", tr("코드"), 64, str, Align.LEFT, colour=lambda _: muted),
                Column("remove", "", 24, lambda _: "✕", Align.CENTER, colour=lambda _: muted, can_sort=False),
            ],
            theme,
            None,
            title=tr("백테스트할 종목"),
            empty_text=tr("종목을 찾아 더하거나 그룹을 고르십시오."),
            is_multiple=True,
            has_header=False,
        )
        self.grid.setFixedHeight(_ROWS_SHOWN * theme.metrics.row + 2)
        self.grid.cell_clicked.connect(self._cell_clicked)
        self.grid.delete_wanted.connect(self._remove)
        self.grid.activated.connect(workspace.link.choose)
        layout.addWidget(self.grid)

    def _button(self, text: str, act: object) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: act())  # type: ignore[operator]
        return button

    @property
    def symbols(self) -> list[str]:
        """Return the chosen symbols."""
        return list(self._symbols)

    def set_symbols(self, symbols: Sequence[str]) -> None:
        """Choose these."""
        self._symbols = list(dict.fromkeys(symbols))
        self.grid.set_rows([(symbol, symbol) for symbol in self._symbols])
        self.changed.emit()

    def add(self, symbol: str) -> None:
        """Choose one more."""
        self.set_symbols([*self._symbols, symbol])

    def refresh(self) -> None:
        """Show names that have come meanwhile."""
        self.grid.touch_all()

    def _find(self, text: str) -> list[Finding]:
        instruments = self._workspace.instruments
        found = instruments.find(text, _MOST_FOUND) if text else []
        return [
            Finding(item.market.value, item.name, item.symbol, lambda s=item.symbol: self.add(s))  # type: ignore[misc]
            for item in found
        ]

    def _cell_clicked(self, key: str, column: str) -> None:
        if column == "remove":
            self._remove([key])

    def _remove(self, keys: list[str]) -> None:
        self.set_symbols([symbol for symbol in self._symbols if symbol not in keys])

    def _open_groups(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        watchlists = self._workspace.watchlists
        for name in watchlists.names:
            symbols = watchlists.symbols(name)
            action = menu.addAction(unmarked(tr("{name} {n}종목", name=name, n=len(symbols))))
            action.triggered.connect(lambda _=False, chosen=symbols: self.set_symbols(chosen))
        menu.addSeparator()
        held = [position.symbol for position in self._held()]
        action = menu.addAction(tr("보유 종목 {n}종목", n=len(held)))
        action.setEnabled(bool(held))
        action.triggered.connect(lambda: self.set_symbols(held))
        shown = self._workspace.link.symbol
        if shown:
            action = menu.addAction(tr("보고 있는 종목만"))
            action.triggered.connect(lambda: self.set_symbols([shown]))
        menu.popup(self.group_button.mapToGlobal(QPoint(0, self.group_button.height())))

    def _held(self) -> list:
        balance = self._workspace.portfolio.balance
        return [] if balance is None else list(self._workspace.portfolio.positions)
