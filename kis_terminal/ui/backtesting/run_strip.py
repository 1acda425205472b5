"""The strip over the results: run or stop, how far it is, what went wrong, export."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from kis_terminal.domain.backtest_work import ReportForm, Stage, WorkProgress
from kis_terminal.ui.grid.painting import Ink
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_WORDS = {
    Stage.BARS: "봉 받는 중 {done}/{total}",
    Stage.RUN: "계산 중 {done}/{total}",
    Stage.SWEEP: "탐색 중 {done}/{total}",
    Stage.WALK: "전진분석 중 {done}/{total}",
}
_UNCOUNTED = {
    Stage.BARS: "봉 받는 중",
    Stage.RUN: "계산 중",
    Stage.SWEEP: "탐색 중",
    Stage.WALK: "전진분석 중",
}
_FORMS = (
    (ReportForm.HTML, "HTML 보고서…", "html", "HTML (*.html)"),
    (ReportForm.XLSX, "엑셀 파일…", "xlsx", "Excel (*.xlsx)"),
    (ReportForm.CSV, "CSV 폴더…", "", ""),
    (ReportForm.JSON, "JSON 파일…", "json", "JSON (*.json)"),
)
_WIDTH = 96


class ProgressLine(QWidget):
    """A sentence over a bar that fills."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._ink = Ink(theme.medium(theme.metrics.label))
        self._text, self._colour = "", theme.colours.muted
        self._share: float | None = None
        self.setAccessibleName(tr("백테스트 진행"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(theme.metrics.row)

    @property
    def text(self) -> str:
        """Return the sentence."""
        return self._text

    def say(self, text: str, colour: QColor, share: float | None = None) -> None:
        """Show a sentence; `share` 0 to 1 fills the bar, None shows none."""
        self._text, self._colour, self._share = text, colour, share
        self.setToolTip(text)
        self.setAccessibleDescription(text)
        self.update()

    def sizeHint(self) -> QSize:
        """Be one line high."""
        return QSize(120, self._theme.metrics.row)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the bar, then the words."""
        painter = QPainter(self)
        if self._share is not None:
            foot = QRect(0, self.height() - 3, self.width(), 2)
            painter.fillRect(foot, self._theme.colours.line)
            painter.fillRect(
                QRect(0, foot.y(), round(foot.width() * self._share), 2), self._theme.colours.accent
            )
        painter.setFont(self._ink.font)
        self._ink.draw(painter, self.rect(), _LEFT, self._text, self._colour)


class RunStrip(QWidget):
    """Buttons and progress.

    Signals: `run_wanted()`, `stop_wanted()`, `export_wanted(ReportForm, str)` with the path.
    """

    run_wanted = Signal()
    stop_wanted = Signal()
    export_wanted = Signal(object, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._is_busy = False
        self.name = ""
        """The file of the strategy that ran last; reports are called after it."""
        self.run_button = QPushButton(tr("실행", context="act"))
        self.run_button.setAccessibleName(tr("백테스트 실행"))
        self.run_button.setToolTip("Ctrl+Enter")
        self.run_button.setFixedWidth(_WIDTH)
        self.run_button.clicked.connect(self._pressed)
        self.progress = ProgressLine(theme)
        self.export_button = QToolButton()
        self.export_button.setText(tr("내보내기 ▾"))
        self.export_button.setAccessibleName(tr("결과 내보내기"))
        self.export_button.setEnabled(False)
        self.export_button.clicked.connect(self._open_export)
        layout = QHBoxLayout(self)
        gutter = theme.metrics.gutter
        layout.setContentsMargins(theme.metrics.inset, gutter // 2, gutter, gutter // 2)
        layout.setSpacing(theme.metrics.inset)
        layout.addWidget(self.run_button)
        layout.addWidget(self.progress, 1)
        layout.addWidget(self.export_button)
        self.show_busy(is_busy=False)

    @property
    def is_busy(self) -> bool:
        """Tell whether the button stops."""
        return self._is_busy

    def show_busy(self, *, is_busy: bool) -> None:
        """Turn the button into the one that stops, or back."""
        self._is_busy = is_busy
        self.run_button.setText(tr("멈춤") if is_busy else tr("실행", context="act"))
        colours = self._theme.colours
        ground = colours.bg2 if is_busy else colours.accent
        ink = colours.text if is_busy else colours.bg0
        self.run_button.setStyleSheet(
            f"QPushButton {{ background: {ground.name()}; color: {ink.name()}; font-weight: 600; }}"
        )

    def show_progress(self, progress: WorkProgress) -> None:
        """Say how far it is."""
        if progress.total > 0:
            text = tr(_WORDS[progress.stage], done=f"{progress.done:,}", total=f"{progress.total:,}")
            self.progress.say(text, self._theme.colours.muted, min(1.0, progress.done / progress.total))
        else:
            self.progress.say(tr(_UNCOUNTED[progress.stage]), self._theme.colours.muted, 0.0)

    def _pressed(self) -> None:
        (self.stop_wanted if self._is_busy else self.run_wanted).emit()

    def _open_export(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for form, words, suffix, kinds in _FORMS:
            action = menu.addAction(tr(words))
            action.triggered.connect(partial(self._chosen, form, suffix, kinds))
        menu.popup(self.export_button.mapToGlobal(QPoint(0, self.export_button.height())))

    def _chosen(self, form: ReportForm, suffix: str, kinds: str, is_checked: bool = False) -> None:
        self._ask_place(form, suffix, kinds)

    def _ask_place(self, form: ReportForm, suffix: str, kinds: str) -> None:
        stem = self.name.partition(".")[0] or "backtest"
        dialog = QFileDialog(self, tr("결과 내보내기"), f"{stem}.{suffix}" if suffix else "", kinds)
        if suffix:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setDefaultSuffix(suffix)
        else:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.export_wanted.emit(form, path))
        dialog.open()
