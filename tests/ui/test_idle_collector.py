"""Garbage is collected between frames, and by Python itself when the window has gone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from kis_terminal.ui.frame_clock import FrameClock
from kis_terminal.ui.idle_collector import Collector


@pytest.fixture(autouse=True)
def _automatic() -> Iterator[None]:
    """Let Python collect by itself, as in a program that starts; tests have that switched off."""
    was_automatic = gc.isenabled()
    gc.enable()
    yield
    if not was_automatic:
        gc.disable()


class Knot:
    """A cycle: only the collector can free it."""

    def __init__(self) -> None:
        self.own = self


def test_cycles_are_freed_while_the_automatic_collector_is_off(qtbot: Any) -> None:
    clock = FrameClock()
    collector = Collector(clock)
    collector.start()
    try:
        assert not gc.isenabled()
        gone = weakref.ref(Knot())
        qtbot.waitUntil(lambda: gone() is None, timeout=8_000)
    finally:
        collector.stop()
        clock.stop()

    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_stopping_twice_or_before_the_start_changes_nothing() -> None:
    clock = FrameClock()
    collector = Collector(clock)
    collector.stop()
    collector.stop()

    assert gc.isenabled()
