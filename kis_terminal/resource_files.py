"""Find the files that ship with the program: fonts, icons."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource_path(relative: str) -> Path:
    """Return the path of a shipped file, for example `fonts/Pretendard-Regular.otf`.

    In a checkout `resources/` lies beside the package, in an installed wheel inside it. Raises
    FileNotFoundError with the place looked at, since a missing file means a damaged installation.
    """
    inside = _PACKAGE / "resources"
    folder = inside if inside.is_dir() else _PACKAGE.parent / "resources"
    path = folder / relative
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; the installation of KIS Terminal is damaged.")
    return path
