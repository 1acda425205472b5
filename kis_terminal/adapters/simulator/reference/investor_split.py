"""Who bought and sold: the investors of `company.investor_flow`, split further, and the programs among them.

Pure functions of (seed, name, day) and of what the day has traded, so that what they say grows with the tape.
Buying and selling both sum to the volume, and net buying over all investors to zero.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType

from kis_terminal.adapters.simulator.history.company import investor_flow
from kis_terminal.adapters.simulator.history.made_up_day import seed_for
from kis_terminal.adapters.simulator.model import DailyBar, Listing
from kis_terminal.adapters.simulator.wire.formats import MILLION

INSTITUTIONS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "scrt": ("증권", 0.24),
        "ivtr": ("투자신탁", 0.24),
        "pe_fund": ("사모펀드", 0.14),
        "bank": ("은행", 0.04),
        "insu": ("보험", 0.10),
        "mrbn": ("종금", 0.02),
        "fund": ("기금", 0.22),
    }
)
"""Name and usual part of what institutions trade; they sum to `orgn`."""
_REGISTERED_PART = 0.97
_OUTSIDE = ("etc", "etc_orgt", "etc_corp")
"""Columns for which this market has nobody."""


@dataclass(frozen=True, slots=True)
class Trading:
    """What one party bought and sold: shares and won."""

    bought: int = 0
    sold: int = 0
    bought_amount: int = 0
    sold_amount: int = 0

    @property
    def net(self) -> int:
        """Give net buying in shares."""
        return self.bought - self.sold

    @property
    def net_amount(self) -> int:
        """Give net buying in won."""
        return self.bought_amount - self.sold_amount

    def __add__(self, other: Trading) -> Trading:
        return Trading(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))


Parties = Mapping[str, Trading]
"""By KIS's word: frgn, frgn_reg, frgn_nreg, prsn, orgn, those of INSTITUTIONS, etc, etc_orgt, etc_corp."""


def parties(listing: Listing, bar: DailyBar, seed: int) -> dict[str, Trading]:
    """Return who traded what of `listing` on the day of `bar`, as far as it got."""
    flow = investor_flow(listing, bar, seed)
    average = bar.turnover // bar.volume if bar.volume else bar.close
    sides = {
        "prsn": (flow.individual_buy_quantity, flow.individual_quantity),
        "frgn": (flow.foreign_buy_quantity, flow.foreign_quantity),
        "orgn": (flow.institution_buy_quantity, flow.institution_quantity),
    }
    result = {name: _trading(bought, bought - net, average) for name, (bought, net) in sides.items()}
    rng = random.Random(seed_for(seed, listing.symbol, "institutions", bar.day))
    bought = _split(result["orgn"].bought, _weights(rng))
    sold = _split(result["orgn"].sold, _weights(rng))
    for name, buys, sells in zip(INSTITUTIONS, bought, sold, strict=True):
        result[name] = _trading(buys, sells, average)
    foreign = result["frgn"]
    for name, place in (("frgn_reg", 0), ("frgn_nreg", 1)):
        weights = (_REGISTERED_PART, 1 - _REGISTERED_PART)
        result[name] = _trading(
            _split(foreign.bought, weights)[place], _split(foreign.sold, weights)[place], average
        )
    for name in _OUTSIDE:
        result[name] = Trading()
    return result


def joined(rows: Iterable[Parties]) -> dict[str, Trading]:
    """Return the sums over several names."""
    total: dict[str, Trading] = {}
    for row in rows:
        for name, trading in row.items():
            total[name] = total.get(name, Trading()) + trading
    return total


