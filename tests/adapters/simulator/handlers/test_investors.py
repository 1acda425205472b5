"""Investors, programs and member firms: sums that must come out, out of what was traded."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.adapters.simulator.reference_desk import Desk, desk

QUOTATIONS = "domestic-stock/v1/quotations"
SAMSUNG = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"}
PARTS = ("scrt", "ivtr", "bank", "insu", "mrbn", "fund")


@pytest.fixture(scope="module")
def market() -> Desk:
    found = desk()
    found.pass_time(20)
    return found


def figure(row: Mapping[str, str], name: str) -> int:
    return int(row[name])


def check_sums(row: Mapping[str, str]) -> None:
    """Net buying sums to zero, the institutions' parts to the institutions, the foreigners' to theirs."""
    for quantity, fund in (("ntby_qty", "pe_fund_ntby_vol"), ("ntby_tr_pbmn", "pe_fund_ntby_tr_pbmn")):
        assert sum(figure(row, f"{who}_{quantity}") for who in ("prsn", "frgn", "orgn")) == 0
        if f"scrt_{quantity}" in row:
            parts = sum(figure(row, f"{who}_{quantity}") for who in PARTS) + figure(row, fund)
            assert parts == figure(row, f"orgn_{quantity}")
    if "frgn_reg_ntby_qty" in row:
        both = figure(row, "frgn_reg_ntby_qty") + figure(row, "frgn_nreg_ntby_qty")
        assert both == figure(row, "frgn_ntby_qty")


def test_a_market_now_and_its_day_agree(market: Desk) -> None:
    now = market.ask(
        f"{QUOTATIONS}/inquire-investor-time-by-market", FID_INPUT_ISCD="KSP", FID_INPUT_ISCD_2="0001"
    )["output"][0]
    days = market.ask(
        f"{QUOTATIONS}/inquire-investor-daily-by-market",
        FID_COND_MRKT_DIV_CODE="U",
        FID_INPUT_ISCD="0001",
        FID_INPUT_DATE_1="20261120",
        FID_INPUT_ISCD_1="KSP",
    )["output"]

    check_sums(now)
    assert len(days) == 30
    for row in days:
        check_sums(row)
    assert days[0]["stck_bsop_date"] == "20261120"
    for name in ("frgn_ntby_qty", "orgn_ntby_qty", "prsn_ntby_qty", "ivtr_ntby_tr_pbmn"):
        assert days[0][name] == now[name]


def test_what_a_market_bought_is_what_its_names_traded(market: Desk) -> None:
    now = market.ask(
        f"{QUOTATIONS}/inquire-investor-time-by-market", FID_INPUT_ISCD="KSQ", FID_INPUT_ISCD_2="1001"
    )["output"][0]

    exchange = market.venue.exchange
    traded = sum(
        exchange.today_bar(listing.symbol).volume
        for listing in exchange.listings()
        if listing.market == "KOSDAQ" and listing.kind == "stock"
    )
    bought = sum(figure(now, f"{who}_shnu_vol") for who in ("prsn", "frgn", "orgn"))
    assert traded // 1_000 - 10 <= bought <= traded // 1_000
    assert all(int(value) >= 0 for name, value in now.items() if "seln" in name or "shnu" in name)


def test_a_name_by_day_agrees_with_inquire_investor(market: Desk) -> None:
    days = market.ask(f"{QUOTATIONS}/investor-trade-by-stock-daily", **SAMSUNG, FID_INPUT_DATE_1="20261120")[
        "output2"
    ]
    known = market.ask(f"{QUOTATIONS}/inquire-investor", **SAMSUNG)["output"]

    by_day = {row["stck_bsop_date"]: row for row in days}
    for row in days:
        check_sums(row)
    for row in known[1:]:
        same = by_day[row["stck_bsop_date"]]
        for name in ("frgn_ntby_qty", "orgn_ntby_qty", "prsn_ntby_qty", "frgn_shnu_vol", "prsn_seln_vol"):
            assert same[name] == row[name]


def test_foreigners_and_institutions_are_ranked(market: Desk) -> None:
    rows = market.ask(
        f"{QUOTATIONS}/foreign-institution-total",
        FID_COND_MRKT_DIV_CODE="V",
        FID_INPUT_ISCD="0000",
        FID_DIV_CLS_CODE="0",
        FID_RANK_SORT_CLS_CODE="0",
        FID_ETC_CLS_CODE="1",
    )["output"]

    nets = [figure(row, "ntby_qty") for row in rows]
    assert nets == sorted(nets, reverse=True)
    assert all(row["ntby_qty"] == row["frgn_ntby_qty"] for row in rows)


def test_estimates_come_out_at_their_hours_and_add_up(market: Desk) -> None:
    rows = market.ask(f"{QUOTATIONS}/investor-trend-estimate", MKSC_SHRN_ISCD="005930")["output2"]

    assert [row["bsop_hour_gb"] for row in rows] == ["2", "1"]
    for row in rows:
        foreign, institutions = figure(row, "frgn_fake_ntby_qty"), figure(row, "orgn_fake_ntby_qty")
        assert foreign + institutions == figure(row, "sum_fake_ntby_qty")


def test_programs_never_trade_more_than_the_tape(market: Desk) -> None:
    rows = market.ask(f"{QUOTATIONS}/program-trade-by-stock", **SAMSUNG)["output"]

    assert len(rows) == 30
    totals = [figure(row, "whol_smtn_seln_vol") for row in rows]
    assert totals == sorted(totals, reverse=True)
    for row in rows:
        sold, bought = figure(row, "whol_smtn_seln_vol"), figure(row, "whol_smtn_shnu_vol")
        assert max(sold, bought) <= figure(row, "acml_vol")
        assert bought - sold == figure(row, "whol_smtn_ntby_qty")


def test_programs_of_a_day_agree_with_those_of_its_last_print(market: Desk) -> None:
    days = market.ask(f"{QUOTATIONS}/program-trade-by-stock-daily", **SAMSUNG, FID_INPUT_DATE_1="20261120")[
        "output"
    ]
    prints = market.ask(f"{QUOTATIONS}/program-trade-by-stock", **SAMSUNG)["output"]

    assert days[0]["whol_smtn_ntby_qty"] == prints[0]["whol_smtn_ntby_qty"]


def test_a_markets_programs_are_their_two_kinds_and_their_investors(market: Desk) -> None:
    minute = market.ask(
        f"{QUOTATIONS}/comp-program-trade-today", FID_COND_MRKT_DIV_CODE="J", FID_MRKT_CLS_CODE="K"
    )["output"][0]
    day = market.ask(
        f"{QUOTATIONS}/comp-program-trade-daily",
        FID_COND_MRKT_DIV_CODE="J",
        FID_MRKT_CLS_CODE="K",
        FID_INPUT_DATE_1="20261101",
        FID_INPUT_DATE_2="20261120",
    )["output"][0]
    investors = market.ask(f"{QUOTATIONS}/investor-program-trade-today", MRKT_DIV_CLS_CODE="1")["output1"]

    assert (
        abs(
            figure(minute, "arbt_smtn_ntby_tr_pbmn")
            + figure(minute, "nabt_smtn_ntby_tr_pbmn")
            - figure(minute, "whol_smtn_ntby_tr_pbmn")
        )
        <= 1
    )
    assert day["stck_bsop_date"] == "20261120"
    for name in ("arbt_smtn_ntby_tr_pbmn", "nabt_smtn_ntby_tr_pbmn"):
        assert abs(figure(day, name) - figure(minute, name)) <= 1
    whole, parts = investors[-1], investors[:-1]
    for name in ("all_seln_qty", "all_shnu_amt", "arbt_ntby_qty", "nabt_ntby_amt"):
        assert sum(figure(row, name) for row in parts) == figure(whole, name)


def test_members_together_are_the_tape(market: Desk) -> None:
    exchange = market.venue.exchange
    volume = exchange.today_bar("005930").volume
    row = market.ask(f"{QUOTATIONS}/inquire-member", **SAMSUNG)["output"]

    for side in ("seln", "shnu"):
        best = [figure(row, f"total_{side}_qty{place}") for place in range(1, 6)]
        assert best == sorted(best, reverse=True)
        assert sum(best) <= volume
    both = figure(row, "glob_total_shnu_qty") - figure(row, "glob_total_seln_qty")
    assert both == figure(row, "glob_ntby_qty")


def test_all_members_of_a_past_day_sum_to_its_volume(market: Desk) -> None:
    from kis_terminal.adapters.simulator.reference.member_split import MEMBERS

    sold = bought = 0
    volume = 0
    for code in MEMBERS:
        row = market.ask(
            f"{QUOTATIONS}/inquire-member-daily",
            **SAMSUNG,
            FID_INPUT_ISCD_2=code,
            FID_INPUT_DATE_1="20261118",
            FID_INPUT_DATE_2="20261118",
        )["output"][0]
        sold, bought = sold + figure(row, "total_seln_qty"), bought + figure(row, "total_shnu_qty")
        volume = figure(row, "acml_vol")

    assert sold == bought == volume


def test_foreign_members_are_told_alike_everywhere(market: Desk) -> None:
    member = market.ask(f"{QUOTATIONS}/inquire-member", **SAMSUNG)["output"]
    trend = market.ask(
        f"{QUOTATIONS}/frgnmem-trade-trend", **SAMSUNG, FID_INPUT_ISCD_2="99999", FID_VOL_CNT=""
    )
    bought = market.ask(f"{QUOTATIONS}/frgnmem-pchs-trend", **SAMSUNG)["output"]

    assert trend["output1"]["total_seln_qty"] == member["glob_total_seln_qty"]
    assert bought[0]["glob_ntby_qty"] == member["glob_ntby_qty"]


def test_an_unknown_member_is_refused(market: Desk) -> None:
    body = market.ask(f"{QUOTATIONS}/frgnmem-trade-trend", **SAMSUNG, FID_INPUT_ISCD_2="12345")

    assert body["rt_cd"] == "2"
