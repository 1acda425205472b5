"""The simulator as a process: ready file, stop by signal, by standard input, by its parent's end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kis_terminal.adapters.simulator.options import read_options

Process = subprocess.Popen[bytes]
COMMAND = [sys.executable, "-m", "kis_terminal.adapters.simulator"]


@pytest.fixture
def children() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for child in started:
        if child.poll() is None:
            child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()


def start(children: list[Process], folder: Path, *more: str) -> tuple[Process, dict[str, str]]:
    ready = folder / "ready.json"
    child = subprocess.Popen(
        [*COMMAND, "--ready-file", str(ready), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    children.append(child)
    end = time.monotonic() + 20
    while not ready.exists():
        assert child.poll() is None, child.stderr.read().decode() if child.stderr else ""
        assert time.monotonic() < end, "not ready in time"
        time.sleep(0.01)
    addresses: dict[str, str] = json.loads(ready.read_text(encoding="utf-8"))
    return child, addresses


def test_ready_file_names_what_listens(children: list[Process], tmp_path: Path) -> None:
    child, addresses = start(children, tmp_path)

    servers = {"rest", "ws", "paper_rest", "paper_ws", "control"}
    assert set(addresses) == {*servers, "control_token", "pid", "market", "market_day"}
    assert addresses["pid"] == child.pid
    assert all("127.0.0.1" in str(addresses[name]) for name in servers)
    with httpx.Client(trust_env=False) as client:
        keys = {"authorization": f"Bearer {addresses['control_token']}"}
        assert client.get(addresses["control"], headers=keys).json()["phase"] == "continuous"
        assert client.post(f"{addresses['paper_rest']}/oauth2/tokenP", json={}).status_code == 403


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(children: list[Process], tmp_path: Path, number: signal.Signals) -> None:
    child, _ = start(children, tmp_path)

    child.send_signal(number)

    assert child.wait(10) == 0
    assert child.stderr is not None
    assert child.stderr.read() == b""
    assert not (tmp_path / "ready.json").exists()


def test_the_end_of_standard_input_ends_it(children: list[Process], tmp_path: Path) -> None:
    child, addresses = start(children, tmp_path, "--watch-stdin")
    with httpx.Client(trust_env=False) as client:
        client.get(addresses["control"])  # a kept-alive connection must not hold it up
        assert child.stdin is not None
        child.stdin.close()

        assert child.wait(10) == 0


def test_it_ends_with_the_process_it_watches(children: list[Process], tmp_path: Path) -> None:
    watched = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    children.append(watched)
    child, _ = start(children, tmp_path, "--parent-pid", str(watched.pid))
    assert child.poll() is None

    watched.kill()
    watched.wait()

    assert child.wait(10) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="re-parenting is a POSIX matter")
def test_it_ends_when_its_own_parent_dies(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    script = (
        "import os, subprocess, sys\n"
        "command = [sys.executable, '-m', 'kis_terminal.adapters.simulator']\n"
        "command += ['--parent-pid', str(os.getpid())]\n"
        f"subprocess.Popen([*command, '--ready-file', {str(ready)!r}], stdout=subprocess.DEVNULL)\n"
        f"import time\nwhile not os.path.exists({str(ready)!r}): time.sleep(0.01)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
    pid = json.loads(ready.read_text(encoding="utf-8"))["pid"] if ready.exists() else None

    end = time.monotonic() + 10
    while pid is not None and alive(pid):
        assert time.monotonic() < end, "left behind"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_taken_port_is_told_in_one_line(children: list[Process], tmp_path: Path) -> None:
    _, addresses = start(children, tmp_path)
    port = addresses["rest"].rpartition(":")[2]

    second = subprocess.run(
        [*COMMAND, "--port", port], capture_output=True, text=True, timeout=30, check=False
    )

    assert second.returncode == 2
    assert second.stderr.startswith(f"kis-terminal sim: --port {port}: ")
    assert second.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [["--port", "70000"], ["--speed", "0"], ["--clock", "noon"], ["--load-ticks", "-1"], ["--limits", "x"]]
    + [["--columns", text] for text in ("46", "46,59", "46,59,24", "a,b,c")],
)
def test_wrong_options_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        read_options(words)

    assert end.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_options_are_read() -> None:
    options = read_options(["--limits", "off", "--clock", "09:30", "--speed", "10", "--seed", "7"])

    assert (options.is_limited, options.speed, options.seed) == (False, 10.0, 7)
    assert options.start_time is not None
    assert options.start_time.hour == 9
