"""What stops a market as a whole: circuit breaker and sidecar, by themselves when an index runs away.

An index is what the listed shares of a market are worth against their last closes. Rules of KRX as far as
they are known here; the figures are data (`interruptions`). KOSPI and KOSDAQ break each for themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from kis_terminal.adapters.simulator.books.market import SymbolMarket
from kis_terminal.adapters.simulator.rules.interruptions import InterruptionRules

MARKETS = ("KOSPI", "KOSDAQ")
BROKEN, MENDED, CLOSED_CODE = "174", "175", "129"
_SIDECARS = {"sell": ("387", "388"), "buy": ("397", "398")}
"""MKOP_CLS_CODE when program orders of a side are held, and when they are let go."""
_LOOK_SECONDS = 1.0


class Announce(Protocol):
    """Tell the wire a phase, halt or interruption; symbol None means both markets or the one named."""

    def __call__(
        self,
        symbol: str | None,
        code: str,
        *,
        expected_code: str = "112",
        is_interrupted: bool = False,
        is_halted: bool = False,
        market: str = "",
    ) -> None:
        """Append the event."""


@dataclass(slots=True)
class _Watch:
    """What has been seen of one market today."""

    stage: int = 0
    level_at_break: float = 0.0
    since: dict[str, datetime] = field(default_factory=dict)
    """When a condition began to hold, by its name."""
    had_sidecar: bool = False
    opened: datetime | None = None
    reopens: datetime | None = None
    """When the auctions after a break are over; nothing counts until then."""


class MarketBreaks:
    """Halt markets, reopen them, and see by themselves when to."""

    def __init__(
        self,
        markets: Mapping[str, SymbolMarket],
        rules: InterruptionRules,
        announce: Announce,
        timer: Callable[[float, Callable[[datetime], None]], None],
        reopen: Callable[[SymbolMarket, datetime], None],
        touch: Callable[[str], None],
    ) -> None:
        """Know the pieces; `reopen` lets a released symbol trade again."""
        self._markets = markets
        self._rules = rules
        self._announce = announce
        self._timer = timer
        self._reopen = reopen
        self._touch = touch
        self._broken: dict[str, list[SymbolMarket]] = {}
        self._watches: dict[str, _Watch] = {}
        self._looked: datetime | None = None

    def start_day(self) -> None:
        """Forget the day before; whatever it broke may trade again."""
        for name in list(self._broken):
            self._release(name)
        self._watches = {name: _Watch() for name in MARKETS}
        self._looked = None

    def break_circuit(self, stage: int, market: str) -> None:
        """Halt KOSPI, KOSDAQ or ("") both; stages 1 and 2 end by themselves, 3 with the day."""
        self._announce(None, BROKEN, is_halted=True, market=market)
        held = self._broken.setdefault(market, [])
        for one in self._of(market):
            if not one.is_halted:
                held.append(one)
                one.is_halted = True
                one.auction_number += 1
            self._touch(one.listing.symbol)
        for name in (market,) if market else MARKETS:
            watch = self._watches.setdefault(name, _Watch())
            watch.stage, watch.level_at_break = max(watch.stage, stage), self.level(name)
            watch.since.clear()
        if stage < 3:
            self._timer(self._rules.breaker_seconds, lambda moment: self._mend(market, moment))

    def _mend(self, market: str, moment: datetime) -> None:
        self._announce(None, MENDED, market=market)
        for name in (market,) if market else MARKETS:
            self._watches[name].reopens = moment + timedelta(seconds=self._rules.resume_seconds)
        for one in self._release(market):
            self._reopen(one, moment)
            self._touch(one.listing.symbol)

    def _release(self, market: str) -> list[SymbolMarket]:
        """End the halts of a break; a symbol halted by itself stays halted."""
        released = self._broken.pop(market, [])
        for one in released:
            one.is_halted = False
        return released

    def level(self, market: str) -> float:
        """Return a market's worth as a fraction of its worth at the last closes."""
        now = base = 0
        for one in self._of(market):
            if one.listing.kind == "stock" and not one.is_delisted:
                now += one.tape.last * one.listing.listed_shares
                base += one.base * one.listing.listed_shares
        return now / base if base else 1.0

    def _of(self, market: str) -> Iterable[SymbolMarket]:
        return (one for one in self._markets.values() if market in ("", one.listing.market))

    def look(self, moment: datetime) -> list[tuple[str, int]]:
        """Look at both indices in continuous trading; return the (market, stage) that have to break now."""
        if self._looked is not None and (moment - self._looked).total_seconds() < _LOOK_SECONDS:
            return []
        self._looked = moment
        due = []
        for name in MARKETS:
            if name in self._broken or "" in self._broken:
                continue
            watch, level = self._watches[name], self.level(name)
            if watch.reopens is not None and moment < watch.reopens:
                continue
            watch.opened = watch.opened or moment
            self._look_for_sidecar(name, watch, level, moment)
            stage = self._stage_due(watch, level, moment)
            if stage:
                due.append((name, stage))
        return due

    def _stage_due(self, watch: _Watch, level: float, moment: datetime) -> int:
        """Return the stage that is due, 0 for none: the next one only, and each once a day."""
        rules = self._rules
        stage = watch.stage + 1
        if stage > len(rules.breaker_rates):
            return 0
        falls = level <= 1 - rules.breaker_rates[stage - 1]
        if stage > 1:
            falls = falls and level <= watch.level_at_break - rules.breaker_step
        in_time = stage == 3 or _second(moment) < rules.breaker_last_second
        return stage if self._has_held(watch, f"stage {stage}", falls and in_time, moment) else 0

    def _look_for_sidecar(self, name: str, watch: _Watch, level: float, moment: datetime) -> None:
        rules = self._rules
        rate = rules.sidecar_rates[name]
        opened = watch.opened or moment
        may = (
            not watch.had_sidecar
            and (moment - opened).total_seconds() >= rules.sidecar_quiet_seconds
            and _second(moment) < rules.breaker_last_second
        )
        for side, moves in (("sell", level <= 1 - rate), ("buy", level >= 1 + rate)):
            if self._has_held(watch, f"sidecar {side}", may and moves, moment):
                watch.had_sidecar, may = True, False
                begins, ends = _SIDECARS[side]
                self._announce(None, begins, market=name)
                self._timer(
                    rules.sidecar_seconds,
                    lambda _, code=ends: self._announce(None, code, market=name),  # type: ignore[misc]
                )

    def _has_held(self, watch: _Watch, what: str, holds: bool, moment: datetime) -> bool:
        """Return whether a condition has held for as long as it must."""
        if not holds:
            watch.since.pop(what, None)
            return False
        since = watch.since.setdefault(what, moment)
        if (moment - since).total_seconds() < self._rules.breaker_hold_seconds:
            return False
        del watch.since[what]
        return True


def _second(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second
