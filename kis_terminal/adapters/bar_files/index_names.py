"""Which index a file of bars is of, by its name."""

from __future__ import annotations

import re
from types import MappingProxyType

_INDEX_NAMES = MappingProxyType(
    {
        **dict.fromkeys(("KOSPI", "코스피", "KS11"), "0001"),
        **dict.fromkeys(("KOSDAQ", "코스닥", "KQ11"), "1001"),
        **dict.fromkeys(("KOSPI200", "코스피200", "KS200"), "2001"),
    }
)
"""What files of indices are called, FinanceDataReader's names among them, and KIS's codes."""
_INDEX_CODE = re.compile(r"(?<!\d)(\d{4})(?!\d)")


def index_of_name(stem: str) -> str:
    """Return the index that a file's name tells, by its code or as people call it; "" for none."""
    words = re.split(r"[^0-9A-Z가-힣]+", stem.upper())
    named = next((_INDEX_NAMES[word] for word in words if word in _INDEX_NAMES), "")
    match = _INDEX_CODE.search(stem.replace("_", " "))
    return named or (match[1] if match is not None else "")
