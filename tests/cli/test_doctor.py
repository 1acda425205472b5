"""`kis-terminal doctor` against the real exchange: what it finds, never tells, never sends."""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from kis_terminal.__main__ import main
from kis_terminal.adapters.simulator.process import ExchangeAddress
from kis_terminal.ui.translation import set_language
from tests.end_to_end.conftest import StartProgram
from tests.support.korean import is_korean
from tests.support.leftovers import ExpectLog
from tests.support.shell_account import ShellAccount as Account

ORDER_PATHS = ("order-cash", "order-rvsecncl", "order-credit", "order-resv", "/trading/order")
NO_KEYRING = "no OS keyring is available"


@dataclass(frozen=True, slots=True)
class Report:
    """One run."""

    code: int
    text: str
    told: dict[str, Any]

    def verdict(self, key: str) -> str:
        """Return `ok`, `warn` or `fail` of a check."""
        return str(self.check(key)["verdict"])

    def check(self, key: str) -> dict[str, str]:
        """Return one check."""
        found: list[dict[str, str]] = [check for check in self.told["checks"] if check["id"] == key]
        assert len(found) == 1, f"{key}: {found}"
        return found[0]

    @property
    def failed(self) -> list[str]:
        """Return the checks that failed."""
        return [check["id"] for check in self.told["checks"] if check["verdict"] == "fail"]


Doctor = Callable[..., Report]


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs `doctor --json` with words of the command line."""

    def run(*words: str) -> Report:
        code = main(["doctor", "--json", *words])
        captured = capsys.readouterr()
        assert captured.err == ""
        return Report(code, captured.out, json.loads(captured.out))

    yield run
    set_language("ko")


@pytest.fixture
def account() -> Account:
    """Return keys and an account that nobody has used."""
    return Account()


@pytest.fixture
def paper(account: Account, exchange: ExchangeAddress, tmp_path: Path) -> tuple[str, ...]:
    """Return the words that name the exchange's paper host and this account."""
    path = account.write(tmp_path / "kis_devlp.yaml", exchange.paper_rest, exchange.paper_ws)
    return ("--env", "paper", "--config", str(path))


def requests_to(exchange: ExchangeAddress, since: int = 0) -> list[dict[str, Any]]:
    """Return what went to the exchange by REST."""
    headers = {"authorization": f"Bearer {exchange.control_token}"}
    with httpx.Client(base_url=exchange.control, headers=headers, trust_env=False) as client:
        answer = client.get("/log", params={"kind": "request", "since": str(since)})
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()
    return events


def issues(exchange: ExchangeAddress) -> int:
    """Return how often a token was asked for."""
    return sum("tokenP" in json.dumps(event) for event in requests_to(exchange))


def test_everything_is_in_order_on_the_embedded_exchange(doctor: Doctor) -> None:
    report = doctor()

    assert (report.code, report.failed) == (0, [])
    assert report.told["environment"] == "sim"
    assert report.told["counts"]["fail"] == 0
    looked_at = {check["id"] for check in report.told["checks"]}
    assert looked_at >= {
        *("program", "libraries", "config", "home", "secrets", "disk", "journal", "latch"),
        *("display", "fonts", "sqlite", "database", "cache", "exchange"),
        *("network_rest", "network_ws", "approval", "token", "rest", "account", "clock_skew", "stream"),
    }


def test_nothing_is_left_behind(doctor: Doctor, terminal_home: Path) -> None:
    doctor()

    assert list(terminal_home.rglob("*")) == []


def test_without_a_stored_token_none_is_asked_for(
    doctor: Doctor, paper: tuple[str, ...], exchange: ExchangeAddress
) -> None:
    before = issues(exchange)

    report = doctor(*paper)

    assert (report.code, report.failed) == (0, [])
    assert report.verdict("approval") == "ok"
    assert report.verdict("token") == "warn"
    assert "--login" in report.check("token")["advice"]
    assert issues(exchange) == before


def test_a_token_is_asked_for_once_and_used_again(
    doctor: Doctor, paper: tuple[str, ...], exchange: ExchangeAddress, expect_log: ExpectLog
) -> None:
    expect_log(NO_KEYRING)
    before = issues(exchange)

    first = doctor(*paper, "--login")
    second = doctor(*paper)

    for report in (first, second):
        assert (report.code, report.failed) == (0, [])
        assert report.verdict("token") == "ok"
        assert report.verdict("account") == "ok"
    assert "키링" in second.check("secrets")["advice"]
    assert issues(exchange) == before + 1


def test_no_order_is_ever_sent(
    doctor: Doctor, paper: tuple[str, ...], exchange: ExchangeAddress, expect_log: ExpectLog
) -> None:
    expect_log(NO_KEYRING)
    before = len(requests_to(exchange))

    doctor(*paper, "--login")

    sent = [json.dumps(event) for event in requests_to(exchange)[before:]]
    assert sent
    assert [event for event in sent if any(path in event for path in ORDER_PATHS)] == []
    headers = {"authorization": f"Bearer {exchange.control_token}"}
    with httpx.Client(base_url=exchange.control, headers=headers, trust_env=False) as client:
        ledger = client.get("/ledger").text
    assert "accepted" not in ledger


