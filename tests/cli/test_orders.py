"""`kis-terminal orders` against the real exchange: its ledger judges."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kis_terminal.__main__ import main
from kis_terminal.account_files import journal_path, latch_path
from kis_terminal.adapters.simulator.process import ExchangeAddress
from kis_terminal.adapters.storage.exchange_address import ExchangeEntrance, write_entrance
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.made_up_market import MadeUpMarket
from kis_terminal.domain.orders import OrderStatus
from kis_terminal.services.order_restore import DAYS_SETTLED
from kis_terminal.settings import HomePaths
from tests.cli.conftest import Shell
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.program import wait_until
from tests.support.korean import is_korean
from tests.support.leftovers import ExpectLog
from tests.support.shell_account import ShellAccount, ledger, open_core, open_numbers, place_elsewhere, submit
from tests.support.trading_desk import until

NO_KEYRING = "no OS keyring is available"


def home_of(account: ShellAccount, terminal_home: Path) -> HomePaths:
    return HomePaths.under(terminal_home, account.environment)


def placed(account: ShellAccount, exchange: ExchangeAddress, count: int) -> list[str]:
    """Place orders of another program."""
    return asyncio.run(place_elsewhere(account.access(exchange, is_other_program=True), count))


def own_order(account: ShellAccount, exchange: ExchangeAddress, home: Path) -> str:
    """Open a window's account, order, close; return the order's number."""

    async def order() -> str:
        async with open_core(account.access(exchange), home) as core:
            order = core.orders.get(await submit(core, 7))
            assert order is not None
            assert order.status is OrderStatus.ACCEPTED, order.reason
            return order.order_number

    return asyncio.run(order())


@pytest.mark.parametrize("environment", [Environment.PAPER])
def test_every_order_is_listed_with_who_placed_it(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    (foreign,) = placed(account, exchange, 1)
    own = own_order(account, exchange, terminal_home)

    seen = shell("orders", *words)
    told = shell("orders", "--json", *words)

    assert (seen.code, seen.err) == (0, "")
    lines = {line.split()[1]: line for line in seen.out.splitlines() if "005930" in line}
    assert set(lines) == {foreign, own}
    assert "다른 프로그램" in lines[foreign]
    assert "호가창" in lines[own]
    assert "주문 2건, 미체결 2건" in seen.out
    orders = {order["order_number"]: order for order in json.loads(told.out)["orders"]}
    assert {number: order["origin"] for number, order in orders.items()} == {
        foreign: "elsewhere",
        own: "ladder",
    }
    assert (orders[own]["quantity"], orders[own]["remaining"], orders[own]["status"]) == (7, 7, "accepted")
    for secret in account.secrets:
        assert secret not in seen.out + told.out


def test_a_list_that_fails_is_a_sentence_and_no_table(
    shell: Shell, account: ShellAccount, tmp_path: Path
) -> None:
    with socket.socket() as bound:  # bound and not listening: refused at once
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        path = account.write(tmp_path / "dead.yaml", f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
        run = shell("orders", "--env", account.environment.value, "--config", str(path))

    assert (run.code, run.out) == (1, "")
    assert run.err.startswith("주문내역을 조회하지 못했습니다")


def test_no_orders_is_said_and_nothing_is_left_behind(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    terminal_home: Path,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)

    run = shell("orders", *words)

    assert (run.code, run.out.strip(), run.err) == (0, "오늘 주문이 없습니다.", "")
    assert not home_of(account, terminal_home).data.exists()


def test_named_orders_are_cancelled_and_no_others(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    first, second, third = placed(account, exchange, 3)

    run = shell("orders", "cancel", first.lstrip("0"), *words, third)

    assert (run.code, run.err) == (0, "")
    assert [line.split()[1] for line in run.out.splitlines()[1:]] == [first, third]
    assert run.out.count("취소") == 2
    assert open_numbers(ledger(exchange, account.number)) == [second]
    assert not latch_path(account.access(exchange), home_of(account, terminal_home)).exists()


def test_what_cannot_be_cancelled_is_said(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    (number,) = placed(account, exchange, 1)

    run = shell("orders", "cancel", number, "99999999", "--json", *words)

    told = json.loads(run.out)
    assert run.code == 1
    assert told["not_found"] == ["99999999"]
    assert [order["status"] for order in told["orders"]] == ["cancelled"]
    assert "오늘의 주문내역에 없는 번호입니다." in run.err
    assert open_numbers(ledger(exchange, account.number)) == []


def test_all_orders_are_cancelled_without_the_latch(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    own_order(account, exchange, terminal_home)
    placed(account, exchange, 4)

    run = shell("orders", "cancel", "--all", *words)
    again = shell("orders", "cancel", "--all", *words)

    assert (run.code, run.err) == (0, "")
    assert open_numbers(ledger(exchange, account.number)) == []
    assert (again.code, again.out.strip()) == (0, "취소할 미체결 주문이 없습니다.")
    kept = latch_path(account.access(exchange), home_of(account, terminal_home))
    assert not kept.exists()
    events = [line["event"] for line in journaled(shell, words)]
    assert events.count("cancel intent") == events.count("cancel accepted") == 5


def journaled(shell: Shell, words: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the journal's lines of today."""
    lines: list[dict[str, Any]] = json.loads(shell("orders", "--journal", "--json", *words).out)["lines"]
    return lines


