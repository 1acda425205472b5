"""What must be so after every fault: the exchange's own record against what a desk shows.

I1 what the exchange took is at most what the gate released, each intent once. I2 every order of the record
is known to the desk, and those of others are known as such. I3 executed, cancelled and remaining shares agree
for every order and add up. I4 holdings are those at the start and what was executed since.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kis_terminal.adapters.simulator.orders.ledger import LedgerEntry
from kis_terminal.adapters.simulator.server import SimulatorServer
from kis_terminal.domain.orders import OrderStatus, Origin
from tests.support.trading_desk import TradingDesk

_STEP = 0.02


@dataclass
class _Recorded:
    """One order as the exchange's record has it, over all its amendments."""

    symbol: str
    sign: int
    quantity: int
    numbers: list[str] = field(default_factory=list)
    filled: int = 0
    cancelled: int = 0


class Invariants:
    """Compare the ledger of one account with the desk that trades it."""

    def __init__(self, server: SimulatorServer, desk: TradingDesk, *, cano: str, realm: str = "real") -> None:
        self._server = server
        self._desk = desk
        self._account = (realm, cano)
        self._since = datetime(2000, 1, 1, tzinfo=UTC)  # the whole journal: the market may play any day
        self._first = len(self._entries())
        self._held = self._holdings()

    async def hold(self, *, foreign: Collection[str] = (), seconds: float = 8.0) -> None:
        """Wait until all is so, and see that it still is after one more complete listing.

        `foreign` are the numbers of orders that the test has made elsewhere.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while (wrong := await self.violations(foreign)) and loop.time() < deadline:
            await asyncio.sleep(_STEP)
        assert not wrong, "\n".join(wrong)
        await self._desk.reconciler.list_once()
        await self._desk.portfolio.refresh()
        assert not (wrong := await self.violations(foreign)), "\n".join(["after a new listing:", *wrong])

    async def violations(self, foreign: Collection[str] = ()) -> list[str]:
        """Return what is not as it must be, in words."""
        recorded = self._recorded()
        return [
            *await self._intents(recorded, foreign),
            *self._known(recorded, foreign),
            *self._quantities(recorded),
            *self._positions(recorded),
        ]

    def _entries(self) -> list[LedgerEntry]:
        entries = self._server.venue.exchange.ledger.entries
        return [entry for entry in entries if (entry.realm, entry.account) == self._account]

    def _recorded(self) -> dict[str, _Recorded]:
        """Return the orders since the start by their first number."""
        orders: dict[str, _Recorded] = {}
        head: dict[str, str] = {}
        for entry in self._entries()[self._first :]:
            number = entry.order_no
            if entry.kind == "accepted":
                first = head.get(entry.original_no, number)
                head[number] = first
                sign = 1 if entry.side == "buy" else -1
                order = orders.setdefault(first, _Recorded(entry.symbol, sign, entry.quantity))
                order.numbers.append(number)
            elif number in head and entry.kind == "filled":
                orders[head[number]].filled += entry.quantity
            elif number in head and entry.kind in ("cancelled", "expired"):
                orders[head[number]].cancelled += entry.quantity
        return orders

    async def _intents(self, recorded: dict[str, _Recorded], foreign: Collection[str]) -> list[str]:
        journal = await self._desk.journal.entries(self._since)
        intents = Counter(entry.intent_id for entry in journal if entry.event == "intent")
        wrong = [
            f"I1: intent {intent} was journaled {count} times"
            for intent, count in intents.items()
            if count > 1
        ]
        taken = [number for number in recorded if number not in foreign]
        if len(taken) > len(intents):
            wrong.append(f"I1: the exchange took {len(taken)} orders, {len(intents)} were released")
        requests = [
            event
            for event in self._server.venue.log.events("request")
            if event["host"] == self._account[0] and str(event["path"]).endswith("/order-cash")
        ]
        # Once more after a definite refusal of the token alone, which the journal has.
        again = sum(entry.event == "again" for entry in journal)
        if len(requests) > len(intents) + len(foreign) + again:
            wrong.append(f"I1: {len(requests)} orders were sent for {len(intents)} intents")
        owners = Counter(order.key for number in taken if (order := self._desk.orders.by_number(number)))
        wrong += [f"I1: {key} became {count} orders" for key, count in owners.items() if count > 1]
        return wrong

    def _known(self, recorded: dict[str, _Recorded], foreign: Collection[str]) -> list[str]:
        wrong = []
        for first, chain in recorded.items():
            for number in chain.numbers:
                order = self._desk.orders.by_number(number)
                if order is None:
                    wrong.append(f"I2: order {number} of the ledger is not known")
                elif (order.origin is Origin.ELSEWHERE) is not (first in foreign):
                    wrong.append(f"I2: order {number} is taken for {order.origin.value}")
        return wrong

    def _quantities(self, recorded: dict[str, _Recorded]) -> list[str]:
        wrong = [
            f"I3: order {order.key} is {order.status.value}, pending {order.pending.value}"
            for order in self._desk.orders.all()
            if order.status in (OrderStatus.CREATED, OrderStatus.SENT, OrderStatus.UNKNOWN)
            or order.pending.value != "none"
        ]
        for first, chain in recorded.items():
            order = self._desk.orders.by_number(first)
            if order is None:
                continue
            rest = chain.quantity - chain.filled - chain.cancelled
            ours = (order.quantity, order.filled, order.cancelled, order.remaining)
            theirs = (chain.quantity, chain.filled, chain.cancelled, rest)
            if ours != theirs:
                wrong.append(f"I3: order {first}: quantity, filled, cancelled, rest {ours}, ledger {theirs}")
            if min(ours) < 0 or sum(ours[1:]) != ours[0]:
                wrong.append(f"I3: order {first} does not add up: {ours}")
            told = sum(
                fill.quantity for fill in self._desk.orders.fills if fill.order_number in chain.numbers
            )
            if told > chain.filled:
                wrong.append(f"I3: order {first} shows {told} executed shares, ledger {chain.filled}")
        return wrong

    def _positions(self, recorded: dict[str, _Recorded]) -> list[str]:
        expected = Counter(self._held)
        for chain in recorded.values():
            expected[chain.symbol] += chain.sign * chain.filled
        now = self._holdings()
        return [
            f"I4: {now.get(symbol, 0)} shares of {symbol}, must be {quantity}"
            for symbol, quantity in expected.items()
            if now.get(symbol, 0) != quantity
        ]

    def _holdings(self) -> dict[str, int]:
        return {position.symbol: position.quantity for position in self._desk.portfolio.positions}
