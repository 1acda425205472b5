"""Indices: weighted by worth, the same in every call, and no further than their names."""

from __future__ import annotations

from datetime import date

import pytest

from tests.adapters.simulator.reference_desk import Desk, desk

QUOTATIONS = "domestic-stock/v1/quotations"
KOSPI = {"FID_COND_MRKT_DIV_CODE": "U", "FID_INPUT_ISCD": "0001"}


@pytest.fixture(scope="module")
def market() -> Desk:
    found = desk()
    found.pass_time(90)
    return found


def test_an_index_moves_as_its_names_are_worth(market: Desk) -> None:
    row = market.ask(f"{QUOTATIONS}/inquire-index-price", **KOSPI)["output"]

    exchange = market.venue.exchange
    names = [one for one in exchange.listings() if one.market == "KOSPI" and one.kind == "stock"]
    now = sum(exchange.quote(one.symbol).last * one.listed_shares for one in names)
    base = sum(exchange.quote(one.symbol).base * one.listed_shares for one in names)
    assert float(row["bstp_nmix_prpr"]) == pytest.approx(3413.07 * now / base, abs=0.02)
    assert float(row["bstp_nmix_prdy_ctrt"]) == pytest.approx(100 * (now - base) / base, abs=0.01)
    assert int(row["acml_vol"]) == sum(exchange.quote(one.symbol).volume for one in names) // 1_000
    counts = ("ascn_issu_cnt", "stnr_issu_cnt", "down_issu_cnt")
    assert sum(int(row[name]) for name in counts) == len(names)
    low, high = float(row["bstp_nmix_lwpr"]), float(row["bstp_nmix_hgpr"])
    assert low <= min(float(row["bstp_nmix_prpr"]), float(row["bstp_nmix_oprc"]))
    assert high >= max(float(row["bstp_nmix_prpr"]), float(row["bstp_nmix_oprc"]))


@pytest.mark.parametrize("code", ["0001", "1001", "2001", "0013"])
def test_price_ticks_minutes_and_days_tell_one_level(market: Desk, code: str) -> None:
    asked = {**KOSPI, "FID_INPUT_ISCD": code}
    price = market.ask(f"{QUOTATIONS}/inquire-index-price", **asked)["output"]
    tick = market.ask(f"{QUOTATIONS}/inquire-index-tickprice", **asked)["output"][0]
    minute = market.ask(f"{QUOTATIONS}/inquire-index-timeprice", **asked, FID_INPUT_HOUR_1="60")["output"][0]
    chart = market.ask(f"{QUOTATIONS}/inquire-time-indexchartprice", **asked, FID_INPUT_HOUR_1="60")
    days = market.ask(
        f"{QUOTATIONS}/inquire-daily-indexchartprice",
        **asked,
        FID_INPUT_DATE_1="20260901",
        FID_INPUT_DATE_2="20261120",
        FID_PERIOD_DIV_CODE="D",
    )

    level = price["bstp_nmix_prpr"]
    assert {tick["bstp_nmix_prpr"], minute["bstp_nmix_prpr"]} == {level}
    assert chart["output2"][0]["bstp_nmix_prpr"] == level
    assert days["output2"][0]["bstp_nmix_prpr"] == level
    assert days["output2"][1]["bstp_nmix_prpr"] == days["output1"]["prdy_nmix"]
    assert days["output2"][0]["acml_vol"] == price["acml_vol"] == tick["acml_vol"]


def test_bars_of_an_index_hold_their_own_prices(market: Desk) -> None:
    for period, count in (("D", 50), ("W", 50), ("M", 50), ("Y", 11)):
        rows = market.ask(
            f"{QUOTATIONS}/inquire-daily-indexchartprice",
            **KOSPI,
            FID_INPUT_DATE_1="20160101",
            FID_INPUT_DATE_2="20261120",
            FID_PERIOD_DIV_CODE=period,
        )["output2"]
        assert len(rows) == count
        assert [row["stck_bsop_date"] for row in rows] == sorted(
            (row["stck_bsop_date"] for row in rows), reverse=True
        )
        for row in rows:
            low, high = float(row["bstp_nmix_lwpr"]), float(row["bstp_nmix_hgpr"])
            assert low <= float(row["bstp_nmix_oprc"]) <= high
            assert low <= float(row["bstp_nmix_prpr"]) <= high


def test_minutes_sum_to_the_days_volume(market: Desk) -> None:
    indices = market.venue.reference.indices
    rule = indices.rule("1001")
    assert rule is not None

    minutes = indices.minutes(rule, date(2026, 11, 20))

    assert sum(row.volume for row in minutes) == indices.snapshot(rule).volume
    assert minutes[-1].total_volume == indices.snapshot(rule).volume
    assert max(row.high for row in minutes) <= indices.snapshot(rule).high


