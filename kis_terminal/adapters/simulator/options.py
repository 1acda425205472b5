"""Read the command line of the simulator."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from kis_terminal.adapters.simulator.control.faults import FaultError, FaultRule, read_rule
from kis_terminal.adapters.simulator.wire.frames import FrameProfile

_KNOWN_COLUMNS = ((46, 47), (59, 62, 63), (23, 26))
"""Columns that KIS's trades, books and execution notices have had."""


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """Hold what the command line says; ports of 0 ask for free ones."""

    port: int = 0
    ws_port: int = 0
    paper_port: int = 0
    paper_ws_port: int = 0
    ready_file: Path | None = None
    seed: int = 1
    speed: float = 1.0
    clock: str = "open"
    bars: Path | None = None
    day: date | None = None
    """Which day of `bars` to play; with a time of day in `clock` only."""
    replay: Path | None = None
    is_limited: bool = True
    load_ticks: int = 0
    ping_seconds: float = 10.0
    faults: tuple[FaultRule, ...] = ()
    columns: FrameProfile | None = None
    """Columns of the frames; today's where absent."""
    parent_pid: int | None = None
    watches_stdin: bool = False

    @property
    def start_time(self) -> time | None:
        """Return the time of day to start at, None for "open" and "live"."""
        return None if self.clock in ("open", "live") else time.fromisoformat(self.clock.rpartition("T")[2])

    @property
    def is_dated(self) -> bool:
        """Say whether `clock` names a date too."""
        return "T" in self.clock

    def start_moment(self, now: datetime) -> datetime | None:
        """Return when to start: on the date that `clock` names or that of `now`; None as `start_time`."""
        time_of_day = self.start_time
        if time_of_day is None:
            return None
        day = self.clock.rpartition("T")[0]
        return datetime.combine(date.fromisoformat(day) if day else now.date(), time_of_day, now.tzinfo)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; `kis-terminal sim` uses it too."""
    parser = argparse.ArgumentParser(
        prog="kis-terminal sim", description="KIS-compatible exchange on 127.0.0.1 (REST and WebSocket)"
    )
    parser.add_argument(
        "--port", type=_port, default=0, help="REST port of the real-like host (0: a free one)"
    )
    parser.add_argument("--ws-port", type=_port, default=0, help="WebSocket port of the real-like host")
    parser.add_argument("--paper-port", type=_port, default=0, help="REST port of the paper-like host")
    parser.add_argument(
        "--paper-ws-port", type=_port, default=0, help="WebSocket port of the paper-like host"
    )
    parser.add_argument("--ready-file", type=Path, help="written as JSON with all addresses once all listen")
    parser.add_argument("--seed", type=int, default=1, help="seed of everything random in the market")
    parser.add_argument("--speed", type=_positive, default=1.0, help="market seconds per second")
    parser.add_argument(
        "--clock",
        type=_clock,
        default="open",
        help="open (always in session), live, or HH:MM[:SS] or YYYY-MM-DDTHH:MM[:SS] to start at",
    )
    parser.add_argument("--bars", type=Path, help="directory of real daily bars to start from")
    parser.add_argument(
        "--day",
        type=_day,
        metavar="YYYY-MM-DD",
        help="with --bars and --clock HH:MM: the day whose bars are played (without it the last one)",
    )
    parser.add_argument(
        "--replay",
        type=Path,
        metavar="FILE",
        help="play a recorded session (or raw frames, one a line) at --speed; orders are refused",
    )
    parser.add_argument("--limits", choices=("kis", "off"), default="kis", help="call limits: KIS's, or none")
    parser.add_argument("--load-ticks", type=_count, default=0, help="send N synthetic trades a second")
    parser.add_argument("--ping-seconds", type=_positive, default=10.0, help="pause between two PINGPONG")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="SPEC",
        help="let something go wrong, e.g. do=drop,at=answer,path=*/order-cash,nth=1 or the same as JSON; "
        "may be given several times (the language: docs/simulator.md)",
    )
    parser.add_argument(
        "--columns",
        type=_columns,
        metavar="TRADE,BOOK,NOTICE",
        help="columns of the frames for clients that know older ones: 46 or 47, 59, 62 or 63, 23 or 26",
    )
    parser.add_argument("--parent-pid", type=int, help="end when this process is gone")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input ends")
    return parser


def read_options(arguments: Sequence[str] | None = None) -> SimulatorOptions:
    """Return the options of a command line (without the program's name)."""
    parser = build_parser()
    values = parser.parse_args(arguments)
    has_time = values.clock not in ("open", "live") and "T" not in values.clock
    if values.day is not None and (values.bars is None or not has_time):
        parser.error("--day needs --bars DIR and --clock HH:MM")
    if values.replay is not None and (values.bars is not None or values.load_ticks or values.clock != "open"):
        parser.error("--replay plays what was recorded: --bars, --clock and --load-ticks do not go with it")
    return SimulatorOptions(
        port=values.port,
        ws_port=values.ws_port,
        paper_port=values.paper_port,
        paper_ws_port=values.paper_ws_port,
        ready_file=values.ready_file,
        seed=values.seed,
        speed=values.speed,
        clock=values.clock,
        bars=values.bars,
        day=values.day,
        replay=values.replay,
        is_limited=values.limits == "kis",
        load_ticks=values.load_ticks,
        ping_seconds=values.ping_seconds,
        faults=tuple(values.fault),
        columns=values.columns,
        parent_pid=values.parent_pid,
        watches_stdin=values.watch_stdin,
    )


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{value} is no port (0 to 65535)")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):  # not a number is neither
        raise argparse.ArgumentTypeError(f"{text} must be above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} must not be negative")
    return value


def _fault(text: str) -> FaultRule:
    try:
        return read_rule(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _columns(text: str) -> FrameProfile:
    known = " ".join("|".join(map(str, counts)) for counts in _KNOWN_COLUMNS)
    try:
        trade, book, notice = (int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not three numbers joined by commas: {known}") from None
    if any(count not in counts for count, counts in zip((trade, book, notice), _KNOWN_COLUMNS, strict=True)):
        raise argparse.ArgumentTypeError(f"{text}: known are {known}")
    return FrameProfile(trade_columns=trade, book_columns=book, notice_columns=notice)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day like 2024-09-12") from None


def _clock(text: str) -> str:
    if text not in ("open", "live"):
        try:
            day, _, time_of_day = text.rpartition("T")
            time.fromisoformat(time_of_day)
            if day:
                date.fromisoformat(day)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{text} is neither open, live nor [YYYY-MM-DDT]HH:MM[:SS]"
            ) from None
    return text
