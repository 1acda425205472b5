"""A rehearsed panic as the window follows it: run beside the program, read, never mixed with the real one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.orders import Order, OrderKind, OrderStatus, Origin, Side, Venue
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ports import RehearsalRunner
from kis_terminal.services.hub import Topic
from kis_terminal.services.panic import PanicLine, PanicOutcome, PanicReport
from kis_terminal.services.tasks import TaskScope


@dataclass(frozen=True, slots=True)
class RehearsalReport:
    """The state of a rehearsal."""

    is_running: bool
    sentence: str
    """What is going on, or how it ended."""
    has_passed: bool = False
    """Whether the rehearsed run was proven, and its exchange's own record agreed."""
    figures: tuple[str, ...] = ()
    panic: PanicReport | None = None
    """The rehearsed run's own report; None until it has ended."""


class PanicRehearsal:
    """Own the run; starting again while one runs joins it. Topics: `changed` (the state so far)."""

    def __init__(self, runner: RehearsalRunner, scope: TaskScope) -> None:
        self._runner = runner
        self._scope = scope
        self.report: RehearsalReport | None = None
        self.changed: Topic[RehearsalReport] = Topic("panic rehearsal")

    @property
    def is_running(self) -> bool:
        """Tell whether a rehearsal is under way."""
        return self.report is not None and self.report.is_running

    def start(self, language: str) -> None:
        """Begin; what is said comes in `language`."""
        if self.is_running:
            return
        self._tell(RehearsalReport(True, Sentence("연습용 거래소를 시작합니다.")))
        self._scope.spawn(self._run(language), name="panic rehearsal")

    async def _run(self, language: str) -> None:
        try:
            told = read_rehearsal(await self._runner.run(language, self._take_line))
        except TerminalError as error:
            told = RehearsalReport(False, sentence_of(error))
        finally:
            if self.is_running:
                self.report = None  # stopped with the program: nothing is known of it
        self._tell(told)

    def _take_line(self, line: str) -> None:
        if self.report is not None and self.report.is_running:
            self._tell(replace(self.report, sentence=line))

    def _tell(self, report: RehearsalReport) -> None:
        self.report = report
        self.changed.publish(report)


def read_rehearsal(text: str) -> RehearsalReport:
    """Return what the command told; raises TerminalError for anything but a rehearsal's object."""
    try:
        told = json.loads(text)
        if told["rehearsal"] is not True:
            raise ValueError("not a rehearsal")
        lines = tuple(_line(order) for order in told["orders"])
        panic = PanicReport(
            datetime.fromisoformat(told["started_at"]),
            lines,
            False,
            told["is_proven"] is True,
            told["verdict"],
        )
        figures = tuple(str(figure) for figure in told["figures"])
        return RehearsalReport(False, str(told["verdict"]), told["has_passed"] is True, figures, panic)
    except (ValueError, KeyError, TypeError, InvalidOperation) as error:
        raise TerminalError(
            Sentence("연습 결과를 읽을 수 없습니다: {why}", why=type(error).__name__)
        ) from error


def _line(told: Mapping[str, Any]) -> PanicLine:
    price = told["price"]
    order = Order(
        key=f"rehearsal {told['order_number']}",
        symbol=told["symbol"],
        side=Side(told["side"]),
        kind=OrderKind(told["kind"]),
        venue=Venue(told["venue"]),
        quantity=int(told["quantity"]),
        price=None if price is None else Decimal(price),
        status=OrderStatus(told["status"]),
        origin=Origin(told["origin"]),
        created_at=datetime.fromisoformat(told["time"]),
        order_number=told["order_number"],
        filled=int(told["filled"]),
        cancelled=int(told["cancelled"]),
        name=told["name"],
    )
    at = datetime.fromisoformat(told["outcome_at"])
    return PanicLine(order, PanicOutcome(told["outcome"]), told["outcome_reason"], at, told["product"])
