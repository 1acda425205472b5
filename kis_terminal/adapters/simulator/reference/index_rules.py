"""Which indices there are and which names count in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kis_terminal.adapters.simulator.model import Listing


@dataclass(frozen=True, slots=True)
class IndexRule:
    """Describe an index; `level` is where it stood before the exchange's first day (0: of the seed)."""

    code: str
    name: str
    market: str
    level: float = 0.0
    sector: str = ""
    takes_preferred: bool = True

    def holds(self, listing: Listing) -> bool:
        """Say whether `listing` counts."""
        if listing.kind != "stock" or listing.market != self.market:
            return False
        if self.sector and listing.sector != self.sector:
            return False
        return self.takes_preferred or listing.symbol.endswith("0")


# Levels fit the listings' invented prices (KODEX 200 stands at a hundred times KOSPI 200). Sector codes are
# KIS's as far as they are known; nothing confirms those of KOSDAQ.
_WHOLE = (
    IndexRule("0001", "종합", "KOSPI", 3_413.07),
    IndexRule("1001", "KOSDAQ", "KOSDAQ", 871.24),
    IndexRule("2001", "KOSPI200", "KOSPI", 454.35, takes_preferred=False),
)
_SECTORS = {
    "KOSPI": (
        "0005 음식료·담배|0008 화학|0009 제약|0011 금속|0012 기계·장비|0013 전기·전자|0014 의료·정밀기기|"
        "0015 운송장비·부품|0016 유통|0017 전기·가스|0019 운송·창고|0020 통신|0021 금융|0024 증권|0025 보험|"
        "0027 기타제조|0029 IT 서비스|0030 오락·문화"
    ),
    "KOSDAQ": (
        "1011 유통|1014 금융|1015 오락·문화|1024 제약|1027 기계·장비|1028 전기·전자|1029 의료·정밀기기|"
        "1030 운송장비·부품|1032 IT 서비스"
    ),
}


def _all() -> dict[str, IndexRule]:
    rules = {rule.code: rule for rule in _WHOLE}
    for market, text in _SECTORS.items():
        for word in text.split("|"):
            code, _, sector = word.partition(" ")
            rules[code] = IndexRule(code, sector, market, sector=sector)
    return rules


INDICES: Mapping[str, IndexRule] = MappingProxyType(_all())
"""By code."""


def sector_code(listing: Listing) -> str:
    """Return the code of the index of `listing`'s sector, 0000 where there is none."""
    for rule in INDICES.values():
        if rule.sector and rule.holds(listing):
            return rule.code
    return "0000"
