"""Start and stop the embedded exchange: both hosts' REST and sockets, and the loop that moves the market."""

from __future__ import annotations

import asyncio
import errno
import importlib
import json
import os
import secrets
import signal
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kis_terminal.adapters.simulator.control.load import STEP_SECONDS as LOAD_STEP_SECONDS
from kis_terminal.adapters.simulator.control.load import TickLoad
from kis_terminal.adapters.simulator.control.routes import control_routes
from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.history.market_name import market_name
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.simulator.parent_watch import ParentWatch, watch_stdin
from kis_terminal.adapters.simulator.serving.http import build_application
from kis_terminal.adapters.simulator.serving.master_route import master_route
from kis_terminal.adapters.simulator.serving.personality import PAPER, REAL
from kis_terminal.adapters.simulator.serving.rest_server import RestServer
from kis_terminal.adapters.simulator.serving.stream_hub import StreamHub
from kis_terminal.adapters.simulator.serving.venue import MarketTime, Venue, wall_clock
from kis_terminal.adapters.simulator.serving.ws import SocketService
from kis_terminal.adapters.simulator.wire import crypto

if TYPE_CHECKING:
    from kis_terminal.adapters.simulator.history.bars_import import BarHistory
    from kis_terminal.adapters.simulator.replay.player import Replay
    from kis_terminal.adapters.simulator.replay.recorded_session import RecordedSession

STEP_SECONDS = 0.05
REPLAY_STEP_SECONDS = 0.02
_PARENT_SECONDS = 1.0


class SimulatorServer:
    """Own the venue, the four listeners and the market's task."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options
        self.notes: list[str] = []
        session = _read_session(options.replay)
        self.venue = build_venue(options, self.notes, session)
        for rule in options.faults:
            self.venue.faults.add(rule)
        self.control_token = secrets.token_urlsafe(32)
        self.hub = StreamHub(self.venue, options.columns, sends_trades=not options.load_ticks)
        self.replay = _replay(session, self.venue, self.hub)
        self.load = TickLoad(self.venue, self.hub, options.load_ticks) if options.load_ticks else None
        flush = self.hub.flush
        master = master_route(self.venue)
        real = build_application(
            self.venue,
            REAL,
            after_orders=flush,
            synthetic=self.hub.synthetic,
            extra_routes=(
                *control_routes(self.venue, self.load, self.control_token, self.hub.synthetic),
                master,
            ),
        )
        self._rest = RestServer(real, REAL.name)
        paper = build_application(
            self.venue,
            PAPER,
            after_orders=flush,
            synthetic=self.hub.synthetic,
            extra_routes=(master,),
        )
        self._paper_rest = RestServer(paper, PAPER.name)
        self._sockets = SocketService(self.venue, REAL, self.hub, ping_seconds=options.ping_seconds)
        self._paper_sockets = SocketService(self.venue, PAPER, self.hub, ping_seconds=options.ping_seconds)
        self._market: asyncio.Task[None] | None = None
        self.addresses: dict[str, str | int] = {}

    async def start(self) -> None:
        """Listen everywhere and start the market; OSError where a port is taken, with nothing left open."""
        try:
            options = self._options
            rest = await _listen("--port", options.port, self._rest)
            paper_rest = await _listen("--paper-port", options.paper_port, self._paper_rest)
            sockets = await _listen("--ws-port", options.ws_port, self._sockets)
            paper_sockets = await _listen("--paper-ws-port", options.paper_ws_port, self._paper_sockets)
        except OSError:
            await self.close()
            raise
        self.addresses = {
            "rest": f"http://127.0.0.1:{rest}",
            "ws": f"ws://127.0.0.1:{sockets}",
            "paper_rest": f"http://127.0.0.1:{paper_rest}",
            "paper_ws": f"ws://127.0.0.1:{paper_sockets}",
            "control": f"http://127.0.0.1:{rest}/control",
            "control_token": self.control_token,
            "pid": os.getpid(),
        }
        if (name := self.venue.name) is not None:
            self.addresses |= {"market": name.name, "market_day": name.settled_until.isoformat()}
        self._market = asyncio.get_running_loop().create_task(self._move(), name="simulator-market")

    @property
    def market(self) -> asyncio.Task[None]:
        """Return the market's task; it ends by a bug only."""
        if self._market is None:
            raise RuntimeError("the simulator has not been started")
        return self._market

    async def close(self) -> None:
        """Stop the market, close all sockets, stop listening. May be called twice."""
        if self._market is not None:
            self._market.cancel()
            await asyncio.gather(self._market, return_exceptions=True)
            self._market = None
        self.hub.line.close()
        await asyncio.gather(
            self._sockets.close(), self._paper_sockets.close(), self._rest.close(), self._paper_rest.close()
        )

    @property
    def control_headers(self) -> dict[str, str]:
        """Return what lets a call into the control side."""
        return {"authorization": f"Bearer {self.control_token}"}

    async def _move(self) -> None:
        """Let the others trade and send what happened, about twenty times a second."""
        while True:
            if self.load is not None:
                await asyncio.sleep(LOAD_STEP_SECONDS)
                # The others rest while a load is measured; orders are still answered and noticed.
                self.load.step()
            elif self.replay is not None:
                await asyncio.sleep(REPLAY_STEP_SECONDS)
                self.replay.step()
                continue
            else:
                await asyncio.sleep(STEP_SECONDS)
                self.venue.exchange.advance(self.venue.now())
                self.hub.flush()
            self.hub.step_reference()
            self.hub.step_synthetic()


