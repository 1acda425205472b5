"""`kis-terminal bars` against the real exchange and on files."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from kis_terminal.__main__ import main
from kis_terminal.adapters.simulator.process import ExchangeProcess
from kis_terminal.adapters.storage.exchange_address import ExchangeEntrance, write_entrance
from kis_terminal.domain.environment import Environment
from kis_terminal.settings import HomePaths
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

    assert looked.code == taken.code == 1  # a row was refused
    assert told(looked.out)["refused"] == 1
    assert "1건" in taken.err
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
    path.write_text(HEADER + "2024-01-02,10000,11000,9000,10500,7\n", encoding="utf-8")
    assert shell("bars", "import", str(path), *words).code == 0
    path.write_text(HEADER + "2024-01-02,50000,55000,45000,52500,7\n", encoding="utf-8")

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


def test_bars_of_another_made_up_market_are_never_taken_for_this_one(
    shell: Shell, terminal_home: Path, tmp_path: Path
) -> None:
    start, end = days(20)
    asked = ("bars", "fetch", "005930", "--from", start, "--to", end, "--json")

    def closes(name: str) -> str:
        out = tmp_path / name
        assert shell("bars", "export", "005930", "--out", str(out)).code == 0
        return out.read_text(encoding="utf-8")

    assert shell(*asked).code == 0
    usual = closes("usual.csv")
    other = ExchangeProcess(("--seed", "99"))
    try:
        address = asyncio.run(other.ready())
        entrance = ExchangeEntrance(address.rest, address.ws, address.pid, address.market)
        write_entrance(HomePaths.under(terminal_home, Environment.SIM).data, entrance)
        first, second = shell(*asked), shell(*asked)
        different = closes("different.csv")
    finally:
        other.stop()
    again = shell(*asked)

    assert told(first.out)["calls"] > 0
    assert (told(second.out)["calls"], told(again.out)["calls"]) == (0, 0)
    assert different != usual == closes("again.csv")


def test_a_backtest_goes_on_without_its_store_and_says_so(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect_log: ExpectLog
) -> None:
    expect_log("go on without the store")
    monkeypatch.setenv("DATABASE_URL", "postgresql://kis:canary@127.0.0.1:1/none")
    start, end = days(300)
    out = tmp_path / "out.json"

    run = shell(
        *("backtest", "golden_cross", "--symbols", "005930", "--env", "sim"),
        *("--from", start, "--to", end, "--json", str(out)),
    )

    assert run.code == 0, run.err
    assert "저장소를 쓸 수 없어" in run.err
    assert "canary" not in run.err
    assert told(out.read_text(encoding="utf-8"))["data"]["series"][0]["coverage"] == 1.0


def test_imported_bars_go_to_the_market_and_serve_a_backtest_without_keys(
    shell: Shell, tmp_path: Path
) -> None:
    path = shared_path("data/krx/daily_adjusted_2000_2024/000270.csv")
    out = tmp_path / "out.json"

    refused = shell("bars", "import", str(path), "--env", "sim")
    taken = shell("bars", "import", str(path))
    listed = shell("bars", "status", "--json")
    written = shell("bars", "export", "000270", "--env", "paper", "--out", str(tmp_path / "000270.csv"))
    span = ("--from", "2020-01-02", "--to", "2023-12-28", "--json", str(out))
    run = shell("backtest", "golden_cross", "--symbols", "000270", "--env", "paper", *span)
    beyond = shell("backtest", "golden_cross", "--symbols", "005930", "--env", "paper", *span)

    assert (refused.code, taken.code, listed.code, written.code) == (1, 0, 0, 0), taken.err + written.err
    assert "지어낸" in refused.err
    assert "paper" in taken.out
    assert {one["environment"] for one in told(listed.out)["series"]} == {"paper"}
    assert run.code == 0, run.err
    assert json.loads(out.read_text(encoding="utf-8"))
    assert beyond.code == 2
    assert "KIS에서 받아야" in beyond.err


def test_the_simulation_never_touches_imported_bars(shell: Shell, tmp_path: Path) -> None:
    start, end = days(30)
    path = tmp_path / "005930.csv"
    path.write_text(HEADER + f"{end},10000,11000,9000,10500,7\n", encoding="utf-8")

    assert shell("bars", "import", str(path)).code == 0
    assert shell("bars", "fetch", "005930", "--from", start, "--to", end).code == 0
    assert shell("bars", "export", "005930", "--env", "paper", "--out", str(tmp_path / "kept.csv")).code == 0
    assert shell("bars", "export", "005930", "--out", str(tmp_path / "made.csv")).code == 0

    kept = (tmp_path / "kept.csv").read_text(encoding="utf-8").splitlines()
    made = (tmp_path / "made.csv").read_text(encoding="utf-8").splitlines()
    assert len(kept) == 2
    assert kept[1] not in made
    assert len(made) > 10


def test_what_is_not_there_is_said(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    path = tmp_path / "005930.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")

    empty = shell("bars", "import", str(tmp_path / "empty"))
    nothing = shell("bars", "import", str(path))
    wrong = shell("bars", "import", str(path), "--symbol", "../../x")
    status = shell("bars", "status", "000660")

    assert [run.code for run in (empty, nothing, wrong, status)] == [1, 1, 1, 1]
    assert "봉 파일이 없습니다" in empty.err
    assert "찾지 못했습니다" in nothing.err
    assert "종목코드가 아닙니다" in wrong.err
    assert "000660" in status.err


def test_genuine_raw_file_gives_raw_and_scaled_prices_and_the_adjusted_one_only_itself(shell: Shell) -> None:
    raw = shell("bars", "import", str(shared_path("data/krx/daily_raw_005930_1980_2021.csv")), "--json")
    again = shell(
        "bars", "import", str(shared_path("data/krx/daily_adjusted_2000_2024/005930.csv")), "--json"
    )

    assert {one["adjusted"] for one in told(raw.out)["series"]} == {False, True}
    assert (raw.code, told(raw.out)["refused"]) == (1, 1)  # what lies before 1996 cannot be scaled
    assert [one["adjusted"] for one in told(again.out)["series"]] == [True]
    assert again.code == 0


def test_files_of_a_backtest_are_told_without_empty_brackets_or_a_symbol_twice(
    shell: Shell, tmp_path: Path
) -> None:
    path = tmp_path / "005930.csv"
    path.write_text(HEADER + "2024-01-02,10000,11000,9000,10500,7\nx,1,1,1,1,1\n", encoding="utf-8")

    run = shell("backtest", "golden_cross", "--bars", str(path), "--json", str(tmp_path / "o.json"))

    assert "()" not in run.err
    assert "005930.csv 005930" not in run.err
    assert "line" not in run.err
    assert "[뺌] 날짜를 읽을 수 없는 행 (3번째 줄)" in run.err
    assert "[알림] 기준가 변경이 없어" in run.err


def test_index_of_closes_only_says_what_it_is_and_serves_as_a_benchmark(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "index.csv"
    path.write_text("Date,Close\n2024-01-02,357.99\n2024-01-03,358.5\n", encoding="utf-8")

    refused = shell("bars", "import", str(path))
    taken = shell("bars", "import", str(path), "--product", "index", "--symbol", "2001")

    assert (refused.code, taken.code) == (1, 0)
    assert "--product index" in refused.out
    assert "종가만 있는 지수" in taken.out
    assert "거래정지" not in taken.out
    assert "--benchmark 2001" in taken.out


def test_a_file_without_a_symbol_is_told_how_to_name_one(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(HEADER + "2024-01-02,100,110,90,105,10\n2024-01-03,105,110,90,100,10\n")

    refused = shell("bars", "import", str(path), "--check")
    named = shell("bars", "import", str(path), "--check", "--symbol", "005930")

    assert (refused.code, named.code) == (1, 0)
    assert "--symbol" in refused.err
    assert "005930.csv처럼" in refused.err
    assert "005930.csv처럼" not in named.err
