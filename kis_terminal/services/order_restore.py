"""What the journal tells of today's own orders, for the next start: nothing is sent, nothing is guessed."""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.orders import (
    Order,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Origin,
    ParentBudget,
    Side,
    Venue,
)
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import JournalEntry

EXCHANGE_BEGAN = "exchange began"
"""The event of an exchange that knows nothing of any order before."""
DAYS_SETTLED = "days settled"
"""The event after which nothing is open of any day before its own."""
LOOK_BACK = timedelta(days=14)
"""How far a start looks for days that no listing has settled; longer than any holidays."""
UNANSWERED = Sentence("보낸 뒤 프로그램이 끝나 결과를 알 수 없습니다. 주문내역을 조회해 확인합니다.")


def midnight_of(moment: datetime) -> datetime:
    """Return the beginning of a day."""
    return datetime.combine(moment, time.min, moment.tzinfo)


def unsettled_from(now: datetime, settled_at: datetime | None) -> datetime:
    """Return the midnight from which orders may be open, given when the days before were settled last."""
    earliest = midnight_of(now) - LOOK_BACK
    return earliest if settled_at is None else min(midnight_of(now), max(earliest, midnight_of(settled_at)))


def oldest_unsettled(orders: Iterable[Order], today: date, listed: Container[date]) -> date:
    """Return the first day before today with an order whose end nobody knows, today where there is none."""
    days = (order.created_at.date() for order in orders if order.is_open)
    return min((day for day in days if day < today and day not in listed), default=today)


def described(request: OrderRequest, created_at: datetime) -> dict[str, str]:
    """Return what the journal keeps of an intent; `created_at` is the exchange's time as far as known."""
    told = {
        "symbol": request.symbol,
        "side": request.side.value,
        "kind": request.kind.value,
        "quantity": str(request.quantity),
        "price": "" if request.price is None else str(request.price),
        "condition_price": "" if request.condition_price is None else str(request.condition_price),
        "venue": request.venue.value,
        "origin": request.origin.value,
        "created_at": created_at.isoformat(),
    }
    if (parent := request.parent) is not None:
        told["parent"] = parent.parent_id
        told["parent_quantity"] = "" if parent.quantity is None else str(parent.quantity)
        told["parent_amount"] = "" if parent.amount is None else str(parent.amount)
    return told


def restored(entries: Iterable[JournalEntry]) -> list[Order]:
    """Return the orders of these lines as they stood when the program ended, oldest first.

    An intent without an answer is UNKNOWN: whether it left, and whether it arrived, only the broker's list
    can tell. Lines that cannot be read are left out; the list adopts their orders as another program's.
    """
    orders: dict[str, Order] = {}
    for entry in entries:
        if entry.event == EXCHANGE_BEGAN:
            orders.clear()  # the embedded exchange begins empty and counts its numbers anew
        elif entry.event == "intent":
            with contextlib.suppress(KeyError, ValueError, InvalidOperation, CorrectionNeeded):
                orders[entry.intent_id] = _order_of(entry.intent_id, entry.details)
        elif (order := orders.get(entry.intent_id)) is not None:
            orders[entry.intent_id] = _after(order, entry.event, entry.details)
    return list(orders.values())


def _order_of(key: str, details: Mapping[str, str]) -> Order:
    return Order(
        key=key,
        symbol=details["symbol"],
        side=Side(details["side"]),
        kind=OrderKind(details["kind"]),
        venue=Venue(details["venue"]),
        quantity=int(details["quantity"]),
        price=_price(details["price"]),
        status=OrderStatus.UNKNOWN,
        origin=Origin(details["origin"]),
        created_at=datetime.fromisoformat(details["created_at"]),
        condition_price=_price(details["condition_price"]),
        reason=UNANSWERED,
        parent=_parent(details),
    )


def _parent(details: Mapping[str, str]) -> ParentBudget | None:
    if not details.get("parent"):
        return None
    quantity = details.get("parent_quantity", "")
    return ParentBudget(
        details["parent"], int(quantity) if quantity else None, _price(details.get("parent_amount", ""))
    )


def _price(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _after(order: Order, event: str, details: Mapping[str, str]) -> Order:
    match event:
        case "accepted" | "amend accepted":
            return _numbered(order, details)
        case "found":  # also after lists without it had ended the doubt
            return _numbered(order.changed(status=OrderStatus.UNKNOWN), details)
        case "refused":
            return order.changed(status=OrderStatus.REJECTED, reason=details.get("reason", ""))
        case "unknown":
            return order.changed(reason=details.get("reason", "") or order.reason)
        case "person's word":
            if details.get("order_number"):
                return _numbered(order, details)
            return order.changed(status=OrderStatus.REJECTED, reason=details.get("reason", ""))
        case "state":
            return _as_told(order, details)
    return order


def _numbered(order: Order, details: Mapping[str, str]) -> Order:
    number = details.get("order_number", "")
    if not number or number in order.chain:
        return order
    return order.changed(
        status=OrderStatus.ACCEPTED if order.status is OrderStatus.UNKNOWN else order.status,
        order_number=number,
        original_number=order.order_number,
        branch_number=details.get("branch_number", "") or order.branch_number,
        chain=(*order.chain, number),
        reason="",
    )


def _as_told(order: Order, details: Mapping[str, str]) -> Order:
    try:
        return _numbered(order, details).changed(
            status=OrderStatus(details["status"]),
            filled=int(details["filled"]),
            cancelled=int(details["cancelled"]),
            average_price=_price(details["average_price"]),
            price=_price(details["price"]),
            reason=details.get("reason", ""),
        )
    except (KeyError, ValueError, InvalidOperation):
        return order
