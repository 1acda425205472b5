"""`kis-terminal panic` against the real exchange: its ledger judges what is open."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from kis_terminal.__main__ import main
from kis_terminal.account_files import journal_path, latch_path, products_path
from kis_terminal.adapters.kis.token_store import file_vault_key
from kis_terminal.adapters.simulator.process import ExchangeAddress
from kis_terminal.adapters.storage.journal_reading import read_journal
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.orders import OrderStatus
from kis_terminal.settings import HomePaths
from tests.cli.conftest import Shell
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.program import Program
from tests.support.fault_proxy import fault_proxy
from tests.support.korean import is_korean
from tests.support.leftovers import ExpectLog
from tests.support.shell_account import ShellAccount, ledger, open_core, open_numbers, place_elsewhere, submit
from tests.support.trading_desk import until

NO_KEYRING = "no OS keyring is available"
PAPER = pytest.mark.parametrize("environment", [Environment.PAPER])


def latch(account: ShellAccount, exchange: ExchangeAddress, home: Path) -> Path:
    """Return where the latch of this account lies."""
    return latch_path(account.access(exchange), HomePaths.under(home, account.environment))


def journal(account: ShellAccount, exchange: ExchangeAddress, home: Path) -> Path:
    """Return where the journal of this account lies."""
    return journal_path(account.access(exchange), HomePaths.under(home, account.environment))


def latch_events(path: Path) -> list[str]:
    """Return what the journal says of the latch."""
    return [entry.event for entry in read_journal(path).entries if entry.event.startswith("latch")]


async def twelve_orders(account: ShellAccount, exchange: ExchangeAddress, home: Path) -> None:
    """Leave eleven orders of a window that was closed, and one of another program."""
    async with open_core(account.access(exchange), home) as core:
        for quantity in range(1, 12):
            await submit(core, quantity)
            await asyncio.sleep(0.11)  # ten a second is the limit of the risk rules
        assert all(order.order_number for order in core.orders.all()), [o.reason for o in core.orders.all()]
    await place_elsewhere(account.access(exchange, is_other_program=True), 1)


async def ended(program: Program) -> tuple[int, str, str]:
    """Wait for a program beside this loop."""
    end = await asyncio.to_thread(program.wait)
    return end.code, end.out, end.err


def through(words: tuple[str, ...], account: ShellAccount, exchange: ExchangeAddress, url: str) -> None:
    """Let the settings name a proxy before the exchange."""
    path = Path(words[-1])
    path.write_text(path.read_text().replace(account.hosts(exchange)[0], url), encoding="utf-8")


async def test_twelve_orders_are_cancelled_and_proven(
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    start_program: StartProgram,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    await twelve_orders(account, exchange, terminal_home)
    assert len(open_numbers(ledger(exchange, account.number))) == 12

    code, out, err = await ended(start_program("panic", *words))

    assert (code, err) == (0, "")
    entries = ledger(exchange, account.number)
    assert open_numbers(entries) == []
    assert Counter(entry["kind"] for entry in entries) == {"accepted": 12, "cancelled": 12}
    lines = out.splitlines()
    assert lines[0] == "새 주문을 잠갔습니다. 열린 주문을 취소합니다."
    for entry in entries:
        if entry["kind"] == "accepted":
            assert any(entry["order_no"] in line and "취소" in line.split() for line in lines)
    assert lines[-2:] == [
        "취소 12",
        "주문 12건을 처리했고 열린 주문이 없음을 두 번 확인했습니다. 새 주문은 잠겨 있습니다.",
    ]
    for secret in account.secrets:
        assert secret not in out
    assert json.loads(latch(account, exchange, terminal_home).read_text())["trading-state"] == "halted"
    path = journal(account, exchange, terminal_home)
    assert latch_events(path) == ["latch dropped"]
    kept = read_journal(path).entries
    outcomes = [entry.details for entry in kept if entry.event == "panic outcome"]
    assert len({outcome["order_number"] for outcome in outcomes}) == 12
    assert {outcome["outcome"] for outcome in outcomes} == {"cancelled"}
    assert kept[-1].event == "panic proven"


@PAPER
def test_the_report_is_one_object(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    numbers = asyncio.run(place_elsewhere(account.access(exchange, is_other_program=True), 2))

    run = shell("panic", "--json", *words)

    told = json.loads(run.out)
    assert (run.code, told["is_proven"], told["latch"], told["desk"]) == (0, True, "halted", "1544-5000")
    assert told["account"] == f"{account.number[:4]}-{account.number[4:6]}**-01"
    assert {order["order_number"]: order["outcome"] for order in told["orders"]} == dict.fromkeys(
        numbers, "cancelled"
    )
    assert all(order["origin"] == "elsewhere" and order["outcome_at"] for order in told["orders"])
    assert "새 주문을 잠갔습니다" in run.err
    for secret in account.secrets:
        assert secret not in run.out + run.err


def test_with_nothing_open_that_is_proven(
    shell: Shell, words: tuple[str, ...], expect_log: ExpectLog
) -> None:
    expect_log(NO_KEYRING)

    run = shell("panic", *words)

    assert (run.code, run.err) == (0, "")
    assert run.out.splitlines()[-1] == "열린 주문이 없습니다. 새 주문은 잠겨 있습니다."


async def test_an_open_window_is_locked_at_once_and_not_disturbed(
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    start_program: StartProgram,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    expect_log("dropped by another program")
    async with open_core(account.access(exchange), terminal_home) as core:
        first = await submit(core, 1)
        panic = start_program("panic", *words)
        keys = []
        while not core.risk_gate.is_halted:
            keys.append(await submit(core, len(keys) + 2))
            await asyncio.sleep(0.12)
        refused = await submit(core, 99)
        code, _, err = await ended(panic)
        await until(lambda: core.risk_gate.state == "halted", 2.0)
        await until(lambda: not core.orders.open_orders())

        assert (code, err) == (0, "")
        order = core.orders.get(refused)
        assert order is not None
        assert (order.status, order.order_number) == (OrderStatus.REJECTED, "")
        after = [core.orders.get(key) for key in (first, *keys)]
        assert {order.status for order in after if order is not None and order.order_number} == {
            OrderStatus.CANCELLED
        }
    assert open_numbers(ledger(exchange, account.number)) == []
    path = journal(account, exchange, terminal_home)
    assert latch_events(path)[0] == "latch dropped"
    assert read_journal(path).is_whole


async def test_an_outage_is_told_with_the_desk_and_gone_through(
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    start_program: StartProgram,
) -> None:
    await place_elsewhere(account.access(exchange, is_other_program=True), 3)
    async with fault_proxy(account.hosts(exchange)[0]) as (proxy, url):
        through(words, account, exchange, url)
        proxy.refuses = True
        panic = start_program("panic", *words)
        await until(latch(account, exchange, terminal_home).exists, 20.0)
        await until(lambda: proxy.connections > 3, 20.0)
        await until(lambda: "1544-5000" in said_so_far(panic), 30.0)
        assert len(open_numbers(ledger(exchange, account.number))) == 3
        assert panic.process.poll() is None

        proxy.heal()
        code, out, _ = await ended(panic)

    assert code == 0
    assert "취소 3" in out
    assert open_numbers(ledger(exchange, account.number)) == []


def said_so_far(program: Program) -> str:
    """Return what a program has printed until now."""
    return (program.temporary.parent / "out.txt").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
async def test_what_is_left_is_said_when_it_is_stopped(
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    start_program: StartProgram,
    number: str,
) -> None:
    numbers = await place_elsewhere(account.access(exchange, is_other_program=True), 2)
    async with fault_proxy(account.hosts(exchange)[0]) as (proxy, url):
        through(words, account, exchange, url)
        panic = start_program("panic", "--json", *words)
        proxy.toxics["down"].latency = 0.4
        await until(lambda: any(order in said_on_error(panic) for order in numbers), 30.0)
        proxy.toxics["down"].blackhole = True
        panic.send(signal.Signals[number])
        code, out, err = await ended(panic)

    told = json.loads(out)
    assert (code, told["is_proven"], told["latch"]) == (1, False, "halted")
    assert {order["order_number"] for order in told["orders"]} == set(numbers)
    assert "전체취소가 끝나기 전에 멈췄습니다." in err
    assert "Traceback" not in err


def said_on_error(program: Program) -> str:
    """Return what a program has printed beside its output until now."""
    return (program.temporary.parent / "err.txt").read_text(encoding="utf-8")


async def test_killed_in_the_middle_the_next_one_ends_it(
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    start_program: StartProgram,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    await twelve_orders(account, exchange, terminal_home)
    async with fault_proxy(account.hosts(exchange)[0]) as (proxy, url):
        through(words, account, exchange, url)
        proxy.toxics["down"].latency = 0.15
        first = start_program("panic", *words)
        await until(lambda: len(open_numbers(ledger(exchange, account.number))) < 12, 30.0)
        first.kill()
        assert latch(account, exchange, terminal_home).exists()
        proxy.heal()
        code, out, err = await ended(start_program("panic", *words))

    assert (code, err) == (0, "")
    assert "두 번 확인했습니다" in out
    entries = ledger(exchange, account.number)
    assert open_numbers(entries) == []
    assert Counter(entry["kind"] for entry in entries)["accepted"] == 12
    assert latch_events(journal(account, exchange, terminal_home)) == ["latch dropped"]


async def test_two_at_once_both_prove_it(
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    start_program: StartProgram,
) -> None:
    """Neither has a token: KIS gives one a minute, and the second takes what the first has stored."""
    await place_elsewhere(account.access(exchange, is_other_program=True), 6)

    file_vault_key(HomePaths.under(terminal_home, account.environment).tokens)
    both = [start_program("panic", "--json", *words) for _ in range(2)]
    ends = [await ended(program) for program in both]

    assert [(code, json.loads(out)["is_proven"]) for code, out, _ in ends] == [(0, True)] * 2
    entries = ledger(exchange, account.number)
    assert open_numbers(entries) == []
    assert Counter(entry["kind"] for entry in entries) == {"accepted": 6, "cancelled": 6}


def test_a_damaged_journal_stops_nothing_and_stays_as_it_is(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    expect_log("journal did not take")
    asyncio.run(place_elsewhere(account.access(exchange, is_other_program=True), 1))
    path = journal(account, exchange, terminal_home)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a database" * 100)

    run = shell("panic", *words)

    assert run.code == 0
    assert path.name in run.err
    assert open_numbers(ledger(exchange, account.number)) == []
    assert path.read_bytes() == b"not a database" * 100


def test_the_latch_falls_without_any_exchange(shell: Shell, terminal_home: Path) -> None:
    run = shell("panic", "--json")

    told = json.loads(run.out)
    assert (run.code, told["latch"], told["is_proven"]) == (1, "halted", False)
    (path,) = HomePaths.under(terminal_home, Environment.SIM).data.glob("trading-*.json")
    assert json.loads(path.read_text()) == {"trading-state": "halted"}


# -- the way back ---


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> type[io.StringIO]:
    """Return what gives the program a standard input when it is called with a text."""

    class Typed(io.StringIO):
        def __init__(self, text: str) -> None:
            super().__init__(text)
            monkeypatch.setattr(sys, "stdin", self)

    return Typed


def test_the_word_opens_the_latch_and_is_journaled(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    typed: type[io.StringIO],
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    shell("panic", *words)
    path = latch(account, exchange, terminal_home)

    for text in ("", "\n", "네\n", "unlock\n"):
        typed(text)
        refused = shell("panic", "--release", *words)
        assert (refused.code, refused.out) == (1, "")
        assert "그대로 잠겨 있습니다" in refused.err
        assert json.loads(path.read_text())["trading-state"] == "halted"
    typed("해제\n")
    released = shell("panic", "--release", *words)
    again = shell("panic", "--release", *words)

    assert (released.code, released.err) == (0, "")
    assert json.loads(path.read_text())["trading-state"] == "active"
    assert latch_events(journal(account, exchange, terminal_home)) == ["latch dropped", "latch released"]
    assert (again.code, again.out) == (0, "주문이 잠겨 있지 않습니다.\n")


def test_a_damaged_latch_stays_dropped_until_the_word(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    typed: type[io.StringIO],
    expect_log: ExpectLog,
) -> None:
    """Cause: reading a damaged file puts it aside, and none at all would have meant that orders may leave."""
    expect_log("cannot be read")
    path = latch(account, exchange, terminal_home)
    path.parent.mkdir(parents=True)
    path.write_text("{broken", encoding="utf-8")

    typed("no\n")
    assert shell("panic", "--release", *words).code == 1

    assert json.loads(path.read_text())["trading-state"] == "halted"
    typed("해제\n")
    assert shell("panic", "--release", *words).code == 0
    assert json.loads(path.read_text())["trading-state"] == "active"


async def test_a_window_journals_what_its_own_button_does(
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    words: tuple[str, ...],
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    async with open_core(account.access(exchange), terminal_home) as core:
        core.panic.press()
        await until(lambda: not core.panic.is_running)
        core.risk_gate.release()
        core.risk_gate.arm(is_armed=True)
        await until(lambda: len(latch_events(journal(account, exchange, terminal_home))) == 2)

    assert latch_events(journal(account, exchange, terminal_home)) == ["latch dropped", "latch released"]


def test_english_is_complete(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    typed: type[io.StringIO],
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    asyncio.run(place_elsewhere(account.access(exchange, is_other_program=True), 1))
    english = ("--language", "en")
    runs = [shell("panic", *english, *words), shell("panic", *english)]
    for text in ("no\n", "UNLOCK\n", ""):
        typed(text)
        runs.append(shell("panic", "--release", *english, *words))

    assert [run.code for run in runs] == [0, 1, 1, 0, 0]
    for run in runs:
        assert not is_korean((run.out + run.err).replace("삼성전자", ""))


@pytest.mark.parametrize("words", [("--env", "moon"), ("--what",), ("extra",)])
def test_bad_usage_is_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["panic", *words])

    assert exit_.value.code == 2
    assert capsys.readouterr().err


def test_settings_that_lack_something_are_2(shell: Shell) -> None:
    assert shell("panic", "--env", "real").code == 2


async def test_a_product_is_left_out_by_a_word_that_is_journaled(
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    start_program: StartProgram,
) -> None:
    code, _, err = await ended(start_program("panic", *words, "--not-traded", "overseas"))

    assert (code, err) == (0, "")
    path = journal(account, exchange, terminal_home)
    told = [entry for entry in read_journal(path).entries if entry.event == "product left out"]
    assert [entry.details["product"] for entry in told] == ["overseas"]
    home = HomePaths.under(terminal_home, account.environment)
    kept = json.loads(products_path(account.access(exchange), home).read_text())
    assert kept == {"products-left-out": "overseas"}
    assert json.loads(latch(account, exchange, terminal_home).read_text()) == {"trading-state": "halted"}
