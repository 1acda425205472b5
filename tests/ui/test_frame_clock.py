"""One flush a frame, and none lost."""

from __future__ import annotations

from time import perf_counter
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


def test_an_order_on_its_way_holds_the_frame_for_a_moment_only(qtbot: Any) -> None:
    clock, seen = FrameClock(), []

    def flush() -> None:
        seen.append("flush")

    clock.hold()
    clock.request(flush)
    clock._flush()
    assert seen == []
    qtbot.waitUntil(lambda: seen == ["flush"])

    clock.hold()
    clock.release()
    clock.request(flush)
    clock._flush()
    assert seen == ["flush", "flush"]


def test_a_slow_flush_is_rarer_and_never_forgotten(qtbot: Any) -> None:
    clock, quick, slow = FrameClock(), [], []

    def flush_quick() -> None:
        quick.append("quick")
        if len(quick) < 20:
            clock.request(flush_quick)
            clock.request_slow(flush_slow)

    def flush_slow() -> None:
        slow.append("slow")

    clock.request(flush_quick)
    clock.request_slow(flush_slow)
    qtbot.waitUntil(lambda: len(quick) == 20)
    before = len(slow)
    clock.request_slow(flush_slow)
    qtbot.waitUntil(lambda: len(slow) > before)

    assert len(slow) <= 15


def test_a_slow_flush_is_remembered_and_taking_the_longest_does_not_forget_it(qtbot: Any) -> None:
    clock, seen = FrameClock(), []

    def slow() -> None:
        end = perf_counter() + 0.03
        while perf_counter() < end:
            pass
        seen.append("slow")

    clock.request(slow)
    qtbot.waitUntil(lambda: bool(seen))

    assert clock.take_longest() >= 0.03
    assert clock.longest_within(60) >= 0.03
    assert clock.longest_within(0) == 0
