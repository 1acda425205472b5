"""What an order costs and how much of it one can afford, before it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from kis_terminal.domain.costs import DEFAULT_COMMISSION_RATE, Costs, trade_costs
from kis_terminal.domain.orders import OrderKind, Side
from kis_terminal.ui.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Estimate:
    """Amount and costs in won; `is_ceiling` where the amount is reckoned at the upper limit."""

    amount: Decimal
    costs: Costs
    is_ceiling: bool


def unit_price(workspace: Workspace, symbol: str, kind: OrderKind, price: Decimal | None) -> Decimal | None:
    """Return what a share is valued at: the order's price, or the day's upper limit as KIS reserves money."""
    return price if kind.needs_price else workspace.market_data.state(symbol).upper_limit


def estimate(
    workspace: Workspace, symbol: str, side: Side, kind: OrderKind, quantity: int, price: Decimal | None
) -> Estimate | None:
    """Return amount and costs, None while the instrument or a price is not known."""
    item = workspace.instruments.get(symbol)
    unit = unit_price(workspace, symbol, kind, price)
    if item is None or unit is None:
        return None
    amount = unit * quantity
    costs = trade_costs(item, side, amount, workspace.market_data.today())
    return Estimate(amount, costs, not kind.needs_price)


def share_of_means(
    workspace: Workspace, symbol: str, side: Side, kind: OrderKind, price: Decimal | None, percent: int
) -> int | None:
    """Return how many shares `percent` of buying power buys, or of the holding sells; None when not known."""
    if side is Side.SELL:
        sellable = workspace.portfolio.sellable(symbol)
        return None if sellable is None else sellable * percent // 100
    cash = workspace.risk_gate.buying_power()
    unit = unit_price(workspace, symbol, kind, price)
    if cash is None or not unit:
        return None
    spent = max(Decimal(0), cash) * percent / 100
    return int((spent / (unit * (1 + DEFAULT_COMMISSION_RATE))).to_integral_value(ROUND_FLOOR))
