"""Write bars to files that this program and others read: CSV in FinanceDataReader's form, or Parquet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence

_DAY = 86_400


def file_name(bars: BarColumns, file_format: str) -> str:
    """Return `005930_1d.csv`, with `_raw` for a raw series."""
    raw = "" if bars.key.is_adjusted else "_raw"
    return f"{bars.key.symbol}_{bars.key.interval.value}{raw}.{file_format}"


def write_bar_file(file: Path, bars: BarColumns, file_format: str) -> None:
    """Write one series; an earlier file is replaced only when the new one is whole.

    Raises CorrectionNeeded where the place cannot be written.
    """
    part = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file_format == "parquet":
            from kis_terminal.adapters.bar_files.parquet import write_parquet

            write_parquet(part, bars)
        else:
            part.write_text("\n".join(csv_lines(bars)) + "\n", encoding="utf-8")
        os.replace(part, file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CorrectionNeeded(
            Sentence("{path}에 쓸 수 없습니다: {why}", path=file, why=error.strerror or error)
        ) from error


def csv_lines(bars: BarColumns) -> Sequence[str]:
    """Return `Date,Open,High,Low,Close,Volume` and a line a bar; times of day only below a day."""
    is_daily = not bool(np.any(bars.times % _DAY))
    texts = np.datetime_as_string(bars.times.astype("datetime64[s]"), unit="D" if is_daily else "m")
    lines = ["Date,Open,High,Low,Close,Volume"]
    for text, row in zip(texts.tolist(), bars.columns.T.tolist(), strict=True):
        lines.append(",".join((text.replace("T", " "), *(_number(value) for value in row))))
    return lines


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
