"""Write a table to a CSV file that a spreadsheet opens with its Hangul whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QIODevice, QSaveFile
from PySide6.QtWidgets import QFileDialog, QWidget

from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Link

_FORMULA_STARTS = ("=", "@", "\t", "\r")


def as_csv(table: Sequence[Sequence[str]]) -> str:
    """Return `table` as CSV; a text that a spreadsheet would run as a formula gets an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for line in table:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in line])
    return text.getvalue()


def write_csv(path: Path, table: Sequence[Sequence[str]]) -> str:
    """Write the whole file or nothing; return "" or why it could not be written."""
    file = QSaveFile(str(path))
    # The mark at the beginning tells spreadsheets that the text is UTF-8.
    if file.open(QIODevice.OpenModeFlag.WriteOnly):
        file.write(as_csv(table).encode("utf-8-sig"))
        if file.commit():
            return ""
    return file.errorString()


def save_table(parent: QWidget, name: str, table: Callable[[], Sequence[Sequence[str]]], link: Link) -> None:
    """Ask for a file name beside the window and write what `table` returns then."""
    dialog = QFileDialog(parent, tr("CSV로 저장"), f"{name}.csv", "CSV (*.csv)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")

    def write(path: str) -> None:
        problem = write_csv(Path(path), table())
        if problem:
            link.message.emit(
                "danger", tr("{path} 파일을 쓸 수 없습니다: {problem}", path=path, problem=problem)
            )
        else:
            link.message.emit("info", tr("{path} 파일에 저장했습니다.", path=path))

    dialog.fileSelected.connect(write)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
