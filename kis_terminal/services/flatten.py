"""Sell what is held, apart from panic: price-protected, a bounded number of times, through the one path.

Each attempt is a limit order that executes at once or not at all (IOC), some ticks under the best bid and
never below a floor under the first price: no market order leaves. How much is sold is the broker's word,
asked for before each attempt, and a budget for each symbol holds all attempts to what was held at first.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from kis_terminal.domain.errors import CorrectionNeeded, TerminalError
from kis_terminal.domain.instruments import InstrumentKind, move_ticks, round_up_to_tick
from kis_terminal.domain.orders import Order, OrderKind, OrderStatus, Origin, ParentBudget, Side
from kis_terminal.domain.risk import TradingState
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ports import Clock
from kis_terminal.services.hub import Topic
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.orders import Orders
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_AT_ONCE = 2
_PAUSE = 0.6
"""Between two attempts: the same order again is refused within half a second."""
_STEP = 0.05
_ANSWER_SECONDS = 15.0
_PASSED = frozenset({"LARGE", "FAR", "SHARES"})
"""Soft limits that the person who asked for it all was told of."""


@dataclass(frozen=True, slots=True)
class FlattenTerms:
    """How far a price may go, and how often it is tried."""

    ticks_under_bid: int = 5
    floor_percent: Decimal = Decimal(3)
    """Under the best bid at the beginning; no attempt goes below."""
    attempts: int = 5


@dataclass(frozen=True, slots=True)
class FlattenLine:
    """What became of one holding."""

    symbol: str
    name: str
    held: int
    sold: int
    average_price: Decimal | None
    is_done: bool
    reason: str
    """Why shares are left, empty while it goes on and where none are."""

    @property
    def left(self) -> int:
        """Return the shares that were not sold."""
        return self.held - self.sold


@dataclass(frozen=True, slots=True)
class FlattenReport:
    """The state of a run."""

    started_at: datetime
    lines: tuple[FlattenLine, ...]
    is_running: bool

    @property
    def is_flat(self) -> bool:
        """Tell whether everything that was held has been sold."""
        return not self.is_running and all(line.is_done and not line.left for line in self.lines)


class Flatten:
    """Own the run; a second start while one runs joins it. Topics: `changed` (the report so far)."""

    def __init__(
        self,
        orders: Orders,
        portfolio: Portfolio,
        market_data: MarketData,
        instruments: Instruments,
        risk_gate: RiskGate,
        clock: Clock,
        scope: TaskScope,
        *,
        is_panic_running: Callable[[], bool] = lambda: False,
        terms: FlattenTerms | None = None,
    ) -> None:
        self._orders = orders
        self._portfolio = portfolio
        self._market_data = market_data
        self._instruments = instruments
        self._risk = risk_gate
        self._clock = clock
        self._scope = scope
        self._is_panic_running = is_panic_running
        self.terms = terms or FlattenTerms()
        self._lines: dict[str, FlattenLine] = {}
        self.report: FlattenReport | None = None
        self.changed: Topic[FlattenReport] = Topic("flatten")

    @property
    def is_running(self) -> bool:
        """Tell whether a run is under way."""
        return self.report is not None and self.report.is_running

    def why_not(self) -> str:
        """Return why nothing can be sold now, "" where it can."""
        if self._is_panic_running():
            return Sentence("전체취소가 진행 중입니다. 끝난 뒤에 청산하십시오.")
        if not self._risk.is_armed:
            return Sentence("실전투자 주문이 잠겨 있습니다. 위 띠의 주문 잠금을 풀어 주십시오.")
        if not self._orders.is_reconciled or self._portfolio.balance is None:
            return Sentence("잔고와 주문내역을 아직 확인하지 못했습니다. 확인된 뒤에 청산하십시오.")
        if not self._portfolio.positions:
            return Sentence("팔 수 있는 보유 종목이 없습니다.")
        return ""

    def start(self) -> str:
        """Sell everything; the caller has had a person's word. Return "" or why it does not begin.

        Only what lowers exposure leaves from now on; orders that were locked are locked again at the end.
        """
        if self.is_running:
            return ""
        why = self.why_not()
        if why:
            return why
        was_halted = self._risk.is_halted
        try:
            self._risk.reduce_by_person()
        except TerminalError as error:
            return sentence_of(error)
        positions = self._portfolio.positions
        self._lines = {
            item.symbol: FlattenLine(item.symbol, item.name, item.quantity, 0, None, False, "")
            for item in positions
        }
        self.report = FlattenReport(self._clock.now(), tuple(self._lines.values()), True)
        self.changed.publish(self.report)
        self._scope.spawn(self._run(was_halted=was_halted), name="flatten", is_urgent=True)
        return ""

    async def _run(self, *, was_halted: bool) -> None:
        turns = asyncio.Semaphore(_AT_ONCE)
        run = uuid.uuid4().hex

        async def sell(symbol: str) -> None:
            async with turns:
                await self._sell(symbol, run)

        tasks = [self._scope.spawn(sell(symbol), name=f"flatten {symbol}") for symbol in self._lines]
        try:
            await asyncio.wait(tasks)
        finally:
            for task in tasks:
                task.cancel()
            if was_halted:
                self._risk.halt()
            unfinished = Sentence("청산이 끝나기 전에 멈췄습니다.")
            for symbol, line in self._lines.items():
                if not line.is_done:
                    self._lines[symbol] = replace(line, is_done=True, reason=line.reason or unfinished)
            self._tell(is_running=False)

    def _tell(self, *, is_running: bool = True) -> None:
        assert self.report is not None  # noqa: S101 - only a run tells
        self.report = FlattenReport(self.report.started_at, tuple(self._lines.values()), is_running)
        self.changed.publish(self.report)

    def _done(self, symbol: str, reason: str) -> None:
        self._lines[symbol] = replace(self._lines[symbol], is_done=True, reason=reason)
        self._tell()

    async def _sell(self, symbol: str, run: str) -> None:
        try:
            reason = await self._attempts(symbol, run)
        except TerminalError as error:
            reason = sentence_of(error)
        line = self._lines[symbol]
        left = Sentence("{count:,}주가 남았습니다.", count=line.left)
        self._done(symbol, "" if not line.left else reason or left)

    async def _attempts(self, symbol: str, run: str) -> str:
        """Sell as far as it goes; return why it stopped before the end."""
        await self._clear_orders(symbol)
        floor: Decimal | None = None
        budget = ParentBudget(f"flatten-{run}-{symbol}", quantity=self._lines[symbol].held)
        for attempt in range(self.terms.attempts):
            if attempt:
                await asyncio.sleep(_PAUSE)
            # The broker's own words on what is held and what is bid, each time anew.
            await self._portfolio.refresh()
            left = min(self._portfolio.sellable(symbol) or 0, self._lines[symbol].left)
            if left <= 0:
                return "" if not self._lines[symbol].left else Sentence("팔 수 있는 수량이 없습니다.")
            bid = await self._bid(symbol)
            floor = floor if floor is not None else self._floor(symbol, bid)
            price = self._price(symbol, bid, floor)
            order = await self._one(symbol, left, price, budget)
            if order.status is OrderStatus.UNKNOWN or not order.status.is_done:
                return Sentence("주문 결과를 알 수 없어 멈췄습니다. 주문내역을 확인하십시오.")
            self._count(symbol, order)
            if order.status is OrderStatus.REJECTED:
                return order.reason
        return Sentence("정한 가격 안에서 다 팔리지 않았습니다.") if self._lines[symbol].left else ""

    async def _clear_orders(self, symbol: str) -> None:
        """Cancel what stands in the symbol: it holds shares back, or would buy them again."""
        self._orders.cancel_symbol(symbol)
        if not await self._until(lambda: not self._orders.open_orders(symbol)):
            raise CorrectionNeeded(
                Sentence("이 종목의 미체결 주문이 취소되지 않아 팔지 않았습니다. 주문내역을 확인하십시오.")
            )

    async def _bid(self, symbol: str) -> Decimal:
        quote = await self._market_data.refresh_quote(symbol)
        bid = quote.bid or self._market_data.state(symbol).bid or quote.price
        return bid if bid > 0 else quote.price

    def _kind(self, symbol: str) -> InstrumentKind:
        item = self._instruments.get(symbol)
        return item.kind if item is not None else InstrumentKind.STOCK

    def _floor(self, symbol: str, bid: Decimal) -> Decimal:
        lowest = round_up_to_tick(bid * (1 - self.terms.floor_percent / 100), self._kind(symbol))
        limit = self._market_data.state(symbol).lower_limit
        return lowest if limit is None else max(lowest, limit)

    def _price(self, symbol: str, bid: Decimal, floor: Decimal) -> Decimal:
        return max(floor, move_ticks(bid, -self.terms.ticks_under_bid, self._kind(symbol)))

    async def _one(self, symbol: str, left: int, price: Decimal, budget: ParentBudget) -> Order:
        limits = self._risk.limits
        most = min(left, limits.max_quantity, max(1, int(limits.max_order_value // price)))
        request = self._orders.new_request(
            symbol,
            Side.SELL,
            OrderKind.LIMIT_IOC,
            most,
            price,
            origin=Origin.PANIC,
            parent=budget,
        )
        order = await self._orders.submit(replace(request, confirmed=_PASSED))
        await self._until(lambda: self._is_settled(order.key))
        return self._orders.get(order.key) or order

    def _is_settled(self, key: str) -> bool:
        order = self._orders.get(key)
        return order is None or order.status.is_done

    def _count(self, symbol: str, order: Order) -> None:
        line = self._lines[symbol]
        paid = (line.average_price or Decimal(0)) * line.sold
        paid += (order.average_price or order.price or Decimal(0)) * order.filled
        sold = line.sold + order.filled
        average = paid / sold if sold else None
        self._lines[symbol] = replace(line, sold=sold, average_price=average)
        self._tell()

    async def _until(self, condition: Callable[[], bool]) -> bool:
        """Wait some seconds for something that the broker tells; return whether it came true."""
        end = self._clock.monotonic() + _ANSWER_SECONDS
        while not condition():
            if self._clock.monotonic() > end or self._risk.state is TradingState.HALTED:
                return condition()
            await asyncio.sleep(_STEP)
        return True
