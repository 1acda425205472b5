"""What `kis-terminal backtest` takes files for: which symbol, which interval, which tax."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from kis_terminal.cli.korean_usage import in_korean
from tests.cli.conftest import Shell
from tests.cli.test_backtest import told, written
from tests.support.backtest_bench import CROSSING, waves


@pytest.fixture
def strategy(tmp_path: Path) -> Path:
    """Return a strategy file."""
    path = tmp_path / "crossing.kis.yaml"
    path.write_text(CROSSING, encoding="utf-8")
    return path


@pytest.mark.parametrize("interval", ["1w", "1M"])
def test_days_of_a_file_are_joined_to_the_interval_that_is_asked(
    shell: Shell, strategy: Path, tmp_path: Path, interval: str
) -> None:
    file, out = written(tmp_path, waves("005930", 3)), tmp_path / "out.json"
    words = ("backtest", str(strategy), "--bars", str(file), "--json", str(out))

    run = shell(*words, "--interval", interval, "--set", "fast=3", "--set", "slow=10")

    assert run.code == 0, run.err
    result = told(out)
    days = [np.datetime64(point["time"]) for point in result["equity"]]
    if interval == "1w":
        assert {(day - np.datetime64("1970-01-05")).astype(int) % 7 for day in days} == {0}
    else:
        assert {str(day)[8:] for day in days} == {"01"}
    assert {report["coverage"] for report in result["data"]["series"]} == {1.0}
    assert len(days) < 400


def test_days_are_never_taken_for_minutes(shell: Shell, strategy: Path, tmp_path: Path) -> None:
    file, out = written(tmp_path, waves("005930", 3)), tmp_path / "out.json"

    run = shell("backtest", str(strategy), "--bars", str(file), "--interval", "5m", "--json", str(out))

    assert run.code == 2
    assert "1d 봉이라 5m 봉을 만들 수 없습니다" in run.err
    assert not out.exists()


def test_a_file_that_tells_its_symbol_is_not_run_as_another(
    shell: Shell, strategy: Path, tmp_path: Path
) -> None:
    file = written(tmp_path, waves("005930", 3))
    nameless = file.with_name("mine.csv")
    nameless.write_bytes(file.read_bytes())
    words = ("backtest", str(strategy), "--symbols", "999999", "--bars")

    refused, run = shell(*words, str(file)), shell(*words, str(nameless))

    assert refused.code == 2
    assert "있는 종목: 005930" in refused.err
    assert run.code == 0, run.err
    assert "999999" in run.out


@pytest.mark.parametrize(
    ("symbol", "is_taxed", "is_known"), [("069500", False, True), ("999999", True, False)]
)
def test_a_known_fund_pays_no_tax_and_an_unknown_code_is_warned_of(
    shell: Shell, strategy: Path, tmp_path: Path, symbol: str, is_taxed: bool, is_known: bool
) -> None:
    file, out = written(tmp_path, waves(symbol, 3)), tmp_path / "out.json"

    run = shell("backtest", str(strategy), "--bars", str(file), "--json", str(out))

    assert run.code == 0, run.err
    assert (sum(fill["tax"] for fill in told(out)["fills"]) > 0) == is_taxed
    assert ("코스피 주식" in run.err.replace("KOSPI", "코스피")) != is_known


def test_a_walk_forward_tells_its_tests_alone_and_says_so(
    shell: Shell, strategy: Path, tmp_path: Path
) -> None:
    file, out, page = written(tmp_path, waves("005930", 3)), tmp_path / "out.json", tmp_path / "out.html"

    run = shell(
        *("backtest", str(strategy), "--bars", str(file), "--json", str(out), "--html", str(page)),
        *("--sweep", "fast=4:6:2", "--walk-forward", "600:300"),
    )

    assert run.code == 0, run.err
    result = told(out)
    walk = result["walk_forward"]
    assert result["summary_of"] == "walk_forward_out_of_sample"
    assert result["summary"] == walk["summary"]
    assert [point["equity"] for point in result["equity"]] == [value for _, value in walk["equity"]]
    assert result["period"]["from"] == walk["windows"][0]["test"][0]
    assert "표본 밖 결과" in run.out
    assert f"{walk['summary']['total_return'] * 100:,.2f}%" in run.out
    assert "표본 밖 결과" in page.read_text(encoding="utf-8")


def test_a_sweep_heads_its_figures_by_their_names_and_shows_rates_in_percent(
    shell: Shell, strategy: Path, tmp_path: Path
) -> None:
    file = written(tmp_path, waves("005930", 3))

    run = shell("backtest", str(strategy), "--bars", str(file), "--sweep", "fast=4:6:2", "--json", "-")

    lines = run.err.splitlines()
    head, first = next(pair for pair in pairwise(lines) if "샤프지수" in pair[0])
    assert "total_return" not in head
    assert first.count("%") == 2
    assert json.loads(run.out)["summary_of"] == "best_of_sweep"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2024-02-30"), "--from 2024-02-30: 2024-01-31처럼"),
        (("--cash", "many"), "--cash many: 숫자를"),
        (("--samples", "2.5"), "--samples 2.5: 정수를"),
        (("--fill", "never"), "--fill 'never': 다음 가운데 하나를"),
        (("--interval",), "--interval: 값을 적으십시오"),
        (("--nothing",), "모르는 옵션이나 값입니다: --nothing"),
    ],
)
def test_misuse_is_told_in_one_korean_sentence(
    shell: Shell, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SystemExit):
        shell("backtest", "golden_cross", "--symbols", "005930", *words)

    error = capsys.readouterr().err
    assert error.startswith(said)
    assert len(error.splitlines()) == 2
    assert "usage" not in error


def test_what_is_korean_already_stands() -> None:
    assert in_korean("--cash 0: 0보다 큰 금액을 적으십시오") == "--cash 0: 0보다 큰 금액을 적으십시오"


def test_a_size_is_judged_before_any_file_is_read(shell: Shell, tmp_path: Path) -> None:
    run = shell("backtest", "golden_cross", "--bars", str(tmp_path / "none"), "--size", "200%")

    assert run.code == 2
    assert "200%" in run.err
    assert "none" not in run.err


def test_help_escapes_nothing_twice(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        shell("backtest", "--help")

    assert "%%" not in capsys.readouterr().out


def test_an_index_of_closes_in_the_folder_is_the_benchmark(
    shell: Shell, strategy: Path, tmp_path: Path
) -> None:
    folder = written(tmp_path, waves("005930", 3)).parent / "bars"
    folder.mkdir()
    share = written(folder, waves("005930", 3))
    closes = [line.split(",") for line in share.read_text(encoding="utf-8").splitlines()]
    lines = [f"{day},{float(close) / 100}" for day, _, _, _, close, *_ in closes[1:]]
    (folder / "kospi200_daily.csv").write_text("Date,Close\n" + "\n".join(lines) + "\n", encoding="utf-8")
    out = tmp_path / "out.json"
    words = ("backtest", str(strategy), "--bars", str(folder), "--json", str(out))

    run = shell(*words, "--benchmark", "2001")
    summary = told(out)["summary"]
    weekly = shell(*words, "--benchmark", "2001", "--interval", "1w")
    missing = shell(*words, "--benchmark", "1001")

    assert (run.code, weekly.code, missing.code) == (0, 0, 2), run.err + weekly.err
    assert summary["benchmark_return"] == pytest.approx(float(closes[-1][4]) / float(closes[1][4]) - 1)
    assert "종가만 있는 파일" not in run.err
    assert [point["symbol"] for point in told(out)["data"]["series"]] == ["005930"]
    assert "1001" in missing.err
    assert "지수의 파일이 없습니다" in missing.err
