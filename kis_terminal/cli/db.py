"""`kis-terminal db`: which version the bar store has and what lies in it; bring it up to date."""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kis_terminal.adapters.storage.bar_place import StorePlace, store_place
from kis_terminal.cli.account import Output
from kis_terminal.cli.store_checks import version_words
from kis_terminal.cli.surroundings import look_around
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.sentences import sentence_of
from kis_terminal.log import Redactor
from kis_terminal.ui.translation import said, set_language, tr

if TYPE_CHECKING:
    from kis_terminal.adapters.storage.database import StoreState


def build_parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(
        prog="kis-terminal db",
        description="봉 저장소(SQLite 파일, 또는 DATABASE_URL의 PostgreSQL)를 살펴보거나 그 표를 이 "
        "프로그램에 맞게 올립니다. 프로그램도 저장소를 처음 열 때 스스로 올립니다.",
        epilog="끝날 때의 코드: 0 됨, 1 저장소를 쓸 수 없음, 2 잘못된 사용",
    )
    parser.add_argument("action", choices=("status", "upgrade"), help="status 살펴보기, upgrade 올리기")
    parser.add_argument(
        "--env",
        choices=("sim", "paper", "real"),
        default="sim",
        help="sim 시뮬레이션(기본), paper 모의투자, real 실전투자: SQLite 파일은 환경마다 따로 있음",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="kis_devlp.yaml의 위치")
    parser.add_argument("--language", choices=("ko", "en"), help="ko 한국어, en English")
    parser.add_argument("--json", action="store_true", help="표 대신 JSON으로 출력")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Look or upgrade; returns 0 done, 1 the store cannot be used, 2 for bad settings or usage."""
    chosen = build_parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console without Hangul shows the rest all the same
    around = look_around(Environment(chosen.env), chosen.config, chosen.language)
    set_language(around.settings.language if around.settings is not None else chosen.language or "ko")
    if around.settings is None:
        print(around.problem, file=sys.stderr)
        return 2
    url = around.settings.database_url
    place = store_place(None if url is None else url.reveal(), around.home.data)
    return _tend(place, Output(Redactor(), is_json=chosen.json), is_upgrade=chosen.action == "upgrade")


def _tend(place: StorePlace, output: Output, *, is_upgrade: bool) -> int:
    # SQLAlchemy takes a second to load: not before the settings are known to be sound.
    from kis_terminal.adapters.storage.database import state_of, upgrade

    try:
        before = asyncio.run(state_of(place))
        after = asyncio.run(upgrade(place)) if is_upgrade else before
    except StoreUnavailable as error:
        output.problem(said(sentence_of(error)))
        output.told({"store": place.label, "error": str(error)})
        return 1
    for line in _lines(place, before, after, is_upgrade=is_upgrade):
        output.line(line)
    output.told(_as_object(place, before, after))
    return 1 if after.is_newer else 0


def _lines(place: StorePlace, before: StoreState, after: StoreState, *, is_upgrade: bool) -> list[str]:
    lines = [tr("봉 저장소: {store}", store=place.label), said(version_words(after))]
    if is_upgrade and before.version != after.version:
        lines.append(tr("표를 올렸습니다."))
    return lines


def _as_object(place: StorePlace, before: StoreState, after: StoreState) -> dict[str, Any]:
    from kis_terminal.adapters.storage.schema import HEAD

    return {
        "store": place.label,
        "version": after.version,
        "version_before": before.version,
        "version_of_program": HEAD,
        "is_current": after.is_current,
        "series": after.series,
        "bars": after.bars,
        "bytes": after.bytes_used,
    }
