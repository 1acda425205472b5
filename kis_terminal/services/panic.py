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
from kis_terminal.services.other_sweep import OtherLine, OtherSweep
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
    product: str = ""
    """What it is an order of, where it is no stock of today."""


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
        self,
        orders: Orders,
        reconciler: Reconciler,
        risk_gate: RiskGate,
        clock: Clock,
        scope: TaskScope,
        others: OtherSweep | None = None,
    ) -> None:
        """`others` are the products beside the stocks of today; None where the account has none."""
        self.others = others
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
        sweeping = self._sweep_others(started_at, touched)
        try:
            await self._cancel_until_proven(started_at, touched)
        finally:
            if sweeping is not None:
                sweeping.cancel()
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

    def _sweep_others(self, started_at: datetime, touched: dict[str, str]) -> asyncio.Task[None] | None:
        """Cancel the other products beside the stocks, so that neither waits for the other's lists."""
        others = self.others
        if others is None:
            return None
        others.begin()

        def tell() -> None:
            if self.report is not None and self.report.started_at is started_at and self.is_running:
                self._tell(started_at, touched, is_running=True, message=self.report.message)

        return self._scope.spawn(others.run(tell), name="panic others", is_urgent=True)

    def _is_rest_proven(self) -> bool:
        return self.others is None or self.others.is_proven

    async def _cancel_until_proven(self, started_at: datetime, touched: dict[str, str]) -> None:
        proofs = 0
        delay = _PASS_SECONDS
        seen: set[tuple[str, int]] = set()
        while True:
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
            if proofs >= _PROOFS and self._is_rest_proven():
                break
            left = {(order.key, order.remaining) for order in open_orders}
            # The same orders as before: the broker refuses, or does not know yet. Ask on, but more slowly.
            is_waiting = left == seen if left else proofs >= _PROOFS
            delay = min(delay * 2, _LONGEST_WAIT) if is_waiting else _PASS_SECONDS
            seen = left
            message = self._words_of_others() if proofs >= _PROOFS else _words_between(open_orders)
            self._tell(started_at, touched, is_running=True, message=message)
            await asyncio.sleep(delay)
        count = len(touched) + (len(self.others.lines) if self.others is not None else 0)
        self._tell(started_at, touched, is_running=False, is_proven=True, message=_closing_words(count))

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

    def _words_of_others(self) -> str:
        """Say what keeps the run unproven once the stocks are done."""
        failing = self.others.failing if self.others is not None else ()
        if not failing:
            return Sentence("주식 주문은 없습니다. 다른 상품의 주문을 취소하고 확인하고 있습니다.")
        return Sentence(
            "주식 주문은 없지만 {product} 주문을 확인하지 못해 끝나지 않았습니다"
            "(확인하지 못한 상품 {count}개: {why}). 계속 시도합니다. 한국투자증권 고객센터 1544-5000",
            product=failing[0][0].words,
            count=len(failing),
            why=failing[0][1],
        )

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
        told = (*(line for line in lines if line is not None), *self._other_lines(is_running=is_running))
        self.report = PanicReport(started_at, told, is_running, is_proven, message)
        self.changed.publish(self.report)

    def _other_lines(self, *, is_running: bool) -> tuple[PanicLine, ...]:
        now = self._clock.now()
        return tuple(
            PanicLine(
                line.order.as_order(now, is_cancelled=not line.is_open and not line.reason),
                _outcome_of(line, is_running=is_running),
                line.reason,
                now,
                line.order.product.words,
            )
            for line in (self.others.lines if self.others is not None else ())
        )

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


def _outcome_of(line: OtherLine, *, is_running: bool) -> PanicOutcome:
    if line.is_open:
        return PanicOutcome.FAILED if line.reason and not is_running else PanicOutcome.STILL_OPEN
    return PanicOutcome.NEVER_OPEN if line.reason else PanicOutcome.CANCELLED


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
