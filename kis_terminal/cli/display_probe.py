"""Start Qt in a process of its own and tell what it finds, as JSON on standard output.

Run by `display_check`: Qt ends the whole process where its platform plugin cannot be loaded.
"""

from __future__ import annotations

import json
import sys

from PySide6.QtCore import qVersion
from PySide6.QtGui import QFontDatabase, QGuiApplication, QRawFont

from kis_terminal.resource_files import resource_path

_SYLLABLE = ord("한")


def main() -> int:
    """Print platform, screens and fonts."""
    application = QGuiApplication(sys.argv[:1])
    korean = QFontDatabase.WritingSystem.Korean
    system = [family for family in QFontDatabase.families(korean) if family]
    bundled = [
        path.name
        for path in sorted(resource_path("fonts").glob("Pretendard-*"))
        if QFontDatabase.addApplicationFont(str(path)) >= 0
        and QRawFont(str(path), 12.0).supportsCharacter(_SYLLABLE)
    ]
    told = {
        "qt": qVersion(),
        "platform": application.platformName(),
        "screens": [
            [screen.size().width(), screen.size().height(), screen.devicePixelRatio()]
            for screen in application.screens()
        ],
        "system_fonts": system,
        "bundled_fonts": bundled,
    }
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
