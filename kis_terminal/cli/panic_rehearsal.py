"""`kis-terminal panic --rehearse`: the same panic, on an exchange and in a folder that exist for it alone.

Nothing of an account is read or written: no settings file, no key, no latch, no journal. The exchange is
started for the rehearsal and ends with it; its address is checked to be this machine's.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kis_terminal.adapters.rehearsal.exchange_control import ExchangeControl, ExchangeRecord
from kis_terminal.adapters.simulator.process import ExchangeProcess
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.cli.account import Account, Output, run
from kis_terminal.cli.panic_run import Progress, drop_latch, press, told
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.instruments import round_down_to_tick
from kis_terminal.domain.orders import Order, OrderKind, Origin, Side, Venue
from kis_terminal.domain.other_orders import Product
from kis_terminal.domain.sentences import Sentence
from kis_terminal.log import Redactor
from kis_terminal.ports import Stream
from kis_terminal.settings import HomePaths, KisAccess, Settings
from kis_terminal.ui.order_words import kind_word, side_word
from kis_terminal.ui.translation import said, set_language, tr

if TYPE_CHECKING:
    from kis_terminal.services.panic import PanicReport
    from kis_terminal.trading_core import TradingCore

REHEARSAL = "rehearsal"
"""What stands for the environment in the object of `--json`: neither real nor paper nor the simulation."""
_SYMBOL, _BOND, _ABROAD = "005930", "KR6095572D81", "AAPL"
_READY_SECONDS = 60.0
_PROOF_SECONDS = 120.0
_STEP = 0.02
_CHANGES = "/order-rvsecncl"
_BELOW, _ABOVE = Decimal("0.93"), Decimal("1.07")
"""So far from the last price that the orders stay open."""


class RehearsalOutput(Output):
    """Print with a mark before each line, so that not even one of them is taken for a real panic's."""

    def line(self, text: str) -> None:
        """Print a line for people."""
        super().line(_marked(text))

    def aside(self, text: str) -> None:
        """Print what is worth knowing and no result."""
        super().aside(_marked(text))

    def problem(self, text: str) -> None:
        """Print what went wrong."""
        super().problem(_marked(text))


def _marked(text: str) -> str:
    return "\n".join(f"[{tr('연습')}] {line}" for line in text.split("\n"))


@dataclass(frozen=True, slots=True)
class Prepared:
    """One order that was laid out for the rehearsal."""

    number: str
    words: str


@dataclass
class Rehearsed:
    """What a rehearsal has shown so far."""

    started_at: datetime
    prepared: tuple[Prepared, ...] = ()
    latch_ms: float | None = None
    """From the press until the latch was on disk."""
    proven_seconds: float | None = None
    """From the press until the proof; None while there is none."""
    late_order: str | None = None
    """Why an order did not leave after the latch; "" when one did, None while none was tried."""
    lost_answers: int = 0
    accepted_after: int | None = None
    open_after: tuple[str, ...] = ()
    report: PanicReport | None = None
    trouble: str = ""

    @property
    def has_passed(self) -> bool:
        """Tell whether the report is proven and the exchange's own record agrees with all of it."""
        report = self.report
        if report is None or not report.is_proven or self.trouble:
            return False
        ended = {_bare(line.order.order_number) for line in report.lines if not line.order.is_open}
        return (
            {_bare(one.number) for one in self.prepared} <= ended
            and bool(self.prepared)
            and bool(self.late_order)
            and self.lost_answers == 1
            and self.accepted_after == 0
            and not self.open_after
        )


def rehearse(language: str | None, *, is_json: bool) -> int:
    """Start an exchange, lay orders out, panic, let the exchange judge; returns 0 when it passed, else 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console without Hangul shows the rest all the same
    chosen = language or os.environ.get("KIS_TERMINAL_LANGUAGE")
    spoken = "en" if chosen == "en" else "ko"
    set_language(spoken)
    redactor = Redactor()
    output = RehearsalOutput(redactor, is_json=is_json)
    output.line(
        tr(
            "전체취소·정지를 연습합니다. 따로 띄운 내장 거래소에서만 하며 계좌와 주문 잠금, 주문 기록은 "
            "건드리지 않습니다."
        )
    )
    rehearsed = Rehearsed(SystemClock().now())
    progress = Progress(output)
    account: Account | None = None
    exchange = ExchangeProcess()
    try:
        with tempfile.TemporaryDirectory(prefix="kis-rehearsal-", ignore_cleanup_errors=True) as folder:

            async def work() -> None:
                nonlocal account
                address = await exchange.ready()
                account = _account(Path(folder), address.rest, address.ws, language=spoken)
                redactor.add(account.access.appkey.reveal(), account.access.appsecret.reveal())
                control = ExchangeControl(address.control, address.control_token, account.access.cano)
                await _rehearse(account, control, output, progress, rehearsed)

            run(lambda: _explained(work(), rehearsed), output)
            rehearsed.report = progress.report
            _close(output, progress, rehearsed)
            output.told(_told(account, rehearsed))
    finally:
        exchange.stop()
    return 0 if rehearsed.has_passed else 1


async def _explained(work: Any, rehearsed: Rehearsed) -> None:
    try:
        await work
    except TerminalError as error:
        rehearsed.trouble = said(error)


def _account(folder: Path, rest: str, ws: str, *, language: str) -> Account:
    """Return an account of the rehearsal's own exchange, all of whose files lie in `folder`."""
    settings = Settings(
        environment=Environment.SIM,
        access=None,
        home=HomePaths.under(folder, Environment.SIM),
        database_url=None,
        redis_url=None,
        language=language,
        config_file=None,
    )
    # Refuses any address but this machine's, and makes up keys that fit no other server.
    return Account(settings, settings.access_for_sim(rest, ws), is_reachable=True)


