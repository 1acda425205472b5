"""`kis-terminal panic`: lock new orders, cancel everything that is open, prove it; KIS may be silent."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kis_terminal.account_files import journal_path, latch_path
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.cli.account import (
    DESK_NUMBER,
    NO_SIMULATION,
    Account,
    Output,
    account_core,
    add_options,
    open_account,
    refuse_settings,
    remember_orders,
    run,
)
from kis_terminal.domain.errors import SettingsError, TerminalError
from kis_terminal.domain.other_orders import Product
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ui.translation import said, tr

if TYPE_CHECKING:
    from kis_terminal.services.panic import PanicLine, PanicReport

_STATE, _HALTED, _ACTIVE = "trading-state", "halted", "active"
"""What the latch's file says; written here before the rest of the program has been loaded."""
_STOPPED = Sentence(
    "전체취소가 끝나기 전에 멈췄습니다. 다시 실행하거나 한국투자증권 고객센터 1544-5000에 확인하십시오. "
    "새 주문은 잠겨 있습니다."
)


def build_parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(
        prog="kis-terminal panic",
        description="새 주문을 잠그고 열린 주문을 모두 취소합니다. 주문내역을 두 번 조회해 열린 주문이 "
        "없음이 확인될 때까지 계속하며, 통신이 끊겨도 스스로 다시 시도합니다. 열려 있는 창도 함께 잠깁니다.",
        epilog="끝날 때의 코드: 0 열린 주문 없음을 확인, 1 중단했거나 확인하지 못함, 2 잘못된 사용",
    )
    add_options(parser)
    parser.add_argument(
        "--release",
        action="store_true",
        help="주문 잠금을 풉니다. 확인하는 말을 물으며, 파이프로는 그 말을 표준 입력에 넣어야 합니다",
    )
    products = [product.value for product in Product]
    parser.add_argument(
        "--not-traded",
        action="append",
        default=[],
        choices=products,
        metavar="PRODUCT",
        help="이 계좌가 거래하지 않는 상품의 주문은 확인하지 않습니다(기록에 남습니다): "
        + ", ".join(products),
    )
    parser.add_argument(
        "--traded",
        action="append",
        default=[],
        choices=products,
        metavar="PRODUCT",
        help="--not-traded로 뺀 상품을 다시 확인합니다",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Lock, cancel and prove; returns 0 when proven, 1 otherwise, 2 for bad settings or usage."""
    chosen = build_parser().parse_args(arguments)
    try:
        account, output = open_account(chosen)
    except SettingsError as error:
        return refuse_settings(error)
    if chosen.release:
        return _release(account, output)
    pressed_at = SystemClock().now()
    dropped = _drop_latch(account, output)
    if not account.is_reachable:
        output.problem(said(NO_SIMULATION))
        output.told(_told(account, pressed_at, None, NO_SIMULATION))
        return 1
    progress = _Progress(output)
    words = {Product(name): False for name in chosen.traded} | {
        Product(name): True for name in chosen.not_traded
    }
    run(lambda: _press(account, output, progress, words, dropped_at=pressed_at if dropped else None), output)
    report = progress.report
    is_proven = report is not None and report.is_proven
    message = report.message if report is not None and not report.is_running else _STOPPED
    progress.close(message, is_proven=is_proven)
    output.told(_told(account, pressed_at, report, message))
    return 0 if is_proven else 1


def _drop_latch(account: Account, output: Output) -> bool:
    """Lock every program of the account; return whether it was open until now."""
    store = FileWorkspaceStore(latch_path(account.access, account.settings.home), is_shared=True)
    was_open = store.read(_STATE) != _HALTED
    try:
        store.write(_STATE, _HALTED)
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


async def _press(
    account: Account,
    output: Output,
    progress: _Progress,
    words: Mapping[Product, bool],
    *,
    dropped_at: datetime | None,
) -> None:
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


class _Progress:
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


def _told(account: Account, pressed_at: datetime, report: PanicReport | None, message: str) -> dict[str, Any]:
    from kis_terminal.cli.order_rows import told

    lines = report.lines if report is not None else ()
    return {
        **account.told(),
        "started_at": pressed_at.isoformat(timespec="milliseconds"),
        "ended_at": SystemClock().now().isoformat(timespec="milliseconds"),
        "latch": _latch(account),
        "is_proven": report is not None and report.is_proven,
        "message": said(message),
        "desk": DESK_NUMBER,
        "orders": [
            {
                **told(line.order),
                "outcome": line.outcome.value,
                "outcome_reason": said(line.reason),
                "outcome_at": line.at.isoformat(timespec="milliseconds"),
            }
            for line in lines
        ],
    }


def _latch(account: Account) -> str:
    store = FileWorkspaceStore(latch_path(account.access, account.settings.home))
    return store.read(_STATE) or _ACTIVE


# -- the way back ---


def _release(account: Account, output: Output) -> int:
    store = FileWorkspaceStore(latch_path(account.access, account.settings.home), is_shared=True)
    try:
        if store.is_damaged:
            store.write(_STATE, _HALTED)  # reading put it aside: it must not look open meanwhile
        if store.read(_STATE) in (None, _ACTIVE):
            return _released(account, output, Sentence("주문이 잠겨 있지 않습니다."), is_open=True)
        word = tr("해제")
        if _typed(tr("다시 주문하려면 '{word}'라고 입력하십시오", word=word)) != word:
            message = Sentence(
                "'{word}'라고 입력하지 않아 주문은 그대로 잠겨 있습니다.", word=Sentence("해제")
            )
            return _released(account, output, message, is_open=False)
        store.write(_STATE, _ACTIVE)
    except TerminalError as error:
        return _released(account, output, sentence_of(error), is_open=False)
    run(lambda: _note_release(account, output), output)
    message = Sentence("주문 잠금을 해제했습니다. 열려 있는 창은 그 창에서 따로 해제하십시오.")
    return _released(account, output, message, is_open=True)


def _typed(question: str) -> str:
    """Return what the person typed, or what a pipe brings: the word must come from somewhere."""
    if sys.stdin is None:
        return ""
    if sys.stdin.isatty():
        print(f"{question}: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _released(account: Account, output: Output, message: str, *, is_open: bool) -> int:
    (output.line if is_open else output.problem)(said(message))
    output.told({**account.told(), "latch": _latch(account), "message": said(message)})
    return 0 if is_open else 1


async def _note_release(account: Account, output: Output) -> None:
    from kis_terminal.adapters.storage.journal import SqliteOrderJournal

    journal = SqliteOrderJournal(journal_path(account.access, account.settings.home), is_guest=True)
    try:
        await journal.record("", "latch released", SystemClock().now(), {"by": "command line"})
    except TerminalError as error:
        output.problem(said(error))
    finally:
        await journal.close()
