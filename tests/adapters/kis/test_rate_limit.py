"""The limiter: never more than N in any window, urgent calls first, room kept for cancels."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.kis.environment import LIMITS, Limits
from kis_terminal.adapters.kis.rate_limit import Priority, RateLimiter, SlidingWindow
from kis_terminal.domain.environment import Environment


class SteppedClock:
    """A monotonic clock of the test."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@given(
    limit=st.integers(1, 20),
    window=st.sampled_from([0.5, 1.0, 1.03]),
    steps=st.lists(st.tuples(st.floats(0, 0.4), st.integers(0, 5)), max_size=120),
)
def test_no_window_ever_holds_more_than_the_limit(
    limit: int, window: float, steps: list[tuple[float, int]]
) -> None:
    sliding = SlidingWindow(window)
    now, granted = 0.0, list[float]()

    for pause, wanted in steps:
        now += pause
        for _ in range(wanted):
            # A caller waits exactly as long as it is told, no longer.
            while (delay := sliding.delay(now, limit)) > 0:
                now += delay
            sliding.grant(now)
            granted.append(now)

    for start in granted:
        assert sum(start <= time < start + window for time in granted) <= limit


@given(limit=st.integers(1, 20), calls=st.integers(1, 60))
def test_waiting_as_told_is_not_slower_than_the_limit(limit: int, calls: int) -> None:
    sliding = SlidingWindow(1.0)
    now = 0.0

    for _ in range(calls):
        while (delay := sliding.delay(now, limit)) > 0:
            now += delay
        sliding.settle(sliding.grant(now), now)

    assert now <= (calls - 1) // limit + 1e-3


def test_limits_are_those_of_the_notice() -> None:
    assert LIMITS[Environment.REAL].calls == 18
    assert LIMITS[Environment.PAPER].calls == 1


async def order_of_turns(limiter: RateLimiter, clock: SteppedClock, wanted: list[Priority]) -> list[Priority]:
    done: list[Priority] = []

    async def one(priority: Priority) -> None:
        await limiter.acquire(priority)
        done.append(priority)

    tasks = [asyncio.create_task(one(priority)) for priority in wanted]
    await asyncio.sleep(0)
    while len(done) < len(wanted):
        clock.time += 0.02
        limiter.let_through()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return done


async def test_urgent_calls_overtake_those_that_wait() -> None:
    clock = SteppedClock()
    limiter = RateLimiter(Limits(calls=1, reserved_for_cancels=0), clock)
    await limiter.acquire(Priority.QUOTE)
    wanted = [
        Priority.HISTORY,
        Priority.QUOTE,
        Priority.ACCOUNT,
        Priority.ORDER,
        Priority.CANCEL,
        Priority.ORDER,
    ]

    done = await order_of_turns(limiter, clock, wanted)
    limiter.close()

    assert done == sorted(wanted)


async def test_cancels_find_room_when_everything_else_has_used_its_share() -> None:
    clock = SteppedClock()
    limiter = RateLimiter(Limits(calls=18), clock)
    for _ in range(16):
        await limiter.acquire(Priority.ORDER)

    late = asyncio.create_task(limiter.acquire(Priority.ORDER))
    await asyncio.sleep(0)
    await asyncio.wait_for(limiter.acquire(Priority.CANCEL), 1)
    await asyncio.wait_for(limiter.acquire(Priority.CANCEL), 1)

    assert not late.done()
    assert limiter.gauge == (0, 18)
    limiter.close()
    with pytest.raises(asyncio.CancelledError):
        await late


async def test_a_cancelled_caller_gives_its_turn_to_the_next() -> None:
    clock = SteppedClock()
    limiter = RateLimiter(Limits(calls=1, reserved_for_cancels=0), clock)
    limiter.answered(await limiter.acquire(Priority.QUOTE))
    first = asyncio.create_task(limiter.acquire(Priority.QUOTE))
    second = asyncio.create_task(limiter.acquire(Priority.QUOTE))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)

    clock.time += 1.1
    limiter.let_through()
    await asyncio.wait_for(second, 1)

    assert first.cancelled()
    assert limiter.waiting == 0
    limiter.close()


async def test_a_refusal_for_rate_lowers_the_limit_for_a_while() -> None:
    clock = SteppedClock()
    limiter = RateLimiter(Limits(calls=18), clock)

    limiter.refused()
    lowered = limiter.gauge[1]
    clock.time += 60

    assert lowered == 12
    assert limiter.gauge[1] == 18


async def test_real_time_waiting_goes_on_by_itself() -> None:
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(Limits(calls=2, window=0.05, reserved_for_cancels=0), loop.time)
    times: list[float] = []

    async def one() -> None:
        limiter.answered(await limiter.acquire(Priority.QUOTE))
        times.append(loop.time())

    calls: list[Coroutine[Any, Any, None]] = [one() for _ in range(7)]
    await asyncio.wait_for(asyncio.gather(*calls), 5)
    limiter.close()

    for start in times:
        assert sum(start <= time < start + 0.05 for time in times) <= 2


def test_a_call_counts_from_its_answer_since_it_may_have_arrived_that_late() -> None:
    """Cause: a batch that the server read late and the next one fell into one second there."""
    sliding = SlidingWindow(1.0)

    ticket = sliding.grant(0.0)
    sliding.settle(ticket, 0.3)

    assert sliding.used(1.1) == 1
    assert sliding.used(1.31) == 0


def test_a_call_that_is_never_answered_frees_its_place() -> None:
    sliding = SlidingWindow(1.0)

    sliding.settle(sliding.grant(0.0), 0.9)

    assert sliding.used(1.49) == 1
    assert sliding.used(1.51) == 0


@pytest.mark.parametrize("limits", [LIMITS[Environment.REAL], LIMITS[Environment.PAPER]], ids=["18/s", "1/s"])
async def test_cancels_are_never_starved_by_whatever_else_waits(limits: Limits) -> None:
    """A cancel goes with the next call that may go at all, also while the limit is lowered."""
    clock = SteppedClock()
    limiter = RateLimiter(limits, clock)
    left: list[tuple[float, Priority]] = []

    async def one(priority: Priority) -> None:
        ticket = await limiter.acquire(priority)
        left.append((clock.time, priority))
        limiter.answered(ticket)

    flood = [Priority.HISTORY, Priority.QUOTE, Priority.ACCOUNT, Priority.ORDER] * 30
    tasks = [asyncio.create_task(one(priority)) for priority in flood]
    await asyncio.sleep(0)
    for round_ in range(6):
        if round_ % 2:
            limiter.refused()
        asked_at = clock.time
        cancel = asyncio.create_task(one(Priority.CANCEL))
        await asyncio.sleep(0)
        while not cancel.done():
            clock.time += 0.02
            limiter.let_through()
            await asyncio.sleep(0)
        assert clock.time - asked_at <= limits.window + 0.05
        tasks.append(cancel)

    for time, _ in left:
        assert sum(time <= other < time + limits.window for other, _ in left) <= limits.calls
    limiter.close()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_limit_is_lowered_further_by_each_window_with_refusals_but_never_to_nothing() -> None:
    clock = SteppedClock()
    limiter = RateLimiter(Limits(calls=18), clock)
    seen = []
    for _ in range(8):
        limiter.refused()
        seen.append(limiter.gauge[1])
        clock.time += 1.04

    assert seen[0] == 12
    assert seen[1] < seen[0]
    assert min(seen) >= 1
    limiter.close()
