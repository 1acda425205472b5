"""Bars by REST: daily and longer in windows of 100, minutes of today and of past days.

Source: KIS workbook 2026-06-03, sheets of FHKST03010100 (100 rows), FHKST03010200 (30 rows, today only),
FHKST03010230 (120 rows, one year back, real only); checked 2026-11-22. None of them pages by header: the
next window ends before the oldest row of this one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from kis_terminal.adapters.kis.client import MOST_PAGES, KisClient
from kis_terminal.adapters.kis.fields import Row, at, day_text, time_text
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Bar, Interval
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock

log = logging.getLogger(__name__)

_PERIODS = {Interval.DAY: "D", Interval.WEEK: "W", Interval.MONTH: "M", Interval.YEAR: "Y"}
_ADJUSTED, _RAW = "0", "1"
"""FID_ORG_ADJ_PRC of inquire-daily-itemchartprice; inquire-daily-price means the opposite."""
_LAST_SECOND = 24 * 3600 - 1


class Charts:
    """Bars of one symbol, asked for."""

    def __init__(self, client: KisClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def daily_bars(
        self, symbol: str, start: date, end: date, interval: Interval, *, is_adjusted: bool
    ) -> Sequence[Bar]:
        """Return every bar from the period that holds `start` to `end`, oldest first; stops at the listing.

        The first week, month or year is whole even if `start` lies within it.
        """
        if interval not in _PERIODS:
            raise CorrectionNeeded(
                Sentence("{interval} 봉은 일봉 조회로 받을 수 없습니다.", interval=interval.value)
            )
        api = self._client.catalog.api("domestic_stock.inquire_daily_itemchartprice")
        found: dict[date, Bar] = {}
        start = _period_start(interval, start)
        last = end
        for _ in range(MOST_PAGES):
            if not _has_weekday(start, last):
                break
            values = {
                "FID_COND_MRKT_DIV_CODE": "J",
                "FID_INPUT_ISCD": symbol,
                "FID_INPUT_DATE_1": day_text(start),
                "FID_INPUT_DATE_2": day_text(last),
                "FID_PERIOD_DIV_CODE": _PERIODS[interval],
                "FID_ORG_ADJ_PRC": _ADJUSTED if is_adjusted else _RAW,
            }
            answer = await self._client.request(api, values, priority=Priority.HISTORY)
            bars = {row.day("stck_bsop_date"): read_daily_bar(row) for row in answer.rows("output2")}
            new = {day: bar for day, bar in bars.items() if day <= last and day not in found}
            if not new:
                break
            found.update(new)
            # From the period's own start: a window that began within a week would give a part of it again.
            last = _period_start(interval, min(new)) - timedelta(days=1)
        return [found[day] for day in sorted(found) if day >= start]

    async def minute_bars(self, symbol: str, day: date, since: int, until: int) -> Sequence[Bar]:
        """Return one-minute bars of `day` from `since` to `until` (seconds of day), oldest first.

        Today's newest row may carry the volume of the minute before until its own first trade (KIS), and
        KIS fills hours to come with the current price: `until` is the exchange's time, not a far end.
        """
        today = self._clock.now().date()
        if day > today:
            return []
        if day == today:
            rows = await self._minutes(symbol, day, since, until, "inquire_time_itemchartprice")
        else:
            if self._client.access.environment is Environment.PAPER:
                raise CorrectionNeeded(
                    Sentence("지난 날의 분봉은 모의투자에서 제공하지 않습니다. 오늘 분봉만 볼 수 있습니다.")
                )
            latest = min(until, _LAST_SECOND)
            rows = await self._minutes(symbol, day, since, latest, "inquire_time_dailychartprice")
        return read_minute_bars(day, [rows[second] for second in sorted(rows)])

    async def _minutes(self, symbol: str, day: date, since: int, until: int, function: str) -> dict[int, Row]:
        api = self._client.catalog.api(f"domestic_stock.{function}")
        is_today = function == "inquire_time_itemchartprice"
        found: dict[int, Row] = {}
        latest = until
        for _ in range(MOST_PAGES):
            if latest < since:
                break
            values = {
                "FID_COND_MRKT_DIV_CODE": "J",
                "FID_INPUT_ISCD": symbol,
                "FID_INPUT_HOUR_1": time_text(latest),
                "FID_PW_DATA_INCU_YN": "N",
            }
            values |= {"FID_ETC_CLS_CODE": ""} if is_today else {"FID_INPUT_DATE_1": day_text(day)}
            answer = await self._client.request(api, values, priority=Priority.HISTORY)
            rows = [row for row in answer.rows("output2") if row.day("stck_bsop_date") == day]
            new = {row.seconds("stck_cntg_hour"): row for row in rows}
            new = {second: row for second, row in new.items() if second <= latest and second not in found}
            if not new:
                break
            found.update(new)
            latest = min(new) - 60
        return {second: row for second, row in found.items() if second >= since}


def read_daily_bar(row: Row) -> Bar:
    """Read one row of FHKST03010100; a day without trading is flat at its close."""
    close = row.number("stck_clpr")
    opening, high, low = (row.positive(name) for name in ("stck_oprc", "stck_hgpr", "stck_lwpr"))
    return Bar(
        start=at(row.day("stck_bsop_date"), 0),
        open=opening if opening is not None else close,
        high=high if high is not None else close,
        low=low if low is not None else close,
        close=close,
        volume=row.integer("acml_vol"),
        turnover=row.optional_integer("acml_tr_pbmn") or 0,
    )


def read_minute_bars(day: date, rows: Sequence[Row]) -> list[Bar]:
    """Read rows of FHKST03010200 or FHKST03010230, oldest first.

    KIS sums the turnover over the day: a bar's own is the difference to the bar before. Of the first bar,
    whose predecessor is not in the list, it is its share of the sum, or its volume at its closing price.
    """
    bars: list[Bar] = []
    sum_before: int | None = None
    for row in rows:
        close = row.number("stck_prpr")
        volume = row.integer("cntg_vol")
        total = row.optional_integer("acml_tr_pbmn")
        at_close = int(close * volume)
        if total is None:
            turnover = at_close
        elif sum_before is None:
            turnover = min(total, at_close)
        else:
            turnover = max(0, total - sum_before)
        sum_before = total if total is not None else sum_before
        bars.append(
            Bar(
                start=at(day, row.seconds("stck_cntg_hour")),
                open=_or(row.positive("stck_oprc"), close),
                high=_or(row.positive("stck_hgpr"), close),
                low=_or(row.positive("stck_lwpr"), close),
                close=close,
                volume=volume,
                turnover=turnover,
            )
        )
    return bars


def _period_start(interval: Interval, day: date) -> date:
    """Return the first day of the week, month or year that `day` lies in; of a day, the day."""
    match interval:
        case Interval.WEEK:
            return day - timedelta(days=day.weekday())
        case Interval.MONTH:
            return day.replace(day=1)
        case Interval.YEAR:
            return day.replace(month=1, day=1)
        case _:
            return day


def _or(value: Decimal | None, other: Decimal) -> Decimal:
    return other if value is None else value


def _has_weekday(start: date, end: date) -> bool:
    """Tell whether a day from Monday to Friday lies in the span: else nothing can have traded."""
    span = (end - start).days
    return span >= 0 and (
        span >= 2 or any((start + timedelta(days=i)).weekday() < 5 for i in range(span + 1))
    )
