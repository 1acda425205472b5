"""Pre-trade checks: pure functions from a request and what is known to a verdict that explains itself.

The order of the checks is the one of their reasons: a number must be a number before it can be compared.
A rule whose input is not known refuses, except where the broker itself checks the same (cash, holdings).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kis_terminal.domain.orders import OrderRequest
from kis_terminal.domain.risk import budget_rules as budget
from kis_terminal.domain.risk import conduct_rules as conduct
from kis_terminal.domain.risk import exposure_rules as exposure
from kis_terminal.domain.risk import price_rules as price
from kis_terminal.domain.risk.model import (
    RiskCheck,
    RiskInput,
    RiskLimits,
    RiskVerdict,
    TradingState,
    order_value,
    waived,
)

__all__ = [
    "RiskCheck",
    "RiskInput",
    "RiskLimits",
    "RiskVerdict",
    "TradingState",
    "evaluate",
    "order_value",
]

_RULES: tuple[Callable[[OrderRequest, RiskInput, RiskLimits], RiskCheck], ...] = (
    price.numbers,
    price.quantity,
    price.symbol,
    price.listed,
    price.session,
    price.tick,
    price.day_limits,
    price.collar,
    price.soft_collar,
    price.price_age,
    exposure.order_amount,
    exposure.soft_order_amount,
    exposure.position_value,
    exposure.position_count,
    exposure.concentration,
    exposure.cash,
    exposure.holdings,
    exposure.daily_loss,
    conduct.orders_a_day,
    conduct.rate,
    conduct.duplicate,
    conduct.unresolved,
    conduct.overfilled,
    conduct.share_change,
    conduct.crossing,
    budget.parent_budget,
    conduct.trading_state,
    conduct.armed,
)


def _evaluated(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> Iterator[RiskCheck]:
    for rule in _RULES:
        check = waived(rule(request, known, limits), request)
        yield check
        if check.code == "NUMBER" and not check.passed:
            return  # NaN and infinity pass or break every later comparison


def evaluate(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskVerdict:
    """Return the verdict of all rules; only a number that is none ends the list early."""
    return RiskVerdict(tuple(_evaluated(request, known, limits)))
