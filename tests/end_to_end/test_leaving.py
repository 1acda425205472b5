"""The end that nobody is asked about: a signal while orders stand at the broker (SAFETY case 78)."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from kis_terminal.domain.orders import OrderKind, OrderStatus, Origin, Side
from kis_terminal.settings import SIM_ACCOUNT
from tests.end_to_end.conftest import OpenTerminal, StartProgram
from tests.end_to_end.program import wait_until

LISTING = "/uapi/domestic-stock/v1/trading/inquire-daily-ccld"


def listings(control: httpx.Client) -> int:
    """Return how often the order list was asked for."""
    events: list[dict[str, Any]] = control.get("/control/log", params={"kind": "request"}).json()
    return sum(event.get("path") == LISTING for event in events)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
def test_sigterm_asks_nothing_ends_in_time_and_the_log_names_what_stays(
    start_program: StartProgram, terminal_home: Path
) -> None:
    program = start_program()
    address = program.ready()
    log = terminal_home / "logs" / "kis-terminal.log"
    base = str(address["control"]).removesuffix("/control")
    headers = {"authorization": f"Bearer {address['control_token']}"}
    with httpx.Client(base_url=base, headers=headers, trust_env=False) as control:
        wait_until(lambda: listings(control) > 0)
        placed = control.post(
            "/control/orders",
            json={
                "account": SIM_ACCOUNT,
                "side": "buy",
                "symbol": "005930",
                "quantity": 3,
                "price": 60_000,
            },
        ).json()
        assert placed.get("accepted"), placed
        before = listings(control)
        wait_until(lambda: listings(control) > before, 60)
    time.sleep(1.0)  # until that answer is carried in, which nobody outside can see

    begun = time.monotonic()
    program.send(signal.SIGTERM)
    ended = program.wait()

    assert ended.code == 0, ended.err
    assert time.monotonic() - begun < 10
    assert f"order {placed['number']} stays at the broker: 005930 buy 3 @ 60,000" in log.read_text("utf-8")


def test_case_78_the_end_of_the_session_asks_nothing_and_names_what_stays(
    open_terminal: OpenTerminal, caplog: pytest.LogCaptureFixture
) -> None:
    """Cause: the window answered the system's farewell with a question, which kept the machine from going."""
    person = open_terminal()
    terminal = person.terminal
    terminal.risk_gate.limits = replace(terminal.risk_gate.limits, soft_collar_percent=Decimal(100))
    price = terminal.market_data.state("005930").lower_limit
    assert price is not None
    key = terminal.orders.submit_soon(
        terminal.orders.new_request("005930", Side.BUY, OrderKind.LIMIT, 1, price, origin=Origin.ORDER_ENTRY)
    )
    person.until(
        lambda: (order := terminal.orders.get(key)) is not None and order.status is not OrderStatus.CREATED
    )
    terminal.session_ends()  # while its answer may be on its way

    order = terminal.orders.get(key)
    assert order is not None
    # Sent and answered, or kept here: never left without an answer.
    assert order.status in (OrderStatus.ACCEPTED, OrderStatus.REJECTED), order.reason
    stays = f"order {order.order_number} stays at the broker"
    assert (stays in caplog.text) is (order.status is OrderStatus.ACCEPTED)
    assert not terminal.window.isVisible()
    assert not terminal.window.closing_sheet.isVisible()
    assert "the session of the operating system ends" in caplog.text
