"""`kis-terminal panic`: lock new orders, cancel everything that is open, prove it; KIS may be silent."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from kis_terminal.account_files import journal_path, latch_path
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.cli.account import (
    NO_SIMULATION,
    Account,
    Output,
    add_options,
    open_account,
    refuse_settings,
    run,
)
from kis_terminal.cli.panic_run import (
    ACTIVE,
    HALTED,
    STATE,
    STOPPED,
    Progress,
    drop_latch,
    latch_of,
    press,
    told,
)
from kis_terminal.domain.errors import SettingsError, TerminalError
from kis_terminal.domain.other_orders import Product
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.ui.translation import said, tr


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
    parser.add_argument(
        "--rehearse",
        action="store_true",
        help="연습: 따로 띄운 내장 거래소의 주문으로 같은 순서를 밟습니다. 계좌와 주문 잠금, 주문 기록은 "
        "건드리지 않습니다",
    )
    return parser


def _refuse_mixture(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> None:
    """End the program where a rehearsal is asked for beside what is about an account: one is meant."""
    about_account = {
        "--env": chosen.env != "sim",
        "--config": chosen.config is not None,
        "--release": chosen.release,
        "--not-traded": bool(chosen.not_traded),
        "--traded": bool(chosen.traded),
    }
    wrong = [name for name, is_given in about_account.items() if is_given]
    if wrong:
        parser.error(f"--rehearse: 연습은 계좌를 쓰지 않아 {', '.join(wrong)}와(과) 함께 쓸 수 없습니다")


def main(arguments: Sequence[str] | None = None) -> int:
    """Lock, cancel and prove; returns 0 when proven, 1 otherwise, 2 for bad settings or usage."""
    parser = build_parser()
    chosen = parser.parse_args(arguments)
    if chosen.rehearse:
        _refuse_mixture(parser, chosen)
        from kis_terminal.cli.panic_rehearsal import rehearse

        return rehearse(chosen.language, is_json=chosen.json)
    try:
        account, output = open_account(chosen)
    except SettingsError as error:
        return refuse_settings(error)
    if chosen.release:
        return _release(account, output)
    pressed_at = SystemClock().now()
    dropped = drop_latch(account, output)
    if not account.is_reachable:
        output.problem(said(NO_SIMULATION))
        output.told(told(account, pressed_at, None, NO_SIMULATION))
        return 1
    progress = Progress(output)
    words = {Product(name): False for name in chosen.traded} | {
        Product(name): True for name in chosen.not_traded
    }
    run(lambda: press(account, output, progress, words, dropped_at=pressed_at if dropped else None), output)
    report = progress.report
    is_proven = report is not None and report.is_proven
    message = report.message if report is not None and not report.is_running else STOPPED
    progress.close(message, is_proven=is_proven)
    output.told(told(account, pressed_at, report, message))
    return 0 if is_proven else 1


# -- the way back ---


def _release(account: Account, output: Output) -> int:
    store = FileWorkspaceStore(latch_path(account.access, account.settings.home), is_shared=True)
    try:
        if store.is_damaged:
            store.write(STATE, HALTED)  # reading put it aside: it must not look open meanwhile
        if store.read(STATE) in (None, ACTIVE):
            return _released(account, output, Sentence("주문이 잠겨 있지 않습니다."), is_open=True)
        word = tr("해제")
        if _typed(tr("다시 주문하려면 '{word}'라고 입력하십시오", word=word)) != word:
            message = Sentence(
                "'{word}'라고 입력하지 않아 주문은 그대로 잠겨 있습니다.", word=Sentence("해제")
            )
            return _released(account, output, message, is_open=False)
        store.write(STATE, ACTIVE)
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
    output.told({**account.told(), "latch": latch_of(account), "message": said(message)})
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
