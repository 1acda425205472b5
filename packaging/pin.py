"""Write packaging/requirements/{run,test}.txt anew from pyproject.toml and test.in; needs uv on PATH.

Without arguments, pins that still fit stay; `--upgrade` takes the newest of everything.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROJECT = Path(__file__).resolve().parent.parent
_LISTS = {"run": ["pyproject.toml"], "test": ["pyproject.toml", "packaging/requirements/test.in"]}


def main() -> None:
    for name, sources in _LISTS.items():
        command = ["uv", "pip", "compile", *sources, "--output-file", f"packaging/requirements/{name}.txt"]
        command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--quiet"]
        command += ["--override", "packaging/requirements/overrides.in"]
        # Where the files were downloaded from is nobody's business.
        command += ["--no-emit-index-url", "--no-emit-find-links", *sys.argv[1:]]
        subprocess.run(command, cwd=_PROJECT, check=True)


if __name__ == "__main__":
    main()
