"""위험 점검 (9003): what every risk rule says of the typed order, or of one that was chosen from the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QMenu, QToolButton

from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, OrderStatus
from kis_terminal.domain.risk import RiskCheck, RiskVerdict
from kis_terminal.ui.csv_file import save_table
from kis_terminal.ui.formatting import number
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.order_words import kind_word, side_word, status_word
from kis_terminal.ui.ordering.checks import Checked
from kis_terminal.ui.ordering.numbers import WrongNumber
from kis_terminal.ui.panel import Panel
from kis_terminal.ui.risk_words import verdict_colour, verdict_word
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

_LOOK_MILLISECONDS = 250


class RiskSubject(Enum):
    """Whose order is looked at."""

    TYPED = "typed"
    CHOSEN = "chosen"


_SUBJECT_WORDS = {RiskSubject.TYPED: "주문창", RiskSubject.CHOSEN: "고른 주문"}


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is looked at, in words, and the verdict; None with the words why there is none."""

    title: str
    verdict: RiskVerdict | None
    past: str = ""
    """Why the order was refused when it was sent."""


class RiskPanel(Panel):
    """One row a rule; reads four times a second while visible, nothing while hidden.

    `typed` returns the order of the form and its verdict, None without one; it raises WrongNumber.
    """

    panel_name = "risk"
    screen_number = "9003"

    def __init__(self, workspace: Workspace, typed: Callable[[], Checked | None]) -> None:
        super().__init__(workspace, tr("위험 점검"))
        self._typed = typed
        self._subject = RiskSubject.TYPED
        self._key = ""
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MILLISECONDS)
        self._timer.timeout.connect(self.refresh)
        self.summary = QLabel()
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setFont(self.theme.font(self.theme.metrics.label))
        self.title_area.insertWidget(1, self.summary)
        self.subject_buttons: dict[RiskSubject, QToolButton] = {}
        for subject, word in _SUBJECT_WORDS.items():
            button = QToolButton()
            button.setText(tr(word))
            button.setAccessibleName(tr(word))
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, chosen=subject: self.choose_subject(chosen))
            self.title_area.addWidget(button)
            self.subject_buttons[subject] = button
        self.limits_button = QToolButton()
        self.limits_button.setText(tr("한도…"))
        self.limits_button.setAccessibleName(tr("위험 한도…"))
        self.limits_button.clicked.connect(lambda: workspace.link.limits_wanted.emit())
        self.title_area.addWidget(self.limits_button)
        self.about = self._line()
        self.body.addWidget(self.about)
        self.grid = self._rules()
        self.body.addWidget(self.grid, 1)
        self.sentence = self._line()
        self.sentence.setWordWrap(True)
        self.body.addWidget(self.sentence)
        self.grid.chosen.connect(lambda _: self._explain())
        workspace.link.order_chosen.connect(self._order_chosen)
        workspace.link.explain_wanted.connect(self._wanted)

    # -- building ---

    def _line(self) -> QLabel:
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setMargin(self.theme.metrics.gutter)
        label.setIndent(self.theme.metrics.inset - self.theme.metrics.gutter)
        label.setMinimumWidth(1)
        return label

    def _rules(self) -> Grid:
        muted = self.theme.colours.muted
        grid = Grid(
            "risk",
            [
                Column("title", tr("규칙"), 118, lambda c: said(c.title), Align.LEFT, colour=lambda c: muted),
                Column(
                    "verdict",
                    tr("판정", context="risk"),
                    70,
                    verdict_word,
                    Align.LEFT,
                    colour=self._colour,
                    is_bold=True,
                ),
                Column("value", tr("값"), 118, _value, Align.RIGHT, is_bold=True),
                Column(
                    "limit", tr("한도"), 112, lambda c: said(c.limit), Align.RIGHT, colour=lambda c: muted
                ),
                Column(
                    "sentence",
                    tr("이유"),
                    200,
                    self._reason,
                    Align.LEFT,
                    stretch=3,
                    priority=1,
                    colour=self._colour,
                    tooltip=self._reason,
                ),
            ],
            self.theme,
            self.workspace.preferences,
            title=tr("위험 점검"),
            empty_text="",
            is_multiple=True,
            row_tint=self._tint,
        )
        grid.menu_wanted.connect(self._open_menu)
        return grid

    def _colour(self, check: RiskCheck) -> QColor:
        return verdict_colour(check, self.theme)

    def _tint(self, check: RiskCheck) -> QColor | None:
        if check.passed:
            return None
        return self.theme.tinted(verdict_colour(check, self.theme), self.theme.unknown_share)

    @staticmethod
    def _reason(check: RiskCheck) -> str:
        return "" if check.passed and not check.is_waived else said(check.sentence)

    # -- life ---

    def activate(self) -> None:
        """Look, and go on a few times a second."""
        self.refresh()
        self._timer.start()

    def deactivate(self) -> None:
        """Look no more."""
        self._timer.stop()

    def choose_subject(self, subject: RiskSubject) -> None:
        """Look at the order of the form, or at the one that was chosen from the list."""
        self._subject = subject
        self.refresh()

    def _order_chosen(self, key: str) -> None:
        self._key = key
        if self.is_active and self._subject is RiskSubject.CHOSEN:
            self.refresh()

    def _wanted(self, key: str) -> None:
        if key:
            self._key = key
        self._subject = RiskSubject.CHOSEN if key else RiskSubject.TYPED
        if self.is_active:
            self.refresh()

    # -- looking ---

    def refresh(self) -> None:
        """Ask every rule and repaint what changed."""
        for subject, button in self.subject_buttons.items():
            button.setChecked(subject is self._subject)
        looked = self._looked_at_typed() if self._subject is RiskSubject.TYPED else self._looked_at_chosen()
        _set_text(self.about, f"{looked.title}\n{looked.past}" if looked.past else looked.title)
        checks = looked.verdict.checks if looked.verdict is not None else ()
        # The rules keep their order; what does not pass comes first, since the list is long.
        shown = sorted(checks, key=_rank)
        keys = [check.code for check in shown]
        if list(self.grid.keys) != keys:
            self.grid.set_rows([(check.code, check) for check in shown])
        else:
            for check in shown:
                if self.grid.row(check.code) != check:
                    self.grid.update_row(check.code, check)
        self._summarise(checks)
        self._explain()

    def _looked_at_typed(self) -> _Looked:
        try:
            checked = self._typed()
        except WrongNumber as wrong:
            return _Looked(str(wrong), None)
        if checked is None:
            return _Looked(tr("주문창에 점검할 주문이 없습니다. 종목과 수량을 입력하십시오."), None)
        request, verdict = checked
        return _Looked(self._described(request), verdict)

    def _looked_at_chosen(self) -> _Looked:
        order = self.workspace.orders.get(self._key)
        if order is None:
            return _Looked(tr("주문내역에서 주문을 고르십시오."), None)
        request = _request_of(order)
        gate = self.workspace.risk_gate
        if order.is_open:
            others = tuple(item for item in self.workspace.orders.open_orders() if item.key != order.key)
            verdict = gate.check_amendment(request, order, others)
        else:
            verdict = gate.check(request)
        past = ""
        if order.status is OrderStatus.REJECTED and order.reason:
            past = tr("그때 거부한 이유: {reason}", reason=said(order.reason))
        title = tr(
            "{order} · {status} — 지금 다시 낸다면",
            order=self._described(request),
            status=status_word(order.status, order.pending),
        )
        return _Looked(title, verdict, past)

    def _described(self, request: OrderRequest) -> str:
        price = number(request.price) if request.price is not None else kind_word(request.kind)
        shares = tr("{quantity}주", quantity=f"{request.quantity:,}")
        name = self.workspace.instruments.name(request.symbol)
        return f"{name}  {side_word(request.side)} {shares} @ {price}  {request.venue.value}"

    def _summarise(self, checks: tuple[RiskCheck, ...]) -> None:
        counts = Counter(verdict_word(check) for check in checks)
        words = [f"{word} {count}" for word, count in counts.items()]
        worst = min(checks, key=_rank, default=None)
        colour = self.theme.colours.muted if worst is None else verdict_colour(worst, self.theme)
        _set_text(self.summary, " · ".join(words))
        _dress(self.summary, colour)

    def _explain(self) -> None:
        """Say in whole what the chosen rule says, else the first that does not pass."""
        check: RiskCheck | None = (
            self.grid.row(self.grid.current) if self.grid.current in self.grid.keys else None
        )
        if check is None or (check.passed and not check.is_waived):
            first = self.grid.row(self.grid.keys[0]) if self.grid.keys else None
            check = first if first is not None and _rank(first) < _PASSED else None
        text = "" if check is None else f"{said(check.title)}: {said(check.sentence)}"
        _set_text(self.sentence, text)
        self.sentence.setVisible(bool(text))
        if check is not None:
            _dress(self.sentence, verdict_colour(check, self.theme))

    def _open_menu(self, key: str, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("복사 (Ctrl+C)")).triggered.connect(self.grid.copy_selection)
        menu.addAction(tr("위험 한도…")).triggered.connect(lambda: self.workspace.link.limits_wanted.emit())
        menu.addAction(tr("CSV로 저장…")).triggered.connect(
            lambda: save_table(self, "risk", self.grid.table, self.workspace.link)
        )
        menu.popup(at)


_PASSED = 3
_KINDS = frozenset(kind.value for kind in OrderKind)


def _value(check: RiskCheck) -> str:
    return kind_word(OrderKind(check.value)) if check.value in _KINDS else said(check.value)


def _rank(check: RiskCheck) -> int:
    if check.is_waived:
        return 2
    return _PASSED if check.passed else int(check.is_soft)


def _request_of(order: Order) -> OrderRequest:
    """Return what would be asked to have the rest of an open order, or the whole of an ended one, again."""
    needs_price = order.kind.needs_price
    kind = OrderKind.LIMIT if needs_price and order.price is None else order.kind
    return OrderRequest(
        order.key,
        order.symbol,
        order.side,
        kind,
        order.remaining if order.is_open else order.quantity,
        order.price if needs_price else None,
        order.venue,
        order.origin,
        order.condition_price,
    )


def _set_text(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)
        label.setToolTip(text)


def _dress(label: QLabel, colour: QColor) -> None:
    style = f"color: {colour.name()};"
    if label.styleSheet() != style:
        label.setStyleSheet(style)
