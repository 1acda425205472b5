"""Columns of the streams that the program reads itself: index, wire name, our name.

Source: KIS workbook edition 2026-06-03, live frames of July 2026, KIS notice of 2026-09-09 (checked
2026-11-22). Columns are appended over time, so a record is read by position up to what its row here names.
All other streams are read by the catalogue's layouts (`catalog/`), which this module does not load.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from kis_terminal.adapters.kis.memo import read_count, read_number, read_time
from kis_terminal.domain.errors import FrameError

Column = tuple[int, str, str]
_SYMBOL = re.compile(r"[0-9A-Z]{4,12}", re.ASCII)


def is_symbol(text: str) -> bool:
    """Tell whether a text can be a symbol; new ones hold letters, ETN begin with Q."""
    return _SYMBOL.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class StreamColumns:
    """One typed stream.

    minimum: fewest fields that hold every column we read; known: record lengths seen or documented.
    """

    tr_ids: tuple[str, ...]
    minimum: int
    known: frozenset[int]
    columns: tuple[Column, ...]

    def wire_name(self, index: int) -> str:
        """Return KIS's name of a column."""
        return next(name for number, name, _ in self.columns if number == index)

    def raise_unreadable(self, fields: Sequence[str]) -> NoReturn:
        """Raise the FrameError that names the TR, the first column that cannot be read, and its text."""
        for index, wire_name, our_name in self.columns:
            text = fields[index]
            try:
                if our_name == "symbol":
                    if not is_symbol(text):
                        raise ValueError(f"{text[:24]!a} is not a symbol")
                elif our_name == "seconds":
                    read_time(text)
                elif "size" in our_name or our_name == "volume":
                    read_count(text)
                elif "price" in our_name:
                    read_number(text)
            except ValueError as error:
                raise FrameError(f"{self.tr_ids[0]} {wire_name}: {error}") from error
        raise FrameError(f"{self.tr_ids[0]}: a record of {len(fields)} fields cannot be read")


TRADE = StreamColumns(
    tr_ids=("H0STCNT0",),
    minimum=46,
    known=frozenset({46, 47}),  # 47 since 2026-09-14: MARKET_CLS_CODE
    columns=(
        (0, "MKSC_SHRN_ISCD", "symbol"),
        (1, "STCK_CNTG_HOUR", "seconds"),
        (2, "STCK_PRPR", "price"),
        (3, "PRDY_VRSS_SIGN", "sign"),
        (4, "PRDY_VRSS", "change"),
        (5, "PRDY_CTRT", "change_rate"),
        (7, "STCK_OPRC", "open"),
        (8, "STCK_HGPR", "high"),
        (9, "STCK_LWPR", "low"),
        (10, "ASKP1", "ask"),
        (11, "BIDP1", "bid"),
        (12, "CNTG_VOL", "size"),
        (13, "ACML_VOL", "volume"),
        (14, "ACML_TR_PBMN", "turnover"),
        (18, "CTTR", "strength"),
        (21, "CCLD_DVSN", "aggressor"),
        (35, "TRHT_YN", "is_halted"),
    ),
)
BOOK = StreamColumns(
    tr_ids=("H0STASP0",),
    minimum=59,
    known=frozenset(
        {59, 62, 63}
    ),  # 62 live since June 2026: KRX mid price, size, side; 63 with MARKET_CLS_CODE
    columns=(
        (0, "MKSC_SHRN_ISCD", "symbol"),
        (1, "BSOP_HOUR", "seconds"),
        (2, "HOUR_CLS_CODE", "phase"),
        *((2 + level, f"ASKP{level}", f"ask price {level}") for level in range(1, 11)),
        *((12 + level, f"BIDP{level}", f"bid price {level}") for level in range(1, 11)),
        *((22 + level, f"ASKP_RSQN{level}", f"ask size {level}") for level in range(1, 11)),
        *((32 + level, f"BIDP_RSQN{level}", f"bid size {level}") for level in range(1, 11)),
        (43, "TOTAL_ASKP_RSQN", "total_ask_size"),
        (44, "TOTAL_BIDP_RSQN", "total_bid_size"),
        (47, "ANTC_CNPR", "expected_price"),
        (48, "ANTC_CNQN", "expected_size"),
    ),
)
STATUS = StreamColumns(
    tr_ids=("H0STMKO0",),
    minimum=10,  # KIS's own example has 10 of the 11 documented
    known=frozenset({10, 11}),
    columns=(
        (0, "MKSC_SHRN_ISCD", "symbol"),
        (1, "TRHT_YN", "is_halted"),
        (2, "TR_SUSP_REAS_CNTT", "reason"),
        (3, "MKOP_CLS_CODE", "code"),
        (4, "ANTC_MKOP_CLS_CODE", "expected_code"),
        (8, "VI_CLS_CODE", "is_vi"),
        (9, "OVTM_VI_CLS_CODE", "is_vi after hours"),
    ),
)
NOTICE = StreamColumns(
    tr_ids=("H0STCNI0", "H0STCNI9"),
    minimum=18,  # by position up to 17; what follows differs between the 23 and the 26 column layout
    known=frozenset({23, 26}),
    columns=(
        (2, "ODER_NO", "order_number"),
        (3, "OODER_NO", "original_number"),
        (4, "SELN_BYOV_CLS", "side"),
        (5, "RCTF_CLS", "change"),
        (8, "STCK_SHRN_ISCD", "symbol"),
        (9, "CNTG_QTY", "quantity"),
        (10, "CNTG_UNPR", "price"),
        (11, "STCK_CNTG_HOUR", "seconds"),
        (12, "RFUS_YN", "kind: 1 rejected"),
        (13, "CNTG_YN", "kind: 2 fill"),
        (14, "ACPT_YN", "kind: 3 rest cancelled"),
        (16, "ODER_QTY", "order_quantity"),
    ),
)
NOTICE_NAME_INDEX_26 = 24
NOTICE_NAME_INDEX_23 = 18
