"""Where the panels stand: presets, the user's own layouts by name, and what was there at the last close."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QMainWindow

from kis_terminal.services.preferences import Json, Preferences
from kis_terminal.ui.docks import PanelDock
from kis_terminal.ui.translation import tr

log = logging.getLogger(__name__)

_VERSION = 1
_NAMED, _CURRENT, _LAST = "layouts.named", "layouts.current", "layouts.last"


@dataclass(frozen=True, slots=True)
class Preset:
    """Columns from left to right: share of the width, least pixels, panels with their share of the height."""

    columns: tuple[tuple[float, int, tuple[tuple[str, float], ...]], ...]
    behind: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Panels that stand as tabs behind another."""


SCALPING = "단타"
PRESETS: dict[str, Preset] = {
    SCALPING: Preset(
        (
            (0.213, 318, (("watchlist", 0.53), ("positions", 0.47))),
            (0.515, 400, (("chart", 0.67), ("orders", 0.33))),
            (0.272, 370, (("order_book", 0.67), ("order_entry", 0.33))),
        ),
        {"orders": ("backtest", "strategies", "log", "health", "risk", "data")},
    ),
    "차트": Preset(
        (
            (0.18, 300, (("watchlist", 1.0),)),
            (0.60, 400, (("chart", 0.8), ("orders", 0.2))),
            (0.22, 340, (("order_entry", 0.6), ("positions", 0.4))),
        ),
        {
            "orders": ("backtest", "strategies", "log", "health", "risk", "data"),
            "order_entry": ("order_book",),
        },
    ),
    "백테스트": Preset(
        (
            (0.16, 250, (("watchlist", 0.6), ("positions", 0.4))),
            (0.84, 700, (("backtest", 0.66), ("chart", 0.34))),
        ),
        {
            "backtest": ("orders", "strategies", "log", "health", "risk", "data"),
            "positions": ("order_book", "order_entry"),
        },
    ),
    "자동매매": Preset(
        (
            (0.2, 318, (("watchlist", 0.5), ("positions", 0.5))),
            (0.52, 480, (("strategies", 0.6), ("orders", 0.4))),
            (0.28, 370, (("chart", 0.55), ("order_book", 0.45))),
        ),
        {
            "orders": ("log", "health", "risk", "backtest", "data"),
            "order_book": ("order_entry",),
        },
    ),
}


