"""The exchange counts any second exactly: compared with a list of all calls that is counted anew."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.serving.limits import HostLimits, StormGuard
from kis_terminal.adapters.simulator.serving.personality import REAL
from kis_terminal.adapters.simulator.serving.rate_limits import SlidingWindow

# Sixteenths of a second are exact, so that "a second later" is exactly that.
GAPS = st.sampled_from((0, 0, 0, 1, 2, 3, 5, 8, 15, 16, 17, 40)).map(lambda sixteenths: sixteenths / 16)
CALLS = st.lists(st.tuples(GAPS, st.sampled_from("ab"), st.integers(0, 5)), max_size=80)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(CALLS, st.integers(1, 5), st.sampled_from((0.5, 1.0, 2.0)))
def test_a_call_is_let_in_exactly_when_fewer_than_the_limit_were_within_the_span(
    calls: list[tuple[float, str, int]], limit: int, span: float
) -> None:
    window = SlidingWindow(limit, span)
    now = 0.0
    admitted: list[tuple[float, str]] = []

    for gap, key, other_limit in calls:
        now += gap
        of_this_call = other_limit or limit  # limits can be changed while calls come
        within = sum(own == key and now - at < span for at, own in admitted)

        is_in = window.admit(key, now, of_this_call)

        assert is_in == (within < of_this_call)
        if is_in:
            admitted.append((now, key))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from((0.0, 0.5, 1.0, 7.5, 60.0, 600.0)), max_size=60), st.integers(0, 4))
def test_a_key_is_shut_out_exactly_when_so_many_sessions_opened_within_the_span(
    gaps: list[float], sessions: int
) -> None:
    limits = HostLimits.of(REAL)
    limits.change({"storm_sessions": sessions, "storm_seconds": 10.0, "storm_block_seconds": 100.0})
    guard = StormGuard(limits)
    now, until = 0.0, -1.0
    opened: list[float] = []

    for gap in gaps:
        now += gap
        assert guard.is_blocked("key", now) == (now < until)
        assert not guard.is_blocked("other key", now)
        if now < until:
            continue
        opened = [at for at in opened if now - at < 10.0] + [now]
        is_storm = 0 < sessions <= len(opened)

        assert guard.note_session("key", now) == is_storm

        if is_storm:
            opened, until = [], now + 100.0
