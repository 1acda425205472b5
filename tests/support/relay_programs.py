"""Programs of one app key that share a socket: in this process, or `python -m tests.support.relay_programs`.

The second reads one JSON object from standard input (where exchange and cache are) and prints a line for
whatever its feed tells: `connected`, `ticks 005930`, `notice`, `gap`, `owner own`.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from subprocess import DEVNULL, PIPE, Popen
from threading import Thread

from kis_terminal.adapters.cache.redis import RedisCache
from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.feed import KisFeed
from kis_terminal.adapters.kis.feed_relay import FeedRelay
from kis_terminal.adapters.kis.feed_relay_lease import RelayTiming
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.market import Tick
from kis_terminal.domain.orders import ExecutionNotice
from kis_terminal.ports import Cache, Clock, FeedListener, LinkState, SocketOwner, Stream, SubscriptionState
from kis_terminal.settings import KisAccess, Secret
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.trading_desk import until

QUICK = FeedTiming(command_gap=0.002, grace=0.2)
STRICT = replace(SimulatorOptions(), seed=7, is_limited=True)
Wish = tuple[Stream, str]


class Program:
    """One program's feed and what it has told."""

    def __init__(self, access: KisAccess, cache: Cache, timing: RelayTiming | None, clock: Clock) -> None:
        self.access, self.cache = access, cache
        self.broker = KisBroker(access, clock, cache=cache)
        self.relay = FeedRelay(cache, access, clock, timing)
        self.ticks: dict[str, list[Tick]] = {}
        self.notices: list[ExecutionNotice] = []
        self.links: list[tuple[LinkState, str]] = []
        self.gaps: list[str] = []
        self.states: dict[Wish, SubscriptionState] = {}
        self.failures: list[tuple[str, BaseException]] = []
        self._is_fresh_wanted = False
        self.feed = KisFeed(
            ws_url=access.ws_url,
            environment=access.environment,
            hts_id=access.hts_id,
            approval_key=self._approval_key,
            invalidate_approval=self._forget_approval,
            clock=clock,
            randomness=Random(1),
            timing=QUICK,
            on_failure=lambda name, error: self.failures.append((name, error)),
            relay=self.relay,
        )
        self.feed.listen(
            FeedListener(
                on_ticks=self._take_ticks,
                on_book=lambda update: None,
                on_notice=self.notices.append,
                on_status=lambda status: None,
                on_link=lambda state, text: self.links.append((state, text)),
                on_subscription=self._take_state,
                on_gap=self.gaps.append,
            )
        )

    @property
    def owner(self) -> SocketOwner:
        return self.feed.health().owner

    def want(self, *symbols: str, notices: bool = False) -> None:
        """Want the prints of some symbols."""
        if notices:
            self.feed.subscribe(Stream.NOTICES, "")
        for symbol in symbols:
            self.feed.subscribe(Stream.TICKS, symbol)

    def has(self, *symbols: str) -> bool:
        """Tell whether these are confirmed now."""
        return all(
            self.states.get((Stream.TICKS, symbol)) is SubscriptionState.CONFIRMED for symbol in symbols
        )

    @property
    def has_notices(self) -> bool:
        return self.states.get((Stream.NOTICES, "")) is SubscriptionState.CONFIRMED

    def count(self, symbol: str) -> int:
        """Return how many prints of a symbol have come."""
        return len(self.ticks.get(symbol, ()))

    def _take_ticks(self, ticks: Sequence[Tick]) -> None:
        self.ticks.setdefault(ticks[0].symbol, []).extend(ticks)

    def _take_state(self, stream: Stream, symbol: str, state: SubscriptionState, text: str) -> None:
        self.states[stream, symbol] = state

    async def _approval_key(self) -> str:
        fresh, self._is_fresh_wanted = self._is_fresh_wanted, False
        return await self.broker.approval_key(fresh=fresh)

    def _forget_approval(self) -> None:
        self._is_fresh_wanted = True


@asynccontextmanager
async def program(
    access: KisAccess,
    cache: Cache | str,
    timing: RelayTiming | None = None,
    clock: Clock | None = None,
    patience: float = 1.0,
) -> AsyncIterator[Program]:
    """Give a program with a connection of its own to the cache, as another process has; not opened yet."""
    own = RedisCache(cache, patience=patience) if isinstance(cache, str) else None
    made = Program(access, cache if own is None else own, timing, clock or SystemClock())  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.feed.close()
        await made.broker.close()
        if own is not None:
            await own.close()
        assert made.failures == []


