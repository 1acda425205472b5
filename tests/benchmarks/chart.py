"""Measure a chart frame at 1,000, 100,000 and 1,000,000 bars; print JSON.

Frame: move, paint, and everything in between, of a shown 1600 x 900 window on the offscreen platform, with
axes and volume, and once more with four moving averages. The floor is a bare widget in the same run that
paints the same visible slice without axes. Milliseconds; `first` is measured once per process and size.

Usage: python tests/benchmarks/chart.py [frames per case, 120 when not given]
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import perf_counter

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from kis_terminal.domain.bars import CLOSE, BarSeries
from kis_terminal.domain.market import Interval, Tick
from kis_terminal.ui.charts.candles import CandleLayer, whole
from kis_terminal.ui.charts.drawn import ChartKind
from kis_terminal.ui.charts.frame import Scale, frame_of
from kis_terminal.ui.charts.plot import ChartPlot
from kis_terminal.ui.charts.shown_bars import ShownBars
from kis_terminal.ui.charts.study_list import STUDY_BY_KEY
from kis_terminal.ui.charts.time_window import TimeWindow
from kis_terminal.ui.charts.volume import VolumeLayer
from kis_terminal.ui.theme import Theme

WIDTH, HEIGHT = 1600, 900
SIZES = (1_000, 100_000, 1_000_000)
SESSION_BARS = 390


def make_series(count: int) -> BarSeries:
    """Return one-minute bars of whole sessions, a seeded random walk."""
    random = np.random.default_rng(1)
    days = np.arange(-(-count // SESSION_BARS)) * 86_400 + 9 * 3600
    times = (days[:, None] + np.arange(SESSION_BARS) * 60).ravel()[:count].astype(np.int64)
    close = np.maximum(1_000.0, 80_000 + np.cumsum(np.round(random.normal(0, 1, count))) * 100)
    start = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(start, close) + 100 * random.integers(0, 3, count)
    low = np.minimum(start, close) - 100 * random.integers(0, 3, count)
    volume = random.integers(1_000, 100_000, count).astype(float)
    series = BarSeries("005930", Interval.MINUTE_1)
    series.replace(times, np.column_stack((start, high, low, close, volume)))
    return series


class Floor(QWidget):
    """Paint the visible candles and volume, and nothing else."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.resize(WIDTH, HEIGHT)
        self.background = theme.colours.bg1
        self.candles, self.volume = CandleLayer(theme), VolumeLayer(theme)
        self.shown = ShownBars()
        self.range = TimeWindow(theme.chart.bar_step)

    def give(self, series: BarSeries) -> None:
        """Show bars."""
        self.shown.show(series, ChartKind.CANDLES)
        self.range.take_count(len(series))
        self.range.resize(WIDTH)
        self.range.reset()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not len(self.shown):
            return
        frame = frame_of(self.range, self.shown)
        bars, split = frame.bars, HEIGHT * 0.78
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.background)
        self.volume.draw(painter, frame, Scale(0.0, float(bars.volume.max()), split, HEIGHT), whole(frame))
        scale = Scale(float(bars.low.min()), float(bars.high.max()), 0.0, split)
        self.candles.draw(painter, frame, scale, whole(frame))
        painter.end()


def measure(step: Callable[[int], None], frames: int) -> dict[str, float]:
    """Return median and 99th percentile of a repeated step in milliseconds."""
    taken = []
    for number in range(frames):
        begun = perf_counter()
        step(number)
        taken.append((perf_counter() - begun) * 1e3)
    taken.sort()
    return {
        "median": round(statistics.median(taken), 3),
        "p99": round(taken[min(frames - 1, int(frames * 0.99))], 3),
    }


def measure_floor(
    application: QApplication, theme: Theme, series: BarSeries, frames: int
) -> dict[str, object]:
    """Return the floor's figures."""
    floor = Floor(theme)
    floor.show()
    application.processEvents()
    begun = perf_counter()
    floor.give(series)
    floor.repaint()
    first = (perf_counter() - begun) * 1e3
    window = floor.range

    def pan(number: int) -> None:
        window.pan(-7 if number % 40 < 20 else 7)
        floor.repaint()

    def zoom(number: int) -> None:
        window.zoom(1.3 if number % 60 < 30 else 1 / 1.3, window.first + window.span / 2)
        floor.repaint()

    def everything(number: int) -> None:
        window.show_all()
        floor.repaint()

    result = {
        "first": round(first, 2),
        "pan": measure(pan, frames),
        "zoom": measure(zoom, frames),
        "all": measure(everything, frames),
    }
    floor.hide()
    floor.deleteLater()
    application.processEvents()
    return result


