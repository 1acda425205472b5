"""A run as CSV files that a spreadsheet opens with their Hangul whole."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from kis_terminal.domain.backtest import BacktestResult
from kis_terminal.services.backtest.report.files import write_whole
from kis_terminal.services.backtest.report.tables import Cell, Table, Translated, korean, tables_of

_FORMULA_STARTS = ("=", "@", "+", "-", "\t", "\r")


def write_csv(result: BacktestResult, folder: Path, translated: Translated = korean) -> tuple[Path, ...]:
    """Write `summary.csv`, `equity.csv`, `monthly.csv`, `trades.csv`, `fills.csv`, `data.csv`; return them.

    The folder is made where it is missing. Raises CorrectionNeeded when a file cannot be written.
    """
    written = []
    for table in tables_of(result, translated):
        path = folder / f"{table.name}.csv"
        # The mark at the beginning tells spreadsheets that the text is UTF-8.
        write_whole(path, as_csv(table).encode("utf-8-sig"))
        written.append(path)
    return tuple(written)


def as_csv(table: Table) -> str:
    """Return a table as CSV; numbers are whole, a text that would run as a formula gets an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.headings)
    writer.writerows(_row(row) for row in table.rows)
    return text.getvalue()


def _row(row: Sequence[Cell]) -> list[str]:
    return [_cell(cell) for cell in row]


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
    if not math.isfinite(cell):
        return ""
    return repr(int(cell)) if float(cell).is_integer() else repr(float(cell))
