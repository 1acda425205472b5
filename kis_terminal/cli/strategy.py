"""`kis-terminal strategy`: check, show, mend and export strategy files; trust Python ones. Nothing is run."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kis_terminal.adapters.strategy_files.python_files import FULL_RIGHTS, PythonFile, examine
from kis_terminal.adapters.strategy_files.reader import SUFFIXES, StrategyDocument, read_file
from kis_terminal.adapters.strategy_files.trust import TRUST_FILE, TrustStore
from kis_terminal.adapters.strategy_files.writer import (
    fixed_text,
    save_file,
    text_for_backtester,
    text_for_builder,
)
from kis_terminal.cli.strategy_words import parts
from kis_terminal.cli.tables import Heading, table
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded, SettingsError, TerminalError
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.problems import Problem, Severity
from kis_terminal.resource_files import resource_path
from kis_terminal.settings import load_settings
from kis_terminal.ui.translation import said, set_language, tr


def build_parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(
        prog="kis-terminal strategy",
        description="전략 파일(.kis.yaml)을 검사하고 보여 줍니다. 여기서는 아무것도 실행하지 않습니다.",
        epilog="끝날 때의 코드: 0 됨, 1 오류가 있음, 2 잘못된 사용",
    )
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="모든 문제를 줄 번호와 함께 보여 줌")
    check.add_argument("files", nargs="+", metavar="FILE")
    listing = actions.add_parser("list", help="기본 전략과 폴더의 전략")
    listing.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="없으면 기본 전략")
    show = actions.add_parser("show", help="전략 하나를 말로 풀어서 보여 줌")
    show.add_argument("strategy", metavar="FILE|NAME")
    fix = actions.add_parser("fix", help="결코 참이 되지 않는 조건을 고침")
    fix.add_argument("strategy", metavar="FILE|NAME")
    export = actions.add_parser("export", help="KIS의 프로그램이 읽는 꼴로 내보냄")
    export.add_argument("strategy", metavar="FILE|NAME")
    export.add_argument("--for", dest="reader", choices=("builder", "backtester"), required=True)
    for writes in (fix, export):
        writes.add_argument("--out", type=Path, metavar="FILE", help="없으면 화면에 적음")
    trust = actions.add_parser("trust", help="파이썬 전략의 지금 내용을 믿음 (실행을 허락함)")
    trust.add_argument("file", type=Path, metavar="FILE.py")
    trust.add_argument("--withdraw", action="store_true", help="더는 믿지 않음")
    trust.add_argument("--yes", action="store_true", help="묻지 않음")
    trust.add_argument("--env", choices=("sim", "paper", "real"), default="sim", help="믿는 환경 (기본 sim)")
    for action in (check, listing, show, fix, export, trust):
        action.add_argument("--language", choices=("ko", "en"), default="ko", help="ko 한국어, en English")
        action.add_argument("--json", action="store_true", help="JSON으로 출력")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 done, 1 a file has errors, 2 bad usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console without Hangul shows the rest all the same
    chosen = build_parser().parse_args(arguments)
    set_language(chosen.language)
    actions = {"check": _check, "list": _list, "show": _show, "fix": _fix, "export": _export, "trust": _trust}
    try:
        return actions[chosen.action](chosen)
    except SettingsError as error:
        print(said(error), file=sys.stderr)
        return 2
    except TerminalError as error:
        print(said(error), file=sys.stderr)
        return 1


def find_strategy(word: str) -> Path:
    """Return the file that a path or the name of a preset means."""
    path = Path(word).expanduser()
    if path.exists() or path.suffix:
        return path
    try:
        return resource_path(f"strategies/{word}{SUFFIXES[0]}")
    except FileNotFoundError:
        return path


def _check(chosen: argparse.Namespace) -> int:
    documents: list[StrategyDocument | PythonFile] = []
    is_missing = False
    for word in chosen.files:
        path = find_strategy(word)
        try:
            documents.append(examine(path) if path.suffix == ".py" else read_file(path))
        except CorrectionNeeded as error:
            print(said(error), file=sys.stderr)
            is_missing = True
    if chosen.json:
        _print_json({"files": [_told(one) for one in documents]})
    else:
        for one in documents:
            _print_check(one)
    if is_missing:
        return 2
    return int(any(_has_errors(one) for one in documents))


def _has_errors(document: StrategyDocument | PythonFile) -> bool:
    return bool(document.errors) if isinstance(document, StrategyDocument) else not document.classes


def _without_class(file: PythonFile) -> Sentence:
    return Sentence(
        "{name}: 오류: Strategy를 상속한 클래스가 없어 전략으로 실행할 수 없습니다.", name=file.name
    )


def _print_check(document: StrategyDocument | PythonFile) -> None:
    if isinstance(document, PythonFile):
        _print_python(document)
        return
    counts = {
        severity: sum(problem.severity is severity for problem in document.problems) for severity in Severity
    }
    print(
        tr(
            "{name}: 오류 {errors}, 경고 {warnings}, 알림 {notes}",
            name=document.name,
            errors=counts[Severity.ERROR],
            warnings=counts[Severity.WARNING],
            notes=counts[Severity.NOTE],
        )
    )
    words = {Severity.ERROR: tr("오류"), Severity.WARNING: tr("경고"), Severity.NOTE: tr("알림")}
    rows = [
        (str(problem.line), words[problem.severity], said(problem.sentence)) for problem in document.problems
    ]
    if rows:
        headings = [Heading(tr("줄"), is_number=True, least=4), Heading(tr("종류")), Heading(tr("내용"))]
        print("\n".join(table(headings, rows)))
    if any(problem.can_fix for problem in document.problems):
        print(tr("고치기: kis-terminal strategy fix {name} --out 새파일", name=document.name))


def _print_python(file: PythonFile) -> None:
    print(f"{file.name}  SHA-256 {file.digest}")
    if not file.classes:
        print(said(_without_class(file)))
    print(said(FULL_RIGHTS))
    for warning in file.warnings:
        print(f"! {said(warning)}")
    print(tr("클래스: {names}", names=", ".join(file.classes) or "-"))
    print(tr("불러오는 것: {names}", names=", ".join(file.imports) or "-"))


def _told(document: StrategyDocument | PythonFile) -> dict[str, Any]:
    if isinstance(document, PythonFile):
        return {
            "file": document.name,
            "kind": "python",
            "sha256": document.digest,
            "classes": list(document.classes),
            "imports": list(document.imports),
            "errors": [] if document.classes else [said(_without_class(document))],
            "warnings": [said(warning) for warning in document.warnings],
        }
    return {
        "file": document.name,
        "kind": "yaml",
        "is_runnable": document.spec is not None,
        "id": document.spec.id if document.spec else None,
        "name": document.spec.name if document.spec else None,
        "problems": [_told_problem(problem) for problem in document.problems],
    }


def _told_problem(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "severity": problem.severity.value,
        "code": problem.code,
        "sentence": said(problem.sentence),
        "can_fix": problem.can_fix,
    }


def _list(chosen: argparse.Namespace) -> int:
    folder: Path = chosen.folder or resource_path("strategies")
    if not folder.is_dir():
        print(tr("그런 폴더가 없습니다: {path}", path=folder), file=sys.stderr)
        return 2
    documents = [read_file(path) for path in sorted(folder.iterdir()) if path.name.endswith(SUFFIXES)]
    if chosen.json:
        _print_json({"strategies": [_row(one) for one in documents]})
        return 0
    headings = [Heading(tr("이름")), Heading(tr("파일")), Heading(tr("설명"))]
    rows = [
        (
            one.spec.name if one.spec else tr("오류 {count}개", count=len(one.errors)),
            one.name.removesuffix(SUFFIXES[0]),
            one.spec.metadata.description if one.spec else said(one.errors[0].sentence),
        )
        for one in documents
    ]
    print("\n".join(table(headings, rows)))
    return 0


def _row(document: StrategyDocument) -> dict[str, Any]:
    spec = document.spec
    return {
        "file": document.name,
        "id": spec.id if spec else None,
        "name": spec.name if spec else None,
        "description": spec.metadata.description if spec else None,
        "category": spec.category if spec else None,
        "errors": len(document.errors),
    }


def _show(chosen: argparse.Namespace) -> int:
    document = read_file(find_strategy(chosen.strategy))
    found = parts(document.sound())
    if chosen.json:
        _print_json(found.told())
    else:
        print("\n".join(found.lines()))
    for problem in document.problems:
        if problem.severity is Severity.WARNING:
            words = tr("경고 {line}행: {sentence}", line=problem.line, sentence=problem.sentence)
            print(f"! {words}", file=sys.stderr if chosen.json else sys.stdout)
    return 0


def _fix(chosen: argparse.Namespace) -> int:
    document = read_file(find_strategy(chosen.strategy))
    text = fixed_text(document)
    if text == document.text:
        print(tr("고칠 것이 없습니다."), file=sys.stderr)
    return _give(text, chosen)


def _export(chosen: argparse.Namespace) -> int:
    spec = read_file(find_strategy(chosen.strategy)).sound()
    text, losses = text_for_builder(spec) if chosen.reader == "builder" else text_for_backtester(spec)
    for loss in losses:
        print(f"! {said(loss)}", file=sys.stderr)
    return _give(text, chosen)


def _give(text: str, chosen: argparse.Namespace) -> int:
    if chosen.out is not None:
        save_file(chosen.out, text)
        print(tr("저장했습니다: {path}", path=chosen.out), file=sys.stderr)
    elif chosen.json:
        _print_json({"text": text})
    else:
        sys.stdout.write(text)
    return 0


def _trust(chosen: argparse.Namespace) -> int:
    file = examine(chosen.file)
    settings = load_settings(
        environment=Environment(chosen.env),
        config=None,
        language=chosen.language,
        environ=os.environ,
        cwd=Path.cwd(),
    )
    store = TrustStore(settings.home.data / TRUST_FILE)
    if chosen.withdraw:
        store.withdraw(file.digest)
        print(tr("{name}의 지금 내용은 이제 실행되지 않습니다.", name=file.name))
        return 0
    _print_python(file)
    if not chosen.yes:
        word = input(tr("믿으려면 파일 이름({name})을 그대로 입력하십시오: ", name=file.name))
        if word.strip() != file.name:
            print(tr("믿지 않았습니다."), file=sys.stderr)
            return 1
    store.trust(file.digest, file.name, datetime.now(UTC))
    print(tr("{name}의 지금 내용을 {env} 환경에서 실행할 수 있습니다.", name=file.name, env=chosen.env))
    return 0


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
