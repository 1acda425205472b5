"""Fault case 71: large amounts, fractions, losses and foreign money stay exact over ten thousand fills."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from kis_terminal.adapters.kis.accounts import read_balance
from kis_terminal.adapters.kis.fields import Row, decimal_text
from kis_terminal.domain.orders import ExecutionNotice, NoticeKind, Order, OrderStatus, PendingChange, Side
from kis_terminal.domain.risk import evaluate
from kis_terminal.services.executions import Executions
from kis_terminal.ui.formatting import number, signed
from tests.domain.test_risk import KNOWN, LIMITS, request, resting
from tests.support.order_desk import order_desk
from tests.support.ports_in_memory import SAMSUNG, SEOUL

MOST = Decimal(9_999_999_999_999)
FILLS = 10_000


def notice(side: Side, quantity: int, price: Decimal) -> ExecutionNotice:
    return ExecutionNotice(
        "0000041207",
        "",
        SAMSUNG,
        side,
        NoticeKind.FILL,
        PendingChange.NONE,
        quantity,
        price,
        49_327,
        quantity,
        "",
    )


async def test_case_71_ten_thousand_fills_leave_cash_shares_and_profit_exact() -> None:
    """The judge reckons in whole won and fractions, without our code."""
    async with order_desk() as desk:
        portfolio, draw = desk.portfolio, random.Random(71)
        portfolio.refresh_soon = lambda: None  # type: ignore[method-assign]  # the broker's list would settle all
        portfolio.cash_d2 = MOST
        cash, shares = 9_999_999_999_999, 400
        cost, realised = Fraction(81_250 * 400), Fraction(0)
        for _ in range(FILLS):
            price, quantity = 50 * draw.randrange(1_000, 3_000), draw.randrange(1, 40)
            side = Side.SELL if quantity < shares and draw.random() < 0.5 else Side.BUY
            portfolio.take_fill(notice(side, quantity, Decimal(price)))
            amount = price * quantity
            commission = amount * 15 // 100_000
            if side is Side.BUY:
                cash -= amount + commission
                cost += amount
                shares += quantity
            else:
                paid = cost / shares * quantity
                tax = amount * 20 // 10_000
                bought = paid * 15 / 100_000
                cash += amount - commission - tax
                realised += amount - paid - commission - tax - bought.numerator // bought.denominator
                cost -= paid
                shares -= quantity

        held = portfolio.position(SAMSUNG)
        assert held is not None
        assert held.quantity == shares
        assert portfolio.cash_d2 == cash
        # An average price is a quotient; ten thousand of them are off by far less than a millionth of a won.
        assert abs(Fraction(held.cost) - cost) < Fraction(1, 10**6)
        assert abs(Fraction(portfolio.realised_today(SAMSUNG)) - realised) < Fraction(1, 10**6)


def test_case_71_an_order_of_ten_thousand_executions_has_its_exact_average() -> None:
    executions = Executions()
    order: Order = resting(Side.BUY, 80_000).changed(quantity=FILLS, status=OrderStatus.ACCEPTED)
    draw, paid = random.Random(7), Fraction(0)
    at = datetime(2026, 11, 20, 13, 42, tzinfo=SEOUL)
    for _ in range(FILLS):
        price = Decimal(draw.randrange(1, 10**8)) / 10_000  # foreign prices have four places
        order, fill = executions.tell(order, notice(Side.BUY, 1, price), at)
        assert fill is not None
        paid += Fraction(price)

    assert order.status is OrderStatus.FILLED
    assert order.average_price is not None
    assert abs(Fraction(order.average_price) - paid / FILLS) < Fraction(1, 10**15)
    assert sum((Fraction(fill.price) for fill in executions.fills), Fraction(0)) == paid


def test_case_71_a_tenth_and_two_tenths_are_three() -> None:
    dollars, rate = Decimal("0.1") + Decimal("0.2"), Decimal("1391.4500")

    assert dollars == Decimal("0.3")
    assert dollars * rate == Decimal("417.43500")
    assert decimal_text(Decimal("123.4500")) == "123.45"
    assert decimal_text(Decimal("1E+13")) == "10000000000000"


def test_case_71_a_balance_of_ten_trillion_and_a_loss_is_read_as_written() -> None:
    row = Row(
        "TTTC8434R",
        {
            "pdno": SAMSUNG,
            "prdt_name": "삼성전자",
            "hldg_qty": "123456789",
            "ord_psbl_qty": "123456789",
            "pchs_avg_pric": "81000.1234",
            "pchs_amt": "9999999999999",
            "prpr": "80000",
            "evlu_amt": "9876543120000",
        },
    )
    summary = Row(
        "TTTC8434R",
        {
            "dnca_tot_amt": "9999999999999",
            "nxdy_excc_amt": "-1",
            "prvs_rcdl_excc_amt": "-9999999999999",
            "tot_evlu_amt": "9999999999999.5",
        },
    )

    balance = read_balance([row], summary, datetime(2026, 11, 20, tzinfo=SEOUL))

    assert balance.cash == MOST
    assert balance.cash_d2 == -MOST
    assert balance.total_value == Decimal("9999999999999.5")
    assert balance.positions[0].cost == MOST
    assert balance.positions[0].average_price == Decimal("81000.1234")


@pytest.mark.parametrize(("value", "shown"), [(MOST, "9,999,999,999,999"), (-MOST, "-9,999,999,999,999")])
def test_case_71_the_window_shows_every_won(value: Decimal, shown: str) -> None:
    assert number(value) == shown
    assert signed(value).lstrip("+") == shown


@pytest.mark.parametrize(("quantity", "code"), [(100_000_000, ""), (100_000_001, "VALUE")])
def test_case_71_limits_of_ten_trillion_are_kept_to_the_won(quantity: int, code: str) -> None:
    limits = replace(
        LIMITS,
        max_quantity=10**9,
        max_order_value=Decimal(5_000_000_000_000),
        soft_order_value=MOST,
        max_position_value=MOST,
        soft_concentration_percent=Decimal(1_000),
    )
    known = replace(KNOWN, buying_power=MOST, total_value=MOST)
    failure = evaluate(request(quantity), known, limits).first_failure

    assert (failure.code if failure is not None else "") == code
