"""What `doctor` looks at on this machine: program, settings, folders, disk, journal."""

from __future__ import annotations

import json
import os
import platform
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from kis_terminal import __version__
from kis_terminal.adapters.storage.reach import examine_journal
from kis_terminal.cli.surroundings import Surroundings
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.settings import KisAccess

_LIBRARIES = (
    *("PySide6-Essentials", "qasync", "pyqtgraph", "numpy", "pandas", "httpx", "websockets", "orjson"),
    *("SQLAlchemy", "asyncpg", "redis", "cryptography", "keyring", "starlette", "uvicorn", "PyYAML"),
)
_PYTHONS = ((3, 11), (3, 14))
_LOSES_NONE = "6.12.0"
"""This PySide6 aborts the interpreter of Python 3.11 after some ten thousand events."""
_KEY_FILE = "vault.key"
"""What stands in for a keyring that the machine does not have."""
_APPKEY_LENGTH, _APPSECRET_LENGTH = 36, 180
_FULL_BYTES, _LITTLE_BYTES = 200 * 1024**2, 2 * 1024**3
_HUGE_JOURNAL = 256 * 1024**2


def local_lines(around: Surroundings) -> Iterator[HealthLine]:
    """Look at everything that needs no network."""
    yield program_line()
    yield libraries_line()
    yield config_line(around)
    if around.settings is not None and around.settings.access is not None:
        yield keys_line(around.settings.access)
    yield home_line(around.home.root)
    yield secrets_line(around)
    yield disk_line(around.home.root)
    yield journal_line(around.home.data)
    yield latch_line(around.home.data)


def program_line() -> HealthLine:
    """Tell versions of the program, Python and the system."""
    title, python = Sentence("프로그램"), platform.python_version()
    value = f"KIS Terminal {__version__}, Python {python}, {platform.platform(terse=True)}"
    if not _PYTHONS[0] <= sys.version_info[:2] < _PYTHONS[1]:
        return HealthLine(
            "program", title, value, Verdict.DANGER, Sentence("Python 3.11, 3.12 또는 3.13으로 실행하십시오.")
        )
    return HealthLine("program", title, value)


def libraries_line() -> HealthLine:
    """Tell the versions of the libraries that matter most, and which are missing."""
    title, found, missing = Sentence("라이브러리"), dict[str, str](), list[str]()
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    shown = ", ".join(f"{name} {version}" for name, version in found.items())
    if missing:
        value = Sentence("없음: {names}", names=", ".join(missing))
        advice = Sentence("packaging/run.py로 실행하거나 `pip install .`로 다시 설치하십시오.")
        return HealthLine("libraries", title, value, Verdict.DANGER, advice)
    if found["PySide6-Essentials"] == _LOSES_NONE and sys.version_info[:2] == (3, 11):
        advice = Sentence(
            "PySide6 {version}은 Python 3.11에서 멈춥니다. 6.11로 내리거나 Python 3.12를 쓰십시오.",
            version=_LOSES_NONE,
        )
        return HealthLine("libraries", title, shown, Verdict.DANGER, advice)
    return HealthLine("libraries", title, shown)


def config_line(around: Surroundings) -> HealthLine:
    """Tell which file and variables the settings come from: names, never values."""
    title = Sentence("설정")
    file: str = Sentence("파일 없음")
    if around.config_file is not None:
        file = str(around.config_file)
    if around.problem:
        return HealthLine("config", title, file, Verdict.DANGER, " ".join(around.problem.splitlines()))
    assert around.settings is not None  # noqa: S101 - settings without a problem are there
    value: str = f"{file}: {', '.join(around.present().values())}"
    if around.environment is Environment.SIM:
        value = Sentence("{file} (시뮬레이션에는 키가 필요 없음)", file=file)
    warnings = around.settings.warnings
    if warnings:
        return HealthLine("config", title, value, Verdict.WARN, " ".join(warnings))
    if around.config_file is not None and _is_open(around.config_file):
        advice = Sentence(
            "다른 사용자가 키를 읽을 수 있습니다. `chmod 600 {path}`로 막으십시오.", path=around.config_file
        )
        return HealthLine("config", title, value, Verdict.WARN, advice)
    return HealthLine("config", title, value)


def keys_line(access: KisAccess) -> HealthLine:
    """Tell whether key and secret have KIS's form."""
    title = Sentence("키 형식")
    odd = [
        Sentence("{name} {length}자(보통 {usual}자)", name=name, length=length, usual=usual)
        for name, length, usual in (
            (Sentence("앱키"), len(access.appkey.reveal()), _APPKEY_LENGTH),
            (Sentence("시크릿"), len(access.appsecret.reveal()), _APPSECRET_LENGTH),
        )
        if length != usual
    ]
    value: str = Sentence("계좌 {account}", account=access.account_label)
    if odd:
        value = Sentence("{first}, {second}", first=odd[0], second=odd[1]) if len(odd) > 1 else odd[0]
        advice = Sentence("KIS Developers에서 값을 빠짐없이 복사했는지 확인하십시오.")
        return HealthLine("keys", title, value, Verdict.WARN, advice)
    return HealthLine("keys", title, value)


