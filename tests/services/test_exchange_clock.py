"""The services' clock: the machine's, put right by the broker's, never back by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kis_terminal.services.exchange_clock import ExchangeClock
from tests.support.ports_in_memory import SEOUL, MemoryClock

NOON = datetime(2026, 11, 20, 12, tzinfo=SEOUL)


class SetClock(MemoryClock):
    """A clock whose wall can be set while its monotonic side runs on."""

    def set_by(self, seconds: float) -> None:
        """Set the wall clock."""
        self._now += timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("skew", "moved"), [(None, 0), (0.3, 0), (-1.9, 0), (600.0, 600), (-32_400.0, -32_400)]
)
def test_only_a_skew_worth_it_moves_the_clock(skew: float | None, moved: float) -> None:
    clock = ExchangeClock(MemoryClock(NOON), lambda: skew)

    assert clock.now() == NOON + timedelta(seconds=moved)


def test_a_clock_set_back_runs_on_until_the_next_answer_tells() -> None:
    machine, skew = SetClock(NOON), [0.0]
    clock = ExchangeClock(machine, lambda: skew[0])
    clock.now()

    machine.advance(10)
    machine.set_by(-3600)

    assert clock.now() == NOON + timedelta(seconds=10)
    machine.advance(5)
    assert clock.now() == NOON + timedelta(seconds=15)
    skew[0] = 3600.0
    assert clock.now() == NOON + timedelta(seconds=15)


def test_a_machine_that_slept_wakes_at_the_right_time() -> None:
    machine = SetClock(NOON)
    clock = ExchangeClock(machine, lambda: 0.0)
    clock.now()

    machine.set_by(7200)  # the monotonic clock stood still

    assert clock.now() == NOON + timedelta(hours=2)
