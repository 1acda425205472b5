"""Panic over every product of the account, and both other venues of its stocks; the exchange is the judge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kis_terminal.adapters.simulator.model import Accepted, Account
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.simulator.orders.side_orders import SideProduct
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.other_orders import Product
from kis_terminal.services.other_sweep import OtherSweep
from kis_terminal.services.panic import PanicOutcome
from tests.support.exchange import running_exchange
from tests.support.fault_case import SAMSUNG, Case, ExchangesClock, opened
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import TradingDesk, until


@asynccontextmanager
async def opened_at(folder: Path, product: str = "01") -> AsyncIterator[Case]:
    options = replace(SimulatorOptions(), seed=7, is_limited=False)
    async with (
        running_exchange(options) as exchange,
        opened(exchange, exchange.access(product=product), folder) as case,
    ):
        yield case


def account(case: Case, product: str = "01") -> Account:
    return case.exchange.server.venue.exchange.account("50000101", product)


def rest(case: Case, product: SideProduct, count: int = 1, *, market: str = "", code: str = "01") -> None:
    """Let orders rest that came in elsewhere."""
    venue = case.exchange.server.venue
    symbol = {"reserved": SAMSUNG, "bond": "KR6095572D81", "futures": "101W12"}.get(product, "AAPL")
    for number in range(count):
        venue.side.place(
            account(case, code), product, symbol, "buy", number + 1, "187.5100", venue.now(), market=market
        )


def open_at_exchange(case: Case) -> int:
    return sum(int(str(row["rest"])) > 0 for row in case.exchange.server.venue.side.to_json())


def others_of(desk: TradingDesk) -> OtherSweep:
    assert desk.panic.others is not None
    return desk.panic.others


async def proven(case: Case, seconds: float = 30.0) -> None:
    await until(lambda: case.desk.panic.report is not None and case.desk.panic.report.is_proven, seconds)


async def test_every_product_of_the_account_is_cancelled_and_proven(tmp_path: Path) -> None:
    async with opened_at(tmp_path) as case:
        venue = case.exchange.server.venue
        price = case.desk.market_data.state(SAMSUNG).lower_limit
        assert price is not None
        stocks = [
            venue.exchange.place_foreign(
                account(case), "buy", SAMSUNG, "00", 3, int(price), venue.now(), venue=name
            )
            for name in ("KRX", "NXT", "SOR")
        ]
        assert all(isinstance(answer, Accepted) for answer in stocks), stocks
        rest(case, "reserved", 21)  # a page has 20
        rest(case, "bond", 2)
        rest(case, "overseas", 41, market="NASD")  # a page has 40
        rest(case, "overseas", market="NYSE")
        rest(case, "overseas", market="SHAA")
        rest(case, "overseas_reserved", market="NASD")

        case.desk.panic.press()
        await proven(case)

        report = case.desk.panic.report
        assert report is not None
        assert open_at_exchange(case) == 0
        assert len(report.lines) == 3 + 21 + 2 + 41 + 2 + 1
        assert {line.outcome for line in report.lines} == {PanicOutcome.CANCELLED}
        assert {line.product for line in report.lines} == {
            "",
            *(others_of(case.desk).products[n].words for n in range(4)),
        }
        assert len(case.ledger("cancelled")) == 3
        lines = await case.desk.journal.entries(report.started_at.replace(year=2000))
        events = [line.event for line in lines]
        assert events.count("cancel intent") == events.count("cancel accepted") == 3 + 67


async def test_futures_of_a_futures_account_by_day_and_by_night(tmp_path: Path) -> None:
    async with opened_at(tmp_path, "03") as case:
        rest(case, "futures", 3, code="03")
        rest(case, "futures_night", 2, code="03")

        case.desk.panic.press()
        await proven(case)

        assert open_at_exchange(case) == 0
        assert others_of(case.desk).products == (Product.FUTURES, Product.FUTURES_NIGHT)


async def test_a_machine_whose_clock_is_a_day_off_lists_the_futures_of_the_brokers_day(
    tmp_path: Path,
) -> None:
    """Cause: the day asked for was the machine's: the list was empty, and that was taken for a proof."""
    async with running_exchange(replace(SimulatorOptions(), seed=7, is_limited=False)) as exchange:
        clock, access = ExchangesClock(exchange), exchange.access(product="03")
        clock.error = timedelta(hours=26)
        async with opened(exchange, access, tmp_path, clock=clock, has_prints=False) as case:
            rest(case, "futures", 3, code="03")

            case.desk.panic.press()
            await proven(case)

            assert open_at_exchange(case) == 0


