"""What the orders of one parent may come to together: at the limit, beyond it, and with nothing known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, OrderStatus, ParentBudget
from kis_terminal.domain.risk import RiskInput, evaluate
from tests.domain.test_risk import KNOWN, LIMITS, request, resting
from tests.domain.test_risk import Side as Sides

PLAN = ParentBudget("plan-1", quantity=30, amount=Decimal(1_500_000))


def child(quantity: int = 10, budget: ParentBudget = PLAN, **changes: Any) -> OrderRequest:
    return replace(request(quantity), parent=budget, **changes)


def sibling(quantity: int, budget: ParentBudget = PLAN, **changes: Any) -> Order:
    order = resting(Sides.BUY, 50_000).changed(quantity=quantity, parent=budget)
    return order.changed(**changes)


def verdict(asked: OrderRequest, *siblings: Order, known: RiskInput = KNOWN) -> bool:
    found = evaluate(asked, replace(known, siblings=siblings), LIMITS)
    (check,) = [check for check in found.checks if check.code == "PARENT"]
    assert not check.is_soft
    return check.passed


@pytest.mark.parametrize(("before", "passed"), [(19, True), (20, True), (21, False)])
def test_shares_of_all_children_at_the_budget(before: int, passed: bool) -> None:
    assert verdict(child(), sibling(before)) is passed


@pytest.mark.parametrize(("amount", "passed"), [(1_499_999, False), (1_500_000, True), (1_500_001, True)])
def test_won_of_all_children_at_the_budget(amount: int, passed: bool) -> None:
    plan = ParentBudget("plan-1", amount=Decimal(amount))

    assert verdict(child(budget=plan), sibling(20, plan)) is passed


def test_what_an_order_brought_and_may_still_bring_counts_and_nothing_else() -> None:
    half = sibling(20, filled=5, cancelled=15, status=OrderStatus.CANCELLED, average_price=Decimal(50_000))
    refused = sibling(30, status=OrderStatus.REJECTED)
    lost = sibling(10, status=OrderStatus.UNKNOWN)

    assert verdict(child(15), half, refused, lost)
    assert not verdict(child(16), half, refused, lost)


def test_a_later_child_cannot_widen_the_budget() -> None:
    wider = ParentBudget("plan-1", quantity=1_000)

    assert not verdict(child(20, wider), sibling(20))


def test_an_order_without_a_price_counts_at_the_days_highest_and_an_unknown_one_refuses() -> None:
    plan = ParentBudget("plan-1", amount=Decimal(1_299_999))
    market = sibling(10, plan, kind=OrderKind.MARKET, price=None)

    assert not verdict(child(10, plan, kind=OrderKind.MARKET, price=None), market)
    assert verdict(child(9, plan, kind=OrderKind.MARKET, price=None), market)
    assert not verdict(child(1, plan), market, known=replace(KNOWN, upper_limit=None))
    assert not verdict(child(1, plan), market.changed(symbol="000660"))  # its highest price is not known here


def test_no_person_may_pass_it_and_no_parent_needs_none() -> None:
    assert verdict(request(10))
    assert not verdict(child(20, confirmed=frozenset({"PARENT"})), sibling(20))


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [(None, None), (0, None), (-1, None), (None, "0"), (None, "-1"), (None, "NaN"), (None, "Infinity")],
)
def test_a_budget_that_limits_nothing_is_none(quantity: int | None, amount: str | None) -> None:
    with pytest.raises(CorrectionNeeded):
        ParentBudget("plan", quantity, None if amount is None else Decimal(amount))


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 20), st.sampled_from(list(OrderStatus)))))
def test_children_that_were_let_through_never_come_to_more(told: list[tuple[int, int, OrderStatus]]) -> None:
    passed: list[Order] = []
    for quantity, filled, status in told:
        if verdict(child(quantity), *passed):
            done = min(filled, quantity) if status is not OrderStatus.REJECTED else 0
            passed.append(sibling(quantity, filled=done, status=status, average_price=Decimal(50_000)))

    assert sum(order.filled + order.remaining for order in passed) <= 30
