"""Bars of every kind that KIS lists, a page at a time, as columns for the cache.

Source: KIS workbook 2026-06-03, checked 2026-11-22: FHKST03010100 (shares by day to year, 100 rows,
FID_ORG_ADJ_PRC 0 adjusted and 1 raw; its neighbour inquire-daily-price means the opposite), FHKST03010200
(minutes of today, 30 rows), FHKST03010230 (minutes of past days, 120 rows, real only, one year back),
FHKUP03500100 (indices, 50 rows, volume in thousands), FHKUP03500200 (an index's newest 102 minutes),
HHDFS76240000 (shares abroad, 100 rows, MODP 0 raw and 1 adjusted), HHDFS76950200 (their minutes, 120 rows,
about a month back). None of the days pages by header: the next window ends before the oldest row of this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np

from kis_terminal.adapters.kis.client import KisClient
from kis_terminal.adapters.kis.fields import Row, day_text
from kis_terminal.adapters.kis.minute_pages import MinutePages
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.domain.bar_columns import BarColumns, BarPage, Product, SeriesKey, Span
from kis_terminal.domain.bars import FIELDS, bar_start
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.ports import Clock

_DAY = 86_400
_PERIODS = {Interval.DAY: "D", Interval.WEEK: "W", Interval.MONTH: "M", Interval.YEAR: "Y"}
_PERIODS_ABROAD = {Interval.DAY: "0", Interval.WEEK: "1", Interval.MONTH: "2"}
_ROWS, _INDEX_ROWS = 100, 50
_LISTING_GAP = timedelta(days=20)
"""No closure of a market lasts so long: a list that begins so much later begins with the listing."""
_STOCK_FIELDS = ("stck_oprc", "stck_hgpr", "stck_lwpr", "stck_clpr", "acml_vol")
_INDEX_FIELDS = ("bstp_nmix_oprc", "bstp_nmix_hgpr", "bstp_nmix_lwpr", "bstp_nmix_prpr", "acml_vol")
_ABROAD_FIELDS = ("open", "high", "low", "clos", "tvol")
_INDEX_VOLUME = 1_000.0
"""Indices count their volume in thousands of shares."""


class KisBarSource:
    """`ports.BarSource` over one REST connection; every call has the lowest priority."""

    def __init__(self, client: KisClient, clock: Clock) -> None:
        self._client = client
        self._minutes = MinutePages(client, clock)

    async def bars(self, key: SeriesKey, start: date, end: date) -> BarPage:
        """Return the newest bars of the days from `start` to `end` that one call gives; of minutes one day's.

        A first week, month or year that `start` lies in is whole. Raises CorrectionNeeded where KIS keeps no
        such history, UnknownSymbol, and as any query.
        """
        if key.interval.minutes is not None:
            return await self._minutes.page(key, end)
        match key.product:
            case Product.STOCK:
                return await self._stock(key, start, end)
            case Product.INDEX:
                return await self._index(key, start, end)
            case Product.OVERSEAS:
                return await self._abroad(key, start, end)

    async def _stock(self, key: SeriesKey, start: date, end: date) -> BarPage:
        api = self._client.catalog.api("domestic_stock.inquire_daily_itemchartprice")
        values = {
            "FID_COND_MRKT_DIV_CODE": "J",
            "FID_INPUT_ISCD": key.symbol,
            "FID_INPUT_DATE_1": day_text(start),
            "FID_INPUT_DATE_2": day_text(end),
            "FID_PERIOD_DIV_CODE": _PERIODS[key.interval],
            "FID_ORG_ADJ_PRC": "0" if key.is_adjusted else "1",
        }
        answer = await self._client.request(api, values, priority=Priority.HISTORY)
        rows = _by_day(answer.rows("output2"), "stck_bsop_date", start, end)
        return _page(key, rows, _STOCK_FIELDS, start, end, _ROWS)

    async def _index(self, key: SeriesKey, start: date, end: date) -> BarPage:
        api = self._client.catalog.api("domestic_stock.inquire_daily_indexchartprice")
        values = {
            "FID_COND_MRKT_DIV_CODE": "U",
            "FID_INPUT_ISCD": key.symbol,
            "FID_INPUT_DATE_1": day_text(start),
            "FID_INPUT_DATE_2": day_text(end),
            "FID_PERIOD_DIV_CODE": _PERIODS[key.interval],
        }
        answer = await self._client.request(api, values, priority=Priority.HISTORY)
        rows = _by_day(answer.rows("output2"), "stck_bsop_date", start, end)
        return _page(key, rows, _INDEX_FIELDS, start, end, _INDEX_ROWS, volume_unit=_INDEX_VOLUME)

    async def _abroad(self, key: SeriesKey, start: date, end: date) -> BarPage:
        if key.interval not in _PERIODS_ABROAD:
            raise CorrectionNeeded(Sentence("해외주식의 연봉은 KIS에 없습니다."))
        api = self._client.catalog.api("overseas_stock.dailyprice")
        values = {
            "AUTH": "",
            "EXCD": key.exchange,
            "SYMB": key.symbol,
            "GUBN": _PERIODS_ABROAD[key.interval],
            "BYMD": day_text(end),
            "MODP": "1" if key.is_adjusted else "0",
        }
        answer = await self._client.request(api, values, priority=Priority.HISTORY)
        listed = answer.rows("output2")
        rows = _by_day(listed, "xymd", start, end)
        # The call knows no first day, so a full page that begins before it has answered for all of it.
        is_full = len(listed) >= _ROWS and min(row.day("xymd") for row in listed) > start
        return _page(key, rows, _ABROAD_FIELDS, start, end, len(rows) if is_full else len(rows) + 1)


def _by_day(rows: Sequence[Row], name: str, start: date, end: date) -> dict[date, Row]:
    """Return the rows by their day, oldest first; a period may be dated by its first trading day."""
    found = {row.day(name): row for row in rows}
    return {day: found[day] for day in sorted(found) if start - timedelta(days=366) <= day <= end}


def _page(
    key: SeriesKey,
    rows: Mapping[date, Row],
    fields: tuple[str, str, str, str, str],
    start: date,
    end: date,
    most: int,
    *,
    volume_unit: float = 1.0,
) -> BarPage:
    """Return the page of dated rows; one that holds fewer rows than it could answers for every day asked."""
    starts = {bar_start(key.interval, day_seconds(day), 0): row for day, row in rows.items()}
    first = bar_start(key.interval, day_seconds(start), 0)
    kept = [time for time in sorted(starts) if time >= first]
    columns = np.empty((FIELDS, len(kept)), dtype=np.float64)
    for place, time in enumerate(kept):
        columns[:, place] = _values(starts[time], fields)
    columns[FIELDS - 1] *= volume_unit
    is_cut = len(rows) >= most and bool(kept) and kept[0] > first
    oldest = kept[0] if is_cut else min(first, day_seconds(start))
    gap = bool(kept) and kept[0] - first > _LISTING_GAP.total_seconds() + _longest(key.interval)
    return BarPage(
        BarColumns(key, np.array(kept, dtype=np.int64), columns),
        Span(oldest, day_seconds(end) + _DAY),
        reached_listing=not is_cut and gap,
    )


def _longest(interval: Interval) -> int:
    return {Interval.WEEK: 7, Interval.MONTH: 31, Interval.YEAR: 366}.get(interval, 1) * _DAY


def _values(row: Row, fields: tuple[str, str, str, str, str]) -> tuple[float, float, float, float, float]:
    """Return open, high, low, close, volume; a day without trading is flat at its close."""
    opening, high, low, close, volume = fields
    last = float(row.number(close))
    first, top, bottom = (row.positive(name) for name in (opening, high, low))
    if first is None or top is None or bottom is None:
        return last, last, last, last, 0.0
    return float(first), float(top), float(bottom), last, float(row.optional_number(volume) or 0)
