"""One account at one broker, its market data, its instruments and how it is doing: `adapters/kis`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from kis_terminal.domain.account import Balance, BuyingPower
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.market import Bar, Interval, InvestorDay, OrderBook, Quote, RankRow, Tick
from kis_terminal.domain.orders import BrokerOrder, Order, OrderAccepted, OrderKind, OrderRequest
from kis_terminal.domain.other_orders import OtherOrder, Product


class QuoteSource(Protocol):
    """Market data on request."""

    async def quote(self, symbol: str) -> Quote: ...

    async def order_book(self, symbol: str) -> OrderBook: ...

    async def recent_ticks(self, symbol: str) -> Sequence[Tick]:
        """Return the last prints of today, oldest first (up to 30; fields a listing lacks are zero)."""
        ...

    async def daily_bars(
        self, symbol: str, start: date, end: date, interval: Interval, *, is_adjusted: bool
    ) -> Sequence[Bar]:
        """Return every day, week, month or year bar from `start` to `end`, oldest first; pages by itself."""
        ...

    async def minute_bars(self, symbol: str, day: date, since: int, until: int) -> Sequence[Bar]:
        """Return the one-minute bars of `day` from `since` to `until` (seconds of day), oldest first."""
        ...

    async def investor_days(self, symbol: str) -> Sequence[InvestorDay]: ...

    async def volume_rank(self) -> Sequence[RankRow]: ...

    async def is_open_day(self, day: date) -> bool: ...


LeavingCheck = Callable[[], None]
"""Asked in the last moment before a request leaves this machine; raises OrderRefused to keep it here."""


class Broker(QuoteSource, Protocol):
    """One account at one broker in one environment."""

    @property
    def environment(self) -> Environment: ...

    @property
    def account_label(self) -> str:
        """Return the account masked for display, e.g. `5000-01**-01`."""
        ...

    async def place(self, request: OrderRequest, *, leaving: LeavingCheck | None = None) -> OrderAccepted:
        """Send one order once, unless `leaving` forbids it after whatever it had to wait for.

        Raises OrderRefused when the broker refused for certain, RateLimited when it was turned away for rate
        before it was read, OutcomeUnknown in every other case that is not an acceptance.
        """
        ...

    async def amend(
        self,
        order: Order,
        kind: OrderKind,
        quantity: int,
        price: Decimal | None,
        *,
        leaving: LeavingCheck | None = None,
    ) -> OrderAccepted:
        """Change kind and price of the whole rest; asks `leaving` and raises as `place`."""
        ...

    async def cancel(self, order: Order) -> OrderAccepted:
        """Cancel the whole rest; raises as `place`."""
        ...

    async def orders(self, day: date) -> Sequence[BrokerOrder]:
        """Return the complete order list of `day`, oldest first, or raise: never a part of it."""
        ...

    async def balance(self) -> Balance:
        """Return the complete account or raise."""
        ...

    async def buying_power(self, symbol: str, kind: OrderKind, price: Decimal | None) -> BuyingPower: ...

    async def sellable(self, symbol: str) -> int: ...

    async def close(self) -> None: ...


class OtherOrders(Protocol):
    """Open orders of the same account beside the stocks of today: listed and cancelled, never sent."""

    @property
    def other_products(self) -> tuple[Product, ...]: ...

    async def open_others(self, product: Product) -> Sequence[OtherOrder]:
        """Return every open order of a product, or raise: never a part of them."""
        ...

    async def cancel_other(self, order: OtherOrder) -> None:
        """Cancel the whole rest; raises as `Broker.cancel`."""
        ...


class MasterSource(Protocol):
    """Today's list of instruments."""

    async def instruments(self) -> Sequence[Instrument]: ...


@dataclass(frozen=True, slots=True)
class BrokerHealth:
    """Figures for the status bar."""

    rest_milliseconds: float | None
    calls_available: int
    calls_limit: int
    token_expires_at: datetime | None
    clock_skew_seconds: float | None
    """Broker's clock minus ours."""
    last_frame_at: float | None
    """Clock.monotonic() of the last frame."""
    calls_usual: int = 0
    """Limit when KIS turned nothing away lately; 0 is not known."""
    calls_waiting: int = 0
    """Calls that wait for their turn."""
    is_always_open: bool = False
    """Whether the exchange said that it keeps no hours; only the embedded one does."""


class HealthSource(Protocol):
    """Who knows how the connection to the broker is doing."""

    def health(self) -> BrokerHealth: ...
