"""What is to be fetched, on one line of inputs or two: symbols, kind of bars, days."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QWidget,
)

from kis_terminal.domain.market import Interval
from kis_terminal.services.bars.wish import FetchWish
from kis_terminal.ui.ordering.fields import Choice
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace

_INTERVALS = (
    (Interval.DAY, "일봉"),
    (Interval.WEEK, "주봉"),
    (Interval.MONTH, "월봉"),
    (Interval.MINUTE_1, "1분봉"),
)
_PRODUCTS = (
    ("stock", "", "국내 주식·ETF"),
    ("index", "", "국내 지수"),
    ("overseas", "NAS", "나스닥"),
    ("overseas", "NYS", "뉴욕"),
    ("overseas", "AMS", "아멕스"),
    ("overseas", "HKS", "홍콩"),
    ("overseas", "TSE", "도쿄"),
    ("overseas", "SHS", "상하이"),
    ("overseas", "SZS", "선전"),
)
_YEARS = 10
_CODE = re.compile(r"[0-9][0-9A-Z]{5}|Q[0-9]{6}")
_INDICES = ("0001", "1001", "2001")


class FetchForm(QWidget):
    """Signals: `wanted(FetchWish)` a fetch was asked for; `stop_wanted()`; `refused(str)` what is wrong."""

    wanted = Signal(object)
    stop_wanted = Signal()
    refused = Signal(str)

    def __init__(self, workspace: Workspace, today: Callable[[], date]) -> None:
        super().__init__()
        self._workspace = workspace
        self._today = today
        theme = workspace.theme
        metrics = theme.metrics
        self.symbols = QLineEdit()
        self.symbols.setAccessibleName(tr("받을 종목"))
        self.symbols.setPlaceholderText(tr("종목코드나 이름, 여럿이면 쉼표로. 비우면 지금 관심종목 전체"))
        self.symbols.returnPressed.connect(self.press)
        self.groups = QToolButton()
        self.groups.setText(tr("관심종목") + " ▾")
        self.groups.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.groups.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.groups.setAccessibleName(tr("관심종목에서 채우기"))
        menu = QMenu(self.groups)
        menu.aboutToShow.connect(lambda: self._fill_groups(menu))
        self.groups.setMenu(menu)
        self.product = Choice(theme, tr("시장"))
        self.product.setMinimumContentsLength(10)
        for _, _, word in _PRODUCTS:
            self.product.addItem(tr(word, context="market"))
        self.product.currentIndexChanged.connect(self._product_changed)
        self.interval = Choice(theme, tr("주기"))
        self.interval.setMinimumContentsLength(4)
        for _, word in _INTERVALS:
            self.interval.addItem(tr(word))
        self.price = Choice(theme, tr("가격"))
        self.price.setMinimumContentsLength(5)
        self.price.addItems([tr("수정주가"), tr("원주가")])
        day = today()
        first = date(day.year - _YEARS, day.month, min(day.day, 28))
        self.start = DayField(theme, tr("첫날"), first.isoformat())
        self.end = DayField(theme, tr("끝날"), "")
        self.end.setPlaceholderText(tr("오늘"))
        self.button = QPushButton(tr("받기"))
        self.button.setFixedHeight(metrics.input + 2)
        self.button.setMinimumWidth(72)
        self.button.clicked.connect(self.press)
        self._is_running = False
        self._lines = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._lines.setContentsMargins(metrics.gutter, metrics.gutter, metrics.gutter, metrics.gutter)
        self._lines.setSpacing(metrics.gutter)
        line, second = QHBoxLayout(), QHBoxLayout()
        for part in (line, second):
            part.setSpacing(metrics.gutter)
        self._lines.addLayout(line, 1)
        self._lines.addLayout(second)
        self.symbols.setMinimumWidth(metrics.narrow_panel // 2)
        line.addWidget(self.symbols, 1)
        line.addWidget(self.groups)
        line.addWidget(self.product)
        for widget in (self.interval, self.price, self.start, self.end, self.button):
            second.addWidget(widget)
        self._parts = (line, second)

    def _width_of_one_line(self) -> int:
        margins = self._lines.contentsMargins()
        return (
            sum(part.minimumSize().width() for part in self._parts)
            + self._lines.spacing()
            + margins.left()
            + margins.right()
        )

    def minimumSizeHint(self) -> QSize:
        """Be content with the room of two lines."""
        margins = self._lines.contentsMargins()
        width = max(part.minimumSize().width() for part in self._parts)
        return QSize(width + margins.left() + margins.right(), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stand in two lines where one is too long."""
        super().resizeEvent(event)
        is_narrow = self.width() < self._width_of_one_line()
        wanted = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        if self._lines.direction() is not wanted:
            self._lines.setDirection(wanted)
            self.updateGeometry()

    def press(self) -> None:
        """Begin, or stop what is under way."""
        if self._is_running:
            self.stop_wanted.emit()
            return
        wish = self.wish()
        if wish is not None:
            self.wanted.emit(wish)

    def show_running(self, *, is_running: bool) -> None:
        """Let the button stop while a fetch is under way."""
        self._is_running = is_running
        self.button.setText(tr("멈춤") if is_running else tr("받기"))

    def wish(self) -> FetchWish | None:
        """Return what the inputs say; None, and why, where they do not make sense."""
        product, exchange, _ = _PRODUCTS[self.product.currentIndex()]
        symbols = self._symbols(product)
        if symbols is None:
            return None
        start = self.start.day()
        end = self.end.day() if self.end.text().strip() else self._today()
        if start is None or end is None:
            self.refused.emit(tr("날짜는 2026-11-23처럼 적으십시오."))
            return None
        if start > end:
            self.refused.emit(tr("첫날 {start}이(가) 끝날 {end}보다 늦습니다.", start=start, end=end))
            return None
        interval = _INTERVALS[self.interval.currentIndex()][0]
        is_adjusted = self.price.currentIndex() == 0
        return FetchWish(symbols, product, exchange, interval, is_adjusted, start, end)

    def _symbols(self, product: str) -> tuple[str, ...] | None:
        """Return the symbols that are written, or meant by nothing; None, and why, for none."""
        found: dict[str, None] = {}
        for word in self._words(product):
            symbol = self._known(word, product)
            if symbol is None:
                self.refused.emit(tr("'{text}'은(는) 종목코드가 아닙니다.", text=word))
                return None
            found[symbol] = None
        if not found:
            self.refused.emit(tr("받을 종목을 적으십시오."))
            return None
        return tuple(found)

    def _words(self, product: str) -> list[str]:
        """Return what stands between commas; names may hold blanks, codes are parted by them."""
        text = self.symbols.text().strip()
        if not text:
            meant = {"stock": self._workspace.watchlists.symbols(), "index": _INDICES}
            return list(meant.get(product, ()))
        words: list[str] = []
        for part in (part.strip() for part in text.split(",")):
            words += [part] if self._known(part, product) else part.split()
        return words

    def _known(self, word: str, product: str) -> str | None:
        """Return the symbol of a code or a name, None where there is none."""
        if not word:
            return None
        plain = word.upper()
        if product != "stock":
            return plain if plain.replace(".", "").isascii() and plain.replace(".", "").isalnum() else None
        instruments = self._workspace.instruments
        if instruments.get(plain) is not None or _CODE.fullmatch(plain):
            return plain  # a code of no list today may have a history all the same
        exact = [item for item in instruments.find(word, 5) if item.name.casefold() == word.casefold()]
        return exact[0].symbol if exact else None

    def _fill_groups(self, menu: QMenu) -> None:
        menu.clear()
        watchlists = self._workspace.watchlists
        for name in watchlists.names:
            action = menu.addAction(name.replace("&", "&&"))
            action.triggered.connect(
                lambda _=False, group=name: self.symbols.setText(", ".join(watchlists.symbols(group)))
            )

    def _product_changed(self, place: int) -> None:
        product = _PRODUCTS[place][0]
        self.price.setEnabled(product != "index")
        self.groups.setEnabled(product == "stock")
        hints = {
            "stock": tr("종목코드나 이름, 여럿이면 쉼표로. 비우면 지금 관심종목 전체"),
            "index": tr("0001 코스피, 1001 코스닥, 2001 코스피200. 비우면 셋 다"),
            "overseas": tr("종목코드, 여럿이면 쉼표로 (AAPL, NVDA)"),
        }
        self.symbols.setPlaceholderText(hints[product])


class DayField(QLineEdit):
    """A day as 2026-11-23 or 20261123."""

    def __init__(self, theme: Theme, name: str, text: str) -> None:
        super().__init__(text)
        self._theme = theme
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setMaxLength(10)
        self.setFixedWidth(theme.metrics.day_input)
        self.textChanged.connect(lambda _: self.setStyleSheet(""))

    def day(self) -> date | None:
        """Return the day; None, and a red edge, for a text that is none."""
        try:
            return date.fromisoformat(self.text().strip().replace("/", "-").replace(".", "-"))
        except ValueError:
            self.setStyleSheet(f"QLineEdit {{ border: 1px solid {self._theme.colours.danger.name()}; }}")
            return None
