"""Fan the exchange's events out to the sockets that registered for them.

A frame is built once for all its receivers and goes to websockets' `broadcast`, which writes without waiting.
A receiver that stops reading is cut off, so that its backlog cannot eat the process.
"""

from __future__ import annotations

from collections.abc import Iterable

from websockets.asyncio.server import ServerConnection, broadcast

from kis_terminal.adapters.simulator.control.fault_line import FaultLine
from kis_terminal.adapters.simulator.model import (
    BookChanged,
    Event,
    MarketStatusChanged,
    OrderFilled,
    OrderReceipt,
    TradePrinted,
)
from kis_terminal.adapters.simulator.reference.streams import ReferenceStreams
from kis_terminal.adapters.simulator.serving.session import Session
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.synthetic.source import SyntheticSource
from kis_terminal.adapters.simulator.wire.frames import (
    BOOK_TR,
    BOOK_TRS,
    NXT_STATUS_TR,
    STATUS_TRS,
    TRADE_TR,
    TRADE_TRS,
    UNIFIED_BOOK_COLUMNS,
    UNIFIED_TRADE_TR,
    FrameProfile,
    book_record,
    encrypted_frame,
    fill_record,
    plain_frames,
    receipt_record,
    status_record,
    trade_record,
)

_LARGEST_BACKLOG = 64 * 1024 * 1024
_KRX_PHASES = frozenset({"", "110", "112", "121", "129", "130", "139", "140", "146", "149"})
"""MKOP_CLS_CODEs of KRX's day that NXT does not live by."""


