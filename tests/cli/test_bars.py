"""`kis-terminal bars` against the real exchange and on files."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from kis_terminal.__main__ import main
from tests.cli.conftest import Shell
from tests.support.korean import is_korean
from tests.support.leftovers import ExpectLog
from tests.support.shared import shared_path

NO_KEYRING = "no OS keyring is available"
HEADER = "Date,Open,High,Low,Close,Volume\n"


def told(text: str) -> dict[str, Any]:
    """Return the object that was printed."""
    value: dict[str, Any] = json.loads(text)
    return value


def days(count: int) -> tuple[str, str]:
    """Return a first and a last day, the last one over."""
    end = date.today() - timedelta(days=2)  # noqa: DTZ011 - a day over everywhere
    return (end - timedelta(days=count)).isoformat(), end.isoformat()


def test_fetch_status_export_and_import_again(
    shell: Shell, words: tuple[str, ...], tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log(NO_KEYRING)
    start, end = days(200)
    asked = ("bars", "fetch", "005930", "069500", "--from", start, "--to", end, "--json", *words)

    first, second = shell(*asked), shell(*asked)
    listed = shell("bars", "status", "--json", *words)
    written = shell("bars", "export", "005930", "069500", "--out", str(tmp_path / "out"), *words)
    again = shell("bars", "import", str(tmp_path / "out"), "--json", *words)

    assert (first.code, second.code, listed.code, written.code, again.code) == (0, 0, 0, 0, 0), first.err
    assert told(first.out)["calls"] == 4
    assert told(second.out)["calls"] == 0
    assert [one["coverage"] for one in told(second.out)["series"]] == [1.0, 1.0]
    series = told(listed.out)["series"]
    assert [one["symbol"] for one in series] == ["005930", "069500"]
    assert (tmp_path / "out" / "005930_1d.csv").read_text(encoding="utf-8").startswith(HEADER)
    assert series[0]["bars"] == told(first.out)["series"][0]["bars"]
    assert {one["symbol"] for one in told(again.out)["series"]} == {"005930", "069500"}


def test_symbol_of_nobody_fails_and_the_others_are_kept(
    shell: Shell, words: tuple[str, ...], expect_log: ExpectLog
) -> None:
    expect_log(NO_KEYRING)
    start, end = days(30)

    run = shell("bars", "fetch", "999999", "005930", "--from", start, "--to", end, "--json", *words)

    assert run.code == 1
    unknown, known = told(run.out)["series"]
    assert "999999" in unknown["symbol"]
    assert unknown["error"]
    assert known["bars"] > 15


def test_indices_and_shares_abroad(shell: Shell, words: tuple[str, ...], expect_log: ExpectLog) -> None:
    expect_log(NO_KEYRING)
    start, end = days(40)
    span = ("--from", start, "--to", end, "--json", *words)

    index = shell("bars", "fetch", "0001", "--product", "index", *span)
    abroad = shell("bars", "fetch", "AAPL", "--product", "overseas", "--exchange", "NAS", "--raw", *span)

    assert (index.code, abroad.code) == (0, 0), index.err + abroad.err
    assert told(abroad.out)["series"][0]["exchange"] == "NAS"
    assert told(abroad.out)["series"][0]["adjusted"] is False


def test_real_files_are_reported_before_they_are_stored(shell: Shell, words: tuple[str, ...]) -> None:
    path = shared_path("data/krx/daily_stale_cache_2015_2022/035720.csv")

    looked = shell("bars", "import", str(path), "--check", "--json", *words)
    nothing = shell("bars", "status", "--json", *words)
    taken = shell("bars", "import", str(path), *words)

    assert looked.code == taken.code == 0
    kinds = {finding["kind"]: finding for finding in told(looked.out)["findings"]}
    assert kinds["closed_days"]["count"] == 920
    assert kinds["split_scaled"]["places"] == ["2021-04-15 558,000 → 120,500 ×0.200717"]
    assert kinds["stale_close"]["refused"] is True
    assert told(nothing.out)["series"] == []
    assert "휴장일의 0 행을 빼고" in taken.out


def test_file_that_disagrees_with_the_store_is_refused_until_it_may_replace(
    shell: Shell, words: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "005930.csv"
    path.write_text(HEADER + "2024-01-02,100,110,90,105,7\n", encoding="utf-8")
    assert shell("bars", "import", str(path), *words).code == 0
    path.write_text(HEADER + "2024-01-02,500,550,450,525,7\n", encoding="utf-8")

    refused = shell("bars", "import", str(path), "--json", *words)
    replaced = shell("bars", "import", str(path), "--replace", "--json", *words)

    assert (refused.code, replaced.code) == (1, 0)
    assert {finding["kind"] for finding in told(refused.out)["findings"]} >= {"disagrees_with_store"}
    assert told(replaced.out)["new_bars"] == 2  # raw and adjusted


def test_words_that_make_no_sense_are_refused(shell: Shell, words: tuple[str, ...], tmp_path: Path) -> None:
    missing = shell("bars", "import", str(tmp_path / "none.csv"), *words)
    nothing = shell("bars", "export", "005930", "--out", str(tmp_path / "x.csv"), *words)
    wrong = shell("bars", "fetch", "삼성", *words)

    assert (missing.code, nothing.code, wrong.code) == (1, 1, 1)
    assert "none.csv" in missing.err
    assert "005930" in nothing.err
    assert "삼성" in wrong.err
    with pytest.raises(SystemExit, match="2"):
        main(["bars", "fetch", "005930", "--from", "2024-02-01", "--to", "2024-01-01"])
    with pytest.raises(SystemExit, match="2"):
        main(["bars"])


def test_simulation_without_a_window_runs_for_the_command(shell: Shell) -> None:
    start, end = days(20)

    first = shell("bars", "fetch", "005930", "--from", start, "--to", end)
    second = shell("bars", "fetch", "005930", "--from", start, "--to", end, "--json", "--language", "en")

    assert (first.code, second.code) == (0, 0), first.err
    assert "내장 거래소" in first.err
    assert not is_korean(second.err)
    assert "No simulation" not in second.err
    assert told(second.out)["calls"] == 0
