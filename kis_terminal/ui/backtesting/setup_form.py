"""The setup side: strategy, parameters, symbols, period, money and costs; says what is wrong in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kis_terminal.domain.backtest import BacktestRequest, CostRule, FillRule, Sizing, StopRule
from kis_terminal.domain.backtest_work import StrategyProblem, StrategySheet
from kis_terminal.domain.bar_columns import Product, SeriesKey
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.ui.backtesting.form_rows import FormRows, TextField, plain_label
from kis_terminal.ui.backtesting.parameters import ParameterFields
from kis_terminal.ui.backtesting.problem_grid import problem_grid
from kis_terminal.ui.backtesting.symbols import SymbolPicker
from kis_terminal.ui.ordering.fields import Choice
from kis_terminal.ui.ordering.numbers import WrongNumber
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

_INTERVALS = (
    (Interval.DAY, "일봉"),
    (Interval.WEEK, "주봉"),
    (Interval.MONTH, "월봉"),
    (Interval.MINUTE_60, "60분"),
    (Interval.MINUTE_30, "30분"),
    (Interval.MINUTE_15, "15분"),
    (Interval.MINUTE_5, "5분"),
    (Interval.MINUTE_1, "1분"),
)
_YEARS = (1, 3, 5, 10)
_SIZINGS = (
    (SizingKind.EQUAL_WEIGHT, "같은 비중"),
    (SizingKind.PERCENT, "평가금액 %"),
    (SizingKind.AMOUNT, "금액(원)"),
    (SizingKind.SHARES, "주식 수"),
)
_FILLS = ((FillRule.NEXT_OPEN, "다음 봉 시가"), (FillRule.CLOSE, "신호 봉 종가"))
_STOPS = ((StopRule.CLOSE, "종가로 판단"), (StopRule.INTRABAR, "봉 안에서"))
_BENCHMARKS: tuple[tuple[str, Product | None, str], ...] = (
    ("없음", None, ""),
    ("코스피 지수", Product.INDEX, "0001"),
    ("코스닥 지수", Product.INDEX, "1001"),
    ("코스피200", Product.INDEX, "2001"),
    ("KODEX 200", Product.STOCK, "069500"),
)
_PROBLEM_ROWS = 4
_USUAL = "golden_cross.kis.yaml"


class SetupForm(QWidget):
    """Everything a run is asked for.

    Signals: `sheet_wanted(str)` path of a file to read; `live_wanted()` a slider moves; `changed()` something
    else was set; `run_wanted()` Enter in a field; `edit_wanted()` the strategy's editor.
    """

    sheet_wanted = Signal(str)
    live_wanted = Signal()
    changed = Signal()
    run_wanted = Signal()
    edit_wanted = Signal()

    def __init__(self, workspace: Workspace, today: Callable[[], date]) -> None:
        super().__init__()
        self._workspace = workspace
        self._theme = workspace.theme
        self._today = today
        self.sheets: list[StrategySheet] = []
        self.sheet: StrategySheet | None = None
        inner = QWidget()
        inner.setObjectName("setup")
        inner.setStyleSheet(f"#setup {{ background: {self._theme.colours.bg1.name()}; }}")
        self._column = QVBoxLayout(inner)
        metrics = self._theme.metrics
        self._column.setContentsMargins(metrics.inset, metrics.gutter, metrics.inset, metrics.gutter)
        self._column.setSpacing(metrics.gutter)
        self._build_strategy()
        self._build_symbols()
        self._build_period()
        self._build_money()
        self._column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self.set_years(5)
        self.show_sheet(None)

    def minimumSizeHint(self) -> QSize:
        """Be content with little height: the form scrolls."""
        return QSize(self._theme.metrics.narrow_panel - 30, 60)

    # -- building ---

    def _heading(self, text: str) -> None:
        label = plain_label(self._theme, text, is_muted=False)
        label.setFont(self._theme.bold(self._theme.metrics.label))
        self._column.addWidget(label)

    def _rows(self) -> FormRows:
        grid = QGridLayout()
        self._column.addLayout(grid)
        return FormRows(self._theme, grid)

    def _choice(self, name: str, words: Sequence[str]) -> Choice:
        choice = Choice(self._theme, name)
        choice.addItems([tr(word) for word in words])
        choice.activated.connect(lambda _: self.changed.emit())
        return choice

    def _button(self, text: str, act: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: act())
        return button

    def _field(self, name: str, text: str = "", unit: str = "") -> TextField:
        field = TextField(self._theme, name, text, unit=unit)
        field.editingFinished.connect(self.changed.emit)
        field.returnPressed.connect(self.run_wanted.emit)
        return field

    def _build_strategy(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(4)
        self.strategy = Choice(self._theme, tr("전략"))
        self.strategy.activated.connect(self._strategy_chosen)
        line.addWidget(self.strategy, 1)
        self.open_button = self._button(tr("파일…"), self._ask_file)
        self.open_button.setToolTip(tr("KIS 전략 파일(.kis.yaml)을 엽니다."))
        line.addWidget(self.open_button)
        self.edit_button = self._button(tr("편집…"), self.edit_wanted.emit)
        self.edit_button.setToolTip(tr("이 전략을 고치거나 새 전략을 만듭니다."))
        line.addWidget(self.edit_button)
        self._heading(tr("전략"))
        self._column.addLayout(line)
        self.about = plain_label(self._theme)
        self.about.setWordWrap(True)
        self._column.addWidget(self.about)
        self.problems = problem_grid(self._theme, "backtest.problems")
        self.problems.chosen.connect(self._problem_chosen)
        self._column.addWidget(self.problems)
        self.parameters = ParameterFields(self._theme)
        self.parameters.moved.connect(self.live_wanted.emit)
        self.parameters.changed.connect(self.changed.emit)
        self._column.addWidget(self.parameters)
        self.value_note = plain_label(self._theme)
        self.value_note.setWordWrap(True)
        self.value_note.setStyleSheet(f"color: {self._theme.colours.warn.name()};")
        self.value_note.hide()
        self._column.addWidget(self.value_note)

    def _build_symbols(self) -> None:
        self._heading(tr("종목", context="list"))
        self.symbols = SymbolPicker(self._workspace)
        self.symbols.changed.connect(self.changed.emit)
        self._column.addWidget(self.symbols)

    def _build_period(self) -> None:
        self._heading(tr("기간"))
        rows = self._rows()
        self.interval = self._choice(tr("주기"), [word for _, word in _INTERVALS])
        self.start = self._field(tr("시작일"), unit="YYYY-MM-DD")
        self.end = self._field(tr("종료일"), unit="YYYY-MM-DD")
        rows.add(tr("시작 ~ 끝"), self.start, self.end)
        buttons = [
            self._button(tr("{n}년", n=years), lambda years=years: self._years_chosen(years))  # type: ignore[misc]
            for years in _YEARS
        ]
        rows.add(tr("최근"), *buttons)
        rows.add(tr("주기"), self.interval)

    def _build_money(self) -> None:
        self._heading(tr("자금과 비용"))
        rows = self._rows()
        self.cash = self._field(tr("시작 금액"), "100,000,000")
        rows.add(tr("시작 금액"), self.cash)
        self.sizing = self._choice(tr("한 번에"), [word for _, word in _SIZINGS])
        self.amount = self._field(tr("크기"), "95")
        self.sizing.currentIndexChanged.connect(self._sizing_changed)
        rows.add(tr("한 번에"), self.sizing, self.amount)
        self.fill = self._choice(tr("체결"), [word for _, word in _FILLS])
        rows.add(tr("체결"), self.fill)
        self.stops = self._choice(tr("손절·익절"), [word for _, word in _STOPS])
        rows.add(tr("손절·익절"), self.stops)
        self.commission = self._field(tr("수수료 %"), unit=tr("규정"))
        self.tax = self._field(tr("세금 %"), unit=tr("규정"))
        for field in (self.commission, self.tax):
            field.setToolTip(tr("비우면 날짜와 시장에 따른 국내 요율을 씁니다."))
        rows.add(tr("수수료·세금"), self.commission, self.tax)
        self.slippage = self._field(tr("슬리피지 %"), "0")
        rows.add(tr("슬리피지 %"), self.slippage)
        self.benchmark = self._choice(tr("벤치마크"), [word for word, *_ in _BENCHMARKS])
        self.benchmark.setCurrentIndex(1)
        rows.add(tr("벤치마크"), self.benchmark)
        self._sizing_changed(0)

    # -- strategy ---

    def set_sheets(self, sheets: Sequence[StrategySheet]) -> None:
        """Offer strategies; the plainest of the shipped ones is chosen where none is."""
        self.sheets = list(sheets)
        self.strategy.clear()
        self.strategy.addItems([said(sheet.title) for sheet in self.sheets])
        if self.sheet is None and self.sheets:
            usual = next((sheet for sheet in self.sheets if sheet.source.name == _USUAL), self.sheets[0])
            self.show_sheet(usual)
        else:
            self._mark_chosen()

    def show_sheet(self, sheet: StrategySheet | None) -> None:
        """Choose a strategy; one that is not offered yet is put in front."""
        self.sheet = sheet
        if sheet is not None and sheet not in self.sheets:
            known = next((i for i, s in enumerate(self.sheets) if s.source.name == sheet.source.name), None)
            if known is None:
                self.sheets.insert(0, sheet)
                self.strategy.insertItem(0, said(sheet.title))
            else:
                self.sheets[known] = sheet
                self.strategy.setItemText(known, said(sheet.title))
        self._mark_chosen()
        self.parameters.set_rules(sheet.parameters if sheet is not None else ())
        description = said(sheet.description) if sheet is not None else ""
        self.about.setText(description.strip().partition("\n")[0])
        self.about.setVisible(bool(description.strip()))
        problems = list(sheet.problems) if sheet is not None else []
        order = ["error", "warning", "note"]
        problems.sort(key=lambda p: order.index(p.severity) if p.severity in order else 3)
        self.problems.set_rows([(str(i), problem) for i, problem in enumerate(problems)])
        self.problems.setVisible(bool(problems))
        self.problems.setFixedHeight(min(_PROBLEM_ROWS, len(problems)) * self._theme.metrics.row + 2)
        self.changed.emit()

    def show_value_problems(self, sentences: Sequence[str]) -> None:
        """Say what the values of the parameters make impossible."""
        self.value_note.setText("\n".join(said(sentence) for sentence in sentences))
        self.value_note.setVisible(bool(sentences))

    def _mark_chosen(self) -> None:
        if self.sheet is not None and self.sheet in self.sheets:
            self.strategy.setCurrentIndex(self.sheets.index(self.sheet))

    def _strategy_chosen(self, place: int) -> None:
        if 0 <= place < len(self.sheets):
            self.show_sheet(self.sheets[place])

    def _problem_chosen(self, key: str) -> None:
        problem: StrategyProblem = self.problems.row(key)
        grade = {"error": "danger", "warning": "warn"}.get(problem.severity, "info")
        where = tr("{line}행: ", line=problem.line) if problem.line is not None else ""
        self._workspace.link.message.emit(grade, where + said(problem.sentence))

    def _ask_file(self) -> None:
        dialog = QFileDialog(
            self, tr("전략 파일 열기"), "", tr("전략 파일 (*.kis.yaml *.yaml *.yml *.py);;모든 파일 (*)")
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.sheet_wanted.emit(str(Path(path))))
        dialog.open()

    # -- period and money ---

    def set_years(self, years: int) -> None:
        """Ask for the last years up to today."""
        end = self._today()
        self.set_period(end - timedelta(days=round(years * 365.25)), end)

    def set_period(self, start: date, end: date) -> None:
        """Ask for these days."""
        self.start.setText(start.isoformat())
        self.end.setText(end.isoformat())

    def _years_chosen(self, years: int) -> None:
        self.set_years(years)
        self.changed.emit()

    def _sizing_changed(self, place: int) -> None:
        kind = _SIZINGS[place][0]
        self.amount.setVisible(kind is not SizingKind.EQUAL_WEIGHT)
        usual = {SizingKind.PERCENT: "95", SizingKind.AMOUNT: "10,000,000", SizingKind.SHARES: "10"}
        self.amount.setText(usual.get(kind, ""))

    # -- what is asked for ---

    def request(self) -> BacktestRequest:
        """Return what is asked for; raises CorrectionNeeded that names the field."""
        sheet = self.sheet
        if sheet is None:
            raise CorrectionNeeded(tr("전략을 고르십시오."))
        if not sheet.is_runnable:
            raise CorrectionNeeded(tr("전략 파일에 오류가 있어 실행할 수 없습니다. 위의 오류를 고치십시오."))
        symbols = self.symbols.symbols
        if not symbols:
            raise CorrectionNeeded(tr("종목을 찾아 더하거나 그룹을 고르십시오."))
        start, end = self._day(self.start), self._day(self.end)
        if start >= end:
            self.start.mark(is_wrong=True)
            raise WrongNumber(
                tr("시작일 {start}이(가) 종료일 {end}보다 앞서야 합니다.", start=start, end=end)
            )
        interval = _INTERVALS[self.interval.currentIndex()][0]
        _, product, code = _BENCHMARKS[self.benchmark.currentIndex()]
        return BacktestRequest(
            strategy=sheet.source,
            series=tuple(SeriesKey(Product.STOCK, symbol, interval) for symbol in symbols),
            start=start,
            end=end,
            parameters=self.parameters.values(),
            cash=float(self.cash.number(least=1, most=1e15) or 0),
            sizing=self._sizing(),
            fill=_FILLS[self.fill.currentIndex()][0],
            stops=_STOPS[self.stops.currentIndex()][0],
            costs=self._costs(),
            benchmark=None if product is None else SeriesKey(product, code, interval),
        )

    def _day(self, field: TextField) -> date:
        try:
            return date.fromisoformat(field.text().strip().replace(".", "-").replace("/", "-"))
        except ValueError:
            field.mark(is_wrong=True)
            raise WrongNumber(
                tr(
                    "{name} '{text}'은(는) 날짜가 아닙니다. 2024-01-31처럼 적으십시오.",
                    name=field.name,
                    text=field.text(),
                )
            ) from None

    def _sizing(self) -> Sizing:
        kind = _SIZINGS[self.sizing.currentIndex()][0]
        if kind is SizingKind.EQUAL_WEIGHT:
            return Sizing()
        most = 100.0 if kind is SizingKind.PERCENT else 1e15
        least = 0.01 if kind is SizingKind.PERCENT else 1.0
        value = self.amount.number(least=least, most=most, is_whole=kind is SizingKind.SHARES)
        return Sizing(kind, value or 0.0)

    def _costs(self) -> CostRule:
        commission = self.commission.number(least=0, most=10, can_be_empty=True)
        tax = self.tax.number(least=0, most=10, can_be_empty=True)
        slippage = self.slippage.number(least=0, most=10, can_be_empty=True)
        return CostRule(
            None if commission is None else commission / 100,
            None if tax is None else tax / 100,
            (slippage or 0.0) / 100,
        )
