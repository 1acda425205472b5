"""One flush a frame, and none lost."""

from __future__ import annotations

from typing import Any

from kis_terminal.ui.frame_clock import FrameClock


def test_a_key_wanted_many_times_is_flushed_once(qtbot: Any) -> None:
    clock, seen = FrameClock(), []

    def flush() -> None:
        seen.append("flush")

    for _ in range(100):
        clock.request(flush)
    qtbot.waitUntil(lambda: bool(seen))
    qtbot.wait(40)

    assert seen == ["flush"]


def test_a_flush_that_raises_does_not_take_the_others_with_it(qtbot: Any) -> None:
    """Cause: the rest of the frame was dropped, and a headline stood at an earlier symbol."""
    clock, seen = FrameClock(), []

    def bad() -> None:
        raise ValueError("a bug in a panel")

    def good() -> None:
        seen.append("good")

    clock.request(bad)
    clock.request(good)
    with qtbot.captureExceptions() as caught:
        qtbot.waitUntil(lambda: bool(seen))

    assert [kind for kind, _, _ in caught] == [ValueError]


def test_nothing_is_flushed_after_stop(qtbot: Any) -> None:
    clock, seen = FrameClock(), []

    def flush() -> None:
        seen.append("flush")

    clock.request(flush)
    clock.stop()
    qtbot.wait(40)

    assert seen == []
