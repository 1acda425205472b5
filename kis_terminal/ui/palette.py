"""What the search box finds: symbols by code, name and 초성, screens by number, commands by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from kis_terminal.domain.search import leading_consonants
from kis_terminal.ui.search_box import Finding
from kis_terminal.ui.shortcuts import Command
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

_MOST_SYMBOLS = 30
_SCREEN_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Screen:
    """A panel as the palette knows it."""

    number: str
    title: str
    show: Callable[[], None]


class Palette:
    """Put the findings for a text together, the likeliest first."""

    def __init__(
        self, workspace: Workspace, screens: Sequence[Screen], commands: Callable[[], Sequence[Command]]
    ) -> None:
        self._workspace = workspace
        self._screens = screens
        self._commands = commands

    def find(self, text: str) -> list[Finding]:
        """Return screens and commands for an empty text, else everything that matches."""
        is_number = text.isdigit() and len(text) <= _SCREEN_DIGITS
        screens = [self._screen(s) for s in self._screens if self._is_meant(text, s.title, s.number)]
        symbols = self._symbols(text) if text else []
        commands = [
            Finding(tr("명령"), command.title, command.keys, partial(_run, command.run))
            for command in self._commands()
            if self._is_meant(text, command.title, command.keys)
        ]
        if is_number or not text:
            return [*screens, *symbols, *commands]
        return [*symbols, *screens, *commands]

    def _screen(self, screen: Screen) -> Finding:
        return Finding(tr("화면"), screen.title, screen.number, screen.show)

    def _symbols(self, text: str) -> list[Finding]:
        link = self._workspace.link
        return [
            Finding(
                tr("종목"), item.name, f"{item.symbol} {item.market.value}", partial(link.choose, item.symbol)
            )
            for item in self._workspace.instruments.find(text, _MOST_SYMBOLS)
        ]

    @staticmethod
    def _is_meant(text: str, title: str, detail: str) -> bool:
        wanted = text.replace(" ", "").casefold()
        plain = title.replace(" ", "")
        return (
            not wanted
            or wanted in plain.casefold()
            or detail.casefold().startswith(wanted)
            or leading_consonants(plain).casefold().startswith(wanted)
        )


def _run(command: Callable[[], object]) -> None:
    command()