def _access(account: Account) -> KisAccess:
    """Return access to the same account with keys of another program."""
    return account.settings.access_for_sim(account.access.rest_url, account.access.ws_url)


async def _rehearse(
    account: Account, control: ExchangeControl, output: Output, progress: Progress, rehearsed: Rehearsed
) -> None:
    """Do what a person would see: a desk with open orders, the press, the proof, and an order too late."""
    # Keys of its own: the exchange gives a key one token a minute, as KIS does, and the press needs one too.
    async with _desk(replace(account, access=_access(account)), output) as desk:
        rehearsed.prepared = await _lay_out(desk, control)
        for one in rehearsed.prepared:
            output.line(tr("연습 주문 {number}: {words}", number=one.number, words=one.words))
        before = await asyncio.to_thread(control.record)
        await asyncio.to_thread(control.lose_next_answer, _CHANGES)
        pressed_at, began = SystemClock().now(), time.perf_counter()
        drop_latch(account, output)
        rehearsed.latch_ms = (time.perf_counter() - began) * 1e3
        rehearsed.late_order = await _try_too_late(desk)
        try:
            async with asyncio.timeout(_PROOF_SECONDS):
                await press(account, output, progress, {}, dropped_at=pressed_at)
        except TimeoutError:
            rehearsed.trouble = tr("{seconds:.0f}초 안에 확인되지 않았습니다.", seconds=_PROOF_SECONDS)
        if progress.report is not None and progress.report.is_proven:
            rehearsed.proven_seconds = time.perf_counter() - began
        await _judge(control, before, rehearsed)


async def _judge(control: ExchangeControl, before: ExchangeRecord, rehearsed: Rehearsed) -> None:
    after = await asyncio.to_thread(control.record)
    rehearsed.accepted_after = after.accepted - before.accepted
    rehearsed.open_after = after.open_numbers
    rehearsed.lost_answers = await asyncio.to_thread(control.lost_answers)


@asynccontextmanager
async def _desk(account: Account, output: Output) -> AsyncIterator[TradingCore]:
    """Open the account as a window does; its latch and journal are in the rehearsal's folder."""
    from kis_terminal.trading_core import TradingCore

    core = TradingCore(
        account.access,
        account.settings.home,
        on_secret=output.redactor.add,
        on_failure=None,
        tell=lambda grade, words: output.aside(said(words)),
        is_exchange_new=True,
    )
    await core.open()
    try:
        watching = core.market_data.watch(_SYMBOL, Stream.TICKS)
        state = core.market_data.state(_SYMBOL)
        await _until(
            lambda: (
                core.orders.is_reconciled
                and core.risk_gate.buying_power() is not None
                and core.portfolio.day_profit is not None
                and core.portfolio.sellable(_SYMBOL) is not None
                and len(core.instruments) > 0
                and state.price is not None
                and state.upper_limit is not None
                and core.market_data.market_seconds() is not None
            )
        )
        yield core
        watching.close()
    finally:
        await core.close()


async def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TerminalError(
                Sentence("연습용 거래소가 {seconds:.0f}초 안에 준비되지 않았습니다.", seconds=_READY_SECONDS)
            )
        await asyncio.sleep(_STEP)


async def _lay_out(core: TradingCore, control: ExchangeControl) -> tuple[Prepared, ...]:
    """Place a handful of orders of several kinds: our own, of another program, of other products."""
    price = core.market_data.state(_SYMBOL).price
    assert price is not None  # noqa: S101 - the desk has waited for it
    low, high = round_down_to_tick(price * _BELOW), round_down_to_tick(price * _ABOVE)
    own = [
        await _place(core, Side.BUY, OrderKind.LIMIT, 3, low, Venue.KRX),
        await _place(core, Side.BUY, OrderKind.LIMIT, 5, low, Venue.SOR),
        await _place(core, Side.BUY, OrderKind.LIMIT, 7, low, Venue.NXT),
        await _place(core, Side.SELL, OrderKind.LIMIT, 2, high, Venue.KRX),
    ]
    amended = await _place(core, Side.BUY, OrderKind.LIMIT, 4, low, Venue.KRX)
    why = await core.orders.amend(amended.key, OrderKind.LIMIT, round_down_to_tick(low * Decimal("0.98")))
    changed = core.orders.get(amended.key)
    if why or changed is None:
        raise TerminalError(_not_laid_out(why))
    elsewhere = await asyncio.to_thread(control.place, _SYMBOL, "buy", 6, int(low))
    others = [
        (Product.RESERVED, await asyncio.to_thread(control.rest, "reserved", _SYMBOL, 2, str(int(low)))),
        (Product.BOND, await asyncio.to_thread(control.rest, "bond", _BOND, 10, "9985.0")),
        (Product.OVERSEAS, await asyncio.to_thread(control.rest, "overseas", _ABROAD, 1, "187.51", "NASD")),
    ]
    return (
        *(Prepared(order.order_number, _words(order)) for order in own),
        Prepared(changed.order_number, tr("{words}, 정정함", words=_words(changed))),
        Prepared(elsewhere, tr("다른 프로그램에서 낸 주문")),
        *(Prepared(number, said(product.words)) for product, number in others),
    )


