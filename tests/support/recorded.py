"""A session of the program's own adapter with its recorder running, and what a recording holds."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.feed import KisFeed
from kis_terminal.adapters.kis.timing import FeedTiming
from kis_terminal.adapters.recording.recorder import SessionRecorder
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.market import Tick
from kis_terminal.domain.orders import ExecutionNotice
from kis_terminal.domain.recording import Record, RecordingHeader, read_header, read_record, stream_lines
from kis_terminal.ports import BookUpdate, FeedListener, Stream, SubscriptionState
from kis_terminal.settings import KisAccess, Secret


@dataclass(frozen=True, slots=True)
class Session:
    """One connected adapter and what its feed has told."""

    broker: KisBroker
    feed: KisFeed
    recorder: SessionRecorder
    ticks: list[Tick]
    books: list[BookUpdate]
    notices: list[ExecutionNotice]
    confirmed: set[tuple[Stream, str]]


@asynccontextmanager
async def session(
    access: KisAccess, record_to: Path | None = None, *, learns: Callable[[str], None] | None = None
) -> AsyncIterator[Session]:
    """Connect to an exchange with an app key of its own, recording to `record_to` where it is given."""
    access = replace(access, appkey=Secret(secrets.token_hex(18)))
    clock = SystemClock()
    recorder = SessionRecorder(clock, access.environment.value)
    recorder.masker.learn(access.appkey.reveal(), access.appsecret.reveal())
    recorder.masker.account(access.cano)
    recorder.masker.learn_word(access.hts_id)

    def learn(secret: str) -> None:
        recorder.masker.learn(secret)
        if learns is not None:
            learns(secret)

    if learns is not None:
        learns(access.appkey.reveal())
    broker = KisBroker(access, clock, on_secret=learn, tap=recorder)
    feed = KisFeed(
        ws_url=access.ws_url,
        environment=access.environment,
        hts_id=access.hts_id,
        approval_key=broker.approval_key,
        invalidate_approval=lambda: None,
        clock=clock,
        timing=FeedTiming(command_gap=0.002),
        tap=recorder,
    )
    made = Session(broker, feed, recorder, [], [], [], set())

    def subscribed(stream: Stream, symbol: str, state: SubscriptionState, text: str) -> None:
        if state is SubscriptionState.CONFIRMED:
            made.confirmed.add((stream, symbol))

    feed.listen(
        FeedListener(
            on_ticks=made.ticks.extend,
            on_book=made.books.append,
            on_notice=made.notices.append,
            on_status=lambda status: None,
            on_link=lambda state, text: None,
            on_subscription=subscribed,
            on_gap=lambda reason: None,
        )
    )
    if record_to is not None:
        recorder.start(record_to)
    try:
        yield made
    finally:
        await feed.close()
        await broker.close()
        await recorder.close()


def read_recording(path: Path) -> tuple[RecordingHeader, list[Record]]:
    """Return what one file holds; a torn last line is left out."""
    lines = list(stream_lines([path.read_bytes()]))
    records = [read_record(line) for line in lines[1:] if line.endswith("}")]
    return read_header(lines[0]), records


def plain_text(path: Path) -> str:
    """Return everything in a file as it stands there, decompressed."""
    return "\n".join(stream_lines([path.read_bytes()]))
