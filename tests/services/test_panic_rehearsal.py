"""What the window reads of a rehearsal: only what says of itself that it is one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from kis_terminal.domain.errors import TerminalError
from kis_terminal.services.panic import PanicOutcome
from kis_terminal.services.panic_rehearsal import PanicRehearsal, RehearsalReport, read_rehearsal
from kis_terminal.services.tasks import TaskScope


def told_order(number: str, outcome: str, product: str = "") -> dict[str, Any]:
    """Return an order as the command tells it."""
    return {
        "time": "2026-11-23T12:46:26+09:00",
        "order_number": number,
        "symbol": "005930",
        "name": "삼성전자",
        "side": "buy",
        "kind": "limit",
        "venue": "NXT",
        "quantity": 3,
        "price": "77000",
        "filled": 0,
        "cancelled": 3,
        "status": "cancelled",
        "origin": "elsewhere",
        "product": product,
        "outcome": outcome,
        "outcome_reason": "",
        "outcome_at": "2026-11-23T12:46:36.489+09:00",
    }


def told(**changes: object) -> str:
    """Return a rehearsal as the command tells it."""
    value = {
        "rehearsal": True,
        "started_at": "2026-11-23T12:46:24.201+09:00",
        "is_proven": True,
        "has_passed": True,
        "verdict": "연습을 마쳤습니다.",
        "figures": ["주문 잠금까지 1.5 ms"],
        "orders": [told_order("40001", "cancelled"), told_order("3001", "filled", "장내채권")],
    }
    return json.dumps({**value, **changes})


def test_the_object_becomes_a_report() -> None:
    report = read_rehearsal(told())

    assert report.has_passed
    assert report.figures == ("주문 잠금까지 1.5 ms",)
    assert report.panic is not None
    assert report.panic.is_proven
    assert [line.outcome for line in report.panic.lines] == [PanicOutcome.CANCELLED, PanicOutcome.FILLED]
    assert report.panic.lines[1].product == "장내채권"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "{}",
        told(rehearsal=False),
        told(rehearsal="yes"),
        told(orders=[{}]),
        told(orders=[told_order("1", "sold")]),
        told(orders=[{**told_order("1", "filled"), "price": "many"}]),
        told(started_at="yesterday"),
    ],
)
def test_what_is_no_rehearsal_is_not_shown_as_one(text: str) -> None:
    with pytest.raises(TerminalError, match="연습 결과를 읽을 수 없습니다"):
        read_rehearsal(text)


class Runner:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.runs = 0

    async def run(self, language: str, on_line: Callable[[str], None]) -> str:
        self.runs += 1
        on_line("line")
        return await self.answer


async def test_a_second_start_joins_the_first() -> None:
    scope, runner = TaskScope("test"), Runner()
    rehearsal = PanicRehearsal(runner, scope)
    seen: list[RehearsalReport] = []
    rehearsal.changed.subscribe(seen.append)

    rehearsal.start("ko")
    rehearsal.start("ko")
    await asyncio.sleep(0)
    runner.answer.set_result(told())
    while rehearsal.is_running:
        await asyncio.sleep(0)
    await scope.close()

    assert runner.runs == 1
    assert [report.is_running for report in seen] == [True, True, False]
    assert seen[1].sentence == "line"
    assert rehearsal.report is seen[2]


async def test_one_that_ends_with_the_program_leaves_nothing_behind() -> None:
    scope, runner = TaskScope("test"), Runner()
    rehearsal = PanicRehearsal(runner, scope)
    rehearsal.start("ko")
    await asyncio.sleep(0)

    await scope.close()

    assert rehearsal.report is None
