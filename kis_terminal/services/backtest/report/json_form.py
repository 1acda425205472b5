"""The JSON form of a run, as `kis-terminal backtest --json` writes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestFill, BacktestResult, BacktestTrade
from kis_terminal.domain.bar_columns import LoadReport

_DAY = 86_400


def to_json(result: BacktestResult) -> dict[str, Any]:
    """Return the run as plain values for a JSON writer: no NaN, times as ISO text of Seoul.

    Times of daily and longer bars are days (`2024-01-02`), of minutes moments (`2024-01-02T09:03:00+09:00`).
    """
    return {
        "strategy": result.request.strategy.name,
        "title": result.request.strategy.title or result.request.strategy.name,
        "parameters": dict(result.request.parameters),
        "symbols": [key.symbol for key in result.request.series],
        "period": {"from": result.request.start.isoformat(), "to": result.request.end.isoformat()},
        "fill": str(result.request.fill),
        "summary": {name: _number(value) for name, value in result.summary.items()},
        "fills": [_fill(fill) for fill in result.fills],
        "trades": [_trade(trade) for trade in result.trades],
        "equity": _curve(result),
        "monthly": {month: _number(rate) for month, rate in result.monthly.items()},
        "data": _data(result.data),
        "warnings": [str(warning) for warning in result.warnings],
        "log": [str(line) for line in result.log],
    }


def time_text(time: int) -> str:
    """Return wall seconds of Seoul as ISO text: a day where it is midnight, else a moment with its offset."""
    moment = datetime.fromtimestamp(time, UTC)
    if time % _DAY == 0:
        return moment.date().isoformat()
    return moment.replace(tzinfo=None).isoformat() + "+09:00"


def _fill(fill: BacktestFill) -> dict[str, Any]:
    return {
        "symbol": fill.symbol,
        "time": time_text(fill.time),
        "side": str(fill.side),
        "price": _number(fill.price),
        "quantity": int(fill.quantity),
        "commission": _number(fill.commission),
        "tax": _number(fill.tax),
        "reason": str(fill.reason),
    }


def _trade(trade: BacktestTrade) -> dict[str, Any]:
    return {
        "symbol": trade.symbol,
        "quantity": int(trade.quantity),
        "entry_time": time_text(trade.entry_time),
        "entry_price": _number(trade.entry_price),
        "exit_time": None if trade.exit_time is None else time_text(trade.exit_time),
        "exit_price": _number(trade.exit_price),
        "profit": _number(trade.profit),
        "return_rate": _number(trade.return_rate),
        "bars_held": int(trade.bars_held),
        "is_open": trade.exit_time is None,
        "entry_reason": str(trade.entry_reason),
        "exit_reason": str(trade.exit_reason),
    }


def _curve(result: BacktestResult) -> list[dict[str, Any]]:
    benchmark: NDArray[np.float64] | None = result.benchmark
    points = zip(result.times.tolist(), result.equity.tolist(), result.drawdown.tolist(), strict=True)
    curve = [
        {"time": time_text(time), "equity": _number(equity), "drawdown": _number(drawdown)}
        for time, equity, drawdown in points
    ]
    if benchmark is not None:
        for point, level in zip(curve, benchmark.tolist(), strict=True):
            point["benchmark"] = _number(level)
    return curve


def _data(reports: Sequence[LoadReport]) -> dict[str, Any]:
    starts = [report.actual_start for report in reports if report.actual_start is not None]
    ends = [report.actual_end for report in reports if report.actual_end is not None]
    return {
        "actual_start": min(starts).isoformat() if starts else None,
        "actual_end": max(ends).isoformat() if ends else None,
        "coverage": min((_number(report.coverage) or 0.0 for report in reports), default=None),
        "truncated": any(report.is_truncated for report in reports),
        "calls": sum(report.calls for report in reports),
        "series": [_series(report) for report in reports],
    }


def _series(report: LoadReport) -> dict[str, Any]:
    return {
        "symbol": report.key.symbol,
        "product": str(report.key.product),
        "interval": str(report.key.interval),
        "adjusted": report.key.is_adjusted,
        "actual_start": None if report.actual_start is None else report.actual_start.isoformat(),
        "actual_end": None if report.actual_end is None else report.actual_end.isoformat(),
        "coverage": _number(report.coverage),
        "truncated": report.is_truncated,
        "calls": report.calls,
        "notes": [str(note) for note in report.notes],
    }


def _number(value: float | int | None) -> float | int | None:
    """Return a number that JSON knows; what is none becomes null."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if isinstance(value, (int, np.integer)) else float(value)
