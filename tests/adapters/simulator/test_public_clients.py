"""Send what public clients send that no document names: KIS answers it, so the exchange must.

Found by running python-kis 2.1.6, mojito2 0.1.6 and KIS's own sample client against the exchange with only
hosts and keys changed.
"""

from __future__ import annotations

import json

import pytest

from kis_terminal.adapters.simulator.options import read_options
from tests.adapters.simulator.wire_client import (
    ACCOUNT,
    FRESH_ACCOUNT,
    PAPER_KEY,
    QUOTATIONS,
    STOCK,
    TRADING,
    command,
    decrypt,
    frame_of,
    logged_in,
    reply_of,
    running,
    socket_to,
)
from tests.support.shared import shared_path

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


async def test_minutes_asked_for_at_midnight_are_the_newest() -> None:
    """Cause: python-kis asks for the minutes of the day from 000000 on and got an empty chart."""
    asked = {**STOCK, "FID_PW_DATA_INCU_YN": "N", "FID_ETC_CLS_CODE": ""}
    path = f"{QUOTATIONS}/inquire-time-itemchartprice"
    async with running(is_limited=False, clock="11:30") as server, logged_in(server) as client:
        first = (await client.get(path, "FHKST03010200", {**asked, "FID_INPUT_HOUR_1": "000000"})).json()
        late = (await client.get(path, "FHKST03010200", {**asked, "FID_INPUT_HOUR_1": "235900"})).json()

    assert len(first["output2"]) == 30
    assert [row["stck_cntg_hour"] for row in first["output2"]][1:] == [
        row["stck_cntg_hour"] for row in late["output2"]
    ][1:]


async def test_too_many_approval_calls_are_refused_in_the_envelope_that_makes_clients_wait() -> None:
    """Cause: python-kis fetches a key for each subscription, and tries again only where `msg_cd` says so."""
    async with running() as server, logged_in(server) as client:
        answers = [await client.auth("/oauth2/Approval") for _ in range(2)]

    assert answers[0].json()["approval_key"]
    assert (answers[1].status_code, answers[1].json()["rt_cd"]) == (500, "1")
    assert answers[1].json()["msg_cd"] == "EGW00201"


@pytest.mark.parametrize(
    ("path", "tr_id", "code"),
    [
        ("chk-holiday", "VTCA0903R", "EGW00213"),
        ("search-stock-info", "VTPF1002R", "EGW00213"),
        ("search-stock-info", "VTPF9999R", "OPSQ0002"),
    ],
)
async def test_paper_form_of_an_id_that_paper_lacks_is_no_paper_function(
    path: str, tr_id: str, code: str
) -> None:
    """Cause: KIS's sample writes V for the first letter of every id, of those too that paper lacks."""
    async with running() as server, logged_in(server, "paper_rest", PAPER_KEY) as client:
        answer = await client.get(f"{QUOTATIONS}/{path}", tr_id, {})

    assert (answer.status_code, answer.json()["msg_cd"]) == (500, code)


@pytest.mark.parametrize(
    ("path", "tr_id"),
    [("inquire-period-trade-profit", "TTTC8715R"), ("inquire-period-profit", "TTTC8708R")],
)
async def test_profits_by_day_list_no_row_without_a_day(path: str, tr_id: str) -> None:
    """Cause: each holding stood there as a trade without a day, which python-kis cannot read as a date."""
    period = {"INQR_STRT_DT": "20261101", "INQR_END_DT": "20261130", "PDNO": ""}
    manner = {"SORT_DVSN": "00", "INQR_DVSN": "00", "CBLC_DVSN": "00"}
    asked = ACCOUNT | period | manner | {"CTX_AREA_FK100": "", "CTX_AREA_NK100": ""}
    async with running(is_limited=False) as server, logged_in(server) as client:
        answer = (await client.get(f"{TRADING}/{path}", tr_id, asked)).json()

    assert (answer["rt_cd"], answer["output1"]) == ("0", [])
    assert answer["output2"]["tot_rlzt_pfls"] == "0"


@pytest.mark.parametrize(("columns", "counts"), [("46,59,26", (46, 59, 26)), ("47,63,23", (47, 63, 23))])
async def test_frames_have_the_columns_of_the_clients_time(
    columns: str, counts: tuple[int, int, int]
) -> None:
    """Cause: python-kis 2.1.6 reads trades of 46 and books of 59 columns only; `sim` could not send them."""
    profile = read_options(["--columns", columns]).columns
    order = {"PDNO": "005930", "ORD_DVSN": "01", "ORD_QTY": "1", "ORD_UNPR": "0"}
    async with running(is_limited=False, columns=profile) as server, logged_in(server) as client:
        key = await client.approval()
        async with socket_to(server) as socket:
            for tr_id in ("H0STCNT0", "H0STASP0"):
                await socket.send(command(key, tr_id, "005930"))
                await reply_of(socket)
            await socket.send(command(key, "H0STCNI0", "tester"))
            seal = (await reply_of(socket))["body"]["output"]
            await client.post(f"{TRADING}/order-cash", "TTTC0012U", {**FRESH_ACCOUNT, **order})
            sealed = (await frame_of(socket, "H0STCNI0"))[3]
            trade = await frame_of(socket, "H0STCNT0")
            book = await frame_of(socket, "H0STASP0")

    widths = [len(frame[3].split("^")) // int(frame[2]) for frame in (trade, book)]
    assert (*widths, len(decrypt(seal["key"], seal["iv"], sealed))) == counts
