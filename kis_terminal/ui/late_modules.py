"""Import what the first frame does not need: Qt types on the window's thread, the rest beside it.

Qt types are never made in another thread. On Python 3.11, PySide 6.11 keeps them in a table that Qt's own
code reads without the interpreter's lock (`QObject::property`, at every widget given to a layout): a type
made in a thread while the window builds or paints is a segmentation fault. Threads may import what has no Qt.
"""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from types import ModuleType

from PySide6 import QtCore, QtGui, QtWidgets

_SLICE_SECONDS = 0.004
_PAUSE_SECONDS = 0.005
"""Between two slices: the loop paints and answers in between."""
_BESIDE_PLOT = (
    *("kis_terminal.domain.bars", "numpy.typing", "cProfile", "pydoc"),
    *("multiprocessing.connection", "xml.etree.ElementTree"),
)
"""What pyqtgraph imports that has no Qt in it; half of its time."""


async def import_plot() -> ModuleType:
    """Import pyqtgraph and return the module of the chart's plot."""
    for name in _BESIDE_PLOT:
        await asyncio.to_thread(import_module, name)
    await _make_types()
    # pyqtgraph comes in one piece: some 60 ms.
    return await import_late("pyqtgraph", "kis_terminal.ui.charts.canvas", "kis_terminal.ui.charts.plot")


async def import_late(*names: str) -> ModuleType:
    """Import modules in this order, the loop goes on between two; returns the last."""
    for name in names[:-1]:
        import_module(name)
        await asyncio.sleep(_PAUSE_SECONDS)
    return import_module(names[-1])


async def _make_types() -> None:
    """Have PySide make the types that it makes at first use: pyqtgraph uses all of them when imported."""
    begun = time.perf_counter()
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            getattr(module, name)
            if time.perf_counter() - begun > _SLICE_SECONDS:
                await asyncio.sleep(_PAUSE_SECONDS)
                begun = time.perf_counter()
