"""Fail a test that leaves something behind: warnings in the log, asyncio tasks, windows."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest

ExpectLog = Callable[[str], None]
_PHASES: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")


@pytest.fixture
def expected_logs() -> list[str]:
    """Hold the patterns given to `expect_log`; see there."""
    return []


@pytest.fixture
def expect_log(expected_logs: list[str]) -> ExpectLog:
    """Return a function that announces a log line of WARNING or above.

    `expect_log(r"did not stop")`: such a line must come during this test, and does not fail it.
    """
    return expected_logs.append


@pytest.fixture
def allowed_logs() -> list[str]:
    """Hold the patterns given to `allow_log`; see there."""
    return []


@pytest.fixture
def allow_log(allowed_logs: list[str]) -> ExpectLog:
    """Return a function that announces a log line that comes or does not, by what happens first."""
    return allowed_logs.append


@pytest.fixture(autouse=True)
def _no_unexpected_log(
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    expected_logs: list[str],
    allowed_logs: list[str],
) -> Iterator[None]:
    yield
    records = [record for phase in _PHASES for record in caplog.get_records(phase)]
    lines = [
        f"{record.levelname} {record.name}: {record.getMessage()}"
        for record in records
        if record.levelno >= logging.WARNING
    ]
    known = [*expected_logs, *allowed_logs]
    unexpected = [line for line in lines if not any(re.search(pattern, line) for pattern in known)]
    absent = [pattern for pattern in expected_logs if not any(re.search(pattern, line) for line in lines)]
    if unexpected:
        pytest.fail("unexpected log lines:\n" + "\n".join(unexpected), pytrace=False)
    if absent:
        pytest.fail(f"expected log lines did not come: {absent}", pytrace=False)


@pytest.fixture(autouse=True)
def _no_tasks_left(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("asyncio") is None:
        yield
        return
    # Asking for the runner first means that it is closed after this check, and all other fixtures before it.
    runner: asyncio.Runner = request.getfixturevalue("_function_scoped_runner")
    yield
    left = runner.run(_tasks_left())
    if left:
        pytest.fail("asyncio tasks left: " + ", ".join(left), pytrace=False)


async def _tasks_left(turns: int = 20) -> list[str]:
    """Name the tasks that still run after a few turns of the loop, in which cancelled ones can end."""
    own = asyncio.current_task()
    for _ in range(turns):
        if not asyncio.all_tasks() - {own}:
            return []
        await asyncio.sleep(0)
    return sorted(repr(task) for task in asyncio.all_tasks() - {own} if task is not None)


@pytest.fixture(autouse=True)
def _no_windows_left() -> Iterator[None]:
    before = {id(window) for window in _windows()}
    yield
    left = [window for window in _windows() if id(window) not in before]
    if left:
        del left
        gc.collect()  # a window in a reference cycle is nobody's any more
        left = [window for window in _windows() if id(window) not in before]
    if left:
        names = ", ".join(repr(window) for window in left)
        for window in left:
            window.close()
            window.deleteLater()
        pytest.fail(f"windows left: {names}", pytrace=False)


def _windows() -> list[Any]:
    """Return the windows that nobody owns; those already marked for deletion are deleted first."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    core = sys.modules.get("PySide6.QtCore")
    if widgets is None or core is None or (application := widgets.QApplication.instance()) is None:
        return []
    application.sendPostedEvents(None, core.QEvent.Type.DeferredDelete.value)
    return [
        window
        for window in application.topLevelWidgets()
        if window.parent() is None and window.metaObject().className() != "QTipLabel"
    ]
