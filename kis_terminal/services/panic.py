"""Panic: latch first, then cancel what the broker lists until two complete listings show nothing open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
SILENCE_SECONDS = 3.0
"""Without an answer, before the person is told that the broker may not be heard."""


class PanicOutcome(StrEnum):
    """What became of one order."""

    CANCELLED = "cancelled"
    FILLED = "filled"
    NEVER_OPEN = "never_open"
    """Refused, or at its end by itself: there was nothing to cancel."""
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
        self._scope.spawn(self._run(self.report.started_at), name="panic", is_urgent=True)

    async def _run(self, started_at: datetime) -> None:
        touched: dict[str, str] = {}
        try:
            await self._cancel_until_proven(started_at, touched)
        finally:
            if self.is_running:
                # A bug, or the program ends: the next press must start anew, and nothing is proven.
                self._tell(
                    started_at,
                    touched,
                    is_running=False,
                    message=Sentence(
                        "전체취소가 끝나기 전에 멈췄습니다. 다시 누르거나 한국투자증권 고객센터 1544-5000에 "
                        "확인하십시오. 새 주문은 잠겨 있습니다."
                    ),
                )

    async def _cancel_until_proven(self, started_at: datetime, touched: dict[str, str]) -> None:
        proofs = 0
        delay = _PASS_SECONDS
        seen: set[tuple[str, int]] = set()
        while proofs < _PROOFS:
            # What is known to be open is cancelled before anything is asked: inquiries may fail meanwhile.
            await self._cancel_all(self._orders.open_orders(), started_at, touched)
            try:
                async with self._telling_silence(started_at, touched):
                    await self._reconciler.list_once()
            except TerminalError as error:
                proofs = 0
                self._tell(started_at, touched, is_running=True, message=self._unreachable(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_WAIT)
                continue
            open_orders = self._orders.open_orders()
            proofs = 0 if open_orders else proofs + 1
            if proofs == _PROOFS:
                break
            left = {(order.key, order.remaining) for order in open_orders}
            # The same orders as before: the broker refuses, or does not know yet. Ask on, but more slowly.
            delay = min(delay * 2, _LONGEST_WAIT) if left and left == seen else _PASS_SECONDS
            seen = left
            self._tell(started_at, touched, is_running=True, message=_words_between(open_orders))
            await asyncio.sleep(delay)
        self._tell(
            started_at, touched, is_running=False, is_proven=True, message=_closing_words(len(touched))
        )

    @asynccontextmanager
    async def _telling_silence(self, started_at: datetime, touched: dict[str, str]) -> AsyncIterator[None]:
        """Tell the person when the broker is silent for long; it may last a minute until that is an error."""
        watching = self._scope.spawn(self._tell_silence(started_at, touched), name="panic silence")
        try:
            yield
        finally:
            watching.cancel()

    async def _tell_silence(self, started_at: datetime, touched: dict[str, str]) -> None:
        await asyncio.sleep(SILENCE_SECONDS)
        message = Sentence(
            "증권사의 응답을 기다리고 있습니다: 주문 {count}건이 남아 있을 수 있습니다. 계속 시도합니다. "
            "한국투자증권 고객센터 1544-5000",
            count=len(self._orders.open_orders()),
        )
        self._tell(started_at, touched, is_running=True, message=message)

    def _unreachable(self, error: TerminalError) -> str:
        return Sentence(
            "증권사에 연결할 수 없습니다: 주문 {count}건이 남아 있을 수 있습니다. "
            "계속 시도합니다. ({error}) 한국투자증권 고객센터 1544-5000",
            count=len(self._orders.open_orders()),
            error=error,
        )

    async def _cancel_all(
        self, open_orders: tuple[Order, ...], started_at: datetime, touched: dict[str, str]
    ) -> None:
        """Cancel all at once; the broker's limit paces them, a slow answer holds up no other."""
        tasks = {}
        for order in open_orders:
            touched.setdefault(order.key, "")
            if order.order_number:
                name = f"panic cancel {order.key}"
                tasks[order.key] = self._scope.spawn(
                    self._orders.cancel(order.key), name=name, is_urgent=True
                )
            else:
                touched[order.key] = Sentence("결과를 확인하고 있습니다")
        if tasks:
            async with self._telling_silence(started_at, touched):
                await asyncio.wait(tasks.values())
        for key, task in tasks.items():
            if not task.cancelled() and task.exception() is None:
                touched[key] = task.result()

    def _tell(
        self,
        started_at: datetime,
        touched: dict[str, str],
        *,
        is_running: bool,
        is_proven: bool = False,
        message: str,
    ) -> None:
        lines = [self._line(key, reason, is_running=is_running) for key, reason in touched.items()]
        told = tuple(line for line in lines if line is not None)
        self.report = PanicReport(started_at, told, is_running, is_proven, message)
        self.changed.publish(self.report)

    def _line(self, key: str, reason: str, *, is_running: bool) -> PanicLine | None:
        order = self._orders.get(key)
        if order is None:
            return None  # an order of the day before
        match order.status:
            case OrderStatus.CANCELLED:
                outcome, reason = PanicOutcome.CANCELLED, ""
            case OrderStatus.FILLED:
                outcome = PanicOutcome.FILLED
            case OrderStatus.REJECTED | OrderStatus.EXPIRED:
                outcome, reason = PanicOutcome.NEVER_OPEN, order.reason
            case _:
                outcome = PanicOutcome.FAILED if reason and not is_running else PanicOutcome.STILL_OPEN
        return PanicLine(order, outcome, reason, self._clock.now())


def _words_between(open_orders: tuple[Order, ...]) -> str:
    unknown = sum(1 for order in open_orders if not order.order_number)
    if not unknown:
        return Sentence("모든 주문을 취소하고 있습니다.")
    return Sentence(
        "모든 주문을 취소하고 있습니다. 결과를 모르는 주문 {count}건을 증권사에 계속 묻습니다. "
        "한국투자증권 고객센터 1544-5000",
        count=unknown,
    )


def _closing_words(count: int) -> str:
    if not count:
        return Sentence("열린 주문이 없습니다. 새 주문은 잠겨 있습니다.")
    return Sentence(
        "주문 {count}건을 처리했고 열린 주문이 없음을 두 번 확인했습니다. 새 주문은 잠겨 있습니다.",
        count=count,
    )
