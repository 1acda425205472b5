"""What goes over the wire for orders, bars and accounts, and what odd answers become."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.environment import KST
from kis_terminal.adapters.kis.order_codes import KIND_CODES, kind_of, venue_of
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import BrokerAnswerError, BrokerUnreachable, OrderRefused, OutcomeUnknown
from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, OrderStatus, Origin, Side, Venue
from tests.adapters.kis.access import NO_LIMIT, QUICK, access_to
from tests.support.leftovers import ExpectLog
from tests.support.scripted_server import Reply, Request, ScriptedServer, ok, scripted_server

ORDER, CHANGE, BALANCE, LISTING = "order-cash", "order-rvsecncl", "inquire-balance", "inquire-daily-ccld"
DAILY, TODAY, PAST = (
    "inquire-daily-itemchartprice",
    "inquire-time-itemchartprice",
    "inquire-time-dailychartprice",
)
TAKEN = ok(output={"KRX_FWDG_ORD_ORGNO": "91252", "ODNO": "0000117057", "ORD_TMD": "121052"})


class FixedClock(SystemClock):
    """Noon of a Friday, for what depends on the day; time that passes is the machine's."""

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 12, 0, 30, tzinfo=KST)


@asynccontextmanager
async def wired(
    environment: Environment = Environment.REAL,
) -> AsyncIterator[tuple[KisBroker, ScriptedServer]]:
    async with scripted_server() as server:
        broker = KisBroker(access_to(server.url, environment), FixedClock(), limits=NO_LIMIT, patience=QUICK)
        try:
            yield broker, server
        finally:
            await broker.close()


def request(**changes: Any) -> OrderRequest:
    values: dict[str, Any] = {
        "intent_id": "i",
        "symbol": "005930",
        "side": Side.BUY,
        "kind": OrderKind.LIMIT,
        "quantity": 7,
        "price": Decimal(70000),
        "venue": Venue.KRX,
        "origin": Origin.ORDER_ENTRY,
    }
    return OrderRequest(**(values | changes))


def standing(**changes: Any) -> Order:
    values: dict[str, Any] = {
        "key": "i",
        "symbol": "005930",
        "side": Side.SELL,
        "kind": OrderKind.LIMIT,
        "venue": Venue.NXT,
        "quantity": 10,
        "price": Decimal(70000),
        "status": OrderStatus.PARTLY_FILLED,
        "origin": Origin.ORDER_ENTRY,
        "created_at": FixedClock().now(),
        "order_number": "0000117057",
        "branch_number": "91252",
        "filled": 3,
    }
    return Order(**(values | changes))


# -- orders


@pytest.mark.parametrize(
    ("wanted", "sent", "tr_id"),
    [
        (request(), {"ORD_DVSN": "00", "ORD_UNPR": "70000", "ORD_QTY": "7"}, "TTTC0012U"),
        (request(price=Decimal("7E+4")), {"ORD_UNPR": "70000"}, "TTTC0012U"),
        (request(kind=OrderKind.MARKET, price=None), {"ORD_DVSN": "01", "ORD_UNPR": "0"}, "TTTC0012U"),
        (request(side=Side.SELL), {"SLL_TYPE": "01"}, "TTTC0011U"),
        (request(venue=Venue.SOR), {"EXCG_ID_DVSN_CD": "SOR"}, "TTTC0012U"),
        (
            request(kind=OrderKind.STOP_LIMIT, condition_price=Decimal(71000)),
            {"ORD_DVSN": "22", "CNDT_PRIC": "71000"},
            "TTTC0012U",
        ),
    ],
)
async def test_orders_on_the_wire(wanted: OrderRequest, sent: dict[str, str], tr_id: str) -> None:
    async with wired() as (broker, server):
        server.on(ORDER, TAKEN)

        accepted = await broker.place(wanted)

        body = server.requests[-1].body
        assert body | sent == body
        assert server.requests[-1].headers["tr_id"] == tr_id
        assert all(isinstance(value, str) for value in body.values())
        assert all(key.isupper() or "_" in key for key in body)
        assert accepted.order_number == "0000117057"
        assert (accepted.branch_number, accepted.time_of_day) == ("91252", "121052")


