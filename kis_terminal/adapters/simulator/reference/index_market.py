"""The indices of the played market: weighted by what the listed names are worth, reckoned when asked for.

An index is its level of the exchange's first morning times (worth now / worth then), so it agrees with the
last price of every name at any moment. Nothing here runs by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.history.made_up_day import seed_for
from kis_terminal.adapters.simulator.model import DailyBar, Listing, QuoteSnapshot
from kis_terminal.adapters.simulator.reference.bar_periods import period_of, period_start
from kis_terminal.adapters.simulator.reference.index_rules import INDICES, IndexRule
from kis_terminal.adapters.simulator.rules.calendar import OPEN_SECOND

_LAST_MINUTE = 390
_RANGE_PART = 0.4
"""How much of its names' joint range an index shows in a day: their highs do not fall together."""


@dataclass(frozen=True, slots=True)
class IndexSnapshot:
    """Show an index now: levels in points, volumes in shares, amounts in won."""

    rule: IndexRule
    time: datetime
    last: float
    previous: float
    open: float
    high: float
    low: float
    volume: int
    turnover: int
    previous_volume: int
    rising: int
    falling: int
    flat: int
    at_upper: int
    at_lower: int
    ask_total: int
    bid_total: int
    risen_rate: float

    @property
    def change(self) -> float:
        """Give the difference to the previous close in points."""
        return round(self.last - self.previous, 2)


@dataclass(frozen=True, slots=True)
class IndexMinute:
    """One minute of an index; `volume` and `turnover` are of the minute, the totals of the day so far."""

    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int
    turnover: int
    total_volume: int
    total_turnover: int


