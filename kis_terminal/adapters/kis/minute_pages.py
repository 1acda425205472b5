"""One-minute bars of one day, from whichever of KIS's calls lists them; the sources are in bar_source."""

from __future__ import annotations

from datetime import date

import numpy as np

from kis_terminal.adapters.kis.charts import Charts
from kis_terminal.adapters.kis.client import KisClient
from kis_terminal.adapters.kis.fields import Row, day_text
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.domain.bar_columns import BarColumns, BarPage, Product, SeriesKey, Span
from kis_terminal.domain.bars import FIELDS
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.ports import Clock

_DAY = 86_400
_LAST_SECOND = _DAY - 1
_TODAY_ROWS, _PAST_ROWS, _ABROAD_ROWS = 30, 120, 120
_PAST_DAYS, _PAST_DAYS_ABROAD = 365, 30
_MOST_PAGES = 40
_PAST_IN_PAPER = Sentence("지난 날의 분봉은 모의투자에서 제공하지 않습니다. 오늘 분봉만 볼 수 있습니다.")


class MinutePages:
    """Ask for the minutes of a day until it is whole."""

    def __init__(self, client: KisClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._charts = Charts(client, clock)

    async def page(self, key: SeriesKey, day: date) -> BarPage:
        """Return the minutes of `day` in Seoul, its calls counted in the page."""
        if key.interval is not Interval.MINUTE_1:
            raise CorrectionNeeded(
                Sentence("{interval} 봉은 1분봉에서 만들어야 합니다.", interval=key.interval.value)
            )
        age = (self._clock.now().date() - day).days
        match key.product:
            case Product.STOCK:
                return await self._stock(key, day, age)
            case Product.INDEX:
                return await self._index(key, day, age)
            case Product.OVERSEAS:
                return await self._abroad(key, day, age)

    async def _stock(self, key: SeriesKey, day: date, age: int) -> BarPage:
        if age > _PAST_DAYS:
            raise _too_old(day, _PAST_DAYS)
        now = self._clock.now()
        until = now.hour * 3600 + now.minute * 60 + now.second if age == 0 else _LAST_SECOND
        bars = await self._charts.minute_bars(key.symbol, day, 0, until)
        rows = {
            day_seconds(day) + bar.start.hour * 3600 + bar.start.minute * 60: (
                float(bar.open),
                float(bar.high),
                float(bar.low),
                float(bar.close),
                float(bar.volume),
            )
            for bar in bars
        }
        # One more call finds that nothing is left, unless the last page was short.
        most = _TODAY_ROWS if age == 0 else _PAST_ROWS
        return _whole_day(key, day, rows, len(rows) // most + 1)

    async def _index(self, key: SeriesKey, day: date, age: int) -> BarPage:
        if age != 0:
            raise CorrectionNeeded(Sentence("지수의 분봉은 오늘 것만 제공됩니다."))
        self._refuse_paper()
        api = self._client.catalog.api("domestic_stock.inquire_time_indexchartprice")
        values = {
            "FID_COND_MRKT_DIV_CODE": "U",
            "FID_ETC_CLS_CODE": "0",
            "FID_INPUT_ISCD": key.symbol,
            "FID_INPUT_HOUR_1": "60",
            "FID_PW_DATA_INCU_YN": "N",
        }
        answer = await self._client.request(api, values, priority=Priority.HISTORY)
        names = ("bstp_nmix_oprc", "bstp_nmix_hgpr", "bstp_nmix_lwpr", "bstp_nmix_prpr", "cntg_vol")
        rows = {
            day_seconds(day) + row.seconds("stck_cntg_hour") // 60 * 60: _values(row, names, 1_000.0)
            for row in answer.rows("output2")
            if row.day("stck_bsop_date") == day
        }
        page = _whole_day(key, day, rows, 1)
        first = min(rows, default=day_seconds(day))
        return BarPage(page.bars, Span(first, page.covered.end), reached_listing=False)

    async def _abroad(self, key: SeriesKey, day: date, age: int) -> BarPage:
        if age > _PAST_DAYS_ABROAD:
            raise _too_old(day, _PAST_DAYS_ABROAD)
        self._refuse_paper()
        api = self._client.catalog.api("overseas_stock.inquire_time_itemchartprice")
        begin, end = day_seconds(day), day_seconds(day) + _DAY
        # West of Seoul the day there ends later than here: the local day's end is late enough everywhere.
        last = f"{day_text(day)}235900"
        rows: dict[int, tuple[float, float, float, float, float]] = {}
        calls = 0
        while calls < _MOST_PAGES:
            values = {
                "AUTH": "",
                "EXCD": key.exchange,
                "SYMB": key.symbol,
                "NMIN": "1",
                "PINC": "1",
                "NEXT": "1",
                "NREC": str(_ABROAD_ROWS),
                "FILL": "",
                "KEYB": last,
            }
            answer = await self._client.request(api, values, priority=Priority.HISTORY)
            calls += 1
            listed = answer.rows("output2")
            new = {day_seconds(row.day("kymd")) + row.seconds("khms") // 60 * 60: row for row in listed}
            names = ("open", "high", "low", "last", "evol")
            rows |= {time: _values(row, names, 1.0) for time, row in new.items() if begin <= time < end}
            if not listed or min(new) < begin or len(listed) < _ABROAD_ROWS:
                break
            oldest = listed[-1]
            before = day_seconds(oldest.day("xymd")) + oldest.seconds("xhms") - 60
            following = str(np.datetime64(before, "s")).replace("-", "").replace("T", "").replace(":", "")
            if following >= last:
                break  # an answer that does not go back
            last = following
        return _whole_day(key, day, rows, calls)

    def _refuse_paper(self) -> None:
        if self._client.access.environment is Environment.PAPER:
            raise CorrectionNeeded(_PAST_IN_PAPER)


def _too_old(day: date, most: int) -> CorrectionNeeded:
    return CorrectionNeeded(
        Sentence("{day}의 분봉은 KIS에 없습니다. 최근 {most}일까지 제공됩니다.", day=day, most=most)
    )


def _whole_day(
    key: SeriesKey, day: date, rows: dict[int, tuple[float, float, float, float, float]], calls: int
) -> BarPage:
    times = sorted(rows)
    columns = np.array([rows[time] for time in times], dtype=np.float64).reshape(-1, FIELDS)
    bars = BarColumns(key, np.array(times, dtype=np.int64), np.ascontiguousarray(columns.T))
    begin = day_seconds(day)
    return BarPage(bars, Span(begin, begin + _DAY), reached_listing=False, calls=calls)


def _values(
    row: Row, fields: tuple[str, str, str, str, str], volume_unit: float
) -> tuple[float, float, float, float, float]:
    opening, high, low, close, volume = fields
    last = float(row.number(close))
    first, top, bottom = (
        last if value is None else float(value)
        for value in (row.positive(name) for name in (opening, high, low))
    )
    return first, top, bottom, last, float(row.optional_number(volume) or 0) * volume_unit
