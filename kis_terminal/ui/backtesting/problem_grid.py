"""The list of what is wrong with a strategy file."""

from __future__ import annotations

from kis_terminal.domain.backtest_work import StrategyProblem
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, tr

_WORDS = {"error": "오류", "warning": "주의", "note": "참고"}


def problem_grid(theme: Theme, name: str) -> Grid:
    """Return a list of StrategyProblems."""
    colours = theme.colours
    by_severity = {"error": colours.danger, "warning": colours.warn, "note": colours.muted}

    def sentence(problem: StrategyProblem) -> str:
        return said(problem.sentence)

    return Grid(
        name,
        [
            Column(
                "kind",
                tr("구분", context="severity"),
                58,
                lambda p: tr(_WORDS.get(p.severity, p.severity), context="severity"),
                Align.LEFT,
                colour=lambda p: by_severity.get(p.severity, colours.muted),
                is_bold=True,
            ),
            Column(
                "line",
                tr("행"),
                34,
                lambda p: "" if p.line is None else str(p.line),
                colour=lambda p: colours.muted,
            ),
            Column("sentence", tr("내용"), 150, sentence, Align.LEFT, stretch=1, tooltip=sentence),
        ],
        theme,
        None,
        title=tr("전략 파일의 문제"),
        empty_text="",
        is_multiple=True,
        has_header=False,
    )
