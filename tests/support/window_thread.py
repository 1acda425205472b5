"""Fail a test in which a thread makes Qt types; collect garbage on the main thread only.

Either one ends the interpreter with a segmentation fault, and only at one start in some dozens: see
`kis_terminal/ui/late_modules.py` and `kis_terminal/app.py`.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator

import pytest

_QT = (
    "PySide6",
    "shiboken6",
    "pyqtgraph",
    "qasync",
    "kis_terminal.ui",
    "kis_terminal.app",
    "kis_terminal.terminal",
)
_offences: list[str] = []


def _watch_imports() -> None:
    """Note every import of a module with Qt types that another thread makes, from now to the end."""

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "import" and threading.current_thread() is not threading.main_thread():
            name = str(arguments[0])
            if name in _QT or name.startswith(tuple(f"{package}." for package in _QT)):
                _offences.append(f"{name} in thread {threading.current_thread().name}")

    sys.addaudithook(hook)


@pytest.fixture(autouse=True)
def _no_qt_types_from_threads() -> Iterator[None]:
    yield
    if _offences:
        found = ", ".join(_offences)
        _offences.clear()
        pytest.fail(f"imported outside the window's thread: {found}", pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def _whole_run() -> Iterator[None]:
    """Keep the collector from starting in a thread, where it would end the widgets of an earlier test."""
    _watch_imports()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="module", autouse=True)
def _collect_between_files() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _collect_between_tests() -> Iterator[None]:
    yield
    gc.collect(0)
