from __future__ import annotations

from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.kis.skew import SkewEstimate


def answer(skew: float, sent: float, way: float, back: float) -> tuple[float, float, float]:
    """Return `Date`, sent and received of an answer that the server wrote between `way` and `back`."""
    return float(floor(sent + way + skew)), sent, sent + way + back


def test_nothing_is_known_before_the_first_answer() -> None:
    assert SkewEstimate().seconds is None


@pytest.mark.parametrize("skew", [0.0, 0.3, -42.7, 600.0])
def test_a_dozen_answers_tell_it_to_some_milliseconds(skew: float) -> None:
    estimate = SkewEstimate()

    for number in range(100):
        estimate.take(*answer(skew, 1_000_000 + number * 1.013, 0.01, 0.01))

    assert estimate.seconds == pytest.approx(skew, abs=0.03)


def test_a_clock_that_was_set_is_noticed_at_the_next_answer() -> None:
    estimate = SkewEstimate()
    for number in range(100):
        estimate.take(*answer(0.0, 1_000_000 + number * 1.013, 0.01, 0.01))

    estimate.take(*answer(600.0, 1_000_200.5, 0.01, 0.01))

    assert estimate.seconds == pytest.approx(600.0, abs=0.6)


@given(
    skew=st.floats(-1e4, 1e4),
    calls=st.lists(st.tuples(st.floats(0.0, 1e4), st.floats(0.0, 3.0), st.floats(0.0, 3.0)), min_size=1),
)
def test_the_truth_is_never_further_off_than_the_first_answer_allows(
    skew: float, calls: list[tuple[float, float, float]]
) -> None:
    estimate = SkewEstimate()

    for sent, way, back in calls:
        estimate.take(*answer(skew, 1_000_000 + sent, way, back))

    assert estimate.seconds is not None
    _, way, back = calls[0]
    assert abs(estimate.seconds - skew) <= 1.0 + way + back + 1e-6
