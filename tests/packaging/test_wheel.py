"""The wheel holds the program, its data and its resources, and starts from there."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kis_terminal.resource_files import resource_path
from tests.support.isolation import PROJECT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel without network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-P", "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run([*command, str(PROJECT)], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_every_source_data_and_resource_file(wheel: Path) -> None:
    sources = [*(PROJECT / "kis_terminal").rglob("*"), *(PROJECT / "resources").rglob("*")]
    files = [path.relative_to(PROJECT).as_posix() for path in sources if path.is_file()]
    # What is compiled while the program runs, Python's and numba's, belongs to the machine.
    names = [name for name in files if "/__pycache__/" not in name and "/." not in name]
    expected = {f"kis_terminal/{name}" if name.startswith("resources/") else name for name in names}

    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())

    assert expected <= held
    assert not [name for name in held if name.startswith(("tests/", "packaging/"))]


def test_wheel_names_the_command_and_carries_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name.split("dist-info/")[-1]: name for name in archive.namelist() if ".dist-info/" in name}
        commands = archive.read(held["entry_points.txt"]).decode()

    assert "kis-terminal = kis_terminal.__main__:main" in commands
    assert "licenses/LICENSE" in held


def test_unpacked_wheel_finds_its_resources(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys; sys.path.insert(0, 'site')\n"
        "from kis_terminal.resource_files import resource_path\n"
        "print(resource_path('icons/kis-terminal.svg'))\n",
        encoding="utf-8",
    )

    command = [sys.executable, "-P", str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert Path(done.stdout.strip()).resolve().is_relative_to((tmp_path / "site").resolve())


def test_checkout_finds_its_resources() -> None:
    assert resource_path("fonts/Pretendard-Regular.otf").stat().st_size > 1_000_000


def test_missing_resource_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no-such-file\.png is missing"):
        resource_path("no-such-file.png")
