"""An asyncio loop on Qt's own, so that plain test functions drive both by `qtbot.waitUntil`."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def qt_loop(qapp: Any) -> Iterator[asyncio.AbstractEventLoop]:
    """Return a loop that counts as running: tasks may be started in it, and run while `qtbot.wait*` waits."""
    import qasync

    loop = qasync.QEventLoop(qapp, already_running=True)
    asyncio.set_event_loop(loop)
    yield loop
    try:
        for _ in range(50):
            if not (left := asyncio.all_tasks(loop)):
                break
            qapp.processEvents()
        names = sorted(repr(task) for task in left)
        for task in left:
            task.cancel()
        qapp.processEvents()
    finally:
        asyncio.events._set_running_loop(None)
        asyncio.set_event_loop(None)
        loop._QEventLoop__is_running = False  # else close() refuses; stop() would wait for an exec() of ours
        loop.close()
        gc.collect(1)
    if names:
        pytest.fail("asyncio tasks left: " + ", ".join(names), pytrace=False)
