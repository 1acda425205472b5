"""What `kis-terminal bars import` does: files into the market's store, never into the made-up one's."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kis_terminal.adapters.bar_files import read_bar_files
from kis_terminal.cli.account import Account, Output
from kis_terminal.cli.bar_actions import key_told
from kis_terminal.cli.bar_desk import bar_store, place_of
from kis_terminal.cli.tables import Heading, table
from kis_terminal.domain.bar_columns import Product
from kis_terminal.domain.bar_import.report import BarFiles, Finding, FindingKind
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import CorrectionNeeded, StoreUnavailable
from kis_terminal.domain.instruments import InstrumentKind
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import BarStore
from kis_terminal.services.bars.importing import Imported, take_files
from kis_terminal.services.bars.spans import day_of
from kis_terminal.ui.bars.rows import act_word
from kis_terminal.ui.translation import said, tr

_SHOWN_FINDINGS = 60


async def take_in(account: Account, output: Output, chosen: argparse.Namespace) -> int:
    """Read files and store them, unless they are only looked at."""
    product = Product(chosen.product)
    exchange = chosen.exchange if product is Product.OVERSEAS else ""
    environment = account.access.environment
    if environment is Environment.SIM:
        raise CorrectionNeeded(
            Sentence(
                "시뮬레이션의 저장소에는 내장 거래소가 지어낸 봉만 둡니다. 파일의 봉은 "
                "--env paper나 --env real에 "
                "넣거나, 넣지 않고 backtest --bars로 바로 쓰십시오."
            )
        )
    async with bar_store(account, output) as store:
        files = await asyncio.to_thread(
            read_bar_files,
            chosen.path,
            product=product,
            exchange=exchange,
            symbol=chosen.symbol,
            funds=await _funds(store),
        )
        if chosen.check:
            outcome = Imported(tuple(files.series), 0, files.findings)
        else:
            outcome = await take_files(files, store, is_replacing=chosen.replace)
    refused = sum(finding.count for finding in outcome.findings if finding.kind.is_refusal)
    _print_import(output, files, outcome, is_check=chosen.check)
    if outcome.taken and not chosen.check:
        _print_use(account, output, outcome, chosen.path)
    if not files.series:
        output.problem(tr("넣을 수 있는 봉을 찾지 못했습니다."))
    if any(finding.kind is FindingKind.NO_SYMBOL for finding in outcome.findings):
        output.problem(tr("종목코드를 --symbol로 적거나 파일 이름을 005930.csv처럼 지으십시오."))
    if refused:
        output.problem(tr("받지 않은 것이 {count}건 있습니다(위의 '뺌').", count=f"{refused:,}"))
    output.told({**account.told(), "refused": refused, **_import_told(files, outcome)})
    return 1 if refused or not outcome.taken else 0


async def _funds(store: BarStore) -> frozenset[str]:
    """Return the symbols that the newest kept master knows as ETF or ETN."""
    try:
        kept = await store.kept_instruments()
    except StoreUnavailable:
        return frozenset()  # a store that cannot be used is said when something is written
    kinds = (InstrumentKind.ETF, InstrumentKind.ETN)
    return (
        frozenset(item.symbol for item in kept[1] if item.kind in kinds) if kept is not None else frozenset()
    )


def _print_use(account: Account, output: Output, outcome: Imported, path: Path) -> None:
    """Say where the bars are and what reads them."""
    environment = account.access.environment
    output.line(
        tr(
            "넣은 곳: {environment} 환경의 {place}. 시뮬레이션(sim)은 이 봉을 쓰지 않습니다.",
            environment=environment.value,
            place=place_of(account, environment).label,
        )
    )
    key = outcome.taken[0]
    raw = "" if any(one.is_adjusted for one in outcome.taken) else " --raw"
    named = f"--symbols 005930 --benchmark {key.symbol}" if key.product is Product.INDEX else ""
    named = named or f"--symbols {key.symbol}{raw}"
    command = f"kis-terminal backtest STRATEGY {named} --env {environment.value}"
    if key.product is Product.INDEX:
        # Alone it is nothing to trade.
        output.line(
            tr(
                "쓰는 법: {command} (저장된 기간은 키 없이), 또는 종목 파일과 한 폴더에 두고 --bars 폴더 "
                "--benchmark {symbol}",
                command=command,
                symbol=key.symbol,
            )
        )
        return
    output.line(
        tr(
            "쓰는 법: {command} (저장된 기간은 키 없이), 또는 파일 그대로 --bars {path}",
            command=command,
            path=path,
        )
    )


def _print_import(output: Output, files: BarFiles, outcome: Imported, *, is_check: bool) -> None:
    headings = [
        Heading(tr("처리")),
        Heading(tr("횟수"), is_number=True),
        Heading(tr("종목")),
        Heading(tr("내용"), least=24),
    ]
    refused = [finding for finding in outcome.findings if finding.kind.is_refusal]
    rows = [_refusal_cells(finding) for finding in refused[:_SHOWN_FINDINGS]]
    rows += _other_rows([finding for finding in outcome.findings if not finding.kind.is_refusal])
    if rows:
        output.line("\n".join(table(headings, rows)))
    if len(refused) > _SHOWN_FINDINGS:
        rest = len(refused) - _SHOWN_FINDINGS
        output.line(tr("그 밖에 {count}줄은 --json으로 볼 수 있습니다.", count=f"{rest:,}"))
    output.line(
        tr(
            "파일 {files}개, 행 {rows}개를 읽어 봉 {kept}개를 얻었습니다.",
            files=f"{files.files:,}",
            rows=f"{files.rows_read:,}",
            kept=f"{files.rows_kept:,}",
        )
    )
    if is_check:
        output.line(tr("--check: 저장하지 않았습니다."))
    else:
        output.line(
            tr(
                "계열 {series}개를 저장했습니다. 새 봉 {bars}개.",
                series=f"{len(outcome.taken):,}",
                bars=f"{outcome.bars:,}",
            )
        )


def _refusal_cells(finding: Finding) -> list[str]:
    """Return one refusal: a person has to know each of them."""
    return [
        act_word(finding.kind),
        f"{finding.count:,}",
        finding.symbol or "-",
        f"{_text(finding)} ({finding.file})",
    ]


def _text(finding: Finding) -> str:
    places = ", ".join(map(said, finding.places))
    words = said(finding.kind.words)
    return f"{words}: {places}" if places else words


def _other_rows(findings: Sequence[Finding]) -> list[list[str]]:
    """Return a line a kind of repair or remark, with the first of its places."""
    kinds = list(dict.fromkeys(finding.kind for finding in findings))
    rows = []
    for kind in kinds:
        mine = [finding for finding in findings if finding.kind is kind]
        symbols = list(dict.fromkeys(finding.symbol for finding in mine))
        named = symbols[0] or "-"
        named = named if len(symbols) == 1 else tr("{symbol} 등 {count}", symbol=named, count=len(symbols))
        count = f"{sum(finding.count for finding in mine):,}"
        rows.append([act_word(kind), count, named, _text(mine[0])])
    return rows


def _import_told(files: BarFiles, outcome: Imported) -> dict[str, Any]:
    return {
        "files": files.files,
        "rows_read": files.rows_read,
        "rows_kept": files.rows_kept,
        "new_bars": outcome.bars,
        "series": [
            {
                **key_told(key),
                "bars": len(files.series[key].bars),
                "from": day_of(int(files.series[key].bars.times[0])).isoformat(),
                "to": day_of(int(files.series[key].bars.times[-1])).isoformat(),
            }
            for key in outcome.taken
        ],
        "findings": [
            {
                "file": finding.file,
                "symbol": finding.symbol,
                "kind": finding.kind.value,
                "refused": finding.kind.is_refusal,
                "count": finding.count,
                "places": [said(place) for place in finding.places],
                "text": said(finding.kind.words),
            }
            for finding in outcome.findings
        ],
    }
