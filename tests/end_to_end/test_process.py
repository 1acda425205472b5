"""The program as a process: pictures without a screen, an end that leaves nothing behind."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import httpx
import pytest
from PySide6.QtGui import QImage

from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.program import is_alive, wait_for_json, wait_until

# The offscreen platform says so of every window.
_PLATFORM = "This plugin does not support propagateSizeHints()"


def said(text: str) -> list[str]:
    return [line for line in text.splitlines() if line != _PLATFORM]


def has_connected(home: Path) -> bool:
    """Tell whether the window is up and talks to the exchange: the list of instruments has come."""
    log = home / "logs" / "kis-terminal.log"
    return log.exists() and "instruments loaded" in log.read_text(encoding="utf-8")


def test_a_picture_is_made_without_a_screen_and_nothing_is_left(
    start_program: StartProgram, tmp_path: Path, terminal_home: Path
) -> None:
    picture = tmp_path / "window.png"
    # No display and no platform named: the program chooses the one without a screen by itself.
    no_display = {"QT_QPA_PLATFORM": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    program = start_program("--screenshot", str(picture), "--exit-after", "4", "--seed", "7", **no_display)
    exchange = program.exchange_pid()
    assert is_alive(exchange)

    ended = program.wait()

    assert (ended.code, ended.out, said(ended.err)) == (0, "", [])
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1760, 990)
    seen = {image.pixel(x, y) for x in range(0, 1760, 7) for y in range(0, 990, 3)}
    assert len(seen) > 50, "a blank picture"
    wait_until(lambda: not is_alive(exchange))
    assert list(program.temporary.iterdir()) == []
    log = (terminal_home / "logs" / "kis-terminal.log").read_text(encoding="utf-8")
    assert not any(level in log for level in (" WARNING ", " ERROR "))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_window_and_exchange(
    start_program: StartProgram, terminal_home: Path, number: signal.Signals
) -> None:
    program = start_program()
    exchange = program.exchange_pid()
    wait_until(lambda: has_connected(terminal_home))

    program.send(number)

    ended = program.wait()
    assert (ended.code, said(ended.err)) == (0, [])
    assert not is_alive(exchange)
    assert (terminal_home / "layout" / "workspace.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes otherwise")
def test_the_exchange_ends_with_a_terminal_that_was_killed(
    start_program: StartProgram, terminal_home: Path
) -> None:
    program = start_program()
    exchange = program.exchange_pid()

    program.send(signal.SIGKILL)

    program.wait()
    wait_until(lambda: not is_alive(exchange), 10)


def test_the_exchange_alone_answers_any_client(start_program: StartProgram, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    program = start_program("sim", "--port", "0", "--ready-file", str(ready), "--seed", "7")

    addresses = wait_for_json(lambda: ready if ready.exists() else None, program)

    assert set(addresses) == {
        *("rest", "ws", "paper_rest", "paper_ws"),
        *("control", "control_token", "pid"),
        *("market", "market_day"),
    }
    assert addresses["pid"] == program.process.pid
    keys = {"appkey": "P" * 36, "appsecret": "s" * 180}
    with httpx.Client(base_url=addresses["rest"], trust_env=False) as client:
        token = client.post("/oauth2/tokenP", json={"grant_type": "client_credentials", **keys}).json()
        answer = client.get(
            "/uapi/domestic-stock/v1/quotations/inquire-price",
            params={"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"},
            headers={"authorization": f"Bearer {token['access_token']}", "tr_id": "FHKST01010100", **keys},
        ).json()
    assert answer["rt_cd"] == "0"
    assert int(answer["output"]["stck_prpr"]) > 0
    if sys.platform != "win32":
        program.send(signal.SIGTERM)
        assert program.wait().code == 0
        assert not ready.exists()
