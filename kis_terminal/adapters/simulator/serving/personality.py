"""Say how the real-like and the paper-like host differ.

Source: KIS documents as noted in docs/kis-api.md, state of 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Personality:
    """Hold everything in which one host differs from the other."""

    name: str
    is_paper: bool
    requests_per_second: int
    balance_rows: int
    order_rows: int
    open_order_rows: int
    notice_tr: str
    streams: frozenset[str]

    def notice_trs(self) -> frozenset[str]:
        """Return the streams of this host whose frames are encrypted."""
        return frozenset({self.notice_tr})


REAL = Personality(
    name="real",
    is_paper=False,
    requests_per_second=18,
    balance_rows=50,
    order_rows=100,
    open_order_rows=50,
    notice_tr="H0STCNI0",
    streams=frozenset(
        {
            *("H0STCNT0", "H0STASP0", "H0STCNI0", "H0STMKO0"),
            *("H0UNCNT0", "H0UNASP0", "H0UNMKO0", "H0NXCNT0", "H0NXASP0", "H0NXMKO0"),
            *("H0UPCNT0", "H0UPANC0", "H0UPPGM0", "HDFSCNT0", "HDFSASP0", "HDFSASP1"),
            *("H0IFCNT0", "H0IFASP0", "H0IOCNT0", "H0IOASP0"),
        }
    ),
)

PAPER = Personality(
    name="paper",
    is_paper=True,
    requests_per_second=1,
    balance_rows=20,
    order_rows=15,
    open_order_rows=50,
    notice_tr="H0STCNI9",
    streams=frozenset({"H0STCNT0", "H0STASP0", "H0STCNI9"}),
)
