"""The lines above the send button: what an order costs, and what the risk rules say."""

from __future__ import annotations

from decimal import Decimal

from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, Origin, Side
from kis_terminal.domain.risk import RiskVerdict
from kis_terminal.ui.formatting import number
from kis_terminal.ui.ordering.estimate import Estimate, estimate
from kis_terminal.ui.ordering.new_order_form import Entry
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

Checked = tuple[OrderRequest, RiskVerdict]


def check_new(workspace: Workspace, symbol: str, side: Side, entry: Entry) -> Checked:
    """Return the request that the fields make and what every rule says of it."""
    request = workspace.orders.new_request(
        symbol,
        side,
        entry.kind,
        entry.quantity,
        entry.price,
        origin=Origin.ORDER_ENTRY,
        venue=entry.venue,
        condition_price=entry.condition_price,
    )
    return request, workspace.risk_gate.check(request)


def check_amendment(workspace: Workspace, order: Order, price: Decimal) -> Checked:
    """Return an amendment of the whole rest as a request, and what every rule says of it."""
    kind = order.kind if order.kind.needs_price else OrderKind.LIMIT
    request = workspace.orders.new_request(
        order.symbol,
        order.side,
        kind,
        order.remaining,
        price,
        origin=order.origin,
        venue=order.venue,
        condition_price=order.condition_price,
    )
    others = tuple(item for item in workspace.orders.open_orders() if item.key != order.key)
    return request, workspace.risk_gate.check_amendment(request, order, others)


def _estimate(workspace: Workspace, request: OrderRequest) -> Estimate | None:
    return estimate(workspace, request.symbol, request.side, request.kind, request.quantity, request.price)


def cost_text(workspace: Workspace, request: OrderRequest) -> str:
    """Return amount, commission and tax in words, "" while they are not known."""
    known = _estimate(workspace, request)
    if known is None:
        return ""
    ceiling = f" ({tr('상한가 기준')})" if known.is_ceiling else ""
    parts = [
        tr("주문금액 {amount}", amount=number(known.amount)) + ceiling,
        tr("수수료 {amount}", amount=number(known.costs.commission)),
    ]
    if request.side is Side.SELL:
        parts.append(tr("세금 {amount}", amount=number(known.costs.tax)))
    return "   ".join(parts)


def passed_text(workspace: Workspace, request: OrderRequest, verdict: RiskVerdict) -> str:
    """Return what stands there when every rule passed: their count, the room to the limit, the distance."""
    parts = [tr("위험 점검 {passed}/{passed} 통과", passed=len(verdict.checks))]
    known = _estimate(workspace, request)
    if known is not None:
        room = workspace.risk_gate.limits.max_order_value - known.amount
        parts.append(tr("한도까지 {amount}", amount=number(room)))
    last = workspace.market_data.state(request.symbol).price
    if request.price is not None and last:
        distance = (request.price - last) / last * 100
        parts.append(tr("현재가 대비 {percent}", percent=f"{distance:+.2f}%"))
    return "   ".join(parts)
