"""What the orders of one parent may come to together."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from kis_terminal.domain.orders import Order, OrderRequest
from kis_terminal.domain.risk.model import RiskCheck, RiskInput, RiskLimits, judged, order_value, shares, won
from kis_terminal.domain.sentences import Sentence


def parent_budget(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse what would take a parent's orders beyond its budget; nobody may pass it."""
    title = Sentence("묶음 한도")
    if request.parent is None:
        return RiskCheck("PARENT", title, True, "-", "-", "")
    told = [order.parent for order in known.siblings if order.parent is not None]
    # A later child cannot widen what an earlier one was told.
    quantities = _least(budget.quantity for budget in (*told, request.parent))
    amounts = _least(budget.amount for budget in (*told, request.parent))
    quantity = request.quantity + sum(_shares_of(order) for order in known.siblings)
    amount = _amount_after(request, known)
    by_quantity = quantities is None or quantity <= quantities
    by_amount = amounts is None or (amount is not None and amount <= amounts)
    value = ", ".join((shares(quantity), won(amount)))
    limit = ", ".join(
        words
        for words in (
            shares(int(quantities)) if quantities is not None else "",
            won(amounts) if amounts is not None else "",
        )
        if words
    )
    return judged(
        "PARENT",
        title,
        by_quantity and by_amount,
        value,
        limit,
        lambda: Sentence(
            "한 묶음의 주문이 모두 {value}이 되어 한도 {limit}를 넘습니다.", value=value, limit=limit
        ),
    )


def _least(limits: Iterable[int | Decimal | None]) -> Decimal | None:
    return min((Decimal(limit) for limit in limits if limit is not None), default=None)


def _shares_of(order: Order) -> int:
    """Return the shares that an order has brought or may still bring."""
    return order.filled + order.remaining


def _amount_after(request: OrderRequest, known: RiskInput) -> Decimal | None:
    total = order_value(request, known)
    for order in known.siblings:
        price = order.price if order.kind.needs_price else None
        # Without a price of its own it counts at the day's highest, which is known for this symbol only.
        rest = price or (known.upper_limit if order.symbol == request.symbol else None)
        paid = order.average_price or rest
        if (order.remaining and rest is None) or (order.filled and paid is None) or total is None:
            return None
        total += (rest or Decimal(0)) * order.remaining + (paid or Decimal(0)) * order.filled
    return total
