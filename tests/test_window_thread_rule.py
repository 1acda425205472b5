"""What the window imports in threads makes no Qt type there."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kis_terminal.ui import late_modules

PACKAGE = Path(late_modules.__file__).parents[1]
_LOOK = "import sys, importlib; importlib.import_module(sys.argv[1]); sys.exit('PySide6' in sys.modules)"


def _named_in_threads() -> Iterator[str]:
    """Return the modules that a call `to_thread(import_module, "…")` names."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(PACKAGE.rglob("*.py"))]
    # Looking for the words first: each worker does this while it collects.
    for text in (text for text in texts if "to_thread" in text and "import_module" in text):
        for node in ast.walk(ast.parse(text)):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("to_thread")):
                continue
            if node.args and ast.unparse(node.args[0]).endswith("import_module"):
                named = node.args[1]
                # A name that is worked out is one of a store's driver; those have no Qt in them.
                if isinstance(named, ast.Constant):
                    yield str(named.value)


@pytest.mark.parametrize("name", sorted({*_named_in_threads(), *late_modules._BESIDE_PLOT}))
def test_a_module_imported_in_a_thread_brings_no_qt(name: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}

    ended = subprocess.run([sys.executable, "-c", _LOOK, name], env=environment, check=False, timeout=60)

    assert ended.returncode == 0, name


def test_the_rule_finds_what_is_imported_in_threads() -> None:
    assert "kis_terminal.domain.bars" in set(_named_in_threads())
