"""Panic when inquiries fail, answers are slow, outcomes unknown, or the disk refuses the latch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.domain.errors import BrokerUnreachable, OutcomeUnknown, TerminalError
from kis_terminal.domain.orders import BrokerOrder, OrderStatus
from kis_terminal.domain.risk import TradingState
from kis_terminal.services.panic import PanicOutcome, PanicReport
from tests.support.leftovers import ExpectLog
from tests.support.order_desk import PRICE, OrderDesk, order_desk
from tests.support.ports_in_memory import MemoryBroker
from tests.support.trading_desk import until


class BlindBroker(MemoryBroker):
    """An account whose order list cannot be asked for while `is_blind`."""

    is_blind = False

    async def orders(self, day: date) -> Sequence[BrokerOrder]:
        if self.is_blind:
            raise BrokerUnreachable("조회할 수 없습니다")
        return await super().orders(day)


@pytest.fixture
async def desk() -> AsyncIterator[OrderDesk]:
    async with order_desk() as opened:
        yield opened


async def test_what_is_known_is_cancelled_although_the_order_list_cannot_be_read() -> None:
    async with order_desk(broker_of=BlindBroker) as desk:
        broker = desk.broker
        assert isinstance(broker, BlindBroker)
        keys = [(await desk.orders.submit(desk.request(quantity))).key for quantity in (1, 2, 3)]
        broker.is_blind = True

        desk.panic.press()
        await until(lambda: all(row.remaining == 0 for row in broker.rows.values()))

        report = desk.panic.report
        assert report is not None
        assert report.is_running
        assert not report.is_proven
        broker.is_blind = False
        await until(lambda: not desk.panic.is_running)
        assert desk.panic.report is not None
        assert desk.panic.report.is_proven
        assert {line.order.key for line in desk.panic.report.lines} == set(keys)


async def test_slow_answers_do_not_queue_behind_one_another(desk: OrderDesk) -> None:
    for quantity in range(1, 9):
        await desk.orders.submit(desk.request(quantity))
    desk.broker.hold = hold = asyncio.Event()

    desk.panic.press()
    await until(lambda: sum(line.event == "cancel intent" for line in desk.journal.lines) == 8)

    hold.set()
    await until(lambda: not desk.panic.is_running)


async def test_a_silent_broker_is_told_within_seconds(
    desk: OrderDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cause: the first words came with the first answer, forty seconds into an outage."""
    monkeypatch.setattr("kis_terminal.services.panic.SILENCE_SECONDS", 0.05)
    await desk.orders.submit(desk.request())
    desk.broker.hold = hold = asyncio.Event()

    desk.panic.press()
    await until(lambda: (told := desk.panic.report) is not None and "1544-5000" in told.message)
    assert desk.panic.report is not None
    assert [line.outcome for line in desk.panic.report.lines] == [PanicOutcome.STILL_OPEN]

    hold.set()
    await until(lambda: not desk.panic.is_running)


async def test_an_order_without_an_answer_is_no_proof_and_is_cancelled_once_it_has_one(
    desk: OrderDesk,
) -> None:
    desk.broker.hold = hold = asyncio.Event()
    desk.orders.submit_soon(request := desk.request())
    await until(lambda: desk.orders.is_sending)
    told: list[PanicReport] = []
    desk.panic.changed.subscribe(told.append)

    desk.panic.press()
    await until(lambda: len(told) > 2)
    assert not told[-1].is_proven
    assert "결과를 모르는 주문 1건" in told[-1].message
    hold.set()
    await until(lambda: not desk.panic.is_running)

    assert desk.now(request.intent_id).status is OrderStatus.CANCELLED
    assert told[-1].is_proven
    assert [line.outcome for line in told[-1].lines] == [PanicOutcome.CANCELLED]


async def test_a_lost_answer_is_found_and_cancelled(desk: OrderDesk, expect_log: ExpectLog) -> None:
    expect_log("order ")
    desk.broker.fail = OutcomeUnknown("응답이 없습니다")
    order = await desk.orders.submit(desk.request())

    desk.panic.press()
    await until(lambda: not desk.panic.is_running)

    assert desk.now(order).status is OrderStatus.CANCELLED
    assert len(desk.broker.placed) == 1


