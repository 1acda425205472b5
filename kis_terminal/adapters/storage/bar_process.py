"""`ports.BarStore` in a process of its own: the window never loads a database library.

Importing SQLAlchemy stalls a window for 40 to 70 ms even in a thread. The process starts with the first
call (or `warm`), at low priority, ends with this one, and is started again when it dies.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from kis_terminal.adapters.storage.bar_child import COMMAND, BarChild
from kis_terminal.adapters.storage.bar_place import StorePlace
from kis_terminal.adapters.storage.bar_wire import frame_of
from kis_terminal.domain.bar_columns import BarColumns, CorporateNote, SeriesKey, SeriesStatus, Span
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.sentences import Sentence

log = logging.getLogger(__name__)

_TRIES = 2
"""Every call is asked again once when the process dies under it: all of them may be repeated."""
_FIRST_DELAY, _LONGEST_DELAY = 1.0, 60.0
"""Seconds without a new start after one that came to nothing."""


class StoreProcessFailed(RuntimeError):
    """A bug in the store's process; the text is its traceback."""


@dataclass(slots=True)
class _Question:
    frame: list[Any]
    answer: asyncio.Future[Any]
    tries: int = 0


class BarStoreProcess:
    """Ask the store's process; used from one event loop."""

    def __init__(
        self,
        place: StorePlace,
        realm: str,
        *,
        tell: Callable[[Sentence], None] | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """`tell` hears of damage that was found, in the loop's thread."""
        self._place = place
        self._realm = realm
        self._tell = tell or (lambda sentence: log.warning("%s", sentence))
        self._command = command
        self._child: BarChild | None = None
        self._questions: dict[int, _Question] = {}
        self._last_number = 0
        self._delay = _FIRST_DELAY
        self._start_at = 0.0
        self._is_closed = False
        self._ended = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Return the id of the process, None before it runs."""
        return None if self._child is None else self._child.pid

    def warm(self) -> None:
        """Start the process before the first call; returns at once."""
        if self._child is None and not self._is_closed and time.monotonic() >= self._start_at:
            self._start()

    async def read(self, key: SeriesKey, start: int, end: int) -> BarColumns:
        """Return the stored bars with `start <= time < end`."""
        bars: BarColumns = await self._ask("read", key, start, end)
        return bars

    async def read_many(self, keys: Sequence[SeriesKey], start: int, end: int) -> list[BarColumns]:
        """Return what `read` would give for each key, in their order."""
        bars: list[BarColumns] = await self._ask("read_many", list(keys), start, end)
        return bars

    async def coverage(self, key: SeriesKey) -> list[Span]:
        """Return the covered spans; what is damaged on disk is dropped first."""
        spans: list[Span] = await self._ask("coverage", key)
        return spans

    async def write(self, bars: BarColumns, covered: Sequence[Span]) -> None:
        """Insert or overwrite bars and add to the coverage, both or neither."""
        await self.write_many([(bars, covered)])

    async def write_many(self, parts: Sequence[tuple[BarColumns, Sequence[Span]]]) -> None:
        """Do what `write` does for each part, all or nothing."""
        if parts:
            await self._ask("write_many", [(bars, list(covered)) for bars, covered in parts])

    async def forget(self, key: SeriesKey) -> None:
        """Drop bars and coverage of one series."""
        await self._ask("forget", key)

    async def series(self) -> list[SeriesStatus]:
        """Return every series that is stored, ordered by key."""
        found: list[SeriesStatus] = await self._ask("series")
        return found

    async def add_note(self, note: CorporateNote) -> None:
        """Keep a note; one of the same symbol and day is replaced."""
        await self._ask("add_note", note)

    async def notes(self, symbol: str) -> list[CorporateNote]:
        """Return the notes of one symbol, oldest first."""
        found: list[CorporateNote] = await self._ask("notes", symbol)
        return found

    async def keep_instruments(self, day: date, instruments: Sequence[Instrument]) -> None:
        """Keep the master of `day`, unless that of a later day is kept."""
        await self._ask("keep_instruments", day, list(instruments))

    async def kept_instruments(self) -> tuple[date, list[Instrument]] | None:
        """Return the newest master that was kept and its day, None when there is none."""
        found: tuple[date, list[Instrument]] | None = await self._ask("kept_instruments")
        return found

    async def close(self) -> None:
        """End the process after it has done what it was asked for; may be called twice."""
        self._is_closed = True
        if self._child is not None:
            self._child.stop()
            await self._ended.wait()

    # -- questions and answers

    async def _ask(self, call: str, *arguments: Any) -> Any:
        if self._is_closed:
            raise self._unavailable(Sentence("프로그램이 끝나는 중"))
        child = self._child
        if child is None:
            if time.monotonic() < self._start_at:
                raise self._unavailable(Sentence("저장소 프로세스가 시작되지 않음"))
            child = self._start()
        self._last_number += 1
        number = self._last_number
        question = _Question(frame_of((number, call, arguments)), asyncio.get_running_loop().create_future())
        self._questions[number] = question
        self._send(child, question)
        try:
            return await question.answer
        finally:
            self._questions.pop(number, None)

    def _send(self, child: BarChild, question: _Question) -> None:
        question.tries += 1
        child.send(question.frame)

    def _start(self) -> BarChild:
        loop = asyncio.get_running_loop()

        def in_loop(function: Callable[..., None], *arguments: Any) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(function, *arguments)

        child = BarChild(
            self._command,
            lambda child, value: in_loop(self._take, value),
            lambda child, code, words: in_loop(self._end, child, code, words),
        )
        child.send(frame_of((self._place, self._realm)))
        self._child = child
        return child

    def _take(self, value: tuple[int | None, Any]) -> None:
        number, answer = value
        if number is None:
            self._tell(answer)
            return
        question = self._questions.get(number)
        if question is None or question.answer.done():
            return  # whoever asked has gone
        self._delay = _FIRST_DELAY
        kind, content = answer
        if kind == "done":
            question.answer.set_result(content)
        elif kind == "failed":
            question.answer.set_exception(content)
        else:
            question.answer.set_exception(StoreProcessFailed(content))

    def _end(self, child: BarChild, code: int | None, words: str) -> None:
        """Start anew where somebody still waits for an answer, or tell them that there is none."""
        if child is not self._child:
            return
        self._child = None
        if self._is_closed:
            self._ended.set()
        else:
            log.warning("the store's process ended with %s: %s", code, words)
        if not child.has_answered:
            self._start_at = time.monotonic() + self._delay
            self._delay = min(self._delay * 2, _LONGEST_DELAY)
        again: list[_Question] = []
        for question in self._questions.values():
            if question.answer.done():
                continue
            if child.has_answered and question.tries < _TRIES and not self._is_closed:
                again.append(question)
            else:
                why = Sentence("저장소 프로세스가 끝남(코드 {code})", code=code)
                question.answer.set_exception(self._unavailable(why))
        if again:
            child = self._start()
            for question in again:
                self._send(child, question)

    def _unavailable(self, why: Sentence) -> StoreUnavailable:
        return StoreUnavailable(
            Sentence(
                "봉 저장소 {store}을(를) 쓸 수 없습니다: {why}. {remedy}",
                store=self._place.label,
                why=why,
                remedy=Sentence("저절로 다시 시도합니다."),
            )
        )
