"""One program trades an account of an environment at a time.

The operating system holds the lock and lets go of it when the program ends, killed or not: a lock that was
left behind does not exist. The number of the process stands in a file beside it, to name who holds it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence


class InstanceLock:
    """Hold `path` from `take` to `release`, or as long as a `with` block runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pid_path = path.with_suffix(".pid")
        self._lock = FileLock(path, timeout=0)

    def take(self) -> None:
        """Take the lock at once; raises TerminalError that names the process which holds it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout as error:
            raise TerminalError(
                Sentence(
                    "다른 KIS Terminal(프로세스 {pid})이 이 계좌를 쓰고 있습니다({path}). "
                    "그 창을 쓰거나, 닫은 뒤 다시 시작하십시오.",
                    pid=self._holder(),
                    path=self._path,
                )
            ) from error
        except OSError as error:
            raise TerminalError(
                Sentence(
                    "{path} 파일을 쓸 수 없습니다({why}). 폴더의 권한과 남은 공간을 확인하십시오.",
                    path=self._path,
                    why=error.strerror or type(error).__name__,
                )
            ) from error
        with contextlib.suppress(OSError):  # a name for people only: the lock itself holds without it
            self._pid_path.write_text(str(os.getpid()), encoding="ascii")

    def release(self) -> None:
        """Let go; may be called twice."""
        if self._lock.is_locked:
            self._pid_path.unlink(missing_ok=True)
            self._lock.release()

    def _holder(self) -> str:
        try:
            return self._pid_path.read_text(encoding="ascii").strip()[:12] or "?"
        except (OSError, ValueError):
            return "?"

    def __enter__(self) -> InstanceLock:
        """Take the lock."""
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the lock."""
        self.release()