async def test_changes_carry_number_branch_and_venue_of_the_order() -> None:
    async with wired() as (broker, server):
        server.on(CHANGE, TAKEN)

        await broker.amend(standing(), OrderKind.LIMIT, 7, Decimal(69900))
        amend = server.requests[-1].body
        await broker.amend(standing(), OrderKind.LIMIT, 2, Decimal(69900))
        part = server.requests[-1].body
        await broker.cancel(standing())
        cancel = server.requests[-1].body

        same = {"KRX_FWDG_ORD_ORGNO": "91252", "ORGN_ODNO": "0000117057", "EXCG_ID_DVSN_CD": "NXT"}
        for body in (amend, part, cancel):
            assert body | same == body
        assert (amend["RVSE_CNCL_DVSN_CD"], amend["ORD_UNPR"], amend["QTY_ALL_ORD_YN"]) == (
            "01",
            "69900",
            "Y",
        )
        assert (part["ORD_QTY"], part["QTY_ALL_ORD_YN"]) == ("2", "N")
        assert (cancel["RVSE_CNCL_DVSN_CD"], cancel["ORD_QTY"], cancel["QTY_ALL_ORD_YN"]) == ("02", "7", "Y")
        assert cancel["ORD_UNPR"] == "0"


async def test_an_order_without_a_number_cannot_be_changed() -> None:
    async with wired() as (broker, server):
        with pytest.raises(OrderRefused):
            await broker.cancel(standing(order_number=""))

        assert server.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        ok(output={"KRX_FWDG_ORD_ORGNO": "91252", "ODNO": "", "ORD_TMD": "121052"}),
        ok(output={"KRX_FWDG_ORD_ORGNO": "91252", "ODNO": "0000000000"}),
        ok(output={"KRX_FWDG_ORD_ORGNO": "91252"}),
        ok(output=[]),
        ok(),
        Reply(200, {}),
        Reply(200, {"output": {"ODNO": "1"}}),
        Reply(200, "taken"),
    ],
)
async def test_an_acceptance_that_names_no_order_is_unknown(answer: Reply) -> None:
    async with wired() as (broker, server):
        server.on(ORDER, answer)

        with pytest.raises(OutcomeUnknown):
            await broker.place(request())

        assert server.count(ORDER) == 1


def test_codes_round_trip_and_unknown_ones_act_as_their_price() -> None:
    for kind, code in KIND_CODES.items():
        assert kind_of(code, has_price=True) is kind
    assert set(KIND_CODES) == set(OrderKind)
    assert kind_of("99", has_price=True) is OrderKind.LIMIT
    assert kind_of("99", has_price=False) is OrderKind.MARKET
    assert venue_of("NXT") is Venue.NXT
    assert venue_of("") is Venue.KRX


# -- accounts


def holding(symbol: str, quantity: int = 21, **changes: str) -> dict[str, str]:
    row = {
        "pdno": symbol,
        "prdt_name": f"이름{symbol}",
        "trad_dvsn_name": "현금",
        "loan_dt": "",
        "hldg_qty": str(quantity),
        "ord_psbl_qty": str(quantity),
        "pchs_avg_pric": "1000.0000",
        "pchs_amt": str(1000 * quantity),
        "prpr": "1100",
        "evlu_amt": str(1100 * quantity),
    }
    return row | changes


CASH = {
    "dnca_tot_amt": "9999999999999",
    "nxdy_excc_amt": "-500",
    "prvs_rcdl_excc_amt": "300",
    "tot_evlu_amt": "23400",
    "thdt_tlex_amt": "15",
}