def home_line(root: Path) -> HealthLine:
    """Tell whether the program's folder can be written."""
    title = Sentence("데이터 폴더")
    existing = _nearest(root)
    if not existing.is_dir():
        advice = Sentence(
            "{path}은(는) 폴더가 아닙니다. KIS_TERMINAL_HOME을 폴더로 바꾸십시오.", path=existing
        )
        return HealthLine("home", title, str(root), Verdict.DANGER, advice)
    try:
        with tempfile.NamedTemporaryFile(prefix=".doctor-", dir=existing) as probe:
            probe.write(b"?")
    except OSError as error:
        advice = Sentence(
            "{path}에 쓸 수 없습니다({why}). 폴더의 소유자와 권한을 고치거나 KIS_TERMINAL_HOME을 바꾸십시오.",
            path=existing,
            why=error.strerror or type(error).__name__,
        )
        return HealthLine("home", title, str(root), Verdict.DANGER, advice)
    if existing != root:
        return HealthLine("home", title, Sentence("{path} (처음 실행할 때 만듭니다)", path=root))
    if sys.platform != "win32" and root.stat().st_mode & 0o022:
        advice = Sentence(
            "다른 사용자가 이 폴더를 바꿀 수 있습니다. `chmod 700 {path}`로 막으십시오.", path=root
        )
        return HealthLine("home", title, str(root), Verdict.WARN, advice)
    return HealthLine("home", title, str(root))


def secrets_line(around: Surroundings) -> HealthLine:
    """Tell whether tokens and logs are closed to other users."""
    title = Sentence("파일 권한")
    folders = (around.home.tokens, around.home.logs)
    files = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    opened = [path for path in (around.home.tokens, *files) if path.exists() and _is_open(path)]
    if opened:
        value = Sentence("다른 사용자에게 열려 있음: {names}", names=", ".join(path.name for path in opened))
        advice = Sentence("`chmod -R go-rwx {path}`로 막으십시오.", path=around.home.root)
        return HealthLine("secrets", title, value, Verdict.WARN, advice)
    if around.home.tokens / _KEY_FILE in files:
        value = Sentence("토큰의 암호화 키가 파일에 있음")
        advice = Sentence(
            "운영체제의 키링을 켜고 {path}를 지우면 키가 키링에 들어갑니다.",
            path=around.home.tokens / _KEY_FILE,
        )
        return HealthLine("secrets", title, value, Verdict.WARN, advice)
    if not files:
        return HealthLine("secrets", title, Sentence("아직 아무 파일도 없음"))
    return HealthLine("secrets", title, Sentence("토큰과 기록은 나만 읽을 수 있음"))


def disk_line(root: Path) -> HealthLine:
    """Tell how much room is left."""
    title = Sentence("남은 공간")
    try:
        free = shutil.disk_usage(_nearest(root)).free
    except OSError as error:
        return HealthLine("disk", title, error.strerror or "?", Verdict.WARN)
    value = f"{free / 1024**3:,.1f} GB"
    if free < _FULL_BYTES:
        advice = Sentence("주문 기록을 쓸 수 없으면 주문이 나가지 않습니다. 디스크를 비우십시오.")
        return HealthLine("disk", title, value, Verdict.DANGER, advice)
    if free < _LITTLE_BYTES:
        return HealthLine(
            "disk", title, value, Verdict.WARN, Sentence("봉과 기록이 쌓이기 전에 디스크를 비우십시오.")
        )
    return HealthLine("disk", title, value)


def journal_line(folder: Path) -> HealthLine:
    """Tell whether every order journal of the environment is sound."""
    title = Sentence("주문 기록")
    lines = size = 0
    paths = sorted(folder.glob("journal-*.sqlite")) if folder.is_dir() else []
    for path in paths:
        try:
            state = examine_journal(path)
        except TerminalError as error:
            return HealthLine("journal", title, path.name, Verdict.DANGER, sentence_of(error))
        lines, size = lines + state.lines, max(size, state.bytes)
    if not paths:
        return HealthLine("journal", title, Sentence("아직 없음 (첫 실행 때 만듭니다)"))
    value = Sentence("파일 {files}개, {lines:,}줄, 이상 없음", files=len(paths), lines=lines)
    if size > _HUGE_JOURNAL:
        advice = Sentence("주문 기록이 큽니다. 창을 닫고 오래된 파일을 다른 곳으로 옮기십시오.")
        return HealthLine("journal", title, value, Verdict.WARN, advice)
    return HealthLine("journal", title, value)


def latch_line(folder: Path) -> HealthLine:
    """Tell whether trading was stopped by panic and never let go again."""
    title = Sentence("주문 잠금")
    halted = False
    for path in sorted(folder.glob("trading-*.json")) if folder.is_dir() else []:
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            halted |= str(kept.get("trading-state", "active")) != "active"
        except (OSError, ValueError, AttributeError):
            halted = True  # as the window itself takes it
    if halted:
        advice = Sentence("창에서 전체취소 결과를 확인하고 잠금을 푸십시오.")
        return HealthLine("latch", title, Sentence("잠겨 있음: 새 주문이 나가지 않음"), Verdict.WARN, advice)
    return HealthLine("latch", title, Sentence("풀려 있음"))


def _nearest(path: Path) -> Path:
    """Return the path itself, or the nearest folder above it that exists."""
    while not path.exists() and path.parent != path:
        path = path.parent
    return path


def _is_open(path: Path) -> bool:
    """Tell whether other users can read a file; Windows keeps its own lists, which are not looked at."""
    if sys.platform == "win32" or not path.exists():
        return False
    state = path.stat()
    return bool(state.st_mode & (stat.S_IRWXG | stat.S_IRWXO)) and state.st_uid == os.geteuid()
