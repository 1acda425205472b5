"""What the protocol notes and recorded frames say about stream columns; read by build_catalog.py."""

from __future__ import annotations

from catalog.decisions import NOTES

ENCRYPTED = {"H0STCNI0", "H0GSCNI0", "H0IFCNI0", "H0MFCNI0", "H0EUCNI0", "HDFFF1C0", "HDFFF2C0"}

PAPER = {
    "H0STCNT0": "H0STCNT0",
    "H0STASP0": "H0STASP0",
    "H0STCNI0": "H0STCNI9",
    "H0IFCNI0": "H0IFCNI9",
    "H0GSCNI0": "H0GSCNI9",
}

# Columns that are appended to the documented list: (wire name, label).
APPENDED: dict[str, list[tuple[str, str]]] = {
    **{tr: [("MARKET_CLS_CODE", "시장구분코드")] for tr in ("H0STCNT0", "H0UNCNT0", "H0NXCNT0")},
    "H0STASP0": [
        ("KMID_PRC", "KRX 중간가"),
        ("KMID_TOTAL_RSQN", "KRX 중간가잔량합계수량"),
        ("KMID_CLS_CODE", "KRX 중간가 매수매도 구분"),
    ],
}

# Lengths beside the longest one that were recorded or are documented.
WIDTHS: dict[str, list[int]] = {
    "H0STCNT0": [46],
    "H0UNCNT0": [46],
    "H0NXCNT0": [46],
    "H0STASP0": [59],
    "H0STMKO0": [10],
    "H0MFCNT0": [46],
    "H0EUCNT0": [53],
    "H0STCNI0": [23],
    "H0UPANC0": [15],
    "H0MFASP0": [46],
}

# Leading columns that stand in the same place in every layout, where that is fewer than all.
STABLE = {"H0STCNI0": 18, "H0UPANC0": 10, "H0STASP0": 59, "H0UNASP0": 59, "H0NXASP0": 59, "H0STOAA0": 12}

HEADS: dict[str, int] = {"H0STCNI0": 18, "H0UPANC0": 10}
"""Columns that an other layout shares with the documented one, before its own tail."""

TAILS: dict[str, dict[int, list[str]]] = {
    "H0STCNI0": {23: ["CNTG_ISNM", "CRDT_CLS", "CRDT_LOAN_DATE", "CNTG_ISNM40", "ODER_PRC"]},
    "H0UPANC0": {
        15: ["UPLM_ISSU_CNT", "ASCN_ISSU_CNT", "STNR_ISSU_CNT", "DOWN_ISSU_CNT", "LSLM_ISSU_CNT"],
    },
}

DECISIONS: dict[str, list[list[str]]] = {
    **{
        tr: [["columns", "47, last MARKET_CLS_CODE (since 2026-09-14)", "46", NOTES]]
        for tr in ("H0STCNT0", "H0UNCNT0", "H0NXCNT0")
    },
    "H0STASP0": [["columns", "62, KRX mid price, quantity, side appended", "59", NOTES]],
    "H0STCNI0": [["columns", "23 or 26", "26", NOTES]],
    "H0STOAA0": [["columns", "54 documented with nine levels, 58 recorded with ten", "54", NOTES]],
    "H0UPANC0": [["columns", "30 documented, 15 recorded", "30", NOTES]],
    "H0STMKO0": [["columns", "11 documented, 10 recorded", "11", NOTES]],
    "H0MFCNT0": [["columns", "49 documented, 46 recorded", "49", NOTES]],
    "H0MFASP0": [["columns", "38 documented, 46 recorded with eight unnamed ones", "38", NOTES]],
    "HDFSASP0": [["columns", "71, ten levels", "77, the third level twice", NOTES]],
}

REMARKS: dict[str, list[str]] = {
    "H0STASP0": [
        "MARKET_CLS_CODE was added on 2026-09-14 at a place that is not confirmed; "
        "the mid price names are those of the unified book."
    ],
    "H0UNASP0": ["ANTC_EXCH_CLS_CODE was added on 2026-09-14 at a place that is not confirmed."],
    "H0NXASP0": ["ANTC_EXCH_CLS_CODE was added on 2026-09-14 at a place that is not confirmed."],
    "H0STCNI0": ["Subscribe with the HTS ID; read by position only up to index 17."],
    "H0STOUP0": ["Lost its market on 2026-09-14; the after-market uses the normal streams."],
    "H0STOAA0": ["Lost its market on 2026-09-14; the after-market uses the normal streams."],
    "H0STOAC0": ["Lost its market on 2026-09-14; the after-market uses the normal streams."],
}

# Streams whose tr_key is the HTS ID, whatever the examples call it.
HTS_ID = {"H0STCNI0", "H0GSCNI0", "H0IFCNI0", "H0MFCNI0", "H0EUCNI0", "HDFFF1C0", "HDFFF2C0"}


def after_hours_book(documented: list[str]) -> list[str]:
    """Return the recorded ten-level form of the after-hours book from the documented nine-level list."""
    columns: list[str] = []
    for column in documented:
        columns.append(column)
        if column.endswith("9"):
            columns.append(f"{column[:-1]}10")
    return columns


def without_repetition(documented: list[str]) -> list[str]:
    """Drop columns that the document prints twice."""
    return list(dict.fromkeys(documented))
