from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.domain.bar_columns import Span
from kis_terminal.domain.spans import joined, missing, without

SPANS = st.lists(st.builds(Span, st.integers(-20, 60), st.integers(-20, 60)), max_size=8)


def seconds(spans: list[Span]) -> set[int]:
    return {second for span in spans for second in range(span.start, span.end)}


@given(SPANS)
def test_joined_holds_the_same_seconds_in_the_fewest_spans(spans: list[Span]) -> None:
    result = joined(spans)

    assert seconds(result) == seconds(spans)
    assert all(early.end < late.start for early, late in pairwise(result))
    assert all(span.end > span.start for span in result)


@given(SPANS, SPANS)
def test_without_is_the_difference(spans: list[Span], holes: list[Span]) -> None:
    result = without(spans, holes)

    assert seconds(result) == seconds(spans) - seconds(holes)
    assert joined(result) == result


def test_missing_is_what_nobody_covered() -> None:
    assert missing(Span(0, 100), [Span(20, 30), Span(90, 200)]) == [Span(0, 20), Span(30, 90)]
    assert missing(Span(0, 100), [Span(-5, 100)]) == []
