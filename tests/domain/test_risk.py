"""Every pre-trade rule at its limit, and numbers that are none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.domain.instruments import Instrument, Market, is_on_tick
from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, OrderStatus, Origin, Side, Venue
from kis_terminal.domain.risk import RiskInput, RiskLimits, evaluate

LIMITS = RiskLimits(max_quantity=100, max_order_value=Decimal(5_000_000))
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
    is_halted=False,
    is_armed=True,
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
    assert refused_by(request(), replace(KNOWN, is_halted=True)) == "HALTED"
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
