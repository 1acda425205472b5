"""One panic of a command: the latch, the run with its lines, what is told of it; rehearsals run the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kis_terminal.account_files import latch_path
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.cli.account import DESK_NUMBER, Account, Output, account_core, remember_orders
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.other_orders import Product
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ui.translation import said, tr

if TYPE_CHECKING:
    from kis_terminal.services.panic import PanicLine, PanicReport

STATE, HALTED, ACTIVE = "trading-state", "halted", "active"
"""What the latch's file says; written here before the rest of the program has been loaded."""
STOPPED = Sentence(
    "전체취소가 끝나기 전에 멈췄습니다. 다시 실행하거나 한국투자증권 고객센터 1544-5000에 확인하십시오. "
    "새 주문은 잠겨 있습니다."
)


def drop_latch(account: Account, output: Output) -> bool:
    """Lock every program of the account; return whether it was open until now."""
    store = FileWorkspaceStore(latch_path(account.access, account.settings.home), is_shared=True)
    was_open = store.read(STATE) != HALTED
    try:
        store.write(STATE, HALTED)
    except TerminalError as error:
        output.problem(said(error))
        output.problem(
            tr(
                "잠금을 디스크에 남기지 못했습니다. 열려 있는 창에서 전체취소·정지(Ctrl+Shift+X)를 "
                "누르십시오."
            )
        )
        return False
    output.line(tr("새 주문을 잠갔습니다. 열린 주문을 취소합니다."))
    return was_open


async def press(
    account: Account,
    output: Output,
    progress: Progress,
    words: Mapping[Product, bool],
    *,
    dropped_at: datetime | None,
) -> None:
    """Cancel until nothing is open; the journal gets the latch that fell at `dropped_at`, and the outcome."""
    async with account_core(account, output) as core:
        for product, is_left_out in words.items():
            try:
                await core.others.leave_out(product, is_left_out=is_left_out)
            except TerminalError as error:
                output.problem(said(error))
        # After the latch: what is in the journal now is all that can have left.
        await remember_orders(core, output)
        if dropped_at is not None:
            try:
                await core.journal.record("", "latch dropped", dropped_at, {"by": "command line"})
            except TerminalError as error:
                output.problem(said(error))
        ended = asyncio.Event()

        def take(report: PanicReport) -> None:
            progress.take(report)
            if not report.is_running:
                ended.set()

        core.panic.changed.subscribe(take)
        core.panic.press()
        try:
            await ended.wait()
        except asyncio.CancelledError:
            output.problem(tr("멈춥니다. 이미 보낸 요청의 응답을 몇 초 기다립니다."))
            raise
        finally:
            if progress.report is not None:
                await core.journal_panic(progress.report)


class Progress:
    """Print a line when something has become known of an order, and each new sentence of the run."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._printed: dict[str, tuple[object, ...]] = {}
        self._message = ""
        self.report: PanicReport | None = None

    def take(self, report: PanicReport) -> None:
        """Print what is new."""
        self.report = report
        for line in report.lines:
            state = (line.outcome, line.reason, line.order.remaining, line.order.order_number)
            if self._printed.get(line.order.key) != state:
                self._print(line)
                self._printed[line.order.key] = state
        if report.is_running and report.message != self._message:
            self._message = report.message
            self._output.line(f"{SystemClock().now():%H:%M:%S}  {said(report.message)}")

    def _print(self, line: PanicLine) -> None:
        from kis_terminal.cli.order_rows import outcome_cells, outcome_headings
        from kis_terminal.cli.tables import row_lines
        from kis_terminal.ui.order_words import outcome_word

        headings = outcome_headings()
        row = outcome_cells(f"{line.at:%H:%M:%S}", line.order, outcome_word(line.outcome), line.reason)
        if not self._printed:
            self._output.line("\n".join(row_lines(headings, [heading.title for heading in headings])))
        self._output.line("\n".join(row_lines(headings, row)))

    def close(self, message: str, *, is_proven: bool) -> None:
        """Print how it ended, and what may be left."""
        self._output.line("")
        lines = self.report.lines if self.report is not None else ()
        if lines:
            from kis_terminal.ui.order_words import outcome_word

            counts = Counter(line.outcome for line in lines)
            self._output.line(" · ".join(f"{outcome_word(what)} {count}" for what, count in counts.items()))
        left = [line.order for line in lines if line.order.is_open]
        if not is_proven and left:
            numbers = ", ".join(order.order_number or order.symbol for order in left)
            self._output.line(
                tr("남아 있을 수 있는 주문 {count}건: {numbers}", count=len(left), numbers=numbers)
            )
        (self._output.line if is_proven else self._output.problem)(said(message))


def told(account: Account, pressed_at: datetime, report: PanicReport | None, message: str) -> dict[str, Any]:
    """Return a run as the object of `--json`; a rehearsal says of itself that it is one."""
    from kis_terminal.cli.order_rows import told as told_order

    lines = report.lines if report is not None else ()
    return {
        **account.told(),
        "rehearsal": False,
        "started_at": pressed_at.isoformat(timespec="milliseconds"),
        "ended_at": SystemClock().now().isoformat(timespec="milliseconds"),
        "latch": latch_of(account),
        "is_proven": report is not None and report.is_proven,
        "message": said(message),
        "desk": DESK_NUMBER,
        "orders": [
            {
                **told_order(line.order),
                "product": said(line.product),
                "outcome": line.outcome.value,
                "outcome_reason": said(line.reason),
                "outcome_at": line.at.isoformat(timespec="milliseconds"),
            }
            for line in lines
        ],
    }


def latch_of(account: Account) -> str:
    """Return what the latch's file says."""
    store = FileWorkspaceStore(latch_path(account.access, account.settings.home))
    return store.read(STATE) or ACTIVE