class Layouts:
    """Own the arrangement of docks."""

    def __init__(self, window: QMainWindow, docks: Mapping[str, PanelDock], preferences: Preferences) -> None:
        self._window = window
        self._docks = docks
        self._preferences = preferences
        kept = preferences.read(_NAMED)
        self._named = {name: str(state) for name, state in kept.items()} if isinstance(kept, dict) else {}
        self.current = SCALPING

    @property
    def names(self) -> list[str]:
        """Return the presets and the user's own layouts."""
        return [*PRESETS, *(name for name in self._named if name not in PRESETS)]

    def is_own(self, name: str) -> bool:
        """Tell whether the user made (or changed) a layout of this name."""
        return name in self._named

    def restore(self, name: str = "") -> None:
        """Bring back what was there at the last close, or the layout `name`."""
        chosen = name or str(self._preferences.read(_CURRENT, SCALPING))
        last = self._preferences.read(_LAST)
        if not name and isinstance(last, dict) and self._take_state(str(last.get("state", ""))):
            self.current = chosen if chosen in self.names else SCALPING
            return
        self.apply(chosen if chosen in self.names else SCALPING)

    def apply(self, name: str) -> None:
        """Arrange the panels as `name` says; an unreadable layout falls back to the first preset."""
        is_done = name in self._named and self._take_state(self._named[name])
        if not is_done:
            name = name if name in PRESETS else SCALPING
            self._arrange(PRESETS[name])
        self.current = name
        self._preferences.write(_CURRENT, name)

    def save_as(self, name: str) -> None:
        """Keep the present arrangement under a name."""
        self._named[name] = self._state()
        self._preferences.write(_NAMED, dict(self._named))
        self.current = name
        self._preferences.write(_CURRENT, name)

    def delete(self, name: str) -> None:
        """Forget one of the user's own layouts."""
        if self._named.pop(name, None) is not None:
            self._preferences.write(_NAMED, dict(self._named))

    def reset(self) -> None:
        """Put the preset of the present layout back."""
        self.delete(self.current)
        self.apply(self.current)

    def remember(self) -> None:
        """Keep what is there now for the next start."""
        geometry = _as_base64(self._window.saveGeometry())
        size: Json = [self._window.width(), self._window.height()]
        self._preferences.write(_LAST, {"state": self._state(), "geometry": geometry, "size": size})
        self._preferences.write(_CURRENT, self.current)

    def fits(self) -> bool:
        """Tell whether what was there at the last close was arranged in a window of this size."""
        last = self._preferences.read(_LAST)
        size = [self._window.width(), self._window.height()]
        return isinstance(last, dict) and last.get("size", size) == size

    def restore_geometry(self) -> bool:
        """Give the window the size and place of the last close; False when none is kept."""
        last = self._preferences.read(_LAST)
        if not isinstance(last, dict) or not last.get("geometry"):
            return False
        return self._window.restoreGeometry(_from_base64(str(last["geometry"])))

    def _state(self) -> str:
        return _as_base64(self._window.saveState(_VERSION))

    def _take_state(self, text: str) -> bool:
        if not text:
            return False
        state = _from_base64(text)
        is_done = self._window.restoreState(state, _VERSION)
        if not is_done:
            log.warning("a kept layout could not be read; the preset is used")
        else:
            self._put_behind(bytes(state.data()))
        return is_done

    def _put_behind(self, state: bytes) -> None:
        """Hide the panels that did not exist when a layout was kept, as tabs of those they belong to."""
        for name, dock in self._docks.items():
            if dock.objectName().encode("utf-16-be") in state:
                continue
            front = next((f for f, hidden in PRESETS[SCALPING].behind.items() if name in hidden), None)
            if front is not None and front in self._docks:
                self._window.tabifyDockWidget(self._docks[front], dock)
            dock.hide()

    def _arrange(self, preset: Preset) -> None:
        window, docks = self._window, self._docks
        for dock in docks.values():
            dock.setFloating(False)
            dock.hide()
        heads: list[PanelDock] = []
        for _, _, panels in preset.columns:
            present = [docks[name] for name, _ in panels if name in docks]
            if not present:
                continue
            head = present[0]
            if heads:
                window.splitDockWidget(heads[-1], head, Qt.Orientation.Horizontal)
            else:
                window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, head)
            heads.append(head)
            head.show()
        for _, _, panels in preset.columns:
            present = [docks[name] for name, _ in panels if name in docks]
            for upper, lower in pairwise(present):
                window.splitDockWidget(upper, lower, Qt.Orientation.Vertical)
                lower.show()
        for front, hidden in preset.behind.items():
            for name in hidden:
                if front in docks and name in docks:
                    window.tabifyDockWidget(docks[front], docks[name])
                    docks[name].show()
                    docks[front].raise_()
        self.share_out(preset)

    def share_out(self, preset: Preset | None = None) -> None:
        """Give the panels their shares of the window as it is now."""
        preset = preset or PRESETS.get(self.current)
        if preset is None or self.is_own(self.current):
            return
        window, docks = self._window, self._docks
        columns = [
            (
                max(least, round(window.width() * share)),
                [(docks[n], part) for n, part in panels if n in docks],
            )
            for share, least, panels in preset.columns
        ]
        columns = [(width, panels) for width, panels in columns if panels]
        if not columns:
            return
        # The widest column takes what the others leave.
        widest = max(range(len(columns)), key=lambda place: columns[place][0])
        others = sum(width for place, (width, _) in enumerate(columns) if place != widest)
        columns[widest] = (max(1, window.width() - others), columns[widest][1])
        window.resizeDocks(
            [panels[0][0] for _, panels in columns],
            [width for width, _ in columns],
            Qt.Orientation.Horizontal,
        )
        for _, panels in columns:
            window.resizeDocks(
                [dock for dock, _ in panels],
                [max(1, round(window.height() * part)) for _, part in panels],
                Qt.Orientation.Vertical,
            )


def _as_base64(content: QByteArray) -> str:
    return bytes(content.toBase64().data()).decode("ascii")


def _from_base64(text: str) -> QByteArray:
    return QByteArray.fromBase64(QByteArray(text.encode("ascii", "replace")))


def layout_word(name: str) -> str:
    """Return a layout's name for the screen; the presets are translated."""
    return tr(name) if name in PRESETS else name
