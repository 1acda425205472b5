"""Python strategies: looked at without running, run only when this very content is trusted."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kis_terminal.adapters.strategy_files.python_files import examine, load
from kis_terminal.adapters.strategy_files.trust import TrustStore
from kis_terminal.domain.errors import AccessRefused, CorrectionNeeded, StoreUnavailable
from kis_terminal.domain.strategy.contract import Strategy
from tests.support.leftovers import ExpectLog

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CODE = """\
from __future__ import annotations
import os
from dataclasses import dataclass
from pathlib import Path

from kis_terminal.domain.strategy.contract import ParameterRule, Strategy

Path({mark!r}).write_text("ran")


@dataclass
class Memory:
    last: float = 0.0


class Base(Strategy):
    pass


class Mine(Base):
    name = "내 전략"
    parameter_rules = (ParameterRule("period", 20, 2, 100),)

    def on_bar(self, context, symbol):
        context.buy(symbol)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that only its owner may write."""
    made = tmp_path / "strategies"
    made.mkdir(mode=0o755)
    return made


@pytest.fixture
def code(folder: Path) -> Path:
    """Return a strategy file whose running leaves a mark."""
    path = folder / "mine.py"
    path.write_text(CODE.format(mark=str(folder / "mark")), encoding="utf-8")
    path.chmod(0o644)
    return path


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    """Return a store that trusts nothing yet."""
    return TrustStore(tmp_path / "data" / "trusted-strategies.json")


def test_looking_does_not_run(code: Path) -> None:
    file = examine(code)

    assert file.classes == ("Base", "Mine")
    assert file.imports == ("__future__", "dataclasses", "kis_terminal", "os", "pathlib")
    assert file.warnings == ()
    assert not (code.parent / "mark").exists()


def test_nothing_is_trusted_by_default(code: Path, store: TrustStore) -> None:
    with pytest.raises(AccessRefused, match=r"mine\.py"):
        load(examine(code), store)

    assert not (code.parent / "mark").exists()


def test_trusted_content_gives_its_class(code: Path, store: TrustStore) -> None:
    file = examine(code)
    store.trust(file.digest, file.name, NOW)

    loaded = load(examine(code), store)

    assert issubclass(loaded, Strategy)
    assert (loaded.__name__, loaded.name) == ("Mine", "내 전략")
    assert [(one.name, one.since) for one in store.listing()] == [("mine.py", "2026-01-02T00:00:00+00:00")]


def test_one_changed_letter_is_off_again(code: Path, store: TrustStore) -> None:
    file = examine(code)
    store.trust(file.digest, file.name, NOW)
    code.write_text(code.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    with pytest.raises(AccessRefused):
        load(examine(code), store)


def test_what_was_examined_runs_even_if_the_file_changes_meanwhile(code: Path, store: TrustStore) -> None:
    file = examine(code)
    store.trust(file.digest, file.name, NOW)
    code.write_text("raise SystemExit", encoding="utf-8")

    assert load(file, store).__name__ == "Mine"


def test_a_byte_order_mark_changes_nothing(code: Path) -> None:
    before = examine(code)
    code.write_bytes(b"\xef\xbb\xbf" + code.read_bytes())

    assert examine(code) == before


def test_withdrawn_trust_counts_at_once(code: Path, store: TrustStore) -> None:
    file = examine(code)
    store.trust(file.digest, file.name, NOW)
    store.withdraw(file.digest)

    with pytest.raises(AccessRefused):
        load(file, store)


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX systems")
@pytest.mark.parametrize("target", ["file", "folder"])
def test_what_others_can_change_is_told(code: Path, target: str) -> None:
    (code if target == "file" else code.parent).chmod(0o777)

    assert len(examine(code).warnings) == 1


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX systems")
def test_a_list_that_others_could_write_is_not_believed(
    code: Path, store: TrustStore, tmp_path: Path, expect_log: ExpectLog
) -> None:
    file = examine(code)
    store.trust(file.digest, file.name, NOW)
    path = tmp_path / "data" / "trusted-strategies.json"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o666)

    assert not store.is_trusted(file.digest)
    expect_log("다른 사용자")


@pytest.mark.parametrize("content", ["", "{", '{"trusted": 5}', '{"trusted": [{"since": "x"}]}', "[]"])
def test_a_damaged_list_trusts_nothing(tmp_path: Path, content: str, expect_log: ExpectLog) -> None:
    path = tmp_path / "list.json"
    path.write_text(content)
    path.chmod(0o600)

    assert TrustStore(path).listing() == ()
    expect_log("손상")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("읽지 못했습니다")
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnavailable):
        TrustStore(tmp_path / "file" / "list.json").trust("0" * 64, "x.py", NOW)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"def (:\n", "1행"),
        (b"x = 1\nclass:\n", "2행"),
        ("이름 = 1".encode("cp949"), "UTF-8"),
        (b"x\x00", "파이썬"),
        (b"#" * (1024 * 1024 + 1), "너무"),
    ],
)
def test_what_is_no_python_is_told(folder: Path, content: bytes, words: str) -> None:
    path = folder / "bad.py"
    path.write_bytes(content)

    with pytest.raises(CorrectionNeeded, match=words):
        examine(path)


@pytest.mark.parametrize("body", ["x = 1", "class A(Strategy): pass\nclass B(Strategy): pass"])
def test_exactly_one_strategy_is_needed(folder: Path, store: TrustStore, body: str) -> None:
    path = folder / "two.py"
    path.write_text(f"from kis_terminal.domain.strategy.contract import Strategy\n{body}\n")
    file = examine(path)
    store.trust(file.digest, file.name, NOW)

    with pytest.raises(CorrectionNeeded, match="하나"):
        load(file, store)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorrectionNeeded, match=r"none\.py"):
        examine(tmp_path / "none.py")
