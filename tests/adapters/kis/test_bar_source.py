"""Pages of bars out of KIS's printed answers, and how the source asks for them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from kis_terminal.adapters.kis.bar_source import KisBarSource
from kis_terminal.adapters.kis.client import KisClient
from kis_terminal.domain.bar_columns import Product, SeriesKey, Span
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import BrokerAnswerError, CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.wall_time import day_seconds
from tests.adapters.kis.access import NO_LIMIT, QUICK, access_to
from tests.support.ports_in_memory import SEOUL, MemoryClock
from tests.support.scripted_server import Reply, ScriptedServer, ok, scripted_server
from tests.support.shared import shared_path

DAY = 86_400
HYNIX = SeriesKey(Product.STOCK, "000660", Interval.DAY)
TESLA = SeriesKey(Product.OVERSEAS, "TSLA", Interval.DAY, exchange="NAS")
KOSPI = SeriesKey(Product.INDEX, "0001", Interval.DAY)


def sample(name: str) -> Reply:
    """Return an answer as KIS's documents print it."""
    body = json.loads(shared_path(f"kis-api/samples/{name}.json").read_text(encoding="utf-8"))
    return Reply(200, {"rt_cd": "0", "msg_cd": "MCA00000", "msg1": "", **body})


@asynccontextmanager
async def source_on(
    path: str, *replies: Reply, now: datetime | None = None
) -> AsyncIterator[tuple[KisBarSource, ScriptedServer]]:
    """Run a source against a server that answers a path."""
    async with scripted_server() as server:
        server.on(path, *replies)
        clock = MemoryClock(now)
        client = KisClient(access_to(server.url, Environment.REAL), clock, limits=NO_LIMIT, patience=QUICK)
        try:
            yield KisBarSource(client, clock), server
        finally:
            await client.close()


async def test_printed_answer_of_shares() -> None:
    async with source_on("inquire-daily-itemchartprice", sample("inquire-daily-itemchartprice")) as (
        source,
        server,
    ):
        page = await source.bars(HYNIX, date(2022, 5, 1), date(2022, 5, 31))
        await source.bars(replace(HYNIX, is_adjusted=False), date(2022, 5, 1), date(2022, 5, 31))

        assert len(page.bars) >= 1
        assert bool((page.bars.high >= page.bars.low).all())
        assert page.covered.end == day_seconds(date(2022, 6, 1))
        asked = [request.query for request in server.requests if request.query]
        assert [query["FID_ORG_ADJ_PRC"] for query in asked] == ["0", "1"]


async def test_printed_answer_of_an_index_counts_thousands() -> None:
    async with source_on("inquire-daily-indexchartprice", sample("inquire-daily-indexchartprice")) as (
        source,
        _,
    ):
        page = await source.bars(KOSPI, date(2022, 5, 2), date(2022, 5, 9))

        assert float(page.bars.close[-1]) == 2610.81
        assert float(page.bars.volume[-1]) == 892_653_000
        assert page.covered == Span(day_seconds(date(2022, 5, 2)), day_seconds(date(2022, 5, 10)))


async def test_printed_answer_from_abroad() -> None:
    async with source_on("dailyprice", sample("overseas-dailyprice")) as (source, server):
        page = await source.bars(TESLA, date(2022, 3, 31), date(2022, 4, 6))

        closes = page.bars.between(day_seconds(date(2022, 4, 1)), 2**40).close
        assert closes.tolist() == [1084.59, 1145.45, 1091.26, 1045.76]
        assert page.covered.start == day_seconds(date(2022, 3, 31))
        query = server.requests[-1].query
        assert (query["EXCD"], query["BYMD"], query["GUBN"], query["MODP"]) == ("NAS", "20220406", "0", "1")


