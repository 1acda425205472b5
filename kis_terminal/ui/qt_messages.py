"""Qt's own messages go where ours go: into the log."""

from __future__ import annotations

import logging

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

log = logging.getLogger("qt")

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_MEANINGLESS = "This plugin does not support propagateSizeHints()"
"""Said by the offscreen platform for every pop-up; nothing can be done about it there."""


def forward_qt_messages() -> None:
    """Send what Qt has to say to the log instead of standard error."""

    def take(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if text != _MEANINGLESS:
            log.log(_LEVELS.get(kind, logging.WARNING), "%s", text)

    qInstallMessageHandler(take)
