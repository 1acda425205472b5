"""Find instruments by code, name or 초성 (leading consonants)."""

from __future__ import annotations

from collections.abc import Sequence

from kis_terminal.domain.instruments import Instrument

_LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FIRST_SYLLABLE, _LAST_SYLLABLE, _PER_LEAD = 0xAC00, 0xD7A3, 588


def leading_consonants(text: str) -> str:
    """Return `text` with every Hangul syllable replaced by its first consonant, Latin letters upper case."""
    return "".join(
        _LEADS[(ord(c) - _FIRST_SYLLABLE) // _PER_LEAD]
        if _FIRST_SYLLABLE <= ord(c) <= _LAST_SYLLABLE
        else c.upper()
        for c in text
    )


class InstrumentIndex:
    """Search rows prepared once for one master."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self._rows = [
            (
                item,
                item.symbol.upper(),
                item.name.replace(" ", "").upper(),
                leading_consonants(item.name.replace(" ", "")),
            )
            for item in instruments
        ]

    def find(self, text: str, limit: int = 20) -> list[Instrument]:
        """Return the best matches: exact code, then beginnings, then anywhere; shorter names first."""
        wanted = text.replace(" ", "").upper()
        if not wanted:
            return []
        ranked: list[tuple[int, int, str, Instrument]] = []
        for item, symbol, name, leads in self._rows:
            if wanted in (symbol, name):
                rank = 0
            elif name.startswith(wanted):
                rank = 1
            elif symbol.startswith(wanted):
                rank = 2
            elif leads.startswith(wanted):
                rank = 3
            elif wanted in name:
                rank = 4
            elif wanted in leads or wanted in symbol:
                rank = 5
            else:
                continue
            ranked.append((rank, len(name), name, item))
        ranked.sort(key=lambda row: row[:3])
        return [row[3] for row in ranked[:limit]]