async def _place(
    core: TradingCore, side: Side, kind: OrderKind, quantity: int, price: Decimal, venue: Venue
) -> Order:
    request = core.orders.new_request(
        _SYMBOL, side, kind, quantity, price, origin=Origin.COMMAND_LINE, venue=venue
    )
    order = await core.orders.submit(request)
    if not order.order_number:
        raise TerminalError(_not_laid_out(order.reason))
    return order


def _not_laid_out(why: str) -> Sentence:
    return Sentence("연습 주문을 내지 못했습니다: {why}", why=why)


def _words(order: Order) -> str:
    return f"{order.venue.value} {kind_word(order.kind)} {side_word(order.side)} {order.remaining}"


async def _try_too_late(core: TradingCore) -> str:
    """Order once more from the desk that was open all the time; return why it did not leave, "" if it did."""
    price = core.market_data.state(_SYMBOL).price
    assert price is not None  # noqa: S101 - the desk has waited for it
    low = round_down_to_tick(price * _BELOW)
    request = core.orders.new_request(_SYMBOL, Side.BUY, OrderKind.LIMIT, 1, low, origin=Origin.COMMAND_LINE)
    order = await core.orders.submit(request)
    return "" if order.order_number or order.is_open else said(order.reason)


def _bare(number: str) -> str:
    """Return a number as all lists have it: some write it with leading zeros."""
    return number.lstrip("0")


# -- what is told ---


def _close(output: Output, progress: Progress, rehearsed: Rehearsed) -> None:
    report = rehearsed.report
    if report is not None:
        progress.close(report.message, is_proven=report.is_proven)
    for line in _figures(rehearsed):
        output.line(line)
    (output.line if rehearsed.has_passed else output.problem)(_verdict(rehearsed))


def _figures(rehearsed: Rehearsed) -> list[str]:
    lines = []
    if rehearsed.latch_ms is not None:
        lines.append(tr("주문 잠금까지 {ms:.1f} ms", ms=rehearsed.latch_ms))
    if rehearsed.proven_seconds is not None:
        lines.append(tr("열린 주문 없음을 확인하기까지 {seconds:.1f}초", seconds=rehearsed.proven_seconds))
    if rehearsed.late_order:
        lines.append(tr("잠근 뒤에 낸 주문: 나가지 않음 ({why})", why=rehearsed.late_order))
    elif rehearsed.late_order is not None:
        lines.append(tr("잠근 뒤에 낸 주문: 나갔습니다"))
    if rehearsed.accepted_after is not None:
        lines.append(
            tr(
                "거래소 장부: 남은 주문 {open}건, 잠근 뒤 접수 {accepted}건, 응답을 잃은 취소 {lost}건",
                open=len(rehearsed.open_after),
                accepted=rehearsed.accepted_after,
                lost=rehearsed.lost_answers,
            )
        )
    return lines


def _verdict(rehearsed: Rehearsed) -> str:
    if rehearsed.has_passed:
        return tr("연습을 마쳤습니다. 실제 주문과 주문 잠금은 그대로입니다.")
    why = rehearsed.trouble or tr("보고와 거래소 장부가 다르거나 확인이 끝나지 않았습니다.")
    return tr("연습이 끝까지 되지 않았습니다: {why} 실제 주문과 주문 잠금은 그대로입니다.", why=why)


def _told(account: Account | None, rehearsed: Rehearsed) -> dict[str, Any]:
    """Return the object of `--json`: a panic's own, marked, with the figures."""
    report = rehearsed.report
    base = told(account, rehearsed.started_at, report, report.message if report else "") if account else {}
    return {
        "started_at": rehearsed.started_at.isoformat(timespec="milliseconds"),
        "orders": [],
        **base,
        "environment": REHEARSAL,
        "account": None,
        "rehearsal": True,
        "is_proven": report is not None and report.is_proven,
        "has_passed": rehearsed.has_passed,
        "verdict": _verdict(rehearsed),
        "latch_ms": rehearsed.latch_ms,
        "proven_seconds": rehearsed.proven_seconds,
        "late_order": rehearsed.late_order,
        "lost_answers": rehearsed.lost_answers,
        "figures": _figures(rehearsed),
        "prepared": [{"order_number": one.number, "words": one.words} for one in rehearsed.prepared],
        "exchange": {
            "open_numbers": list(rehearsed.open_after),
            "accepted_after_latch": rehearsed.accepted_after,
        },
    }
