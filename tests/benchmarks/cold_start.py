"""Measure cold start to a window with live prices against a bare Qt window, in one run; prints JSON.

    python tests/benchmarks/cold_start.py [--rounds 5]

Our figure runs from the start of the process to the first flush in which a watchlist row shows a price that
came by the stream; the embedded exchange starts as a child within it. The floor is a process that shows a
QMainWindow with six docks. Offscreen platform, warm file cache, compiled files.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_BARE = """
import os, sys, time
from PySide6.QtWidgets import QApplication, QDockWidget, QLabel, QMainWindow
from PySide6.QtCore import Qt, QTimer
app = QApplication([])
window = QMainWindow()
for number in range(6):
    dock = QDockWidget(str(number))
    dock.setWidget(QLabel(str(number)))
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
window.resize(1760, 990)
window.show()
def done():
    window.grab()
    print(time.time() - float(os.environ["BEGUN"]))
    app.quit()
QTimer.singleShot(0, done)
app.exec()
"""
_OURS = """
import os, sys, time
from pathlib import Path
from kis_terminal.adapters.simulator.process import ExchangeProcess
from kis_terminal.options import Options
from kis_terminal.settings import load_settings
settings = load_settings(environ=os.environ, cwd=Path.cwd())
exchange = ExchangeProcess()
try:
    from PySide6.QtCore import QTimer
    from kis_terminal.app import run
    imported = time.time()
    def watch(terminal):
        opened = time.time()
        timer = QTimer(terminal.window)
        def look():
            live = [s for s in terminal.workspace.watchlists.symbols()
                    if terminal.market_data.state(s).freshness == "live"]
            if live:
                timer.stop()
                terminal.window.docks["watchlist"].panel.repaint()
                begun = float(os.environ["BEGUN"])
                print(time.time() - begun, imported - begun, opened - begun)
                terminal.window.close_now()
        timer.timeout.connect(look)
        timer.start(2)
    run(Options(), settings, exchange, watch)
finally:
    exchange.stop()
"""


def measure(code: str, home: str) -> list[float]:
    """Return the figures that a fresh process prints, in seconds since it was started."""
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "KIS_TERMINAL_HOME": home,
        "PYTHONPATH": str(PROJECT),
        "BEGUN": repr(time.time()),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a person's second start has compiled files
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    ours: list[list[float]] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        measure(_OURS, home)  # warms the file cache
        for _ in range(rounds):
            bare += measure(_BARE, home)
            ours.append(measure(_OURS, home))
    live = statistics.median(row[0] for row in ours)
    floor = statistics.median(bare)
    print(
        json.dumps(
            {
                "cold_start": {
                    "live_prices_seconds": round(live, 3),
                    "imports_seconds": round(statistics.median(row[1] for row in ours), 3),
                    "window_shown_seconds": round(statistics.median(row[2] for row in ours), 3),
                    "bare_window_seconds": round(floor, 3),
                    "ratio_to_bare_window": round(live / floor, 2),
                    "floor": "1.2 s",
                    "goal": "0.5 s, 3x the bare window",
                }
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