class StreamHub:
    """Know who registered for what, and send."""

    def __init__(
        self, venue: Venue, profile: FrameProfile | None = None, *, sends_trades: bool = True
    ) -> None:
        self._venue = venue
        self.line = FaultLine(venue.faults)
        # Off while a load is sent: trades of real orders would break its count of cumulative volume.
        self._sends_trades = sends_trades
        self._profile = profile or FrameProfile()
        self._receivers: dict[tuple[str, str], set[ServerConnection]] = {}
        self._notice_sessions: set[Session] = set()
        self._book_totals: dict[tuple[str, str], tuple[int, int]] = {}
        self.synthetic = SyntheticSource(venue)
        """What is not played; a real stream or call of the same id goes before it."""
        self._made_up: dict[tuple[str, str], set[ServerConnection]] = {}
        self.reference = ReferenceStreams(venue)
        """Streams of what is reckoned on demand; no event of the exchange drives them."""

    def register(self, tr_id: str, tr_key: str, connection: ServerConnection) -> None:
        """Let a socket receive a stream of a symbol from now on."""
        self._receivers.setdefault((tr_id, tr_key), set()).add(connection)

    def register_synthetic(self, tr_id: str, tr_key: str, connection: ServerConnection) -> None:
        """Let a socket receive a stream that is not played."""
        self._made_up.setdefault((tr_id, tr_key), set()).add(connection)
        self.register(tr_id, tr_key, connection)

    def withdraw(self, tr_id: str, tr_key: str, connection: ServerConnection) -> None:
        """Stop a stream of a socket."""
        for registered in (self._receivers, self._made_up):
            receivers = registered.get((tr_id, tr_key))
            if receivers is not None:
                receivers.discard(connection)
                if not receivers:
                    del registered[(tr_id, tr_key)]

    def step_reference(self) -> None:
        """Send what is due of indices, markets abroad, futures and options."""
        if self._receivers:
            self.reference.step(self._receivers, self.send)

    def step_synthetic(self) -> None:
        """Send what is due of the streams that are not played; costs nothing while nobody receives any."""
        if self._made_up:
            self.synthetic.streams.step(self._made_up, self.send)

    def register_notices(self, session: Session) -> None:
        """Let a session receive the notices of the accounts that its app key uses."""
        self._notice_sessions.add(session)

    def withdraw_notices(self, session: Session) -> None:
        """Stop a session's notices."""
        self._notice_sessions.discard(session)

    @property
    def registration_count(self) -> int:
        """Return how many streams somebody receives."""
        return len(self._receivers)

    def symbols_of(self, tr_id: str) -> list[str]:
        """Return the symbols that somebody has registered for, in the order of registration."""
        return [key for stream, key in self._receivers if stream == tr_id]

    def receivers_of(self, tr_id: str, tr_key: str) -> frozenset[ServerConnection]:
        """Return the sockets registered for a stream of a symbol."""
        return frozenset(self._receivers.get((tr_id, tr_key), ()))

    def send(self, tr_id: str, tr_key: str, frames: Iterable[str]) -> None:
        """Send frames to everyone registered for the pair."""
        receivers = self._receivers.get((tr_id, tr_key))
        if not receivers:
            return
        self._venue.usage.frames[tr_id] += 1
        if self.line.watches("frame"):
            for frame in frames:
                for connection in list(receivers):
                    self.line.send(connection, frame, "frame", tr_id, tr_key)
        else:
            for frame in frames:
                broadcast(receivers, frame)
        for connection in [one for one in receivers if _backlog(one) > _LARGEST_BACKLOG]:
            connection.transport.abort()

    def flush(self) -> None:
        """Send everything that happened on the exchange since the last call, notices first."""
        events = self._venue.exchange.drain_events()
        if events:
            self.dispatch(events)

    def dispatch(self, events: Iterable[Event]) -> None:
        """Send events: notices in order, then trades joined by symbol, then the latest book of each."""
        trades: dict[tuple[str, str], list[TradePrinted]] = {}
        books: dict[tuple[str, str], None] = {}
        nxt_trades = self._nxt_trades
        for event in events:
            if isinstance(event, TradePrinted):
                if not self._sends_trades:
                    continue
                for tr_id in TRADE_TRS:
                    pair = (tr_id, event.symbol)
                    if pair in self._receivers and (
                        event.venue == "KRX"
                        if tr_id == TRADE_TR
                        else event.venue == "NXT" or nxt_trades or tr_id == UNIFIED_TRADE_TR
                    ):
                        trades.setdefault(pair, []).append(event)
            elif isinstance(event, BookChanged):
                for tr_id in BOOK_TRS:
                    if (tr_id, event.symbol) in self._receivers:
                        books[tr_id, event.symbol] = None
            elif isinstance(event, OrderReceipt | OrderFilled):
                self._send_notice(event)
            else:
                self._send_status(event)
        for (tr_id, symbol), printed in trades.items():
            self._send_trades(tr_id, symbol, printed)
        for tr_id, symbol in books:
            self._send_book(tr_id, symbol)

    @property
    def _nxt_trades(self) -> bool:
        """Return whether NXT is in its main session, where it shares KRX's book and with it every print."""
        return self._venue.exchange.clock.stage(self._venue.now()).nxt == "main"

    def _send_trades(self, tr_id: str, symbol: str, trades: list[TradePrinted]) -> None:
        quote = self._venue.exchange.quote(symbol)
        columns = self._profile.trade_columns
        records = [trade_record(trade, quote, columns) for trade in trades]
        self.send(tr_id, symbol, plain_frames(tr_id, records))

    def _send_book(self, tr_id: str, symbol: str) -> None:
        """Send a book: KRX's, or what NXT and the unified view show."""
        exchange = self._venue.exchange
        is_krx = tr_id == BOOK_TR
        book = exchange.book(symbol, "KRX" if is_krx else "NXT")
        totals = (book.total_ask_size, book.total_bid_size)
        before = self._book_totals.get((tr_id, symbol), totals)
        self._book_totals[tr_id, symbol] = totals
        record = book_record(
            book,
            exchange.quote(symbol),
            ask_step=totals[0] - before[0],
            bid_step=totals[1] - before[1],
            columns=self._profile.book_columns if is_krx else UNIFIED_BOOK_COLUMNS,
        )
        self.send(tr_id, symbol, plain_frames(tr_id, [record]))

    def _send_status(self, event: MarketStatusChanged) -> None:
        self._venue.reference.incidents.note(event)
        for tr_id in STATUS_TRS:
            if tr_id == NXT_STATUS_TR and event.symbol is None and event.code in _KRX_PHASES:
                continue
            exchange = "2" if tr_id == NXT_STATUS_TR else "1"
            for symbol in self.symbols_of(tr_id) if event.symbol is None else [event.symbol]:
                listing = self._venue.exchange.listing(symbol)
                if event.market and (listing is None or listing.market != event.market):
                    continue
                record = status_record(symbol, event, self._profile.status_columns, exchange)
                self.send(tr_id, symbol, plain_frames(tr_id, [record]))

    def _send_notice(self, event: OrderReceipt | OrderFilled) -> None:
        users = self._venue.users_of(event.realm, event.account, event.product)
        account = self._venue.exchange.account(event.account, event.product, realm=event.realm)
        columns = self._profile.notice_columns
        for session in list(self._notice_sessions):
            if session.personality.name != event.realm or session.appkey not in users:
                continue
            for hts_id in session.notice_keys:
                if isinstance(event, OrderFilled):
                    record = fill_record(event, hts_id, account.name, columns)
                else:
                    record = receipt_record(event, hts_id, account.name, columns)
                stream = session.personality.notice_tr
                count, sealed = self.line.seal(session, stream, hts_id, record)
                frame = encrypted_frame(stream, sealed, count)
                self.line.send(session.connection, frame, "frame", stream, hts_id)


def _backlog(connection: ServerConnection) -> int:
    return connection.transport.get_write_buffer_size()
