"""KIS's REST side as `ports.Broker` and `ports.HealthSource`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from kis_terminal.adapters.kis.accounts import Accounts
from kis_terminal.adapters.kis.answers import CallResult
from kis_terminal.adapters.kis.catalog import Catalog
from kis_terminal.adapters.kis.charts import Charts
from kis_terminal.adapters.kis.client import KisClient, Patience
from kis_terminal.adapters.kis.environment import Access, Limits
from kis_terminal.adapters.kis.master import MasterFiles
from kis_terminal.adapters.kis.other_products import OtherProducts
from kis_terminal.adapters.kis.quotes import Quotes
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.adapters.kis.tap import WireTap
from kis_terminal.adapters.kis.token_store import TokenStore
from kis_terminal.adapters.kis.trading import Trading
from kis_terminal.domain.account import Balance, BuyingPower
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.market import Bar, Interval, InvestorDay, OrderBook, Quote, RankRow, Tick
from kis_terminal.domain.orders import BrokerOrder, Order, OrderAccepted, OrderKind, OrderRequest
from kis_terminal.domain.other_orders import OtherOrder, Product
from kis_terminal.ports import BrokerHealth, Cache, Clock, LeavingCheck


class KisBroker:
    """One account in one environment."""

    def __init__(
        self,
        access: Access,
        clock: Clock,
        *,
        token_folder: Path | None = None,
        catalog: Catalog | None = None,
        limits: Limits | None = None,
        patience: Patience | None = None,
        on_secret: Callable[[str], None] | None = None,
        tap: WireTap | None = None,
        cache: Cache | None = None,
    ) -> None:
        """`token_folder` None keeps tokens in memory; the embedded exchange's die with it anyway.

        `on_secret` is told every token and approval key, so that the log can hide it. `cache` is shared with
        other programs of the app key; whoever made it closes it.
        """
        is_stored = token_folder is not None and access.environment is not Environment.SIM
        store = (
            TokenStore(token_folder, access.environment, access.appkey.reveal())
            if token_folder is not None and is_stored
            else None
        )
        self.client = KisClient(
            access,
            clock,
            catalog=catalog,
            store=store,
            limits=limits,
            patience=patience,
            on_secret=on_secret,
            tap=tap,
            cache=cache,
        )
        self._clock = clock
        self._quotes = Quotes(self.client)
        self._charts = Charts(self.client, clock)
        self._trading = Trading(self.client)
        self._accounts = Accounts(self.client, clock)
        self._other_products = OtherProducts(self.client)

    @property
    def environment(self) -> Environment:
        return self.client.access.environment

    @property
    def account_label(self) -> str:
        return self.client.access.account_label

    def health(self) -> BrokerHealth:
        """Return the figures of the REST side; `last_frame_at` is the feed's to know."""
        return self.client.health()

    async def open(self) -> None:
        """Get a token and an open connection before they are needed; raises as any query."""
        await self.client.warm_up()

    async def approval_key(self, *, fresh: bool = False) -> str:
        """Return the key that opens a WebSocket session; `fresh` after KIS refused the last one."""
        return await self.client.auth.approval_key(fresh=fresh)

    async def call(
        self,
        api_id: str,
        pages: int = 1,
        *,
        priority: Priority = Priority.QUOTE,
        **parameters: str,
    ) -> CallResult:
        """Send any call of the catalogue that changes no order; see `KisClient.call`."""
        return await self.client.call(api_id, pages, allow_orders=False, priority=priority, **parameters)

    def master(self, folder: Path | None) -> MasterFiles:
        """Return the source of today's instruments; `folder` keeps its last good files."""
        access = self.client.access
        kept_in = None if access.environment is Environment.SIM else folder
        return MasterFiles(access.master_url, self.client.download, self._clock, folder=kept_in)

    async def close(self) -> None:
        await self.client.close()

    # -- market data

    async def quote(self, symbol: str) -> Quote:
        return await self._quotes.quote(symbol)

    async def order_book(self, symbol: str) -> OrderBook:
        return await self._quotes.order_book(symbol)

    async def recent_ticks(self, symbol: str) -> Sequence[Tick]:
        return await self._quotes.recent_ticks(symbol)

    async def daily_bars(
        self, symbol: str, start: date, end: date, interval: Interval, *, is_adjusted: bool
    ) -> Sequence[Bar]:
        return await self._charts.daily_bars(symbol, start, end, interval, is_adjusted=is_adjusted)

    async def minute_bars(self, symbol: str, day: date, since: int, until: int) -> Sequence[Bar]:
        return await self._charts.minute_bars(symbol, day, since, until)

    async def investor_days(self, symbol: str) -> Sequence[InvestorDay]:
        return await self._quotes.investor_days(symbol)

    async def volume_rank(self) -> Sequence[RankRow]:
        return await self._quotes.volume_rank()

    async def is_open_day(self, day: date) -> bool:
        return await self._quotes.is_open_day(day)

    # -- orders

    async def place(self, request: OrderRequest, *, leaving: LeavingCheck | None = None) -> OrderAccepted:
        return await self._trading.place(request, leaving=leaving)

    async def amend(
        self,
        order: Order,
        kind: OrderKind,
        quantity: int,
        price: Decimal | None,
        *,
        leaving: LeavingCheck | None = None,
    ) -> OrderAccepted:
        return await self._trading.amend(order, kind, quantity, price, leaving=leaving)

    async def cancel(self, order: Order) -> OrderAccepted:
        return await self._trading.cancel(order)

    # -- orders of other products

    @property
    def other_products(self) -> tuple[Product, ...]:
        return self._other_products.products

    async def open_others(self, product: Product) -> Sequence[OtherOrder]:
        return await self._other_products.open_orders(product)

    async def cancel_other(self, order: OtherOrder) -> None:
        await self._other_products.cancel(order)

    # -- account

    async def orders(self, day: date) -> Sequence[BrokerOrder]:
        return await self._accounts.orders(day)

    async def balance(self) -> Balance:
        return await self._accounts.balance()

    async def buying_power(self, symbol: str, kind: OrderKind, price: Decimal | None) -> BuyingPower:
        return await self._accounts.buying_power(symbol, kind, price)

    async def sellable(self, symbol: str) -> int:
        return await self._accounts.sellable(symbol)
