"""`kis-terminal backtest`: one strategy over bars, by the engine of the window; figures, reports, sweeps."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kis_terminal.cli.account import open_account, refuse_settings, run
from kis_terminal.cli.korean_usage import KoreanParser, day, number, whole_number
from kis_terminal.domain.errors import CorrectionNeeded, SettingsError, TerminalError
from kis_terminal.ui.translation import said, tr

_INTERVALS = ("1m", "3m", "5m", "10m", "15m", "30m", "60m", "1d", "1w", "1M")
_STRATEGY_ENDINGS = (".yaml", ".yml", ".py")


def build_parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = KoreanParser(
        prog="kis-terminal backtest",
        description="전략을 과거의 봉으로 실행합니다. --bars가 없으면 봉은 캐시에서, 없는 것만 KIS(기본은 "
        "시뮬레이션)에서 받습니다. 창의 백테스트 화면과 같은 계산입니다.",
        epilog="끝날 때의 코드: 0 됨, 1 실패, 2 잘못된 사용. 예: kis-terminal backtest golden_cross "
        "--symbols 005930 000660 --from 2015-01-01 --json 결과.json --html 결과.html",
    )
    parser.add_argument("strategy", nargs="?", metavar="STRATEGY", help="전략 파일이나 기본 전략의 이름")
    parser.add_argument(
        "--symbols", nargs="+", default=[], metavar="SYMBOL", help="종목코드 (--bars면 없을 때 파일의 전부)"
    )
    parser.add_argument("--from", dest="start", type=day, metavar="YYYY-MM-DD", help="첫날")
    parser.add_argument("--to", dest="end", type=day, metavar="YYYY-MM-DD", help="마지막 날")
    parser.add_argument("--interval", choices=_INTERVALS, help="주기 (기본 1d, --bars면 파일의 주기)")
    parser.add_argument("--bars", type=Path, metavar="FILE|DIR", help="봉 파일이나 폴더 (CSV, gz, Parquet)")
    parser.add_argument("--raw", action="store_true", help="수정주가 대신 원주가")
    _add_rules(parser)
    _add_outputs(parser)
    parser.add_argument(
        "--env", choices=("sim", "paper", "real"), default="sim", help="봉을 어디서 받을지 (기본 sim)"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="kis_devlp.yaml의 위치")
    parser.add_argument("--language", choices=("ko", "en"), help="ko 한국어, en English")
    return parser


def _add_rules(parser: argparse.ArgumentParser) -> None:
    rules = parser.add_argument_group("자금과 체결")
    rules.add_argument(
        "--cash", type=number, default=100_000_000.0, metavar="WON", help="시작 금액 (기본 1억)"
    )
    rules.add_argument(
        "--size", metavar="10|95%", help="한 번에 살 주식 수, 또는 평가금액의 비율 (기본 같은 비중)"
    )
    rules.add_argument(
        "--fill",
        choices=("next-open", "close"),
        default="next-open",
        help="다음 시가(기본) 또는 신호 봉 종가",
    )
    rules.add_argument(
        "--stops", choices=("close", "intrabar"), default="close", help="손절·익절을 판단하는 때"
    )
    for name, words in (("commission", "수수료율"), ("tax", "매도 세율"), ("slippage", "슬리피지")):
        rules.add_argument(f"--{name}", type=number, metavar="RATE", help=f"{words} (0.00015는 0.015%%)")
    rules.add_argument("--benchmark", metavar="SYMBOL", help="종목코드나 지수(0001 코스피)")
    rules.add_argument(
        "--set", dest="values", action="append", default=[], metavar="NAME=VALUE", help="매개변수 (여러 번)"
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    outputs = parser.add_argument_group("결과와 탐색")
    outputs.add_argument("--json", metavar="OUT", help="결과를 JSON으로 (-는 표준 출력)")
    outputs.add_argument("--html", type=Path, metavar="OUT", help="보고서 한 파일")
    outputs.add_argument("--xlsx", type=Path, metavar="OUT", help="엑셀 파일")
    outputs.add_argument("--csv", type=Path, metavar="DIR", help="CSV 폴더")
    outputs.add_argument(
        "--sweep", action="append", default=[], metavar="NAME=A:B:STEP", help="매개변수를 움직임 (여러 번)"
    )
    outputs.add_argument("--method", choices=("grid", "random", "tpe"), default="grid", help="탐색 방법")
    outputs.add_argument(
        "--samples", type=whole_number, default=200, metavar="N", help="무작위·TPE의 표본 수 (기본 200)"
    )
    outputs.add_argument("--target", default="sharpe", metavar="FIGURE", help="탐색의 목표 (기본 sharpe)")
    outputs.add_argument("--walk-forward", metavar="TRAIN:TEST", help="전진분석: 학습과 검증의 봉 수")
    outputs.add_argument("--scheduler", default="", metavar="tcp://…", help="Dask 클러스터의 주소")


def _checked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = build_parser()
    chosen = parser.parse_args(arguments)
    symbols = [part for word in chosen.symbols for part in word.split(",") if part]
    if chosen.strategy is None and symbols and symbols[-1].endswith(_STRATEGY_ENDINGS):
        chosen.strategy = symbols.pop()  # `--symbols A B FILE` takes the file along
    elif chosen.strategy is None and len(symbols) > 1 and not symbols[-1][:1].isdigit():
        chosen.strategy = symbols.pop()
    chosen.symbols = list(dict.fromkeys(symbols))
    if chosen.strategy is None:
        parser.error("전략 파일이나 기본 전략의 이름을 적으십시오 (kis-terminal strategy list)")
    if not chosen.symbols and chosen.bars is None:
        parser.error("--symbols로 종목을, 또는 --bars로 봉 파일을 적으십시오")
    if chosen.start is not None and chosen.end is not None and chosen.start > chosen.end:
        parser.error(f"--from {chosen.start}: --to {chosen.end}보다 늦습니다")
    if not 0 < chosen.cash < 1e15:
        parser.error(f"--cash {chosen.cash:g}: 0보다 큰 금액을 적으십시오")
    for name in ("commission", "tax", "slippage"):
        rate = getattr(chosen, name)
        if rate is not None and not 0 <= rate < 0.5:
            parser.error(f"--{name} {rate:g}: 0 이상 0.5 미만의 비율을 적으십시오 (0.00015는 0.015%)")
    if chosen.samples < 1:
        parser.error(f"--samples {chosen.samples}: 1 이상을 적으십시오")
    if chosen.walk_forward and not chosen.sweep:
        parser.error("--walk-forward에는 --sweep으로 움직일 매개변수가 있어야 합니다")
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; returns 0 done, 1 failed, 2 bad usage, settings, strategy or bars."""
    chosen = _checked(arguments)
    try:
        return _run(chosen)
    except KeyboardInterrupt:  # while the engine was being loaded
        print(tr("멈췄습니다."), file=sys.stderr)
        return 1


def _run(chosen: argparse.Namespace) -> int:
    json_out, chosen.json = chosen.json, chosen.json == "-"
    try:
        account, output = open_account(chosen, needs_keys=False)
    except SettingsError as error:
        return refuse_settings(error)
    # numba and the engine: not before the settings are known to be sound.
    from kis_terminal.cli.backtest_actions import BacktestCommand

    async def work() -> int:
        try:
            return await BacktestCommand(account, output, chosen, json_out).run()
        except CorrectionNeeded as error:
            output.problem(said(error))
            return 2
        except TerminalError as error:
            output.problem(said(error))
            return 1

    code = run(work, output)
    if code is None:
        output.problem(tr("멈췄습니다."))
    return 1 if code is None else code
