"""The command line: `kis-terminal` opens the window; others print: see the epilog."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from kis_terminal import __version__

_NO_DISPLAY = (
    "화면이 없습니다(DISPLAY와 WAYLAND_DISPLAY가 비어 있음). 화면이 있는 세션에서 실행하거나 "
    "`kis-terminal --screenshot 그림.png --exit-after 8`로 그림만 만드십시오. / No display was found; run "
    "in a graphical session, or make a picture with --screenshot PNG --exit-after SECONDS."
)


_COMMANDS = ("backtest", "bars", "db", "doctor", "orders", "panic", "sim", "strategy")

_EXCHANGE_OPTIONS = (
    ("replay", "FILE", "시뮬레이션에서 기록한 세션을 재생 (주문은 할 수 없음)"),
    ("clock", "HH:MM", "시뮬레이션의 시각. --bars와 함께 쓰면 그날의 일봉을 따라감"),
    ("day", "YYYY-MM-DD", "따라갈 일봉의 날짜 (없으면 마지막 날)"),
    ("speed", "N", "시뮬레이션·재생의 빠르기 (기본 1)"),
)
"""Passed on to the embedded exchange, which reads them as `kis-terminal sim` does."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kis-terminal",
        description="KIS Terminal: 한국투자증권 Open API 트레이딩 터미널. 명령 없이 실행하면 창이 열립니다.",
        epilog="다른 명령: kis-terminal sim --help (내장 거래소만 실행), kis-terminal doctor --help (점검), "
        "kis-terminal orders --help (주문 조회·취소·기록), kis-terminal panic --help (전체취소·정지), "
        "kis-terminal bars --help (봉 받기·가져오기·내보내기), kis-terminal db --help (봉 저장소의 판), "
        "kis-terminal strategy --help (전략 파일 검사), "
        "kis-terminal backtest --help (백테스트)",
    )
    parser.add_argument("--version", action="version", version=f"KIS Terminal {__version__}")
    parser.add_argument(
        "--env",
        choices=("sim", "paper", "real"),
        default="sim",
        help="sim 시뮬레이션(기본), paper 모의투자, real 실전투자",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="kis_devlp.yaml의 위치")
    parser.add_argument("--language", choices=("ko", "en"), help="ko 한국어, en English")
    parser.add_argument("--layout", metavar="NAME", help="저장된 화면 배치 이름")
    parser.add_argument("--screenshot", type=Path, metavar="PNG", help="끝나기 전에 창을 그림으로 저장")
    parser.add_argument("--size", metavar="WxH", help="창 크기 (없으면 지난번 크기, 처음과 그림은 1760x990)")
    parser.add_argument("--exit-after", type=float, metavar="SECONDS", help="그만큼 뒤에 스스로 종료")
    parser.add_argument("--bars", type=Path, metavar="DIR", help="시뮬레이션에 쓸 실제 일봉 폴더")
    parser.add_argument("--seed", type=int, default=None, help="시뮬레이션의 난수 시작값")
    for option, value, words in _EXCHANGE_OPTIONS:
        parser.add_argument(f"--{option}", metavar=value, help=words)
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="모든 호출과 실시간 프레임을 기록 (비밀 정보는 지움)"
    )
    parser.add_argument(
        "--record-limit", type=int, default=512, metavar="MB", help="기록 파일 전체의 크기 (기본 512)"
    )
    return parser


def _no_command(word: str) -> str:
    """Return what is said of a word that is no option: it is no command, or does not stand first."""
    names = ", ".join(_COMMANDS)
    if word in _COMMANDS:
        return (
            f"'{word}'은(는) 맨 앞에 적으십시오: kis-terminal {word} … / "
            f"Write '{word}' first: kis-terminal {word} …"
        )
    return (
        f"'{word}'(이)라는 명령은 없습니다. 있는 명령: {names}. 명령 없이 실행하면 창이 열립니다. / "
        f"There is no command '{word}'. Commands: {names}. Without a command the window opens."
    )


