"""The smaller calls about single names agree with the tape and with inquire-price."""

from __future__ import annotations

import pytest

from tests.adapters.simulator.reference_desk import Desk, desk

QUOTATIONS = "domestic-stock/v1/quotations"
SAMSUNG = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"}


@pytest.fixture(scope="module")
def market() -> Desk:
    found = desk()
    found.pass_time(30)
    return found


def test_several_names_come_in_the_order_asked(market: Desk) -> None:
    asked = {"FID_COND_MRKT_DIV_CODE_1": "J"}
    for place, code in enumerate(("000660", "999999", "069500", "005930"), start=1):
        asked[f"FID_INPUT_ISCD_{place}"] = code

    rows = market.ask(f"{QUOTATIONS}/intstock-multprice", **asked)["output"]
    price = market.ask(f"{QUOTATIONS}/inquire-price", **SAMSUNG)["output"]

    assert [row["inter_shrn_iscd"] for row in rows] == ["000660", "069500", "005930"]
    assert (rows[2]["inter2_prpr"], rows[2]["acml_vol"]) == (price["stck_prpr"], price["acml_vol"])
    assert market.ask(f"{QUOTATIONS}/intstock-multprice", FID_INPUT_ISCD_1="999999")["rt_cd"] == "1"


def test_prints_up_to_an_hour_are_those_of_the_tape(market: Desk) -> None:
    asked = {**SAMSUNG, "FID_INPUT_HOUR_1": "153000"}
    rows = market.ask(f"{QUOTATIONS}/inquire-time-itemconclusion", **asked)["output2"]
    trades = market.venue.exchange.recent_trades("005930", 30)
    early = market.ask(
        f"{QUOTATIONS}/inquire-time-itemconclusion", **{**asked, "FID_INPUT_HOUR_1": "110035"}
    )["output2"]

    assert [row["cnqn"] for row in rows] == [str(trade.quantity) for trade in reversed(trades)]
    assert [row["stck_prpr"] for row in rows] == [row["stck_pbpr"] for row in rows]
    assert early
    assert all(row["stck_cntg_hour"] <= "110035" for row in early)


def test_the_short_sheet_agrees_with_the_price(market: Desk) -> None:
    sheet = market.ask(f"{QUOTATIONS}/inquire-price-2", **SAMSUNG)["output"]
    price = market.ask(f"{QUOTATIONS}/inquire-price", **SAMSUNG)["output"]

    for name in ("stck_prpr", "prdy_vrss", "acml_vol", "stck_mxpr", "stck_oprc", "marg_rate"):
        assert sheet[name] == price[name]
    assert int(sheet["hgpr_vrss_prpr"]) <= 0 <= int(sheet["lwpr_vrss_prpr"])
    assert sheet["bstp_cls_code"] == "0013"


def test_sides_of_a_day_sum_to_its_volume(market: Desk) -> None:
    asked = {**SAMSUNG, "FID_INPUT_DATE_1": "20261101", "FID_INPUT_DATE_2": "20261120"}
    body = market.ask(f"{QUOTATIONS}/inquire-daily-trade-volume", **asked, FID_PERIOD_DIV_CODE="D")
    weeks = market.ask(f"{QUOTATIONS}/inquire-daily-trade-volume", **asked, FID_PERIOD_DIV_CODE="W")
    days = market.ask(
        f"{QUOTATIONS}/inquire-daily-price", **SAMSUNG, FID_PERIOD_DIV_CODE="D", FID_ORG_ADJ_PRC="0"
    )["output"]

    volumes = {row["stck_bsop_date"]: int(row["acml_vol"]) for row in days}
    assert len(body["output2"]) == 15
    for row in body["output2"]:
        both = int(row["total_seln_qty"]) + int(row["total_shnu_qty"])
        assert both == volumes[row["stck_bsop_date"]]
    assert len(weeks["output2"]) == 3
    assert weeks["output1"] == body["output1"]
