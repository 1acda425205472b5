"""Headlines of the played market: each tells of something that happened in it, and says so.

They are found out when somebody asks. What was once told keeps its time and number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.model import Listing, QuoteSnapshot
from kis_terminal.adapters.simulator.reference.incidents import Incidents

MOST = 300
_STEPS = (5, 10, 15, 20, 25)
"""Moves worth a headline, percent against the base price."""


@dataclass(frozen=True, slots=True)
class Headline:
    """One title; `kind` is a two-digit class, `serial` sorts by time."""

    time: datetime
    title: str
    symbols: tuple[str, ...]
    kind: str
    serial: str


class News:
    """Tell what happened, newest first."""

    def __init__(self, exchange: Exchange, incidents: Incidents) -> None:
        self._exchange = exchange
        self._incidents = incidents
        self._told: dict[tuple[object, ...], Headline] = {}
        self._numbers: dict[date, int] = {}

    def headlines(self) -> Sequence[Headline]:
        """Return at most MOST headlines, newest first."""
        for key, moment, title, symbols, kind in sorted(self._found(), key=lambda row: row[1]):
            if key not in self._told:
                number = self._numbers.get(moment.date(), 0) + 1
                self._numbers[moment.date()] = number
                serial = f"{moment:%Y%m%d%H%M%S}{number:06d}"
                self._told[key] = Headline(moment, f"[모의] {title}", symbols, kind, serial)
        newest = sorted(self._told.items(), key=lambda pair: pair[1].serial, reverse=True)[:MOST]
        self._told = dict(newest)
        return [headline for _, headline in newest]

    def _found(self) -> Iterator[tuple[tuple[object, ...], datetime, str, tuple[str, ...], str]]:
        today = self._exchange.moment.date()
        for one in self._incidents.interruptions:
            word = "급등" if one.is_up else "급락"
            title = f"{one.name}, {word}에 변동성완화장치(VI) 발동"
            yield ("vi", one.symbol, one.begins), one.begins, title, (one.symbol,), "01"
        for halt in self._incidents.halts:
            listing = self._exchange.listing(halt.symbol) if halt.symbol else None
            title = f"{listing.name}, 매매거래 정지" if listing else "시장 전체 매매거래 중단"
            symbols = (listing.symbol,) if listing else ()
            yield ("halt", halt.symbol, halt.begins), halt.begins, title, symbols, "02"
            if halt.ends is not None:
                title = f"{listing.name}, 매매거래 재개" if listing else "시장 매매거래 재개"
                yield ("resume", halt.symbol, halt.begins), halt.ends, title, symbols, "02"
        for listing in self._exchange.listings():
            if listing.listing_date >= self._exchange.first_day:
                day = listing.listing_date
                opening = self._exchange.moment.replace(
                    year=day.year, month=day.month, day=day.day, hour=8, minute=0, second=0, microsecond=0
                )
                yield ("new", listing.symbol), opening, f"{listing.name}, 신규 상장", (listing.symbol,), "03"
            yield from self._moves(listing, self._exchange.quote(listing.symbol), today)

    def _moves(
        self, listing: Listing, quote: QuoteSnapshot, today: date
    ) -> Iterator[tuple[tuple[object, ...], datetime, str, tuple[str, ...], str]]:
        if not quote.open:
            return
        symbols = (listing.symbol,)
        for is_up, price, moment in ((True, quote.high, quote.high_time), (False, quote.low, quote.low_time)):
            at_limit = price >= quote.upper_limit if is_up else price <= quote.lower_limit
            if at_limit:
                title = f"{listing.name}, {'상한가' if is_up else '하한가'} {price:,}원"
                yield ("limit", listing.symbol, today, is_up), moment, title, symbols, "04"
            moved = abs(100.0 * (price - quote.base) / quote.base)
            passed = [step for step in _STEPS if moved >= step]
            if passed:
                title = f"{listing.name}, 장중 {passed[-1]}% 이상 {'상승' if is_up else '하락'}"
                yield ("move", listing.symbol, today, is_up, passed[-1]), moment, title, symbols, "05"
