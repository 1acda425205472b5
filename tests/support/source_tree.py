"""Read the package's own source as data: which module imports what, and which calls it makes."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

PACKAGE = "kis_terminal"
_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Module:
    """A source file: dotted name without `kis_terminal.`, and its syntax tree."""

    name: str
    path: Path

    @property
    def tree(self) -> ast.Module:
        """Return the syntax tree; it is the same one until `forget_trees`."""
        return _tree(self.path)

    @cached_property
    def imports(self) -> list[tuple[str, int]]:
        """Return every imported name with its line: also in functions, also behind TYPE_CHECKING.

        `from a import b` counts as `a.b`, since b may be a module; `own_target` finds out.
        """
        found: list[tuple[str, int]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(alias.name, node.lineno) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                origin = self._absolute(node)
                found += [(f"{origin}.{alias.name}", node.lineno) for alias in node.names]
        return found

    @cached_property
    def calls(self) -> list[tuple[str, int]]:
        """Return each call as the dotted text that is called (`asyncio.create_task`), with its line."""
        return [
            (ast.unparse(node.func), node.lineno)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call)
        ]

    def at(self, line: int) -> str:
        """Return a place that an editor can open."""
        return f"{self.path.relative_to(_PROJECT).as_posix()}:{line}"

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = [PACKAGE, *self.name.split(".")]
        if self.path.name == "__init__.py":
            parts.append("")
        return ".".join([*parts[: -node.level], *filter(None, [node.module])])


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def forget_trees() -> None:
    """Let go of all trees: a million objects, which each later collection of garbage would look through."""
    _tree.cache_clear()


@cache
def modules() -> dict[str, Module]:
    """Return all modules of the package by name; a package goes by the name of its folder."""
    root = _PROJECT / PACKAGE
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, path)
    return found


def own_target(imported: str, known: dict[str, Module]) -> str | None:
    """Return which module of ours an imported name belongs to, or None for a foreign one."""
    if imported != PACKAGE and not imported.startswith(PACKAGE + "."):
        return None
    name = imported.removeprefix(PACKAGE).lstrip(".")
    while name not in known:
        name = name.rpartition(".")[0]
    return name
