"""What became of an order, as one line under the form."""

from __future__ import annotations

from typing import NamedTuple

from kis_terminal.domain.orders import Order, OrderStatus, PendingChange
from kis_terminal.ui.formatting import number
from kis_terminal.ui.order_words import side_word, status_word
from kis_terminal.ui.translation import tr


class Outcome(NamedTuple):
    """A sentence and how grave it is: `muted`, `accent`, `ok`, `warn` or `danger` (names of colours)."""

    level: str
    sentence: str


def outcome_of(order: Order, name: str) -> Outcome:
    """Return the line for the present state of an order that was sent from the form."""
    what = f"{side_word(order.side)} {name} {tr('{quantity}주', quantity=f'{order.quantity:,}')}"
    status = order.status
    if status is OrderStatus.UNKNOWN:
        return Outcome("warn", tr("확인 중: {what} · 응답이 없어 증권사에 묻고 있습니다", what=what))
    if status is OrderStatus.REJECTED:
        return Outcome("danger", tr("거부: {reason}", reason=order.reason))
    if status in (OrderStatus.CREATED, OrderStatus.SENT):
        return Outcome("muted", tr("보내는 중: {what}", what=what))
    if status.is_working and order.pending is not PendingChange.NONE:
        return Outcome("muted", f"{status_word(status, order.pending)}: {what} · {order.order_number}")
    average = number(order.average_price)
    if status is OrderStatus.FILLED:
        return Outcome("ok", tr("체결: {what} · 평균 {average}", what=what, average=average))
    if status is OrderStatus.PARTLY_FILLED:
        return Outcome(
            "accent",
            tr(
                "일부체결: {what} 중 {filled}주 · 평균 {average}",
                what=what,
                filled=f"{order.filled:,}",
                average=average,
            ),
        )
    if status is OrderStatus.CANCELLED:
        return Outcome("muted", tr("취소: {what} · 체결 {filled}주", what=what, filled=f"{order.filled:,}"))
    if status is OrderStatus.EXPIRED:
        return Outcome("muted", tr("장마감: {what} · 체결 {filled}주", what=what, filled=f"{order.filled:,}"))
    price = number(order.price) if order.price is not None else ""
    return Outcome(
        "accent", tr("접수 {number}: {what} {price}", number=order.order_number, what=what, price=price)
    )