async def test_an_order_that_fills_meanwhile_is_told_as_filled(desk: OrderDesk) -> None:
    order = await desk.orders.submit(desk.request())
    desk.set_row(order.order_number, filled=10, remaining=0, average_price=PRICE)

    desk.panic.press()
    await until(lambda: not desk.panic.is_running)

    assert desk.panic.report is not None
    assert [line.outcome for line in desk.panic.report.lines] == [PanicOutcome.FILLED]
    assert desk.panic.report.is_proven


async def test_a_cancellation_that_the_broker_refuses_once_is_sent_again(desk: OrderDesk) -> None:
    order = await desk.orders.submit(desk.request())
    desk.broker.refuse = "초당 호출 한도를 넘었습니다"

    desk.panic.press()
    await until(lambda: not desk.panic.is_running)

    assert desk.now(order).status is OrderStatus.CANCELLED


async def test_after_a_bug_the_next_press_starts_anew() -> None:
    class BrokenBroker(MemoryBroker):
        is_broken = False

        async def orders(self, day: date) -> Sequence[BrokerOrder]:
            if self.is_broken:
                raise ZeroDivisionError
            return await super().orders(day)

    async with order_desk(broker_of=BrokenBroker) as desk:
        broker = desk.broker
        assert isinstance(broker, BrokenBroker)
        broker.is_broken = True
        desk.panic.press()
        await until(lambda: bool(desk.failures))
        assert desk.panic.report is not None
        assert not desk.panic.is_running
        assert not desk.panic.report.is_proven

        broker.is_broken = False
        desk.panic.press()
        await until(lambda: not desk.panic.is_running)

        assert desk.panic.report.is_proven


async def test_a_disk_that_refuses_the_latch_stops_no_panic(desk: OrderDesk, expect_log: ExpectLog) -> None:
    expect_log("would not survive a restart")
    order = await desk.orders.submit(desk.request())
    desk.store.refusal = TerminalError("디스크가 가득 찼습니다")

    desk.panic.press()
    await until(lambda: not desk.panic.is_running)

    assert desk.risk_gate.is_halted
    assert desk.now(order).status is OrderStatus.CANCELLED
    with pytest.raises(TerminalError):
        desk.risk_gate.release()
    assert desk.risk_gate.is_halted


async def test_what_cannot_be_read_does_not_open_the_latch() -> None:
    async with order_desk(texts={"trading-state": "activ"}) as desk:
        assert desk.risk_gate.state is TradingState.HALTED


def test_a_damaged_latch_file_says_so(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("cannot be read")
    path = tmp_path / "trading.json"
    path.write_text('{"trading-state": "hal', encoding="utf-8")

    assert FileWorkspaceStore(path).is_damaged
    assert not FileWorkspaceStore(tmp_path / "new.json").is_damaged


def test_a_text_that_could_not_be_written_is_written_the_next_time(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    store = FileWorkspaceStore(folder / "trading.json")
    folder.write_text("a file stands where the folder should be", encoding="utf-8")
    with pytest.raises(TerminalError):
        store.write("trading-state", "halted")
    folder.unlink()

    store.write("trading-state", "halted")

    assert FileWorkspaceStore(folder / "trading.json").read("trading-state") == "halted"


async def test_a_latch_that_another_program_drops_locks_this_one_and_its_release_does_not_open_it(
    desk: OrderDesk, expect_log: ExpectLog
) -> None:
    expect_log("another program")
    states: list[str] = []
    desk.risk_gate.state_changed.subscribe(states.append)

    desk.store.texts["trading-state"] = "halted"
    order = await desk.orders.submit(desk.request())
    desk.risk_gate.look()
    desk.store.texts["trading-state"] = "active"

    assert order.status is OrderStatus.REJECTED
    assert desk.broker.placed == []
    assert states == ["halted"]
    assert desk.risk_gate.is_halted
