"""What other programs call the columns of their bars."""

from __future__ import annotations

from types import MappingProxyType

_ROLES = MappingProxyType(
    {
        "date": ("date", "day", "time", "datetime", "timestamp", "일자", "날짜", "stck_bsop_date", "xymd"),
        "open": ("open", "cur_pr", "시가", "stck_oprc"),
        "high": ("high", "high_pr", "고가", "stck_hgpr"),
        "low": ("low", "low_pr", "저가", "stck_lwpr"),
        "close": ("close", "clo_pr", "종가", "stck_clpr", "clos"),
        "volume": ("volume", "acc_vol", "거래량", "acml_vol", "tvol"),
        "rate": ("change", "등락률"),
        "difference": ("changes", "pr_diff", "전일비", "대비"),
        "symbol": ("code", "ticker", "symbol", "종목코드", "단축코드"),
    }
)
ROLE_OF = MappingProxyType({name: role for role, names in _ROLES.items() for name in names})
"""A header in lower case, and the role of its column."""