def test_the_journal_is_read_without_a_network(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    empty = shell("orders", "--journal", *words)
    number = own_order(account, exchange, terminal_home)
    Path(words[-1]).write_text(
        Path(words[-1]).read_text().replace(account.hosts(exchange)[0], "http://127.0.0.1:1"),
        encoding="utf-8",
    )
    path = journal_path(account.access(exchange), home_of(account, terminal_home))
    before = path.read_bytes()

    seen = shell("orders", "--journal", *words)
    other = shell("orders", "--journal", "--day", "2020-01-02", *words)

    assert "주문 기록이 아직 없습니다" in empty.out
    assert (seen.code, seen.err) == (0, "")
    assert "symbol=005930" in seen.out
    assert f"order_number={number}" in seen.out
    events = [line["event"] for line in journaled(shell, words)]
    assert events[:3] == [DAYS_SETTLED, "intent", "accepted"]
    assert (other.code, other.out.splitlines()[0]) == (0, "2020-01-02의 기록이 없습니다.")
    assert "다른 날의 기록" in other.out
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir() if file.name.startswith("journal-")] == [path.name]


def test_what_is_left_of_a_damaged_journal_is_read(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    own_order(account, exchange, terminal_home)
    path = journal_path(account.access(exchange), home_of(account, terminal_home))
    changed = path.read_bytes().replace(b'"symbol": "005930"', b'"symbol": "000660"')
    path.write_bytes(changed)

    run = shell("orders", "--journal", *words)

    assert run.code == 1
    assert "손상되어" in run.err
    assert "accepted" in run.out
    assert "000660" not in run.out
    assert path.read_bytes() == changed


@pytest.mark.parametrize(
    "words",
    [
        ("cancel",),
        ("cancel", "1", "--all"),
        ("--all",),
        ("cancel", "1a"),
        ("cancel", "--all", "--journal"),
        ("--day", "2026-11-20"),
        ("--journal", "--day", "yesterday"),
        ("resend", "1"),
        ("--env", "moon"),
    ],
)
def test_bad_usage_is_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["orders", *words])

    assert ended.value.code == 2
    assert capsys.readouterr().err


def test_settings_that_lack_something_are_2(shell: Shell) -> None:
    run = shell("orders", "--env", "real")

    assert (run.code, run.out) == (2, "")
    assert "my_app / KIS_APP_KEY" in run.err


@pytest.mark.parametrize("words", [("orders",), ("orders", "cancel", "--all"), ("panic",)])
def test_without_a_running_simulation_a_sentence_says_so(shell: Shell, words: tuple[str, ...]) -> None:
    run = shell(*words)

    assert run.code == 1
    assert "실행 중인 시뮬레이션이 없습니다." in run.err


@pytest.mark.parametrize(
    ("host", "pid"),
    [("127.0.0.1:1", 2**22 + 1), ("exchange.example", os.getpid())],
    ids=["gone", "elsewhere"],
)
def test_what_is_no_simulation_of_this_machine_is_not_used(
    shell: Shell, terminal_home: Path, host: str, pid: int
) -> None:
    market = MadeUpMarket("1-1-261123-o", date(2026, 11, 23))
    entrance = ExchangeEntrance(f"http://{host}", f"ws://{host}", pid, market)
    write_entrance(HomePaths.under(terminal_home, Environment.SIM).data, entrance)

    assert "실행 중인 시뮬레이션이 없습니다." in shell("orders").err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to end a window with")
def test_the_simulation_of_an_open_window_is_found(
    shell: Shell, start_program: StartProgram, terminal_home: Path
) -> None:
    data = HomePaths.under(terminal_home, Environment.SIM).data
    window = start_program("--exit-after", "600", QT_QPA_PLATFORM="offscreen")
    wait_until(lambda: (data / "exchange.json").exists() and any(data.glob("journal-*.sqlite")))

    run = shell("orders", "--json")

    assert (run.code, run.err) == (0, "오늘 주문이 없습니다.\n")
    assert json.loads(run.out)["environment"] == "sim"
    assert shell("panic").code == 0
    window.send(signal.SIGTERM)
    assert window.wait().code == 0
    assert not (data / "exchange.json").exists()


def test_english_is_complete(
    shell: Shell,
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    placed(account, exchange, 1)

    runs = [
        shell("orders", *more, "--language", "en", *words)
        for more in ((), ("cancel", "--all"), ("cancel", "1"), ("--journal",), ())
    ]

    for run in runs:
        assert not is_korean((run.out + run.err).replace("삼성전자", ""))


async def test_beside_an_open_window_nothing_is_held_up(
    words: tuple[str, ...],
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    start_program: StartProgram,
    expect_log: ExpectLog,
) -> None:
    expect_log(NO_KEYRING)
    async with open_core(account.access(exchange), terminal_home) as core:
        keys = [await submit(core, 1)]
        wanted = core.orders.get(keys[0])
        assert wanted is not None
        commands = [
            start_program("orders", "cancel", wanted.order_number, *words),
            start_program("orders", "--json", *words),
            start_program("orders", "--journal", *words),
        ]
        while any(command.process.poll() is None for command in commands):
            keys.append(await submit(core, len(keys) + 1))
            await asyncio.sleep(0.15)
        ends = [command.wait() for command in commands]

        assert [(end.code, end.err) for end in ends[::2]] == [(0, "")] * 2
        assert ends[1].code == 0
        orders = [core.orders.get(key) for key in keys]
        assert [order.reason for order in orders[1:] if order and not order.order_number] == []
        await until(lambda: core.orders.get(keys[0]).status is OrderStatus.CANCELLED)  # type: ignore[union-attr]
        assert len(open_numbers(ledger(exchange, account.number))) == len(keys) - 1
