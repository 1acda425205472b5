"""Send the streams of what is reckoned on demand: indices, programs, names abroad, futures and options.

About once a second each registered key is looked at, and a record goes out when it tells something new.
Nothing is reckoned for what nobody has registered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from kis_terminal.adapters.simulator.reference.market import ReferenceMarket
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.wire.frames import plain_frames

if TYPE_CHECKING:
    from kis_terminal.adapters.simulator.reference.records import RecordMaker

FRAME_SECONDS = 1.0
STREAMS = frozenset(
    {
        "H0UPCNT0",
        "H0UPANC0",
        "H0UPPGM0",
        "HDFSCNT0",
        "HDFSASP0",
        "HDFSASP1",
        "H0IFCNT0",
        "H0IFASP0",
        "H0IOCNT0",
        "H0IOASP0",
    }
)
_NO_TIME = slice(2, None)
"""Every record but those of names abroad begins with its key and the time of day."""
Pair = tuple[str, str]
Send = Callable[[str, str, Iterable[str]], None]


class ReferenceStreams:
    """Know which keys the streams have, and what they say now."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._due = 0.0
        self._maker: RecordMaker | None = None
        self._said: dict[Pair, list[str]] = {}

    def accepts(self, tr_id: str, tr_key: str) -> bool:
        """Return whether a key names something that a stream can send."""
        return self._records().knows(tr_id, tr_key)

    def step(self, pairs: Iterable[Pair], send: Send) -> None:
        """Send what is new, when it is time again; `pairs` are all that somebody has registered."""
        now = self._venue.monotonic()
        if now < self._due:
            return
        self._due = now + FRAME_SECONDS
        wanted = [pair for pair in pairs if pair[0] in STREAMS]
        for gone in [pair for pair in self._said if pair not in wanted]:
            del self._said[gone]
        for pair in wanted:
            record = self._records().record(*pair)
            if record and self._is_new(pair, record):
                send(*pair, plain_frames(pair[0], [record]))

    def _is_new(self, pair: Pair, record: str) -> bool:
        fields = record.split("^")
        told = fields if pair[0].startswith("HDFS") else fields[_NO_TIME]
        if self._said.get(pair) == told:
            return False
        self._said[pair] = told
        return True

    def _records(self) -> RecordMaker:
        if self._maker is None:
            # Loaded with the first registration: it brings in every market beside the played one.
            from kis_terminal.adapters.simulator.reference.records import RecordMaker

            market: ReferenceMarket = self._venue.reference
            self._maker = RecordMaker(market, self._venue.now)
        return self._maker
