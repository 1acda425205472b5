"""Markets abroad: one price in every answer, bars that hold their paths, hours and places of each market."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from kis_terminal.adapters.simulator.abroad.listings import LISTINGS, OverseasListing
from kis_terminal.adapters.simulator.abroad.venues import VENUES, OverseasClock
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from tests.adapters.simulator.reference_desk import Desk, desk

PRICES = "overseas-price/v1/quotations"
APPLE = {"AUTH": "", "EXCD": "NAS", "SYMB": "AAPL"}
NIGHT = datetime(2026, 11, 20, 23, 50, 5, tzinfo=SEOUL)


@pytest.fixture(scope="module")
def night() -> Desk:
    """Twenty minutes into a US session."""
    return desk(NIGHT)


def test_price_detail_book_and_chart_tell_one_price(night: Desk) -> None:
    price = night.ask(f"{PRICES}/price", **APPLE)["output"]
    detail = night.ask(f"{PRICES}/price-detail", **APPLE)["output"]
    book = night.ask("overseas-price/v1/quotations/inquire-asking-price", **APPLE)
    day = night.ask(f"{PRICES}/dailyprice", **APPLE, GUBN="0", BYMD="", MODP="1")["output2"]
    minutes = night.ask(f"{PRICES}/inquire-time-itemchartprice", **APPLE, NMIN="1", NREC="120")["output2"]

    last = price["last"]
    assert {detail["last"], book["output1"]["last"], day[0]["clos"], minutes[0]["last"]} == {last}
    assert price["tvol"] == day[0]["tvol"] == str(sum(int(row["evol"]) for row in minutes))
    assert (price["base"], price["pvol"]) == (day[1]["clos"], day[1]["tvol"])
    assert float(price["diff"]) == pytest.approx(abs(float(last) - float(price["base"])), abs=1e-6)
    assert float(detail["l52p"]) <= float(last) <= float(detail["h52p"])
    assert float(book["output2"]["pbid1"]) < float(book["output2"]["pask1"])
    assert (len(day), len(minutes)) == (100, 21)
    assert (minutes[0]["xhms"], minutes[0]["khms"]) == ("095000", "235000")


def test_the_same_moment_is_the_same_market(night: Desk) -> None:
    other = desk(NIGHT)

    assert other.ask(f"{PRICES}/price", **APPLE) == night.ask(f"{PRICES}/price", **APPLE)
    assert desk(NIGHT, seed=8).ask(f"{PRICES}/price", **APPLE) != night.ask(f"{PRICES}/price", **APPLE)


def test_a_closed_market_stands_still_and_an_open_one_moves() -> None:
    market = desk()  # 11:00 in Seoul
    tencent = {**APPLE, "EXCD": "HKS", "SYMB": "00700"}
    first = [market.ask(f"{PRICES}/price", **one)["output"] for one in (APPLE, tencent)]
    market.pass_time(60)
    second = [market.ask(f"{PRICES}/price", **one)["output"] for one in (APPLE, tencent)]

    assert first[0] == second[0]
    assert first[0]["ordy"] == "매도불가"
    assert int(second[1]["tvol"]) > int(first[1]["tvol"])


def test_an_always_open_exchange_trades_abroad_around_the_clock() -> None:
    market = desk(always=True)
    first = market.ask(f"{PRICES}/price", **APPLE)["output"]
    market.pass_time(60)
    second = market.ask(f"{PRICES}/price", **APPLE)["output"]

    assert int(second["tvol"]) > int(first["tvol"])


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=lambda one: one.key)
def test_a_days_path_fills_its_bar_exactly(night: Desk, listing: OverseasListing) -> None:
    market = night.venue.reference.overseas
    bar = market.bars(listing, "D", date(2026, 11, 18), 1, NIGHT)[0]
    rows = market.minutes(listing, bar.day, 1, NIGHT)

    assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
    assert (rows[0].open, rows[-1].close) == (bar.open, bar.close)
    assert (max(row.high for row in rows), min(row.low for row in rows)) == (bar.high, bar.low)
    assert sum(row.volume for row in rows) == bar.volume


def test_a_session_ends_as_its_day_was_drawn_and_the_next_begins_there() -> None:
    market = desk(NIGHT)
    apple = LISTINGS["NAS:AAPL"]
    market.now = datetime(2026, 11, 21, 8, tzinfo=SEOUL)
    market.venue.market_time.change(start=market.now)
    ended = market.ask(f"{PRICES}/price", **APPLE)["output"]
    market.now = datetime(2026, 11, 23, 23, 50, tzinfo=SEOUL)
    market.venue.market_time.change(start=market.now)
    later = market.ask(f"{PRICES}/price", **APPLE)["output"]

    bar = market.venue.reference.overseas.bars(apple, "D", date(2026, 11, 20), 1, market.now)[0]
    assert (ended["last"], ended["tvol"]) == (apple.text(bar.close), str(bar.volume))
    assert later["base"] == ended["last"]


def test_minutes_go_on_from_their_key(night: Desk) -> None:
    asked = {**APPLE, "NMIN": "5", "NREC": "120", "PINC": "1"}
    first = night.ask(f"{PRICES}/inquire-time-itemchartprice", **asked)
    key = first["output2"][-1]["xymd"] + first["output2"][-1]["xhms"]
    second = night.ask(f"{PRICES}/inquire-time-itemchartprice", **asked, NEXT="1", KEYB=key)

    assert first["output1"]["next"] == "1"
    assert second["output2"][0] == first["output2"][-1]
    times = [row["xymd"] + row["xhms"] for row in first["output2"] + second["output2"][1:]]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("code", "symbol", "places"),
    [("NAS", "AAPL", 4), ("HKS", "00700", 3), ("TSE", "7203", 1), ("SHS", "600519", 3), ("HSX", "VNM", 0)],
)
def test_prices_have_the_places_of_their_market(night: Desk, code: str, symbol: str, places: int) -> None:
    row = night.ask(f"{PRICES}/price", **{**APPLE, "EXCD": code, "SYMB": symbol})["output"]

    assert row["zdiv"] == str(places)
    assert len(row["last"].partition(".")[2]) == places


def test_indices_and_currencies_have_bars_and_minutes(night: Desk) -> None:
    for market, symbol in (("N", "SPX"), ("X", "FX@KRW"), ("N", "AAPL")):
        days = night.ask(
            f"{PRICES}/inquire-daily-chartprice",
            FID_COND_MRKT_DIV_CODE=market,
            FID_INPUT_ISCD=symbol,
            FID_INPUT_DATE_1="20260101",
            FID_INPUT_DATE_2="20261231",
            FID_PERIOD_DIV_CODE="W",
        )
        minutes = night.ask(
            "overseas-price/v1/quotations/inquire-time-indexchartprice",
            FID_COND_MRKT_DIV_CODE=market,
            FID_INPUT_ISCD=symbol,
            FID_HOUR_CLS_CODE="0",
            FID_PW_DATA_INCU_YN="Y",
        )
        level = days["output1"]["ovrs_nmix_prpr"]
        assert days["output2"][0]["ovrs_nmix_prpr"] == level == minutes["output2"][0]["optn_prpr"]
        assert len(minutes["output2"]) == 102


def test_a_search_keeps_its_conditions(night: Desk) -> None:
    body = night.ask(
        f"{PRICES}/inquire-search",
        AUTH="",
        EXCD="NAS",
        CO_YN_PRICECUR="1",
        CO_ST_PRICECUR="200",
        CO_EN_PRICECUR="500",
        CO_YN_RATE="1",
        CO_ST_RATE="-50",
        CO_EN_RATE="50",
    )

    assert body["output2"]
    assert all(200 <= float(row["last"]) <= 500 for row in body["output2"])
    assert body["output1"]["trec"] == str(len(body["output2"]))


def test_a_sheet_is_found_by_its_market_only(night: Desk) -> None:
    path = f"{PRICES}/search-info"

    sheet = night.ask(path, PRDT_TYPE_CD="512", PDNO="AAPL")["output"]

    assert (sheet["tr_crcy_cd"], sheet["ovrs_excg_cd"]) == ("USD", "NASD")
    assert night.ask(path, PRDT_TYPE_CD="513", PDNO="AAPL")["rt_cd"] == "7"
    assert night.ask(f"{PRICES}/price", **{**APPLE, "SYMB": "NOPE"})["rt_cd"] == "1"


def test_settlement_days_are_trading_days(night: Desk) -> None:
    rows = night.ask("overseas-stock/v1/quotations/countries-holiday", TRAD_DT="20261120")["output"]

    assert {row["natn_eng_abrv_cd"] for row in rows} == {"US", "HK", "JP", "CN", "VN"}
    assert all("20261120" < row["acpl_sttl_dt"] <= row["dmst_sttl_dt"] for row in rows)


def test_hours_follow_summer_time_and_lunch() -> None:
    clock = OverseasClock(open_always=False)
    new_york, tokyo = VENUES["NAS"], VENUES["TSE"]

    summer = clock.position(new_york, datetime(2026, 7, 1, 22, 40, tzinfo=SEOUL))
    winter = clock.position(new_york, datetime(2026, 11, 20, 22, 40, tzinfo=SEOUL))
    lunch = clock.position(tokyo, datetime(2026, 11, 20, 12, 0, tzinfo=SEOUL))
    thanksgiving = clock.position(new_york, datetime(2026, 11, 27, 3, 0, tzinfo=SEOUL))

    assert (summer.day, summer.steps, summer.is_open) == (date(2026, 7, 1), 60, True)
    assert (winter.day, winter.is_open) == (date(2026, 11, 19), False)
    assert (lunch.steps, lunch.is_open) == (900, False)
    assert thanksgiving.day == date(2026, 11, 25)
    assert clock.moment_of(tokyo, date(2026, 11, 20), 900).strftime("%H%M") == "1230"
