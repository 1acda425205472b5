"""`kis-terminal bars`: fetch bars into the store, see what is there, take files in, write files out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from kis_terminal.cli.account import Account, Output, add_options, open_account, refuse_settings, run
from kis_terminal.domain.errors import SettingsError, TerminalError
from kis_terminal.ui.translation import said, tr

_INTERVALS = ("1m", "3m", "5m", "10m", "15m", "30m", "60m", "1d", "1w", "1M", "1y")
_EXCHANGES = ("NAS", "NYS", "AMS", "HKS", "TSE", "SHS", "SZS", "HSX", "HNX")


def build_parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(
        prog="kis-terminal bars",
        description="봉 저장소를 채우고 살펴봅니다. 받은 기간은 기록되어 다시 받지 않습니다.",
        epilog="끝날 때의 코드: 0 됨, 1 받지 못했거나 빠진 것이 있음, 2 잘못된 사용",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="{fetch,status,import,export}")
    fetch = actions.add_parser(
        "fetch",
        help="KIS에서 받아 저장",
        description="종목들의 봉을 KIS에서 받아 저장합니다. 저장된 기간은 부르지 않고, 멈추면 다음에 "
        "이어 받습니다. 주문은 기다리지 않습니다.",
        epilog="예: kis-terminal bars fetch 005930 000660 --from 2015-01-01",
    )
    fetch.add_argument("symbols", nargs="+", metavar="종목", help="종목코드 (지수는 0001 1001 2001)")
    fetch.add_argument(
        "--from", dest="start", type=date.fromisoformat, metavar="YYYY-MM-DD", help="첫날 (기본 10년 전)"
    )
    fetch.add_argument(
        "--to", dest="end", type=date.fromisoformat, metavar="YYYY-MM-DD", help="끝날 (기본 오늘)"
    )
    _add_series(fetch)
    status = actions.add_parser("status", help="저장된 봉", description="저장된 종목과 기간을 보여 줍니다.")
    status.add_argument("symbols", nargs="*", metavar="종목", help="이 종목들만")
    taking = actions.add_parser(
        "import",
        help="CSV·Parquet 파일을 저장",
        description="다른 프로그램의 봉 파일을 읽어 저장합니다. 무엇을 고치고 무엇을 받지 않았는지 날짜와 "
        "함께 보여 줍니다. 시장의 봉이므로 내장 거래소(sim)가 지어낸 봉과 섞이지 않게 모의·실전의 저장소에 "
        "넣습니다. 폴더를 주면 그 안의 모든 .csv, .csv.gz, .txt, .parquet을 읽습니다.",
    )
    taking.add_argument("path", type=Path, metavar="FILE|DIR")
    taking.add_argument("--symbol", default="", metavar="종목", help="한 파일의 종목코드 (파일 이름 대신)")
    taking.add_argument("--check", action="store_true", help="저장하지 않고 보고만")
    taking.add_argument("--replace", action="store_true", help="저장된 봉과 다르면 저장된 것을 지우고 넣음")
    _add_product(taking)
    export = actions.add_parser("export", help="저장된 봉을 파일로", description="저장된 봉을 파일로 씁니다.")
    export.add_argument("symbols", nargs="+", metavar="종목")
    export.add_argument("--out", type=Path, required=True, metavar="FILE|DIR", help="파일, 여럿이면 폴더")
    export.add_argument(
        "--format", choices=("csv", "parquet"), help="없으면 파일 이름대로, 그것도 없으면 csv"
    )
    _add_series(export)
    add_options(fetch)
    add_options(export)
    for action, words in (
        (taking, "paper 모의투자(기본)·real 실전투자의 저장소에 넣음. 키가 없어도 됩니다"),
        (status, "이 환경의 저장소만 (기본은 모두)"),
    ):
        action.add_argument("--env", choices=("sim", "paper", "real"), help=words)
        add_options(action, has_environment=False)
    return parser


def _add_product(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--product",
        choices=("stock", "index", "overseas"),
        default="stock",
        help="stock 국내 주식·ETF(기본), index 지수, overseas 해외주식",
    )
    parser.add_argument("--exchange", choices=_EXCHANGES, default="NAS", help="해외 거래소 (기본 NAS)")


def _add_series(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--interval", choices=_INTERVALS, default="1d", help="주기 (기본 1d)")
    parser.add_argument("--raw", action="store_true", help="수정주가 대신 원주가")
    _add_product(parser)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one of the four; returns 0 done, 1 something is missing, 2 for bad settings or usage."""
    parser = build_parser()
    chosen = parser.parse_args(arguments)
    if (
        chosen.action == "fetch"
        and chosen.start is not None
        and chosen.end is not None
        and chosen.start > chosen.end
    ):
        parser.error(f"--from {chosen.start}: --to {chosen.end}보다 늦습니다")
    chosen.is_every = chosen.action == "status" and chosen.env is None
    chosen.env = chosen.env or ("paper" if chosen.action == "import" else "sim")
    try:
        account, output = open_account(chosen, needs_keys=chosen.action == "fetch")
    except SettingsError as error:
        return refuse_settings(error)
    # numpy and the database: not before the settings are known to be sound.
    from kis_terminal.cli import bar_actions, bar_taking

    act = {
        "fetch": bar_actions.fetch,
        "status": bar_actions.status,
        "import": bar_taking.take_in,
        "export": bar_actions.export,
    }[chosen.action]

    async def work(account: Account, output: Output) -> int:
        try:
            return await act(account, output, chosen)
        except TerminalError as error:
            output.problem(said(error))
            output.told({**account.told(), "error": str(error)})
            return 1

    code = run(lambda: work(account, output), output)
    if code is None:
        output.problem(tr("멈췄습니다. 받은 봉은 저장되어 있어 다시 실행하면 이어 받습니다."))
    return 1 if code is None else code
