"""The user's workspace in one JSON file, replaced as a whole: a crash leaves the old or the new one."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence

log = logging.getLogger(__name__)


class FileWorkspaceStore:
    """`ports.WorkspaceStore`; a damaged file is kept aside and said in the log."""

    def __init__(
        self, path: Path, *, waits_for_disk: bool = True, is_shared: bool = False, is_read_only: bool = False
    ) -> None:
        self._is_read_only = is_read_only
        """Whether what is written stays in memory: the file is another program's."""
        self._path = path
        self._is_shared = is_shared
        """Whether another program may write the file meanwhile: each `read` looks whether it did."""
        self._waits_for_disk = waits_for_disk
        """Whether what was written also survives the machine's sudden end; it costs tens of milliseconds."""
        self.is_damaged = False
        """Whether there was a file that could not be read; what it held is not known."""
        self._is_unsaved = False
        self._seen = self._stamp()
        self._texts = self._load()

    def _stamp(self) -> tuple[int, int, int]:
        """Return what changes when the file is replaced; cheap enough to ask before each order."""
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def _look_again(self) -> None:
        if (stamp := self._stamp()) == self._seen:
            return
        self._seen = stamp
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            self._texts = {str(key): str(value) for key, value in kept.items()}
        except (OSError, ValueError, AttributeError) as error:
            log.warning(
                "%s was changed and cannot be read; what it said before counts: %s", self._path, error
            )

    def _load(self) -> dict[str, str]:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if not isinstance(kept, dict):
                raise ValueError("not an object")
            return {str(key): str(value) for key, value in kept.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.is_damaged = True
            aside = self._path.with_suffix(".damaged")
            log.warning("workspace %s cannot be read (%s); kept as %s", self._path, error, aside.name)
            try:
                if self._path.exists():
                    self._path.replace(aside)
            except OSError as refused:
                log.warning("%s stays where it is: %s", self._path.name, refused)
            return {}

    def read(self, key: str) -> str | None:
        """Return the text kept under `key`."""
        if self._is_shared and not self._is_unsaved:
            self._look_again()
        return self._texts.get(key)

    def write(self, key: str, text: str) -> None:
        """Keep a text; raises TerminalError when the disk refuses, and keeps it in memory all the same."""
        self.write_all({key: text})

    def write_all(self, texts: Mapping[str, str]) -> None:
        """Keep several texts by one replacement of the file; raises as `write`."""
        if self._is_shared and not self._is_unsaved:
            self._look_again()  # what another program changed since must not pass for written
        if all(self._texts.get(key) == text for key, text in texts.items()) and not self._is_unsaved:
            return
        self._texts.update(texts)
        self._is_unsaved = True
        try:
            self._save()
            self._is_unsaved = False
        except OSError as error:
            raise TerminalError(
                Sentence(
                    "{path} 파일을 쓸 수 없습니다({why}). 폴더의 권한과 남은 공간을 확인하십시오.",
                    path=self._path,
                    why=error.strerror or type(error).__name__,
                )
            ) from error

    def _save(self) -> None:
        if self._is_read_only:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(self._texts, file, ensure_ascii=False, indent=1)
            if self._waits_for_disk:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(self._path)
        self._seen = self._stamp()
