"""What the user chose for the next start: language, light or dark, the colours of up and down."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import TypeVar

from PySide6.QtWidgets import QMenu

from kis_terminal.services.preferences import Preferences
from kis_terminal.ui.shortcuts import Command
from kis_terminal.ui.theme import ColourSet, Mode, Theme
from kis_terminal.ui.translation import tr

log = logging.getLogger(__name__)

_LANGUAGE, _MODE, _COLOURS = "language", "theme.mode", "theme.colours"
_MODES = {Mode.DARK: "어둡게", Mode.LIGHT: "밝게"}
_COLOUR_SETS = {
    ColourSet.KOREAN: "상승 빨강, 하락 파랑",
    ColourSet.WESTERN: "상승 초록, 하락 빨강",
    ColourSet.COLOUR_BLIND: "상승 주황, 하락 청록 (색각 보정)",
}
_C = TypeVar("_C", bound=StrEnum)


def chosen_theme(preferences: Preferences) -> Theme:
    """Return the look that was chosen, the dark Korean one where none was."""
    return Theme(_kept(preferences, _MODE, Mode.DARK), _kept(preferences, _COLOURS, ColourSet.KOREAN))


def _kept(preferences: Preferences, key: str, default: _C) -> _C:
    kept = preferences.read(key, default.value)
    try:
        return type(default)(str(kept))
    except ValueError:
        log.warning("preference %s is unknown and was set back: %.40r", key, kept)
        return default


class WindowChoices:
    """Keep the choices and say from when on they count. `tell` shows a level and a sentence."""

    def __init__(self, preferences: Preferences, theme: Theme, tell: Callable[[str, str], object]) -> None:
        self._preferences = preferences
        self._theme = theme
        self._tell = tell

    def commands(self) -> list[Command]:
        """Return one command for each look."""
        modes = [
            Command(
                f"{_MODE}.{mode}",
                tr("화면 색: {word}", word=tr(word)),
                "",
                partial(self.choose_mode, mode),
            )
            for mode, word in _MODES.items()
        ]
        colours = [
            Command(
                f"{_COLOURS}.{colours}",
                tr("등락 색: {word}", word=tr(word)),
                "",
                partial(self.choose_colours, colours),
            )
            for colours, word in _COLOUR_SETS.items()
        ]
        return [*modes, *colours]

    def choose_language(self, language: str) -> None:
        """Speak `ko` or `en` from the next start."""
        self._preferences.write(_LANGUAGE, language)
        self._tell(
            "info",
            "English from the next start." if language == "en" else "다음에 시작할 때부터 한국어로 나옵니다.",
        )

    def choose_mode(self, mode: Mode) -> None:
        """Be light or dark from the next start."""
        self._preferences.write(_MODE, mode.value)
        self._tell("info", tr("화면 색: {word} — 다음에 시작할 때 바뀝니다.", word=tr(_MODES[mode])))

    def choose_colours(self, colours: ColourSet) -> None:
        """Show up and down in these colours from the next start."""
        self._preferences.write(_COLOURS, colours.value)
        self._tell("info", tr("등락 색: {word} — 다음에 시작할 때 바뀝니다.", word=tr(_COLOUR_SETS[colours])))

    def fill_menu(self, menu: QMenu) -> None:
        """Add the looks, the chosen ones checked."""
        mode = _kept(self._preferences, _MODE, self._theme.mode)
        for choice, word in _MODES.items():
            action = menu.addAction(tr(word))
            action.setCheckable(True)
            action.setChecked(choice is mode)
            action.triggered.connect(partial(self._mode_chosen, choice))
        menu.addSeparator()
        colours = _kept(self._preferences, _COLOURS, self._theme.colour_set)
        for colour_set, word in _COLOUR_SETS.items():
            action = menu.addAction(tr(word))
            action.setCheckable(True)
            action.setChecked(colour_set is colours)
            action.triggered.connect(partial(self._colours_chosen, colour_set))

    def _mode_chosen(self, mode: Mode, is_checked: bool = False) -> None:
        self.choose_mode(mode)

    def _colours_chosen(self, colours: ColourSet, is_checked: bool = False) -> None:
        self.choose_colours(colours)
