"""The embedded exchange as a child process: started early, waited for late, never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.made_up_market import MadeUpMarket
from kis_terminal.domain.sentences import Sentence

_READY_SECONDS = 20.0
_STOP_SECONDS = 3.0
_NICENESS = 5


@dataclass(frozen=True, slots=True)
class ExchangeAddress:
    """Where the exchange listens, by personality."""

    rest: str
    ws: str
    paper_rest: str
    paper_ws: str
    control: str
    control_token: str = field(repr=False)
    pid: int
    market: MadeUpMarket


def usual_exchange_market(now: datetime) -> MadeUpMarket:
    """Return which market an exchange without arguments would play if it were started at `now`."""
    # The exchange's own modules: the window, which starts one with every start, has no use for them.
    from kis_terminal.adapters.simulator.history.market_name import usual_market
    from kis_terminal.adapters.simulator.options import SimulatorOptions

    told = usual_market(SimulatorOptions().seed, now)
    return MadeUpMarket(told.name, told.settled_until)


class ExchangeProcess:
    """Own the child. It ends when its standard input closes, so it never outlives this process."""

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kis-terminal-")
        self._ready_file = Path(self._folder.name) / "ready.json"
        self._error_file = Path(self._folder.name) / "errors.txt"
        command = [
            sys.executable,
            "-m",
            "kis_terminal.adapters.simulator",
            *("--port", "0", "--ws-port", "0", "--paper-port", "0", "--paper-ws-port", "0"),
            *("--ready-file", str(self._ready_file), "--parent-pid", str(os.getpid()), "--watch-stdin"),
            *arguments,
        ]
        with self._error_file.open("wb") as errors:
            self._child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
            )

    @property
    def pid(self) -> int:
        """Return the child's process id."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Tell whether the child lives."""
        return self._child.poll() is None

    async def ready(self) -> ExchangeAddress:
        """Wait until the exchange listens; raises TerminalError with its own words when it does not."""
        waited = 0.0
        while not self._ready_file.exists():
            if not self.is_running:
                raise TerminalError(
                    Sentence("내장 거래소를 시작하지 못했습니다: {why}", why=self._last_words())
                )
            if waited > _READY_SECONDS:
                raise TerminalError(
                    Sentence(
                        "내장 거래소가 {seconds:.0f}초 안에 시작되지 않았습니다.", seconds=_READY_SECONDS
                    )
                )
            await asyncio.sleep(0.01)
            waited += 0.01
        self._step_back()
        told = json.loads(self._ready_file.read_text(encoding="utf-8"))
        market = MadeUpMarket(told["market"], date.fromisoformat(told["market_day"]))
        return ExchangeAddress(
            rest=told["rest"],
            ws=told["ws"],
            paper_rest=told["paper_rest"],
            paper_ws=told["paper_ws"],
            control=told["control"],
            control_token=told["control_token"],
            pid=told["pid"],
            market=market,
        )

    def _step_back(self) -> None:
        """Let the window have the processor first: else an order's own bytes wake the child in its way."""
        if sys.platform != "win32":
            with contextlib.suppress(OSError):  # it may have ended in this moment
                os.setpriority(os.PRIO_PROCESS, self._child.pid, _NICENESS)

    def notes(self) -> list[str]:
        """Return the lines the exchange has written for people so far, such as what became of its bars."""
        return self._error_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()

    def _last_words(self) -> str:
        lines = self.notes()
        return lines[-1][:300] if lines else Sentence("종료 코드 {code}", code=self._child.returncode)

    def stop(self) -> None:
        """End the child and wait until it is gone; may be called twice."""
        if self._child.stdin is not None and not self._child.stdin.closed:
            self._child.stdin.close()
        for push in (self._child.terminate, self._child.kill):
            try:
                self._child.wait(_STOP_SECONDS)
                break
            except subprocess.TimeoutExpired:
                push()
        self._child.wait()
        self._folder.cleanup()
