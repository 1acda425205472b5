"""Futures and options: functions of the index that is played, one price in every answer."""

from __future__ import annotations

import math
from datetime import date, datetime

import pytest

from kis_terminal.adapters.simulator.derivatives.contracts import futures, last_trading_day, read_code
from kis_terminal.adapters.simulator.derivatives.market import INTEREST
from kis_terminal.adapters.simulator.derivatives.option_pricing import black_76
from kis_terminal.adapters.simulator.rules.calendar import SEOUL, Calendar
from tests.adapters.simulator.reference_desk import Desk, desk

QUOTATIONS = "domestic-futureoption/v1/quotations"
NEAR = {"FID_COND_MRKT_DIV_CODE": "F", "FID_INPUT_ISCD": "A01612"}
BOARD = {"FID_COND_MRKT_DIV_CODE": "O", "FID_MRKT_CLS_CODE": "CO", "FID_MRKT_CLS_CODE1": "PO"}


@pytest.fixture(scope="module")
def market() -> Desk:
    found = desk()
    found.pass_time(30)
    return found


def test_a_future_stands_near_the_index_and_its_theory(market: Desk) -> None:
    body = market.ask(f"{QUOTATIONS}/inquire-price", **NEAR)

    future, index = body["output1"], float(body["output3"]["bstp_nmix_prpr"])
    last = float(future["futs_prpr"])
    assert abs(last / index - 1) < 0.01
    assert last - index == pytest.approx(float(future["mrkt_basis"]), abs=0.011)
    assert float(future["futs_lwpr"]) <= last <= float(future["futs_hgpr"])
    assert float(future["futs_llam"]) < last < float(future["futs_mxpr"])
    assert round(last * 100) % 5 == 0
    assert future["futs_last_tr_date"] == "20261210"
    assert body["output2"]["bstp_cls_code"] == "0001"


@pytest.mark.parametrize("code", ["A01612", "A01703", "B01612455", "C01701452"])
def test_price_book_minutes_and_days_tell_one_price(market: Desk, code: str) -> None:
    asked = {**NEAR, "FID_INPUT_ISCD": code}
    price = market.ask(f"{QUOTATIONS}/inquire-price", **asked)["output1"]
    book = market.ask("domestic-futureoption/v1/quotations/inquire-asking-price", **asked)
    days = market.ask(
        f"{QUOTATIONS}/inquire-daily-fuopchartprice",
        **asked,
        FID_INPUT_DATE_1="20261001",
        FID_INPUT_DATE_2="20261120",
        FID_PERIOD_DIV_CODE="D",
    )
    minutes = market.ask(
        f"{QUOTATIONS}/inquire-time-fuopchartprice",
        **asked,
        FID_HOUR_CLS_CODE="60",
        FID_INPUT_DATE_1="20261120",
        FID_INPUT_HOUR_1="160000",
    )

    last = price["futs_prpr"]
    assert book["output1"]["futs_prpr"] == last
    assert float(book["output2"]["futs_bidp1"]) < float(book["output2"]["futs_askp1"])
    assert days["output2"][0]["futs_prpr"] == last == minutes["output2"][0]["futs_prpr"]
    assert days["output2"][1]["futs_prpr"] == price["futs_prdy_clpr"]
    assert days["output2"][0]["acml_vol"] == price["acml_vol"]
    assert days["output1"]["prdy_vol"] == days["output2"][1]["acml_vol"]
    for row in (*days["output2"], *minutes["output2"]):
        low, high = float(row["futs_lwpr"]), float(row["futs_hgpr"])
        assert low <= min(float(row["futs_oprc"]), float(row["futs_prpr"]))
        assert high >= max(float(row["futs_oprc"]), float(row["futs_prpr"]))


def test_minutes_sum_to_the_contracts_of_the_day(market: Desk) -> None:
    derivatives = market.venue.reference.derivatives
    contract = derivatives.find("A01612")
    assert contract is not None

    rows = derivatives.minutes(contract, date(2026, 11, 20))

    assert sum(row.volume for row in rows) == derivatives.quote(contract).volume


