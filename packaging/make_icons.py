"""Render the icon resources/icons/kis-terminal.svg to PNG and ICO; run it after changing the drawing."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

_ICONS = Path(__file__).resolve().parent.parent / "resources" / "icons"
_SIZES = (16, 24, 32, 48, 64, 128, 256)


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication([])
    renderer = QSvgRenderer(str(_ICONS / "kis-terminal.svg"))
    images = [(size, _png(renderer, size)) for size in _SIZES]
    (_ICONS / "kis-terminal.png").write_bytes(images[-1][1])
    (_ICONS / "kis-terminal.ico").write_bytes(_ico(images))
    application.quit()


def _png(renderer: QSvgRenderer, size: int) -> bytes:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(data.data())


def _ico(images: list[tuple[int, bytes]]) -> bytes:
    """Join PNG images to one ICO file: header, 16 bytes for each, then the images (256 is written as 0)."""
    offset = 6 + 16 * len(images)
    rows = b""
    for size, png in images:
        rows += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(png), offset)
        offset += len(png)
    return struct.pack("<HHH", 0, 1, len(images)) + rows + b"".join(png for _, png in images)


if __name__ == "__main__":
    main()