def tick_at(series: BarSeries, number: int, starts_bar: bool) -> Tick:
    """Return a print of the last bar, or of the one after it."""
    last = int(series.times[-1])
    price = Decimal(int(series.values[-1, CLOSE]) + (100 if number % 2 else -100))
    zero = Decimal(0)
    seconds = last % 86_400 + (60 if starts_bar else 1)
    return Tick(
        "005930", seconds, price, zero, zero, 10, 1, 10_000_000 + number * 10, 0, zero,
        price, price, price, price, price, False,
    )  # fmt: skip


def measure_chart(
    application: QApplication, theme: Theme, series: BarSeries, studies: tuple[str, ...], frames: int
) -> dict[str, object]:
    """Return the chart's figures: the bars are given to a chart that is already shown."""
    plot = ChartPlot(theme)
    plot.resize(WIDTH, HEIGHT)
    plot.set_studies([STUDY_BY_KEY[key] for key in studies])
    plot.show()
    application.processEvents()
    paint = plot.viewport().repaint
    begun = perf_counter()
    plot.set_series(series)
    paint()
    first = (perf_counter() - begun) * 1e3

    def pan(number: int) -> None:
        plot.pan(-7 if number % 40 < 20 else 7)
        paint()

    def zoom(number: int) -> None:
        plot.zoom(1.3 if number % 60 < 30 else 1 / 1.3, plot.viewport().width() / 2)
        paint()

    def everything(number: int) -> None:
        plot.window_of_time.show_all()
        plot.pan(0.0)
        paint()

    result: dict[str, object] = {"first": round(first, 2), "pan": measure(pan, frames)}
    result["zoom"] = measure(zoom, frames)
    plot.reset()
    result["pan_500_visible"] = measure_visible(plot, 500, frames)
    result["all"] = measure(everything, frames)
    plot.reset()
    plot._rest()
    paint()
    day = int(series.times[-1]) // 86_400 * 86_400
    live = {}
    for name, starts_bar in (("live_tick", False), ("append", True)):
        taken, painted = [], []
        for number in range(frames):
            series.apply([tick_at(series, number, starts_bar)], day)
            begun = perf_counter()
            plot.refresh()
            middle = perf_counter()
            paint_dirty(application)
            painted.append((perf_counter() - begun) * 1e3)
            taken.append((middle - begun) * 1e3)
        taken.sort()
        painted.sort()
        live[name] = {
            "median": round(statistics.median(taken), 3),
            "p99": round(taken[int(frames * 0.99) - 1], 3),
            "with_paint_median": round(statistics.median(painted), 3),
        }
    result |= live
    plot.hide()
    plot.deleteLater()
    application.processEvents()
    return result


def measure_visible(plot: ChartPlot, visible: int, frames: int) -> dict[str, float]:
    """Return the cost of a pan with so many bars in sight."""
    window = plot.window_of_time
    plot.zoom(visible / window.span, float(window.width))

    def pan(number: int) -> None:
        plot.pan(-11 if number % 40 < 20 else 11)
        plot.viewport().repaint()

    return measure(pan, frames)


def paint_dirty(application: QApplication) -> None:
    """Paint what was marked and nothing else."""
    application.processEvents()


def main() -> None:
    """Measure every size and print one JSON object."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    application = QApplication([])
    theme = Theme()
    theme.apply(application)
    warm = make_series(1_000)
    measure_chart(application, theme, warm, ("ma",), 5)
    measure_floor(application, theme, warm, 5)
    sizes: dict[str, dict[str, object]] = {}
    for size in SIZES:
        floor = measure_floor(application, theme, make_series(size), frames)
        chart = measure_chart(application, theme, make_series(size), (), frames)
        with_studies = measure_chart(application, theme, make_series(size), ("ma",), frames)
        ratios = {
            name: round(chart[name]["median"] / floor[name]["median"], 2)  # type: ignore[index]
            for name in ("pan", "zoom", "all")
        }
        sizes[str(size)] = {
            "floor": floor,
            "chart": chart,
            "chart_with_moving_averages": with_studies,
            "ratio_to_floor": ratios,
        }
    smallest, largest = sizes[str(SIZES[0])]["chart"], sizes[str(SIZES[-1])]["chart"]
    growth = {
        name: round(largest[name]["median"] / smallest[name]["median"], 2)  # type: ignore[index]
        for name in ("pan", "zoom", "all", "live_tick", "append")
    }
    print(
        json.dumps(
            {
                "what": "chart frame, milliseconds, 1600x900 offscreen, axes and volume",
                "frames": frames,
                "sizes": sizes,
                "largest_to_smallest": growth,
                "limits": {"frame": 6.0, "frame_goal": 2.0, "first": 50.0, "append": 1.0, "growth": 1.5},
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
