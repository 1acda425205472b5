"""Records of backtests in a folder: one JSON line a run, its equity curve in a file of numbers beside it."""

from __future__ import annotations

import asyncio
import json
import logging
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from kis_terminal.domain.backtest_work import RunRecord
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.sentences import Sentence

log = logging.getLogger(__name__)

MOST_RUNS = 200
_LIST = "runs.jsonl"


class FolderRunStore:
    """`ports.RunStore`; the oldest runs go when there are more than `most`. Disk work is done in a thread."""

    def __init__(self, folder: Path, most: int = MOST_RUNS) -> None:
        self._folder = folder
        self._most = most
        self._turn = asyncio.Lock()

    async def add(self, record: RunRecord) -> None:
        """Keep a record; raises StoreUnavailable when the disk refuses."""
        async with self._turn:
            await asyncio.to_thread(self._guarded, self._add, record)

    async def all(self) -> Sequence[RunRecord]:
        """Return the records, newest first; a damaged one is left out and said in the log."""
        async with self._turn:
            records: Sequence[RunRecord] = await asyncio.to_thread(self._guarded, self._all)
            return records

    async def delete(self, identifiers: Sequence[str]) -> None:
        """Delete records; unknown ones are none."""
        async with self._turn:
            await asyncio.to_thread(self._guarded, self._delete, set(identifiers))

    def _guarded(self, act: Any, *arguments: Any) -> Any:
        try:
            return act(*arguments)
        except OSError as error:
            raise StoreUnavailable(
                Sentence(
                    "백테스트 기록({folder})을 읽거나 쓸 수 없습니다: {why}. 폴더의 권한과 남은 공간을 "
                    "확인하십시오.",
                    folder=self._folder,
                    why=error.strerror or type(error).__name__,
                )
            ) from error

    # -- in the thread ---

    def _add(self, record: RunRecord) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._numbers(record.identifier).with_suffix(".new")
        with draft.open("wb") as file:
            np.savez(file, times=record.times, equity=record.equity)
        draft.replace(self._numbers(record.identifier))
        rows = [*self._rows(), _row(record)]
        for row in rows[: -self._most]:
            self._numbers(row["identifier"]).unlink(missing_ok=True)
        self._write(rows[-self._most :])

    def _delete(self, identifiers: set[str]) -> None:
        rows = self._rows()
        self._write([row for row in rows if row["identifier"] not in identifiers])
        for row in rows:
            if row["identifier"] in identifiers:
                self._numbers(row["identifier"]).unlink(missing_ok=True)

    def _all(self) -> list[RunRecord]:
        records = []
        for row in reversed(self._rows()):
            try:
                with np.load(self._numbers(row["identifier"]), allow_pickle=False) as numbers:
                    times, equity = numbers["times"], numbers["equity"]
                records.append(_record(row, times, equity))
            except (FileNotFoundError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
                log.warning("backtest record %.40r cannot be read: %s", row.get("identifier"), error)
        return records

    def _numbers(self, identifier: str) -> Path:
        return self._folder / f"{identifier}.npz"

    def _rows(self) -> list[dict[str, Any]]:
        try:
            lines = (self._folder / _LIST).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        rows = []
        for line in lines:
            try:
                row = json.loads(line)
                if not str(row["identifier"]).replace("-", "").isalnum():
                    raise ValueError("identifier")
                rows.append(row)
            except (ValueError, KeyError, TypeError) as error:
                log.warning("a line of the backtest records cannot be read (%s): %.60r", error, line)
        return rows

    def _write(self, rows: Sequence[dict[str, Any]]) -> None:
        draft = self._folder / f"{_LIST}.new"
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        draft.write_text(text, encoding="utf-8")
        draft.replace(self._folder / _LIST)


def _row(record: RunRecord) -> dict[str, Any]:
    return {
        "identifier": record.identifier,
        "made": record.made,
        "title": record.title,
        "parameters": dict(record.parameters),
        "symbols": list(record.symbols),
        "start": record.start.isoformat(),
        "end": record.end.isoformat(),
        "cash": record.cash,
        "summary": {name: _plain(value) for name, value in record.summary.items()},
    }


def _plain(value: float | int | None) -> float | int | None:
    """Return a number that JSON has; one without a value is not defined."""
    if value is None or not np.isfinite(value):
        return None
    return int(value) if isinstance(value, int | np.integer) else float(value)


def _record(row: dict[str, Any], times: Any, equity: Any) -> RunRecord:
    if times.ndim != 1 or times.shape != equity.shape:
        raise ValueError("the curve has no form")
    return RunRecord(
        identifier=str(row["identifier"]),
        made=str(row["made"]),
        title=str(row["title"]),
        parameters=dict(row["parameters"]),
        symbols=[str(symbol) for symbol in row["symbols"]],
        start=date.fromisoformat(row["start"]),
        end=date.fromisoformat(row["end"]),
        cash=float(row["cash"]),
        summary=dict(row["summary"]),
        times=times.astype(np.int64),
        equity=equity.astype(np.float64),
    )