def balance_page(*rows: dict[str, str], more: bool = False, key: str = "1", **blocks: Any) -> Reply:
    filled: dict[str, Any] = {"output1": list(rows), "output2": [CASH]} | blocks
    return ok(
        tr_cont="M" if more else "D", ctx_area_fk100="x".ljust(100), ctx_area_nk100=key.ljust(100), **filled
    )


async def test_a_holding_that_paging_repeats_is_counted_once(expect_log: ExpectLog) -> None:
    expect_log("005930 현금 twice")
    async with wired() as (broker, server):
        server.on(
            BALANCE,
            balance_page(holding("000660"), holding("005930"), more=True),
            balance_page(holding("005930"), holding("035420", 0)),
        )

        balance = await broker.balance()

        assert [(held.symbol, held.quantity) for held in balance.positions] == [
            ("000660", 21),
            ("005930", 21),
        ]
        assert (balance.cash, balance.cash_d1, balance.cash_d2) == (9999999999999, -500, 300)
        assert (balance.fees_today, balance.taxes_today) == (15, 0)


@pytest.mark.parametrize(
    "answer",
    [
        balance_page(output2=[]),
        balance_page(output1=None),
        balance_page(holding("005930", hldg_qty="")),
        balance_page(output2=[CASH | {"dnca_tot_amt": ""}]),
    ],
)
async def test_a_balance_that_cannot_be_read_is_an_error_and_never_flat(answer: Reply) -> None:
    async with wired() as (broker, server):
        server.on(BALANCE, answer)

        with pytest.raises(BrokerAnswerError, match="TTTC8434R"):
            await broker.balance()


async def test_an_empty_account_is_empty() -> None:
    async with wired() as (broker, server):
        server.on(BALANCE, balance_page({"pdno": "", "prdt_name": ""}))

        assert (await broker.balance()).positions == ()


def listed(number: str, **changes: str) -> dict[str, str]:
    row = {
        "ord_dt": "20261120",
        "ord_gno_brno": "91252",
        "odno": number,
        "orgn_odno": "",
        "sll_buy_dvsn_cd": "02",
        "sll_buy_dvsn_cd_name": "현금매수",
        "pdno": "005930",
        "prdt_name": "삼성전자",
        "ord_qty": "10",
        "ord_unpr": "70000",
        "ord_tmd": "090000",
        "tot_ccld_qty": "0",
        "avg_prvs": "0",
        "cncl_yn": "N",
        "ord_dvsn_cd": "00",
        "cncl_cfrm_qty": "0",
        "rmn_qty": "10",
        "rjct_qty": "0",
        "excg_id_dvsn_cd": "NXT",
    }
    return row | changes


async def test_the_order_list_asks_for_all_venues_of_one_day() -> None:
    async with wired() as (broker, server):
        server.on(LISTING, ok(tr_cont="D", output1=[listed("0000000001")], output2={}))

        orders = await broker.orders(date(2026, 11, 20))
        sent = server.requests[-1]

        assert (sent.query["INQR_STRT_DT"], sent.query["INQR_END_DT"]) == ("20261120", "20261120")
        assert (sent.query["EXCG_ID_DVSN_CD"], sent.query["CCLD_DVSN"]) == ("ALL", "00")
        assert sent.headers["tr_id"] == "TTTC0081R"
        assert orders[0].venue is Venue.NXT

        await broker.orders(date(2026, 3, 2))
        assert server.requests[-1].headers["tr_id"] == "CTSC9215R"


async def test_paper_lists_its_only_venue() -> None:
    async with wired(Environment.PAPER) as (broker, server):
        server.on(LISTING, ok(tr_cont="D", output1=[], output2={}))

        assert await broker.orders(date(2026, 11, 20)) == []
        assert server.requests[-1].query["EXCG_ID_DVSN_CD"] == "KRX"
        assert server.requests[-1].headers["tr_id"] == "VTTC0081R"


