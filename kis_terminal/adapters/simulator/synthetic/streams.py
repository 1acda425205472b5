"""Send slow, well-formed frames of the streams that this exchange does not play.

One look at the clock serves all of them; the list of streams is read at the first subscription to one.
Notices of products that are not played are acknowledged and silent, since nothing can be ordered there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from kis_terminal.adapters.simulator.serving.personality import Personality
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.synthetic.rows import name_of
from kis_terminal.adapters.simulator.synthetic.subject import Family, Subject, share, unplayed
from kis_terminal.adapters.simulator.synthetic.table import StreamSpec, SyntheticTable
from kis_terminal.adapters.simulator.synthetic.values import Place, written
from kis_terminal.adapters.simulator.wire.frames import plain_frames

FRAME_SECONDS = 1.5
_KEY = re.compile(r"[A-Za-z0-9_.-]{3,20}")
_FAMILIES: tuple[tuple[str, Family], ...] = (
    ("HDFFF", "overseas_derivative"),
    ("HDFS", "overseas"),
    ("H0UP", "index"),
    ("H0EW", "elw"),
    ("H0B", "bond"),
    ("H0ST", "share"),
    ("H0UN", "share"),
    ("H0NX", "share"),
)
_MARKET_CODE = 4
"""Characters in front of a foreign symbol: D or R and the exchange."""

Pair = tuple[str, str]
Send = Callable[[str, str, Iterable[str]], None]


class SyntheticStreams:
    """Know which streams are made up for whom, and what they say."""

    def __init__(self, venue: Venue, table: SyntheticTable) -> None:
        self._venue = venue
        self._table = table
        self._specs: dict[str, StreamSpec] = {}
        self._due = 0.0

    def offer(self, tr_id: object, personality: Personality) -> StreamSpec | None:
        """Return a stream as a host has it, None where that host has no such stream."""
        self._load()
        spec = self._specs.get(tr_id) if isinstance(tr_id, str) else None
        if spec is None or tr_id != (spec.paper if personality.is_paper else spec.tr_id):
            return None
        return spec

    def accepts(self, spec: StreamSpec, tr_key: str) -> bool:
        """Return whether a key can name something of a stream: a listed share, else any code."""
        if spec.key == "share":
            return self._venue.exchange.listing(tr_key) is not None
        return _KEY.fullmatch(tr_key) is not None

    def step(self, pairs: Iterable[Pair], send: Send) -> None:
        """Send a frame for each pair that somebody receives, when it is time again."""
        now = self._venue.monotonic()
        if now < self._due:
            return
        self._due = now + FRAME_SECONDS
        for tr_id, tr_key in list(pairs):
            spec = self._specs.get(tr_id)
            if spec is not None and spec.key != "hts":
                send(tr_id, tr_key, plain_frames(tr_id, [self.record(spec, tr_key)]))

    def record(self, spec: StreamSpec, tr_key: str) -> str:
        """Return one record of a stream."""
        subject = self._subject(spec, tr_key)
        place = Place(self._venue.exchange.seed, spec.tr_id, 0, subject, {"TR_KEY": tr_key})
        return "^".join(written(column, place) for column in spec.columns)

    def _subject(self, spec: StreamSpec, tr_key: str) -> Subject:
        if spec.key == "share":
            return share(self._venue, tr_key)
        family: Family = "derivative"
        for start, found in _FAMILIES:
            if spec.tr_id.startswith(start):
                family = found
                break
        code = tr_key[_MARKET_CODE:] if family == "overseas" and len(tr_key) > _MARKET_CODE else tr_key
        return unplayed(self._venue, family, code, name_of(family, code))

    def _load(self) -> None:
        if self._specs:
            return
        for tr_id, spec in self._table.streams().items():
            self._specs[tr_id] = spec
            if spec.paper:
                self._specs[spec.paper] = spec
