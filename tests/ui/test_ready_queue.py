"""What is ready runs in order, in one turn, and leaves Qt its turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from kis_terminal.ui.ready_queue import ReadyQueue


def handle_of(callback: Callable[[], object], loop: asyncio.AbstractEventLoop) -> asyncio.Handle:
    return asyncio.Handle(callback, (), loop)


def test_handles_run_in_order_with_those_that_they_schedule(qtbot: Any) -> None:
    loop, queue, seen = asyncio.new_event_loop(), ReadyQueue(), []

    def first() -> None:
        seen.append("first")
        queue.add(handle_of(lambda: seen.append("third"), loop), False)

    dropped = handle_of(lambda: seen.append("dropped"), loop)
    queue.add(handle_of(first, loop), False)
    queue.add(dropped, False)
    queue.add(handle_of(lambda: seen.append("second"), loop), False)
    dropped.cancel()
    assert seen == []
    qtbot.waitUntil(lambda: len(seen) == 3)
    loop.close()

    assert seen == ["first", "second", "third"]


def test_callbacks_without_end_leave_qt_its_turn(qtbot: Any) -> None:
    loop, queue, rounds = asyncio.new_event_loop(), ReadyQueue(), []

    def again() -> None:
        rounds.append(time.perf_counter())
        if len(rounds) < 100_000 and not is_over:
            queue.add(handle_of(again, loop), False)

    is_over = []
    queue.add(handle_of(again, loop), False)
    qtbot.wait(30)
    is_over.append(True)
    assert 10 < len(rounds) < 100_000
    qtbot.wait(10)
    loop.close()


def test_an_order_goes_before_everything_that_waits(qtbot: Any) -> None:
    """Cause: an order's steps stood behind whatever else was ready, and behind a paint after 8 ms."""
    loop, queue, seen = asyncio.new_event_loop(), ReadyQueue(), []

    def slow() -> None:
        time.sleep(0.01)
        seen.append("slow")

    def order() -> None:
        seen.append("order")
        if len(seen) < 3:
            queue.add(handle_of(order, loop), True)

    queue.add(handle_of(slow, loop), False)
    queue.add(handle_of(slow, loop), False)
    queue.add(handle_of(order, loop), True)
    qtbot.waitUntil(lambda: len(seen) == 5)
    loop.close()

    assert seen == ["order", "order", "order", "slow", "slow"]
