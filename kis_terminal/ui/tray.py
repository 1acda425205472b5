"""The program's place in the system's tray: notices while the window is covered, and the panic switch."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QSystemTrayIcon

from kis_terminal.ui.translation import tr, unmarked
from kis_terminal.ui.workspace import Workspace

_SECONDS = 8
_LONGEST = 400
_PLAIN = str.maketrans({"<": "‹", ">": "›", "&": "＆"})
_ICONS = {
    "info": QSystemTrayIcon.MessageIcon.Information,
    "warn": QSystemTrayIcon.MessageIcon.Warning,
    "danger": QSystemTrayIcon.MessageIcon.Critical,
}


class TrayNotice(Protocol):
    """Where notices are shown outside the window."""

    def notify(self, level: str, title: str, text: str) -> None:
        """Show a notice."""

    def remove(self) -> None:
        """Leave the tray."""


class Tray(QObject):
    """An icon with a menu; a click brings the window."""

    def __init__(self, window: QMainWindow, workspace: Workspace) -> None:
        super().__init__(window)
        self._window = window
        self._icon = QSystemTrayIcon(window.windowIcon(), self)
        self._icon.setToolTip(window.windowTitle())
        self.menu = QMenu(window)
        self.menu.addAction(tr("창 보이기")).triggered.connect(self._bring)
        self.menu.addAction(unmarked(tr("전체취소·정지"))).triggered.connect(workspace.panic.press)
        self.menu.addSeparator()
        self.menu.addAction(tr("종료")).triggered.connect(window.close)
        self._icon.setContextMenu(self.menu)
        self._icon.activated.connect(self._activated)
        self._icon.messageClicked.connect(self._bring)
        self._icon.show()

    def notify(self, level: str, title: str, text: str) -> None:
        """Show a notice beside the icon for some seconds."""
        icon = _ICONS.get(level, QSystemTrayIcon.MessageIcon.Critical)
        self._icon.showMessage(title, plain(text), icon, _SECONDS * 1000)

    def remove(self) -> None:
        """Take the icon away; may be called twice."""
        self._icon.hide()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (
            QSystemTrayIcon.ActivationReason.Trigger,
            QSystemTrayIcon.ActivationReason.DoubleClick,
        ):
            self._bring()

    def _bring(self) -> None:
        if self._window.isMinimized():
            self._window.showNormal()
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()


def plain(text: str) -> str:
    """Return a text that no desktop takes for markup: some show links and tags in notices."""
    return text[:_LONGEST].translate(_PLAIN)


def system_tray(window: QMainWindow, workspace: Workspace) -> Tray | None:
    """Return a place in the tray, None where the system has none."""
    if QApplication.platformName() in ("offscreen", "minimal") or not QSystemTrayIcon.isSystemTrayAvailable():
        return None
    return Tray(window, workspace)
