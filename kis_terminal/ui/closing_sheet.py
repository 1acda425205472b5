"""What is said when the window is closed while orders stand at the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QMainWindow

from kis_terminal.domain.orders import Order
from kis_terminal.ui import formatting
from kis_terminal.ui.order_words import side_word
from kis_terminal.ui.sheet import Sheet
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

_MOST_NAMED = 8
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.1


class ClosingSheet(Sheet):
    """Offer to cancel first, to leave all the same, or to go back; `leave` closes the window for good."""

    def __init__(self, window: QMainWindow, workspace: Workspace, leave: Callable[[], None]) -> None:
        theme = workspace.theme
        super().__init__(
            window,
            theme,
            tr("미체결 주문이 남아 있습니다"),
            width=theme.metrics.slip,
            border=theme.colours.warn.name(),
        )
        self._workspace = workspace
        self._leave = leave
        self.text = self.sentence()
        self.cancel_button = self.button(tr("취소 후 종료"))
        self.leave_button = self.button(tr("그대로 종료"))
        self.back_button = self.button(tr("돌아가기"))
        self.cancel_button.clicked.connect(self._cancel_first)
        self.leave_button.clicked.connect(leave)
        self.back_button.clicked.connect(self.hide)

    def ask(self, orders: Sequence[Order]) -> None:
        """Name the orders and come up."""
        self.cancel_button.setEnabled(True)
        self.text.setText(
            tr("종료해도 다음 주문은 증권사에 그대로 남아 체결될 수 있습니다.")
            + "\n\n"
            + self._listed(orders)
        )
        self.present()
        self.back_button.setFocus()

    def _listed(self, orders: Sequence[Order]) -> str:
        lines = [
            tr(
                "{name}  {side} {n}주  {price}  ({number})",
                name=self._workspace.instruments.name(order.symbol),
                side=side_word(order.side),
                n=formatting.number(order.remaining),
                price=formatting.number(order.price),
                number=order.order_number or tr("확인 중"),
            )
            for order in orders[:_MOST_NAMED]
        ]
        if len(orders) > _MOST_NAMED:
            lines.append(tr("… 외 {n}건", n=len(orders) - _MOST_NAMED))
        return "\n".join(lines)

    def _cancel_first(self) -> None:
        self.cancel_button.setEnabled(False)
        self.text.setText(tr("주문을 취소하고 있습니다."))
        self._workspace.scope.spawn(self._cancel_and_leave(), name="cancel and close", replaces="close")

    async def _cancel_and_leave(self) -> None:
        orders = self._workspace.orders
        for order in orders.open_orders():
            orders.cancel_soon(order.key)
        waited = 0.0
        while orders.open_orders() and waited < _PATIENCE_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        left = orders.open_orders()
        if not left:
            self._leave()
            return
        self.cancel_button.setEnabled(True)
        self.text.setText(tr("취소되지 않은 주문이 있습니다.") + "\n\n" + self._listed(left))
