"""Every answer that is reckoned on demand has exactly the blocks and fields of KIS's document, all text."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.reference.calls import ENDPOINTS
from tests.adapters.simulator.reference_desk import Desk, desk, documented_blocks, endpoint_of, rows_of
from tests.adapters.simulator.wire_client import logged_in, running

DAYS = {"FID_INPUT_DATE_1": "20260901", "FID_INPUT_DATE_2": "20261120"}
SHARE = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"}
INDEX = {"FID_COND_MRKT_DIV_CODE": "U", "FID_INPUT_ISCD": "0001"}
RANK = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "0000"}
FUTURE = {"FID_COND_MRKT_DIV_CODE": "F", "FID_INPUT_ISCD": "A01612"}
APPLE = {"EXCD": "NAS", "SYMB": "AAPL"}
# What each call is asked with, by the last part of its path; rankings and what is not named: RANK.
ASKED: dict[str, dict[str, str]] = {
    "inquire-investor-time-by-market": {"FID_INPUT_ISCD": "KSP", "FID_INPUT_ISCD_2": "0001"},
    "inquire-investor-daily-by-market": {**INDEX, "FID_INPUT_DATE_1": "20261120", "FID_INPUT_ISCD_1": "KSP"},
    "investor-trade-by-stock-daily": {**SHARE, "FID_INPUT_DATE_1": "20261120"},
    "investor-trend-estimate": {"MKSC_SHRN_ISCD": "005930"},
    "program-trade-by-stock": SHARE,
    "program-trade-by-stock-daily": SHARE,
    "comp-program-trade-today": {**RANK, "FID_MRKT_CLS_CODE": "K"},
    "comp-program-trade-daily": {**DAYS, "FID_MRKT_CLS_CODE": "Q"},
    "investor-program-trade-today": {"MRKT_DIV_CLS_CODE": "1"},
    "inquire-member": SHARE,
    "inquire-member-daily": {**SHARE, **DAYS, "FID_INPUT_ISCD_2": "00050"},
    "frgnmem-trade-trend": {**SHARE, "FID_INPUT_ISCD_2": "99999"},
    "frgnmem-pchs-trend": SHARE,
    "inquire-vi-status": {},
    "intstock-multprice": {"FID_COND_MRKT_DIV_CODE_1": "J", "FID_INPUT_ISCD_1": "005930"},
    "inquire-time-itemconclusion": {**SHARE, "FID_INPUT_HOUR_1": "153000"},
    "inquire-price-2": SHARE,
    "inquire-daily-trade-volume": {**SHARE, **DAYS, "FID_PERIOD_DIV_CODE": "D"},
    "news-title": {},
    "inquire-daily-indexchartprice": {**INDEX, **DAYS, "FID_PERIOD_DIV_CODE": "D"},
    "inquire-index-daily-price": {**INDEX, "FID_INPUT_DATE_1": "20261120", "FID_PERIOD_DIV_CODE": "D"},
    "inquire-index-timeprice": {**INDEX, "FID_INPUT_HOUR_1": "300"},
    "inquire-time-indexchartprice": {**INDEX, "FID_INPUT_HOUR_1": "60", "FID_PW_DATA_INCU_YN": "Y"},
    "inquire-index-price": INDEX,
    "inquire-index-tickprice": INDEX,
    "inquire-index-category-price": INDEX,
    "overseas-price/price": APPLE,
    "overseas-price/price-detail": APPLE,
    "overseas-price/inquire-asking-price": APPLE,
    "overseas-price/inquire-ccnl": APPLE,
    "overseas-price/search-info": {"PRDT_TYPE_CD": "512", "PDNO": "AAPL"},
    "overseas-price/inquire-search": {"EXCD": "NYS"},
    "overseas-price/dailyprice": {**APPLE, "GUBN": "1"},
    "overseas-price/inquire-daily-chartprice": {
        **DAYS,
        "FID_COND_MRKT_DIV_CODE": "X",
        "FID_INPUT_ISCD": "FX@KRW",
        "FID_PERIOD_DIV_CODE": "D",
    },
    "overseas-price/inquire-time-itemchartprice": {**APPLE, "NMIN": "1"},
    "overseas-price/inquire-time-indexchartprice": {"FID_COND_MRKT_DIV_CODE": "N", "FID_INPUT_ISCD": "SPX"},
    "countries-holiday": {"TRAD_DT": "20261120"},
    "domestic-futureoption/inquire-price": FUTURE,
    "domestic-futureoption/inquire-asking-price": FUTURE,
    "domestic-futureoption/display-board-top": FUTURE,
    "domestic-futureoption/display-board-futures": {},
    "domestic-futureoption/display-board-option-list": {},
    "domestic-futureoption/display-board-callput": {"FID_MTRT_CNT": "202612"},
    "domestic-futureoption/inquire-daily-fuopchartprice": {**FUTURE, **DAYS, "FID_PERIOD_DIV_CODE": "W"},
    "domestic-futureoption/inquire-time-fuopchartprice": {**FUTURE, "FID_HOUR_CLS_CODE": "60"},
}
ODD = st.one_of(
    st.sampled_from(["", "0", "1", "9", "-1", "1.5", "9999999999", "1e400", "²", "٣", "nan", "A" * 40]),
    st.sampled_from(["19000101", "20261120", "22001231", "99991231", "000000", "153000", "240000", "999999"]),
    st.sampled_from(["Y", "N", "D", "W", "M", "K", "Q", "U", "J", "X", "0001", "1001", "2001", "005930"]),
    st.text(max_size=14),
)
# Fields that KIS's printed answers have and its document does not.
BOTH = {"inquire-time-itemconclusion": {"stck_prpr"}}
# Blocks that are rightly empty in a plain morning.
EMPTY = {
    "exp-trans-updown",
    "capture-uplowprice",
    "overtime-volume",
    "overtime-fluctuation",
    "overtime-exp-trans-fluct",
    "inquire-vi-status",
    "news-title",
}


@pytest.fixture(scope="module")
def market() -> Desk:
    return desk()


def asked(path: str) -> dict[str, str]:
    name = path.rpartition("/")[2]
    return ASKED.get(path.split("/v1/")[0].rpartition("/")[2] + "/" + name, ASKED.get(name, RANK))


@pytest.mark.parametrize("path", [endpoint.path for endpoint in ENDPOINTS])
def test_blocks_and_fields_are_those_of_the_document(market: Desk, path: str) -> None:
    body = market.ask(path, **asked(path))

    assert body["rt_cd"] == "0", body
    for block, fields in documented_blocks(path).items():
        rows = rows_of(body, block)
        assert rows or path.rpartition("/")[2] in EMPTY, f"{block} is empty"
        for row in rows:
            more = BOTH.get(path.rpartition("/")[2], set()) if block == "output2" else set()
            assert sorted(set(row) - more) == sorted(fields)
            assert all(isinstance(value, str) for value in row.values())


@pytest.mark.parametrize("path", [endpoint.path for endpoint in ENDPOINTS])
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_right_call_with_one_odd_value_is_answered_or_refused(
    market: Desk, path: str, data: st.DataObject
) -> None:
    values = asked(path)
    names = sorted({*endpoint_of(path).required, *values})
    if names:
        values = {**values, data.draw(st.sampled_from(names)): data.draw(ODD)}

    body = market.ask(path, **values)

    assert {"rt_cd", "msg_cd", "msg1"} <= set(body)


async def test_a_ranking_is_answered_on_the_wire_and_not_in_paper() -> None:
    path = "/uapi/domestic-stock/v1/ranking/hts-top-view"
    async with running(seed=7, is_limited=False) as server:
        async with logged_in(server) as client:
            answer = await client.get(path, "HHMCM000100C0", {})
            missing = await client.get("/uapi/domestic-stock/v1/ranking/market-cap", "FHPST01740000", {})
        async with logged_in(server, "paper_rest", "PSpaper000000000000000000000000paper") as paper:
            refused = await paper.get(path, "HHMCM000100C0", {})

    assert len(answer.json()["output1"]) == 20
    assert missing.json()["msg_cd"] == "OPSQ2001"
    assert (refused.status_code, refused.json()["msg_cd"]) == (500, "EGW00213")
