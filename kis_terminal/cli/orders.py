"""`kis-terminal orders`: today's orders as the broker lists them, cancelling some, and the order journal."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from kis_terminal.account_files import journal_path
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
from kis_terminal.cli.tables import table
from kis_terminal.domain.errors import SettingsError, TerminalError
from kis_terminal.domain.orders import Order, OrderStatus, PendingChange
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ui.translation import said, tr

if TYPE_CHECKING:
    from kis_terminal.trading_core import TradingCore

_SETTLING_SECONDS = 15.0
"""How long the list is asked whether the cancellations were carried out."""
_GAP_SECONDS = 0.3
_NOT_CONFIRMED = Sentence("취소 요청은 접수되었으나 아직 주문내역에서 확인되지 않았습니다.")


def build_parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(
        prog="kis-terminal orders",
        usage="kis-terminal orders [--env ENV] [--config FILE] [--language LANGUAGE] [--json]\n"
        "       kis-terminal orders cancel (주문번호… | --all)\n"
        "       kis-terminal orders --journal [--day YYYY-MM-DD]",
        description="오늘의 모든 주문을 증권사에 조회해 보여 줍니다. cancel은 취소하고(새 주문은 잠그지 "
        "않음), --journal은 이 컴퓨터의 주문 기록을 통신 없이 읽습니다.",
        epilog="끝날 때의 코드: 0 됨, 1 조회하지 못했거나 취소되지 않은 주문이 있음, 2 잘못된 사용",
    )
    parser.add_argument("action", nargs="?", choices=("cancel",), help="cancel 주문을 취소")
    parser.add_argument("numbers", nargs="*", metavar="주문번호", help="취소할 주문번호")
    parser.add_argument("--all", action="store_true", help="열린 주문을 모두 취소")
    parser.add_argument("--journal", action="store_true", help="이 컴퓨터의 주문 기록을 읽음")
    parser.add_argument(
        "--day", type=date.fromisoformat, metavar="YYYY-MM-DD", help="기록을 읽을 날 (기본 오늘)"
    )
    add_options(parser)
    return parser


def _checked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = build_parser()
    chosen = parser.parse_intermixed_args(arguments)
    if chosen.action == "cancel" and bool(chosen.numbers) == chosen.all:
        parser.error("cancel에는 주문번호나 --all 가운데 하나를 적으십시오")
    if chosen.action is None and chosen.all:
        parser.error("--all은 cancel과 함께 씁니다")
    if chosen.journal and chosen.action is not None:
        parser.error("--journal은 cancel과 함께 쓸 수 없습니다")
    if chosen.day is not None and not chosen.journal:
        parser.error("--day는 --journal과 함께 씁니다")
    for number in chosen.numbers:
        if not (number.isascii() and number.isdecimal()):
            parser.error(f"주문번호 '{number}'은(는) 숫자가 아닙니다")
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Print, cancel or read; returns 0 done, 1 failed, 2 for bad settings or usage."""
    chosen = _checked(arguments)
    try:
        account, output = open_account(chosen)
    except SettingsError as error:
        return refuse_settings(error)
    if chosen.journal:
        from kis_terminal.cli.order_journal import print_journal

        return print_journal(account, output, chosen.day or SystemClock().now().date())
    if not account.is_reachable:
        output.problem(said(NO_SIMULATION))
        return 1
    code = run(lambda: _listed(account, output, chosen), output)
    if code is None and chosen.action == "cancel":
        output.problem(
            tr(
                "끝나기 전에 멈췄습니다. 이미 보낸 취소는 처리될 수 있습니다. `kis-terminal orders`로 "
                "확인하십시오."
            )
        )
    return 1 if code is None else code


async def _listed(account: Account, output: Output, chosen: argparse.Namespace) -> int:
    async with account_core(account, output) as core:
        # A listing alone leaves no file behind.
        if chosen.action == "cancel" or journal_path(account.access, account.settings.home).exists():
            await remember_orders(core, output)
        try:
            await core.reconciler.list_once()
        except TerminalError as error:
            output.problem(tr("주문내역을 조회하지 못했습니다: {error}", error=error))
            return 1
        if chosen.action == "cancel":
            wanted = None if chosen.all else chosen.numbers
            return await _Cancelling(account, output, core).run(wanted)
        orders = sorted(core.orders.all(), key=lambda order: (order.created_at, order.order_number))
        _print_orders(output, orders)
        output.told(
            {
                **account.told(),
                "asked_at": core.clock.now().isoformat(timespec="milliseconds"),
                "orders": [_order_told(order) for order in orders],
            }
        )
        return 0


