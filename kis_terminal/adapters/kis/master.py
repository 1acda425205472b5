"""Today's list of instruments: download, check, parse, keep the last good one.

A file that is cut, of another width or without rows is refused as a whole: names shifted by a byte would be
traded under. The last good file is used then, with its date said.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import secrets
import zlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from kis_terminal.adapters.kis.environment import KST
from kis_terminal.adapters.kis.master_layout import (
    ENCODING,
    ETN_CLASSES,
    LAYOUTS,
    NAME,
    OTHER_GROUPS,
    SHORT_CODE,
    STANDARD_CODE,
    TRADED_GROUPS,
    MasterLayout,
)
from kis_terminal.adapters.kis.plain_text import plain
from kis_terminal.domain.errors import BrokerAnswerError, BrokerUnreachable, TerminalError
from kis_terminal.domain.instruments import Instrument, InstrumentKind
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock

log = logging.getLogger(__name__)

_LARGEST_BYTES = 32 * 1024 * 1024
_FLAGS = frozenset({b"Y", b"N", b" "})
_ANOTHER_DAY = timedelta(hours=6, minutes=30)
"""The files of a day are out before the first session; what was fetched earlier belongs to the day before."""


class MasterFiles:
    """Symbol master of KOSPI and KOSDAQ as `ports.MasterSource`."""

    def __init__(
        self,
        url: str,
        download: Callable[[str], Awaitable[bytes]],
        clock: Clock,
        *,
        folder: Path | None,
    ) -> None:
        """`folder` keeps the last good files; None keeps none, as for the embedded exchange."""
        self._url = url.rstrip("/")
        self._download = download
        self._clock = clock
        self._folder = folder

    async def instruments(self) -> Sequence[Instrument]:
        """Return all instruments, from today's kept files if there are, else downloaded.

        Raises TerminalError when there is neither a good download nor a kept file.
        """
        lists = [await self._of_market(layout) for layout in LAYOUTS]
        return [instrument for listed in lists for instrument in listed]

    async def _of_market(self, layout: MasterLayout) -> list[Instrument]:
        kept = await asyncio.to_thread(self._kept, layout)
        if kept is not None and kept[1] == self._trading_day(self._clock.now()):
            try:
                return await asyncio.to_thread(parse_master, layout, kept[0])
            except BrokerAnswerError as error:
                log.warning("the kept master is not used: %s", error)
                kept = None
        try:
            content = await self._download(f"{self._url}/{layout.file_name}.zip")
            listed, rows = await asyncio.to_thread(_unpack_and_parse, layout, content)
        except TerminalError as error:
            if kept is None:
                raise
            log.warning("today's %s is not used, the one of %s is: %s", layout.file_name, kept[1], error)
            return await asyncio.to_thread(parse_master, layout, kept[0])
        await asyncio.to_thread(self._keep, layout, rows)
        return listed

    def _trading_day(self, moment: datetime) -> date:
        return (moment.astimezone(KST) - _ANOTHER_DAY).date()

    def _kept(self, layout: MasterLayout) -> tuple[bytes, date] | None:
        if self._folder is None:
            return None
        path = self._folder / layout.file_name
        try:
            written = datetime.fromtimestamp(path.stat().st_mtime, KST)
            return path.read_bytes(), self._trading_day(written)
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("the kept master %s cannot be read: %s", path, error.strerror)
            return None

    def _keep(self, layout: MasterLayout, rows: bytes) -> None:
        if self._folder is None:
            return
        temporary = self._folder / f".{layout.file_name}.{secrets.token_hex(4)}"
        moment = self._clock.now().timestamp()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(rows)
            os.utime(temporary, (moment, moment))
            temporary.replace(self._folder / layout.file_name)
        except OSError as error:
            log.warning("the master cannot be kept in %s: %s", self._folder, error.strerror)
            temporary.unlink(missing_ok=True)


def _unpack_and_parse(layout: MasterLayout, content: bytes) -> tuple[list[Instrument], bytes]:
    rows = unpack(layout, content)
    return parse_master(layout, rows), rows


def unpack(layout: MasterLayout, content: bytes) -> bytes:
    """Return the file inside the zip; raises BrokerUnreachable for one that came broken."""
    import zipfile  # costs milliseconds that the start does not have

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entry = next(item for item in archive.infolist() if item.filename.endswith(layout.file_name))
            if entry.file_size > _LARGEST_BYTES:
                raise BrokerUnreachable(
                    Sentence(
                        "{file}.zip: 파일이 너무 큽니다({size}바이트).",
                        file=layout.file_name,
                        size=entry.file_size,
                    )
                )
            return archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, StopIteration, NotImplementedError) as error:
        raise BrokerUnreachable(
            Sentence(
                "{file}.zip 파일이 깨져 있습니다({size}바이트).", file=layout.file_name, size=len(content)
            )
        ) from error


def parse_master(layout: MasterLayout, content: bytes) -> list[Instrument]:
    """Return the instruments of a master file; raises BrokerAnswerError when it does not have its layout."""
    lines = content.split(b"\n")
    if lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise BrokerAnswerError(Sentence("{file}: 종목이 하나도 없습니다.", file=layout.file_name))
    found: list[Instrument] = []
    for number, line in enumerate(lines, 1):
        row = line.removesuffix(b"\r")
        if len(row) != layout.row_bytes:
            raise BrokerAnswerError(
                Sentence(
                    "{file} {line}번째 줄이 {size}바이트입니다(맞는 길이 {right}).",
                    file=layout.file_name,
                    line=number,
                    size=len(row),
                    right=layout.row_bytes,
                )
            )
        instrument = _read_row(layout, row, number)
        if instrument is not None:
            found.append(instrument)
    if not found:
        raise BrokerAnswerError(
            Sentence("{file}: 거래할 수 있는 종목이 하나도 없습니다.", file=layout.file_name)
        )
    return found


def _read_row(layout: MasterLayout, row: bytes, number: int) -> Instrument | None:
    try:
        symbol = row[SHORT_CODE].decode("ascii").rstrip()
        standard_code = row[STANDARD_CODE].decode("ascii").rstrip()
        name = plain(row[NAME].decode(ENCODING).strip())
        group = row[layout.group].decode("ascii")
        price = row[layout.base_price].decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise BrokerAnswerError(
            Sentence(
                "{file} {line}번째 줄을 읽을 수 없습니다(열이 밀림).", file=layout.file_name, line=number
            )
        ) from error
    halted, liquidation = row[layout.halted], row[layout.liquidation]
    is_sound = halted in _FLAGS and liquidation in _FLAGS and (not price or price.isdigit())
    if not is_sound or not symbol or not name:
        raise BrokerAnswerError(
            Sentence(
                "{file} {line}번째 줄의 열이 맞지 않습니다(종목 '{symbol}').",
                file=layout.file_name,
                line=number,
                symbol=symbol,
            )
        )
    kind = TRADED_GROUPS.get(group)
    if kind is None:
        if group not in OTHER_GROUPS:
            log.info("%s: %s has the unknown group %s and is left out", layout.file_name, symbol, group)
        return None
    if row[layout.etp_class].decode("ascii", "replace") in ETN_CLASSES:
        kind = InstrumentKind.ETN
    return Instrument(
        symbol=symbol,
        name=name,
        market=layout.market,
        kind=kind,
        standard_code=standard_code,
        base_price=Decimal(price) if price and int(price) else None,
        is_halted=halted == b"Y",
        is_liquidation=liquidation == b"Y",
    )
