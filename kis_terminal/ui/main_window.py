"""The window: band, toolbar, docks, status bar, keys; it holds no data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QIcon, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMenu,
    QStatusBar,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from kis_terminal.domain.orders import Order, Side
from kis_terminal.services.hub import Subscription
from kis_terminal.services.panic import PanicReport
from kis_terminal.ui.closing_sheet import ClosingSheet
from kis_terminal.ui.docks import PanelDock
from kis_terminal.ui.environment_band import EnvironmentBand, environment_word
from kis_terminal.ui.layouts import Layouts, layout_word
from kis_terminal.ui.messages import Messages
from kis_terminal.ui.name_line import NameLine
from kis_terminal.ui.notices import Notices
from kis_terminal.ui.order_words import side_word
from kis_terminal.ui.palette import Palette, Screen
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.panels.order_entry import OrderEntryPanel
from kis_terminal.ui.panic_report import PanicSheet
from kis_terminal.ui.recording_entry import RecordingEntry
from kis_terminal.ui.risk_entry import RiskEntry
from kis_terminal.ui.shortcut_sheet import ShortcutSheet
from kis_terminal.ui.shortcuts import Command, Shortcuts
from kis_terminal.ui.sound_player import sound_player
from kis_terminal.ui.status_bar import StatusBar
from kis_terminal.ui.toolbar import Toolbar
from kis_terminal.ui.translation import language, said, tr, unmarked
from kis_terminal.ui.tray import system_tray
from kis_terminal.ui.window_choices import WindowChoices
from kis_terminal.ui.window_icon import window_icon
from kis_terminal.ui.workspace import OrderDraft, Workspace

_PULSE_MILLISECONDS = 250
_RESTORING_MILLISECONDS = 200
"""QMainWindow (Qt 6) holds on to a restored arrangement for 150 ms, in which each resize brings it back."""
_MOST_LAYOUT_KEYS = 9


class MainWindow(QMainWindow):
    """Frame the panels.

    Signals: `closing()` the window goes; whoever started the services stops them now.
    """

    closing = Signal()

    def __init__(self, workspace: Workspace, panels: Sequence[Panel], layout: str = "") -> None:
        """Build everything; `layout` names one to open instead of the last arrangement."""
        super().__init__()
        self.workspace = workspace
        self._is_leaving = False
        self._is_closed = False
        self._has_been_shown = False
        self._subscriptions: list[Subscription] = []
        self.setObjectName("main")
        self.setWindowTitle(f"KIS Terminal · {environment_word(workspace.environment)}")
        self.setWindowIcon(QIcon(window_icon(workspace.theme, workspace.environment)))
        self.docks = self._build_docks(panels)
        self.messages = Messages(self, workspace.theme)
        screens = [Screen(p.screen_number, self.docks[p.panel_name].title, self._shower(p)) for p in panels]
        self.palette_entries = Palette(workspace, screens, lambda: self._commands)
        self._build_top()
        self._build_foot()
        self.layouts = Layouts(self, self.docks, workspace.preferences)
        self.choices = WindowChoices(workspace.preferences, workspace.theme, self.messages.show)
        recording = workspace.recording
        self.recording = RecordingEntry(recording, self.messages.show) if recording is not None else None
        self.risk = RiskEntry(self, workspace)
        self.notices = Notices(self, workspace, system_tray(self, workspace), sound_player())
        self._commands = self._declare_commands()
        self.shortcuts = Shortcuts(self, workspace.preferences, self._commands)
        self.panic_sheet = PanicSheet(self, workspace)
        self.closing_sheet = ClosingSheet(self, workspace, self.close_now)
        self.shortcut_sheet = ShortcutSheet(self, workspace.theme, self.shortcuts)
        self.naming = NameLine(workspace.theme)
        self.naming.setParent(self)
        self._connect()
        if not self.layouts.restore_geometry():
            self.resize(self._first_size())
        self.layouts.restore(layout)
        self._is_arranged_anew = bool(layout) or not workspace.preferences.read("layouts.last")
        if layout and layout not in self.layouts.names:
            known = ", ".join(layout_word(name) for name in self.layouts.names)
            self.messages.show(
                "warn", tr("화면 배치 '{name}'이(가) 없습니다. 있는 것: {names}", name=layout, names=known)
            )
        self.status.show_layout(layout_word(self.layouts.current))
        self._pulse = QTimer(self)
        self._pulse.setInterval(_PULSE_MILLISECONDS)
        self._pulse.timeout.connect(self._beat)

    # -- building ---

    def _first_size(self) -> QSize:
        size = QSize(*self.workspace.theme.window_size)
        # The screen of Qt's offscreen platform is a made-up one of 800 by 800.
        if QApplication.platformName() == "offscreen":
            return size
        return size.boundedTo(self.screen().availableSize())

    def _build_docks(self, panels: Sequence[Panel]) -> dict[str, PanelDock]:
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.GroupedDragging
        )
        self._build_gutters()
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.South)
        docks: dict[str, PanelDock] = {}
        for panel in panels:
            dock = PanelDock(panel, self)
            dock.layout_menu_wanted.connect(self._open_layout_menu)
            self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
            docks[panel.panel_name] = dock
        return docks

    def _build_gutters(self) -> None:
        """Keep the docks off the window's edges, while band and status bar reach them."""
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        width = self.workspace.theme.metrics.gutter
        for area in (
            Qt.ToolBarArea.LeftToolBarArea,
            Qt.ToolBarArea.RightToolBarArea,
            Qt.ToolBarArea.BottomToolBarArea,
        ):
            edge = QToolBar()
            edge.setObjectName(f"edge.{area.name}")
            edge.setMovable(False)
            edge.setStyleSheet("border: 0; margin: 0; padding: 0; spacing: 0;")
            is_upright = area is not Qt.ToolBarArea.BottomToolBarArea
            (edge.setFixedWidth if is_upright else edge.setFixedHeight)(width)
            self.addToolBar(area, edge)

    def _shower(self, panel: Panel) -> partial[None]:
        return partial(self.show_panel, panel.panel_name)

    def _build_top(self) -> None:
        self.band = EnvironmentBand(self.workspace)
        self.toolbar = Toolbar(self.workspace, self.palette_entries.find)
        top = QWidget()
        layout = QVBoxLayout(top)
        layout.setContentsMargins(0, 0, 0, self.workspace.theme.metrics.gutter)
        layout.setSpacing(0)
        layout.addWidget(self.band)
        layout.addWidget(self.toolbar)
        # In the place of a menu bar nothing can be docked over or beside it.
        self.setMenuWidget(top)

    def _build_foot(self) -> None:
        theme = self.workspace.theme
        self.status = StatusBar(self.workspace, language())
        bar = QStatusBar()
        bar.setSizeGripEnabled(False)
        bar.setFixedHeight(theme.metrics.status)
        bar.setContentsMargins(0, 0, 0, 0)
        ground = theme.colours.bg2.name()
        bar.setStyleSheet(f"QStatusBar {{ background: {ground}; }} QStatusBar::item {{ border: 0; }}")
        bar.addWidget(self.status, 1)
        self.setStatusBar(bar)

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.link.message.connect(self.messages.show)
        workspace.link.order_wanted.connect(self._order_form_wanted)
        for dock in self.docks.values():
            dock.visibilityChanged.connect(self.messages.stay_above)
        workspace.link.explain_wanted.connect(lambda _: self.show_panel("risk"))
        workspace.link.limits_wanted.connect(self.risk.open_limits)
        workspace.link.backtest_wanted.connect(lambda *_: self.show_panel("backtest"))
        workspace.link.strategy_to_test.connect(lambda _: self.show_panel("backtest"))
        workspace.link.strategy_to_add.connect(lambda _: self.show_panel("strategies"))
        self.band.release_wanted.connect(self.panic_sheet.open_for_release)
        self.band.reducing_release_wanted.connect(self.risk.open_release)
        self.status.layout_menu_wanted.connect(self._open_layout_menu)
        self.status.language_wanted.connect(self.choices.choose_language)
        QApplication.instance().focusChanged.connect(self._focus_changed)  # type: ignore[union-attr]
        self._subscriptions = [
            workspace.panic.changed.subscribe(self._panic_changed),
            workspace.orders.refused.subscribe(self._order_refused),
            workspace.risk_gate.state_changed.subscribe(lambda _: self.band.refresh()),
            workspace.market_data.link.subscribe(lambda _: self.status.refresh()),
        ]

    def _declare_commands(self) -> list[Command]:
        workspace = self.workspace
        commands = [
            Command("search", tr("종목·화면·명령 찾기"), "Ctrl+K", self.toolbar.search.begin),
            Command("buy", tr("매수 주문창"), "F1", partial(self._open_order_form, Side.BUY)),
            Command("sell", tr("매도 주문창"), "F2", partial(self._open_order_form, Side.SELL)),
            Command("panic", tr("전체취소·정지"), "Ctrl+Shift+X", workspace.panic.press),
            Command("panic.report", tr("전체취소 결과·잠금 해제"), "", self.panic_report),
            Command("cancel.symbol", tr("보고 있는 종목 주문 취소"), "Ctrl+Shift+C", self.cancel_symbol),
            Command("panel.next", tr("다음 화면으로"), "Ctrl+Tab", partial(self._step_focus, 1)),
            Command("panel.previous", tr("이전 화면으로"), "Ctrl+Shift+Tab", partial(self._step_focus, -1)),
            Command("layout.save", tr("화면 배치 저장…"), "", self._ask_layout_name),
            Command("layout.reset", tr("화면 배치 처음대로"), "", self._reset_layout),
            Command("orders.reload", tr("주문·잔고 다시 조회"), "F5", workspace.reconciler.want),
            Command("shortcuts", tr("단축키 보기·바꾸기"), "Ctrl+/", self._open_shortcuts),
            Command("language", "한국어 / English", "", self.status.language_button.click),
            *self.risk.commands(),
            *self.notices.commands(),
            *self.choices.commands(),
            *([self.recording.command()] if self.recording is not None else []),
            Command("quit", tr("종료"), "Ctrl+Q", self.close),
        ]
        for place, name in enumerate(self.layouts.names[:_MOST_LAYOUT_KEYS], 1):
            title = tr("화면 배치: {name}", name=layout_word(name))
            commands.append(
                Command(f"layout.{place}", title, f"Ctrl+{place}", partial(self._layout_key, place))
            )
        return commands

    # -- life ---

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to follow the services; share the room out once the window has its size."""
        super().showEvent(event)
        if not self._has_been_shown:
            self._has_been_shown = True
            self.toolbar.start()
            self._pulse.start()
            if self._is_arranged_anew:
                self.layouts.share_out()
            elif not self.layouts.fits():
                QTimer.singleShot(_RESTORING_MILLISECONDS, self, self.layouts.share_out)
            if self.workspace.risk_gate.is_halted:
                self.panic_sheet.open_for_release()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Go, or first say which orders stay at the broker."""
        if self._is_closed:
            event.accept()
            return
        orders = self.workspace.orders.open_orders()
        if (orders or self.workspace.panic.is_running) and not self._is_leaving:
            event.ignore()
            self.closing_sheet.ask(orders)
            return
        if self._has_been_shown:
            self.layouts.remember()
        self._is_closed = True
        self._stop()
        event.accept()
        self.closing.emit()

    def close_now(self) -> None:
        """Close without asking; may be called twice."""
        self._is_leaving = True
        self.close()

    def _stop(self) -> None:
        self._pulse.stop()
        self.notices.stop()
        self.toolbar.stop()
        QApplication.instance().focusChanged.disconnect(self._focus_changed)  # type: ignore[union-attr]
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()
        for dock in self.docks.values():
            dock.panel.sleep()

    def _beat(self) -> None:
        self.band.refresh()
        self.risk.refresh()
        self.status.refresh()
        self.toolbar.account.refresh()
        if self.recording is not None:
            self.recording.refresh()
            self.status.show_recording(*self.recording.words())

    # -- panels ---

    def show_panel(self, name: str) -> None:
        """Bring a panel to the front and give it the keys; nothing where the window has none of that name."""
        if name in self.docks:
            self.docks[name].bring()

    def _focus_changed(self, before: QWidget | None, now: QWidget | None) -> None:
        for dock in self.docks.values():
            dock.show_focus(has_focus=now is not None and dock.isAncestorOf(now))

    def _step_focus(self, step: int) -> None:
        visible = [dock for dock in self.docks.values() if dock.panel.is_active]
        if not visible:
            return
        focused = QApplication.focusWidget()
        at = next((i for i, d in enumerate(visible) if focused is not None and d.isAncestorOf(focused)), -1)
        visible[(at + step) % len(visible)].take_focus()

    def _open_order_form(self, side: Side) -> None:
        if "order_entry" not in self.docks:
            return
        self.show_panel("order_entry")
        panel = self.docks["order_entry"].panel
        if isinstance(panel, OrderEntryPanel):
            (panel.show_buy if side is Side.BUY else panel.show_sell)()

    def _order_form_wanted(self, draft: OrderDraft) -> None:
        if "order_entry" in self.docks and not self.docks["order_entry"].panel.is_active:
            self.docks["order_entry"].show()
            self.docks["order_entry"].raise_()

    # -- orders ---

    def cancel_symbol(self) -> None:
        """Cancel every open order of the linked symbol."""
        workspace = self.workspace
        symbol = workspace.link.symbol
        count = workspace.orders.cancel_symbol(symbol) if symbol else 0
        name = workspace.instruments.name(symbol)
        if count:
            words = tr("{name}: 주문 {n}건을 취소합니다.", name=name, n=count)
        else:
            words = tr("{name}: 취소할 주문이 없습니다.", name=name)
        self.messages.show("info", words)

    def panic_report(self) -> None:
        """Show the last panic and the way to trading again."""
        self.panic_sheet.open_for_release()

    def _panic_changed(self, report: PanicReport) -> None:
        self.panic_sheet.show_report(report)
        self.band.refresh()

    def _order_refused(self, refusal: tuple[Order, str]) -> None:
        order, sentence = refusal
        name = self.workspace.instruments.name(order.symbol)
        self.messages.show("danger", f"{name} {side_word(order.side)}: {said(sentence)}")

    # -- layouts ---

    def _layout_key(self, place: int) -> None:
        self.apply_layout(self.layouts.names[place - 1])

    def apply_layout(self, name: str) -> None:
        """Arrange the panels as `name` says."""
        self.layouts.apply(name)
        self.status.show_layout(layout_word(self.layouts.current))

    def _reset_layout(self) -> None:
        self.layouts.reset()
        self.status.show_layout(layout_word(self.layouts.current))

    def _ask_layout_name(self) -> None:
        metrics = self.workspace.theme.metrics
        width = metrics.search
        self.naming.setGeometry(
            self.width() - width - metrics.inset,
            self.height() - metrics.status - metrics.input - metrics.inset,
            width,
            metrics.input,
        )
        self.naming.ask(tr("이 배치의 이름 (Enter)"), self._save_layout)

    def _save_layout(self, name: str) -> None:
        self.layouts.save_as(name)
        self.status.show_layout(layout_word(name))
        self.messages.show("info", tr("화면 배치 '{name}'을(를) 저장했습니다.", name=name))

    def _open_layout_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in self.layouts.names:
            action = menu.addAction(unmarked(layout_word(name)))
            action.setCheckable(True)
            action.setChecked(name == self.layouts.current)
            action.triggered.connect(partial(self._layout_chosen, name))
        menu.addSeparator()
        menu.addAction(tr("이름을 붙여 저장…")).triggered.connect(self._ask_layout_name)
        menu.addAction(tr("처음대로")).triggered.connect(self._reset_layout)
        delete = menu.addAction(tr("'{name}' 지우기", name=unmarked(layout_word(self.layouts.current))))
        delete.setEnabled(self.layouts.is_own(self.layouts.current))
        delete.triggered.connect(self._delete_layout)
        menu.addSeparator()
        for dock in self.docks.values():
            menu.addAction(dock.toggleViewAction())
        self.risk.fill_menu(menu)
        self.notices.fill_menu(menu)
        self.choices.fill_menu(menu.addMenu(tr("색")))
        if self.recording is not None:
            self.recording.fill_menu(menu)
        menu.popup(at - QPoint(0, menu.sizeHint().height()) if at.y() > self.height() // 2 else at)

    def _layout_chosen(self, name: str, is_checked: bool = False) -> None:
        self.apply_layout(name)

    def _delete_layout(self) -> None:
        self.layouts.delete(self.layouts.current)
        self.apply_layout(self.layouts.current)

    def _open_shortcuts(self) -> None:
        self.shortcut_sheet.present()
        self.shortcut_sheet.search.setFocus()