@asynccontextmanager
async def programs(
    redis_url: str, count: int = 2, timing: RelayTiming | None = None
) -> AsyncIterator[tuple[RunningExchange, list[Program]]]:
    """Give an exchange and some programs of one app key, the first of which has the socket."""
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(running_exchange(STRICT))
        made = [
            await stack.enter_async_context(program(exchange.access(), redis_url, timing))
            for _ in range(count)
        ]
        yield exchange, made


async def opened(*made: Program) -> None:
    """Open programs one after the other, so that the first one has the socket."""
    for one in made:
        await one.feed.open()
        await until(lambda: one.owner is not SocketOwner.UNKNOWN)  # noqa: B023


def sessions(exchange: RunningExchange) -> list[set[tuple[str, str]]]:
    """Return what is registered at the exchange, by session that has told its app key."""
    return [set(session.registrations) for session in exchange.server._sockets._sessions if session.appkey]


def trades(*symbols: str) -> set[tuple[str, str]]:
    """Return registrations of prints."""
    return {("H0STCNT0", symbol) for symbol in symbols}


@dataclass
class OtherProgram:
    """A program in a process of its own."""

    process: Popen[str]
    lines: list[str]

    def told(self, line: str) -> bool:
        return line in self.lines


@contextmanager
def other_program(
    access: KisAccess, redis_url: str, symbols: Sequence[str], life: float
) -> Iterator[OtherProgram]:
    """Run a program in another process; it is killed at the end. `life` is that of the lease."""
    told = {
        "rest": access.rest_url,
        "ws": access.ws_url,
        "appkey": access.appkey.reveal(),
        "hts_id": access.hts_id,
        "cano": access.cano,
        "redis": redis_url,
        "symbols": list(symbols),
        "life": life,
    }
    command = [sys.executable, "-m", "tests.support.relay_programs"]
    process = Popen(command, stdin=PIPE, stdout=PIPE, text=True, encoding="utf-8")
    lines: list[str] = []

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))

    reader = Thread(target=read, name="other program's words")
    reader.start()
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(told))
        process.stdin.close()
        yield OtherProgram(process, lines)
    finally:
        process.kill()
        process.wait(30)
        reader.join(30)
        assert process.stdout is not None
        process.stdout.close()


class OwnRedis:
    """A server of the test's own, which may be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        found = filter(None, map(shutil.which, ("redis-server", "valkey-server", "memurai")))
        self._program = next(found, "redis-server")
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._process: Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, empty; it answers a moment later."""
        arguments = ["--bind", "127.0.0.1", "--port", str(self._port), "--save", "", "--appendonly", "no"]
        self._process = Popen([self._program, *arguments], cwd=self._folder, stdout=DEVNULL, stderr=DEVNULL)

    def kill(self) -> None:
        """End it at once, with all that it held; may be called twice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None


@contextmanager
def own_redis(folder: Path) -> Iterator[OwnRedis]:
    """Give a server of the test's own that answers."""
    server = OwnRedis(folder)
    server.start()
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", server._port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "redis-server did not start"
                time.sleep(0.02)
        yield server
    finally:
        server.kill()


async def _run(told: dict[str, object]) -> None:
    access = KisAccess(
        environment=Environment.SIM,
        rest_url=str(told["rest"]),
        ws_url=str(told["ws"]),
        master_url=f"{told['rest']}/common/master",
        appkey=Secret(str(told["appkey"])),
        appsecret=Secret("s" * 180),
        hts_id=str(told["hts_id"]),
        cano=str(told["cano"]),
        product="01",
    )
    symbols = [str(symbol) for symbol in told["symbols"]]  # type: ignore[attr-defined]
    timing = RelayTiming(life=float(str(told["life"])))
    async with program(access, str(told["redis"]), timing) as made:
        made.want(*symbols, notices=True)
        await made.feed.open()
        said: set[str] = set()
        while True:
            lines = {f"owner {made.owner}", *(f"ticks {symbol}" for symbol in made.ticks)}
            lines |= {f"gaps {len(made.gaps)}"}
            if made.has(*symbols) and made.has_notices:
                lines.add("all confirmed")
            if made.notices:
                lines.add("notice")
            for line in sorted(lines - said):
                print(line, flush=True)
            said |= lines
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(_run(json.loads(sys.stdin.read())))
