"""KIS's own example answers go through the adapter and give the values that a person reads in them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kis_terminal.adapters.kis.accounts import read_balance, read_buying_power, read_order
from kis_terminal.adapters.kis.answers import Answer
from kis_terminal.adapters.kis.auth import Authenticator
from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.kis.catalog import Api, Catalog
from kis_terminal.adapters.kis.charts import read_daily_bar, read_minute_bars
from kis_terminal.adapters.kis.environment import KST
from kis_terminal.adapters.kis.errors import Next, judge
from kis_terminal.adapters.kis.quotes import (
    read_investor_day,
    read_order_book,
    read_print,
    read_quote,
    read_rank,
)
from kis_terminal.adapters.kis.trading import read_accepted
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.orders import OrderKind, Side, Venue
from tests.adapters.kis.access import NO_LIMIT, QUICK, access_to
from tests.support.scripted_server import Reply, ScriptedServer, scripted_server
from tests.support.shared import shared_path

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=KST)
CATALOG = Catalog()


def body(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        shared_path(f"kis-api/samples/{name}.json").read_text(encoding="utf-8")
    )
    return content


def answer(name: str, function: str = "") -> Answer:
    api = CATALOG.api(f"domestic_stock.{function or name.replace('-', '_')}")
    return Answer(api, api.tr_ids[0].tr_id, body(name), "")


def test_quote() -> None:
    quote = read_quote("000660", answer("inquire-price").record("output"))

    assert (quote.price, quote.change, quote.change_rate) == (128500, 0, 0)
    assert (quote.open, quote.high, quote.low) == (128500, 130000, 128500)
    assert (quote.volume, quote.turnover) == (2669075, 344570137500)
    assert (quote.base_price, quote.upper_limit, quote.lower_limit) == (128500, 167000, 90000)
    assert (quote.high_52_weeks, quote.low_52_weeks) == (149500, 90500)
    assert (quote.per, quote.pbr) == (Decimal("19.67"), Decimal("1.72"))
    assert (quote.is_halted, quote.vi_state, quote.market_name) == (False, "N", "KOSPI200")


def test_order_book() -> None:
    sample = answer("inquire-asking-price-exp-ccn")
    book = read_order_book("000660", sample.record("output1"), sample.record("output2"))

    assert book.seconds == 16 * 3600
    assert book.asks[0] == (128000, 69454)
    assert book.asks[9] == (132500, 29126)
    assert book.bids[0] == (127500, 83147)
    assert book.bids[9] == (123000, 15773)
    assert (book.total_ask_size, book.total_bid_size) == (830005, 250849)
    assert book.expected_price is None  # the expected-price phase has ended (112)


def test_prints() -> None:
    rows = answer("inquire-ccnl").rows("output")
    tick = read_print("005930", rows[0])

    assert len(rows) == 2
    assert (tick.seconds, tick.price, tick.size) == (15 * 3600 + 59 * 60 + 55, 78900, 2)
    assert (tick.change, tick.change_rate, tick.strength) == (900, Decimal("1.15"), Decimal("114.05"))


def test_daily_bars() -> None:
    rows = answer("inquire-daily-itemchartprice").rows("output2")
    bar = read_daily_bar(rows[0])

    assert bar.start == datetime(2022, 5, 9, tzinfo=KST)
    assert bar[1:] == (107000, 109000, 106500, 107500, 2203472, 237914727500)


def test_minutes_of_past_days() -> None:
    rows = answer("inquire-time-dailychartprice").rows("output2")
    bars = read_minute_bars(date(2024, 11, 8), list(reversed(rows)))

    assert [bar.start.strftime("%H%M") for bar in bars] == ["1201", "1359", "1400"]
    assert bars[1][1:6] == (57400, 57500, 57300, 57300, 118619)
    assert bars[2].turnover == 538940180600 - 535556648100


def test_minutes_of_today() -> None:
    rows = answer("inquire-time-itemchartprice").rows("output2")
    bars = read_minute_bars(date(2022, 9, 2), rows)

    assert bars[0].start == datetime(2022, 9, 2, 10, 0, tzinfo=KST)
    assert bars[0][1:6] == (92400, 92500, 92400, 92500, 1383)


def test_investors() -> None:
    days = [read_investor_day(row) for row in answer("inquire-investor").rows("output")]

    assert days[0] == (date(2022, 1, 13), 129500, -287624, 797458, -503653)
    assert days[1] == (date(2022, 1, 12), 128500, -74249, -134600, 206812)


def test_volume_rank() -> None:
    ranks = [read_rank(row) for row in answer("volume-rank").rows("output")]

    assert ranks[0] == (
        1,
        "005930",
        "삼성전자",
        65100,
        -300,
        Decimal("-0.46"),
        8958147,
        584861890300,
    )
    assert (ranks[2].name, ranks[2].change) == ("LG디스플레이", 470)


def test_balance_joins_cash_and_loan_lines_of_one_symbol() -> None:
    sample = answer("inquire-balance")
    balance = read_balance(sample.rows("output1"), sample.rows("output2")[-1], NOW)

    assert len(balance.positions) == 1
    position = balance.positions[0]
    assert (position.symbol, position.name) == ("009150", "삼성전기")
    assert (position.quantity, position.sellable) == (1660, 1614)
    assert position.cost == 224424497 + 369000
    assert position.average_price == position.cost / 1660
    assert (position.bought_today, position.sold_today) == (1686, 41)
    assert (balance.cash, balance.cash_d1, balance.cash_d2) == (346455, 346455, 346455)
    assert (balance.total_value, balance.fees_today) == (2106055, 0)


def test_orders() -> None:
    orders = [read_order(row) for row in answer("inquire-daily-ccld").rows("output1")]

    first = orders[0]
    assert (first.order_number, first.original_number, first.branch_number) == ("0001568197", "", "06010")
    assert (first.symbol, first.name, first.side) == ("009150", "삼성전기", Side.BUY)
    assert (first.kind, first.venue) == (OrderKind.LIMIT, Venue.KRX)
    assert (first.quantity, first.price, first.filled, first.average_price) == (10, 150000, 0, None)
    assert (first.remaining, first.cancelled, first.rejected, first.is_cancel) == (0, 0, 10, False)
    assert first.ordered_at == datetime(2022, 1, 3, 17, 1, 0, tzinfo=KST)


def test_buying_power() -> None:
    power = read_buying_power(answer("inquire-psbl-order").record("output"))

    assert (power.amount, power.quantity, power.cash) == (107177377, 1531, 741191178)


def test_sellable_shares() -> None:
    assert answer("inquire-psbl-sell").record("output").integer("ord_psbl_qty") == 1744


def test_accepted_order() -> None:
    accepted = read_accepted(answer("order-cash"))

    assert (accepted.order_number, accepted.branch_number, accepted.time_of_day) == (
        "0001569157",
        "06010",
        "155211",
    )


@asynccontextmanager
async def broker_on_samples(**replies: str) -> AsyncIterator[tuple[KisBroker, ScriptedServer]]:
    async with scripted_server() as server:
        for path, name in replies.items():
            server.on(path.replace("_", "-"), Reply(200, body(name)))
        broker = KisBroker(
            access_to(server.url, Environment.REAL), SystemClock(), limits=NO_LIMIT, patience=QUICK
        )
        try:
            yield broker, server
        finally:
            await broker.close()


async def test_open_days() -> None:
    async with broker_on_samples(chk_holiday="chk-holiday") as (broker, server):
        assert await broker.is_open_day(date(2022, 12, 27))
        assert not await broker.is_open_day(date(2022, 12, 30))
        assert not await broker.is_open_day(date(2023, 1, 1))
        assert server.count("chk-holiday") == 1


async def test_whole_methods_over_http() -> None:
    paths = {
        "inquire_balance": "inquire-balance",
        "inquire_daily_ccld": "inquire-daily-ccld",
        "inquire_psbl_order": "inquire-psbl-order",
        "inquire_price": "inquire-price",
        "inquire_ccnl": "inquire-ccnl",
    }
    async with broker_on_samples(**paths) as (broker, server):
        assert (await broker.quote("000660")).price == 128500
        assert [tick.seconds for tick in await broker.recent_ticks("005930")] == [57575, 57595]
        assert (await broker.balance()).cash == 346455
        orders = await broker.orders(date(2022, 1, 3))
        power = await broker.buying_power("005930", OrderKind.LIMIT, Decimal(70000))

        assert [order.order_number for order in orders] == ["0001568196", "0001568197"]
        assert power.quantity == 1531
        assert server.requests[-1].query["ORD_UNPR"] == "70000"


async def test_token_and_approval_key() -> None:
    replies = {"/oauth2/tokenP": body("auth-tokenP"), "/oauth2/Approval": body("auth-Approval")}

    async def post(path: str, sent: Any) -> tuple[int, Any]:
        return 200, replies[path]

    class OfThatDay(SystemClock):
        def now(self) -> datetime:
            return datetime(2023, 12, 21, 9, 0, tzinfo=KST)

    auth = Authenticator(access_to("http://x"), post, OfThatDay(), store=None, token_pause=0)

    assert (await auth.token()).startswith("eyJ")
    assert auth.expires_at == datetime(2023, 12, 22, 8, 16, 59, tzinfo=KST)
    assert await auth.approval_key() == "a2585daf-8c09-4587-9fce-8ab893XXXXX"
    await auth.close()


def sample_rows() -> dict[str, tuple[str, str]]:
    """Return sample name -> (path, TR id) as the list of sources gives them."""
    text = shared_path("kis-api/samples/SOURCES.md").read_text(encoding="utf-8")
    rows: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[0].endswith(".json") and cells[2].startswith("/"):
            rows[cells[0].removesuffix(".json")] = (cells[2], cells[3])
    return rows


def api_of(path: str, tr_ids: str) -> Api | None:
    for entry in CATALOG.entries:
        if entry.path == path and not entry.is_stream and any(tr_id in tr_ids for tr_id in entry.tr_ids):
            return CATALOG.api(entry.id)
    return None


def test_every_other_body_goes_through_the_generic_decoding() -> None:
    rows = sample_rows()
    folder: Path = shared_path("kis-api/samples")
    names = {path.stem for path in folder.glob("*.json")} - {"errors"}
    assert names == set(rows)

    for name, (path, tr_ids) in rows.items():
        content = body(name)
        assert judge(200, content).next is Next.ACCEPT, name
        if path.startswith("/oauth2"):
            continue
        api = api_of(path, tr_ids)
        assert api is not None, name
        decoded = Answer(api, tr_ids, content, "")
        blocks = {key: value for key, value in content.items() if key.lower().startswith("output")}
        assert blocks, name
        for key, value in blocks.items():
            wanted = len([row for row in value if row]) if isinstance(value, list) else 1
            assert len(decoded.rows(key)) == wanted, (name, key)
            assert api.block(key).key.lower() == key.lower()
        for key, value in content.items():
            if key.startswith("ctx_area"):
                assert decoded.value_at(key) == value, (name, key)


@pytest.mark.parametrize(
    ("name", "block", "field", "value"),
    [
        ("overseas-price", "output", "last", None),
        ("futureoption-inquire-price", "output1", "futs_prpr", None),
        ("bond-inquire-price", "output", "bond_prpr", None),
        ("etfetn-inquire-price", "output", "nav", None),
        ("search-stock-info", "output", "std_pdno", "KR7000660001"),
    ],
)
def test_fields_of_other_products_are_read_by_name(
    name: str, block: str, field: str, value: str | None
) -> None:
    path, tr_ids = sample_rows()[name]
    api = api_of(path, tr_ids)
    assert api is not None
    row = Answer(api, tr_ids, body(name), "").record(block)

    if value is None:
        assert row.number(field) > 0
    else:
        assert row.text(field) == value
