"""Figures of runs as the panel writes and colours them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtGui import QColor

from kis_terminal.services.backtest.figure_names import FigureName, Unit, figure_groups, figure_text
from kis_terminal.ui.backtesting.parameters import value_text
from kis_terminal.ui.grid.columns import Column
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said

_SIGNED = frozenset(
    {
        *("total_return", "cagr", "best_day", "worst_day", "excess_return", "alpha", "benchmark_return"),
        *("benchmark_cagr", "average_profit", "average_win", "average_loss", "average_win_rate"),
        *("average_loss_rate", "largest_win", "largest_loss"),
    }
)
HEADLINES = (
    *("total_return", "cagr", "max_drawdown", "sharpe", "win_rate", "trades"),
    *("profit_factor", "excess_return", "final_equity"),
)
Figure = float | int | None


class FigureWords:
    """Know every figure's name once; building the table of names at each look would be a waste."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.groups = figure_groups()
        self.names: Mapping[str, FigureName] = {
            name.key: name for group in self.groups for name in group.figures
        }

    def label(self, key: str) -> str:
        """Return what a figure is called."""
        name = self.names.get(key)
        return said(name.label) if name is not None else key

    def meaning(self, key: str) -> str:
        """Return a figure's definition."""
        name = self.names.get(key)
        return said(name.meaning) if name is not None else ""

    def text(self, key: str, value: Figure) -> str:
        """Return a figure as it is read; changes have their sign."""
        name = self.names.get(key)
        text = figure_text(value, name.unit if name is not None else Unit.RATIO)
        return f"+{text}" if key in _SIGNED and value is not None and value > 0 else text

    def colour(self, key: str, value: Figure) -> QColor:
        """Return a figure's colour: a change's direction, else plain."""
        if value is None:
            return self._theme.colours.faint
        return self._theme.direction(value) if key in _SIGNED else self._theme.colours.text


def figure_column(
    words: FigureWords,
    key: str,
    width: int,
    figures_of: Callable[[Any], Mapping[str, Figure]],
    *,
    is_bold: bool = False,
    priority: int = 0,
) -> Column:
    """Return a column that shows one figure of whatever a row is."""

    def value(row: Any) -> Figure:
        return figures_of(row).get(key)

    return Column(
        key,
        words.label(key),
        width,
        lambda row: words.text(key, value(row)),
        sort=value,
        colour=lambda row: words.colour(key, value(row)),
        is_bold=is_bold,
        priority=priority,
    )


def run_column(
    words: FigureWords, key: str, title: str, figures: Mapping[str, Figure], settings: Mapping[str, str]
) -> Column:
    """Return a column of one run in a table whose rows are the keys of figures and of settings."""
    return Column(
        key,
        title,
        96,
        lambda name: settings[name] if name in settings else words.text(name, figures.get(name)),
        tooltip=lambda name: settings.get(name, ""),
        colour=lambda name: None if name in settings else words.colour(name, figures.get(name)),
        can_sort=False,
        stretch=1,
    )


def value_column(name: str, label: str) -> Column:
    """Return a column of one parameter of a combination."""

    def value(row: Any) -> Any:
        return row.parameters.get(name)

    return Column(name, label, 68, lambda row: value_text(value(row)), sort=value)
