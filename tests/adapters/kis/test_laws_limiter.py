"""The limiter's law: whatever is called when, the broker's own count never reaches its limit.

The broker counts a call when it arrives: after it left, before its answer, and at most half a second late.
Time is virtual here, the limiter and its timers are the real ones.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.kis.environment import LIMITS, Limits
from kis_terminal.adapters.kis.rate_limit import Priority, RateLimiter
from kis_terminal.domain.environment import Environment
from tests.support.virtual_time import VirtualTimeLoop

SLOWEST_ARRIVAL = 0.5
QUICK = (Phase.explicit, Phase.generate)
"""Without shrinking: a smaller stream of callers tells no more, and finding it takes minutes."""
MOMENTS = st.integers(0, 400).map(lambda hundredths: hundredths / 100)


@dataclass(frozen=True)
class Caller:
    """One call: when somebody wants it, how long it is on its way, and how long its answer takes then."""

    at: float
    priority: Priority
    way: float
    answer: float
    gives_up: float | None = None
    """Seconds after which the caller is cancelled, where it still waits."""
    is_refused: bool = False


CALLERS = st.builds(
    Caller,
    at=MOMENTS,
    priority=st.sampled_from(Priority),
    way=st.sampled_from((0.0, 0.001, 0.03, 0.2, SLOWEST_ARRIVAL)),
    answer=st.sampled_from((0.0, 0.002, 0.05, 0.4, 2.0)),
    gives_up=st.sampled_from((None, None, None, 0.0, 0.3)),
    is_refused=st.sampled_from((False,) * 15 + (True,)),
)


@dataclass
class Seen:
    """What happened: when calls left and arrived, in order of leaving."""

    left: list[tuple[float, Priority, int]]
    arrived: list[float]
    asked: list[int]
    """The callers in the order in which they came to the limiter."""
    waiting_cancels: list[int]
    """How many cancels waited whenever something else was let go."""


def play(limits: Limits, callers: list[Caller]) -> Seen:
    """Let everybody call."""
    seen = Seen([], [], [], [])

    async def live() -> None:
        loop = asyncio.get_running_loop()
        limiter = RateLimiter(limits, loop.time)
        cancels_waiting = 0

        async def call(number: int, caller: Caller) -> None:
            nonlocal cancels_waiting
            is_cancel = caller.priority is Priority.CANCEL
            await asyncio.sleep(caller.at)
            cancels_waiting += is_cancel
            seen.asked.append(number)
            try:
                async with asyncio.timeout(caller.gives_up):
                    ticket = await limiter.acquire(caller.priority)
            except TimeoutError:
                cancels_waiting -= is_cancel
                return
            cancels_waiting -= is_cancel
            if not is_cancel:
                seen.waiting_cancels.append(cancels_waiting)
            seen.left.append((loop.time(), caller.priority, number))
            await asyncio.sleep(caller.way)
            seen.arrived.append(loop.time())
            await asyncio.sleep(caller.answer)
            if caller.is_refused:
                limiter.refused()
            limiter.answered(ticket)

        async with asyncio.TaskGroup() as group:
            for number, caller in enumerate(callers):
                group.create_task(call(number, caller))
        limiter.close()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(live())
    return seen


def most_in_a_second(times: list[float]) -> int:
    """Return the most that lie within any second, its end not counted."""
    ordered = sorted(times)
    return max((sum(start <= time < start + 1.0 for time in ordered) for start in ordered), default=0)


SLOW_FIRST = Caller(0.0, Priority.QUOTE, SLOWEST_ARRIVAL, 2.0)
SECOND = Caller(0.0, Priority.QUOTE, 0.0, 0.0)


@settings(max_examples=150, deadline=None, derandomize=True, phases=QUICK)
@given(st.sampled_from((1, 2, 5, 18)), st.lists(CALLERS, max_size=60))
@example(1, [SLOW_FIRST, SECOND])
def test_neither_leaves_nor_arrives_more_than_the_limit_in_any_second(
    calls: int, callers: list[Caller]
) -> None:
    limits = LIMITS[Environment.PAPER] if calls == 1 else Limits(calls=calls, reserved_for_cancels=calls // 9)

    seen = play(limits, callers)

    assert most_in_a_second([time for time, _, _ in seen.left]) <= calls
    assert most_in_a_second(seen.arrived) <= calls


@settings(max_examples=100, deadline=None, derandomize=True, phases=QUICK)
@given(st.sampled_from((1, 2, 18)), st.lists(CALLERS, max_size=60))
def test_nothing_leaves_before_a_cancel_that_waits_and_equals_leave_in_the_order_of_their_coming(
    calls: int, callers: list[Caller]
) -> None:
    limits = LIMITS[Environment.PAPER] if calls == 1 else Limits(calls=calls, reserved_for_cancels=calls // 9)

    seen = play(limits, callers)

    assert set(seen.waiting_cancels) <= {0}
    for priority in Priority:
        numbers = [number for _, own, number in seen.left if own is priority]
        assert numbers == sorted(numbers, key=seen.asked.index)


@settings(max_examples=60, deadline=None, derandomize=True, phases=QUICK)
@given(
    st.lists(CALLERS, min_size=20, max_size=80),
    st.lists(st.sampled_from((0.002, 0.4)), min_size=1, max_size=3),
)
def test_two_cancels_go_at_once_however_many_others_press(others: list[Caller], answers: list[float]) -> None:
    crowd = [caller for caller in others if caller.priority is not Priority.CANCEL]
    cancels = [
        Caller(at, Priority.CANCEL, 0.0, answer)
        for index, answer in enumerate(answers)
        for at in (0.5 + 2.5 * index, 0.6 + 2.5 * index)
    ]

    seen = play(LIMITS[Environment.REAL], crowd + cancels)

    went = [time for time, priority, _ in seen.left if priority is Priority.CANCEL]
    assert went == pytest.approx([cancel.at for cancel in cancels], abs=1e-6)


@settings(max_examples=30, deadline=None, derandomize=True, phases=QUICK)
@given(st.integers(1, 18), st.integers(1, 60))
def test_whoever_is_answered_at_once_uses_the_whole_limit(calls: int, wanted: int) -> None:
    callers = [Caller(0.0, Priority.QUOTE, 0.0, 0.0)] * wanted

    seen = play(Limits(calls=calls, reserved_for_cancels=0), callers)

    assert len(seen.left) == wanted
    assert seen.left[-1][0] <= (wanted - 1) // calls * 1.03 + 1e-3
