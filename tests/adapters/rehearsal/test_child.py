"""The command as a child: its lines, its object, its end; it gets nothing of a person's keys."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from pathlib import Path

import pytest

from kis_terminal.adapters.rehearsal.child import RehearsalChild
from kis_terminal.domain.errors import TerminalError


def child(program: str) -> RehearsalChild:
    """Return a child that runs `program` instead of the command."""
    return RehearsalChild((sys.executable, "-c", program))


async def test_lines_come_as_they_are_said_and_the_object_at_the_end() -> None:
    lines: list[str] = []

    told = await child(
        "import sys; print('하나', file=sys.stderr, flush=True); print('둘', file=sys.stderr);"
        "print(sys.argv[1:])"
    ).run("en", lines.append)
    await asyncio.sleep(0)

    assert lines == ["하나", "둘"]
    assert told.strip() == "['--language', 'en']"


async def test_it_gets_no_variable_of_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KIS_APP_KEY", "KIS_ACCOUNT_NO", "KIS_TERMINAL_HOME", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "canary")

    told = await child("import os; print('canary' in os.environ.values(), 'PATH' in os.environ)").run(
        "ko", lambda line: None
    )

    assert told.strip() == "False True"


async def test_one_that_ends_without_a_word_is_said_with_its_last_line() -> None:
    with pytest.raises(TerminalError, match="no luck"):
        await child("import sys; sys.exit('no luck')").run("ko", lambda line: None)
    with pytest.raises(TerminalError, match="exit 3"):
        await child("import sys; sys.exit(3)").run("ko", lambda line: None)


async def test_one_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="시작하지 못했습니다"):
        await RehearsalChild((str(tmp_path / "nothing"),)).run("ko", lambda line: None)


@pytest.mark.skipif(sys.platform == "win32", reason="there a program is ended without being asked")
async def test_a_cancelled_one_is_asked_to_stop_and_waited_for(tmp_path: Path) -> None:
    mark = tmp_path / "stopped"
    program = (
        "import pathlib, signal, sys, time\n"
        f"def stop(*_): pathlib.Path({str(mark)!r}).touch(); sys.exit(1)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "print('ready', file=sys.stderr, flush=True)\n"
        "time.sleep(60)\n"
    )
    ready = asyncio.Event()
    began = time.monotonic()
    running = asyncio.ensure_future(child(program).run("ko", lambda line: ready.set()))
    await asyncio.wait_for(ready.wait(), 20)

    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running

    assert mark.exists()
    assert time.monotonic() - began < 30
