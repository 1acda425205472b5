"""Python strategy files: shown as code with full rights, run only after a person trusted this very content.

Looking at a file never runs it. Trust is pinned to the SHA-256 of the content: one changed letter, and the
file is off again.
"""

from __future__ import annotations

import ast
import linecache
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from kis_terminal.adapters.strategy_files.trust import TrustStore, digest_of
from kis_terminal.domain.errors import AccessRefused, CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Strategy

MAX_BYTES = 1024 * 1024
FULL_RIGHTS = Sentence(
    "이 파일은 파이썬 코드입니다. 실행하면 이 컴퓨터에서 당신이 할 수 있는 모든 일을 할 수 있습니다(파일, "
    "네트워크, "
    "주문). 내용을 아는 파일만 믿으십시오."
)


@dataclass(frozen=True, slots=True)
class PythonFile:
    """A file as it lies on disk, not run."""

    name: str
    text: str
    digest: str
    """SHA-256 of the text, hexadecimal (`trust.digest_of`)."""
    classes: tuple[str, ...]
    """Classes that look like strategies, by their text alone."""
    imports: tuple[str, ...]
    """Top-level names of what the file imports."""
    warnings: tuple[Sentence, ...]
    """Who else could change it."""


def examine(path: Path) -> PythonFile:
    """Read a file without running it; raises CorrectionNeeded for one that is missing or no Python."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        warnings = _exposure(path)
    except OSError as error:
        raise CorrectionNeeded(
            Sentence("전략 파일을 읽을 수 없습니다: {path} ({reason})", path=path, reason=error.strerror)
        ) from error
    if len(content) > MAX_BYTES:
        raise CorrectionNeeded(Sentence("전략 파일이 너무 큽니다: {path}", path=path))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CorrectionNeeded(Sentence("파일이 UTF-8 글자가 아닙니다. UTF-8로 저장하십시오.")) from None
    tree = _parsed(text, path.name)
    return PythonFile(path.name, text, digest_of(text), _classes(tree), _imports(tree), warnings)


def load(file: PythonFile, trust: TrustStore) -> type[Strategy]:
    """Run a trusted file and return its strategy.

    Raises AccessRefused for content that nobody trusted, CorrectionNeeded where there is not exactly one
    strategy in it, and lets through what the file raises.
    """
    if not trust.is_trusted(file.digest):
        raise AccessRefused(
            Sentence(
                "{name}은(는) 믿는다고 한 적이 없는 내용이라 실행하지 않습니다. {rights}",
                name=file.name,
                rights=FULL_RIGHTS,
            )
        )
    return strategy_class(file.name, file.text)


def strategy_class(name: str, text: str) -> type[Strategy]:
    """Run code and return the one strategy class that it defines; for content that is trusted already."""
    module = ModuleType(f"kis_terminal_strategy_{digest_of(text)[:16]}")
    _parsed(text, name)
    # So that a traceback shows the lines that ran, whatever lies on disk by then.
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    sys.modules[module.__name__] = module  # dataclasses and pickle look their module up
    exec(compile(text, name, "exec"), module.__dict__)  # noqa: S102 - trusted by a person, pinned by its hash
    own = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Strategy) and item.__module__ == module.__name__
    ]
    leaves = [one for one in dict.fromkeys(own) if not any(one in other.__mro__[1:] for other in own)]
    if len(leaves) == 1:
        return leaves[0]
    raise CorrectionNeeded(
        Sentence(
            "{name}에는 Strategy를 상속한 클래스가 하나 있어야 합니다. 찾은 것: {found}.",
            name=name,
            found=", ".join(one.__name__ for one in leaves) or "-",
        )
    )


def _parsed(text: str, name: str) -> ast.Module:
    try:
        return ast.parse(text, name)
    except SyntaxError as error:
        raise CorrectionNeeded(
            Sentence(
                "{name} {line}행: 파이썬 문법 오류({reason}).",
                name=name,
                line=error.lineno or 1,
                reason=error.msg,
            )
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise CorrectionNeeded(Sentence("{name}은(는) 파이썬 코드로 읽을 수 없습니다.", name=name)) from error


def _classes(tree: ast.Module) -> tuple[str, ...]:
    names = {"Strategy"} | {
        alias.asname
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == "Strategy" and alias.asname
    }
    found = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(_last_name(base) in names for base in node.bases):
            names.add(node.name)
            found.append(node.name)
    return tuple(found)


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _imports(tree: ast.Module) -> tuple[str, ...]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or ".").split(".")[0])
    return tuple(sorted(found))


def _exposure(path: Path) -> tuple[Sentence, ...]:
    """Return warnings about others who may change the file or put another in its place (not on Windows)."""
    if os.name == "nt":
        return ()
    warnings = []
    resolved = path.resolve()
    for place in (resolved, resolved.parent):
        state = place.stat()
        is_sticky = place.is_dir() and bool(state.st_mode & stat.S_ISVTX)
        if state.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not is_sticky:
            warnings.append(
                Sentence("{place}은(는) 다른 사용자도 쓸 수 있어 내용이 바뀔 수 있습니다.", place=place)
            )
        if state.st_uid not in (os.getuid(), 0):
            warnings.append(Sentence("{place}의 주인은 다른 사용자입니다.", place=place))
    return tuple(warnings)