def in_units(found: Parties, shares: int, won: int) -> dict[str, Trading]:
    """Turn shares and won into larger units so that sums still agree and net buying still sums to zero."""
    rows = {
        name: Trading(
            one.bought // shares, one.sold // shares, one.bought_amount // won, one.sold_amount // won
        )
        for name, one in found.items()
    }
    rows["orgn"] = _sum(rows[name] for name in INSTITUTIONS)
    rows["frgn"] = rows["frgn_reg"] + rows["frgn_nreg"]
    person, others = rows["prsn"], rows["orgn"] + rows["frgn"]
    rows["prsn"] = Trading(
        person.bought,
        person.bought + others.net,
        person.bought_amount,
        person.bought_amount + others.net_amount,
    )
    return rows


def party_columns(found: Parties, shares: int = 1) -> dict[str, str]:
    """Return every column in which KIS's answers tell about parties; amounts in millions of won."""
    values: dict[str, str] = {}
    for name, trading in in_units(found, shares, MILLION).items() if found else ():
        for suffix, value in (
            ("ntby_qty", trading.net),
            ("ntby_vol", trading.net),
            ("ntby_tr_pbmn", trading.net_amount),
            ("ntby_pbmn", trading.net_amount),
            ("seln_vol", trading.sold),
            ("askp_qty", trading.sold),
            ("shnu_vol", trading.bought),
            ("bidp_qty", trading.bought),
            ("seln_tr_pbmn", trading.sold_amount),
            ("askp_pbmn", trading.sold_amount),
            ("shnu_tr_pbmn", trading.bought_amount),
            ("bidp_pbmn", trading.bought_amount),
        ):
            values[f"{name}_{suffix}"] = str(value)
    return values


PROGRAMS = ("arbt_entm", "arbt_onsl", "nabt_entm", "nabt_onsl")
"""Arbitrage or not, for clients (위탁) or on the member's own account (자기)."""
_CLIENT_PART = 0.9


def programs(listing: Listing, bar: DailyBar, seed: int) -> dict[str, Trading]:
    """Return what programs traded of `listing`; KOSDAQ names have next to no arbitrage."""
    rng = random.Random(seed_for(seed, listing.symbol, "programs", bar.day))
    sold_part, bought_part = rng.uniform(0.08, 0.28), rng.uniform(0.08, 0.28)
    arbitrage = rng.uniform(0.02, 0.12) if listing.market == "KOSPI" else 0.0
    average = bar.turnover // bar.volume if bar.volume else bar.close
    weights = [
        part * owner for part in (arbitrage, 1 - arbitrage) for owner in (_CLIENT_PART, 1 - _CLIENT_PART)
    ]
    bought = _split(int(bar.volume * bought_part), weights)
    sold = _split(int(bar.volume * sold_part), weights)
    return {
        name: _trading(buys, sells, average) for name, buys, sells in zip(PROGRAMS, bought, sold, strict=True)
    }


def program_sums(found: Parties) -> dict[str, Trading]:
    """Add the sums: arbt_smtn, nabt_smtn, whol_entm, whol_onsl, whol_smtn."""
    one = {name: found.get(name, Trading()) for name in PROGRAMS}
    return {
        **one,
        "arbt_smtn": one["arbt_entm"] + one["arbt_onsl"],
        "nabt_smtn": one["nabt_entm"] + one["nabt_onsl"],
        "whol_entm": one["arbt_entm"] + one["nabt_entm"],
        "whol_onsl": one["arbt_onsl"] + one["nabt_onsl"],
        "whol_smtn": one["arbt_entm"] + one["arbt_onsl"] + one["nabt_entm"] + one["nabt_onsl"],
    }


def _sum(rows: Iterable[Trading]) -> Trading:
    return sum(rows, Trading())


def _trading(bought: int, sold: int, average: int) -> Trading:
    return Trading(bought, sold, bought * average, sold * average)


def _weights(rng: random.Random) -> list[float]:
    return [part * rng.uniform(0.5, 1.5) for _, part in INSTITUTIONS.values()]


def _split(total: int, weights: Sequence[float]) -> list[int]:
    """Split a whole number by weights; the parts sum to it."""
    whole = sum(weights)
    parts = [int(total * weight / whole) for weight in weights]
    parts[-1] += total - sum(parts)
    return parts
