"""Panic: latch first, then cancel what the broker lists until two complete listings show nothing open."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.orders import Order, OrderStatus
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock
from kis_terminal.services.hub import Topic
from kis_terminal.services.orders import Orders
from kis_terminal.services.reconcile import Reconciler
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_PROOFS = 2
_PASS_SECONDS = 0.3
_LONGEST_WAIT = 10.0


class PanicOutcome(StrEnum):
    """What became of one order."""

    CANCELLED = "cancelled"
    FILLED = "filled"
    FAILED = "failed"
    STILL_OPEN = "still_open"


@dataclass(frozen=True, slots=True)
class PanicLine:
    """One order of a run."""

    order: Order
    outcome: PanicOutcome
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PanicReport:
    """The state of a run; `is_proven` once two successive complete listings showed nothing open."""

    started_at: datetime
    lines: tuple[PanicLine, ...]
    is_running: bool
    is_proven: bool
    message: str


class Panic:
    """Own the run; a second press joins the first. Topics: `changed` (the report so far)."""

    def __init__(
        self, orders: Orders, reconciler: Reconciler, risk_gate: RiskGate, clock: Clock, scope: TaskScope
    ) -> None:
        self._orders = orders
        self._reconciler = reconciler
        self._risk = risk_gate
        self._clock = clock
        self._scope = scope
        self.report: PanicReport | None = None
        self.changed: Topic[PanicReport] = Topic("panic")

    @property
    def is_running(self) -> bool:
        """Tell whether a run is under way."""
        return self.report is not None and self.report.is_running

    def press(self) -> None:
        """Lock new orders at once and start cancelling everything."""
        self._risk.halt()
        if self.is_running:
            return
        self.report = PanicReport(
            self._clock.now(), (), True, False, Sentence("주문을 잠그고 모든 주문을 취소하고 있습니다.")
        )
        self.changed.publish(self.report)
        self._scope.spawn(self._run(self.report.started_at), name="panic")

    async def _run(self, started_at: datetime) -> None:
        touched: dict[str, str] = {}
        proofs = 0
        delay = _PASS_SECONDS
        while proofs < _PROOFS:
            try:
                await self._reconciler.list_once()
            except TerminalError as error:
                proofs = 0
                self._tell(
                    started_at,
                    touched,
                    is_running=True,
                    message=Sentence(
                        "증권사에 연결할 수 없습니다: 주문 {count}건이 남아 있을 수 있습니다. "
                        "계속 시도합니다. ({error}) 한국투자증권 고객센터 1544-5000",
                        count=len(self._orders.open_orders()),
                        error=error,
                    ),
                )
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_WAIT)
                continue
            delay = _PASS_SECONDS
            open_orders = self._orders.open_orders()
            if not open_orders:
                proofs += 1
            else:
                proofs = 0
                for order in open_orders:
                    touched.setdefault(order.key, "")
                await self._cancel_all(open_orders, touched)
            self._tell(
                started_at,
                touched,
                is_running=proofs < _PROOFS,
                message=Sentence("모든 주문을 취소하고 있습니다.")
                if proofs < _PROOFS
                else _closing_words(len(touched)),
            )
            if proofs < _PROOFS:
                await asyncio.sleep(_PASS_SECONDS)

    async def _cancel_all(self, open_orders: tuple[Order, ...], touched: dict[str, str]) -> None:
        for order in open_orders:
            if not order.order_number:
                touched[order.key] = Sentence("결과를 확인하고 있습니다")
                continue
            touched[order.key] = await self._orders.cancel(order.key)

    def _tell(self, started_at: datetime, touched: dict[str, str], *, is_running: bool, message: str) -> None:
        lines = tuple(self._line(key, reason, is_running=is_running) for key, reason in touched.items())
        self.report = PanicReport(started_at, lines, is_running, not is_running, message)
        self.changed.publish(self.report)

    def _line(self, key: str, reason: str, *, is_running: bool) -> PanicLine:
        order = self._orders.get(key)
        assert order is not None  # noqa: S101 - orders are never removed
        if order.status is OrderStatus.CANCELLED:
            outcome = PanicOutcome.CANCELLED
        elif order.status is OrderStatus.FILLED:
            outcome = PanicOutcome.FILLED
        elif reason and not is_running:
            outcome = PanicOutcome.FAILED
        else:
            outcome = PanicOutcome.STILL_OPEN
        return PanicLine(
            order, outcome, "" if outcome is PanicOutcome.CANCELLED else reason, self._clock.now()
        )


def _closing_words(count: int) -> str:
    if not count:
        return Sentence("열린 주문이 없습니다. 새 주문은 잠겨 있습니다.")
    return Sentence(
        "주문 {count}건을 처리했고 열린 주문이 없음을 두 번 확인했습니다. 새 주문은 잠겨 있습니다.",
        count=count,
    )
