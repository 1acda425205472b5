"""`kis-terminal panic --rehearse`: proven by its own exchange's ledger, and no account ever hears of it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kis_terminal.__main__ import main
from kis_terminal.adapters.simulator.process import ExchangeAddress
from kis_terminal.cli.panic_rehearsal import Prepared, Rehearsed
from kis_terminal.domain.orders import Order, OrderKind, OrderStatus, Origin, Side, Venue
from kis_terminal.services.panic import PanicLine, PanicOutcome, PanicReport
from kis_terminal.services.panic_rehearsal import read_rehearsal
from tests.end_to_end.conftest import StartProgram
from tests.support.korean import is_korean
from tests.support.shell_account import ShellAccount, ledger, open_numbers, place_elsewhere

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def files_in(folder: Path) -> dict[Path, bytes]:
    """Return every file with its content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def everything_that_names(account: ShellAccount, exchange: ExchangeAddress, folder: Path) -> dict[str, str]:
    """Write the settings and return the variables that would bring a program to the account."""
    rest, ws = account.hosts(exchange)
    account.write(folder / "kis_devlp.yaml", rest, ws)  # the working folder is looked into
    return {
        "KIS_APP_KEY": account.appkey,
        "KIS_APP_SECRET": account.appsecret,
        "KIS_ACCOUNT_NO": account.number,
    }


def test_it_is_proven_and_the_account_never_hears_of_it(
    start_program: StartProgram,
    account: ShellAccount,
    exchange: ExchangeAddress,
    terminal_home: Path,
    tmp_path: Path,
) -> None:
    numbers = asyncio.run(place_elsewhere(account.access(exchange, is_other_program=True), 2))
    variables = everything_that_names(account, exchange, tmp_path / "work")
    (terminal_home / "data" / "sim").mkdir(parents=True)
    (terminal_home / "data" / "sim" / "trading-0123456789ab.json").write_text('{"trading-state": "active"}')
    entries, files = ledger(exchange, account.number), files_in(terminal_home)

    program = start_program("panic", "--rehearse", "--json", "--language", "en", **variables)
    run = program.wait()

    assert run.code == 0, run.err
    assert ledger(exchange, account.number) == entries
    assert open_numbers(entries) == numbers
    assert files_in(terminal_home) == files
    assert list(program.temporary.iterdir()) == []
    assert read_rehearsal(run.out).has_passed, "the window reads it too"
    told = json.loads(run.out)
    assert (told["rehearsal"], told["environment"], told["account"]) == (True, "rehearsal", None)
    assert (told["is_proven"], told["has_passed"], told["lost_answers"]) == (True, True, 1)
    assert told["exchange"] == {"open_numbers": [], "accepted_after_latch": 0}
    assert "locked" in told["late_order"]
    assert 0 < told["latch_ms"] < told["proven_seconds"] * 1e3
    assert {order["outcome"] for order in told["orders"]} == {"cancelled"}
    assert len(told["orders"]) == len(told["prepared"]) == 9
    assert {order["origin"] for order in told["orders"]} == {"command_line", "elsewhere"}
    assert {order["venue"] for order in told["orders"]} == {"KRX", "NXT", "SOR"}
    assert any(len(order["numbers"]) == 2 for order in told["orders"]), "one was amended"
    assert all(line.startswith("[REHEARSAL] ") for line in run.err.splitlines())
    assert not is_korean((run.err + run.out).replace("삼성전자", ""))
    for secret in account.secrets:
        assert secret not in run.out + run.err


@pytest.mark.skipif(sys.platform == "win32", reason="there a program is ended without being asked")
def test_stopped_in_the_middle_nothing_is_left(start_program: StartProgram, terminal_home: Path) -> None:
    program = start_program("panic", "--rehearse")
    out = program.temporary.parent / "out.txt"
    deadline = time.monotonic() + 60
    while "새 주문을 잠갔습니다" not in out.read_text(encoding="utf-8") and time.monotonic() < deadline:
        time.sleep(0.05)
    program.send(signal.SIGTERM)

    run = program.wait()

    assert run.code == 1
    assert run.err.splitlines()[-1].endswith("실제 주문과 주문 잠금은 그대로입니다.")
    assert list(program.temporary.iterdir()) == []
    assert files_in(terminal_home) == {}


@pytest.mark.parametrize(
    "words",
    [
        ("--env", "real"),
        ("--env", "paper"),
        ("--config", "kis_devlp.yaml"),
        ("--release",),
        ("--not-traded", "bond"),
        ("--traded", "bond"),
    ],
)
def test_beside_what_is_about_an_account_it_is_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["panic", "--rehearse", *words])

    assert exit_.value.code == 2
    assert words[0] in capsys.readouterr().err


def order(number: str, status: OrderStatus = OrderStatus.CANCELLED) -> Order:
    """Return an order as a report has it."""
    return Order(
        number,
        "005930",
        Side.BUY,
        OrderKind.LIMIT,
        Venue.KRX,
        3,
        None,
        status,
        Origin.COMMAND_LINE,
        NOW,
        order_number=number,
    )


def report(*orders: Order, is_proven: bool = True) -> PanicReport:
    """Return the report of a run."""
    lines = tuple(PanicLine(one, PanicOutcome.CANCELLED, "", NOW) for one in orders)
    return PanicReport(NOW, lines, False, is_proven, "")


PASSED = Rehearsed(
    NOW,
    prepared=(Prepared("0000040001", ""), Prepared("0030000001", "")),
    late_order="locked",
    lost_answers=1,
    accepted_after=0,
    report=report(order("0000040001"), order("30000001")),
)


def test_what_a_sound_rehearsal_shows_passes() -> None:
    assert PASSED.has_passed


@pytest.mark.parametrize(
    "changes",
    [
        {"report": None},
        {"report": report(order("40001"), order("30000001"), is_proven=False)},
        {"report": report(order("0000040001"))},
        {"report": report(order("0000040001", OrderStatus.UNKNOWN), order("30000001"))},
        {"open_after": ("0000040001",)},
        {"accepted_after": 1},
        {"accepted_after": None},
        {"late_order": ""},
        {"late_order": None},
        {"lost_answers": 0},
        {"prepared": ()},
        {"trouble": "too slow"},
    ],
)
def test_whatever_the_exchange_or_the_report_lacks_it_does_not_pass(changes: dict[str, object]) -> None:
    assert not replace(PASSED, **changes).has_passed  # type: ignore[arg-type]
