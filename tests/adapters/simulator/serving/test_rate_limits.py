"""The limiter slides: never more than N calls in any second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.serving.rate_limits import SlidingWindow


@given(st.lists(st.floats(0, 0.4), max_size=60), st.integers(1, 5))
def test_no_second_holds_more_than_the_limit(gaps: list[float], limit: int) -> None:
    window = SlidingWindow(limit)
    now, admitted = 0.0, []
    for gap in gaps:
        now += gap
        if window.admit("key", now):
            admitted.append(now)

    for first in admitted:
        assert sum(first <= time and time - first < 1.0 for time in admitted) <= limit


def test_refused_calls_do_not_count_and_keys_do_not_share() -> None:
    window = SlidingWindow(1)

    assert window.admit("a", 0.0)
    assert not window.admit("a", 0.9)
    assert window.admit("b", 0.9)
    assert window.admit("a", 1.0)
