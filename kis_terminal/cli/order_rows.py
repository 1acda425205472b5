"""An order in a table and in JSON, the same in every command."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from kis_terminal.cli.tables import Heading
from kis_terminal.domain.orders import Order
from kis_terminal.ui import formatting
from kis_terminal.ui.order_words import kind_word, origin_word, side_word, status_word
from kis_terminal.ui.translation import said, tr


def headings() -> list[Heading]:
    """Return the titles of a list of orders."""
    return [
        Heading(tr("시각")),
        Heading(tr("주문번호")),
        Heading(tr("종목")),
        Heading(tr("구분")),
        Heading(tr("종류")),
        Heading(tr("수량"), is_number=True),
        Heading(tr("가격"), is_number=True),
        Heading(tr("체결"), is_number=True),
        Heading(tr("잔량"), is_number=True),
        Heading(tr("상태")),
        Heading(tr("출처")),
        Heading(tr("이유")),
    ]


def cells(order: Order) -> Sequence[str]:
    """Return the row of an order."""
    return (
        f"{order.created_at:%H:%M:%S}",
        order.order_number or formatting.UNKNOWN,
        symbol_cell(order),
        side_word(order.side),
        kind_word(order.kind),
        formatting.number(order.quantity),
        formatting.number(order.price),
        formatting.number(order.filled),
        formatting.number(order.remaining),
        status_word(order.status, order.pending),
        origin_word(order.origin),
        said(order.reason),
    )


def outcome_headings() -> list[Heading]:
    """Return the titles of what became of orders, one printed after another as it is known."""
    return [
        Heading(tr("시각"), least=8),
        Heading(tr("주문번호"), least=10),
        Heading(tr("종목"), least=22),
        Heading(tr("구분"), least=4),
        Heading(tr("잔량"), is_number=True, least=7),
        Heading(tr("결과"), least=8),
        Heading(tr("이유")),
    ]


def outcome_cells(time: str, order: Order, outcome: str, reason: str) -> Sequence[str]:
    """Return the row of what became of an order."""
    return (
        time,
        order.order_number or formatting.UNKNOWN,
        symbol_cell(order),
        side_word(order.side),
        formatting.number(order.remaining),
        outcome,
        said(reason),
    )


def symbol_cell(order: Order) -> str:
    """Return symbol and name."""
    return f"{order.symbol} {order.name}".rstrip()


def told(order: Order) -> dict[str, Any]:
    """Return an order as JSON says it; prices are texts, as the broker writes them."""
    return {
        "time": order.created_at.isoformat(timespec="seconds"),
        "order_number": order.order_number,
        "numbers": list(order.chain),
        "branch_number": order.branch_number,
        "symbol": order.symbol,
        "name": order.name,
        "side": order.side.value,
        "kind": order.kind.value,
        "venue": order.venue.value,
        "quantity": order.quantity,
        "price": _price(order.price),
        "filled": order.filled,
        "average_price": _price(order.average_price),
        "remaining": order.remaining,
        "cancelled": order.cancelled,
        "status": order.status.value,
        "pending": order.pending.value,
        "origin": order.origin.value,
        "reason": said(order.reason),
    }


def _price(price: Decimal | None) -> str | None:
    return None if price is None else f"{price:f}"