async def test_futures_abroad(tmp_path: Path) -> None:
    async with opened_at(tmp_path, "08") as case:
        rest(case, "overseas_futures", 2, code="08")

        case.desk.panic.press()
        await proven(case)

        assert open_at_exchange(case) == 0


@pytest.mark.parametrize("fault", ["do=raw,status=500", "do=error,status=200,code=APBK1266,text=미신청 계좌"])
async def test_a_product_whose_list_fails_keeps_it_unproven_and_is_named(
    tmp_path: Path, fault: str, expect_log: ExpectLog
) -> None:
    expect_log("list of reserved")
    async with opened_at(tmp_path) as case:
        rest(case, "reserved")
        rest(case, "bond")
        number = case.fault(f"{fault},path=*/order-resv-ccnl")

        case.desk.panic.press()
        await until(
            lambda: case.desk.panic.report is not None and "예약주문" in case.desk.panic.report.message, 20
        )

        report = case.desk.panic.report
        assert report is not None
        assert report.is_running
        assert not report.is_proven
        assert "1544-5000" in report.message
        await until(lambda: open_at_exchange(case) == 1)  # the bond: one product does not wait for another
        case.exchange.server.venue.faults.clear(number)
        await proven(case)
        assert open_at_exchange(case) == 0


async def test_a_person_may_say_that_a_product_is_not_traded(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("list of overseas")
    async with opened_at(tmp_path) as case:
        case.fault("do=error,status=200,code=APBK1266,text=해외주식 미신청 계좌,path=*/inquire-nccs")
        case.desk.panic.press()
        others = others_of(case.desk)
        await until(lambda: bool(others.failing), 60)
        assert [product for product, _ in others.failing] == [Product.OVERSEAS]

        await others.leave_out(Product.OVERSEAS)
        await proven(case)

        assert others.left_out == (Product.OVERSEAS,)
        lines = await case.desk.journal.entries(case.desk.panic.report.started_at)  # type: ignore[union-attr]
        assert [line.details["product"] for line in lines if line.event == "product left out"] == ["overseas"]
        await others.leave_out(Product.OVERSEAS, is_left_out=False)
        assert Product.OVERSEAS in others.products


async def test_what_kis_has_no_call_for_stays_open_and_unproven(tmp_path: Path) -> None:
    async with opened_at(tmp_path) as case:
        rest(case, "overseas_reserved", market="SEHK")

        case.desk.panic.press()
        await until(lambda: bool(others_of(case.desk).lines), 60)
        await until(lambda: any(line.reason for line in others_of(case.desk).lines), 60)
        await until(lambda: case.desk.panic.report is not None and bool(case.desk.panic.report.lines), 60)

        report = case.desk.panic.report
        assert report is not None
        assert not report.is_proven
        assert report.lines[0].outcome is PanicOutcome.STILL_OPEN
        assert "API로 취소할 수 없는" in report.lines[0].reason


async def test_a_cancellation_without_an_answer_is_settled_by_the_list(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    async with opened_at(tmp_path) as case:
        rest(case, "bond", 2)
        case.fault("do=reset,at=answer,path=*/domestic-bond/*/order-rvsecncl,nth=1")

        case.desk.panic.press()
        await proven(case)

        assert open_at_exchange(case) == 0
        report = case.desk.panic.report
        assert report is not None
        assert {line.outcome for line in report.lines} <= {PanicOutcome.CANCELLED, PanicOutcome.NEVER_OPEN}
        assert any("없어졌습니다" in line.reason for line in report.lines)


async def test_paper_lists_what_paper_has(tmp_path: Path) -> None:
    async with (
        running_exchange() as exchange,
        opened(exchange, exchange.access(Environment.PAPER), tmp_path, has_prints=False) as case,
    ):
        venue = exchange.server.venue
        paper = venue.exchange.account("50000101", "01", realm="paper")
        venue.side.place(paper, "overseas", "AAPL", "sell", 5, "187.5100", venue.now(), market="NASD")

        assert others_of(case.desk).products == (Product.OVERSEAS,)
        found = await case.desk.broker.open_others(Product.OVERSEAS)
        assert [(order.symbol, order.remaining) for order in found] == [("AAPL", 5)]
        await case.desk.broker.cancel_other(found[0])
        assert open_at_exchange(case) == 0
