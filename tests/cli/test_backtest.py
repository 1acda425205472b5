"""`kis-terminal backtest`: over files without any exchange, through the cache, sweeps, and bad input."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kis_terminal.domain.bar_columns import BarColumns
from tests.cli.conftest import Shell
from tests.support.backtest_bench import CROSSING, waves
from tests.support.shared import shared_path


def written(folder: Path, bars: BarColumns) -> Path:
    """Write bars as a CSV that other programs write; return its path."""
    days = bars.times.astype("datetime64[s]").astype("datetime64[D]").astype(str)
    lines = ["Date,Open,High,Low,Close,Volume"]
    lines += [
        f"{day},{','.join(f'{v:.0f}' for v in row)}" for day, row in zip(days, bars.columns.T, strict=True)
    ]
    path = folder / f"{bars.key.symbol}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return a strategy file and a folder with the bars of two symbols."""
    strategy = tmp_path / "crossing.kis.yaml"
    strategy.write_text(CROSSING, encoding="utf-8")
    folder = tmp_path / "bars"
    folder.mkdir()
    for place, symbol in enumerate(("005930", "000660")):
        written(folder, waves(symbol, place + 3))
    return strategy, folder


def told(path: Path) -> dict[str, Any]:
    """Return what was written as JSON."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def test_a_run_over_files_is_printed_and_written_in_the_forms_of_the_page(
    shell: Shell, files: tuple[Path, Path], tmp_path: Path
) -> None:
    strategy, folder = files
    out, page = tmp_path / "out.json", tmp_path / "out.html"

    run = shell(
        *("backtest", str(strategy), "--bars", str(folder), "--symbols", "005930", "--cash", "50000000"),
        *("--from", "2020-01-02", "--to", "2023-12-29", "--size", "95%", "--set", "slow=40"),
        *("--json", str(out), "--html", str(page)),
    )

    assert run.code == 0, run.err
    result = told(out)
    assert {"final_equity", "total_return", "max_drawdown"} <= result["summary"].keys()
    assert {"symbol", "time", "side", "price", "quantity", "commission", "tax"} <= result["fills"][0].keys()
    assert result["parameters"] == {"fast": 5, "slow": 40}
    assert result["data"]["coverage"] == 1.0
    assert (result["data"]["actual_start"], result["data"]["actual_end"]) == ("2020-01-02", "2023-12-29")
    assert result["fills"][0]["time"] >= "2020-01-02"
    assert result["equity"][0]["equity"] == 50_000_000
    assert "총수익률" in run.out
    assert not re.search(r"https?://(?!www\.w3\.org)", page.read_text(encoding="utf-8"))


def test_numbers_come_to_standard_output_alone(shell: Shell, files: tuple[Path, Path]) -> None:
    strategy, folder = files

    run = shell("backtest", str(strategy), "--bars", str(folder / "005930.csv"), "--json", "-")

    assert run.code == 0, run.err
    result = json.loads(run.out)
    assert result["symbols"] == ["005930"]
    fees = [fill["commission"] for fill in result["fills"]]
    assert min(fees) > 0


def test_rates_fills_and_sizes_are_taken_as_given(
    shell: Shell, files: tuple[Path, Path], tmp_path: Path
) -> None:
    strategy, folder = files
    out = tmp_path / "out.json"
    words = ("backtest", str(strategy), "--bars", str(folder / "005930.csv"), "--json", str(out))

    shell(*words, "--size", "10", "--commission", "0", "--tax", "0", "--fill", "close")

    fills = told(out)["fills"]
    bars = waves("005930", 3)
    closes = dict(
        zip(bars.times.astype("datetime64[s]").astype("datetime64[D]").astype(str), bars.close, strict=True)
    )
    assert {fill["quantity"] for fill in fills} == {10}
    assert sum(fill["commission"] + fill["tax"] for fill in fills) == 0
    assert all(fill["price"] == closes[fill["time"]] for fill in fills)


def test_a_sweep_lists_every_combination_and_runs_the_best(
    shell: Shell, files: tuple[Path, Path], tmp_path: Path
) -> None:
    strategy, folder = files
    out = tmp_path / "out.json"

    run = shell(
        *("backtest", "--bars", str(folder), "--symbols", "005930,000660", "--json", str(out)),
        *("--sweep", "fast=3:9:3", "--sweep", "slow=20:40:20", "--target", "total_return", str(strategy)),
    )

    assert run.code == 0, run.err
    result = told(out)
    rows = result["sweep"]["rows"]
    assert [row["parameters"] for row in rows] == [
        {"fast": fast, "slow": slow} for fast in (3, 6, 9) for slow in (20, 40)
    ]
    best = max(rows, key=lambda row: row["total_return"])
    assert result["sweep"]["best"] == best["parameters"]
    assert result["parameters"] == best["parameters"]
    assert result["summary"]["total_return"] == pytest.approx(best["total_return"])


def test_walk_forward_tells_its_windows(shell: Shell, files: tuple[Path, Path], tmp_path: Path) -> None:
    strategy, folder = files
    out = tmp_path / "out.json"

    run = shell(
        *("backtest", str(strategy), "--bars", str(folder / "005930.csv"), "--json", str(out)),
        *("--sweep", "fast=4:6:2", "--walk-forward", "600:300"),
    )

    assert run.code == 0, run.err
    assert len(told(out)["walk_forward"]["windows"]) >= 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "fats=3"), "fast, slow"),
        (("--set", "fast=many"), "fast=many"),
        (("--set", "fast=61"), "61"),
        (("--sweep", "fast=9:3:1"), "fast=9:3:1"),
        (("--sweep", "fats=3:9:1"), "fats"),
        (("--size", "200%"), "200%"),
        (("--symbols", "999999"), "999999"),
        (("--scheduler", "nowhere", "--sweep", "fast=3:9:1"), "nowhere"),
    ],
)
def test_bad_values_are_said_with_the_value_and_nothing_is_written(
    shell: Shell, files: tuple[Path, Path], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    strategy, folder = files
    out = tmp_path / "out.json"

    run = shell("backtest", str(strategy), "--bars", str(folder), "--json", str(out), *words)

    assert run.code == 2
    assert said in run.err
    assert "Traceback" not in run.err
    assert not out.exists()


@pytest.mark.parametrize("words", [("--cash", "0"), ("--from", "2024-02-30"), ("--commission", "2"), ()])
def test_bad_usage_ends_with_two(shell: Shell, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        shell("backtest", "golden_cross", *(("--symbols", "005930") if words else ()), *words)

    assert ended.value.code == 2


def test_all_errors_of_a_strategy_come_at_once_with_their_lines(
    shell: Shell, files: tuple[Path, Path], tmp_path: Path
) -> None:
    _, folder = files
    broken = tmp_path / "broken.kis.yaml"
    broken.write_text(
        CROSSING.replace("id: rsi", "id: rsj").replace("cross_above", "jumps_over"), encoding="utf-8"
    )

    run = shell("backtest", str(broken), "--bars", str(folder))

    assert run.code == 2
    assert "rsj" in run.err
    assert "jumps_over" in run.err
    assert run.err.count("broken.kis.yaml:") >= 2


def test_python_that_nobody_trusted_does_not_run(
    shell: Shell, files: tuple[Path, Path], tmp_path: Path
) -> None:
    _, folder = files
    code = tmp_path / "mine.py"
    code.write_text(
        "from kis_terminal.domain.strategy.contract import ParameterRule, Strategy\n"
        "class Mine(Strategy):\n"
        "    '''Buys once.'''\n"
        "    parameter_rules = (ParameterRule('shares', 3, 1, 10, 1),)\n"
        "    def on_bar(self, context, symbol):\n"
        "        if not context.holding(symbol).quantity:\n"
        "            context.buy(symbol, quantity=int(context.parameters['shares']))\n",
        encoding="utf-8",
    )
    words = ("backtest", str(code), "--bars", str(folder / "005930.csv"), "--json", str(tmp_path / "o.json"))

    refused = shell(*words)
    shell("strategy", "trust", str(code), "--yes")
    run = shell(*words, "--set", "shares=4")

    assert refused.code == 2
    assert f"strategy trust {code} --env sim" in " ".join(refused.err.split())
    assert run.code == 0, run.err
    assert [fill["quantity"] for fill in told(tmp_path / "o.json")["fills"]] == [4]


def test_real_bars_run_without_any_exchange(shell: Shell, tmp_path: Path) -> None:
    bars = shared_path("data/krx/daily_adjusted_2000_2024/012450.csv")
    out = tmp_path / "out.json"

    run = shell("backtest", "golden_cross", "--bars", str(bars), "--from", "2024-01-02", "--json", str(out))

    assert run.code == 0, run.err
    prices = np.array([fill["price"] for fill in told(out)["fills"]])
    assert len(prices)
    assert prices.min() > 0
