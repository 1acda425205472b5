"""The symbol master as KIS publishes it: one zip per market, one cp949 row of fixed bytes per listing.

Layout (KIS's own master scripts, checked against real files of 2025-06): 9 short code, 12 standard code,
40 name, then a tail of 227 bytes (KOSPI) or 221 bytes (KOSDAQ). Fields this market does not play are blank.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kis_terminal.adapters.simulator.model import Listing

_ENCODING = "cp949"


@dataclass(frozen=True, slots=True)
class _Tail:
    """Where a market keeps what; offsets into the tail, in bytes."""

    width: int
    base_price: int
    lot: int
    margin_rate: int
    previous_volume: int
    face_value: int
    listing_date: int
    listed_thousands: int


_TAILS = {
    "KOSPI": _Tail(227, 41, 50, 74, 81, 93, 105, 113),
    "KOSDAQ": _Tail(221, 36, 45, 69, 76, 88, 100, 108),
}
FILE_NAMES = {"kospi_code.mst.zip": "KOSPI", "kosdaq_code.mst.zip": "KOSDAQ"}


def _row(listing: Listing) -> bytes:
    layout = _TAILS[listing.market]
    tail = bytearray(b" " * layout.width)

    def put(offset: int, text: str) -> None:
        tail[offset : offset + len(text)] = text.encode("ascii")

    put(0, "EF" if listing.kind == "etf" else "ST")
    put(layout.base_price, f"{listing.base_price:09d}")
    put(
        layout.lot, "00001" + "00001" + "NNN" + "00" + "NNN"
    )  # lot, after-hours lot, halted.., warning, flags
    put(layout.margin_rate, "020Y090")
    put(layout.previous_volume, f"{listing.average_volume:012d}")
    put(layout.face_value, f"{listing.face_value:012d}")
    put(layout.listing_date, f"{listing.listing_date:%Y%m%d}")
    put(layout.listed_thousands, f"{listing.listed_shares // 1000:015d}")
    name = listing.name.encode(_ENCODING)[:40]
    head = f"{listing.symbol:<9}{listing.standard_code:<12}".encode("ascii")
    return head + name.ljust(40) + bytes(tail) + b"\n"


def master_zip(listings: Iterable[Listing], file_name: str) -> bytes:
    """Return the zip file of one market; raises KeyError for a name that KIS does not publish here."""
    market = FILE_NAMES[file_name]
    rows: Sequence[bytes] = [_row(listing) for listing in listings if listing.market == market]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(file_name.removesuffix(".zip"), b"".join(rows))
    return packed.getvalue()
