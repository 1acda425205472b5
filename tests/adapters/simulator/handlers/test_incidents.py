"""The list of interruptions and the headlines tell what the exchange really did."""

from __future__ import annotations

from kis_terminal.adapters.simulator.model import MarketStatusChanged
from kis_terminal.adapters.simulator.rules.interruptions import InterruptionRules
from tests.adapters.simulator.reference_desk import Desk, desk

QUOTATIONS = "domestic-stock/v1/quotations"


def listen(market: Desk) -> None:
    """Pass the exchange's status events on, as the stream hub does."""
    for event in market.venue.exchange.drain_events():
        if isinstance(event, MarketStatusChanged):
            market.venue.reference.incidents.note(event)


def test_a_vi_is_listed_while_it_runs_and_after_it_ended() -> None:
    market = desk()
    quote = market.venue.exchange.quote("005930")
    assert market.venue.exchange.trip_vi("005930", market.now)
    listen(market)

    running = market.ask(f"{QUOTATIONS}/inquire-vi-status")["output"]
    market.pass_time(200)
    listen(market)
    ended = market.ask(f"{QUOTATIONS}/inquire-vi-status")["output"]

    assert [(row["mksc_shrn_iscd"], row["vi_cls_code"]) for row in running] == [("005930", "Y")]
    assert running[0]["vi_dmc_stnd_prc"] in (str(quote.last), "0")
    row = next(row for row in ended if row["mksc_shrn_iscd"] == "005930")
    assert row["vi_cls_code"] == "N"
    assert "110230" <= row["vi_cncl_hour"] <= "110301"
    gap = float(row["vi_dmc_dprt"]) or float(row["vi_dprt"])
    assert 2.9 <= abs(gap) <= 10.5


def test_a_price_that_would_leave_its_range_is_listed_with_it() -> None:
    narrow = InterruptionRules(dynamic_rates=dict.fromkeys(("large", "kospi", "kosdaq", "etf"), 0.004))
    market = desk(interruptions=narrow)
    exchange = market.venue.exchange
    last, limit = exchange.quote("253450").last, exchange.quote("253450").upper_limit
    account = exchange.account("50000101", "01")

    exchange.submit(account, "buy", "253450", "00", 1_500, limit, market.now)
    listen(market)

    row = market.ask(f"{QUOTATIONS}/inquire-vi-status", FID_DIV_CLS_CODE="1")["output"][0]
    assert (row["mksc_shrn_iscd"], row["vi_kind_code"], row["vi_count"]) == ("253450", "2", "1")
    assert last <= int(row["vi_dmc_stnd_prc"]) < int(row["vi_prc"])
    assert int(row["vi_prc"]) >= int(row["vi_dmc_stnd_prc"]) * 1.004
    assert row["vi_stnd_prc"] == "0"
    assert market.ask(f"{QUOTATIONS}/inquire-vi-status", FID_DIV_CLS_CODE="2")["output"] == []


def test_the_day_filter_of_the_list_is_kept() -> None:
    market = desk()
    market.venue.exchange.trip_vi("005930", market.now)
    listen(market)

    assert market.ask(f"{QUOTATIONS}/inquire-vi-status", FID_INPUT_DATE_1="20261119")["output"] == []


def test_headlines_tell_halts_and_interruptions_and_keep_their_number() -> None:
    market = desk()
    market.venue.exchange.trip_vi("005930", market.now)
    market.venue.exchange.halt("000660", market.now)
    listen(market)

    first = market.ask(f"{QUOTATIONS}/news-title")["output"]
    market.pass_time(5)
    listen(market)
    second = market.ask(f"{QUOTATIONS}/news-title")["output"]

    titles = [row["hts_pbnt_titl_cntt"] for row in first]
    assert any("삼성전자" in title and "VI" in title for title in titles)
    assert any("SK하이닉스" in title and "정지" in title for title in titles)
    assert all(title.startswith("[모의]") for title in titles)
    known = {row["cntt_usiq_srno"]: row["hts_pbnt_titl_cntt"] for row in second}
    assert all(known[row["cntt_usiq_srno"]] == row["hts_pbnt_titl_cntt"] for row in first)
    of_one = market.ask(f"{QUOTATIONS}/news-title", FID_INPUT_ISCD="000660")["output"]
    assert {row["iscd1"] for row in of_one} == {"000660"}


def test_a_large_move_makes_a_headline() -> None:
    market = desk()
    exchange = market.venue.exchange
    moved = [
        one.symbol
        for one in exchange.listings()
        if exchange.quote(one.symbol).high >= exchange.quote(one.symbol).base * 1.05
    ]

    rows = market.ask(f"{QUOTATIONS}/news-title")["output"]

    told = {row["iscd1"] for row in rows if "상승" in row["hts_pbnt_titl_cntt"]}
    assert told == set(moved[:40])
