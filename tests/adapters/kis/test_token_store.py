"""The token file: encrypted, private from the first moment, one sentence for any damage."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError

from kis_terminal.adapters.kis.token_store import (
    StoredTokens,
    TokenStore,
    file_vault_key,
    read_private,
    system_vault_key,
    write_private,
)
from kis_terminal.domain.environment import Environment
from tests.support.leftovers import ExpectLog

posix = pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")
TOKENS = StoredTokens("tokencanary", "2026-11-23T10:00:00+09:00", "2026-11-22T10:00:00+09:00")


class MemoryKeyring(KeyringBackend):
    """A working keyring of its own, for one test."""

    priority = 5.0  # type: ignore[assignment]

    def __init__(self, *, is_locked: bool = False) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = is_locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringError("locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def use_keyring() -> Iterator[object]:
    earlier = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(earlier)


def fixed_key(folder: Path) -> bytes:
    return b"k" * 32


def store_in(folder: Path, environment: Environment = Environment.REAL, appkey: str = "PSkey") -> TokenStore:
    return TokenStore(folder / "tokens", environment, appkey, fixed_key)


def test_what_was_stored_is_read_again(tmp_path: Path) -> None:
    store_in(tmp_path).save(TOKENS)

    assert store_in(tmp_path).load() == TOKENS


def test_nothing_readable_lies_in_the_file(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.save(TOKENS)

    raw = store.path.read_bytes()
    assert b"tokencanary" not in raw
    assert b"2026" not in raw
    assert "PSkey" not in store.path.name
    assert "tokencanary" not in repr(TOKENS)


def test_keys_and_environments_have_files_of_their_own(tmp_path: Path) -> None:
    store_in(tmp_path).save(TOKENS)

    assert store_in(tmp_path, Environment.PAPER).load() is None
    assert store_in(tmp_path, appkey="PSother").load() is None


def test_a_file_moved_to_another_environment_is_refused(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("cannot be read")
    store_in(tmp_path).save(TOKENS)
    other = store_in(tmp_path, Environment.PAPER)

    store_in(tmp_path).path.rename(other.path)

    assert other.load() is None


def test_any_damage_gives_no_token_and_one_sentence(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("cannot be read; a new token is requested")
    store = store_in(tmp_path)
    store.save(TOKENS)
    whole = store.path.read_bytes()

    for damaged in (b"", whole[:10], whole[:-1], b"KT0" + whole[3:], whole[:40] + b"\0" + whole[41:]):
        store.path.write_bytes(damaged)
        store.path.chmod(0o600)
        assert store.load() is None


@posix
def test_files_are_private_under_any_umask(tmp_path: Path) -> None:
    earlier = os.umask(0)
    try:
        store = store_in(tmp_path)
        store.save(TOKENS)
        file_vault_key(tmp_path / "tokens")
    finally:
        os.umask(earlier)

    for path in (store.path, tmp_path / "tokens" / "vault.key"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tokens").stat().st_mode & 0o777 == 0o700


@posix
def test_a_token_file_that_others_could_read_is_repaired_with_words(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("could be read by others")
    store = store_in(tmp_path)
    store.save(TOKENS)
    store.path.chmod(0o644)

    assert store.load() == TOKENS
    assert store.path.stat().st_mode & 0o777 == 0o600


@posix
def test_a_folder_that_others_could_write_is_repaired_with_words(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("could be written by others")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens").chmod(0o777)

    store_in(tmp_path).save(TOKENS)

    assert (tmp_path / "tokens").stat().st_mode & 0o777 == 0o700


@posix
def test_links_are_not_followed(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("is not used")
    store = store_in(tmp_path)
    store.save(TOKENS)
    target = tmp_path / "elsewhere"
    store.path.rename(target)
    store.path.symlink_to(target)

    assert store.load() is None
    write_private(store.path, b"new")
    assert not store.path.is_symlink()
    assert target.read_bytes() != b"new"


@posix
def test_a_folder_in_place_of_the_file_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(OSError, match=r"plain file|directory"):
        read_private(tmp_path / "folder")


@posix
def test_a_key_file_that_others_could_read_is_replaced(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("readable by others")
    first = file_vault_key(tmp_path)
    (tmp_path / "vault.key").chmod(0o644)

    assert file_vault_key(tmp_path) != first
    assert (tmp_path / "vault.key").stat().st_mode & 0o777 == 0o600


def test_the_key_file_is_made_once(tmp_path: Path) -> None:
    assert file_vault_key(tmp_path) == file_vault_key(tmp_path)


def test_threads_that_come_at_once_get_one_key(tmp_path: Path) -> None:
    for turn in range(30):
        folder = tmp_path / str(turn)
        with ThreadPoolExecutor(8) as threads:
            keys = set(threads.map(file_vault_key, [folder] * 8))
        assert len(keys) == 1


@posix
def test_threads_that_replace_one_key_at_once_get_one_key(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("damaged or readable by others")
    for turn in range(10):
        folder = tmp_path / str(turn)
        leaked = file_vault_key(folder)
        (folder / "vault.key").chmod(0o644)
        with ThreadPoolExecutor(8) as threads:
            keys = set(threads.map(file_vault_key, [folder] * 8))
        assert len(keys) == 1
        assert leaked not in keys


def test_what_two_first_users_store_is_read_by_a_third(tmp_path: Path) -> None:
    def first_use(place: tuple[Path, Environment]) -> None:
        TokenStore(place[0], place[1], "PSkey", file_vault_key).save(TOKENS)

    for turn in range(20):
        folder = tmp_path / str(turn)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(first_use, [(folder, Environment.REAL), (folder, Environment.PAPER)]))
        for environment in (Environment.REAL, Environment.PAPER):
            assert TokenStore(folder, environment, "PSkey", file_vault_key).load() == TOKENS


_FIRST_USERS = """
import sys
from pathlib import Path
from kis_terminal.adapters.kis.token_store import file_vault_key
import filelock
print("ready", flush=True)
sys.stdin.readline()
print(*(file_vault_key(Path(sys.argv[1]) / str(turn)).hex() for turn in range(40)))
"""


def test_programs_that_start_at_once_get_one_key(tmp_path: Path) -> None:
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", _FIRST_USERS, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    with contextlib.ExitStack() as stack:
        for program in programs:
            stack.enter_context(program)
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
        for program in programs:
            assert program.stdin is not None
            program.stdin.write("go\n")
            program.stdin.flush()
        told = {program.communicate(timeout=30)[0] for program in programs}

    assert len(told) == 1
    assert len(set(told.pop().split())) == 40


def test_a_lock_that_a_killed_program_left_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / ".vault.lock").touch(mode=0o600)

    assert file_vault_key(tmp_path) == file_vault_key(tmp_path)


def test_programs_make_one_key_in_the_keyring(tmp_path: Path, use_keyring: object) -> None:
    class SlowKeyring(MemoryKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            kept = super().get_password(service, username)
            time.sleep(0.02)
            return kept

    use_keyring(SlowKeyring())  # type: ignore[operator]

    with ThreadPoolExecutor(4) as threads:
        keys = set(threads.map(system_vault_key, [tmp_path] * 4))

    assert len(keys) == 1


def test_a_disk_that_cannot_be_written_costs_a_warning_only(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("cannot be written")
    (tmp_path / "tokens").write_text("a file where the folder should be")

    store_in(tmp_path).save(TOKENS)


def test_the_os_keyring_holds_the_key_where_there_is_one(tmp_path: Path, use_keyring: object) -> None:
    ring = MemoryKeyring()
    use_keyring(ring)  # type: ignore[operator]

    first = system_vault_key(tmp_path)

    assert system_vault_key(tmp_path) == first
    assert list(ring.kept.values()) == [first.hex()]
    assert list(tmp_path.glob("*.key")) == []


def test_a_locked_keyring_means_a_key_file_and_a_warning(
    tmp_path: Path, use_keyring: object, expect_log: ExpectLog
) -> None:
    expect_log("no OS keyring is available")
    use_keyring(MemoryKeyring(is_locked=True))  # type: ignore[operator]

    system_vault_key(tmp_path)

    assert (tmp_path / "vault.key").exists()


def test_a_placeholder_keyring_counts_as_none(
    tmp_path: Path, use_keyring: object, expect_log: ExpectLog
) -> None:
    from keyring.backends.fail import Keyring

    expect_log("no OS keyring is available")
    use_keyring(Keyring())  # type: ignore[operator]

    assert len(system_vault_key(tmp_path)) == 32
