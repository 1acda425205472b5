"""The layers of the program and the few rules that keep them sound, read from the source itself."""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.support.source_tree import Module, modules, own_target

MODULES = modules()

# Layer -> which layers of ours it may import. "adapters" stands for one adapter (kis, storage, ...): another
# adapter is never allowed. "base" are the top-level modules that set nothing in motion: settings, log, texts.
OWN_IMPORTS = {
    "domain": {"domain"},
    "ports": {"ports", "domain"},
    "services": {"services", "domain", "ports"},
    "adapters": {"domain", "ports"},
    "base": {"base", "domain"},
    "ui": {"ui", "services", "domain", "base"},
    "root": {"root", "ui", "services", "adapters", "ports", "domain", "base"},
}
# Where everything is put together; nobody imports these.
ROOTS = {"__main__", "start", "app", "terminal", "trading_core", "research", "market_strategies", "cli"}
# Layer -> outside libraries it may import beside Python's own; a layer not named may import any but Qt.
OUTSIDE_IMPORTS = {
    "domain": {"numpy", "talib"},
    "ports": set[str](),
    "services": {"numpy", "pandas"},
    "ui": {"PySide6", "shiboken6", "pyqtgraph", "numpy"},
}
# Rooms of a layer that run in workers, never in the window's process, and what they may import.
ROOMS = {
    "services.studies": {"numpy", "talib"},
    "services.backtest": {
        "numpy",
        "numba",
        "optuna",
        "distributed",
        "dask",
        "jinja2",
        "xlsxwriter",
        "pandas",
    },
}
QT = {"PySide6", "shiboken6", "pyqtgraph", "qasync"}
# Python's own modules that do what a layer must not: wait, or touch the world.
WORLDLY = {
    "asyncio",
    "socket",
    "ssl",
    "http",
    "urllib",
    "sqlite3",
    "subprocess",
    "threading",
    "multiprocessing",
}
STANDARD_FORBIDDEN = {
    "domain": WORLDLY,
    "ports": WORLDLY - {"asyncio"},
    "services": {"socket", "http", "urllib"},
}
# The simulator has its own tables, so that a wrong one in the domain or the KIS adapter fails a test.
TABLES = ("domain.instruments", "domain.costs", "domain.sessions")
# What may start tasks, with the reason; every one keeps its tasks and closes them.
TASK_STARTERS = {
    "services.tasks": "the scope itself",
    "adapters.": "an adapter may not import services; it keeps its named tasks and ends them in close()",
}
BROAD_HANDLERS = {"services.hub", "services.tasks", "ui.crash"}


def layer_of(name: str) -> str:
    """Return the layer of a module; a top-level module that is no root belongs to the base."""
    head = name.split(".")[0]
    if head in ROOTS:
        return "root"
    return head if head in OWN_IMPORTS else "base"


def adapter_of(name: str) -> str:
    """Return `kis` for `adapters.kis.client`, and nothing for other layers."""
    parts = name.split(".")
    return parts[1] if parts[0] == "adapters" and len(parts) > 1 else ""


def own_imports(module: Module) -> list[tuple[str, int]]:
    """Return the modules of ours that this one imports, with the line."""
    targets = [(own_target(imported, MODULES), line) for imported, line in module.imports]
    return [(target, line) for target, line in targets if target]


def outside_imports(module: Module) -> list[tuple[str, int]]:
    """Return the top-level names of everything that is not ours."""
    return [(name.split(".")[0], line) for name, line in module.imports if own_target(name, MODULES) is None]


def test_layers_import_only_what_lies_below_them() -> None:
    wrong = []
    for module in MODULES.values():
        layer = layer_of(module.name)
        for target, line in own_imports(module):
            same_adapter = adapter_of(module.name) and adapter_of(module.name) == adapter_of(target)
            if layer_of(target) not in OWN_IMPORTS[layer] and not same_adapter:
                wrong.append(f"{module.at(line)}: {layer} imports {target}")

    assert not wrong, "\n".join(wrong)


def test_no_import_circles() -> None:
    graph = {name: {target for target, _ in own_imports(m)} - {name} for name, m in MODULES.items()}

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail("import circle: " + " <- ".join(circle.args[1]))


def test_layers_use_only_their_own_outside_libraries() -> None:
    wrong = []
    for module in MODULES.values():
        layer = layer_of(module.name)
        for name, line in outside_imports(module):
            is_standard = name in sys.stdlib_module_names
            room = next((room for room in ROOMS if module.name.startswith(room)), None)
            allowed = OUTSIDE_IMPORTS.get(layer) if room is None else ROOMS[room]
            if (
                name in STANDARD_FORBIDDEN.get(layer, ())
                or (not is_standard and allowed is not None and name not in allowed)
                or (name in QT and layer not in ("ui", "root"))
                or (name == "qasync" and module.name != "app")
            ):
                wrong.append(f"{module.at(line)}: {layer} imports {name}")

    assert not wrong, "\n".join(wrong)


def test_simulator_shares_no_table_with_the_rest() -> None:
    wrong = [
        f"{module.at(line)}: imports {target}"
        for module in MODULES.values()
        if adapter_of(module.name) == "simulator"
        for target, line in own_imports(module)
        if target.startswith(TABLES)
    ]

    assert not wrong, "\n".join(wrong)


def test_tasks_are_started_by_their_owners_only() -> None:
    wrong = [
        f"{module.at(line)}: {call}"
        for module in MODULES.values()
        if not module.name.startswith(tuple(TASK_STARTERS))
        for call, line in module.calls
        if call.rpartition(".")[2] in ("create_task", "ensure_future")
    ]

    assert not wrong, "\n".join(wrong)


def test_no_nested_event_loops_in_the_window() -> None:
    wrong = [
        f"{module.at(line)}: {call}()"
        for module in MODULES.values()
        if layer_of(module.name) == "ui"
        for call, line in module.calls
        if call.rpartition(".")[2] in ("exec", "exec_", "processEvents", "asyncSlot", "asyncClose")
    ]

    assert not wrong, "\n".join(wrong)


def test_domain_and_services_ask_the_clock_for_the_time() -> None:
    wall_clock = (
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "time.time",
        "time.time_ns",
    )
    wrong = [
        f"{module.at(line)}: {call}()"
        for module in MODULES.values()
        if layer_of(module.name) in ("domain", "services")
        for call, line in module.calls
        if call.removeprefix("datetime.") in wall_clock or call in wall_clock
    ]

    assert not wrong, "\n".join(wrong)


def test_domain_draws_no_random_number_of_its_own() -> None:
    wrong = [
        f"{module.at(line)}: {call}()"
        for module in MODULES.values()
        if layer_of(module.name) == "domain"
        for call, line in module.calls
        if call.startswith(("random.", "np.random.", "numpy.random.", "secrets.")) and call != "random.Random"
    ]

    assert not wrong, "\n".join(wrong)


def is_passed_on(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler only tidies up and raises the same error again."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_broad_handlers_stand_in_three_places() -> None:
    wrong = [
        module.at(node.lineno)
        for module in MODULES.values()
        if module.name not in BROAD_HANDLERS
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not is_passed_on(node)
    ]

    assert not wrong, "\n".join(wrong)
