"""Carry on under a Python this program runs on, whichever one started the script.

This file alone must be readable by every Python from 3.6 on, since it is what tells the others that they are
too old (or too new); so no newer syntax and no newer library here.
"""

import os
import shutil
import subprocess
import sys

SUPPORTED = ((3, 11), (3, 12), (3, 13))
_RESTARTED = "KIS_TERMINAL_RESTARTED"


def ensure_supported_python():
    # type: () -> None
    """Return under a supported Python; else restart the script under one from PATH, or exit with code 2."""
    if sys.version_info[:2] in SUPPORTED:
        os.environ.pop(_RESTARTED, None)
        return
    command = None if os.environ.get(_RESTARTED) else _find_supported()
    if command is None:
        version = ".".join(str(number) for number in sys.version_info[:2])
        print(
            f"KIS Terminal runs on Python 3.11, 3.12 or 3.13; this is {version} ({sys.executable}) and none "
            "of those was found on PATH. Install one and start again with it, for example: "
            f"python3.13 {' '.join(sys.argv)}",
            file=sys.stderr,
        )
        sys.exit(2)
    environment = dict(os.environ)
    environment[_RESTARTED] = "1"
    try:
        code = subprocess.call([*command, *sys.argv], env=environment)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _find_supported():
    # type: () -> list | None
    """Return the command of the newest supported Python on PATH that really starts, or None."""
    candidates = []
    for major, minor in reversed(SUPPORTED):
        path = shutil.which(f"python{major}.{minor}")
        if path:
            candidates.append([path])
        if os.name == "nt" and shutil.which("py"):
            candidates.append(["py", f"-{major}.{minor}"])
    for name in ("python3", "python"):
        path = shutil.which(name)
        if path:
            candidates.append([path])
    for command in candidates:
        if _version_of(command) in SUPPORTED:
            return command
    return None


def _version_of(command):
    # type: (list) -> tuple | None
    """Ask an interpreter for its version; None if it does not start (version managers leave such stubs)."""
    probe = "import sys; print(sys.version_info[0], sys.version_info[1])"
    try:
        answer = subprocess.check_output([*command, "-c", probe], stderr=subprocess.DEVNULL, timeout=20)
        major, minor = answer.decode("ascii").split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
