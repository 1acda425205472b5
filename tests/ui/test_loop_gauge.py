from __future__ import annotations

from time import perf_counter
from typing import Any

from kis_terminal.ui.loop_gauge import LoopGauge


def test_a_loop_that_stood_still_is_noted(qtbot: Any) -> None:
    gauge = LoopGauge()
    gauge.start()

    end = perf_counter() + 0.2
    while perf_counter() < end:
        pass
    qtbot.waitUntil(lambda: gauge.longest_within(60) > 0)
    gauge.stop()

    assert gauge.longest_within(60) >= 0.1
    assert gauge.longest_within(0) == 0


def test_nothing_is_noted_while_stopped(qtbot: Any) -> None:
    gauge = LoopGauge()
    gauge.start()
    gauge.stop()

    end = perf_counter() + 0.1
    while perf_counter() < end:
        pass
    qtbot.wait(60)

    assert gauge.longest_within(60) == 0
