"""Write a file whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence


def write_whole(path: Path, content: bytes) -> None:
    """Write `content`; raises CorrectionNeeded naming the file and the cause, the old file then stands."""
    fill_whole(path, lambda draft: _write(draft, content))


def fill_whole(path: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write a draft beside `path` and put it in its place; errors as in `write_whole`."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fill(draft)
        draft.replace(path)
    except OSError as e:
        _remove(draft)
        raise CorrectionNeeded(
            Sentence("{path} 파일을 쓸 수 없습니다: {problem}", path=path, problem=e.strerror or e)
        ) from e


def _write(draft: Path, content: bytes) -> None:
    draft.write_bytes(content)


def _remove(draft: Path) -> None:
    # Where the folder itself cannot be reached, that is being said already.
    with suppress(OSError):
        draft.unlink(missing_ok=True)
