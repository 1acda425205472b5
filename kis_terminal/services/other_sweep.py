"""Panic beyond the stocks of today: every other product is listed and cancelled until none is open.

Nothing of these products is sent from here, so that a list is all there is to know of them. A product whose
list fails proves nothing, and is named; a person may say that the account does not trade it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from kis_terminal.domain.errors import (
    AccessRefused,
    CorrectionNeeded,
    RateLimited,
    TerminalError,
    TurnedAway,
    WaitNeeded,
)
from kis_terminal.domain.other_orders import OtherOrder, Product
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ports import Clock, OrderJournal, OtherOrders, WorkspaceStore
from kis_terminal.services.sending import once_more_if_turned_away, until_rate_allows
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_PROOFS = 2
_PASS_SECONDS = 0.3
_LONGEST_WAIT = 10.0
_CANCEL_PATIENCE = 3.0
_LEFT_OUT = "products-left-out"
_CERTAIN = (CorrectionNeeded, WaitNeeded, AccessRefused)


@dataclass(frozen=True, slots=True)
class OtherLine:
    """What became of one order of another product."""

    order: OtherOrder
    is_open: bool
    reason: str
    """Why it is still open, or why nobody knows how it ended."""


class OtherSweep:
    """Own the orders of other products that a run has met, and which products are proven to have none."""

    def __init__(
        self,
        broker: OtherOrders,
        journal: OrderJournal,
        store: WorkspaceStore,
        clock: Clock,
        scope: TaskScope,
    ) -> None:
        self._broker = broker
        self._journal = journal
        self._store = store
        self._clock = clock
        self._scope = scope
        self._lines: dict[str, OtherLine] = {}
        self._sent_at: dict[str, float] = {}
        self._taken: set[str] = set()
        """Orders whose cancellation was accepted."""
        self._proofs: dict[Product, int] = {}
        self._failing: dict[Product, str] = {}

    @property
    def products(self) -> tuple[Product, ...]:
        """Return what is listed: everything the account can hold, unless a person said that it does not."""
        left_out = self.left_out
        return tuple(product for product in self._broker.other_products if product not in left_out)

    @property
    def left_out(self) -> tuple[Product, ...]:
        """Return the products that a person said the account does not trade."""
        kept = (self._store.read(_LEFT_OUT) or "").split()
        return tuple(product for product in Product if product.value in kept)

    @property
    def lines(self) -> tuple[OtherLine, ...]:
        """Return every order of the run, in the order in which they were met."""
        return tuple(self._lines.values())

    @property
    def failing(self) -> tuple[tuple[Product, str], ...]:
        """Return the products whose list fails, and why."""
        return tuple((product, why) for product, why in self._failing.items() if product in self.products)

    @property
    def is_proven(self) -> bool:
        """Tell whether two successive complete lists of every product showed nothing open."""
        return all(self._proofs.get(product, 0) >= _PROOFS for product in self.products)

    def begin(self) -> None:
        """Forget the run before."""
        self._lines.clear()
        self._sent_at.clear()
        self._taken.clear()
        self._proofs.clear()
        self._failing.clear()

    async def leave_out(self, product: Product, *, is_left_out: bool = True) -> None:
        """Take a person's word that the account does not trade a product; raises TerminalError."""
        told = {*self.left_out} - {product} | ({product} if is_left_out else set())
        await self._journal.record(
            "",
            "product left out" if is_left_out else "product listed again",
            self._clock.now(),
            {"product": product.value},
        )
        self._store.write(_LEFT_OUT, " ".join(sorted(one.value for one in told)))

    async def run(self, tell: Callable[[], None]) -> None:
        """List and cancel until proven; `tell` is called after each pass. Raises nothing of the broker's."""
        delay = _PASS_SECONDS
        while not self.is_proven:
            # One list after the other: the account's own limit is low, and the stocks' list waits beside.
            for product in self.products:
                if self._proofs.get(product, 0) < _PROOFS:
                    await self._sweep(product)
            tell()
            is_stuck = bool(self._failing) or any(line.reason for line in self.lines if line.is_open)
            delay = min(delay * 2, _LONGEST_WAIT) if is_stuck else _PASS_SECONDS
            await asyncio.sleep(delay)

    async def _sweep(self, product: Product) -> None:
        try:
            found = {order.key: order for order in await self._broker.open_others(product)}
        except TerminalError as error:
            log.warning("list of %s: %s", product.value, error)
            self._failing[product] = sentence_of(error)
            self._proofs[product] = 0
            return
        self._failing.pop(product, None)
        for key, line in self._lines.items():
            if line.order.product is product and key not in found and line.is_open:
                self._lines[key] = self._gone(line)
        self._proofs[product] = 0 if found else self._proofs.get(product, 0) + 1
        for key, order in found.items():
            before = self._lines.get(key)
            self._lines[key] = OtherLine(order, True, before.reason if before is not None else "")
        tasks = [
            self._scope.spawn(self._cancel(order), name=f"panic cancel {key}", is_urgent=True)
            for key, order in found.items()
        ]
        if tasks:
            await asyncio.wait(tasks)

    def _gone(self, line: OtherLine) -> OtherLine:
        if line.order.key in self._taken:
            return OtherLine(line.order, False, "")
        return OtherLine(
            line.order, False, Sentence("목록에서 없어졌습니다(체결되었거나 다른 곳에서 취소됨).")
        )

    async def _cancel(self, order: OtherOrder) -> None:
        """Cancel one order; one that was sent moments ago is waited for. It is idempotent by its effect."""
        key, now = order.key, self._clock.monotonic()
        if now - self._sent_at.get(key, float("-inf")) < _CANCEL_PATIENCE:
            return
        self._sent_at[key] = now
        details = {"order_number": order.number, "product": order.product.value, "symbol": order.symbol}
        await self._note(key, "cancel intent", details)

        async def again(error: TurnedAway) -> None:
            await self._note(key, "cancel again", {"reason": str(error)})

        async def send() -> None:
            await until_rate_allows(lambda: self._broker.cancel_other(order))

        try:
            await once_more_if_turned_away(send, again)
        except _CERTAIN as error:
            if isinstance(error, RateLimited):
                self._sent_at.pop(key, None)
            self._lines[key] = OtherLine(order, True, sentence_of(error))
            await self._note(key, "cancel refused", {"reason": str(error)})
        except TerminalError as error:
            # Its list tells what became of it.
            self._lines[key] = OtherLine(order, True, sentence_of(error))
            await self._note(key, "cancel unknown", {"reason": str(error)})
        else:
            self._taken.add(key)
            self._lines[key] = OtherLine(order, True, "")
            await self._note(key, "cancel accepted", {})

    async def _note(self, key: str, event: str, details: dict[str, str]) -> None:
        """Journal what is done; a full disk must not stop a cancellation."""
        try:
            await self._journal.record(key, event, self._clock.now(), details)
        except TerminalError as error:
            log.error("the journal did not take %s of %s: %s", event, key, error)
