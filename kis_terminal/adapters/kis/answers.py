"""What came back: one answer, and the pages of a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from kis_terminal.adapters.kis.catalog import Api
from kis_terminal.adapters.kis.fields import Row
from kis_terminal.adapters.kis.plain_text import plain
from kis_terminal.domain.errors import BrokerAnswerError
from kis_terminal.domain.sentences import Sentence

_PATH = re.compile(r"(?:(?P<block>\w+)(?P<last>\[-1\])?\.)?(?P<fields>\w+(?:\+\w+)*)")


def source_of(api: Api, tr_id: str) -> str:
    """Return what a call is called in sentences: KIS's name of it and the TR id."""
    return Sentence("{name}({tr_id})", name=Sentence(api.name), tr_id=tr_id)


@dataclass(frozen=True, slots=True)
class Answer:
    """One decoded answer that KIS said was right."""

    api: Api
    tr_id: str
    body: Mapping[str, Any]
    continuation: str
    """Header `tr_cont`: F or M when more can be asked for."""
    status: int = 200
    milliseconds: float = 0.0

    @property
    def message(self) -> str:
        """Return KIS's words."""
        return plain(str(self.body.get("msg1") or "").strip())

    @property
    def source(self) -> str:
        """Return the call's name for error messages."""
        return source_of(self.api, self.tr_id)

    def record(self, key: str) -> Row:
        """Return a block that is one record; some come as a list of one.

        Raises BrokerAnswerError when the block is absent or empty.
        """
        block = self._block(key)
        if isinstance(block, list):
            block = block[0] if block else None
        if not isinstance(block, Mapping):
            raise BrokerAnswerError(
                Sentence("{source} 응답에 {key}이(가) 없습니다.", source=self.source, key=key)
            )
        return Row(self.source, block)

    def rows(self, key: str) -> list[Row]:
        """Return the records of a list block without the empty ones; some single ones come as an object.

        Raises BrokerAnswerError when the block is absent: that is not the same as an empty list.
        """
        block = self._block(key)
        if block is None:
            raise BrokerAnswerError(
                Sentence("{source} 응답에 {key} 목록이 없습니다.", source=self.source, key=key)
            )
        records = block if isinstance(block, list) else [block]
        source = self.source
        rows = [Row(source, record) for record in records if isinstance(record, Mapping)]
        return [row for row in rows if not row.is_empty]

    def fingerprint(self) -> bytes:
        """Return what its lists hold, to be compared with an earlier page's, whatever key asked for it."""
        lists = {name: value for name, value in self.body.items() if isinstance(value, list)}
        return sha256(orjson.dumps(lists)).digest()

    def value_at(self, path: str) -> str | None:
        """Return the text at `field`, `block.field` or `block[-1].field` (joined fields: `a+b`)."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        holder: Any = self.body
        if match["block"]:
            holder = self._block(match["block"])
            if isinstance(holder, list):
                holder = holder[-1] if holder else None
        if not isinstance(holder, Mapping):
            return None
        row = {key.lower(): value for key, value in holder.items()}
        values = [row.get(field.lower()) for field in match["fields"].split("+")]
        return None if None in values else "".join(str(value) for value in values)

    def _block(self, key: str) -> Any:
        if key in self.body:
            return self.body[key]
        wanted = key.lower()
        return next((value for name, value in self.body.items() if name.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class CallResult:
    """All pages of one call, in order."""

    pages: tuple[Answer, ...]
    has_more: bool
    """Whether KIS had further pages that were not asked for."""

    def rows(self, key: str) -> list[Row]:
        """Return the records of a list block over all pages."""
        return [row for page in self.pages for row in page.rows(key)]

    @property
    def first(self) -> Answer:
        """Return the first page."""
        return self.pages[0]

    @property
    def last(self) -> Answer:
        """Return the last page."""
        return self.pages[-1]


def next_keys(answer: Answer, values: Mapping[str, str]) -> dict[str, str] | None:
    """Return the request values of the next page, None when this was the last that can be asked for."""
    paging = answer.api.paging
    if paging is None:
        return None
    if paging.style == "window":
        return _moved_back(answer, paging.next_from, values)
    if answer.continuation not in paging.more_when or not paging.next_from:
        return None
    found = {key: answer.value_at(path) for key, path in paging.next_from.items()}
    if any(value is None for value in found.values()):
        raise BrokerAnswerError(
            Sentence(
                "{source} 응답에 다음 쪽을 찾을 값이 없습니다: {keys}",
                source=answer.source,
                keys=", ".join(found),
            )
        )
    return {key: value for key, value in found.items() if value is not None}


def _moved_back(
    answer: Answer, next_from: Mapping[str, str], values: Mapping[str, str]
) -> dict[str, str] | None:
    """Return the keys of the window that ends before the oldest row of this one."""
    oldest = {key: answer.value_at(path) for key, path in next_from.items()}
    texts = [value for value in oldest.values() if value]
    if len(texts) != len(next_from):
        return None
    keys = list(next_from)
    joined = "".join(texts)
    form, step = _WINDOW_FORMS.get(len(joined), ("", timedelta()))
    try:
        moved = (datetime.strptime(joined, form) - step).strftime(form)  # noqa: DTZ007  # digits in, digits out
    except ValueError:
        return None
    if len(joined) == 6 and moved > joined:  # went back over midnight
        return None
    result: dict[str, str] = {}
    for key, text in zip(keys, texts, strict=True):
        result[key], moved = moved[: len(text)], moved[len(text) :]
    return None if all(values.get(key) == value for key, value in result.items()) else result


_WINDOW_FORMS: Mapping[int, tuple[str, timedelta]] = {
    8: ("%Y%m%d", timedelta(days=1)),
    6: ("%H%M%S", timedelta(minutes=1)),
    14: ("%Y%m%d%H%M%S", timedelta(minutes=1)),
}
