"""Columns of the order list: what each cell says and in which colour."""

from __future__ import annotations

from PySide6.QtGui import QColor

from kis_terminal.domain.orders import Order, OrderStatus, PendingChange, Side
from kis_terminal.ui import formatting
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.order_words import kind_word, origin_word, side_word, status_word
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace


class OrderColumns:
    """Read an order for the grid."""

    def __init__(self, workspace: Workspace) -> None:
        self._theme = workspace.theme
        self._names = workspace.instruments

    def declare(self) -> list[Column]:
        """Return the columns in their usual order."""
        number = formatting.number
        muted = self._theme.colours.muted
        return [
            Column(
                "time",
                tr("시각"),
                70,
                lambda o: o.created_at.strftime("%H:%M:%S"),
                Align.LEFT,
                colour=lambda o: muted,
                sort=lambda o: o.created_at,
            ),
            Column(
                "name",
                tr("종목"),
                110,
                self.name,
                Align.LEFT,
                is_bold=True,
                stretch=2,
                tooltip=lambda o: f"{self.name(o)}  {o.symbol}",
            ),
            Column(
                "side",
                tr("구분"),
                44,
                lambda o: side_word(o.side),
                Align.LEFT,
                is_bold=True,
                colour=self._side_colour,
            ),
            Column(
                "kind",
                tr("종류"),
                100,
                lambda o: f"{kind_word(o.kind)} {o.venue.value}",
                Align.LEFT,
                colour=lambda o: muted,
            ),
            Column("price", tr("가격"), 76, self._price, is_bold=True, sort=lambda o: o.price),
            Column(
                "quantity",
                tr("주문"),
                54,
                lambda o: number(o.quantity),
                is_bold=True,
                sort=lambda o: o.quantity,
            ),
            Column(
                "filled", tr("체결"), 54, self._filled, is_bold=True, sort=lambda o: o.filled, flashes=True
            ),
            Column(
                "remaining",
                tr("잔량"),
                54,
                lambda o: number(o.remaining),
                sort=lambda o: o.remaining,
                priority=3,
            ),
            Column(
                "average",
                tr("체결가"),
                76,
                lambda o: number(o.average_price),
                sort=lambda o: o.average_price,
                priority=5,
            ),
            Column(
                "status",
                tr("상태"),
                130,
                self.status,
                Align.LEFT,
                is_bold=True,
                stretch=3,
                colour=self.status_colour,
                tooltip=self._explain,
            ),
            Column(
                "origin",
                tr("출처"),
                76,
                lambda o: origin_word(o.origin),
                Align.LEFT,
                colour=lambda o: muted,
                priority=1,
            ),
            Column(
                "number",
                tr("주문번호"),
                88,
                lambda o: o.order_number or formatting.UNKNOWN,
                colour=lambda o: muted,
                priority=2,
            ),
            Column(
                "original",
                tr("원주문"),
                88,
                lambda o: o.original_number or formatting.UNKNOWN,
                colour=lambda o: muted,
                priority=4,
            ),
        ]

    def name(self, order: Order) -> str:
        """Return the instrument's name as the master has it, else as the broker's list has it."""
        known = self._names.get(order.symbol)
        return known.name if known is not None else order.name or order.symbol

    def tint(self, order: Order) -> QColor | None:
        """Return amber for an order of which nobody knows what became."""
        if order.status is OrderStatus.UNKNOWN:
            return self._theme.tinted(self._theme.colours.warn, self._theme.unknown_share)
        return None

    def _side_colour(self, order: Order) -> QColor:
        colours = self._theme.colours
        return colours.up if order.side is Side.BUY else colours.down

    def _price(self, order: Order) -> str:
        if order.price is None:
            return formatting.UNKNOWN
        text = formatting.number(order.price)
        if order.condition_price is not None:
            text += f" ({formatting.number(order.condition_price)})"
        return text

    def _filled(self, order: Order) -> str:
        return "?" if order.status is OrderStatus.UNKNOWN else formatting.number(order.filled)

    def status(self, order: Order) -> str:
        """Return the state with its reason."""
        word = status_word(order.status, order.pending)
        if order.status is OrderStatus.UNKNOWN:
            return tr("{word} (응답 없음)", word=word)
        if order.status is OrderStatus.REJECTED:
            return f"{word}  {said(order.reason)}"
        if order.status is OrderStatus.CANCELLED and order.filled:
            return tr("일부체결 후 {word}", word=word)
        return word

    def status_colour(self, order: Order) -> QColor:
        """Return green for executed, amber for unsettled, red for refused, the accent for working."""
        colours = self._theme.colours
        if order.status is OrderStatus.UNKNOWN or (
            order.pending is not PendingChange.NONE and not order.status.is_done
        ):
            return colours.warn
        if order.status is OrderStatus.REJECTED:
            return colours.danger
        if order.status in (OrderStatus.FILLED, OrderStatus.PARTLY_FILLED):
            return colours.ok
        if order.status.is_done:
            return colours.muted
        return colours.accent

    def _explain(self, order: Order) -> str:
        lines = [self.status(order)]
        if order.reason and order.status is not OrderStatus.REJECTED:
            lines.append(said(order.reason))
        if order.status is OrderStatus.UNKNOWN:
            lines.append(tr("증권사에 주문 목록을 물어 확인하고 있습니다. 같은 주문을 다시 내지 마십시오."))
        if order.average_price is not None:
            lines.append(
                tr(
                    "체결 {n}주, 평균 {price}원",
                    n=formatting.number(order.filled),
                    price=formatting.number(order.average_price),
                )
            )
        return "\n".join(lines)
