"""A panel in the window: its own strip is the title, by which it is dragged, floated and closed."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMenu, QWidget

from kis_terminal.ui.panel import Panel
from kis_terminal.ui.translation import tr


class _Title(QWidget):
    """Hold a panel's strip. Many controls in it do not keep the panel wide; a dock asks its title's hints."""

    def __init__(self, strip: QWidget) -> None:
        super().__init__()
        self._height = strip.minimumHeight()
        strip.setMinimumWidth(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(strip)

    def sizeHint(self) -> QSize:
        """Return the strip's height; the dock gives the width."""
        return QSize(1, self._height)

    def minimumSizeHint(self) -> QSize:
        """Return the strip's height."""
        return QSize(1, self._height)


class PanelDock(QDockWidget):
    """Hold one panel. Signals: `layout_menu_wanted(QPoint)` from the strip's menu."""

    layout_menu_wanted = Signal(QPoint)

    def __init__(self, panel: Panel, parent: QWidget) -> None:
        super().__init__(panel.title_label.text(), parent)
        self.panel = panel
        self.setObjectName(f"dock.{panel.panel_name}")
        panel.body.removeWidget(panel.strip)
        self.setWidget(panel)
        self.setTitleBarWidget(_Title(panel.strip))
        strip = panel.strip
        strip.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        strip.customContextMenuRequested.connect(self._open_menu)
        strip.setToolTip(tr("끌어서 옮기고, 두 번 누르면 떼어 냅니다. 오른쪽 단추로 닫습니다."))

        self.visibilityChanged.connect(self._seen)

    def _seen(self, is_seen: bool) -> None:
        # Qt moves a panel behind another tab out of sight but leaves it "visible", so no hide event tells it.
        if not is_seen:
            self.panel.sleep()
        elif self.panel.isVisible():
            self.panel.wake()

    @property
    def title(self) -> str:
        """Return the panel's title as it was given."""
        return self.windowTitle()

    def show_focus(self, *, has_focus: bool) -> None:
        """Show in the title whether the keys go to this panel."""
        colours = self.panel.theme.colours
        colour = colours.accent if has_focus else colours.text
        self.panel.title_label.setStyleSheet(f"color: {colour.name()};")

    def bring(self) -> None:
        """Show the panel in front of its tabs and give it the keys."""
        self.show()
        self.raise_()
        self.take_focus()

    def take_focus(self) -> None:
        """Give the keys to the first part of the panel that takes them."""
        for child in self.panel.findChildren(QWidget):
            if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisibleTo(self.panel):
                child.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return
        self.panel.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _open_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        word = tr("창에 붙이기") if self.isFloating() else tr("떼어 내기")
        menu.addAction(word).triggered.connect(lambda: self.setFloating(not self.isFloating()))
        menu.addAction(tr("닫기")).triggered.connect(self.close)
        menu.addSeparator()
        point = self.panel.strip.mapToGlobal(at)
        menu.addAction(tr("화면 배치…")).triggered.connect(lambda: self.layout_menu_wanted.emit(point))
        menu.popup(point)
