"""Through which member firms a name was traded: what all of them bought and sold is the day's volume.

Codes and names are those of KIS's member file as far as printed frames show them; who trades how much is
invented, and the same each time it is asked for.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kis_terminal.adapters.simulator.history.made_up_day import seed_for
from kis_terminal.adapters.simulator.model import DailyBar, Listing

ALL_FOREIGN = "99999"
"""The code that asks for the foreign firms together."""


@dataclass(frozen=True, slots=True)
class Member:
    """One firm; `part` is its usual part of all trading."""

    code: str
    name: str
    part: float
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class MemberTrading:
    """What one firm bought and sold of a name, in shares."""

    member: Member
    bought: int
    sold: int


_ROWS = """\
00003 한국증권 0.08|00050 키움증권 0.19|00005 미래에셋증권 0.13|00012 NH투자증권 0.07|00030 삼성증권 0.07|
00017 KB증권 0.06|00002 신한투자증권 0.06|00056 하나증권 0.03|00004 대신증권 0.03|00086 BNK증권 0.02|
00036 모간서울 0.06 F|00033 JP모간 0.05 F|00044 메릴린치 0.05 F|00045 골드만 0.03 F|00037 씨티그룹 0.03 F|
00035 맥쿼리 0.02 F|00043 UBS 0.02 F
"""


def _members() -> dict[str, Member]:
    found = {}
    for row in _ROWS.replace("\n", "").split("|"):
        code, rest = row[:5], row[6:]
        is_foreign = rest.endswith(" F")
        name, _, part = rest.removesuffix(" F").rpartition(" ")
        found[code] = Member(code, name, float(part), is_foreign)
    return found


MEMBERS: Mapping[str, Member] = MappingProxyType(_members())
"""By code."""


def member_trading(listing: Listing, bar: DailyBar, seed: int) -> list[MemberTrading]:
    """Return what each firm traded on the day of `bar`, as far as it got."""
    rng = random.Random(seed_for(seed, listing.symbol, "members", bar.day))
    members = list(MEMBERS.values())
    bought = _split(bar.volume, [one.part * rng.uniform(0.3, 1.7) for one in members])
    sold = _split(bar.volume, [one.part * rng.uniform(0.3, 1.7) for one in members])
    return [MemberTrading(*row) for row in zip(members, bought, sold, strict=True)]


def sums(rows: Iterable[MemberTrading], code: str) -> tuple[int, int]:
    """Return what one firm, or all foreign ones, bought and sold."""
    chosen = [
        row for row in rows if row.member.code == code or (code == ALL_FOREIGN and row.member.is_foreign)
    ]
    return sum(row.bought for row in chosen), sum(row.sold for row in chosen)


def _split(total: int, weights: list[float]) -> list[int]:
    whole = sum(weights)
    parts = [int(total * weight / whole) for weight in weights]
    parts[0] += total - sum(parts)
    return parts
