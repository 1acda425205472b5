"""Logging: nothing secret gets through, lines cannot be forged, the file is bounded and private."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kis_terminal.log import LogBuffer, Logging, LogLine, Redactor, mask_account, set_up_logging
from tests.support.leftovers import ExpectLog

CANARY = "PScanarycanarycanarycanarycanary0001"
log = logging.getLogger("kis_terminal.test")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Logging]:
    redactor = Redactor()
    redactor.add(CANARY)
    redactor.add_account("12345678-01")
    started = set_up_logging(tmp_path / "logs", level=logging.DEBUG, redactor=redactor)
    yield started
    started.close()


def written(tmp_path: Path) -> str:
    return (tmp_path / "logs" / "kis-terminal.log").read_text(encoding="utf-8")


def test_registered_values_are_hidden_in_messages_arguments_and_tracebacks(
    running: Logging, tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("failed")
    log.debug("key %s", CANARY)
    log.info("account 12345678 and 12345678-01 and 1234567801")
    try:
        raise ValueError(f"bad key {CANARY} of 12345678")
    except ValueError:
        log.warning("failed", exc_info=True)
    running.close()

    text = written(tmp_path)
    shown = "".join(line.text + line.details for line in running.buffer.lines)
    for output in (text, shown):
        assert CANARY not in output
        assert "12345678" not in output
        assert "1234****-01" in output
        assert "ValueError" in output


@pytest.mark.parametrize(
    "message",
    [
        'headers {"appkey": "HUSH", "appsecret": "HUSH2"}',
        "{'authorization': 'Bearer HUSH'}",
        "Authorization: Bearer HUSH",
        "approval_key=HUSH&x=1",
        '{"grant_type":"client_credentials","secretkey":"HUSH"}',
        "('appkey', 'HUSH')",
        "my_sec: HUSH",
        "KIS_APP_SECRET=HUSH",
        "KIS_PAPER_APP_KEY=HUSH",
        "postgresql://me:HUSH@host/db",
        "token eyJHUSHxxxx.HUSHxxxx.HUSHxxxx",
        'access_token": "HUSH\\"HUSH"',
    ],
)
def test_unregistered_secrets_are_hidden_by_name(message: str) -> None:
    assert "HUSH" not in Redactor().clean(message)


def test_accounts_are_masked_by_name() -> None:
    cleaned = Redactor().clean("GET /uapi?CANO=87654321&ACNT_PRDT_CD=01")

    assert "87654321" not in cleaned
    assert "8765****" in cleaned


@pytest.mark.parametrize("message", ["price 12345678 won", "the token was renewed", "symbol 005930: 70,000"])
def test_harmless_texts_stay(message: str) -> None:
    assert Redactor().clean(message) == message


def test_a_secret_inside_another_leaves_no_rest() -> None:
    redactor = Redactor()
    redactor.add("secret", "secret-and-more")

    assert redactor.clean("x secret-and-more y") == "x *** y"


def test_hostile_text_forges_no_line(running: Logging, tmp_path: Path) -> None:
    log.info("msg1: %s", "ok\n2026-01-01 ERROR forged\x1b[31m" + "x" * 1_000_000)
    running.close()

    lines = written(tmp_path).splitlines()
    assert len(lines) == 1
    assert "\x1b" not in lines[0]
    assert len(lines[0]) < 5_000


def test_the_buffer_keeps_the_last_lines_and_tells_listeners() -> None:
    buffer = LogBuffer(size=3)
    received: list[LogLine] = []
    stop = buffer.listen(received.append)

    for number in range(5):
        buffer.handle(logging.LogRecord("x", logging.INFO, "", 0, f"line {number}", None, None))
    stop()
    buffer.handle(logging.LogRecord("x", logging.INFO, "", 0, "unheard", None, None))

    assert [line.text for line in buffer.lines] == ["line 3", "line 4", "unheard"]
    assert buffer.written == 6
    assert len(received) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")
def test_the_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    earlier = os.umask(0)
    try:
        set_up_logging(tmp_path / "logs").close()
    finally:
        os.umask(earlier)

    assert (tmp_path / "logs" / "kis-terminal.log").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_made_is_said_and_not_fatal(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("no log file")
    (tmp_path / "file").write_text("")

    started = set_up_logging(tmp_path / "file" / "logs")
    started.close()

    assert "no log file" in started.buffer.lines[0].text


def test_close_takes_everything_away(tmp_path: Path) -> None:
    before = list(logging.getLogger().handlers)

    started = set_up_logging(tmp_path / "logs")
    started.close()
    started.close()

    assert logging.getLogger().handlers == before


def test_libraries_that_log_urls_are_silenced(running: Logging) -> None:
    logging.getLogger("httpx").info("GET https://x/?CANO=99998888")

    assert running.buffer.lines == []


@pytest.mark.parametrize(
    ("number", "shown"),
    [("12345678", "1234****"), ("1234567801", "1234****-01"), ("12345678-01", "1234****-01"), ("12", "****")],
)
def test_account_masks(number: str, shown: str) -> None:
    assert mask_account(number) == shown
