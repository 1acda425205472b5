"""The program's icon with a badge in the colour of the environment."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

from kis_terminal.domain.environment import Environment
from kis_terminal.resource_files import resource_path
from kis_terminal.ui.theme import Theme


def window_icon(theme: Theme, environment: Environment) -> QPixmap:
    """Return the icon; its badge tells windows of different environments apart in a task bar."""
    picture = QPixmap(str(resource_path("icons/kis-terminal.png")))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.environment(environment))
    size = picture.width() * 0.42
    painter.drawEllipse(QRectF(picture.width() - size, picture.height() - size, size, size))
    painter.end()
    return picture
