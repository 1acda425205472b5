"""The pictures of a report as SVG text without scripts or outside files; colours are classes of the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kis_terminal.domain.backtest import BacktestTrade

Numbers = NDArray[np.float64]
WIDTH = 1000.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 14.0, 10.0, 22.0
_COLUMNS = 600
"""Points of a line that a page holds: two of each column, the lowest and the highest."""
_TRADES_DRAWN = 2_000
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


class Scale(NamedTuple):
    """Where values and times lie in a picture."""

    first: float
    last: float
    low: float
    high: float
    height: float

    def x(self, times: Numbers) -> Numbers:
        """Return pixels from the left."""
        span = max(self.last - self.first, 1.0)
        place: Numbers = _LEFT + (times - self.first) / span * (WIDTH - _LEFT - _RIGHT)
        return place

    def y(self, values: Numbers) -> Numbers:
        """Return pixels from the top."""
        part = (self.high - values) / (self.high - self.low)
        place: Numbers = _TOP + part * (self.height - _TOP - _BOTTOM)
        return place


def equity_chart(
    times: NDArray[np.int64], equity: Numbers, benchmark: Numbers | None, cash: float, label: str
) -> str:
    """Return the equity curve and the benchmark as percent of what the run began with."""
    lines = [("benchmark", _percent(benchmark, cash))] if benchmark is not None else []
    lines.append(("equity", _percent(equity, cash)))
    known = [values[np.isfinite(values)] for _, values in lines]
    scale = _scale(times, np.concatenate([*known, [0.0]]), height=300.0)
    drawn = [_line(scale, times, values, name) for name, values in lines]
    return _picture(scale, drawn, label)


def drawdown_chart(times: NDArray[np.int64], drawdown: Numbers, label: str) -> str:
    """Return the depth under the highest point so far as a filled area, in percent."""
    fallen = drawdown * 100.0
    scale = _scale(times, np.concatenate([fallen, [0.0]]), height=150.0)
    at, values = _thinned(times, fallen)
    points = _points(scale, at, values)
    zero = float(scale.y(np.zeros(1))[0])
    first, last = scale.x(np.array([at[0], at[-1]], dtype=np.float64))
    area = f'<polygon class="fall" points="{first:.1f},{zero:.1f} {points} {last:.1f},{zero:.1f}"/>'
    return _picture(scale, [area, f'<polyline class="fall-edge" points="{points}"/>'], label)


def trades_chart(times: NDArray[np.int64], trades: Sequence[BacktestTrade], label: str) -> str:
    """Return what each closed trade earned in percent, as a stroke at its end."""
    closed = [trade for trade in trades if trade.exit_time is not None][-_TRADES_DRAWN:]
    rates = np.array([trade.return_rate * 100.0 for trade in closed])
    scale = _scale(times, np.concatenate([rates, [0.0]]), height=170.0)
    zero = float(scale.y(np.zeros(1))[0])
    ends = scale.x(np.array([trade.exit_time for trade in closed], dtype=np.float64))
    drawn = zip(ends.tolist(), scale.y(rates).tolist(), rates.tolist(), strict=True)
    strokes = [
        f'<line class="{"win" if rate > 0 else "loss"}" x1="{x:.1f}" x2="{x:.1f}" '
        f'y1="{zero:.1f}" y2="{y:.1f}"/>'
        for x, y, rate in drawn
    ]
    return _picture(scale, strokes, label)


def _percent(values: Numbers, cash: float) -> Numbers:
    percent: Numbers = (values / cash - 1.0) * 100.0
    return percent


def _scale(times: NDArray[np.int64], values: Numbers, *, height: float) -> Scale:
    low, high = float(values.min()), float(values.max())
    room = (high - low) * 0.04 or 1.0
    return Scale(float(times[0]), float(times[-1]), low - room, high + room, height)


def _thinned(times: NDArray[np.int64], values: Numbers) -> tuple[NDArray[np.int64], Numbers]:
    """Return at most two points a column, the lowest and the highest, so that no spike is lost."""
    if len(times) <= 2 * _COLUMNS:
        return times, values
    edges = np.linspace(0, len(times), _COLUMNS + 1).astype(int)
    kept = {0, len(times) - 1}
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        kept |= {start + int(np.argmin(values[start:end])), start + int(np.argmax(values[start:end]))}
    chosen = np.array(sorted(kept))
    return times[chosen], values[chosen]


def _points(scale: Scale, times: NDArray[np.int64], values: Numbers) -> str:
    xs, ys = scale.x(times.astype(np.float64)).tolist(), scale.y(values).tolist()
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))


def _line(scale: Scale, times: NDArray[np.int64], values: Numbers, name: str) -> str:
    known = np.isfinite(values)
    return f'<polyline class="{name}" points="{_points(scale, *_thinned(times[known], values[known]))}"/>'


def _picture(scale: Scale, drawn: Sequence[str], label: str) -> str:
    """Return the whole SVG; `label` is plain text that has been escaped for an attribute."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {scale.height:.0f}" '
        f'role="img" aria-label="{label}">',
        *_value_axis(scale),
        *_time_axis(scale),
        *drawn,
        "</svg>",
    ]
    return "\n".join(parts)


def _value_axis(scale: Scale) -> list[str]:
    step = _round_step((scale.high - scale.low) / 5)
    first = np.ceil(scale.low / step) * step
    marks = np.arange(first, scale.high, step)
    digits = 0 if step.is_integer() else 1 if step >= 0.5 else 2
    axis = []
    for value, y in zip(marks.tolist(), scale.y(marks).tolist(), strict=True):
        is_zero = abs(value) < step / 1000
        axis.append(
            f'<line class="{"zero" if is_zero else "mesh"}" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" '
            f'y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        axis.append(
            f'<text class="mark" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{0.0 if is_zero else value:,.{digits}f}%</text>"
        )
    return axis


def _time_axis(scale: Scale) -> list[str]:
    span = scale.last - scale.first
    form = "%Y-%m" if span > 300 * 86_400 else "%m-%d" if span > 3 * 86_400 else "%m-%d %H:%M"
    marks = np.linspace(scale.first, scale.last, 7)[:-1] + span / 14
    return [
        f'<text class="mark" x="{x:.1f}" y="{scale.height - 6}" text-anchor="middle">'
        f"{datetime.fromtimestamp(int(time), UTC).strftime(form)}</text>"
        for time, x in zip(marks.tolist(), scale.x(marks).tolist(), strict=True)
    ]


def _round_step(wanted: float) -> float:
    """Return the next step of 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(next(step * power for step in _STEPS if step * power >= wanted * 0.999))
