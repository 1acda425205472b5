"""`kis-terminal doctor`: look at everything the program needs, say how it is and what to do."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kis_terminal import __version__
from kis_terminal.adapters.simulator.process import ExchangeProcess
from kis_terminal.cli.broker_checks import broker_lines
from kis_terminal.cli.display_check import display_lines
from kis_terminal.cli.local_checks import local_lines
from kis_terminal.cli.store_checks import store_lines
from kis_terminal.cli.surroundings import Surroundings, look_around
from kis_terminal.cli.tables import padded, room_after, width, wrapped
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.log import Redactor, set_up_logging
from kis_terminal.settings import Secret
from kis_terminal.settings_sources import home_root
from kis_terminal.ui.translation import said, set_language, tr

_CODES = {Verdict.OK: "ok", Verdict.WARN: "warn", Verdict.DANGER: "fail"}
_ENVIRONMENTS = {
    Environment.SIM: Sentence("시뮬레이션"),
    Environment.PAPER: Sentence("모의투자"),
    Environment.REAL: Sentence("실전투자"),
}


def build_parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(
        prog="kis-terminal doctor",
        description="설정, 키, 시계, 네트워크, 저장소, 화면을 살펴보고 할 일을 알려 줍니다. "
        "주문은 보내지 않습니다.",
        epilog="끝날 때의 코드: 0 실패 없음, 1 실패 있음, 2 잘못된 사용",
    )
    parser.add_argument(
        "--env",
        choices=("sim", "paper", "real"),
        default="sim",
        help="sim 시뮬레이션(기본), paper 모의투자, real 실전투자",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="kis_devlp.yaml의 위치")
    parser.add_argument("--language", choices=("ko", "en"), help="ko 한국어, en English")
    parser.add_argument("--json", action="store_true", help="표 대신 JSON으로 출력")
    parser.add_argument(
        "--restore-config",
        action="store_true",
        help="마지막으로 제대로 읽은 설정 파일을 지금의 파일 옆에 꺼내 놓기만 함 (paper, real)",
    )
    parser.add_argument(
        "--login",
        action="store_true",
        help="저장된 토큰이 없으면 새로 받아 조회까지 확인 (없으면 토큰을 쓰지 않음)",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine and print; returns 0 when nothing failed, 1 otherwise (2 is argparse's, for bad usage)."""
    chosen = build_parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console without Hangul shows the rest all the same
    if chosen.restore_config:
        set_language(chosen.language or "ko")
        return _restore_config(Environment(chosen.env), chosen.config)
    around = look_around(Environment(chosen.env), chosen.config, chosen.language)
    set_language(around.settings.language if around.settings is not None else chosen.language or "ko")
    redactor = Redactor()
    _hide_secrets(around, redactor)
    logging_ = set_up_logging(None, redactor=redactor)  # what the adapters log is not for this table
    try:
        lines = asyncio.run(_examine(around, redactor, may_log_in=chosen.login))
    finally:
        logging_.close()
    text = _as_json(lines, around) if chosen.json else _as_table(lines, around)
    print(redactor.clean(text))
    return 1 if any(line.verdict is Verdict.DANGER for line in lines) else 0


def _restore_config(environment: Environment, config: Path | None) -> int:
    """Put the last good settings file beside the one in use; a person looks at it and moves it into place."""
    from kis_terminal.adapters.kis.kept_config import KeptConfig

    folder = home_root(os.environ) / "tokens"
    beside = (config or Path("kis_devlp.yaml")).absolute()
    try:
        path = KeptConfig(folder, environment).put_beside(beside)
    except OSError as error:
        print(tr("꺼낼 수 없습니다: {why}", why=error.strerror or type(error).__name__), file=sys.stderr)
        return 1
    if path is None:
        print(tr("남아 있는 설정이 없습니다."), file=sys.stderr)
        return 1
    print(tr("{path}에 꺼냈습니다. 확인한 뒤 제자리로 옮기십시오.", path=path))
    return 0


def _hide_secrets(around: Surroundings, redactor: Redactor) -> None:
    settings = around.settings
    if settings is None:
        return
    if settings.access is not None:
        redactor.add(settings.access.appkey.reveal(), settings.access.appsecret.reveal())
        redactor.add_account(settings.access.cano)
    for url in (settings.database_url, settings.redis_url):
        if isinstance(url, Secret):
            try:
                password = urlsplit(url.reveal()).password or ""
            except ValueError:
                continue
            redactor.add(password, unquote(password))


async def _examine(around: Surroundings, redactor: Redactor, *, may_log_in: bool) -> list[HealthLine]:
    lines = list(local_lines(around))
    lines += await asyncio.to_thread(display_lines)
    settings = around.settings
    if settings is None:
        return lines
    lines += await store_lines(settings)
    if settings.access is not None:
        lines += await broker_lines(
            settings.access, settings.home.tokens, may_log_in=may_log_in, on_secret=redactor.add
        )
        return lines
    began = time.perf_counter()
    exchange = ExchangeProcess()
    title = Sentence("내장 거래소")
    try:
        address = await exchange.ready()
        taken = time.perf_counter() - began
        lines.append(HealthLine("exchange", title, Sentence("시작됨 ({n:.1f}초)", n=taken)))
        access = settings.access_for_sim(address.rest, address.ws)
        redactor.add(access.appkey.reveal(), access.appsecret.reveal())
        lines += await broker_lines(access, settings.home.tokens, may_log_in=True, on_secret=redactor.add)
    except TerminalError as error:
        lines.append(
            HealthLine("exchange", title, Sentence("시작되지 않음"), Verdict.DANGER, sentence_of(error))
        )
    finally:
        await asyncio.to_thread(exchange.stop)
    return lines


def _as_json(lines: Sequence[HealthLine], around: Surroundings) -> str:
    counts = Counter(_CODES[line.verdict] for line in lines)
    told = {
        "program": f"KIS Terminal {__version__}",
        "environment": around.environment.value,
        "counts": {code: counts[code] for code in _CODES.values()},
        "checks": [
            {
                "id": line.key,
                "title": said(line.title),
                "verdict": _CODES[line.verdict],
                "value": said(line.value),
                "advice": said(line.advice),
            }
            for line in lines
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def _as_table(lines: Sequence[HealthLine], around: Surroundings) -> str:
    words = {
        Verdict.OK: tr("정상", context="verdict"),
        Verdict.WARN: tr("주의"),
        Verdict.DANGER: tr("실패"),
    }
    verdict_width = max(map(width, words.values()))
    title_width = max(width(said(line.title)) for line in lines)
    begin = verdict_width + title_width + 4
    room = room_after(begin)
    indent = " " * begin
    written = [f"KIS Terminal {__version__} doctor · {said(_ENVIRONMENTS[around.environment])}", ""]
    for line in lines:
        head = f"{padded(words[line.verdict], verdict_width)}  {padded(said(line.title), title_width)}"
        first, *rest = wrapped(said(line.value), room)
        written += [f"{head}  {first}".rstrip(), *(indent + more for more in rest)]
        if line.advice:
            first, *rest = wrapped(said(line.advice), room - 2)
            written += [f"{indent}→ {first}", *(f"{indent}  {more}" for more in rest)]
    counts = Counter(line.verdict for line in lines)
    summary = " · ".join(f"{words[verdict]} {counts[verdict]}" for verdict in words)
    return "\n".join([*written, "", summary])
