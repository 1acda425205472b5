"""What is said when the window is closed while orders stand at the broker, or are being cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QMainWindow

from kis_terminal.domain.orders import Order
from kis_terminal.ui import formatting
from kis_terminal.ui.order_words import kind_word, side_word
from kis_terminal.ui.sheet import Sheet
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

_MOST_NAMED = 8
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.1


class ClosingSheet(Sheet):
    """Offer to cancel first, to leave all the same, or to go back; `leave` closes the window for good.

    Going back, by button or Esc, also gives up the closing that waits for cancellations; these go on.
    """

    _waiting: asyncio.Task[None] | None = None
    """Of the class: a sheet is hidden while it is still being built."""

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
        self.leave_button = self.button("")
        self.cancel_button = self.button("")
        self.back_button = self.button(tr("돌아가기"))
        self.cancel_button.clicked.connect(self._cancel_first)
        self.leave_button.clicked.connect(leave)
        self.back_button.clicked.connect(self.hide)

    def ask(self, orders: Sequence[Order]) -> None:
        """Name the orders and come up; says so where a panic runs."""
        is_panicking = self._workspace.panic.is_running
        self.cancel_button.setEnabled(True)
        self.title_label.setText(
            tr("전체취소가 진행 중입니다") if is_panicking else tr("미체결 주문이 남아 있습니다")
        )
        self._word_buttons(is_panicking=is_panicking)
        if is_panicking:
            words = tr(
                "지금 종료하면 취소를 더 보내지 않고, 남은 주문은 증권사에 그대로 있습니다. "
                "새 주문은 다음 시작에도 잠겨 있습니다."
            )
        else:
            words = tr("종료해도 다음 주문은 증권사에 그대로 남아 체결될 수 있습니다.")
        self.text.setText(f"{words}\n\n{self._listed(orders)}" if orders else words)
        self.present()
        self.back_button.setFocus()

    def _word_buttons(self, *, is_panicking: bool) -> None:
        leave = tr("멈추고 종료") if is_panicking else tr("남겨 두고 종료")
        cancel = tr("끝나면 종료") if is_panicking else tr("모두 취소하고 종료")
        for button, word in ((self.leave_button, leave), (self.cancel_button, cancel)):
            button.setText(word)
            button.setAccessibleName(word)

    def _listed(self, orders: Sequence[Order]) -> str:
        lines = [
            tr(
                "{name}  {side} {n}주  {price}  ({number})",
                name=self._workspace.instruments.name(order.symbol),
                side=side_word(order.side),
                n=formatting.number(order.remaining),
                price=formatting.number(order.price) if order.price is not None else kind_word(order.kind),
                number=order.order_number or tr("확인 중"),
            )
            for order in orders[:_MOST_NAMED]
        ]
        if len(orders) > _MOST_NAMED:
            lines.append(tr("… 외 {n}건", n=len(orders) - _MOST_NAMED))
        if any(not order.order_number for order in orders):
            lines += ["", tr("'확인 중' 주문은 번호를 몰라 취소할 수 없습니다. 증권사에 확인하십시오.")]
        return "\n".join(lines)

    def _cancel_first(self) -> None:
        self.cancel_button.setEnabled(False)
        self.text.setText(tr("주문을 취소하고 있습니다. 끝나면 종료합니다."))
        orders, panic = self._workspace.orders, self._workspace.panic
        if not panic.is_running:
            for order in orders.open_orders():
                if order.order_number:
                    orders.cancel_soon(order.key)
        self._waiting = self._workspace.scope.spawn(
            self._leave_when_gone(), name="close when cancelled", replaces="close"
        )

    def hideEvent(self, event: QHideEvent) -> None:
        """Give up the closing that waits."""
        super().hideEvent(event)
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done() and waiting is not _this_task():
            waiting.cancel()

    async def _leave_when_gone(self) -> None:
        orders, panic = self._workspace.orders, self._workspace.panic
        waited = 0.0
        # A panic tells itself how it fares and may go on for long: its own proof is waited for.
        while panic.is_running or (orders.open_orders() and waited < _PATIENCE_SECONDS):
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        left = orders.open_orders()
        if not left:
            self._leave()
            return
        self.cancel_button.setEnabled(True)
        self._word_buttons(is_panicking=False)
        self.title_label.setText(tr("미체결 주문이 남아 있습니다"))
        self.text.setText(tr("취소되지 않은 주문이 있습니다.") + "\n\n" + self._listed(left))


def _this_task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None  # hidden by the window's end, after the loop