async def test_printed_minutes_from_abroad_are_dated_in_seoul() -> None:
    now = datetime(2024, 2, 24, 12, 0, tzinfo=SEOUL)
    async with source_on("inquire-time-itemchartprice", sample("overseas-time-itemchartprice"), now=now) as (
        source,
        _,
    ):
        page = await source.bars(
            replace(TESLA, interval=Interval.MINUTE_1), date(2024, 2, 23), date(2024, 2, 23)
        )

        assert int(page.bars.times[-1]) == day_seconds(date(2024, 2, 23)) + 6 * 3600
        assert float(page.bars.close[-1]) == 197.41


def rows(count: int, end: date) -> list[dict[str, str]]:
    """Return weekdays before and at `end`, newest first."""
    found, day = [], end
    while len(found) < count:
        if day.weekday() < 5:
            price = {f"stck_{name}": "70000" for name in ("oprc", "hgpr", "lwpr", "clpr")}
            found.append({"stck_bsop_date": day.strftime("%Y%m%d"), **price, "acml_vol": "5"})
        day -= timedelta(days=1)
    return found


async def test_full_page_answers_for_its_own_days_only() -> None:
    end = date(2024, 6, 28)
    async with source_on("inquire-daily-itemchartprice", ok(output1={}, output2=rows(100, end))) as (
        source,
        _,
    ):
        page = await source.bars(HYNIX, date(2020, 1, 1), end)

        assert len(page.bars) == 100
        assert page.covered == Span(int(page.bars.times[0]), day_seconds(end) + DAY)
        assert not page.reached_listing


async def test_short_page_answers_for_all_that_was_asked_and_tells_a_listing() -> None:
    end = date(2024, 6, 28)
    async with source_on("inquire-daily-itemchartprice", ok(output1={}, output2=rows(30, end))) as (
        source,
        _,
    ):
        page = await source.bars(HYNIX, date(2020, 1, 1), end)

        assert page.covered.start == day_seconds(date(2020, 1, 1))
        assert page.reached_listing


async def test_empty_list_is_a_span_without_trading() -> None:
    async with source_on("inquire-daily-itemchartprice", ok(output1={}, output2=[{}])) as (source, _):
        page = await source.bars(HYNIX, date(2020, 1, 1), date(2020, 1, 3))

        assert len(page.bars) == 0
        assert page.covered == Span(day_seconds(date(2020, 1, 1)), day_seconds(date(2020, 1, 4)))


async def test_halted_day_is_flat_at_its_close() -> None:
    halted = {
        **rows(1, date(2018, 5, 3))[0],
        "stck_oprc": "0",
        "stck_hgpr": "0",
        "stck_lwpr": "0",
        "acml_vol": "0",
    }
    async with source_on("inquire-daily-itemchartprice", ok(output1={}, output2=[halted])) as (source, _):
        page = await source.bars(HYNIX, date(2018, 5, 3), date(2018, 5, 3))

        assert page.bars.columns[:, 0].tolist() == [70_000, 70_000, 70_000, 70_000, 0]
        assert not bool(page.bars.has_traded[0])


async def test_price_that_cannot_be_read_is_no_page() -> None:
    wrong = {**rows(1, date(2024, 6, 28))[0], "stck_clpr": "칠만"}
    async with source_on("inquire-daily-itemchartprice", ok(output1={}, output2=[wrong])) as (source, _):
        with pytest.raises(BrokerAnswerError, match="stck_clpr"):
            await source.bars(HYNIX, date(2024, 6, 28), date(2024, 6, 28))


async def test_what_kis_does_not_keep_is_said() -> None:
    async with source_on("dailyprice", ok(output1={}, output2=[])) as (source, _):
        with pytest.raises(CorrectionNeeded, match="연봉"):
            await source.bars(replace(TESLA, interval=Interval.YEAR), date(2020, 1, 1), date(2024, 1, 1))
        with pytest.raises(CorrectionNeeded, match="1분봉"):
            await source.bars(replace(HYNIX, interval=Interval.MINUTE_5), date(2024, 1, 2), date(2024, 1, 2))
