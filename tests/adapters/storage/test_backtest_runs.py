"""Records of backtests on disk: bounded, whole, damaged ones left out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from kis_terminal.adapters.storage.backtest_runs import FolderRunStore
from kis_terminal.domain.backtest_work import RunRecord
from kis_terminal.domain.errors import StoreUnavailable
from tests.support.leftovers import ExpectLog


def record(number: int) -> RunRecord:
    """Return a record whose figures tell it apart."""
    return RunRecord(
        identifier=f"2026010109000000000{number}-{number}",
        made="2026-01-01T09:00:00+09:00",
        title=f"전략 {number}",
        parameters={"fast": number, "rate": 0.5, "on": True},
        symbols=["005930", "000660"],
        start=date(2020, 1, 2),
        end=date(2024, 12, 30),
        cash=1e8,
        summary={"total_return": 0.1 * number, "sharpe": None, "trades": np.int64(3), "beta": float("nan")},
        times=np.arange(5, dtype=np.int64) * 86_400,
        equity=np.linspace(1e8, 1e8 + number, 5),
    )


async def test_records_come_back_as_they_were_newest_first(tmp_path: Path) -> None:
    store = FolderRunStore(tmp_path / "runs")
    assert await store.all() == []

    for number in (1, 2):
        await store.add(record(number))

    second, first = await FolderRunStore(tmp_path / "runs").all()
    assert [second.title, first.title] == ["전략 2", "전략 1"]
    assert second.parameters == {"fast": 2, "rate": 0.5, "on": True}
    assert dict(second.summary) == {"total_return": 0.2, "sharpe": None, "trades": 3, "beta": None}
    assert np.array_equal(second.equity, record(2).equity)
    assert (second.start, second.symbols) == (date(2020, 1, 2), ["005930", "000660"])


async def test_the_oldest_records_go_with_their_curves(tmp_path: Path) -> None:
    store = FolderRunStore(tmp_path, most=3)

    for number in range(1, 6):
        await store.add(record(number))

    assert [one.title for one in await store.all()] == ["전략 5", "전략 4", "전략 3"]
    assert len(list(tmp_path.glob("*.npz"))) == 3
    await store.delete([record(4).identifier, "unknown"])
    assert [one.title for one in await store.all()] == ["전략 5", "전략 3"]
    assert len(list(tmp_path.glob("*.npz"))) == 2


async def test_what_is_damaged_is_left_out_and_the_rest_stays(tmp_path: Path, expect_log: ExpectLog) -> None:
    store = FolderRunStore(tmp_path)
    for number in (1, 2, 3):
        await store.add(record(number))
    (tmp_path / f"{record(2).identifier}.npz").write_bytes(b"PK broken")
    with (tmp_path / "runs.jsonl").open("a", encoding="utf-8") as file:
        file.write("{half a li\n" + '{"identifier": "../../elsewhere"}\n')

    expect_log("backtest record")
    titles = [one.title for one in await store.all()]

    assert titles == ["전략 3", "전략 1"]


async def test_a_folder_that_refuses_is_said(tmp_path: Path) -> None:
    place = tmp_path / "runs"
    place.write_text("a file where the folder should be", encoding="utf-8")

    with pytest.raises(StoreUnavailable, match="runs"):
        await FolderRunStore(place).add(record(1))
