"""Measure the window while a sweep runs in the backtest panel, and how fast a slider redraws; prints JSON.

    python tests/benchmarks/backtest_window.py [--seconds 20] [--pace 1000] [--symbols 8]

The real window gets trades at `--pace` while the panel, in front, sweeps a preset over the parameters and
symbols given again and again; the chart is panned. Frames are paints of the chart; gaps are those of a timer
of one millisecond in the window's thread (see stalls.py). Then a slider of the panel is dragged for a few
seconds over one symbol: how often the result was redrawn, and the longest gap meanwhile. Needs POSIX signals.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

from live_window import ChartPan, Desk, in_child, measure
from stalls import Beat

LEAST_FRAMES, LONGEST_STALL = 30.0, 50.0
_DRAG_SECONDS = 3.0
_PATIENCE = 300.0


class Paints:
    """Count paints of a widget's viewport by the second."""

    def __init__(self, widget: Any) -> None:
        from PySide6.QtCore import QEvent, QObject

        class Filter(QObject):
            def eventFilter(self, watched: QObject, event: QEvent) -> bool:
                if event.type() is QEvent.Type.Paint:
                    paints.append(time.perf_counter())
                return False

        self._times: list[float] = []
        paints = self._times
        self._widget, self._filter = widget, Filter()
        widget.installEventFilter(self._filter)

    def stop(self) -> dict[str, float]:
        """Return the rate overall and of the slowest whole second."""
        self._widget.removeEventFilter(self._filter)
        if len(self._times) < 2:
            return {"frames_a_second": 0.0, "slowest_second": 0.0}
        first, last = self._times[0], self._times[-1]
        seconds = [0] * (int(last - first) + 1)
        for moment in self._times:
            seconds[int(moment - first)] += 1
        return {
            "frames_a_second": round(len(self._times) / (last - first), 1),
            "slowest_second": min(seconds[:-1] or seconds),
        }


async def until(condition: Any, said: Any = str) -> None:
    """Wait for something of the window."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"the panel did not get there: {said()}")
        await asyncio.sleep(0.02)


async def panel_view(desk: Desk, symbols: int) -> Any:
    """Bring the panel to the front with a preset and symbols, run once."""
    desk.terminal.window.layouts.apply("백테스트")
    panel = desk.panel("backtest")
    desk.terminal.window.show_panel("backtest")
    await until(lambda: panel.view is not None and len(panel.view.setup.sheets) >= 10)
    view = panel.view
    golden = next(sheet for sheet in view.setup.sheets if sheet.source.name.startswith("golden_cross"))
    view.setup.show_sheet(golden)
    view.setup.symbols.set_symbols(desk.terminal.workspace.watchlists.symbols()[:symbols])
    view.setup.set_years(5)
    view.run()
    await until(lambda: not view.strip.is_busy, lambda: view.strip.progress.text)
    if view.outcome is None:
        raise RuntimeError(view.strip.progress.text)
    return view


async def swept(desk: Desk, view: Any, seconds: float) -> dict[str, Any]:
    """Sweep again and again for some seconds; return frames, gaps and combinations."""
    view.results.show_tab("sweep")
    chart = desk.panel("chart")
    pan, paints, beat = ChartPan(desk), Paints(chart.plot.viewport()), Beat()
    combinations, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        view.results.sweep.start.click()
        await until(lambda: not view.strip.is_busy, lambda: view.strip.progress.text)
        combinations += len(view.results.sweep.table.keys)
    beat.stop()
    pan.stop()
    return {**beat.answer(), **paints.stop(), "combinations": combinations}


async def dragged(view: Any) -> dict[str, Any]:
    """Drag a slider; return how often the result was redrawn, and the gaps meanwhile."""
    view.results.show_tab("curves")
    view.setup.symbols.set_symbols(view.setup.symbols.symbols[:1])
    view.run()
    await until(lambda: not view.strip.is_busy, lambda: view.strip.progress.text)
    if not view.is_fast:
        return {"redraws_a_second": 0.0, "run_ms": round(view.outcome.seconds * 1e3, 1)}
    slider = next(iter(view.setup.parameters.rows.values())).slider
    before, beat, begun = view.live_runs, Beat(), time.perf_counter()
    step = 0
    while time.perf_counter() - begun < _DRAG_SECONDS:
        step += 1
        slider.setValue(1 + step % 20)
        await asyncio.sleep(0.016)
    beat.stop()
    rate = (view.live_runs - before) / (time.perf_counter() - begun)
    gaps = beat.answer()["gap_ms"]
    return {
        "redraws_a_second": round(rate, 1),
        "run_ms": round(view.outcome.seconds * 1e3, 1),
        "gap_ms": gaps,
    }


def of_window(pace: int, seconds: float, symbols: int) -> dict[str, Any]:
    """Measure in the real window."""

    async def scenario(desk: Desk) -> dict[str, Any]:
        view = await panel_view(desk, symbols)
        return {"sweep": await swept(desk, view, seconds), "drag": await dragged(view)}

    return measure(scenario, pace)


def main() -> None:
    """Measure in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--pace", type=int, default=1_000)
    parser.add_argument("--symbols", type=int, default=8)
    parser.add_argument("--child", action="store_true")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(of_window(options.pace, options.seconds, options.symbols)))
        return
    found = in_child(
        __file__, "--seconds", options.seconds, "--pace", options.pace, "--symbols", options.symbols
    )
    sweep = found["sweep"]
    answer = {
        "benchmark": "the window while a sweep runs",
        **found,
        "floor": f">= {LEAST_FRAMES:g} frames/s, longest stall <= {LONGEST_STALL:g} ms",
        "is_above_floor": sweep["slowest_second"] >= LEAST_FRAMES and sweep["gap_ms"]["max"] <= LONGEST_STALL,
    }
    json.dump(answer, sys.stdout, indent=2, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
