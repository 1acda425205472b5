"""데이터 (9005): which bars are stored, as a picture; fetching, taking files in, writing files out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFileDialog, QLabel, QMenu, QSplitter, QToolButton

from kis_terminal.domain.errors import TerminalError
from kis_terminal.services.bars.late import LateLibrary
from kis_terminal.services.bars.wish import FetchWish
from kis_terminal.ui.bars.coverage import paint_coverage
from kis_terminal.ui.bars.fetch_form import FetchForm
from kis_terminal.ui.bars.progress_strip import ProgressStrip
from kis_terminal.ui.bars.rows import (
    FindingRow,
    SeriesRow,
    finding_rows,
    outcome_rows,
    series_rows,
    size_text,
)
from kis_terminal.ui.bars.tables import report_columns, series_columns
from kis_terminal.ui.confirm_strip import ConfirmStrip
from kis_terminal.ui.csv_file import save_table
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.wide_page import WidePage
from kis_terminal.ui.workspace import Workspace

if TYPE_CHECKING:
    from kis_terminal.services.bars.fetch_job import FetchOutcome, FetchProgress
    from kis_terminal.services.bars.library import BarLibrary

_KEY = "bars library"


class DataPanel(Panel):
    """Lists series while visible; a fetch goes on while hidden."""

    panel_name = "data"
    screen_number = "9005"

    def __init__(self, workspace: Workspace, bars: LateLibrary, today: Callable[[], date]) -> None:
        super().__init__(workspace, tr("데이터"))
        self._bars = bars
        self._today = today
        self._library: BarLibrary | None = None
        self._to_show: set[Any] = set()
        """Series that were just fetched, until the list has them."""
        self._is_beginning = False
        """Whether a fetch was asked for that the library does not know yet."""
        self._years = (today().year - 9, today().year)
        self.summary = QLabel()
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setFont(self.theme.font(self.theme.metrics.label))
        self.summary.setStyleSheet(f"color: {self.theme.colours.muted.name()};")
        self.title_area.insertWidget(1, self.summary)
        self.import_button = self._button(tr("가져오기…"), self._open_import)
        self.export_button = self._button(tr("내보내기…"), self._open_export)
        self.forget_button = self._button(tr("지우기"), self._ask_forget)
        self.strip_line = ProgressStrip(self.theme)
        self.form = FetchForm(workspace, today)
        self.form.wanted.connect(self._fetch)
        self.form.stop_wanted.connect(self._stop)
        self.form.refused.connect(lambda words: self.strip_line.tell(words, is_bad=True))
        self.grid = self._series_grid()
        self.report = self._report_grid()
        self.report.hide()
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(self.theme.metrics.gutter)
        self.split.setStyleSheet(f"QSplitter::handle {{ background: {self.theme.colours.bg0.name()}; }}")
        self.split.addWidget(self.grid)
        self.split.addWidget(self.report)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        self.confirm = ConfirmStrip(self.theme, workspace.environment)
        self.body.addWidget(WidePage(self.form, is_low=True))
        self.body.addWidget(self.strip_line)
        self.body.addWidget(self.split, 1)
        self.body.addWidget(self.confirm)
        self._buttons()

    # -- building ---

    def _button(self, word: str, run: Callable[[], None]) -> QToolButton:
        button = QToolButton()
        button.setText(word)
        button.setAccessibleName(word)
        button.clicked.connect(lambda _=False: run())
        self.title_area.addWidget(button)
        return button

    def _series_grid(self) -> Grid:
        grid = Grid(
            "data",
            series_columns(self.theme, self._paint_coverage, lambda row: (row.spans, self._years)),
            self.theme,
            self.workspace.preferences,
            title=tr("저장된 봉"),
            empty_text=tr(
                "저장된 봉이 없습니다. 위에 종목을 적고 받기를 누르거나, 가져오기로 파일을 넣으십시오."
            ),
            is_multiple=True,
        )
        grid.activated.connect(self._follow)
        grid.chosen.connect(lambda _: self._buttons())
        grid.delete_wanted.connect(lambda _: self._ask_forget())
        grid.menu_wanted.connect(self._open_menu)
        return grid

    def _report_grid(self) -> Grid:
        grid = Grid(
            "data.report",
            report_columns(self.theme),
            self.theme,
            self.workspace.preferences,
            title=tr("보고"),
            empty_text="",
            is_multiple=True,
        )
        grid.menu_wanted.connect(self._open_report_menu)
        return grid

    # -- life ---

    def activate(self) -> None:
        """List what is stored; the first time the store's process starts."""
        self._spawn(self._open())

    async def _open(self) -> None:
        library = self._library = await self._bars.get()
        if not self.is_active:
            return
        self.keep(library.changed.subscribe(lambda _: self._spawn(self._list())))
        self.keep(library.progressed.subscribe(self._show_progress))
        self.keep(library.fetched.subscribe(self._show_fetched))
        self.form.show_running(is_running=library.is_fetching or self._is_beginning)
        if library.progress is not None:
            self._show_progress(library.progress)
        await self._list()

    async def _list(self) -> None:
        if self._library is None:
            return
        try:
            series = await self._library.series()
        except TerminalError as error:
            self.grid.set_empty_text(said(error))
            self.grid.set_rows([])
            self.summary.setText("")
            return
        rows = series_rows(series, self.workspace.instruments.name)
        first = min((row.first.year for row in rows if row.first is not None), default=self._years[0])
        self._years = (first, self._today().year)
        self.grid.set_rows((row.key, row) for row in rows)
        count, size = sum(row.bars for row in rows), sum(row.size for row in rows)
        words = tr(
            "{series}개 계열 · 봉 {bars}개 · {size}",
            series=len(rows),
            bars=f"{count:,}",
            size=size_text(size),
        )
        self.summary.setText(words if rows else "")
        fetched = next((row.key for row in rows if row.series in self._to_show), None)
        self._to_show.clear()
        if fetched is not None:
            self.grid.select(fetched)
        self._buttons()

    def _spawn(self, work: Coroutine[Any, Any, None], key: str = _KEY) -> None:
        self.scope.spawn(work, name="data panel", replaces=key)

    def _buttons(self) -> None:
        is_chosen = bool(self.grid.selected)
        self.export_button.setEnabled(is_chosen)
        self.forget_button.setEnabled(is_chosen)
        hint = "" if is_chosen else tr("표에서 계열을 고르십시오.")
        self.export_button.setToolTip(hint)
        self.forget_button.setToolTip(hint)

    # -- fetching ---

    def _fetch(self, wish: FetchWish) -> None:
        self.report.hide()
        self._is_beginning = True
        self.form.show_running(is_running=True)
        self.strip_line.tell(tr("{count}종목을 받기 시작합니다.", count=len(wish.symbols)), 0.0)
        self._spawn(self._begin(wish), "bars begin")

    async def _begin(self, wish: FetchWish) -> None:
        library = await self._bars.get()
        self._is_beginning = False
        library.start_fetch(wish)

    def _stop(self) -> None:
        if self._library is not None:
            self._library.stop_fetch()

    def _show_progress(self, progress: FetchProgress) -> None:
        rest = ""
        if progress.rest is not None:
            seconds = int(progress.rest)
            rest = tr(" · 남은 시간 {time}", time=f"{seconds // 60}:{seconds % 60:02d}")
        names = ", ".join(self.workspace.instruments.name(symbol) for symbol in progress.current[:3])
        text = tr(
            "{done}/{total}종목 {part:.0%} · 호출 {calls} ({rate:.1f}/초){rest} · {current}",
            done=progress.done,
            total=progress.total,
            part=progress.part,
            calls=f"{progress.calls:,}",
            rate=progress.rate,
            rest=rest,
            current=names,
        )
        self.strip_line.tell(text, progress.part)

    def _show_fetched(self, outcomes: Sequence[FetchOutcome]) -> None:
        self.form.show_running(is_running=False)
        if not outcomes:
            self.strip_line.tell(tr("멈췄습니다. 받은 봉은 저장되어 있어 다시 받으면 이어집니다."))
            return
        reports = [outcome.report for outcome in outcomes if outcome.report is not None]
        failed = len(outcomes) - len(reports)
        self._to_show = {outcome.key for outcome in outcomes if outcome.report is not None}
        text = tr(
            "{count}종목 받음 · 봉 {bars}개 · 호출 {calls}",
            count=len(reports),
            bars=f"{sum(outcome.bars for outcome in outcomes):,}",
            calls=f"{sum(report.calls for report in reports):,}",
        )
        if failed:
            text += " · " + tr("받지 못함 {count}", count=failed)
        self.strip_line.tell(text, is_bad=bool(failed))
        self._show_report(outcome_rows(outcomes, self.workspace.instruments.name))

    # -- files ---

    def _open_import(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("파일…")).triggered.connect(lambda: self._choose_import(is_folder=False))
        menu.addAction(tr("폴더…")).triggered.connect(lambda: self._choose_import(is_folder=True))
        menu.popup(self.import_button.mapToGlobal(self.import_button.rect().bottomLeft()))

    def _choose_import(self, *, is_folder: bool) -> None:
        dialog = QFileDialog(self, tr("봉 파일 가져오기"), "", tr("봉 파일 (*.csv *.gz *.txt *.parquet)"))
        mode = QFileDialog.FileMode.Directory if is_folder else QFileDialog.FileMode.ExistingFile
        dialog.setFileMode(mode)
        dialog.fileSelected.connect(lambda path: self.take_in(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def take_in(self, path: Path) -> None:
        """Read a file or folder and store it; what was repaired and refused is listed."""
        self.strip_line.tell(tr("{path}을(를) 읽는 중…", path=path.name))
        self._spawn(self._take_in(path), "bars import")

    async def _take_in(self, path: Path) -> None:
        library = await self._bars.get()
        try:
            outcome = await library.take_in(path)
        except TerminalError as error:
            self.strip_line.tell(said(error), is_bad=True)
            return
        rows = finding_rows(outcome.findings, self.workspace.instruments.name)
        refused = sum(row.is_refusal for row in rows)
        text = tr(
            "{path}: 계열 {series}개를 저장했습니다. 새 봉 {bars}개.",
            path=path.name,
            series=len(outcome.taken),
            bars=f"{outcome.bars:,}",
        )
        self.strip_line.tell(text, is_bad=bool(refused))
        self._show_report(rows)

    def _open_export(self) -> None:
        dialog = QFileDialog(self, tr("봉을 내보낼 폴더"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        keys = [self.grid.row(key).series for key in self.grid.selected]
        dialog.fileSelected.connect(lambda path: self.write_out(keys, Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write_out(self, keys: Sequence[Any], folder: Path) -> None:
        """Write series as CSV files into a folder."""
        self._spawn(self._write_out(keys, folder), "bars export")

    async def _write_out(self, keys: Sequence[Any], folder: Path) -> None:
        library = await self._bars.get()
        try:
            files = await library.write_out(keys, folder, "csv")
        except TerminalError as error:
            self.strip_line.tell(said(error), is_bad=True)
            return
        self.strip_line.tell(tr("{folder}에 파일 {count}개를 썼습니다.", folder=folder, count=len(files)))

    # -- forgetting ---

    def _ask_forget(self) -> None:
        rows: list[SeriesRow] = [self.grid.row(key) for key in self.grid.selected]
        if not rows:
            return
        question = tr(
            "{name} 등 {count}개 계열의 저장된 봉을 지웁니다. 다시 받으려면 호출이 듭니다.",
            name=rows[0].name,
            count=len(rows),
        )
        self.confirm.ask(question, tr("지우기"), lambda: self.forget([row.series for row in rows]))

    def forget(self, keys: Sequence[Any]) -> None:
        """Drop stored series."""
        self._spawn(self._forget(keys), "bars forget")

    async def _forget(self, keys: Sequence[Any]) -> None:
        library = await self._bars.get()
        problem = await library.forget(keys)
        words = said(problem) if problem else tr("{count}개 계열을 지웠습니다.", count=len(keys))
        self.strip_line.tell(words, is_bad=bool(problem))

    # -- what is shown ---

    def _show_report(self, rows: Sequence[FindingRow]) -> None:
        self.report.set_rows((str(place), row) for place, row in enumerate(rows))
        self.report.setVisible(bool(rows))

    def _paint_coverage(self, painter: QPainter, cell: QRect, row: SeriesRow) -> None:
        paint_coverage(painter, cell, row.spans, *self._years, self.theme)

    def _follow(self, key: str) -> None:
        row: SeriesRow = self.grid.row(key)
        if row.is_domestic:
            self.workspace.link.choose(row.symbol)

    def _open_menu(self, key: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if key:
            row: SeriesRow = self.grid.row(key)
            show = menu.addAction(tr("차트에서 보기"))
            show.setEnabled(row.is_domestic)
            show.triggered.connect(partial(self._follow, key))
            menu.addAction(tr("오늘까지 받기")).triggered.connect(partial(self._fetch_on, key))
            menu.addAction(tr("내보내기…")).triggered.connect(self._open_export)
            menu.addAction(tr("지우기")).triggered.connect(self._ask_forget)
            menu.addSeparator()
        menu.addAction(tr("복사 (Ctrl+C)")).triggered.connect(self.grid.copy_selection)
        menu.addAction(tr("찾기 (Ctrl+F)")).triggered.connect(self.grid.open_filter)
        menu.addAction(tr("CSV로 저장…")).triggered.connect(
            lambda: save_table(self, "data", self.grid.table, self.workspace.link)
        )
        menu.popup(at)

    def _fetch_on(self, key: str) -> None:
        row: SeriesRow = self.grid.row(key)
        if self._library is None or self._library.is_fetching:
            return
        start = row.first or self._today()
        self._fetch(
            FetchWish(
                (row.symbol,), row.product, row.exchange, row.interval, row.is_adjusted, start, self._today()
            )
        )

    def _open_report_menu(self, key: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("복사 (Ctrl+C)")).triggered.connect(self.report.copy_selection)
        menu.addAction(tr("CSV로 저장…")).triggered.connect(
            lambda: save_table(self, "data-report", self.report.table, self.workspace.link)
        )
        menu.addAction(tr("닫기")).triggered.connect(self.report.hide)
        menu.popup(at)
