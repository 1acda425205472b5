"""Retry or give up: delays grow until data comes, connects stay under KIS's patience."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.kis.reconnect import Ending, EndingKind, Reconnector, ReconnectPolicy

RETRIED = [kind for kind in EndingKind if kind not in (EndingKind.ACCESS_REFUSED, EndingKind.WRONG_ADDRESS)]


def delays(reconnector: Reconnector, count: int, kind: EndingKind = EndingKind.DROPPED) -> list[float]:
    """Return the delays of `count` attempts that end at once, connects not counted."""
    found = []
    for _ in range(count):
        decision = reconnector.decide(Ending(kind), 0.0)
        assert decision.delay is not None
        found.append(decision.delay)
    return found


def test_delays_double_up_to_the_cap() -> None:
    reconnector = Reconnector(ReconnectPolicy(jitter=0.0), Random(1))

    assert delays(reconnector, 9) == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_only_data_brings_the_shortest_delay_back() -> None:
    reconnector = Reconnector(ReconnectPolicy(jitter=0.0), Random(1))
    delays(reconnector, 5)

    reconnector.connecting(0.0)
    assert delays(reconnector, 1) == [16.0]
    reconnector.data_received()

    assert delays(reconnector, 1) == [0.5]


def test_jitter_stretches_by_no_more_than_its_fraction() -> None:
    plain = delays(Reconnector(ReconnectPolicy(jitter=0.0), Random(1)), 8)
    stretched = delays(Reconnector(ReconnectPolicy(), Random(1)), 8)

    assert all(short <= long <= short * 1.25 for short, long in zip(plain, stretched, strict=True))
    assert plain != stretched


@pytest.mark.parametrize("kind", [EndingKind.ACCESS_REFUSED, EndingKind.WRONG_ADDRESS])
def test_what_only_a_person_can_mend_is_given_up(kind: EndingKind) -> None:
    decision = Reconnector(ReconnectPolicy(), Random(1)).decide(Ending(kind, "앱키"), 0.0)

    assert decision.delay is None
    assert "앱키" in decision.sentence


def test_a_key_in_use_is_tried_slowly_and_explained() -> None:
    decision = Reconnector(ReconnectPolicy(), Random(1)).decide(Ending(EndingKind.IN_USE), 0.0)

    assert decision.delay is not None
    assert decision.delay >= 60.0
    assert "다른 곳에서" in decision.sentence


def test_an_approval_key_is_renewed_once_until_data_comes() -> None:
    reconnector = Reconnector(ReconnectPolicy(), Random(1))
    first, second, third = (reconnector.decide(Ending(EndingKind.APPROVAL_REFUSED), 0.0) for _ in range(3))

    assert [first.renew_approval, second.renew_approval, third.renew_approval] == [True, False, False]
    assert second.delay is not None
    assert second.delay >= 60.0
    reconnector.data_received()
    assert reconnector.decide(Ending(EndingKind.APPROVAL_REFUSED), 0.0).renew_approval


@given(
    st.lists(st.tuples(st.sampled_from(RETRIED), st.floats(0.0, 30.0), st.booleans()), max_size=120),
    st.integers(),
)
def test_never_more_than_twenty_connects_in_any_ten_minutes(
    endings: list[tuple[EndingKind, float, bool]], seed: int
) -> None:
    reconnector = Reconnector(ReconnectPolicy(), Random(seed))
    now, connects = 0.0, []
    for kind, lasted, had_data in endings:
        reconnector.connecting(now)
        connects.append(now)
        if had_data:
            reconnector.data_received()
        now += lasted
        decision = reconnector.decide(Ending(kind), now)
        assert decision.delay is not None
        now += decision.delay

    for index, last in enumerate(connects[20:], start=20):
        assert last - connects[index - 20] >= 600.0 - 1e-6


def test_a_server_that_gives_data_and_closes_does_not_use_up_the_connects_at_once() -> None:
    """Cause: twenty connects in fifteen seconds, then nothing for almost ten minutes."""
    reconnector = Reconnector(ReconnectPolicy(jitter=0.0), Random(1))
    now, times = 0.0, []
    while now < 1_200.0:
        reconnector.connecting(now)
        times.append(now)
        reconnector.data_received()
        decision = reconnector.decide(Ending(EndingKind.DROPPED), now)
        assert decision.delay is not None
        now += decision.delay

    gaps = [late - early for early, late in pairwise(times)]
    assert gaps[0] == 0.5
    assert max(gaps) < 120.0
    assert all(sum(start <= time < start + 600.0 for time in times) <= 20 for start in times)


def test_a_key_that_was_taken_once_is_renewed_when_it_is_refused_a_day_later() -> None:
    """Cause: a session at night brought no data, so the next refusal was taken for the second in a row."""
    reconnector = Reconnector(ReconnectPolicy(), Random(1))
    assert reconnector.decide(Ending(EndingKind.APPROVAL_REFUSED), 0.0).renew_approval

    reconnector.key_taken()

    assert reconnector.decide(Ending(EndingKind.APPROVAL_REFUSED), 86_400.0).renew_approval


def test_a_key_that_is_refused_for_ever_is_renewed_no_more_than_once_in_ten_minutes() -> None:
    reconnector = Reconnector(ReconnectPolicy(), Random(1))
    now, renewals = 0.0, []
    for _ in range(60):
        reconnector.connecting(now)
        decision = reconnector.decide(Ending(EndingKind.APPROVAL_REFUSED), now)
        if decision.renew_approval:
            renewals.append(now)
        assert decision.delay is not None
        now += decision.delay

    assert all(late - early >= 600.0 for early, late in pairwise(renewals))
    assert len(renewals) >= 2
