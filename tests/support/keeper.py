"""Run a command when our standard input ends: with the process that holds it, however that one ends.

A script for a process of its own (`python keeper.py '{"command": …, "user": …, "folder": …}'`): a test worker
that is killed runs no fixture's end, and the servers that it started would live on.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile

_PATIENCE = 60.0  # seconds


def main() -> int:
    """Wait, run the command as `user` (None: as we are), remove `folder`; return the command's exit code."""
    task = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the tests, and their end is ours
    sys.stdin.buffer.read()
    try:
        return subprocess.run(
            task["command"],
            cwd=tempfile.gettempdir(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
            **({"user": task["user"], "extra_groups": []} if task["user"] else {}),
        ).returncode
    finally:
        shutil.rmtree(task["folder"], ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
