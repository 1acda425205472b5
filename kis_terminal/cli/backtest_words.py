"""How `kis-terminal backtest` tells a result, a sweep and a walk-forward: as tables and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from kis_terminal.cli.tables import Heading, table
from kis_terminal.domain.backtest import BacktestResult
from kis_terminal.domain.bar_columns import LoadReport
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.sweeps import SweepResult, WalkForwardResult
from kis_terminal.services.backtest.figure_names import figure_groups, figure_names, figure_text
from kis_terminal.services.backtest.figures import figures
from kis_terminal.services.backtest.targets import worth
from kis_terminal.ui.translation import said, tr

_BEST_SHOWN = 20
_SYMBOLS_SHOWN = 8
STRUNG = Sentence("전진분석: 검증 구간을 이은 표본 밖 결과")


def result_lines(title: str, result: BacktestResult, label: str = "") -> list[str]:
    """Return a result for people; `label` says what of several the figures are of."""
    request = result.request
    values = ", ".join(f"{name} {value}" for name, value in request.parameters.items())
    symbols = ", ".join(key.symbol for key in request.series[:_SYMBOLS_SHOWN])
    rest = f" +{len(request.series) - _SYMBOLS_SHOWN}" if len(request.series) > _SYMBOLS_SHOWN else ""
    rows = [
        (said(name.label), figure_text(result.summary[name.key], name.unit))
        for group in figure_groups()
        for name in group.figures
        if name.key in result.summary
    ]
    return [
        *([label] if label else []),
        f"{title} ({values})" if values else title,
        f"{symbols}{rest}  {request.start} ~ {request.end}",
        *table((Heading(tr("지표")), Heading(tr("값"))), rows),
    ]


def sweep_lines(found: SweepResult) -> list[str]:
    """Return the best combinations, the best one first."""
    target = found.request.target
    names = [chosen.name for chosen in found.request.ranges]
    keys = tuple(dict.fromkeys((target, "total_return", "max_drawdown", "trades")))
    best = sorted(found.rows, key=lambda row: -worth(row.figures, target))[:_BEST_SHOWN]
    rows = [
        [*(_value(row.parameters[name]) for name in names), *(figure_said(row.figures, key) for key in keys)]
        for row in best
    ]
    known = figure_names()
    headings = [Heading(name, is_number=True) for name in (*names, *(said(known[key].label) for key in keys))]
    return [
        *table([*headings, Heading("")], [[*row, ""] for row in rows]),
        tr("조합 {n:,}개, {seconds:.2f}초", n=len(found.rows), seconds=found.seconds),
    ]


def walk_lines(walk: WalkForwardResult) -> list[str]:
    """Return the windows: what each chose, and what that made behind it."""
    target = walk.request.sweep.target
    label = said(figure_names()[target].label)
    rows = [
        [
            f"{window.test_start} ~ {window.test_end}",
            ", ".join(f"{name} {_value(value)}" for name, value in window.parameters.items()),
            figure_said({target: window.train_value}, target),
            figure_said(window.test, "total_return"),
        ]
        for window in walk.windows
    ]
    headings = [
        Heading(tr("검증")),
        Heading(tr("고른 값")),
        Heading(tr("학습의 {figure}", figure=label)),
        Heading(tr("검증 수익률")),
    ]
    return table(headings, rows)


def strung_result(walk: WalkForwardResult, title: str, reports: Iterable[LoadReport]) -> BacktestResult:
    """Return the tests of a walk-forward as one result, so that every form of a result tells them alone.

    The parameters changed from window to window and are none of its own; the first warning says what it is.
    """
    base = walk.request.sweep.base
    first = walk.windows[0].test_start
    last = walk.windows[-1].test_end
    moved = {one.name for one in walk.request.sweep.ranges}
    kept = {name: value for name, value in base.parameters.items() if name not in moved}
    found = figures(walk.times, walk.equity, walk.fills, walk.trades, cash=base.cash)
    source = replace(base.strategy, title=f"{title} · {tr('전진분석')}")
    return BacktestResult(
        request=replace(base, strategy=source, start=first, end=last, parameters=kept, benchmark=None),
        summary=walk.summary,
        fills=walk.fills,
        trades=walk.trades,
        times=walk.times,
        equity=walk.equity,
        drawdown=found.drawdown,
        benchmark=None,
        monthly=found.monthly,
        data=tuple(reports),
        warnings=[STRUNG, *walk.warnings],
    )


def figure_said(values: Mapping[str, float | int | None], key: str) -> str:
    """Return a figure as every table shows it: rates in percent."""
    return figure_text(values.get(key), figure_names()[key].unit)


def _value(value: Parameter) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def sweep_json(found: SweepResult) -> dict[str, Any]:
    """Return a sweep for programs."""
    return {
        "target": found.request.target,
        "method": str(found.request.kind),
        "seconds": round(found.seconds, 6),
        "best": None if found.best is None else dict(found.rows[found.best].parameters),
        "rows": [{"parameters": dict(row.parameters), **_plain(row.figures)} for row in found.rows],
    }


def walk_json(walk: WalkForwardResult) -> dict[str, Any]:
    """Return a walk-forward for programs."""
    return {
        "target": walk.request.sweep.target,
        "summary": _plain(walk.summary),
        "windows": [
            {
                "train": [window.train_start.isoformat(), window.train_end.isoformat()],
                "test": [window.test_start.isoformat(), window.test_end.isoformat()],
                "parameters": dict(window.parameters),
                "train_value": window.train_value,
                **_plain(window.test),
            }
            for window in walk.windows
        ],
        "equity": [
            [int(moment), float(value)] for moment, value in zip(walk.times, walk.equity, strict=True)
        ],
    }


def _plain(figures: Mapping[str, float | int | None]) -> dict[str, float | int | None]:
    """Return figures for a JSON writer: what is no number is null."""
    return {name: value if value is None or value - value == 0 else None for name, value in figures.items()}
