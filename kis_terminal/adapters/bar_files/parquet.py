"""Parquet tables as rows of text, so that one set of rules reads every form; pyarrow loads here only."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.bars import CLOSE, HIGH, LOW, OPEN, VOLUME


def parquet_rows(file: Path) -> list[list[str]]:
    """Return a header and the cells of every row. Raises OSError or ValueError for what is no Parquet."""
    table = parquet.read_table(file)
    columns = [_texts(column.to_pylist()) for column in table.columns]
    return [list(table.column_names), *(list(row) for row in zip(*columns, strict=True))]


def write_parquet(file: Path, bars: BarColumns) -> None:
    """Write one series: `time` in Seoul wall time without a zone, then open, high, low, close, volume."""
    table = arrow.table(
        {
            "time": arrow.array(bars.times.astype("datetime64[s]"), type=arrow.timestamp("s")),
            "open": bars.columns[OPEN],
            "high": bars.columns[HIGH],
            "low": bars.columns[LOW],
            "close": bars.columns[CLOSE],
            "volume": bars.columns[VOLUME],
        },
        metadata={
            b"symbol": bars.key.symbol.encode(),
            b"interval": bars.key.interval.value.encode(),
            b"is_adjusted": str(bars.key.is_adjusted).lower().encode(),
        },
    )
    parquet.write_table(table, file)


def _texts(values: list[object]) -> list[str]:
    return [
        ""
        if value is None
        else value.isoformat(sep=" ")
        if isinstance(value, datetime)
        else value.isoformat()
        if isinstance(value, date)
        else str(value)
        for value in values
    ]
