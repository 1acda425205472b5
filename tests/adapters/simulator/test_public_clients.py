"""Send what public clients send that no document names: KIS answers it, so the exchange must.

Found by running python-kis 2.1.6 and mojito2 0.1.6 against the exchange with only the host names changed.
"""

from __future__ import annotations

import json

import pytest

from tests.support.shared import shared_path

from .wire_client import QUOTATIONS, STOCK, logged_in, running

CHART = {**STOCK, "FID_PERIOD_DIV_CODE": "D", "FID_ORG_ADJ_PRC": "0"}


@pytest.mark.parametrize(("first", "last"), [("00000101", "20261123"), ("20260101", "99991231")])
async def test_chart_period_open_at_an_end_is_answered(first: str, last: str) -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        dates = {"FID_INPUT_DATE_1": first, "FID_INPUT_DATE_2": last}
        answer = (
            await client.get(
                f"{QUOTATIONS}/inquire-daily-itemchartprice", "FHKST03010100", {**CHART, **dates}
            )
        ).json()

    assert answer["rt_cd"] == "0", answer
    assert len(answer["output2"]) == 100


@pytest.mark.parametrize("text", ["", "2026112", "20260231", "yesterday"])
async def test_chart_end_that_is_no_date_is_refused(text: str) -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        dates = {"FID_INPUT_DATE_1": "20260101", "FID_INPUT_DATE_2": text}
        answer = (
            await client.get(
                f"{QUOTATIONS}/inquire-daily-itemchartprice", "FHKST03010100", {**CHART, **dates}
            )
        ).json()

    assert (answer["rt_cd"], answer["msg_cd"]) == ("2", "OPSQ2001")


async def test_path_with_two_slashes_in_front_is_answered() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        address = f"{server.addresses['rest']}/{QUOTATIONS}/inquire-price"
        answer = (
            await client.http.get(address, params=STOCK, headers=client.headers("FHKST01010100"))
        ).json()

    assert "//uapi" in address
    assert answer["output"]["stck_shrn_iscd"] == "005930"


@pytest.mark.parametrize(("symbol", "name"), [("005930", "삼성전자"), ("069500", "KODEX 200")])
async def test_short_product_sheet_has_its_documented_fields(symbol: str, name: str) -> None:
    documents = json.loads(shared_path("kis-api/api_fields.json").read_text(encoding="utf-8"))["apis"]
    fields = documents["/uapi/domestic-stock/v1/quotations/search-info #상품기본조회"]["fields"][
        "Response Body"
    ]
    async with running(is_limited=False) as server, logged_in(server) as client:
        asked = {"PRDT_TYPE_CD": "300", "PDNO": symbol}
        answer = (await client.get(f"{QUOTATIONS}/search-info", "CTPF1604R", asked)).json()

    assert {field[0] for field in fields} - {"rt_cd", "msg_cd", "msg1", "output"} <= set(answer["output"])
    assert (answer["output"]["shtn_pdno"], answer["output"]["prdt_abrv_name"]) == (symbol, name)


@pytest.mark.parametrize("asked", [("512", "005930"), ("300", "AAPL")])
async def test_short_product_sheet_of_another_market_is_refused_as_no_data(asked: tuple[str, str]) -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        parameters = {"PRDT_TYPE_CD": asked[0], "PDNO": asked[1]}
        answer = (await client.get(f"{QUOTATIONS}/search-info", "CTPF1604R", parameters)).json()

    assert answer["rt_cd"] == "7"