def test_the_board_keeps_parity_and_its_order(market: Desk) -> None:
    body = market.ask(f"{QUOTATIONS}/display-board-callput", **BOARD, FID_MTRT_CNT="202612")

    calls, puts = body["output1"], body["output2"]
    assert len(calls) == len(puts) == 25
    strikes = [float(row["acpr"]) for row in calls]
    assert strikes == sorted(strikes) == [float(row["acpr"]) for row in puts]
    prices = [float(row["optn_prpr"]) for row in calls]
    assert prices == sorted(prices, reverse=True)
    derivatives = market.venue.reference.derivatives
    future = derivatives.find("A01612")
    assert future is not None
    forward = derivatives.quote(future).theoretical
    discount = math.exp(-INTEREST * future.days_left(date(2026, 11, 20)) / 365)
    for call, put in zip(calls, puts, strict=True):
        parity = discount * (forward - float(call["acpr"]))
        assert float(call["hts_thpr"]) - float(put["hts_thpr"]) == pytest.approx(parity, abs=0.03)
        assert float(call["delta_val"]) - float(put["delta_val"]) == pytest.approx(discount, abs=0.001)
        assert call["optn_shrn_iscd"].startswith("B01612")
        assert put["optn_shrn_iscd"].startswith("C01612")


def test_every_option_of_the_board_can_be_asked_for(market: Desk) -> None:
    body = market.ask(f"{QUOTATIONS}/display-board-callput", **BOARD, FID_MTRT_CNT="202701")

    for row in body["output1"] + body["output2"]:
        asked = {"FID_COND_MRKT_DIV_CODE": "O", "FID_INPUT_ISCD": row["optn_shrn_iscd"]}
        price = market.ask(f"{QUOTATIONS}/inquire-price", **asked)["output1"]
        assert (price["futs_prpr"], price["acpr"]) == (row["optn_prpr"], row["acpr"])


def test_boards_list_what_there_is(market: Desk) -> None:
    months = market.ask(f"{QUOTATIONS}/display-board-option-list")["output1"]
    board = market.ask(f"{QUOTATIONS}/display-board-futures", FID_COND_MRKT_DIV_CODE="F")["output1"]
    top = market.ask(f"{QUOTATIONS}/display-board-top", **NEAR)

    assert [row["mtrt_yymm_code"] for row in months] == ["202612", "202701", "202702"]
    assert [row["futs_shrn_iscd"] for row in board] == ["A01612", "A01703"]
    assert [row["hts_rmnn_dynu"] for row in top["output2"]] == [row["hts_rmnn_dynu"] for row in board]
    assert market.ask(f"{QUOTATIONS}/display-board-callput", **BOARD, FID_MTRT_CNT="202609")["output1"] == []


@pytest.mark.parametrize("code", ["A01609", "A0161", "101W12", "B01612453", "B01612999", "X01612", "A01٦12"])
def test_what_is_not_listed_is_refused(market: Desk, code: str) -> None:
    assert market.ask(f"{QUOTATIONS}/inquire-price", **{**NEAR, "FID_INPUT_ISCD": code})["rt_cd"] == "1"


def test_maturities_roll_over_after_the_second_thursday() -> None:
    calendar = Calendar()

    assert last_trading_day(calendar, 2026, 12) == date(2026, 12, 10)
    assert [one.code for one in futures(calendar, date(2026, 12, 10))] == ["A01612", "A01703"]
    assert [one.code for one in futures(calendar, date(2026, 12, 11))] == ["A01703", "A01706"]
    assert read_code(calendar, "A01612", date(2026, 12, 11)) is None
    # The second Thursday of October 2025 was a holiday.
    assert last_trading_day(calendar, 2025, 10) == date(2025, 10, 2)


def test_an_expired_option_is_worth_what_it_gives() -> None:
    assert black_76(110.0, 100.0, 0.0, 0.2, 0.03, is_call=True).price == 10.0
    assert black_76(110.0, 100.0, 0.0, 0.2, 0.03, is_call=False).price == 0.0
    deep = black_76(110.0, 100.0, 0.5, 0.2, 0.03, is_call=True)
    assert deep.price > math.exp(-0.015) * 10.0


def test_a_future_moves_with_the_index() -> None:
    market = desk(datetime(2026, 11, 20, 10, 0, tzinfo=SEOUL))
    before = market.ask(f"{QUOTATIONS}/inquire-price", **NEAR)
    market.pass_time(600)
    after = market.ask(f"{QUOTATIONS}/inquire-price", **NEAR)

    index = float(after["output3"]["bstp_nmix_prpr"]) - float(before["output3"]["bstp_nmix_prpr"])
    future = float(after["output1"]["futs_prpr"]) - float(before["output1"]["futs_prpr"])
    assert future == pytest.approx(index, abs=0.07)
    assert int(after["output1"]["acml_vol"]) > int(before["output1"]["acml_vol"])
    assert float(after["output1"]["futs_hgpr"]) >= float(before["output1"]["futs_hgpr"])
