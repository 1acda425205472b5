"""A run as an xlsx workbook: a sheet a table, with the equity curve drawn."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

from kis_terminal.domain.backtest import BacktestResult
from kis_terminal.services.backtest.figure_names import Unit, figure_names
from kis_terminal.services.backtest.report.files import write_whole
from kis_terminal.services.backtest.report.tables import Table, Translated, korean, tables_of

_FORMATS = {
    Unit.PERCENT: "0.00%",
    Unit.WON: "#,##0",
    Unit.COUNT: "#,##0",
    Unit.DAYS: "#,##0",
    Unit.RATIO: "0.00",
    Unit.YEARS: "0.0",
    Unit.BARS: "0.0",
}
_LAST_ROW = 1_048_575
_WIDEST = 60


def write_xlsx(result: BacktestResult, path: Path, translated: Translated = korean) -> None:
    """Write the workbook whole or not at all; raises CorrectionNeeded when it cannot be written.

    Texts are written as texts, so that none runs as a formula or becomes a link.
    """
    content = io.BytesIO()
    book = Workbook(content, {"in_memory": True, "nan_inf_to_errors": False})
    book.set_properties({"title": result.request.strategy.title or result.request.strategy.name})
    styles = {unit: book.add_format({"num_format": form}) for unit, form in _FORMATS.items()}
    head = book.add_format({"bold": True, "bottom": 1})
    for table in tables_of(result, translated):
        sheet = book.add_worksheet(table.title)
        _write_table(sheet, table, styles, head)
        if table.name == "equity" and table.rows:
            _draw_curve(book, sheet, table)
    book.close()
    write_whole(path, content.getvalue())


def _write_table(sheet: Any, table: Table, styles: Mapping[Unit, Any], head: Any) -> None:
    sheet.freeze_panes(1, 0)
    names = figure_names() if table.name == "summary" else {}
    widths = [len(heading) * 2 for heading in table.headings]
    for column, heading in enumerate(table.headings):
        sheet.write_string(0, column, heading, head)
    for line, row in enumerate(table.rows[:_LAST_ROW], start=1):
        for column, cell in enumerate(row):
            if cell is None:
                continue
            if isinstance(cell, str):
                sheet.write_string(line, column, cell)
                widths[column] = max(widths[column], min(len(cell) * 2, _WIDEST))
            elif math.isfinite(cell):
                unit = names[str(row[2])].unit if names else table.units[column]
                sheet.write_number(line, column, cell, None if unit is None else styles[unit])
    for column, width in enumerate(widths):
        sheet.set_column(column, column, max(width + 2, 12))


def _draw_curve(book: Any, sheet: Any, table: Table) -> None:
    last = min(len(table.rows), _LAST_ROW)
    chart = book.add_chart({"type": "line"})
    for column in (1, 3):
        if table.rows[-1][column] is not None:
            chart.add_series(
                {
                    "name": table.headings[column],
                    "categories": [sheet.get_name(), 1, 0, last, 0],
                    "values": [sheet.get_name(), 1, column, last, column],
                    "line": {"width": 1.25},
                }
            )
    chart.set_size({"width": 900, "height": 360})
    chart.set_legend({"position": "bottom"})
    sheet.insert_chart("F2", chart)
