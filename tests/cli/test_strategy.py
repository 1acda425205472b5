"""`kis-terminal strategy`: files are checked, shown, mended, exported and trusted; nothing is run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kis_terminal.__main__ import main
from kis_terminal.adapters.strategy_files.python_files import examine, load
from kis_terminal.adapters.strategy_files.reader import read_file
from kis_terminal.adapters.strategy_files.trust import TrustStore
from kis_terminal.cli.strategy import TRUST_FILE
from kis_terminal.domain.errors import AccessRefused
from kis_terminal.ui.translation import set_language

NEVER = """\
version: "1.0"
metadata: {name: 신고가}
strategy:
  id: high
  indicators:
    - id: maximum  # 오늘이 들어 있음
      alias: top
      params: {period: 252}
  entry:
    conditions:
      - {indicator: close, operator: greater_than, compare_to: top}
risk:
  stop_loss: {enabled: true, percent: 5}
"""


@pytest.fixture(autouse=True)
def _korean_afterwards() -> Iterator[None]:
    yield
    set_language("ko")


@pytest.fixture
def never(tmp_path: Path) -> Path:
    """Return a file whose entry can never be true."""
    path = tmp_path / "high.kis.yaml"
    path.write_text(NEVER, encoding="utf-8")
    return path


def test_check_prints_every_problem_with_its_line(never: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = never.with_name("bad.kis.yaml")
    bad.write_text(NEVER.replace("maximum", "maxi").replace("greater_than", "over"), encoding="utf-8")

    assert main(["strategy", "check", str(never)]) == 0
    assert main(["strategy", "check", str(never), str(bad), "--json"]) == 1

    out = capsys.readouterr().out
    words, told = out[: out.index("{")], json.loads(out[out.index("{") :])
    assert "11" in words
    assert "결코 참이 되지 않습니다" in words
    sound, broken = told["files"]
    assert (sound["is_runnable"], broken["is_runnable"]) == (True, False)
    assert [(one["line"], one["code"]) for one in broken["problems"] if one["severity"] == "error"] == [
        (6, "unknown-indicator"),
        (11, "unknown-operator"),
    ]


def test_python_without_a_strategy_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty, aliased = tmp_path / "empty.py", tmp_path / "aliased.py"
    empty.write_text("class Mine:\n    pass\n", encoding="utf-8")
    aliased.write_text(
        "from kis_terminal.domain.strategy.contract import Strategy as Base\nclass Mine(Base):\n    pass\n",
        encoding="utf-8",
    )

    assert main(["strategy", "check", str(empty)]) == 1
    assert "Strategy를 상속한 클래스가 없" in capsys.readouterr().out
    assert main(["strategy", "check", str(empty), "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["files"][0]["errors"]) == 1
    assert main(["strategy", "check", str(aliased)]) == 0


def test_show_tells_the_warnings(never: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategy", "show", str(never)]) == 0

    assert "경고 11행: 이 조건은 결코 참이 되지 않습니다" in capsys.readouterr().out


def test_check_of_a_missing_file_is_bad_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategy", "check", str(tmp_path / "none.kis.yaml")]) == 2
    assert "none.kis.yaml" in capsys.readouterr().err


def test_check_speaks_english(never: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategy", "check", str(never), "--language", "en"]) == 0

    assert "can never be true" in capsys.readouterr().out


def test_list_and_show_know_the_presets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategy", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["strategies"]
    assert len(rows) == 10
    assert {row["errors"] for row in rows} == {0}

    for row in rows:
        assert main(["strategy", "show", row["id"]]) == 0
    assert "sma_fast ↗ sma_slow" in capsys.readouterr().out
    assert main(["strategy", "show", "no_such_preset"]) == 1


def test_fix_writes_a_file_that_can_trade(never: Path, tmp_path: Path) -> None:
    out = tmp_path / "fixed.kis.yaml"

    assert main(["strategy", "fix", str(never), "--out", str(out)]) == 0

    assert "# 오늘이 들어 있음" in out.read_text(encoding="utf-8")
    assert read_file(out).sound().indicators[0].shift == 1


def test_export_writes_for_the_builder_and_says_what_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategy", "export", "week52_high", "--for", "builder"]) == 0

    printed = capsys.readouterr()
    assert yaml.safe_load(printed.out)["strategy"]["indicators"][0]["params"] == {"period": 252}
    assert "shift" in printed.err


def test_trust_is_pinned_to_content_and_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, code = tmp_path / "home", tmp_path / "mine.py"
    monkeypatch.setenv("KIS_TERMINAL_HOME", str(home))
    code.write_text(
        "from kis_terminal.domain.strategy.contract import Strategy\nclass Mine(Strategy): pass\n"
    )
    stores = {env: TrustStore(home / "data" / env / TRUST_FILE) for env in ("sim", "real")}

    assert main(["strategy", "trust", str(code), "--yes"]) == 0

    assert examine(code).digest in capsys.readouterr().out
    assert load(examine(code), stores["sim"]).__name__ == "Mine"
    with pytest.raises(AccessRefused):
        load(examine(code), stores["real"])
    assert main(["strategy", "trust", str(code), "--withdraw"]) == 0
    with pytest.raises(AccessRefused):
        load(examine(code), stores["sim"])


def test_trust_needs_the_name_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = tmp_path / "mine.py"
    code.write_text("x = 1\n")
    monkeypatch.setenv("KIS_TERMINAL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("builtins.input", lambda prompt: "yes")

    assert main(["strategy", "trust", str(code)]) == 1
    assert not (tmp_path / "home" / "data" / "sim" / TRUST_FILE).exists()
    assert "믿지 않았습니다" in capsys.readouterr().err


def test_bad_usage_ends_with_two() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["strategy", "export", "golden_cross"])

    assert ended.value.code == 2
