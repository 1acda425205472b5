"""The launcher's decisions, with a tiny environment in place of the real one: nothing is downloaded here."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.support.isolation import PROJECT

PACKAGING = PROJECT / "packaging"


def start(script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script of packaging/ as a person does."""
    environment = {**os.environ, **variables}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [sys.executable, str(PACKAGING / script), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def probe(code: str, *paths: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run code beside the launcher's modules."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [PACKAGING, *paths])), **variables}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """Make an environment that looks as if the run list were installed."""
    folder = tmp_path / "environment"
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)
    site = next(folder.rglob("site-packages"))
    (site / "marker").mkdir()
    digest = hashlib.sha256((PACKAGING / "requirements" / "run.txt").read_bytes()).hexdigest()
    stamp = {
        "ours": True,
        "installed": {"run": digest},
        "base": sys.base_prefix,
        "site_packages": str(site),
        "packages": ["marker"],
    }
    (folder / "kis-terminal.json").write_text(json.dumps(stamp), encoding="utf-8")
    return folder


READY = "import environment as e; print(e._is_ready(e.environment_folder(), 'run'))"


def test_finished_environment_is_used_as_it_is(finished: Path) -> None:
    done = probe(READY, KIS_TERMINAL_VENV=str(finished))

    assert done.stdout.strip() == "True", done.stderr


def test_lost_package_is_noticed(finished: Path) -> None:
    next(finished.rglob("marker")).rmdir()

    done = probe(READY, KIS_TERMINAL_VENV=str(finished))

    assert done.stdout.strip() == "False", done.stderr


def test_changed_requirements_are_noticed(finished: Path) -> None:
    stamp = json.loads((finished / "kis-terminal.json").read_text(encoding="utf-8"))
    stamp["installed"]["run"] = "0" * 64
    (finished / "kis-terminal.json").write_text(json.dumps(stamp), encoding="utf-8")

    done = probe(READY, KIS_TERMINAL_VENV=str(finished))

    assert done.stdout.strip() == "False", done.stderr


PREPARE = (
    "import environment as e; f = e.environment_folder(); e._prepare(f); print(e._facts_of(e._python_of(f)))"
)


def test_half_made_environment_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / "kis-terminal.json").write_text('{"ours": true}', encoding="utf-8")
    (folder / "rubbish").touch()

    done = probe(PREPARE, KIS_TERMINAL_VENV=str(folder))

    assert "site_packages" in done.stdout, done.stderr
    assert not (folder / "rubbish").exists()


def test_environment_without_interpreter_is_made_anew(finished: Path) -> None:
    for path in [*finished.glob("bin/python*"), *finished.glob("Scripts/python*")]:
        path.unlink()

    done = probe(PREPARE, KIS_TERMINAL_VENV=str(finished))

    assert "site_packages" in done.stdout, done.stderr


def test_foreign_folder_is_never_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work", encoding="utf-8")

    done = start("run.py", KIS_TERMINAL_VENV=str(folder), QT_QPA_PLATFORM="offscreen")

    assert done.returncode == 2
    assert f"{folder} is not an environment of this program" in done.stderr
    assert (folder / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = start("run.py", KIS_TERMINAL_VENV=str(tmp_path / "file" / "below"), QT_QPA_PLATFORM="offscreen")

    assert done.returncode == 2
    assert "Name another folder with KIS_TERMINAL_VENV" in done.stderr
    assert "Traceback" not in done.stderr


def test_unsuitable_python_without_another_says_which_are_suitable(tmp_path: Path) -> None:
    code = (
        "import sys; sys.version_info = (3, 9, 1); import interpreter; interpreter.ensure_supported_python()"
    )

    done = probe(code, PATH=str(tmp_path))

    assert done.returncode == 2
    assert "runs on Python 3.11, 3.12 or 3.13; this is 3.9" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a link named python3.13")
def test_unsuitable_python_restarts_under_one_from_path(tmp_path: Path) -> None:
    (tmp_path / "python3.13").write_text(
        "#!/bin/sh\nexit 127\n", encoding="utf-8"
    )  # as version managers leave
    (tmp_path / "python3.13").chmod(0o755)
    (tmp_path / "python3.11").symlink_to(sys.executable)
    script = tmp_path / "script.py"
    script.write_text("import sys; print('restarted', sys.argv[1:]); sys.exit(5)", encoding="utf-8")
    code = (
        f"import sys; sys.argv = [{str(script)!r}, 'a b']; sys.version_info = (3, 9, 1);"
        "import interpreter; interpreter.ensure_supported_python()"
    )

    done = probe(code, PATH=str(tmp_path))

    assert done.returncode == 5
    assert done.stdout.strip() == "restarted ['a b']"


@pytest.mark.parametrize(
    ("variables", "needed"),
    [
        ({"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":0"}, set()),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, {"libxcb-cursor.so.0"}),
        ({"WAYLAND_DISPLAY": "wayland-0"}, {"libwayland-cursor.so.0"}),
        ({}, set()),
    ],
)
def test_libraries_are_those_of_the_platform_in_use(variables: dict[str, str], needed: set[str]) -> None:
    code = f"import qt_libraries as q; print(*q.needed_libraries({variables!r}))"

    named = set(probe(code).stdout.split())

    assert "libEGL.so.1" in named
    assert named & {"libxcb-cursor.so.0", "libwayland-cursor.so.0"} == needed


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Debian only")
def test_missing_system_package_prints_the_exact_command(tmp_path: Path) -> None:
    (tmp_path / "apt-get").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "apt-get").chmod(0o755)
    code = (
        "import os; os.geteuid = lambda: 1000; import system_packages as s\n"
        "try: s.install_debian_packages(['libegl1'], 'a library')\n"
        "except s.SetupError as problem: print(problem)"
    )

    done = probe(code, PATH=str(tmp_path))

    assert "sudo apt-get update && sudo apt-get install -y --no-install-recommends libegl1" in done.stdout
