"""Files are read and written by a child; what goes wrong there is a sentence here."""

from __future__ import annotations

from pathlib import Path

import pytest

from kis_terminal.adapters.bar_files import read_bar_files
from kis_terminal.adapters.bar_files.process import BarFileProcess
from kis_terminal.domain.bar_columns import Product
from kis_terminal.domain.errors import CorrectionNeeded
from tests.support.bar_stores import SAMSUNG_DAYS, made_bars, same, weekdays


async def test_child_writes_and_reads(tmp_path: Path) -> None:
    access = BarFileProcess()
    bars = made_bars(SAMSUNG_DAYS, weekdays(300))

    files = await access.write(tmp_path, [bars], "parquet")
    read = await access.read(tmp_path)

    assert [file.name for file in files] == ["005930_1d.parquet"]
    assert same(read.bars["005930"], read_bar_files(tmp_path).bars["005930"])
    assert read.rows_read == 300


async def test_sentence_of_the_child_comes_back() -> None:
    with pytest.raises(CorrectionNeeded, match="nowhere"):
        await BarFileProcess().read(Path("nowhere"), product=Product.STOCK)


async def test_child_that_dies_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorrectionNeeded, match="프로세스"):
        await BarFileProcess().write(tmp_path, ["no bars"], "csv")  # type: ignore[list-item]
