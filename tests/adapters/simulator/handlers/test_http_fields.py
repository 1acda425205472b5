"""Every answer holds every field of KIS's document and of KIS's printed answer, as text."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from tests.adapters.simulator.wire_client import (
    ACCOUNT,
    QUOTATIONS,
    STOCK,
    TRADING,
    Json,
    RestClient,
    logged_in,
    running,
)
from tests.support.shared import shared_path

TODAY = date.today()  # noqa: DTZ011  only the spans below are made of it
RANK = {
    "FID_COND_MRKT_DIV_CODE": "J",
    "FID_COND_SCR_DIV_CODE": "20171",
    "FID_INPUT_ISCD": "0000",
    "FID_DIV_CLS_CODE": "0",
    "FID_BLNG_CLS_CODE": "0",
    "FID_TRGT_CLS_CODE": "111111111",
    "FID_TRGT_EXLS_CLS_CODE": "000000",
    "FID_INPUT_PRICE_1": "",
    "FID_INPUT_PRICE_2": "",
    "FID_VOL_CNT": "",
}
BALANCE = {
    **ACCOUNT,
    "AFHR_FLPR_YN": "N",
    "OFL_YN": "",
    "INQR_DVSN": "02",
    "UNPR_DVSN": "01",
    "FUND_STTL_ICLD_YN": "N",
    "FNCG_AMT_AUTO_RDPT_YN": "N",
    "PRCS_DVSN": "00",
    "CTX_AREA_FK100": "",
    "CTX_AREA_NK100": "",
}
ORDERS = {
    **ACCOUNT,
    "INQR_STRT_DT": f"{TODAY - timedelta(days=3):%Y%m%d}",
    "INQR_END_DT": f"{TODAY + timedelta(days=3):%Y%m%d}",
    "SLL_BUY_DVSN_CD": "00",
    "PDNO": "",
    "ORD_GNO_BRNO": "",
    "ODNO": "",
    "CCLD_DVSN": "00",
    "INQR_DVSN": "00",
    "INQR_DVSN_1": "",
    "INQR_DVSN_3": "00",
    "EXCG_ID_DVSN_CD": "KRX",
    "CTX_AREA_FK100": "",
    "CTX_AREA_NK100": "",
}
DATES = {
    "FID_INPUT_DATE_1": f"{TODAY - timedelta(days=60):%Y%m%d}",
    "FID_INPUT_DATE_2": f"{TODAY + timedelta(days=1):%Y%m%d}",
}
CHART = {**STOCK, **DATES, "FID_PERIOD_DIV_CODE": "D", "FID_ORG_ADJ_PRC": "0"}
MINUTES = {**STOCK, "FID_INPUT_HOUR_1": "153000", "FID_PW_DATA_INCU_YN": "Y", "FID_ETC_CLS_CODE": ""}
PAST = {
    **STOCK,
    "FID_INPUT_HOUR_1": "153000",
    "FID_INPUT_DATE_1": f"{TODAY - timedelta(days=1):%Y%m%d}",
    "FID_PW_DATA_INCU_YN": "Y",
    "FID_FAKE_TICK_INCU_YN": "",
}
POWER = {
    **ACCOUNT,
    "PDNO": "005930",
    "ORD_UNPR": "0",
    "ORD_DVSN": "01",
    "CMA_EVLU_AMT_ICLD_YN": "N",
    "OVRS_ICLD_YN": "N",
}

# Path, TR id, parameters, sample file, document name, blocks of the answer.
CASES: list[tuple[str, str, dict[str, str], str]] = [
    (f"{QUOTATIONS}/inquire-price", "FHKST01010100", STOCK, "inquire-price"),
    (f"{QUOTATIONS}/inquire-asking-price-exp-ccn", "FHKST01010200", STOCK, "inquire-asking-price-exp-ccn"),
    (f"{QUOTATIONS}/inquire-ccnl", "FHKST01010300", STOCK, "inquire-ccnl"),
    (
        f"{QUOTATIONS}/inquire-daily-price",
        "FHKST01010400",
        {**STOCK, "FID_PERIOD_DIV_CODE": "D", "FID_ORG_ADJ_PRC": "0"},
        "inquire-daily-price",
    ),
    (f"{QUOTATIONS}/inquire-daily-itemchartprice", "FHKST03010100", CHART, "inquire-daily-itemchartprice"),
    (f"{QUOTATIONS}/inquire-time-itemchartprice", "FHKST03010200", MINUTES, "inquire-time-itemchartprice"),
    (f"{QUOTATIONS}/inquire-time-dailychartprice", "FHKST03010230", PAST, "inquire-time-dailychartprice"),
    (f"{QUOTATIONS}/inquire-investor", "FHKST01010900", STOCK, "inquire-investor"),
    (f"{QUOTATIONS}/volume-rank", "FHPST01710000", RANK, "volume-rank"),
    (
        f"{QUOTATIONS}/search-stock-info",
        "CTPF1002R",
        {"PRDT_TYPE_CD": "300", "PDNO": "005930"},
        "search-stock-info",
    ),
    (f"{QUOTATIONS}/chk-holiday", "CTCA0903R", {"BASS_DT": "20261220"}, "chk-holiday"),
    (f"{TRADING}/inquire-balance", "TTTC8434R", BALANCE, "inquire-balance"),
    (f"{TRADING}/inquire-psbl-order", "TTTC8908R", POWER, "inquire-psbl-order"),
    (f"{TRADING}/inquire-psbl-sell", "TTTC8408R", {**ACCOUNT, "PDNO": "005930"}, "inquire-psbl-sell"),
    (
        f"{TRADING}/inquire-psbl-rvsecncl",
        "TTTC0084R",
        {**ACCOUNT, "INQR_DVSN_1": "0", "INQR_DVSN_2": "0"},
        "inquire-psbl-rvsecncl",
    ),
    (f"{TRADING}/inquire-daily-ccld", "TTTC0081R", ORDERS, "inquire-daily-ccld"),
]
# Names that stand for a whole block in the document's flat list, and spellings KIS's answers do not have.
BLOCKS = {"output", "output1", "output2", "Output", "rt_cd", "msg_cd", "msg1"}


async def place_resting_order(client: RestClient) -> Json:
    quote = (await client.get(f"{QUOTATIONS}/inquire-price", "FHKST01010100", STOCK)).json()["output"]
    body = {
        **ACCOUNT,
        "PDNO": "005930",
        "ORD_DVSN": "00",
        "ORD_QTY": "1",
        "ORD_UNPR": quote["stck_llam"],
        "EXCG_ID_DVSN_CD": "KRX",
    }
    answer: Json = (await client.post(f"{TRADING}/order-cash", "TTTC0012U", body)).json()
    assert answer["rt_cd"] == "0", answer
    return answer


def first_row(block: Any) -> dict[str, Any]:
    row = block[0] if isinstance(block, list) else block
    assert isinstance(row, dict)
    return row


@pytest.mark.parametrize(("path", "tr_id", "parameters", "sample"), CASES, ids=[case[3] for case in CASES])
async def test_every_field_is_there_as_text(
    path: str, tr_id: str, parameters: dict[str, str], sample: str
) -> None:
    printed = json.loads(shared_path(f"kis-api/samples/{sample}.json").read_text(encoding="utf-8"))
    documents = json.loads(shared_path("kis-api/api_fields.json").read_text(encoding="utf-8"))["apis"]
    document = next(fields for name, fields in documents.items() if name.partition(" ")[0] == path)
    async with running(is_limited=False) as server, logged_in(server) as client:
        if "rvsecncl" in path or "ccld" in path:
            await place_resting_order(client)
        response = await client.get(path, tr_id, parameters)

    answer = response.json()
    assert response.status_code == 200, answer
    assert answer["rt_cd"] == "0", answer
    assert set(printed) <= set(answer)
    sent: set[str] = set(answer)
    for name, block in printed.items():
        if name.startswith("output"):
            assert isinstance(answer[name], type(block)), f"{name} has another shape than in KIS's answer"
            row = first_row(answer[name])
            assert set(first_row(block)) <= set(row)
            sent |= set(row)
            rows = answer[name] if isinstance(answer[name], list) else [answer[name]]
            assert all(isinstance(value, str) for one in rows for value in one.values())
            assert all(set(one) == set(row) for one in rows)
    documented = {field[0] for field in document["fields"]["Response Body"]}
    assert documented - BLOCKS <= sent


async def test_order_answers_have_kis_fields() -> None:
    printed = json.loads(shared_path("kis-api/samples/order-cash.json").read_text(encoding="utf-8"))
    async with running(is_limited=False) as server, logged_in(server) as client:
        answer = await place_resting_order(client)

    assert set(answer) == set(printed)
    assert set(answer["output"]) == set(printed["output"])
    assert (answer["msg_cd"], answer["msg1"]) == (printed["msg_cd"], printed["msg1"])
    assert len(answer["output"]["ODNO"]) == 10
    assert len(answer["output"]["KRX_FWDG_ORD_ORGNO"]) == 5
    assert len(answer["output"]["ORD_TMD"]) == 6