def test_a_past_day_ends_where_its_bar_does(market: Desk) -> None:
    indices = market.venue.reference.indices
    rule = indices.rule("0001")
    assert rule is not None

    minutes = indices.minutes(rule, date(2026, 11, 19))
    bar = indices.bars(rule, "D", date(2026, 11, 19), date(2026, 11, 19))[0]

    assert minutes[-1].close == pytest.approx(bar.close, abs=0.01)


def test_sectors_of_a_market_are_listed(market: Desk) -> None:
    body = market.ask(
        f"{QUOTATIONS}/inquire-index-category-price", **KOSPI, FID_MRKT_CLS_CODE="K", FID_BLNG_CLS_CODE="0"
    )

    rows = body["output2"]
    assert {"0001", "0013", "2001"} <= {row["bstp_cls_code"] for row in rows}
    assert all(0 <= float(row["acml_vol_rlim"]) <= 100 for row in rows)
    assert rows[0]["bstp_nmix_prpr"] == body["output1"]["bstp_nmix_prpr"]


def test_an_index_nobody_knows_is_refused(market: Desk) -> None:
    assert (
        market.ask(f"{QUOTATIONS}/inquire-index-price", **{**KOSPI, "FID_INPUT_ISCD": "9999"})["rt_cd"] == "1"
    )


def test_a_new_day_goes_on_from_the_old_close() -> None:
    market = desk(desk().now.replace(hour=23, minute=59, second=50), always=True)
    market.pass_time(5)
    last = market.ask(f"{QUOTATIONS}/inquire-index-price", **KOSPI)["output"]["bstp_nmix_prpr"]
    market.pass_time(10)

    rows = market.ask(
        f"{QUOTATIONS}/inquire-daily-indexchartprice",
        **KOSPI,
        FID_INPUT_DATE_1="20261101",
        FID_INPUT_DATE_2="20261121",
        FID_PERIOD_DIV_CODE="D",
    )

    # Between the two a second or so may have been played.
    assert float(rows["output1"]["prdy_nmix"]) == pytest.approx(float(last), rel=1e-3)
    assert [row["stck_bsop_date"] for row in rows["output2"][:2]] == ["20261121", "20261120"]
    assert rows["output2"][1]["bstp_nmix_prpr"] == rows["output1"]["prdy_nmix"]


def test_a_split_leaves_the_index_where_it_was() -> None:
    market = desk(desk().now.replace(hour=23, minute=59, second=55), always=True)
    market.venue.exchange.split("005930", 5)
    market.venue.exchange.list_new("900900", "새내기", 50_000)
    before = market.ask(f"{QUOTATIONS}/inquire-index-price", **KOSPI)["output"]
    market.pass_time(10)
    after = market.ask(f"{QUOTATIONS}/inquire-index-price", **KOSPI)["output"]
    days = market.ask(
        f"{QUOTATIONS}/inquire-index-daily-price",
        **KOSPI,
        FID_INPUT_DATE_1="20261121",
        FID_PERIOD_DIV_CODE="D",
    )["output2"]

    listing = market.venue.exchange.listing("005930")
    assert listing is not None
    assert listing.face_value == 20
    previous = float(after["bstp_nmix_prpr"]) - float(after["bstp_nmix_prdy_vrss"])
    assert previous == pytest.approx(float(before["bstp_nmix_prpr"]), rel=2e-3)
    assert all(abs(float(row["bstp_nmix_prdy_ctrt"])) < 8 for row in days)
    assert int(after["ascn_issu_cnt"]) + int(after["down_issu_cnt"]) + int(after["stnr_issu_cnt"]) == int(
        before["ascn_issu_cnt"]
    ) + int(before["down_issu_cnt"]) + int(before["stnr_issu_cnt"])


def test_an_always_open_day_that_begins_again_keeps_its_totals() -> None:
    market = desk(desk().now.replace(hour=15, minute=18, second=40), always=True)
    market.pass_time(10)
    before = market.ask(f"{QUOTATIONS}/inquire-index-price", **KOSPI)["output"]
    market.pass_time(30)  # over 15:19 the clock goes back to 10:30

    after = market.ask(f"{QUOTATIONS}/inquire-index-price", **KOSPI)["output"]
    minutes = market.ask(f"{QUOTATIONS}/inquire-index-timeprice", **KOSPI, FID_INPUT_HOUR_1="60")["output"]
    ticks = market.ask(f"{QUOTATIONS}/inquire-index-tickprice", **KOSPI)["output"]

    assert market.venue.exchange.moment.hour == 10
    assert int(after["acml_vol"]) >= int(before["acml_vol"])
    assert float(after["bstp_nmix_hgpr"]) >= float(before["bstp_nmix_hgpr"])
    assert minutes[0]["bstp_nmix_prpr"] == after["bstp_nmix_prpr"] == ticks[0]["bstp_nmix_prpr"]
    assert all(int(row["cntg_vol"]) >= 0 for row in (*minutes, *ticks))
