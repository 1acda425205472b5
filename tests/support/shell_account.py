"""An account as the commands of a shell see it: a settings file, orders at an exchange, its ledger."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.simulator.process import ExchangeAddress
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.instruments import round_down_to_tick
from kis_terminal.domain.orders import OrderKind, OrderRequest, Origin, Side, Venue
from kis_terminal.ports import Cache, Stream
from kis_terminal.settings import HomePaths, KisAccess, Secret
from kis_terminal.trading_core import TradingCore
from tests.support.trading_desk import until

SAMSUNG = "005930"
_FAR = Decimal("0.9")
"""Bought so far under the price that it stays open."""


@dataclass(frozen=True, slots=True)
class ShellAccount:
    """Keys of one person, each a canary, at one host of a running exchange."""

    environment: Environment = Environment.PAPER

    appkey: str = field(default_factory=lambda: f"PScanary{secrets.token_hex(14)}")
    appsecret: str = field(default_factory=lambda: f"canary{secrets.token_hex(87)}")
    number: str = field(default_factory=lambda: f"68{secrets.randbelow(10**6):06d}")

    @property
    def secrets(self) -> tuple[str, str, str]:
        """Return what must never be printed."""
        return self.appkey, self.appsecret, self.number

    def write(self, path: Path, rest: str, ws: str) -> Path:
        """Write a settings file that only its owner reads."""
        is_paper = self.environment is Environment.PAPER
        names = ("paper_app", "paper_sec", "my_paper_stock", "vps", "vops")
        if not is_paper:
            names = ("my_app", "my_sec", "my_acct_stock", "prod", "ops")
        values = (self.appkey, self.appsecret, self.number, rest, ws)
        lines = [f'{name}: "{value}"' for name, value in zip(names, values, strict=True)]
        path.write_text("\n".join([*lines, 'my_htsid: "canary"', 'my_prod: "01"', ""]), encoding="utf-8")
        path.chmod(0o600)
        return path

    def hosts(self, exchange: ExchangeAddress) -> tuple[str, str]:
        """Return where REST and WebSocket of this environment listen."""
        if self.environment is Environment.PAPER:
            return exchange.paper_rest, exchange.paper_ws
        return exchange.rest, exchange.ws

    def access(self, exchange: ExchangeAddress, *, is_other_program: bool = False) -> KisAccess:
        """Return access with these keys, or with those of another program of the same person."""
        rest, ws = self.hosts(exchange)
        return KisAccess(
            environment=self.environment,
            rest_url=rest,
            ws_url=ws,
            master_url=f"{rest}/common/master",
            appkey=Secret(secrets.token_hex(18) if is_other_program else self.appkey),
            appsecret=Secret(self.appsecret),
            hts_id=f"h{self.number[-6:]}",
            cano=self.number,
            product="01",
        )


async def place_elsewhere(access: KisAccess, count: int) -> list[str]:
    """Let another program place `count` orders that stay open; return their numbers."""
    broker = KisBroker(access, SystemClock())
    try:
        price = (await broker.quote(SAMSUNG)).price
        far = round_down_to_tick(price * _FAR)
        requests = [_request(quantity + 1, far) for quantity in range(count)]
        return [(await broker.place(request)).order_number for request in requests]
    finally:
        await broker.close()


def _request(quantity: int, price: Decimal) -> OrderRequest:
    return OrderRequest(
        secrets.token_hex(8),
        SAMSUNG,
        Side.BUY,
        OrderKind.LIMIT,
        quantity,
        price,
        Venue.KRX,
        Origin.ELSEWHERE,
    )


@asynccontextmanager
async def open_core(
    access: KisAccess, home: Path, *, cache: Cache | None = None
) -> AsyncIterator[TradingCore]:
    """Open the account as the window does, ready to trade Samsung; `cache` is shared with others."""
    core = TradingCore(
        access,
        HomePaths.under(home, access.environment),
        on_secret=lambda secret: None,
        on_failure=None,
        tell=lambda grade, words: None,
        cache=cache,
    )
    await core.open()
    try:
        watching = core.market_data.watch(SAMSUNG, Stream.TICKS)
        state = core.market_data.state(SAMSUNG)
        await until(lambda: core.orders.is_reconciled and core.portfolio.balance is not None, 20.0)
        await until(lambda: state.upper_limit is not None and len(core.instruments) > 0, 20.0)
        await until(lambda: core.market_data.market_seconds() is not None, 20.0)
        core.risk_gate.arm(is_armed=True)
        yield core
        watching.close()
    finally:
        await core.close()


async def submit(core: TradingCore, quantity: int) -> str:
    """Send an order that stays open from a window; return its key."""
    price = core.market_data.state(SAMSUNG).price
    assert price is not None
    far = round_down_to_tick(price * _FAR)
    request = core.orders.new_request(SAMSUNG, Side.BUY, OrderKind.LIMIT, quantity, far, origin=Origin.LADDER)
    return (await core.orders.submit(request)).key


def ledger(exchange: ExchangeAddress, number: str) -> list[dict[str, Any]]:
    """Return what the exchange has written of one account."""
    headers = {"authorization": f"Bearer {exchange.control_token}"}
    with httpx.Client(base_url=exchange.control, headers=headers, trust_env=False) as client:
        answer = client.get("/ledger")
        assert answer.status_code == 200, answer.text
        return [entry for entry in answer.json() if entry["account"] == number]


def open_numbers(entries: Sequence[dict[str, Any]]) -> list[str]:
    """Return the numbers that the ledger says are open; for orders that never fill or change."""
    accepted = [entry["order_no"] for entry in entries if entry["kind"] == "accepted"]
    ended = {
        number
        for entry in entries
        if entry["kind"] in ("cancelled", "expired")
        for number in (entry["order_no"], entry["original_no"])
    }
    assert not any(entry["kind"] == "filled" for entry in entries), "the market came too near"
    return [number for number in accepted if number not in ended]
