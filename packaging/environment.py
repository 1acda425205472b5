"""Make and keep the virtual environment that the program and its tests run in.

The environment is `.venv` in the project, or the folder that KIS_TERMINAL_VENV names. What was installed is
written to a stamp inside it; while the stamp fits, a start costs a few milliseconds and pip is not called.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from interpreter import SUPPORTED
from system_packages import SetupError, install_debian_packages

PROJECT = Path(__file__).resolve().parent.parent
REQUIREMENTS = PROJECT / "packaging" / "requirements"
# The second list contains the first with the same pins.
LISTS = ("run", "test")
_STAMP = "kis-terminal.json"
_SMALLEST_PIP_FOR_OTHERS = (22, 3)  # the first that knows `pip --python`


def ensure_environment(wanted: str) -> Path:
    """Return the interpreter of an environment that holds the list `wanted` ("run" or "test").

    Safe to call from several processes at once: the first works, the others wait for it. Raises SetupError.
    """
    folder = environment_folder()
    if not _is_ready(folder, wanted):
        try:
            with _locked(folder):
                if not _is_ready(folder, wanted):
                    _install(folder, wanted)
        except OSError as problem:
            raise SetupError(
                f"The environment {folder} cannot be written ({problem}). "
                "Name another folder with KIS_TERMINAL_VENV."
            ) from problem
    return _python_of(folder)


def environment_folder() -> Path:
    """Return where the environment is or will be."""
    return Path(os.environ.get("KIS_TERMINAL_VENV") or PROJECT / ".venv").expanduser().absolute()


def child_environment() -> dict[str, str]:
    """Return the variables for a program of ours: the project is importable, the working folder is not.

    The safe path keeps a `json.py` in the folder where somebody happens to stand from replacing Python's own.
    """
    paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(paths), PYTHONSAFEPATH="1")


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _digest(name: str) -> str:
    return hashlib.sha256((REQUIREMENTS / f"{name}.txt").read_bytes()).hexdigest()


def _read_stamp(folder: Path) -> dict[str, Any]:
    try:
        stamp = json.loads((folder / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(folder: Path, stamp: dict[str, Any]) -> None:
    draft = folder / (_STAMP + ".new")
    draft.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    draft.replace(folder / _STAMP)


def _is_ready(folder: Path, wanted: str) -> bool:
    """Tell whether the list is installed and nothing of it has visibly gone since."""
    stamp = _read_stamp(folder)
    return stamp.get("installed", {}).get(wanted) == _digest(wanted) and _is_whole(folder, stamp)


def _is_whole(folder: Path, stamp: dict[str, Any]) -> bool:
    """Tell whether the interpreter and every top-level package that was installed are still there."""
    base = stamp.get("base", "")
    if not (_python_of(folder).exists() and base and Path(base).exists()):
        return False
    try:
        return set(stamp.get("packages", ())) <= set(os.listdir(stamp["site_packages"]))
    except (OSError, KeyError):
        return False


def _install(folder: Path, wanted: str) -> None:
    _prepare(folder)
    python = _python_of(folder)
    stamp = _read_stamp(folder)
    print(f"Setting up KIS Terminal in {folder} (once; needs the network)", file=sys.stderr)
    started = time.monotonic()
    command = [
        *_pip_for(python),
        "install",
        "--require-hashes",
        "--only-binary=:all:",
        "--no-deps",  # the list is complete, and so the order in it never matters
        "--disable-pip-version-check",
        "--no-input",
        *([] if sys.stderr.isatty() else ["-q"]),
        "-r",
        str(REQUIREMENTS / f"{wanted}.txt"),
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise SetupError(
            "pip could not install the pinned packages (its own lines are above). Check the network and "
            f"start again; to begin afresh, delete {folder}"
        )
    facts = _facts_of(python)
    if facts is None:
        raise SetupError(f"The new environment does not start. Delete {folder} and start again.")
    installed = {name: _digest(name) for name in LISTS[: LISTS.index(wanted) + 1]}
    _write_stamp(
        folder,
        {
            "ours": stamp.get("ours", False),
            "installed": installed,
            "base": facts["base"],
            "site_packages": facts["site_packages"],
            "packages": sorted(n for n in os.listdir(facts["site_packages"]) if n != "__pycache__"),
        },
    )
    print(f"Ready after {time.monotonic() - started:.0f} s", file=sys.stderr)


def _prepare(folder: Path) -> None:
    """Leave a folder whose interpreter starts; make a broken one anew, but never delete what is not ours."""
    if folder.exists() and not folder.is_dir():
        raise SetupError(f"{folder} is a file. Move it, or name another folder with KIS_TERMINAL_VENV.")
    if folder.is_dir() and any(folder.iterdir()):
        stamp = _read_stamp(folder)
        facts = _facts_of(_python_of(folder))
        works = facts is not None and tuple(facts["version"]) in SUPPORTED
        if works and (not stamp.get("ours") or _is_whole(folder, stamp)):
            return
        if not stamp.get("ours") and (facts is not None or not (folder / "pyvenv.cfg").is_file()):
            raise SetupError(
                f"{folder} is not an environment of this program with Python 3.11, 3.12 or 3.13. "
                "Move it away, or name another folder with KIS_TERMINAL_VENV."
            )
        print(f"Making the broken or unfinished environment {folder} anew", file=sys.stderr)
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_stamp(folder, {"ours": True})  # first of all, so that a half-made environment is known as ours
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)


def _facts_of(python: Path) -> dict[str, Any] | None:
    """Ask an environment's interpreter where it comes from; None if it does not start."""
    probe = (
        "import json, sys, sysconfig; print(json.dumps({'version': sys.version_info[:2], "
        "'base': sys.base_prefix, 'site_packages': sysconfig.get_path('purelib')}))"
    )
    try:
        answer = subprocess.run([str(python), "-I", "-c", probe], capture_output=True, timeout=60, check=True)
        facts = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return facts if isinstance(facts, dict) else None


def _pip_for(python: Path) -> list[str]:
    """Return the command of a pip that installs into the environment of `python`.

    Debian splits ensurepip off into a package of its own; its pip, however, can serve another environment.
    """
    has_pip = [str(python), "-c", "import pip"]
    if subprocess.run(has_pip, capture_output=True, check=False).returncode == 0:
        return [str(python), "-m", "pip"]
    ensure = [str(python), "-m", "ensurepip", "--default-pip"]
    if subprocess.run(ensure, capture_output=True, check=False).returncode == 0:
        return [str(python), "-m", "pip"]
    version = subprocess.run(
        [sys.executable, "-m", "pip", "--version"], capture_output=True, text=True, check=False
    )
    if version.returncode == 0:
        numbers = tuple(int(part) for part in version.stdout.split()[1].split(".")[:2] if part.isdigit())
        if numbers >= _SMALLEST_PIP_FOR_OTHERS:
            return [sys.executable, "-m", "pip", "--python", str(python)]
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    install_debian_packages([package], "Python's ensurepip (or a pip of 22.3 or newer)")
    done = subprocess.run(ensure, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise SetupError(f"ensurepip fails although {package} is installed; its own lines are above.")
    return [str(python), "-m", "pip"]


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of this environment; it lies beside the folder, which may be deleted meanwhile."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / (folder.name + ".lock")).open("a+b") as file:
        if os.name == "nt":
            import msvcrt

            while True:
                try:
                    file.seek(0)
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:  # LK_LOCK itself gives up after ten seconds
                    continue
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if os.name == "nt":
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
