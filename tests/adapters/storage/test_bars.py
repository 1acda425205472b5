"""The bar store over SQLite and over PostgreSQL; test_bar_process runs the same over its process."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np

from kis_terminal.domain.bar_columns import BarColumns, CorporateNote, Product, SeriesKey, Span
from kis_terminal.domain.instruments import Instrument, InstrumentKind, Market
from kis_terminal.domain.market import Interval
from kis_terminal.ports import BarStore
from tests.support.bar_stores import DAY, SAMSUNG_DAYS, made_bars, same, weekdays, whole

EVER = 2**40
MINUTES = SeriesKey(Product.STOCK, "0001A0", Interval.MINUTE_1)
APPLE = SeriesKey(Product.OVERSEAS, "AAPL", Interval.DAY, exchange="NAS")
DAYS = weekdays(2_500)


async def test_what_was_written_is_read_to_the_last_bit(store: BarStore) -> None:
    halted = made_bars(SAMSUNG_DAYS, DAYS)
    halted.columns[:, 100] = 0.0
    halted.columns[:, 101] = np.nan
    minutes = made_bars(MINUTES, int(DAYS[-1]) + 9 * 3_600 + 60 * np.arange(391), seed=2)
    apple = made_bars(APPLE, weekdays(300, date(1962, 1, 2)), seed=3, cents=True)

    for bars in (halted, minutes, apple):
        await store.write(bars, whole(bars))

    found = await store.read(SAMSUNG_DAYS, -EVER, EVER)
    assert np.array_equal(found.times, halted.times)
    assert np.array_equal(found.columns, halted.columns, equal_nan=True)
    assert same(await store.read(MINUTES, 0, EVER), minutes)
    assert same(await store.read(APPLE, -EVER, EVER), apple)
    assert same(
        await store.read(SAMSUNG_DAYS, int(DAYS[500]), int(DAYS[1_500])),
        BarColumns(SAMSUNG_DAYS, DAYS[500:1_500], halted.columns[:, 500:1_500]),
    )


async def test_an_unknown_series_is_empty(store: BarStore) -> None:
    assert len(await store.read(SAMSUNG_DAYS, 0, EVER)) == 0
    assert len(await store.read(SAMSUNG_DAYS, 10, 10)) == 0
    assert list(await store.coverage(SAMSUNG_DAYS)) == []
    assert list(await store.series()) == []
    await store.forget(SAMSUNG_DAYS)


async def test_pages_join_and_the_later_word_counts(store: BarStore) -> None:
    early, late = made_bars(SAMSUNG_DAYS, DAYS[:1_400]), made_bars(SAMSUNG_DAYS, DAYS[1_300:], seed=9)

    await store.write(late, whole(late))
    await store.write(early, [Span(int(DAYS[0]), int(DAYS[1_300]))])

    found = await store.read(SAMSUNG_DAYS, 0, EVER)
    assert np.array_equal(found.times, DAYS)
    assert np.array_equal(found.columns[:, :1_400], early.columns)
    assert np.array_equal(found.columns[:, 1_400:], late.columns[:, 100:])
    assert list(await store.coverage(SAMSUNG_DAYS)) == [Span(int(DAYS[0]), int(DAYS[-1]) + DAY)]


async def test_days_without_trading_are_covered_without_bars(store: BarStore) -> None:
    nothing = made_bars(SAMSUNG_DAYS, DAYS[:0])

    await store.write(nothing, [Span(0, 5 * DAY), Span(9 * DAY, 12 * DAY)])
    await store.write(nothing, [Span(5 * DAY, 6 * DAY)])

    assert list(await store.coverage(SAMSUNG_DAYS)) == [Span(0, 6 * DAY), Span(9 * DAY, 12 * DAY)]
    [status] = await store.series()
    assert (status.key, status.bars, status.bytes_used) == (SAMSUNG_DAYS, 0, 0)


async def test_series_that_differ_in_one_word_are_apart(store: BarStore) -> None:
    keys = [
        SAMSUNG_DAYS,
        replace(SAMSUNG_DAYS, is_adjusted=False),
        replace(SAMSUNG_DAYS, interval=Interval.MONTH),
        replace(SAMSUNG_DAYS, interval=Interval.MINUTE_1),
        replace(SAMSUNG_DAYS, product=Product.INDEX),
        replace(APPLE, exchange="NYS"),
        APPLE,
    ]
    made = [made_bars(key, DAYS[:50], seed=number) for number, key in enumerate(keys)]

    await store.write_many([(bars, whole(bars)) for bars in made])

    for bars in made:
        assert same(await store.read(bars.key, 0, EVER), bars)
    assert [status.key for status in await store.series()] == sorted(keys)
    await store.forget(keys[1])
    assert len(await store.read(keys[1], 0, EVER)) == 0
    assert list(await store.coverage(keys[1])) == []
    assert same(await store.read(keys[0], 0, EVER), made[0])
    await store.write(made[1], whole(made[1]))
    assert same(await store.read(keys[1], 0, EVER), made[1])


async def test_many_series_come_in_one_go(store: BarStore) -> None:
    keys = [replace(SAMSUNG_DAYS, symbol=f"{number:06}") for number in range(12)]
    keys += [replace(key, interval=Interval.WEEK) for key in keys[:3]]
    made = [made_bars(key, DAYS[:1_200], seed=number) for number, key in enumerate(keys)]
    await store.write_many([(bars, whole(bars)) for bars in made])
    unknown = replace(SAMSUNG_DAYS, symbol="999999")
    start, end = int(DAYS[200]), int(DAYS[1_100])

    found = await store.read_many([unknown, *reversed(keys), keys[0]], start, end)

    assert len(found[0]) == 0
    for bars, wanted in zip(found[1:], [*reversed(made), made[0]], strict=True):
        assert same(bars, BarColumns(wanted.key, DAYS[200:1_100], wanted.columns[:, 200:1_100]))
    assert list(await store.read_many([], start, end)) == []
    assert [len(bars) for bars in await store.read_many(keys[:2], end, start)] == [0, 0]


async def test_one_series_in_several_parts_is_written_once(store: BarStore) -> None:
    pages = [made_bars(SAMSUNG_DAYS, DAYS[first : first + 100], seed=first) for first in (200, 100, 0, 150)]

    await store.write_many([(page, whole(page)) for page in pages])

    found = await store.read(SAMSUNG_DAYS, 0, EVER)
    assert np.array_equal(found.times, DAYS[:300])
    assert np.array_equal(found.columns[:, 150:250], pages[3].columns)


async def test_calls_at_once_get_their_own_answers(store: BarStore) -> None:
    keys = [replace(SAMSUNG_DAYS, symbol=f"{number:06}") for number in range(20)]
    made = {key: made_bars(key, DAYS[:300], seed=number) for number, key in enumerate(keys)}

    await asyncio.gather(*(store.write(bars, whole(bars)) for bars in made.values()))
    found = await asyncio.gather(*(store.read(key, 0, EVER) for key in keys))

    assert all(same(bars, made[key]) for key, bars in zip(keys, found, strict=True))


async def test_the_status_tells_size_spans_and_age(store: BarStore) -> None:
    bars = made_bars(SAMSUNG_DAYS, DAYS)
    await store.write(bars, whole(bars))

    [status] = await store.series()

    assert status.bars == 2_500
    assert list(status.spans) == whole(bars)
    assert 15 * 2_500 < status.bytes_used < 25 * 2_500
    assert status.updated > 1_700_000_000


async def test_notes_are_kept_by_symbol_and_day(store: BarStore) -> None:
    split = CorporateNote("005930", date(2018, 5, 4), 0.02, "액면분할 50:1")
    older = CorporateNote("005930", date(2010, 1, 4), 0.5, "무상증자")

    for note in (replace(split, factor=0.03), older, split):
        await store.add_note(note)

    assert list(await store.notes("005930")) == [older, split]
    assert list(await store.notes("000660")) == []


async def test_the_newest_master_is_kept(store: BarStore) -> None:
    assert await store.kept_instruments() is None
    samsung = Instrument("005930", "삼성전자", Market.KOSPI, base_price=Decimal(72_000))
    kodex = Instrument("069500", "KODEX 200", Market.KOSPI, InstrumentKind.ETF, "KR7069500007")
    gone = Instrument("900000", "없어진 종목", Market.KOSDAQ, is_halted=True, is_liquidation=True)

    await store.keep_instruments(date(2026, 11, 19), [samsung, gone])
    await store.keep_instruments(date(2026, 11, 20), [kodex, samsung])
    await store.keep_instruments(date(2026, 11, 19), [gone])

    assert await store.kept_instruments() == (date(2026, 11, 20), [samsung, kodex])