@dataclass(frozen=True, slots=True)
class IndexBar:
    """One day, week, month or year of an index; `previous` is the close before it."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: int
    turnover: int
    previous: float


class IndexMarket:
    """Reckon the indices of one exchange."""

    def __init__(self, exchange: Exchange, first_worth: Mapping[str, int]) -> None:
        """`first_worth` is won by symbol on the first morning; what is listed later does not count."""
        self._exchange = exchange
        self._first_worth = first_worth
        self._minutes: dict[tuple[str, date], tuple[int, list[IndexMinute]]] = {}
        self._seen: dict[str, tuple[date, float, float]] = {}
        self._days: dict[str, tuple[date, list[IndexBar]]] = {}

    def rule(self, code: str) -> IndexRule | None:
        """Return the index of `code`, None where there is none or nothing belongs to it."""
        rule = INDICES.get(code)
        return rule if rule is not None and self.members(rule) else None

    def members(self, rule: IndexRule) -> list[Listing]:
        """Return the names that count; what was listed while the exchange runs does not."""
        return [
            listing
            for listing in self._exchange.listings()
            if rule.holds(listing) and listing.symbol in self._first_worth
        ]

    def snapshot(self, rule: IndexRule) -> IndexSnapshot:
        """Return the index now."""
        members = self.members(rule)
        quotes = [self._exchange.quote(listing.symbol) for listing in members]
        scale = self._scale(rule, members)
        last = round(scale * _worth(members, [quote.last for quote in quotes]), 2)
        previous = round(scale * _worth(members, [quote.base for quote in quotes]), 2)
        first = round(scale * _worth(members, [quote.open or quote.base for quote in quotes]), 2)
        moment = quotes[0].time
        minutes = self._finished_minutes(rule, moment)
        closes = [minute.close for minute in minutes]
        highest, lowest = self._extremes(rule, moment.date(), [first, last, *closes])
        rises = [quote for quote in quotes if quote.last > quote.base]
        falls = [quote for quote in quotes if quote.last < quote.base]
        return IndexSnapshot(
            rule=rule,
            time=moment,
            last=last,
            previous=previous,
            open=first,
            high=highest,
            low=lowest,
            volume=sum(quote.volume for quote in quotes),
            turnover=sum(quote.turnover for quote in quotes),
            previous_volume=sum(quote.prev_volume for quote in quotes),
            rising=len(rises),
            falling=len(falls),
            flat=len(quotes) - len(rises) - len(falls),
            at_upper=_count(rises, lambda quote: quote.last >= quote.upper_limit),
            at_lower=_count(falls, lambda quote: quote.last <= quote.lower_limit),
            ask_total=sum(quote.total_ask_size for quote in quotes),
            bid_total=sum(quote.total_bid_size for quote in quotes),
            risen_rate=100.0 * (last - previous) / previous,
        )

    def _extremes(self, rule: IndexRule, day: date, levels: Sequence[float]) -> tuple[float, float]:
        """Return the highest and lowest of `levels` and of what was shown earlier in the day.

        Between the ends of two minutes nothing is kept, so what somebody has seen must be remembered.
        """
        seen_day, high, low = self._seen.get(rule.code, (day, levels[0], levels[0]))
        if seen_day != day:
            high = low = levels[0]
        high, low = max(high, *levels), min(low, *levels)
        self._seen[rule.code] = (day, high, low)
        return high, low

    def expected(self, rule: IndexRule) -> float:
        """Return where the index would be if every running auction ended now; 0 outside auctions."""
        members = self.members(rule)
        books = [self._exchange.book(listing.symbol) for listing in members]
        if not any(book.expected_price for book in books):
            return 0.0
        prices = [book.expected_price or book.last for book in books]
        return round(self._scale(rule, members) * _worth(members, prices), 2)

    def minutes(self, rule: IndexRule, day: date) -> list[IndexMinute]:
        """Return the minutes of `day`, oldest first; today's last one is as far as it got."""
        moment = self._exchange.moment
        if day != moment.date():
            return self._made_minutes(rule, day, _LAST_MINUTE)
        rows = list(self._finished_minutes(rule, moment))
        now = self.snapshot(rule)
        before = rows[-1] if rows else None
        index = min(_minute_of(moment), _LAST_MINUTE)
        if index >= 0 and (before is None or _minute_of(before.time) < index):
            first = before.close if before is not None else now.open
            rows.append(
                IndexMinute(
                    time=_midnight(moment) + timedelta(seconds=OPEN_SECOND + 60 * index),
                    open=first,
                    high=max(first, now.last),
                    low=min(first, now.last),
                    close=now.last,
                    volume=max(now.volume - (before.total_volume if before else 0), 0),
                    turnover=max(now.turnover - (before.total_turnover if before else 0), 0),
                    total_volume=now.volume,
                    total_turnover=now.turnover,
                )
            )
        return rows

    def bars(self, rule: IndexRule, period: str, start: date, end: date) -> list[IndexBar]:
        """Return days, weeks, months or years of `start` to `end`, oldest first, today's included."""
        today = self._exchange.moment.date()
        end = min(end, today)
        if start > end:
            return []
        begin = period_start(start, period)
        days = [bar for bar in self._history(rule, begin) if begin <= bar.day <= end]
        if end == today and self._exchange.calendar.is_open_day(today):
            days.append(self._today_bar(rule))
        if period == "D":
            return days
        return [
            _joined(list(group)) for _, group in groupby(days, key=lambda bar: period_of(bar.day, period))
        ]

    def _today_bar(self, rule: IndexRule) -> IndexBar:
        now = self.snapshot(rule)
        return IndexBar(
            self._exchange.moment.date(),
            now.open,
            now.high,
            now.low,
            now.last,
            now.volume,
            now.turnover,
            now.previous,
        )

    def _scale(self, rule: IndexRule, members: Sequence[Listing]) -> float:
        """Return points a won; splits keep a name's worth, so today's shares do for every day."""
        level = rule.level or 200.0 + seed_for(self._exchange.seed, "index", rule.code) % 280_000 / 100
        return level / sum(self._first_worth[listing.symbol] for listing in members)

    def _finished_minutes(self, rule: IndexRule, moment: datetime) -> list[IndexMinute]:
        """Return today's minutes that are over; they are reckoned once a minute."""
        count = min(_minute_of(moment), _LAST_MINUTE)
        key = (rule.code, moment.date())
        known = self._minutes.get(key)
        if known is None or known[0] != count:
            known = (count, self._made_minutes(rule, moment.date(), count - 1) if count > 0 else [])
            for old in [one for one in self._minutes if one[1] != moment.date()]:
                del self._minutes[old]
            self._minutes[key] = known
        return known[1]

    def _made_minutes(self, rule: IndexRule, day: date, last_minute: int) -> list[IndexMinute]:
        members = self.members(rule)
        scale, is_today = self._scale(rule, members), day == self._exchange.moment.date()
        worth = [0] * (last_minute + 1)
        volumes, amounts = [0] * (last_minute + 1), [0] * (last_minute + 1)
        first_worth = 0
        for listing in members:
            bars = self._exchange.minute_bars(listing.symbol, day)
            base = self._exchange.quote(listing.symbol).base if is_today else 0
            price = base or (bars[0].open if bars else 0)
            first_worth += (bars[0].open if bars else price) * listing.listed_shares
            rows = {_minute_of(bar.time): bar for bar in bars}
            for index in range(last_minute + 1):
                bar = rows.get(index)
                if bar is not None:
                    price = bar.close
                    volumes[index] += bar.volume
                    amounts[index] += bar.turnover
                worth[index] += price * listing.listed_shares
        if not is_today:
            scale = self._scale_of(rule, day, worth[-1], scale)
        return _minute_rows(day, self._exchange.moment, scale, first_worth, worth, volumes, amounts)

    def _scale_of(self, rule: IndexRule, day: date, worth: int, scale: float) -> float:
        """Let a past day's minutes end at that day's close (splits since then have changed the prices)."""
        for bar in self._history(rule, day):
            if bar.day == day and worth:
                return bar.close / worth
        return scale

    def _history(self, rule: IndexRule, start: date) -> list[IndexBar]:
        """Return the days before today from `start` on at the latest, oldest first."""
        today = self._exchange.moment.date()
        known = self._days.get(rule.code)
        if known is not None and known[0] <= start and (not known[1] or known[1][-1].day < today):
            last = known[1][-1].day if known[1] else start
            if self._exchange.calendar.next_open_day(last) >= today:
                return known[1]
        first = min(start, known[0]) if known is not None else start
        bars = self._made_history(rule, first, today)
        self._days[rule.code] = (first, bars)
        return bars

    def _made_history(self, rule: IndexRule, start: date, today: date) -> list[IndexBar]:
        sums: dict[date, _DaySums] = {}
        members = self.members(rule)
        for listing in members:
            shares = listing.listed_shares
            before: DailyBar | None = None
            past = self._exchange.daily_bars(
                listing.symbol, start - timedelta(days=14), today - timedelta(days=1), True
            )
            for bar in past:
                sums.setdefault(bar.day, _DaySums()).add(bar, before, shares)
                before = bar
        close = self.snapshot(rule).previous
        bars: list[IndexBar] = []
        for day in sorted(sums, reverse=True):
            if day < start:
                break
            row = sums[day].bar(day, close)
            bars.append(row)
            close = row.previous
        return bars[::-1]


