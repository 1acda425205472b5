"""100,000 orders at random, numbers that are none among them: what is let through breaks no rule.

The oracle is written anew here, without the rules' own code.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal

from kis_terminal.domain.instruments import Instrument, Market
from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, OrderStatus, Origin, Side, Venue
from kis_terminal.domain.risk import RiskInput, RiskLimits, TradingState, evaluate
from tests.domain.test_risk import KNOWN, resting

LIMITS = RiskLimits(
    max_quantity=1_000,
    max_order_value=Decimal(20_000_000),
    soft_order_value=Decimal(15_000_000),
    soft_collar_percent=Decimal(10),
    soft_collar_ticks=60,
    max_position_value=Decimal(30_000_000),
    max_positions=5,
    max_daily_loss=Decimal(1_000_000),
    max_orders_a_day=100,
    denied_symbols=frozenset({"000660"}),
)
PRICES = [
    *(
        Decimal(value)
        for value in ("NaN", "sNaN", "Infinity", "-Infinity", "0", "-0", "-1", "1E+30", "1E-30")
    ),
    *(
        Decimal(value)
        for value in ("49999.99", "50000", "50050", "50100", "65000", "65100", "35000", "34950")
    ),
    None,
]
QUANTITIES = [-(10**12), -1, 0, 1, 2, 10, 99, 100, 400, 999, 1_000, 1_001, 10**12, 10**30]
PROGRAMS = {Origin.STRATEGY, Origin.ASSISTANT}
ALL_SOFT = frozenset({"FAR", "STALE", "LARGE", "CONCENTRATION"})


def _request(draw: random.Random) -> OrderRequest:
    price = draw.choice(PRICES) if draw.random() < 0.3 else Decimal(50_000 + 50 * draw.randrange(-340, 340))
    quantity = draw.choice(QUANTITIES) if draw.random() < 0.4 else draw.randrange(1, 500)
    return OrderRequest(
        "intent",
        draw.choice(["005930", "000660", "７０", "A'; DROP", ""]) if draw.random() < 0.2 else "005930",
        draw.choice(list(Side)),
        draw.choice(list(OrderKind)) if draw.random() < 0.3 else OrderKind.LIMIT,
        quantity,
        price,
        draw.choice(list(Venue)),
        draw.choice(list(Origin)),
        draw.choice(PRICES) if draw.random() < 0.2 else None,
        ALL_SOFT if draw.random() < 0.5 else frozenset(),
    )


def _known(draw: random.Random, request: OrderRequest) -> RiskInput:
    is_listed = request.symbol in ("005930", "000660")
    open_orders: list[Order] = []
    if draw.random() < 0.3:
        status = draw.choice([OrderStatus.ACCEPTED, OrderStatus.UNKNOWN, OrderStatus.SENT])
        other = resting(draw.choice(list(Side)), 50_000 + 100 * draw.randrange(-100, 100), status)
        open_orders.append(replace(other, quantity=draw.randrange(1, 300)))
    return replace(
        KNOWN,
        instrument=Instrument(request.symbol, "이름", Market.KOSPI) if is_listed else None,
        last_price=draw.choice([Decimal(50_000), None]) if draw.random() < 0.2 else Decimal(50_000),
        upper_limit=None if draw.random() < 0.1 else Decimal(65_000),
        allowed_kinds=(OrderKind.LIMIT, OrderKind.MARKET, OrderKind.STOP_LIMIT),
        buying_power=None if draw.random() < 0.1 else Decimal(draw.randrange(0, 40_000_000)),
        sellable=None if draw.random() < 0.1 else draw.randrange(0, 600),
        open_orders=tuple(open_orders),
        seconds_since_same=draw.choice([None, None, 0.0, 0.49, 0.5, 3.0]),
        orders_last_second=draw.choice([0, 0, 0, 9, 10]),
        is_armed=draw.random() < 0.95,
        price_age=draw.choice([None, 0.0, 60.0, 61.0]) if draw.random() < 0.2 else 0.1,
        held_quantity=draw.choice([0, 0, 100, 500]),
        position_count=draw.randrange(0, 7),
        total_value=None if draw.random() < 0.1 else Decimal(100_000_000),
        day_profit=draw.choice([None, Decimal(-1_000_000)]) if draw.random() < 0.1 else Decimal(0),
        orders_today=draw.choice([0, 0, 99, 100]),
        state=draw.choice(list(TradingState)) if draw.random() < 0.15 else TradingState.ACTIVE,
    )


def _broken(request: OrderRequest, known: RiskInput) -> list[str]:
    """Return what an order that was let through must not be."""
    price, quantity, buys = request.price, request.quantity, request.side is Side.BUY
    priced = request.kind in (OrderKind.LIMIT, OrderKind.STOP_LIMIT)
    soft_counts = not (request.confirmed and request.origin not in PROGRAMS)
    wrong = []
    if not known.is_armed or known.state is TradingState.HALTED:
        wrong.append("locked")
    if known.state is TradingState.REDUCING and buys:
        wrong.append("raises exposure")
    if not 1 <= quantity <= 1_000 or known.instrument is None:
        wrong.append("quantity or symbol")
    if request.kind not in known.allowed_kinds or (buys and request.symbol == "000660"):
        wrong.append("kind or denied")
    for value in (price, request.condition_price):
        if value is not None and not (value.is_finite() and value > 0):
            wrong.append("number")
            return wrong
    if request.kind is OrderKind.STOP_LIMIT and request.condition_price is None:
        wrong.append("no trigger")
    if priced:
        if price is None or known.upper_limit is None or known.last_price is None:
            return [*wrong, "no price"]
        step = 100 if price >= 50_000 else 50
        if price % step or not 35_000 <= price <= 65_000:
            wrong.append("tick or limits")
        if soft_counts and (abs(price - 50_000) > 5_000 or abs(price - 50_000) / 100 > 60.99):
            wrong.append("far")
    each = price if priced else known.upper_limit
    if each is None:
        return [*wrong, "worth"]
    worth = each * quantity
    if worth > 20_000_000 or (soft_counts and worth > 15_000_000):
        wrong.append("amount")
    if soft_counts and (known.price_age is None or known.price_age > 60):
        wrong.append("old price")
    if buys:
        if known.buying_power is not None and worth > known.buying_power:
            wrong.append("cash")
        if known.day_profit is None or known.day_profit <= -1_000_000:
            wrong.append("loss")
        if not known.held_quantity and known.position_count >= 5:
            wrong.append("positions")
        if known.held_quantity * (known.last_price or Decimal(65_000)) + worth > 30_000_000:
            wrong.append("position")
    elif known.sellable is not None and quantity > known.sellable:
        wrong.append("holdings")
    if known.orders_last_second >= 10 or known.orders_today >= 100:
        wrong.append("count")
    if known.seconds_since_same is not None and known.seconds_since_same < 0.5:
        wrong.append("same again")
    for other in known.open_orders:
        if other.symbol != request.symbol:
            continue
        if other.side is request.side and other.status is OrderStatus.UNKNOWN:
            wrong.append("unresolved")
        is_opposite = other.side is not request.side and priced
        if is_opposite and price is not None and other.price is not None:
            wrong += ["crossing"] * ((price >= other.price) if buys else (price <= other.price))
    return wrong


def test_none_of_100_000_random_orders_that_breaks_a_rule_is_let_through() -> None:
    draw = random.Random(20261122)
    outcomes: Counter[str] = Counter()
    for _ in range(100_000):
        request = _request(draw)
        known = _known(draw, request)
        verdict = evaluate(request, known, LIMITS)
        failure = verdict.first_failure
        outcomes[failure.code if failure else "passed"] += 1
        if failure is None:
            assert _broken(request, known) == [], (request, known)

    assert outcomes["passed"] > 1_000
    assert len(outcomes) >= 20, outcomes