def _size(text: str) -> tuple[int, int] | None:
    """Return width and height, None for a text that is no sensible size."""
    width, _, height = text.partition("x")
    is_sound = all(side.isascii() and side.isdecimal() and len(side) <= 5 for side in (width, height))
    if not is_sound or int(width) < 640 or int(height) < 400:
        return None
    return int(width), int(height)


def _exchange_words(chosen: argparse.Namespace) -> tuple[str, ...]:
    """Return what the embedded exchange is told beside its bars; ends the program over a bad value."""
    given = [(option, getattr(chosen, option)) for option, *_ in _EXCHANGE_OPTIONS]
    words = tuple(word for option, value in given if value is not None for word in (f"--{option}", value))
    if words:
        from kis_terminal.adapters.simulator.options import read_options

        read_options([*words, *(("--bars", str(chosen.bars)) if chosen.bars is not None else ())])
    return words


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 done, 1 failed, 2 bad usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] == "sim":
        from kis_terminal.adapters.simulator.__main__ import main as run_exchange

        return run_exchange(words[1:])
    if words and words[0] == "doctor":
        from kis_terminal.cli.doctor import main as examine

        return examine(words[1:])
    if words and words[0] == "orders":
        from kis_terminal.cli.orders import main as show_orders

        return show_orders(words[1:])
    if words and words[0] == "backtest":
        from kis_terminal.cli.backtest import main as backtest

        return backtest(words[1:])
    if words and words[0] == "panic":
        from kis_terminal.cli.panic import main as panic

        return panic(words[1:])
    if words and words[0] == "db":
        from kis_terminal.cli.db import main as tend_database

        return tend_database(words[1:])
    if words and words[0] == "bars":
        from kis_terminal.cli.bars import main as tend_bars

        return tend_bars(words[1:])
    if words and words[0] == "strategy":
        from kis_terminal.cli.strategy import main as look_at_strategies

        return look_at_strategies(words[1:])
    parser = _parser()
    chosen, rest = parser.parse_known_args(words)
    if rest:
        if not rest[0].startswith("-"):
            print(_no_command(rest[0]), file=sys.stderr)
            return 2
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if chosen.exit_after is not None and not 0 < chosen.exit_after < 1e6:
        parser.error(f"--exit-after {chosen.exit_after}: 0보다 큰 초를 적으십시오")
    size = _size(chosen.size) if chosen.size is not None else None
    if chosen.size is not None and size is None:
        parser.error(f"--size {chosen.size}: 1760x990처럼 너비x높이로 적으십시오(640x400 이상)")
    if chosen.bars is not None and not chosen.bars.is_dir():
        parser.error(f"--bars {chosen.bars}: 그런 폴더가 없습니다")
    exchange_words = _exchange_words(chosen)
    if exchange_words and chosen.env != "sim":
        parser.error(f"{exchange_words[0]}: --env sim에서만 쓸 수 있습니다")
    if chosen.replay is not None and not Path(chosen.replay).is_file():
        parser.error(f"--replay {chosen.replay}: 그런 파일이 없습니다")
    if chosen.record is not None and chosen.record.exists():
        parser.error(f"--record {chosen.record}: 이미 있는 파일입니다. 다른 이름을 적으십시오")
    if chosen.record_limit < 1:
        parser.error(f"--record-limit {chosen.record_limit}: 1 이상을 적으십시오")
    if not _has_display():
        if chosen.screenshot is None:
            print(_NO_DISPLAY, file=sys.stderr)
            return 2
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from kis_terminal.options import Options
    from kis_terminal.start import start

    return start(
        Options(
            environment=chosen.env,
            config=chosen.config,
            language=chosen.language,
            layout=chosen.layout,
            screenshot=chosen.screenshot,
            size=size,
            exit_after=chosen.exit_after,
            bars=chosen.bars,
            seed=chosen.seed,
            exchange_words=exchange_words,
            record=chosen.record,
            record_limit=chosen.record_limit,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