@pytest.mark.parametrize(
    ("changes", "is_cancel"),
    [
        ({}, False),
        ({"orgn_odno": "0000000001", "sll_buy_dvsn_cd_name": "매수정정*"}, False),
        ({"orgn_odno": "0000000001", "sll_buy_dvsn_cd_name": "매수취소*"}, True),
        ({"orgn_odno": "0000000001", "sll_buy_dvsn_cd_name": "BUY CANCEL*"}, True),
        ({"orgn_odno": "0000000001", "sll_buy_dvsn_cd_name": "", "cncl_yn": "Y"}, True),
        # An order that was cancelled later is still an order.
        ({"cncl_yn": "Y", "cncl_cfrm_qty": "10", "rmn_qty": "0"}, False),
        ({"orgn_odno": "0000000000"}, False),
    ],
)
async def test_requests_to_cancel_are_told_from_orders(changes: dict[str, str], is_cancel: bool) -> None:
    async with wired() as (broker, server):
        server.on(LISTING, ok(tr_cont="D", output1=[listed("0000000002", **changes)], output2={}))

        orders = await broker.orders(date(2026, 11, 20))

        assert orders[0].is_cancel is is_cancel


async def test_a_row_that_paging_repeats_is_one_order() -> None:
    async with wired() as (broker, server):
        first = ok(
            tr_cont="M",
            ctx_area_fk100="f",
            ctx_area_nk100="1",
            output1=[listed("0000000001"), listed("0000000002")],
            output2={},
        )
        server.on(LISTING, first, ok(tr_cont="D", output1=[listed("0000000002")], output2={}))

        orders = await broker.orders(date(2026, 11, 20))

        assert [order.order_number for order in orders] == ["0000000001", "0000000002"]


async def test_a_list_that_fails_on_its_second_page_is_no_list() -> None:
    async with wired() as (broker, server):
        first = ok(tr_cont="M", ctx_area_fk100="f", ctx_area_nk100="1", output1=[listed("1")], output2={})
        server.on(LISTING, first, Reply(502, b"bad gateway"))

        with pytest.raises(BrokerUnreachable):
            await broker.orders(date(2026, 11, 20))


# -- bars


def daily_rows(last: str, count: int, start: str) -> list[dict[str, str]]:
    day = datetime.strptime(last, "%Y%m%d").replace(tzinfo=KST)
    rows = []
    while len(rows) < count and day.strftime("%Y%m%d") >= start:
        if day.weekday() < 5:
            rows.append(
                {
                    "stck_bsop_date": day.strftime("%Y%m%d"),
                    "stck_oprc": "10",
                    "stck_hgpr": "12",
                    "stck_lwpr": "9",
                    "stck_clpr": "11",
                    "acml_vol": "5",
                    "acml_tr_pbmn": "55",
                }
            )
        day -= timedelta(days=1)
    return rows


async def test_daily_windows_walk_back_by_a_hundred_until_the_listing() -> None:
    async with wired() as (broker, server):

        def answer(sent: Request) -> Reply:
            listing = max(sent.query["FID_INPUT_DATE_1"], "20250603")
            rows = daily_rows(sent.query["FID_INPUT_DATE_2"], 100, listing)
            return ok(output1={}, output2=rows + [{}] * (100 - len(rows)))

        server.on(DAILY, answer)

        bars = await broker.daily_bars(
            "005930", date(2020, 1, 1), date(2026, 11, 20), Interval.DAY, is_adjusted=True
        )

        assert bars[0].start.date() == date(2025, 6, 3)
        assert bars[-1].start.date() == date(2026, 11, 20)
        assert len(bars) == 384
        assert server.count(DAILY) == 5
        assert {sent.query.get("FID_ORG_ADJ_PRC") for sent in server.requests[1:]} == {"0"}


async def test_raw_prices_are_the_other_flag() -> None:
    async with wired() as (broker, server):
        server.on(DAILY, ok(output1={}, output2=[]))

        await broker.daily_bars(
            "005930", date(2026, 11, 2), date(2026, 11, 20), Interval.DAY, is_adjusted=False
        )

        assert server.requests[-1].query["FID_ORG_ADJ_PRC"] == "1"


