from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QMenu

from kis_terminal.services.preferences import Preferences
from kis_terminal.ui.theme import ColourSet, Mode
from kis_terminal.ui.window_choices import WindowChoices, chosen_theme
from tests.support.ports_in_memory import MemoryStore


@pytest.fixture
def preferences() -> Preferences:
    return Preferences(MemoryStore())


def test_the_look_of_a_first_start_is_dark_and_korean(preferences: Preferences) -> None:
    theme = chosen_theme(preferences)

    assert (theme.mode, theme.colour_set) == (Mode.DARK, ColourSet.KOREAN)


def test_the_look_that_was_chosen_is_there_at_the_next_start(preferences: Preferences) -> None:
    told: list[tuple[str, str]] = []
    choices = WindowChoices(preferences, chosen_theme(preferences), lambda *words: told.append(words))
    commands = {command.id: command for command in choices.commands()}

    commands["theme.mode.light"].run()
    commands["theme.colours.western"].run()

    theme = chosen_theme(preferences)
    assert (theme.mode, theme.colour_set) == (Mode.LIGHT, ColourSet.WESTERN)
    assert [sentence.rpartition("— ")[2] for _, sentence in told] == ["다음에 시작할 때 바뀝니다."] * 2


def test_the_menu_chooses_a_look(preferences: Preferences, qapp: QApplication) -> None:
    choices = WindowChoices(preferences, chosen_theme(preferences), lambda *words: None)
    menu = QMenu()
    choices.fill_menu(menu)
    actions = [action for action in menu.actions() if not action.isSeparator()]

    actions[1].trigger()  # light, after dark
    actions[3].trigger()  # green up, after red up

    theme = chosen_theme(preferences)
    assert (theme.mode, theme.colour_set) == (Mode.LIGHT, ColourSet.WESTERN)


def test_an_unknown_look_is_set_back(preferences: Preferences, caplog: pytest.LogCaptureFixture) -> None:
    preferences.write("theme.mode", "purple")

    theme = chosen_theme(preferences)

    assert theme.mode is Mode.DARK
    assert "theme.mode" in caplog.text
    caplog.clear()
