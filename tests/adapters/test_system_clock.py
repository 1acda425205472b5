"""The machine's clock gives Korean time in any zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kis_terminal.adapters.system_clock import SystemClock


def test_now_is_aware_and_in_korean_time() -> None:
    now = SystemClock().now()

    assert now.utcoffset() == timedelta(hours=9)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_monotonic_never_goes_back() -> None:
    clock = SystemClock()

    assert clock.monotonic() <= clock.monotonic()
