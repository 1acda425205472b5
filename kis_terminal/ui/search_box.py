"""A field that finds while one types, with its results below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QVBoxLayout, QWidget

from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr

_MOST_ROWS = 12


@dataclass(frozen=True, slots=True)
class Finding:
    """One result and what choosing it does."""

    kind: str
    """Kind in words: 종목, 화면, 명령."""
    title: str
    detail: str
    run: Callable[[], None]


class SearchBox(QLineEdit):
    """Ask `find` for each text; ↑ ↓ move in the results, Enter chooses, Esc leaves."""

    def __init__(
        self, theme: Theme, find: Callable[[str], Sequence[Finding]], *, hint: str, width: int
    ) -> None:
        super().__init__()
        self._theme = theme
        self._find = find
        self._width = width
        self._findings: Sequence[Finding] = ()
        self._results: QFrame | None = None
        self._grid: Grid | None = None
        self.on_leave: Callable[[], None] = lambda: None
        self.setPlaceholderText(hint)
        self.setAccessibleName(hint)
        self.setFont(theme.font())
        self.textEdited.connect(self._search)

    @property
    def findings(self) -> Sequence[Finding]:
        """Return the results that stand below the field."""
        return self._findings

    @property
    def results(self) -> QWidget | None:
        """Return the list of results, None before the first search."""
        return self._results

    def begin(self) -> None:
        """Take the cursor and show what can be found at once."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()
        self._search(self.text())

    def _search(self, text: str) -> None:
        self._findings = list(self._find(text.strip()))[:200]
        results, grid = self._built()
        grid.set_rows([(str(i), finding) for i, finding in enumerate(self._findings)])
        grid.select("0" if self._findings else "")
        rows = max(1, min(_MOST_ROWS, len(self._findings)))
        window = self.window()
        results.resize(self._width, rows * self._theme.metrics.row + 2)
        at = self.mapTo(window, QPoint(0, self.height() + 2))
        if at.y() + results.height() > window.height():
            at.setY(self.mapTo(window, QPoint(0, 0)).y() - results.height() - 2)
        results.move(max(0, min(at.x(), window.width() - self._width)), max(0, at.y()))
        results.show()
        results.raise_()

    def _built(self) -> tuple[QFrame, Grid]:
        """Return the list, made once under the window that the field stands in."""
        if self._results is None or self._grid is None or self._results.parentWidget() is not self.window():
            theme = self._theme
            frame = QFrame(self.window())
            frame.setObjectName("findings")
            frame.setStyleSheet(f"#findings {{ border: 1px solid {theme.colours.accent.name()}; }}")
            muted = theme.colours.muted
            columns = [
                Column("title", tr("이름"), 180, lambda f: f.title, Align.LEFT, is_bold=True, stretch=1),
                Column("detail", tr("내용"), 100, lambda f: f.detail, Align.LEFT, colour=lambda f: muted),
                Column("kind", tr("종류"), 50, lambda f: f.kind, Align.RIGHT, colour=lambda f: muted),
            ]
            grid = Grid(
                "findings",
                columns,
                theme,
                None,
                title=tr("검색 결과"),
                empty_text=tr("찾는 것이 없습니다. 종목코드, 이름, 초성(ㅅㅅㅈㅈ), 화면번호로 찾습니다."),
                has_header=False,
            )
            grid.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            grid.cell_clicked.connect(self._run_key)
            layout = QVBoxLayout(frame)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(grid)
            self._results, self._grid = frame, grid
        return self._results, self._grid

    def _run_key(self, key: str, column: str = "") -> None:
        if not key:
            return
        finding = self._findings[int(key)]
        self.leave()
        finding.run()

    def leave(self) -> None:
        """Put the results away and empty the field."""
        if self._results is not None:
            self._results.hide()
        self.clear()
        self.clearFocus()
        self.on_leave()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move in the results, choose or leave."""
        key = event.key()
        is_open = self._results is not None and self._results.isVisible()
        if key == Qt.Key.Key_Escape:
            self.leave()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and is_open and self._grid is not None:
            self._run_key(self._grid.current)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            if not is_open:
                self._search(self.text())
            elif self._grid is not None:
                self._grid.keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Put the results away when the cursor goes elsewhere."""
        super().focusOutEvent(event)
        if self._results is not None:
            self._results.hide()
