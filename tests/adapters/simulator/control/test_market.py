"""The control calls that act on the market, over loopback."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from kis_terminal.adapters.simulator.server import SimulatorServer
from tests.adapters.simulator.wire_client import (
    ACCOUNT,
    TRADING,
    RestClient,
    command,
    frame_of,
    logged_in,
    running,
    socket_to,
)

SYMBOL = "005930"
ORDER = {"account": "50000101", "side": "buy", "symbol": SYMBOL, "kind": "00", "quantity": 3}


@dataclass
class Bench:
    server: SimulatorServer
    client: RestClient

    async def ask(self, path: str, body: Any) -> tuple[int, Any]:
        headers = self.server.control_headers
        answer = await self.client.http.post(f"/control{path}", json=body, headers=headers)
        return answer.status_code, answer.json()


async def test_an_order_from_elsewhere_is_placed_amended_and_cancelled() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        bench = Bench(server, client)
        low = server.venue.exchange.quote(SYMBOL).lower_limit
        _, placed = await bench.ask("/orders", {**ORDER, "price": low})
        tick = server.venue.exchange.quote(SYMBOL).tick_size
        body = {"action": "amend", "account": "50000101", "number": placed["number"], "price": low + tick}
        _, amended = await bench.ask("/orders", body)
        body = {"action": "cancel", "account": "50000101", "number": amended["number"]}
        _, cancelled = await bench.ask("/orders", body)
        _, refused = await bench.ask("/orders", body)
        keys = {"INQR_STRT_DT": "20000101", "INQR_END_DT": "20991231", "SLL_BUY_DVSN_CD": "00"}
        keys |= {"CCLD_DVSN": "00", "INQR_DVSN": "01", "INQR_DVSN_3": "00"}
        listed = await client.get(f"{TRADING}/inquire-daily-ccld", "TTTC0081R", {**ACCOUNT, **keys})
        ledger = server.venue.exchange.ledger.to_json()

    assert [one["accepted"] for one in (placed, amended, cancelled, refused)] == [True, True, True, False]
    assert refused["reason"]
    numbers = [row["odno"] for row in listed.json()["output1"]]
    assert numbers == [placed["number"], amended["number"], cancelled["number"]]
    assert {(entry["kind"], entry["by"]) for entry in ledger} == {
        ("accepted", "hts"),
        ("amended", "hts"),
        ("cancelled", "hts"),
    }


async def test_halts_interruptions_and_the_circuit_breaker() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        bench = Bench(server, client)
        exchange = server.venue.exchange
        halted = await bench.ask("/halts", {"symbol": SYMBOL})
        held = exchange.quote(SYMBOL).is_halted
        resumed = await bench.ask("/halts", {"symbol": SYMBOL, "halted": False})
        tripped = await bench.ask("/vi", {"symbol": "000660"})
        again = await bench.ask("/vi", {"symbol": "000660"})
        broken = await bench.ask("/circuit-breaker", {"stage": 1, "market": "KOSDAQ"})
        stopped = (exchange.quote("247540").is_halted, exchange.quote("035420").is_halted)

    assert (halted, held) == ((200, {"symbol": SYMBOL, "halted": True}), True)
    assert resumed == (200, {"symbol": SYMBOL, "halted": False})
    assert (tripped[1]["interrupted"], again[1]["interrupted"]) == (True, False)
    assert broken == (200, {"stage": 1, "market": "KOSDAQ"})
    assert stopped == (True, False)


async def test_only_the_market_that_breaks_is_told_so() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        approval = await client.approval()
        async with socket_to(server) as socket:
            for symbol in (SYMBOL, "247540"):
                await socket.send(command(approval, "H0STMKO0", symbol))
            await Bench(server, client).ask("/circuit-breaker", {"stage": 1, "market": "KOSDAQ"})
            told = [("", "112")]
            while told[-1][1] == "112":  # how the day began
                fields = (await frame_of(socket, "H0STMKO0"))[3].split("^")
                told.append((fields[0], fields[3]))

    assert told[-1] == ("247540", "174")


async def test_capital_changes_come_with_the_next_day() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        bench = Bench(server, client)
        exchange = server.venue.exchange
        split = await bench.ask("/corporate-actions", {"symbol": SYMBOL, "new": 5})
        listed = await bench.ask(
            "/listings", {"action": "list", "symbol": "999990", "name": "새싹", "price": 12_000}
        )
        gone = await bench.ask("/listings", {"action": "delist", "symbol": "000100"})
        before = exchange.listing(SYMBOL)
        exchange.advance(server.venue.now() + timedelta(days=1))
        after, new = exchange.listing(SYMBOL), exchange.listing("999990")

        assert [status for status, _ in (split, listed, gone)] == [200, 200, 200]
        assert before is not None
        assert after is not None
        assert after.listed_shares == 5 * before.listed_shares
        assert new is not None
        assert new.name == "새싹"
        assert exchange.listing("000100") is None


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/orders", {**ORDER, "symbol": "999999"}, "symbol"),
        ("/orders", {**ORDER, "side": "both"}, "side"),
        ("/orders", {**ORDER, "kind": "99"}, "kind"),
        ("/orders", {**ORDER, "quantity": 0}, "quantity"),
        ("/orders", {**ORDER, "quantity": "3"}, "quantity"),
        ("/orders", {**ORDER, "quantity": True}, "quantity"),
        ("/orders", {**ORDER, "price": -1}, "price"),
        ("/orders", {**ORDER, "account": "1"}, "account"),
        ("/orders", {**ORDER, "host": "sim"}, "host"),
        ("/orders", {**ORDER, "venue": "XKRX"}, "venue"),
        ("/orders", {**ORDER, "colour": "red"}, "colour"),
        ("/orders", {**ORDER, "action": "buy"}, "action"),
        ("/orders", {"action": "cancel", "account": "50000101"}, "number"),
        ("/orders", {"action": "cancel", "account": "50000101", "number": "x"}, "number"),
        ("/halts", {"symbol": SYMBOL, "halted": "yes"}, "halted"),
        ("/halts", {}, "symbol"),
        ("/vi", {"symbol": 5930}, "symbol"),
        ("/circuit-breaker", {"stage": 4}, "stage"),
        ("/circuit-breaker", {"stage": 1, "market": "NASDAQ"}, "market"),
        ("/corporate-actions", {"symbol": SYMBOL, "new": 1}, "new"),
        ("/corporate-actions", {"symbol": SYMBOL, "new": 5, "action": "merge"}, "action"),
        ("/listings", {"action": "list", "symbol": SYMBOL, "name": "가", "price": 1000}, "listed already"),
        ("/listings", {"action": "list", "symbol": "99", "name": "가", "price": 1000}, "symbol"),
        ("/listings", {"action": "list", "symbol": "999990", "name": " ", "price": 1000}, "name"),
        ("/listings", {"action": "list", "symbol": "999990", "name": "가", "price": 12_345}, "tick"),
        ("/listings", {"action": "delist", "symbol": "999999"}, "symbol"),
        ("/listings", {"symbol": SYMBOL}, "action"),
    ],
)
async def test_what_cannot_be_done_is_said_plainly(path: str, body: Any, word: str) -> None:
    async with running(is_limited=False, load_ticks=1) as server, logged_in(server) as client:
        status, answer = await Bench(server, client).ask(path, body)

    assert status == 400
    assert word in answer["error"]
