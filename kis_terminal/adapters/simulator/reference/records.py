"""Make the record that a stream of `reference.streams` would send for a key now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from kis_terminal.adapters.simulator.abroad.frames import (
    asia_book_record,
    overseas_trade_record,
    us_book_record,
)
from kis_terminal.adapters.simulator.abroad.listings import OverseasListing, find_share
from kis_terminal.adapters.simulator.abroad.venues import US_CODES
from kis_terminal.adapters.simulator.derivatives.contracts import Contract
from kis_terminal.adapters.simulator.derivatives.frames import (
    derivative_book_record,
    future_trade_record,
    option_trade_record,
)
from kis_terminal.adapters.simulator.reference.index_frames import index_record, program_record
from kis_terminal.adapters.simulator.reference.index_rules import IndexRule
from kis_terminal.adapters.simulator.reference.investor_split import Trading, program_sums, programs
from kis_terminal.adapters.simulator.reference.market import ReferenceMarket

_HEAD = 4
"""Characters in front of a symbol abroad: D or R (US by day) and the exchange."""


class RecordMaker:
    """Read keys and write records; remembers what each trade record has already told."""

    def __init__(self, market: ReferenceMarket, now: Callable[[], datetime]) -> None:
        """`now` is the caller's clock of the exchange, as handlers have it."""
        self._market = market
        self._now = now
        self._totals: dict[tuple[str, str], tuple[int, int]] = {}

    def knows(self, tr_id: str, tr_key: str) -> bool:
        """Return whether a stream has something under a key."""
        if tr_id.startswith("H0UP"):
            rule = self._index(tr_key)
            return rule is not None and (tr_id != "H0UPPGM0" or not rule.sector)
        if tr_id.startswith("HDFS"):
            listing = _listing(tr_key)
            is_us = listing is not None and listing.venue.code in US_CODES
            return listing is not None and (tr_id == "HDFSCNT0" or is_us == (tr_id == "HDFSASP0"))
        contract = self._contract(tr_key)
        return contract is not None and (contract.kind == "future") == tr_id.startswith("H0IF")

    def record(self, tr_id: str, tr_key: str) -> str:
        """Return the record of now; blank where there is nothing to tell, or no longer anything there."""
        if tr_id.startswith("H0UP"):
            return self._index_record(tr_id, tr_key)
        if tr_id.startswith("HDFS"):
            return self._overseas_record(tr_id, tr_key)
        return self._derivative_record(tr_id, tr_key)

    def _index_record(self, tr_id: str, tr_key: str) -> str:
        rule = self._index(tr_key)
        if rule is None:
            return ""
        now = self._market.indices.snapshot(rule)
        if tr_id == "H0UPPGM0":
            return program_record(now, self._programs(rule))
        level = None
        if tr_id == "H0UPANC0":
            level = self._market.indices.expected(rule)
            if not level:  # no auction runs
                return ""
        totals = (now.volume, now.turnover)
        before = self._totals.get((tr_id, tr_key), totals)
        self._totals[tr_id, tr_key] = totals
        return index_record(now, before, level)

    def _programs(self, rule: IndexRule) -> dict[str, Trading]:
        exchange = self._market.exchange
        total: dict[str, Trading] = {}
        for listing in self._market.indices.members(rule):
            for name, one in programs(listing, exchange.today_bar(listing.symbol), exchange.seed).items():
                total[name] = total.get(name, Trading()) + one
        return program_sums(total)

    def _overseas_record(self, tr_id: str, tr_key: str) -> str:
        listing = _listing(tr_key)
        if listing is None:
            return ""
        found = self._market.overseas.quote(listing, self._now())
        make = {"HDFSASP0": us_book_record, "HDFSASP1": asia_book_record}.get(tr_id, overseas_trade_record)
        return make(found, tr_key)

    def _derivative_record(self, tr_id: str, tr_key: str) -> str:
        contract = self._contract(tr_key)
        if contract is None:  # it has expired since
            return ""
        market = self._market.derivatives
        found = market.quote(contract)
        if tr_id.endswith("ASP0"):
            return derivative_book_record(found)
        before, _ = self._totals.get((tr_id, tr_key), (found.volume, 0))
        self._totals[tr_id, tr_key] = (found.volume, 0)
        if contract.kind != "future":
            return option_trade_record(found, before)
        near, far = (market.quote(one, found.index).last for one in market.futures())
        return future_trade_record(found, before, (near, far))

    def _index(self, tr_key: str) -> IndexRule | None:
        return self._market.indices.rule(tr_key)

    def _contract(self, tr_key: str) -> Contract | None:
        return self._market.derivatives.find(tr_key)


def _listing(tr_key: str) -> OverseasListing | None:
    if tr_key[:1] not in ("D", "R") or len(tr_key) <= _HEAD:
        return None
    return find_share(tr_key[1:_HEAD], tr_key[_HEAD:])
