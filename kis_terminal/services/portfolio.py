"""Positions and cash: the broker's listing, carried on by fills until the next listing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from kis_terminal.domain.account import Balance, Position
from kis_terminal.domain.costs import trade_costs
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.instruments import Instrument, Market
from kis_terminal.domain.orders import ExecutionNotice, Side
from kis_terminal.domain.sentences import sentence_of
from kis_terminal.ports import Broker, Clock
from kis_terminal.services.hub import Topic
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_REFRESH_GAP = 0.3
_RETRY_SECONDS = 3.0
_PROFIT_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class PositionView:
    """One position valued at the latest price; amounts in won, rates in percent."""

    position: Position
    price: Decimal
    value: Decimal
    profit: Decimal
    """평가손익 before costs."""
    profit_rate: Decimal
    profit_after_costs: Decimal
    """As if sold now: both commissions and the sale's tax paid."""


class Portfolio:
    """Own positions and cash. Topics: `changed` (no details: read again), `listed` (the broker's word)."""

    def __init__(
        self,
        broker: Broker,
        market_data: MarketData,
        instruments: Instruments,
        clock: Clock,
        scope: TaskScope,
    ) -> None:
        self._broker = broker
        self._market_data = market_data
        self._instruments = instruments
        self._clock = clock
        self._scope = scope
        self._positions: dict[str, Position] = {}
        self._realised: dict[str, Decimal] = {}
        self._profit_at_start: Decimal | None = None
        self._profit_now: tuple[float, Decimal] | None = None
        """When the day's profit was reckoned last, and what it was."""
        self._is_refreshing = False
        self._wants_refresh = False
        self.balance: Balance | None = None
        """The last complete listing, None before the first one."""
        self.error = ""
        """Why the last refresh failed, empty when it did not."""
        self.cash_d2: Decimal | None = None
        self.changed: Topic[None] = Topic("portfolio")
        self.listed: Topic[None] = Topic("account listed")
        self.is_unsettled: Callable[[], bool] = lambda: False
        """Whether prices and numbers of shares may be of two days, see `ShareChanges`."""

    @property
    def positions(self) -> tuple[Position, ...]:
        """Return holdings with shares, in the broker's order."""
        return tuple(item for item in self._positions.values() if item.quantity > 0)

    @property
    def cash_available(self) -> Decimal | None:
        """Return the won that can be spent (D+2 cash), None when not known."""
        return self.cash_d2

    def sellable(self, symbol: str) -> int | None:
        """Return shares that can be sold, None when the account is not known."""
        if self.balance is None:
            return None
        position = self._positions.get(symbol)
        return position.sellable if position is not None else 0

    def position(self, symbol: str) -> Position | None:
        """Return the holding of a symbol."""
        position = self._positions.get(symbol)
        return position if position is not None and position.quantity > 0 else None

    def realised_today(self, symbol: str | None = None) -> Decimal:
        """Return won that sales brought against average price, costs taken off: of today, while we ran.

        KIS's own listing of realised profit exists for real accounts only, so it is reckoned from fills.
        """
        if symbol is None:
            return sum(self._realised.values(), Decimal(0))
        return self._realised.get(symbol, Decimal(0))

    @property
    def day_profit(self) -> Decimal | None:
        """Return won gained since the day (or this program) began: sales and holdings, costs taken off.

        None while the account is not known. Every order asks, so that it is a quarter of a second old at most
        rather than reckoned over all positions each time.
        """
        if self._profit_at_start is None or self.is_unsettled():
            return None
        now = self._clock.monotonic()
        if self._profit_now is None or now - self._profit_now[0] > _PROFIT_SECONDS:
            profit = self.realised_today() + self._unrealised() - self._profit_at_start
            self._profit_now = (now, profit)
        return self._profit_now[1]

    def _unrealised(self) -> Decimal:
        return sum((self.view(item).profit_after_costs for item in self.positions), Decimal(0))

    def view(self, position: Position) -> PositionView:
        """Value a position at the latest price known."""
        price = self._market_data.state(position.symbol).price or position.price
        value = price * position.quantity
        cost = position.average_price * position.quantity
        profit = value - cost
        rate = profit / cost * 100 if cost else Decimal(0)
        item = self._instrument(position.symbol)
        today = self._today()
        costs = (
            trade_costs(item, Side.BUY, cost, today).total + trade_costs(item, Side.SELL, value, today).total
        )
        return PositionView(position, price, value, profit, rate, profit - costs)

    def _instrument(self, symbol: str) -> Instrument:
        return self._instruments.get(symbol) or Instrument(symbol, symbol, Market.KOSPI)

    def _today(self) -> date:
        return self._clock.now().date()

    def begin_day(self) -> None:
        """Begin the day's sums at zero."""
        self._realised.clear()
        self._profit_at_start = None
        self._tell_changed()

    def count_profit_anew(self) -> None:
        """Let the day's profit go on from the sales so far: holdings were valued at prices of another day."""
        if self._profit_at_start is not None:
            self._profit_at_start = self._unrealised()
        self._tell_changed()

    def _tell_changed(self) -> None:
        self._profit_now = None
        self.changed.publish(None)

    def refresh_soon(self) -> None:
        """Ask the broker for the account; calls that come while one runs are joined into one more."""
        self._wants_refresh = True
        if not self._is_refreshing:
            self._is_refreshing = True
            self._scope.spawn(self._refresh_until_settled(), name="balance")

    async def _refresh_until_settled(self) -> None:
        try:
            while self._wants_refresh:
                self._wants_refresh = False
                try:
                    await self.refresh()
                except TerminalError as error:
                    # An error is not an empty account: what was known stays, with the reason beside it.
                    self.error = sentence_of(error)
                    log.warning("balance: %s", error)
                    self._tell_changed()
                    self._wants_refresh = True
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                await asyncio.sleep(_REFRESH_GAP)
        finally:
            self._is_refreshing = False

    async def refresh(self) -> None:
        """Fetch the complete account; raises TerminalError and then keeps what was known."""
        balance = await self._broker.balance()
        self.balance = balance
        self.error = ""
        self.cash_d2 = balance.cash_d2
        self._positions = {item.symbol: item for item in balance.positions}
        if self._profit_at_start is None:
            self._profit_at_start = self.realised_today() + self._unrealised()
        self.listed.publish(None)
        self._tell_changed()

    def take_fill(self, notice: ExecutionNotice) -> None:
        """Carry a fill in at once; the broker's listing that follows settles it."""
        if self.balance is None:
            return
        amount = notice.price * notice.quantity
        item = self._instrument(notice.symbol)
        costs = trade_costs(item, notice.side, amount, self._today()).total
        held = self._positions.get(notice.symbol)
        if notice.side is Side.BUY:
            quantity = (held.quantity if held else 0) + notice.quantity
            # Not the average times the shares: it is a rounded quotient, and fills would add up its error.
            cost = (held.cost if held else Decimal(0)) + amount
            average = cost / quantity
            self._positions[notice.symbol] = Position(
                symbol=notice.symbol,
                name=held.name if held else self._instruments.name(notice.symbol),
                quantity=quantity,
                sellable=(held.sellable if held else 0) + notice.quantity,
                average_price=average,
                price=notice.price,
                cost=cost,
                value=notice.price * quantity,
                bought_today=(held.bought_today if held else 0) + notice.quantity,
                sold_today=held.sold_today if held else 0,
            )
        elif held is not None:
            paid = held.average_price * notice.quantity
            bought = trade_costs(item, Side.BUY, paid, self._today()).total
            self._realised[notice.symbol] = (
                self.realised_today(notice.symbol) + amount - paid - costs - bought
            )
            quantity = max(0, held.quantity - notice.quantity)
            self._positions[notice.symbol] = replace(
                held,
                quantity=quantity,
                sellable=min(held.sellable, quantity),
                cost=held.average_price * quantity,
                value=notice.price * quantity,
                sold_today=held.sold_today + notice.quantity,
            )
        if self.cash_d2 is not None:
            self.cash_d2 += -amount - costs if notice.side is Side.BUY else amount - costs
        self._tell_changed()
        self.refresh_soon()
