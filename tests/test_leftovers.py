"""The fixtures that watch every test really fail those that leave something behind."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIGURATION = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
SOURCE = """
import asyncio, logging
from PySide6.QtWidgets import QWidget

kept = []

def test_log():
    logging.getLogger("boiler").warning("pressure")

def test_announced_log(expect_log):
    expect_log("pressure")
    logging.getLogger("boiler").warning("pressure")

def test_announced_log_that_does_not_come(expect_log):
    expect_log("pressure")

async def test_task():
    kept.append(asyncio.create_task(asyncio.sleep(60)))

async def test_cancelled_task():
    asyncio.create_task(asyncio.sleep(60)).cancel()

def test_window(qtbot):
    kept.append(QWidget())
    kept[-1].show()

def test_window_that_qtbot_closes(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()

def test_task_in_the_loop_of_qt(qt_loop):
    kept.append(qt_loop.create_task(asyncio.sleep(60)))

def test_finished_work_in_the_loop_of_qt(qt_loop, qtbot):
    work = qt_loop.create_task(asyncio.sleep(0.01))
    qtbot.waitUntil(work.done)
"""
COMPLAINTS = {
    "test_log": "unexpected log lines:",
    "test_announced_log_that_does_not_come": "expected log lines did not come",
    "test_task": "asyncio tasks left",
    "test_window": "windows left",
    "test_task_in_the_loop_of_qt": "asyncio tasks left",
}


def test_what_is_left_behind_fails_a_test_and_nothing_else_does(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ("tests.support.leftovers", "tests.support.qt_loop")')
    Path(pytester.path, "pytest.ini").write_text(CONFIGURATION, encoding="utf-8")
    pytester.makepyfile(SOURCE)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error")

    result.assert_outcomes(passed=SOURCE.count("def test_"), errors=len(COMPLAINTS))
    for name, complaint in COMPLAINTS.items():
        result.stdout.fnmatch_lines([f"*ERROR at teardown of {name} *", f"{complaint}*"])