async def _listen(option: str, port: int, listener: RestServer | SocketService) -> int:
    try:
        return await listener.start(port)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{option} {port}: 이 포트를 쓸 수 없습니다({error.strerror}). 다른 번호나 0(빈 포트)을 "
            "주십시오. / This port cannot be used; give another one, or 0 for a free one.",
        ) from error


def build_venue(
    options: SimulatorOptions, notes: list[str] | None = None, session: RecordedSession | None = None
) -> Venue:
    """Return the venue that the options describe; what its owner should know is added to `notes`.

    OSError where there are no bars in the folder that should hold some.
    """
    notes = notes if notes is not None else []
    bars = _read_bars(options.bars, notes)
    start = options.start_moment(wall_clock())
    day = _day_to_play(options, bars, start, notes)
    if day is not None and start is not None:
        start = datetime.combine(day, start.timetz())
    market_time = MarketTime(speed=options.speed, start=start)
    exchange = Exchange(
        seed=options.seed,
        now=market_time.now(),
        bars=bars,
        plays_bars=day is not None,
        market_open_always=options.clock == "open",
        extra=session.listings() if session is not None else (),
    )
    # A market at another hour or date takes everything with it, so that clients find one clock; only the
    # market that is always open lives beside the machine's.
    wall = wall_clock if options.clock == "open" else market_time.now
    name = market_name(
        options.seed,
        exchange.first_day,
        is_open_always=exchange.clock.open_always,
        bars=bars,
        is_replay=session is not None,
    )
    return Venue(exchange, market_time, is_limited=options.is_limited, wall=wall, name=name)


def _read_session(path: Path | None) -> RecordedSession | None:
    if path is None:
        return None
    # Imported late: most runs play no recording.
    from kis_terminal.adapters.simulator.replay.recorded_session import open_session

    return open_session(path)


def _replay(session: RecordedSession | None, venue: Venue, hub: StreamHub) -> Replay | None:
    """Let a recording take the market's place."""
    if session is None:
        return None
    from kis_terminal.adapters.simulator.replay.player import Replay

    replay = Replay(session, venue, hub)
    venue.recorded = replay
    return replay


def _day_to_play(
    options: SimulatorOptions, bars: BarHistory | None, start: datetime | None, notes: list[str]
) -> date | None:
    """Return the day of the bars that is played; none without a time of day to start at."""
    if bars is None or start is None or options.bars is None:
        return None
    from kis_terminal.adapters.simulator.history.played_days import PlayedDays, day_to_play

    if options.is_dated and not PlayedDays(bars).trades_on(start.date()):
        return None  # a date beyond the bars: they are what lies behind it
    day = start.date() if options.is_dated else day_to_play(bars, options.bars, options.day)
    notes.append(f"--bars: {day}의 일봉을 {start:%H:%M}부터 따라갑니다. / Playing the bars of that day.")
    return day


def _read_bars(folder: Path | None, notes: list[str]) -> BarHistory | None:
    if folder is None:
        return None
    # Imported late: most runs have no bars.
    from kis_terminal.adapters.simulator.history.bars_import import load_bars
    from kis_terminal.adapters.simulator.history.bars_report import nothing_usable, report_lines

    history = load_bars(folder)
    if not history.symbols:
        raise OSError(errno.EINVAL, nothing_usable(folder, history))
    notes.extend(report_lines(folder, history))
    return history


def write_ready_file(path: Path, addresses: dict[str, str | int]) -> None:
    """Write the addresses at once: a reader sees the whole file or none; nobody else sees the token."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(addresses))
    draft.replace(path)


def load_late_modules() -> None:
    """Import what a first call would otherwise wait for; run on a thread once everybody can connect."""
    crypto.warm_up()
    importlib.import_module("kis_terminal.adapters.simulator.history.daily_series")


async def serve(options: SimulatorOptions) -> None:
    """Run until a signal, the parent's end or the end of standard input."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    _listen_for_signals(loop, stop)
    if options.watches_stdin:
        watch_stdin(lambda: _set_from_thread(loop, stop))
    server = SimulatorServer(options)
    for line in server.notes:
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    await server.start()
    tasks = {loop.create_task(stop.wait(), name="simulator-stop"), server.market}
    if options.parent_pid is not None:
        watch = ParentWatch(options.parent_pid)
        tasks.add(loop.create_task(_parent_ends(watch), name="simulator-parent"))
    try:
        if options.ready_file is not None:
            write_ready_file(options.ready_file, server.addresses)
        else:
            print(json.dumps(server.addresses), flush=True)  # noqa: T201  the command's output
        warming = loop.run_in_executor(None, load_late_modules)
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await warming
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.close()
        if options.ready_file is not None:
            options.ready_file.unlink(missing_ok=True)


async def _parent_ends(watch: ParentWatch) -> None:
    while not watch.is_gone():
        await asyncio.sleep(_PARENT_SECONDS)


def _listen_for_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    if sys.platform == "win32":
        for number in (signal.SIGINT, signal.SIGBREAK):
            signal.signal(number, lambda *_: _set_from_thread(loop, stop))
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


def _set_from_thread(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(stop.set)
