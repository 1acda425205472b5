"""One flush a frame, and every second frame for what costs much."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from kis_terminal.ui.frame_clock import FrameClock


class Counted:
    """A flush that counts."""

    def __init__(self) -> None:
        self.times = 0
        self.flush: Callable[[], None] = self._flush

    def _flush(self) -> None:
        self.times += 1


def test_many_requests_are_one_flush(qtbot: QtBot) -> None:
    clock, counted = FrameClock(), Counted()
    for _ in range(100):
        clock.request(counted.flush)
    qtbot.waitUntil(lambda: counted.times == 1)
    qtbot.wait(50)

    assert counted.times == 1


def test_a_slow_flush_comes_at_once_and_then_every_second_frame(qtbot: QtBot) -> None:
    clock, quick, slow = FrameClock(), Counted(), Counted()
    rounds = QTimer()

    def ask() -> None:
        clock.request(quick.flush)
        clock.request_slow(slow.flush)

    rounds.timeout.connect(ask)
    rounds.start(1)
    qtbot.waitUntil(lambda: slow.times == 1)
    assert quick.times == 1
    qtbot.waitUntil(lambda: quick.times >= 20)
    rounds.stop()

    assert slow.times <= quick.times * 0.7


def test_a_slow_flush_is_never_forgotten(qtbot: QtBot) -> None:
    clock, slow = FrameClock(), Counted()
    clock.request_slow(slow.flush)
    qtbot.waitUntil(lambda: slow.times == 1)
    clock.request_slow(slow.flush)
    qtbot.waitUntil(lambda: slow.times == 2)

    clock.request_slow(slow.flush)
    clock.request(slow.flush)
    clock.forget(slow.flush)
    qtbot.wait(60)
    assert slow.times == 2