class _DaySums:
    """Add up a day's prices of the names that also traded the day before."""

    def __init__(self) -> None:
        self.worth = [0, 0, 0, 0]
        self.before = 0
        self.volume = self.turnover = 0

    def add(self, bar: DailyBar, before: DailyBar | None, shares: int) -> None:
        """Count one name."""
        self.volume += bar.volume
        self.turnover += bar.turnover
        if before is not None:
            self.before += before.close * shares
            for place, price in enumerate((bar.open, bar.high, bar.low, bar.close)):
                self.worth[place] += price * shares

    def bar(self, day: date, close: float) -> IndexBar:
        """Return the day's bar that ends at `close`."""
        if not self.before or not self.worth[3]:
            return IndexBar(day, close, close, close, close, self.volume, self.turnover, close)
        points = close / self.worth[3]
        first, high, low = (points * worth for worth in self.worth[:3])
        top, bottom = max(first, close), min(first, close)
        return IndexBar(
            day,
            round(first, 2),
            round(top + _RANGE_PART * (high - top), 2),
            round(bottom - _RANGE_PART * (bottom - low), 2),
            close,
            self.volume,
            self.turnover,
            round(points * self.before, 2),
        )


def _minute_rows(
    day: date,
    moment: datetime,
    scale: float,
    first_worth: int,
    worth: Sequence[int],
    volumes: Sequence[int],
    amounts: Sequence[int],
) -> list[IndexMinute]:
    opening = datetime(day.year, day.month, day.day, 9, tzinfo=moment.tzinfo)
    rows: list[IndexMinute] = []
    price = round(scale * first_worth, 2)
    total_volume = total_amount = 0
    for index, value in enumerate(worth):
        close = round(scale * value, 2)
        if not volumes[index]:
            continue  # the closing auction leaves a gap, and a halted market has no minutes
        total_volume += volumes[index]
        total_amount += amounts[index]
        rows.append(
            IndexMinute(
                opening + timedelta(minutes=index),
                price,
                max(price, close),
                min(price, close),
                close,
                volumes[index],
                amounts[index],
                total_volume,
                total_amount,
            )
        )
        price = close
    return rows


def _joined(days: Sequence[IndexBar]) -> IndexBar:
    return IndexBar(
        days[0].day,
        days[0].open,
        max(day.high for day in days),
        min(day.low for day in days),
        days[-1].close,
        sum(day.volume for day in days),
        sum(day.turnover for day in days),
        days[0].previous,
    )


def _worth(members: Sequence[Listing], prices: Sequence[int]) -> int:
    return sum(listing.listed_shares * price for listing, price in zip(members, prices, strict=True))


def _count(quotes: Sequence[QuoteSnapshot], is_so: Callable[[QuoteSnapshot], bool]) -> int:
    return sum(1 for quote in quotes if is_so(quote))


def _minute_of(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute - OPEN_SECOND // 60


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
