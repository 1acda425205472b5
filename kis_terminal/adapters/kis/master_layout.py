"""Where KIS's symbol master files keep what; all counts are bytes of cp949, not characters.

Source: KIS's own master scripts (stocks_info), checked against published files of 2025-06.
"""

from __future__ import annotations

from dataclasses import dataclass

from kis_terminal.domain.instruments import InstrumentKind, Market

ENCODING = "cp949"
SHORT_CODE = slice(0, 9)
STANDARD_CODE = slice(9, 21)
NAME = slice(21, 61)
HEAD_BYTES = 61


@dataclass(frozen=True, slots=True)
class MasterLayout:
    """One market's file: its name, the width of the part after the name, and the fields we read."""

    market: Market
    file_name: str
    tail_bytes: int
    group: slice
    etp_class: slice
    base_price: slice
    halted: slice
    liquidation: slice

    @property
    def row_bytes(self) -> int:
        """Return the bytes of one row without its line end."""
        return HEAD_BYTES + self.tail_bytes


def _tail(offset: int, width: int) -> slice:
    return slice(HEAD_BYTES + offset, HEAD_BYTES + offset + width)


LAYOUTS = (
    MasterLayout(
        market=Market.KOSPI,
        file_name="kospi_code.mst",
        tail_bytes=227,
        group=_tail(0, 2),
        etp_class=_tail(22, 1),
        base_price=_tail(41, 9),
        halted=_tail(60, 1),
        liquidation=_tail(61, 1),
    ),
    MasterLayout(
        market=Market.KOSDAQ,
        file_name="kosdaq_code.mst",
        tail_bytes=221,
        group=_tail(0, 2),
        etp_class=_tail(18, 1),
        base_price=_tail(36, 9),
        halted=_tail(55, 1),
        liquidation=_tail(56, 1),
    ),
)

TRADED_GROUPS = {
    "ST": InstrumentKind.STOCK,
    "FS": InstrumentKind.STOCK,
    "DR": InstrumentKind.STOCK,
    "RT": InstrumentKind.STOCK,
    "IF": InstrumentKind.STOCK,
    "MF": InstrumentKind.STOCK,
    "SC": InstrumentKind.STOCK,
    "EF": InstrumentKind.ETF,
    "FE": InstrumentKind.ETF,
    "EN": InstrumentKind.ETN,
    "EW": InstrumentKind.ELW,
}
"""Groups that a cash order can name: shares, depositary receipts, REITs, funds listed as shares, ETF, ETN."""
OTHER_GROUPS = frozenset({"BC", "SW", "SR"})
"""Beneficiary certificates, warrants and rights: they stand in the file and have no six-place code."""
ETN_CLASSES = frozenset({"3", "4"})
