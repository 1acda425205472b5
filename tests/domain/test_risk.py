"""Every pre-trade rule at its limit, and numbers that are none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.domain.instruments import Instrument, Market, is_on_tick
from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, OrderStatus, Origin, Side, Venue
from kis_terminal.domain.risk import RiskInput, RiskLimits, TradingState, evaluate

LIMITS = RiskLimits(
    max_quantity=100,
    max_order_value=Decimal(5_000_000),
    soft_collar_percent=Decimal(100),
    soft_collar_ticks=10**6,
)
SAMSUNG = Instrument("005930", "삼성전자", Market.KOSPI)
KNOWN = RiskInput(
    instrument=SAMSUNG,
    last_price=Decimal(50_000),
    upper_limit=Decimal(65_000),
    lower_limit=Decimal(35_000),
    allowed_kinds=(OrderKind.LIMIT, OrderKind.MARKET),
    buying_power=Decimal(4_000_000),
    sellable=10,
    open_orders=(),
    seconds_since_same=None,
    orders_last_second=0,
    is_armed=True,
    price_age=0.0,
    total_value=Decimal(1_000_000_000),
)


def request(
    quantity: int = 1,
    price: Decimal | None = Decimal(50_000),
    side: Side = Side.BUY,
    kind: OrderKind = OrderKind.LIMIT,
) -> OrderRequest:
    return OrderRequest("intent", "005930", side, kind, quantity, price, Venue.KRX, Origin.ORDER_ENTRY)


def resting(side: Side, price: int, status: OrderStatus = OrderStatus.ACCEPTED) -> Order:
    return Order(
        key="k",
        symbol="005930",
        side=side,
        kind=OrderKind.LIMIT,
        venue=Venue.KRX,
        quantity=1,
        price=Decimal(price),
        status=status,
        origin=Origin.LADDER,
        created_at=datetime(2026, 11, 20, 10, tzinfo=UTC),
    )


def refused_by(asked: OrderRequest, known: RiskInput = KNOWN) -> str:
    failure = evaluate(asked, known, LIMITS).first_failure
    return "" if failure is None else failure.code


def test_a_plain_order_passes_every_rule() -> None:
    assert refused_by(request()) == ""


@pytest.mark.parametrize(
    ("quantity", "code"), [(0, "QUANTITY"), (-1, "QUANTITY"), (1, ""), (101, "QUANTITY")]
)
def test_quantity_at_its_limits(quantity: int, code: str) -> None:
    assert refused_by(request(quantity, Decimal(35_000))) == code


@pytest.mark.parametrize("price", ["NaN", "sNaN", "Infinity", "-Infinity", "0", "-100"])
def test_a_price_that_is_no_positive_number_is_refused_first(price: str) -> None:
    assert refused_by(request(price=Decimal(price))) == "NUMBER"


def test_a_limit_order_without_a_price_is_refused() -> None:
    assert refused_by(request(price=None)) == "NUMBER"


def test_a_stop_limit_without_its_trigger_is_refused() -> None:
    assert refused_by(request(kind=OrderKind.STOP_LIMIT)) == "NUMBER"


@pytest.mark.parametrize(("price", "code"), [(50_050, "TICK"), (50_100, ""), (49_950, ""), (49_999, "TICK")])
def test_price_on_tick(price: int, code: str) -> None:
    assert refused_by(request(price=Decimal(price))) == code


@pytest.mark.parametrize(
    ("price", "code"), [(65_000, ""), (65_100, "LIMITS"), (35_000, ""), (34_950, "LIMITS")]
)
def test_price_within_the_limits_of_the_day_as_the_broker_gave_them(price: int, code: str) -> None:
    assert refused_by(request(price=Decimal(price))) == code


def test_unknown_limits_of_the_day_refuse() -> None:
    assert refused_by(request(), replace(KNOWN, upper_limit=None)) == "LIMITS"


def test_collar_around_the_last_price() -> None:
    narrow = replace(LIMITS, price_collar_percent=Decimal(5))

    at_limit = evaluate(request(price=Decimal(52_500)), KNOWN, narrow)
    beyond = evaluate(request(price=Decimal(52_600)), KNOWN, narrow)

    assert at_limit.passed
    assert beyond.first_failure is not None
    assert beyond.first_failure.code == "COLLAR"


@pytest.mark.parametrize(("quantity", "code"), [(80, ""), (81, "CASH"), (100, "CASH")])
def test_buying_power(quantity: int, code: str) -> None:
    assert refused_by(request(quantity)) == code


def test_a_market_order_is_valued_at_the_upper_limit() -> None:
    market = request(61, None, kind=OrderKind.MARKET)

    assert refused_by(replace(market, quantity=61)) == ""
    assert refused_by(replace(market, quantity=62)) == "CASH"
    assert refused_by(replace(market, quantity=77)) == "VALUE"


def test_a_market_order_without_a_known_upper_limit_is_refused() -> None:
    assert refused_by(request(1, None, kind=OrderKind.MARKET), replace(KNOWN, upper_limit=None)) == "VALUE"


@pytest.mark.parametrize(("quantity", "code"), [(10, ""), (11, "HOLDINGS")])
def test_sell_within_what_can_be_sold(quantity: int, code: str) -> None:
    assert refused_by(request(quantity, side=Side.SELL)) == code


def test_halt_and_arming_refuse() -> None:
    assert refused_by(request(), replace(KNOWN, state=TradingState.HALTED)) == "HALTED"
    assert refused_by(request(), replace(KNOWN, is_armed=False)) == "ARMED"


def test_symbol_and_session() -> None:
    assert refused_by(request(), replace(KNOWN, instrument=None)) == "SYMBOL"
    assert refused_by(request(), replace(KNOWN, instrument=replace(SAMSUNG, is_halted=True))) == "SYMBOL"
    assert refused_by(request(), replace(KNOWN, allowed_kinds=())) == "SESSION"


@pytest.mark.parametrize(("since", "code"), [(0.49, "DUPLICATE"), (0.5, ""), (9.0, "")])
def test_same_order_again(since: float, code: str) -> None:
    assert refused_by(request(), replace(KNOWN, seconds_since_same=since)) == code


@pytest.mark.parametrize(("count", "code"), [(9, ""), (10, "RATE"), (11, "RATE")])
def test_orders_a_second(count: int, code: str) -> None:
    assert refused_by(request(), replace(KNOWN, orders_last_second=count)) == code


@pytest.mark.parametrize(("resting_at", "code"), [(50_100, ""), (50_000, "CROSSING"), (49_950, "CROSSING")])
def test_own_resting_order_on_the_other_side(resting_at: int, code: str) -> None:
    known = replace(KNOWN, open_orders=(resting(Side.SELL, resting_at),))

    assert refused_by(request(), known) == code


def test_an_unknown_order_blocks_its_symbol_and_side_only() -> None:
    known = replace(KNOWN, open_orders=(resting(Side.BUY, 40_000, OrderStatus.UNKNOWN),))

    assert refused_by(request(), known) == "UNRESOLVED"
    assert refused_by(request(side=Side.SELL), known) == ""


@pytest.mark.parametrize("status", [OrderStatus.CREATED, OrderStatus.SENT])
def test_a_twin_without_an_answer_is_refused_and_another_price_is_not(status: OrderStatus) -> None:
    known = replace(KNOWN, open_orders=(resting(Side.BUY, 50_000, status),))

    assert refused_by(request(), known) == "UNRESOLVED"
    assert refused_by(request(price=Decimal(49_950)), known) == ""
    assert refused_by(request(quantity=2), known) == ""


@given(
    quantity=st.integers(min_value=-10, max_value=10**13),
    price=st.none() | st.decimals(allow_nan=True, allow_infinity=True),
    side=st.sampled_from(Side),
    kind=st.sampled_from(OrderKind),
)
def test_whatever_is_let_through_breaks_no_rule(
    quantity: int, price: Decimal | None, side: Side, kind: OrderKind
) -> None:
    asked = request(quantity, price, side, kind)

    if evaluate(asked, KNOWN, LIMITS).passed:
        assert 0 < quantity <= LIMITS.max_quantity
        assert kind in KNOWN.allowed_kinds
        if kind is OrderKind.LIMIT:
            assert price is not None
            assert price.is_finite()
            assert is_on_tick(price)
            assert Decimal(35_000) <= price <= Decimal(65_000)
            assert price * quantity <= LIMITS.max_order_value
        if side is Side.SELL:
            assert quantity <= 10


# -- limits that a person may pass, and what the order would make of the account ---


def failures(asked: OrderRequest, known: RiskInput = KNOWN, **limits: Any) -> set[str]:
    verdict = evaluate(asked, known, replace(LIMITS, **limits))
    return {check.code for check in verdict.checks if not check.passed}


@pytest.mark.parametrize(
    ("price", "is_far"), [(45_000, False), (44_950, True), (55_000, False), (55_100, True)]
)
def test_a_far_price_is_asked_about(price: int, is_far: bool) -> None:
    found = failures(request(1, Decimal(price)), soft_collar_percent=Decimal(10))

    assert ("FAR" in found) is is_far


@pytest.mark.parametrize(("ticks", "is_far"), [(9, False), (10, False), (11, True)])
def test_a_price_many_ticks_away_is_asked_about(ticks: int, is_far: bool) -> None:
    found = failures(request(1, Decimal(50_000 + 100 * ticks)), soft_collar_ticks=10)

    assert ("FAR" in found) is is_far


@pytest.mark.parametrize(("age", "is_old"), [(59.9, False), (60.0, False), (60.1, True), (None, True)])
def test_an_old_price_is_asked_about(age: float | None, is_old: bool) -> None:
    assert ("STALE" in failures(request(), replace(KNOWN, price_age=age))) is is_old


@pytest.mark.parametrize(("quantity", "is_large"), [(9, False), (10, False), (11, True)])
def test_a_large_order_is_asked_about(quantity: int, is_large: bool) -> None:
    found = failures(request(quantity), soft_order_value=Decimal(500_000))

    assert ("LARGE" in found) is is_large


@pytest.mark.parametrize(("quantity", "is_much"), [(9, False), (10, False), (11, True)])
def test_much_of_the_account_in_one_symbol_is_asked_about(quantity: int, is_much: bool) -> None:
    known = replace(KNOWN, held_quantity=10, total_value=Decimal(2_000_000))

    found = failures(request(quantity), known, soft_concentration_percent=Decimal(50))

    assert ("CONCENTRATION" in found) is is_much


def test_a_person_who_was_asked_passes_soft_limits_and_a_program_never_does() -> None:
    far = replace(
        request(1, Decimal(40_000)), confirmed=frozenset({"FAR", "STALE", "LARGE", "CONCENTRATION"})
    )
    limits = replace(LIMITS, soft_collar_percent=Decimal(10))

    asked = evaluate(far, KNOWN, limits)
    program = evaluate(replace(far, origin=Origin.STRATEGY), KNOWN, limits)

    assert asked.passed
    assert [check.code for check in asked.checks if check.is_waived] == ["FAR"]
    assert [check.code for check in program.soft_failures] == ["FAR"]
    assert program.hard_failure is None


def test_only_the_limits_that_a_person_was_asked_about_are_passed() -> None:
    """Cause: an answer about one limit passed every soft one that broke until it was given."""
    asked = replace(request(1, Decimal(40_000)), confirmed=frozenset({"FAR"}))
    verdict = evaluate(
        asked, replace(KNOWN, price_age=None), replace(LIMITS, soft_collar_percent=Decimal(10))
    )

    assert [check.code for check in verdict.soft_failures] == ["STALE"]


def test_a_person_may_move_an_order_made_elsewhere_past_a_soft_limit() -> None:
    """Cause: an order from elsewhere was asked about and refused all the same."""
    moved = replace(request(1, Decimal(40_000)), origin=Origin.ELSEWHERE, confirmed=frozenset({"FAR"}))

    assert evaluate(moved, KNOWN, replace(LIMITS, soft_collar_percent=Decimal(10))).passed


def test_what_is_confirmed_does_not_pass_a_hard_limit() -> None:
    verdict = evaluate(
        replace(request(101), confirmed=frozenset({"FAR", "STALE", "LARGE", "CONCENTRATION"})), KNOWN, LIMITS
    )

    assert verdict.hard_failure is not None
    assert verdict.hard_failure.code == "QUANTITY"


@pytest.mark.parametrize(("quantity", "is_much"), [(9, False), (10, False), (11, True)])
def test_the_worth_of_a_position_with_its_open_buys(quantity: int, is_much: bool) -> None:
    known = replace(KNOWN, held_quantity=9, open_orders=(resting(Side.BUY, 50_000),))

    found = failures(request(quantity), known, max_position_value=Decimal(1_000_000))

    assert ("POSITION" in found) is is_much


@pytest.mark.parametrize(
    ("count", "held", "is_much"), [(2, 0, False), (3, 0, True), (3, 1, False), (4, 1, False)]
)
def test_number_of_positions(count: int, held: int, is_much: bool) -> None:
    known = replace(KNOWN, position_count=count, held_quantity=held)

    assert ("POSITIONS" in failures(request(), known, max_positions=3)) is is_much


@pytest.mark.parametrize(("profit", "is_lost"), [(-99_999, False), (-100_000, True), (None, True)])
def test_a_days_loss_leaves_sales_only(profit: int | None, is_lost: bool) -> None:
    known = replace(KNOWN, day_profit=None if profit is None else Decimal(profit))
    limit = Decimal(100_000)

    assert ("LOSS" in failures(request(), known, max_daily_loss=limit)) is is_lost
    assert "LOSS" not in failures(request(side=Side.SELL), known, max_daily_loss=limit)


@pytest.mark.parametrize(("count", "is_much"), [(4, False), (5, True)])
def test_orders_of_a_day(count: int, is_much: bool) -> None:
    assert (
        "DAY_COUNT" in failures(request(), replace(KNOWN, orders_today=count), max_orders_a_day=5)
    ) is is_much


def test_reducing_lets_sales_leave() -> None:
    known = replace(KNOWN, state=TradingState.REDUCING)

    assert refused_by(request(), known) == "REDUCING"
    assert refused_by(request(side=Side.SELL), known) == ""


def test_denied_and_unnamed_symbols_may_be_sold_but_not_bought() -> None:
    assert failures(request(), denied_symbols=frozenset({"005930"})) == {"LISTED"}
    assert failures(request(), allowed_symbols=frozenset({"000660"})) == {"LISTED"}
    assert failures(request(), allowed_symbols=frozenset({"005930"})) == set()
    assert failures(request(side=Side.SELL), denied_symbols=frozenset({"005930"})) == set()
