"""The sheet of panic with a product whose list fails: named, and left out by a person's word alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from PySide6.QtWidgets import QMainWindow

from kis_terminal.domain.errors import BrokerUnreachable
from kis_terminal.domain.orders import Side
from kis_terminal.domain.other_orders import OtherOrder, Product
from kis_terminal.services.other_sweep import OtherSweep
from kis_terminal.services.panic import Panic
from kis_terminal.ui.panic_report import PanicSheet
from tests.support.desk import Desk
from tests.support.leftovers import ExpectLog
from tests.support.ports_in_memory import MemoryJournal


class Others:
    """A bond that can be cancelled, and a list of names abroad that fails."""

    other_products = (Product.BOND, Product.OVERSEAS)

    def __init__(self) -> None:
        self.bonds = [
            OtherOrder(
                Product.BOND,
                "41",
                "KR6095572D81",
                "국고01500",
                Side.BUY,
                Decimal(3),
                Decimal(3),
                None,
                "20261120",
            )
        ]

    async def open_others(self, product: Product) -> Sequence[OtherOrder]:
        if product is Product.OVERSEAS:
            raise BrokerUnreachable("해외주식 미신청 계좌입니다.")
        return tuple(self.bonds)

    async def cancel_other(self, order: OtherOrder) -> None:
        self.bonds.remove(order)


def test_a_failing_product_is_named_and_a_person_may_leave_it_out(
    desk: Desk, qtbot: Any, expect_log: ExpectLog
) -> None:
    expect_log("list of overseas")
    workspace, journal = desk.workspace, MemoryJournal()
    sweep = OtherSweep(Others(), journal, desk.store, desk.clock, workspace.scope)
    panic = Panic(
        workspace.orders, workspace.reconciler, workspace.risk_gate, desk.clock, workspace.scope, sweep
    )
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1366, 768)
    window.show()
    sheet = PanicSheet(window, replace(workspace, panic=panic))
    panic.changed.subscribe(sheet.show_report)

    panic.press()
    qtbot.waitUntil(sheet.left_out_button.isVisible, timeout=5_000)

    assert "해외주식" in sheet.left_out_button.text()
    qtbot.waitUntil(lambda: "미신청" in sheet.message.text(), timeout=5_000)
    assert "1544-5000" in sheet.message.text()
    assert not panic.report.is_proven  # type: ignore[union-attr]
    sheet.left_out_button.click()
    qtbot.waitUntil(lambda: panic.report is not None and panic.report.is_proven, timeout=15_000)
    assert not sheet.left_out_button.isVisible()
    assert desk.store.texts["products-left-out"] == "overseas"
    assert [line.event for line in journal.lines if not line.intent_id] == ["product left out"]
    (key,) = sheet.grid.keys
    assert sheet.grid.cell_text(key, "name") == "국고01500 [장내채권]"
    assert sheet.grid.cell_text(key, "outcome") == "취소"
