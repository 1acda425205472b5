"""Rankings: in order, out of today's quotes, and only what the filters let through."""

from __future__ import annotations

from datetime import date

import pytest

from tests.adapters.simulator.reference_desk import Desk, Json, desk

RANKING = "domestic-stock/v1/ranking"
ALL = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "0000"}


@pytest.fixture(scope="module")
def market() -> Desk:
    found = desk()
    found.pass_time(30)
    return found


def ranked(market: Desk, name: str, **parameters: str) -> list[dict[str, str]]:
    body: Json = market.ask(f"{RANKING}/{name}", **{**ALL, **parameters})
    assert body["rt_cd"] == "0", body
    rows: list[dict[str, str]] = body.get("output") or body.get("output2") or []
    return rows


def test_fluctuation_falls_and_agrees_with_the_quotes(market: Desk) -> None:
    rows = ranked(market, "fluctuation", FID_RANK_SORT_CLS_CODE="0")

    rates = [float(row["prdy_ctrt"]) for row in rows]
    assert len(rows) == 30
    assert rates == sorted(rates, reverse=True)
    assert [row["data_rank"] for row in rows] == [str(place) for place in range(1, 31)]
    for row in rows:
        quote = market.venue.exchange.quote(row["stck_shrn_iscd"])
        assert (row["stck_prpr"], row["acml_vol"]) == (str(quote.last), str(quote.volume))
        assert (row["stck_hgpr"], row["stck_lwpr"]) == (str(quote.high), str(quote.low))


def test_fluctuation_can_begin_with_the_largest_loss(market: Desk) -> None:
    rates = [float(row["prdy_ctrt"]) for row in ranked(market, "fluctuation", FID_RANK_SORT_CLS_CODE="1")]

    assert rates == sorted(rates)


def test_rate_limits_cut_a_ranking_at_both_ends(market: Desk) -> None:
    rows = ranked(market, "fluctuation", FID_RSFL_RATE1="-0.5", FID_RSFL_RATE2="0.5")

    assert rows
    assert all(-0.5 <= float(row["prdy_ctrt"]) <= 0.5 for row in rows)


def test_market_price_and_volume_filters(market: Desk) -> None:
    rows = ranked(
        market,
        "volume-power",
        FID_INPUT_ISCD="1001",
        FID_INPUT_PRICE_1="50000",
        FID_INPUT_PRICE_2="300000",
        FID_VOL_CNT="10000",
    )

    assert rows
    for row in rows:
        listing = market.venue.exchange.listing(row["stck_shrn_iscd"])
        assert listing is not None
        assert listing.market == "KOSDAQ"
        assert 50_000 <= int(row["stck_prpr"]) <= 300_000
        assert int(row["acml_vol"]) >= 10_000


def test_the_exclusion_mask_leaves_out_funds_and_preferred_shares(market: Desk) -> None:
    with_all = {row["mksc_shrn_iscd"] for row in ranked(market, "quote-balance")}
    without = ranked(market, "quote-balance", FID_TRGT_EXLS_CLS_CODE="0000101000")

    kinds = {market.venue.exchange.listing(row["mksc_shrn_iscd"]).kind for row in without}  # type: ignore[union-attr]
    assert kinds == {"stock"}
    assert "005935" not in {row["mksc_shrn_iscd"] for row in without}
    assert with_all != {row["mksc_shrn_iscd"] for row in without}


def test_market_cap_shares_sum_to_no_more_than_the_whole(market: Desk) -> None:
    rows = ranked(market, "market-cap")

    worths = [int(row["stck_avls"]) for row in rows]
    assert worths == sorted(worths, reverse=True)
    assert 0 < sum(float(row["mrkt_whol_avls_rlim"]) for row in rows) <= 100.5


def test_near_highs_are_sorted_by_their_distance(market: Desk) -> None:
    rows = ranked(market, "near-new-highlow", FID_PRC_CLS_CODE="0")

    gaps = [abs(float(row["hprc_near_rate"])) for row in rows]
    assert gaps == sorted(gaps)
    assert all(int(row["new_hgpr"]) >= int(row["stck_prpr"]) >= int(row["new_lwpr"]) for row in rows)


def test_disparity_is_price_over_the_mean_of_the_last_closes(market: Desk) -> None:
    rows = ranked(market, "disparity", FID_HOUR_CLS_CODE="20")

    gaps = [float(row["d20_dsrt"]) for row in rows]
    assert gaps == sorted(gaps, reverse=True)
    exchange = market.venue.exchange
    for row in rows[:3]:
        for days in (5, 20, 120):
            bars = exchange.daily_bars(row["mksc_shrn_iscd"], date(2026, 1, 1), date(2026, 11, 20), True)
            closes = [bar.close for bar in bars[-days:]]
            mean = sum(closes) / len(closes)
            assert float(row[f"d{days}_dsrt"]) == pytest.approx(100 * closes[-1] / mean, abs=0.01)


def test_a_ranking_asked_twice_is_the_same(market: Desk) -> None:
    for name in ("fluctuation", "top-interest-stock", "bulk-trans-num", "short-sale", "credit-balance"):
        assert ranked(market, name) == ranked(market, name)


def test_a_filter_that_is_no_number_is_refused(market: Desk) -> None:
    body = market.ask(f"{RANKING}/fluctuation", **ALL, FID_RSFL_RATE1="nan")

    assert body["rt_cd"] == "2"


def test_nothing_is_ranked_by_an_auction_that_does_not_run(market: Desk) -> None:
    assert ranked(market, "exp-trans-updown") == []


def test_running_auctions_are_ranked_by_what_they_would_do() -> None:
    market = desk(desk().now.replace(hour=8, minute=55))
    market.pass_time(120)

    rows = ranked(market, "exp-trans-updown")

    rates = [float(row["prdy_ctrt"]) for row in rows]
    assert rows
    assert rates == sorted(rates, reverse=True)
    book = market.venue.exchange.book(rows[0]["stck_shrn_iscd"])
    assert rows[0]["stck_prpr"] == str(book.expected_price)


def test_the_after_market_is_ranked_by_its_own_price() -> None:
    market = desk(desk().now.replace(hour=15, minute=59))
    for _ in range(6):
        market.pass_time(30)

    body = market.ask(f"{RANKING}/overtime-fluctuation", **ALL)

    rates = [float(row["ovtm_untp_prdy_ctrt"]) for row in body["output2"]]
    assert rates
    assert rates == sorted(rates, reverse=True)
    head = body["output1"]
    assert int(head["ovtm_untp_acml_vol"]) >= sum(int(row["ovtm_untp_vol"]) for row in body["output2"])
    first = body["output2"][0]
    assert int(first["ovtm_untp_prpr"]) == market.venue.exchange.book(first["mksc_shrn_iscd"]).last