def _print_orders(output: Output, orders: Sequence[Order]) -> None:
    from kis_terminal.cli.order_rows import cells, headings

    if not orders:
        output.line(tr("오늘 주문이 없습니다."))
        return
    output.line("\n".join(table(headings(), [cells(order) for order in orders])))
    count = sum(order.is_open for order in orders)
    output.line(tr("주문 {all}건, 미체결 {open}건", all=len(orders), open=count))


def _order_told(order: Order) -> dict[str, Any]:
    from kis_terminal.cli.order_rows import told

    return told(order)


@dataclass(slots=True)
class _Wish:
    """One order that is to be cancelled; `reason` says why it was refused, in words."""

    key: str
    reason: str = ""


class _Cancelling:
    """Cancel once, without the latch, and ask the list what became of it."""

    def __init__(self, account: Account, output: Output, core: TradingCore) -> None:
        self._account = account
        self._output = output
        self._core = core

    async def run(self, numbers: Sequence[str] | None) -> int:
        """Cancel these numbers, None for all; returns 1 when any is not cancelled."""
        orders = self._core.orders
        unknown: list[str] = []
        if numbers is None:
            wishes = [_Wish(order.key) for order in orders.open_orders()]
        else:
            keys: dict[str, None] = {}
            for number in numbers:
                found = self._by_number(number)
                if found is None:
                    unknown.append(number)
                else:
                    keys[found.key] = None
            wishes = [_Wish(key) for key in keys]
        sent = [
            self._core.scope.spawn(self._cancel(wish), name=f"cancel {wish.key}")
            for wish in wishes
            if self._now(wish).is_open
        ]
        if sent:
            await asyncio.wait(sent)
            await self._settle(wishes)
        return self._report(wishes, unknown, is_all=numbers is None)

    def _by_number(self, number: str) -> Order | None:
        exact = self._core.orders.by_number(number)
        if exact is not None:
            return exact
        plain = number.lstrip("0")
        same = (
            order
            for order in self._core.orders.all()
            if plain and plain in {link.lstrip("0") for link in order.chain or (order.order_number,)}
        )
        return next(same, None)

    async def _cancel(self, wish: _Wish) -> None:
        wish.reason = await self._core.orders.cancel(wish.key)

    async def _settle(self, wishes: Sequence[_Wish]) -> None:
        """Ask until the list shows what was taken as done, and a lost answer's outcome; at most a while."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _SETTLING_SECONDS
        while True:
            try:
                await self._core.reconciler.list_once()
                waiting = [
                    wish
                    for wish in wishes
                    if (now := self._now(wish)).is_open
                    and (not wish.reason or now.pending is PendingChange.CANCEL)
                ]
                if not waiting:
                    return
                trouble: str = _NOT_CONFIRMED
            except TerminalError as error:
                trouble = Sentence("주문내역을 조회하지 못했습니다: {error}", error=error)
            if loop.time() > end:
                break
            await asyncio.sleep(_GAP_SECONDS)
        for wish in wishes:
            if self._now(wish).is_open:
                wish.reason = wish.reason or trouble

    def _now(self, wish: _Wish) -> Order:
        order = self._core.orders.get(wish.key)
        assert order is not None  # noqa: S101 - nothing is put away while the command runs
        return order

    def _report(self, wishes: Sequence[_Wish], unknown: Sequence[str], *, is_all: bool) -> int:
        from kis_terminal.cli.order_rows import outcome_cells, outcome_headings
        from kis_terminal.ui.order_words import status_word

        time = f"{self._core.clock.now():%H:%M:%S}"
        headings = outcome_headings()
        rows = []
        for wish in wishes:
            order = self._now(wish)
            reason = "" if order.status is OrderStatus.CANCELLED else wish.reason or order.reason
            rows.append(outcome_cells(time, order, status_word(order.status, order.pending), reason))
        not_there = Sentence("오늘의 주문내역에 없는 번호입니다.")
        rows += [(time, number, "-", "-", "-", tr("없음"), said(not_there)) for number in unknown]
        if rows:
            self._output.line("\n".join(table(headings, rows)))
        else:
            self._output.line(tr("취소할 미체결 주문이 없습니다."))
        orders = [self._now(wish) for wish in wishes]
        # Of all orders one may fill or end by itself: what counts is that none is open.
        failed = [
            order
            for order in orders
            if (order.is_open if is_all else order.status is not OrderStatus.CANCELLED)
        ]
        if any(order.is_open for order in failed):
            self._output.problem(
                tr("취소되지 않은 주문이 있습니다.") + " " + tr("한국투자증권 고객센터 1544-5000")
            )
        self._output.told(
            {
                **self._account.told(),
                "desk": DESK_NUMBER,
                "orders": [
                    {**_order_told(self._now(wish)), "cancel_reason": said(wish.reason)} for wish in wishes
                ],
                "not_found": list(unknown),
            }
        )
        return 1 if failed or unknown else 0
