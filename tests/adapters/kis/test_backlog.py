"""When more comes than can be read, the newest print of a frame stands for those before it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kis_terminal.adapters.kis.backlog import Backlog
from kis_terminal.adapters.kis.frames import StreamFrame
from kis_terminal.adapters.kis.realtime import RealtimeDecoder
from kis_terminal.domain.errors import FrameError

FIELDS = ["005930", "090000", "71900", *["0"] * 9, "3", "1000", *["0"] * 33]


def frame_of(*records: tuple[str, int]) -> StreamFrame:
    rows = ["^".join([symbol, *FIELDS[1:13], str(volume), *FIELDS[14:]]) for symbol, volume in records]
    return StreamFrame("H0STCNT0", False, len(rows), "^".join(rows))


def test_three_full_reads_in_a_row_are_a_backlog_and_one_small_read_ends_it() -> None:
    waiting: list[Callable[[], None]] = []
    backlog = Backlog(waiting.append)
    seen = []
    for turn in (300_000, 300_000, 300_000, 300_000, 1_000, 300_000):
        for _ in range(turn // 1_000):
            backlog.count(1_000)
        assert len(waiting) == 1
        waiting.pop()()
        seen.append(backlog.is_behind)

    assert seen == [False, False, True, True, False, False]


def test_the_newest_print_of_a_frame_is_its_last_record() -> None:
    decoder, frame = RealtimeDecoder(), frame_of(("005930", 1_000), ("005930", 1_003), ("005930", 1_010))

    newest = decoder.newest_tick(frame)

    assert newest == decoder.ticks(frame)[-1]
    assert newest is not None
    assert newest.volume == 1_010
    assert newest.details == decoder.ticks(frame)[-1].details


def test_a_frame_of_several_symbols_is_not_joined() -> None:
    frame = frame_of(("005930", 1_000), ("000660", 5), ("005930", 1_003))

    assert RealtimeDecoder().newest_tick(frame) is None


def test_a_frame_that_cannot_be_cut_is_refused() -> None:
    good = frame_of(("005930", 1_000), ("005930", 1_001))
    with pytest.raises(FrameError):
        RealtimeDecoder().newest_tick(good._replace(record_count=3))
