"""The servers of a test process that is killed end by themselves."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.isolation import PROJECT

_TEST = """
import time

pytest_plugins = ("tests.support.servers",)


def test_waits_with_both_servers(redis_server, postgres_server):
    print(redis_server, postgres_server.url("postgres"), flush=True)
    time.sleep(100)
"""


def _answers(address: str) -> bool:
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=5).close()
    except OSError:
        return False
    return True


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_servers_end_after_the_process_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "test_waiting.py"
    script.write_text(_TEST, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", str(script)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "redis://" in line)
        addresses = line.split()[-2:]
        assert all(map(_answers, addresses))

        process.kill()

    _until(lambda: not any(map(_answers, addresses)))
