"""Quotes and charts over loopback: paging by date, order of rows, agreement between the calls."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.adapters.simulator.handlers.test_http_fields import CHART, MINUTES, PAST, RANK
from tests.adapters.simulator.wire_client import QUOTATIONS, STOCK, RestClient, logged_in, running

Rows = list[dict[str, str]]


async def blocks(client: RestClient, path: str, tr_id: str, parameters: dict[str, str]) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get(f"{QUOTATIONS}/{path}", tr_id, parameters)).json()
    return answer


async def daily(client: RestClient, **more: str) -> Rows:
    answer = await blocks(client, "inquire-daily-itemchartprice", "FHKST03010100", {**CHART, **more})
    rows: Rows = answer["output2"]
    return rows


async def test_daily_bars_page_back_over_ten_years() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        rows: Rows = []
        end = CHART["FID_INPUT_DATE_2"]
        while page := await daily(client, FID_INPUT_DATE_1="19800101", FID_INPUT_DATE_2=end):
            if page == [{}]:
                break
            rows += page
            assert len(page) <= 100
            end = f"{int(page[-1]['stck_bsop_date']) - 1}"
            if end.endswith("00"):
                break

    days = [row["stck_bsop_date"] for row in rows]
    assert days == sorted(set(days), reverse=True)
    for row in rows:
        assert int(row["stck_lwpr"]) <= int(row["stck_clpr"]) <= int(row["stck_hgpr"])


async def test_ten_years_of_yearly_bars_are_there() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        years = await daily(client, FID_INPUT_DATE_1="19800101", FID_PERIOD_DIV_CODE="Y")
        months = await daily(client, FID_INPUT_DATE_1="19800101", FID_PERIOD_DIV_CODE="M")
        weeks = await daily(client, FID_PERIOD_DIV_CODE="W")

    assert len(years) >= 10
    assert len(months) == 100
    assert 8 <= len(weeks) <= 11
    for rows in (years, months, weeks):
        for newer, older in pairwise(rows):
            assert int(newer["prdy_vrss"]) == int(newer["stck_clpr"]) - int(older["stck_clpr"])


async def test_a_range_without_days_answers_an_empty_row() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        rows = await daily(client, FID_INPUT_DATE_1="19700101", FID_INPUT_DATE_2="19700201")

    assert rows == [{}]


async def test_minutes_of_today_are_thirty_and_newest_first() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        answer = await blocks(client, "inquire-time-itemchartprice", "FHKST03010200", MINUTES)

    stamps = [row["stck_bsop_date"] + row["stck_cntg_hour"] for row in answer["output2"]]
    assert len(stamps) == 30
    assert stamps == sorted(stamps, reverse=True)
    assert answer["output1"]["hts_kor_isnm"] == "삼성전자"


async def test_minutes_of_past_days_are_a_hundred_and_twenty() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        answer = await blocks(client, "inquire-time-dailychartprice", "FHKST03010230", PAST)
        refused = await blocks(
            client, "inquire-time-dailychartprice", "FHKST03010230", {**PAST, "FID_FAKE_TICK_INCU_YN": "Y"}
        )

    assert len(answer["output2"]) == 120
    assert refused["rt_cd"] != "0"


async def test_daily_price_has_thirty_rows_that_agree_with_the_chart() -> None:
    async with running(is_limited=False, load_ticks=1) as server, logged_in(server) as client:
        parameters = {**STOCK, "FID_PERIOD_DIV_CODE": "D", "FID_ORG_ADJ_PRC": "1"}
        listed = (await blocks(client, "inquire-daily-price", "FHKST01010400", parameters))["output"]
        charted = await daily(client)

    assert len(listed) == 30
    for one, other in zip(listed, charted, strict=False):
        assert one["stck_bsop_date"] == other["stck_bsop_date"]
        assert one["stck_clpr"] == other["stck_clpr"]
        assert one["prdy_vrss_sign"] == other["prdy_vrss_sign"]


async def test_investor_rows_are_blank_for_today_and_sum_to_nothing() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        rows = (await blocks(client, "inquire-investor", "FHKST01010900", STOCK))["output"]

    assert rows[0]["prsn_ntby_qty"] == ""
    assert len(rows) == 30
    for row in rows[1:]:
        assert sum(int(row[f"{who}_ntby_qty"]) for who in ("prsn", "frgn", "orgn")) == 0


@pytest.mark.parametrize("kind", ["0", "1", "2", "3", "4"])
async def test_ranking_is_in_order_and_thirty_long(kind: str) -> None:
    key = {"0": "acml_vol", "1": "vol_inrt", "2": "vol_tnrt", "3": "acml_tr_pbmn", "4": "tr_pbmn_tnrt"}[kind]
    async with running(is_limited=False) as server, logged_in(server) as client:
        rows = (await blocks(client, "volume-rank", "FHPST01710000", {**RANK, "FID_BLNG_CLS_CODE": kind}))[
            "output"
        ]

    values = [float(row[key]) for row in rows]
    assert len(values) == 30
    assert values == sorted(values, reverse=True)
    assert [row["data_rank"] for row in rows] == [str(n) for n in range(1, 31)]


async def test_unknown_symbols_and_markets_are_refused_as_kis_does() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        symbol = await blocks(client, "inquire-price", "FHKST01010100", {**STOCK, "FID_INPUT_ISCD": "999999"})
        market = await blocks(
            client, "inquire-price", "FHKST01010100", {**STOCK, "FID_COND_MRKT_DIV_CODE": "Z"}
        )
        missing = await blocks(client, "inquire-price", "FHKST01010100", {"FID_COND_MRKT_DIV_CODE": "J"})

    assert (symbol["rt_cd"], symbol["msg_cd"]) == ("1", "MCA05918")
    assert (market["rt_cd"], market["msg_cd"]) == ("2", "OPSQ2001")
    assert "FID_INPUT_ISCD" in missing["msg1"]


async def test_get_parameters_may_be_in_lower_case() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        lower = {name.lower(): value for name, value in STOCK.items()}
        answer = await blocks(client, "inquire-price", "FHKST01010100", lower)

    assert answer["rt_cd"] == "0"


async def test_the_calendar_goes_on_from_page_to_page() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        query = {"BASS_DT": "20261220", "CTX_AREA_FK": "", "CTX_AREA_NK": ""}
        first = await client.get(f"{QUOTATIONS}/chk-holiday", "CTCA0903R", query)
        query |= {"CTX_AREA_NK": first.json()["ctx_area_nk"], "CTX_AREA_FK": first.json()["ctx_area_fk"]}
        second = await client.get(f"{QUOTATIONS}/chk-holiday", "CTCA0903R", query, tr_cont="N")

    rows = first.json()["output"] + second.json()["output"]
    days = {row["bass_dt"]: row for row in rows}
    assert len(days) == len(rows) == 48
    assert first.headers["tr_cont"] == "F"
    assert days["20261220"]["wday_dvsn_cd"] == "01", "a Sunday"
    assert days["20261225"]["opnd_yn"] == "N"
    assert days["20261228"]["opnd_yn"] == "Y"