@pytest.mark.parametrize("style", [(), ("--json",)])
def test_no_secret_is_printed(
    paper: tuple[str, ...],
    style: tuple[str, ...],
    account: Account,
    expect_log: ExpectLog,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    expect_log(NO_KEYRING)
    monkeypatch.setenv("DATABASE_URL", "postgresql://canary:canary-database@127.0.0.1:1/none")
    monkeypatch.setenv("REDIS_URL", "redis://canary:canary-cache@127.0.0.1:1/0")

    code = main(["doctor", *style, *paper, "--login"])

    captured = capsys.readouterr()
    assert code == 1
    assert captured.err == ""
    assert "127.0.0.1:1" in captured.out
    for secret in (account.appkey, account.appsecret, account.number, "canary-database", "canary-cache"):
        assert secret not in captured.out
    assert f"{account.number[:4]}-" in captured.out


def test_which_names_are_set_is_told_and_not_their_values(
    doctor: Doctor, paper: tuple[str, ...], account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIS_PAPER_HTS_ID", "somebody")

    value = doctor(*paper).check("config")["value"]

    assert paper[-1] in value
    assert "paper_app, paper_sec, my_paper_stock, my_prod, KIS_PAPER_HTS_ID, vps, vops" in value
    assert "somebody" not in value


def test_keys_that_the_server_refuses_fail(doctor: Doctor, exchange: ExchangeAddress, tmp_path: Path) -> None:
    cut = Account(appkey="PScanary")
    path = cut.write(tmp_path / "kis_devlp.yaml", exchange.paper_rest, exchange.paper_ws)

    report = doctor("--env", "paper", "--config", str(path))

    assert report.code == 1
    assert report.failed == ["approval"]
    assert "앱키 8자" in report.check("keys")["value"]
    assert "KIS Developers" in report.check("approval")["advice"]


def test_a_server_that_is_not_there_is_named(doctor: Doctor, account: Account, tmp_path: Path) -> None:
    with socket.socket() as bound:  # bound and not listening: refused at once
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        path = account.write(
            tmp_path / "kis_devlp.yaml", f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
        )
        report = doctor("--env", "paper", "--config", str(path))

    assert report.code == 1
    assert report.failed == ["network_rest", "network_ws", "approval"]
    assert f"127.0.0.1:{port}에 연결할 수 없습니다(연결 거부)" in report.check("network_rest")["advice"]


def test_a_broken_file_is_told_with_its_line_and_the_rest_is_looked_at(
    doctor: Doctor, tmp_path: Path
) -> None:
    path = tmp_path / "kis_devlp.yaml"
    path.write_text('paper_app: "x\nmy_htsid: &a b\n', encoding="utf-8")

    report = doctor("--env", "paper", "--config", str(path))

    assert report.code == 1
    assert report.failed == ["config"]
    assert "번째 줄" in report.check("config")["advice"]
    assert report.verdict("disk") in ("ok", "warn")


def test_missing_keys_are_told(doctor: Doctor) -> None:
    report = doctor("--env", "real")

    assert report.failed == ["config"]
    assert "my_app / KIS_APP_KEY" in report.check("config")["advice"]


@pytest.mark.parametrize("words", [("--env", "moon"), ("--what",), ("extra",)])
def test_bad_usage_is_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *words])

    assert ended.value.code == 2


def test_a_damaged_journal_fails(doctor: Doctor, terminal_home: Path) -> None:
    folder = terminal_home / "data" / "sim"
    folder.mkdir(parents=True)
    (folder / "journal-abc.sqlite").write_bytes(b"not a database" * 100)

    report = doctor()

    assert report.failed == ["journal"]
    assert "journal-abc.sqlite" in report.check("journal")["advice"]


def test_a_sound_journal_is_counted_and_not_changed(doctor: Doctor, terminal_home: Path) -> None:
    folder = terminal_home / "data" / "sim"
    folder.mkdir(parents=True)
    path = folder / "journal-abc.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE journal (at TEXT)")
        connection.execute("INSERT INTO journal VALUES ('2026-11-20T13:40:00+09:00')")
    connection.close()
    before = path.read_bytes()

    report = doctor()

    assert report.check("journal")["value"] == "파일 1개, 1줄, 이상 없음"
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ['{"trading-state": "halted"}', "{broken"])
def test_a_fallen_latch_is_told(doctor: Doctor, terminal_home: Path, text: str) -> None:
    folder = terminal_home / "data" / "sim"
    folder.mkdir(parents=True)
    (folder / "trading-abc.json").write_text(text, encoding="utf-8")

    assert doctor().verdict("latch") == "warn"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_what_others_can_read_is_told(doctor: Doctor, terminal_home: Path, paper: tuple[str, ...]) -> None:
    Path(paper[-1]).chmod(0o644)
    (terminal_home / "tokens").mkdir()
    (terminal_home / "tokens").chmod(0o755)

    report = doctor(*paper)

    assert "chmod 600" in report.check("config")["advice"]
    assert "tokens" in report.check("secrets")["value"]


def test_english_is_complete(doctor: Doctor) -> None:
    report = doctor("--language", "en")

    assert not is_korean(report.text)


def test_the_table_says_how_each_is_and_what_to_do(start_program: StartProgram) -> None:
    no_display = {"QT_QPA_PLATFORM": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}

    ended = start_program("doctor", **no_display).wait()

    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].endswith("doctor · 시뮬레이션")
    if sys.platform.startswith("linux"):
        place = next(number for number, line in enumerate(lines) if "화면 없음" in line)
        assert lines[place].startswith("주의")
        assert "→ 창을 열려면" in lines[place + 1]
    assert lines[-1].endswith("· 실패 0")


def test_a_platform_that_qt_cannot_load_fails(start_program: StartProgram) -> None:
    ended = start_program("doctor", "--json", QT_QPA_PLATFORM="nonsense").wait()

    checks = {check["id"]: check for check in json.loads(ended.out)["checks"]}
    assert ended.code == 1
    assert checks["display"]["verdict"] == "fail"
    assert checks["fonts"]["verdict"] == "ok"
