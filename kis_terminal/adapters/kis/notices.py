"""Execution notices: keep them until their key is there, decrypt them, read them.

Columns: H0STCNI0 (paper H0STCNI9), KIS workbook 2026-06-03 and PROTOCOL.md 5.6; 23 or 26 columns, the same up
to index 17. No text of a notice is quoted in an error: it holds the account and the owner's name.
"""

from __future__ import annotations

from kis_terminal.adapters.kis.frames import NoticeCipher, StreamFrame, records
from kis_terminal.adapters.kis.memo import read_count, read_number, read_time
from kis_terminal.adapters.kis.plain_text import plain
from kis_terminal.adapters.kis.stream_columns import NOTICE, NOTICE_NAME_INDEX_23, NOTICE_NAME_INDEX_26
from kis_terminal.domain.errors import FrameError
from kis_terminal.domain.orders import ExecutionNotice, NoticeKind, PendingChange, Side

NOTICE_TR_IDS = frozenset(NOTICE.tr_ids)
_KEPT = 500
_SIDES = {"01": Side.SELL, "02": Side.BUY}
_CHANGES = {"0": PendingChange.NONE, "1": PendingChange.AMEND, "2": PendingChange.CANCEL}


class NoticeReader:
    """Read the notices of one connection; what comes before the key is kept and read with it."""

    def __init__(self) -> None:
        self._ciphers: list[NoticeCipher] = []
        self._waiting: list[StreamFrame] = []

    @property
    def waiting(self) -> int:
        """Return how many frames wait for the key."""
        return len(self._waiting)

    def take_key(self, key: str, iv: str) -> list[StreamFrame]:
        """Use this key from now on and return the kept frames, which can be given to `read` now."""
        cipher = NoticeCipher(key, iv)
        # Frames sealed with the key before may still be on their way after a new subscription.
        self._ciphers = [cipher, *self._ciphers[:1]]
        kept, self._waiting = self._waiting, []
        return kept

    def read(self, frame: StreamFrame) -> list[ExecutionNotice]:
        """Return every notice of the frame, or none when it has to wait for the key; raises FrameError."""
        if not frame.is_encrypted:
            return read_notices(frame.tr_id, frame.payload, frame.record_count)
        if not self._ciphers:
            if len(self._waiting) >= _KEPT:
                raise FrameError(f"{frame.tr_id}: more than {_KEPT} notices came before their key")
            self._waiting.append(frame)
            return []
        newest, *older = self._ciphers
        try:
            return read_notices(frame.tr_id, newest.decrypt(frame.payload), frame.record_count)
        except FrameError:
            if not older:
                raise
        return read_notices(frame.tr_id, older[0].decrypt(frame.payload), frame.record_count)


def read_notices(tr_id: str, plain: str, count: int) -> list[ExecutionNotice]:
    """Read every record of a decrypted payload; raises FrameError."""
    return [_read_notice(tr_id, fields) for fields in records(tr_id, plain, count, NOTICE.minimum)]


def _read_notice(tr_id: str, fields: list[str]) -> ExecutionNotice:
    order_number = fields[2].strip()
    if not order_number.isascii() or not order_number.isalnum():
        raise FrameError(f"{tr_id} ODER_NO: the notice has no order number")
    side = _SIDES.get(fields[4])
    change = _CHANGES.get(fields[5])
    if side is None or change is None:
        raise FrameError(f"{tr_id} SELN_BYOV_CLS, RCTF_CLS: the notice has an unknown side or kind of order")
    try:
        quantity = read_count(fields[9])
        price = read_number(fields[10])
        seconds = read_time(fields[11])
        order_quantity = read_count(fields[16]) if fields[16] else 0
    except ValueError as error:
        # Without the cause: its text would quote the notice.
        raise FrameError(f"{tr_id}: quantity, price or time of the notice cannot be read") from error
    return ExecutionNotice(
        order_number=order_number,
        original_number=fields[3].strip(),
        symbol=fields[8].strip(),
        side=side,
        kind=_kind(fields[12], fields[13], fields[14]),
        change=change,
        quantity=quantity,
        price=price,
        seconds=seconds,
        order_quantity=order_quantity,
        name=_name(fields),
    )


def _kind(refused: str, executed: str, accepted: str) -> NoticeKind:
    if refused == "1":
        return NoticeKind.REJECT
    if executed == "2":
        return NoticeKind.FILL
    if accepted == "3":
        return NoticeKind.LEFTOVER_CANCELLED
    return NoticeKind.RECEIPT


def _name(fields: list[str]) -> str:
    """Return the symbol's name, which stands elsewhere in the longer layout."""
    if len(fields) >= 26:
        return plain(fields[NOTICE_NAME_INDEX_26].strip())
    return plain(fields[NOTICE_NAME_INDEX_23].strip()) if len(fields) >= 23 else ""