async def test_a_weekend_is_not_asked_for() -> None:
    async with wired() as (broker, server):
        bars = await broker.daily_bars(
            "005930", date(2026, 11, 21), date(2026, 11, 22), Interval.DAY, is_adjusted=True
        )

        assert list(bars) == []
        assert server.requests == []


async def test_a_day_without_trading_is_flat_at_its_close() -> None:
    async with wired() as (broker, server):
        row = daily_rows("20261120", 1, "20261120")[0]
        row |= {"stck_oprc": "0", "stck_hgpr": "0", "stck_lwpr": "0", "acml_vol": "0", "acml_tr_pbmn": "0"}
        server.on(DAILY, ok(output1={}, output2=[row]), ok(output1={}, output2=[{}]))

        bars = await broker.daily_bars(
            "005930", date(2026, 11, 19), date(2026, 11, 20), Interval.DAY, is_adjusted=True
        )

        assert bars[0][1:] == (11, 11, 11, 11, 0, 0)


async def test_a_bar_without_a_close_is_an_error() -> None:
    async with wired() as (broker, server):
        row = daily_rows("20261120", 1, "20261120")[0] | {"stck_clpr": "-nan"}
        server.on(DAILY, ok(output1={}, output2=[row]))

        with pytest.raises(BrokerAnswerError, match=r"FHKST03010100.*stck_clpr"):
            await broker.daily_bars(
                "005930", date(2026, 11, 19), date(2026, 11, 20), Interval.DAY, is_adjusted=True
            )


def minute_rows(day: str, last: int, count: int) -> list[dict[str, str]]:
    minutes = [last // 60 - offset for offset in range(count)]
    return [
        {
            "stck_bsop_date": day,
            "stck_cntg_hour": f"{minute // 60:02d}{minute % 60:02d}00",
            "stck_prpr": "100",
            "stck_oprc": "100",
            "stck_hgpr": "101",
            "stck_lwpr": "99",
            "cntg_vol": "2",
            "acml_tr_pbmn": str((minute - 9 * 60 + 1) * 200),
        }
        for minute in minutes
        if minute >= 9 * 60
    ]


@pytest.mark.parametrize(
    ("day", "path", "rows", "calls"), [("20261120", TODAY, 30, 9), ("20261119", PAST, 120, 4)]
)
async def test_minutes_walk_back_page_by_page(day: str, path: str, rows: int, calls: int) -> None:
    async with wired() as (broker, server):

        def answer(sent: Request) -> Reply:
            hour = sent.query["FID_INPUT_HOUR_1"]
            last = min(int(hour[:2]) * 3600 + int(hour[2:4]) * 60, 15 * 3600 + 29 * 60)
            return ok(output1={}, output2=minute_rows(day, last, rows) or [{}])

        server.on(path, answer)

        # Today's end is the exchange's time as the caller knows it, whatever the computer's clock says.
        until = 13 * 3600 if path == TODAY else 24 * 3600 - 1
        bars = await broker.minute_bars("005930", date.fromisoformat(day), 0, until)

        last = "13:00" if path == TODAY else "15:29"
        assert [bars[0].start.strftime("%H:%M"), bars[-1].start.strftime("%H:%M")] == ["09:00", last]
        assert len(bars) == (241 if path == TODAY else 390)
        assert {bar.turnover for bar in bars} == {200}
        assert server.count(path) <= calls + 1


async def test_rows_of_another_day_are_left_out() -> None:
    async with wired() as (broker, server):
        server.on(PAST, ok(output1={}, output2=minute_rows("20261118", 15 * 3600, 120)))

        assert await broker.minute_bars("005930", date(2026, 11, 19), 0, 24 * 3600 - 1) == []


async def test_tomorrow_has_no_minutes_and_costs_no_call() -> None:
    async with wired() as (broker, server):
        assert await broker.minute_bars("005930", date(2026, 11, 21), 0, 24 * 3600 - 1) == []
        assert server.requests == []
