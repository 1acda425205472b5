"""The tables of a run as rows of plain values, shared by CSV files and the workbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from kis_terminal.domain.backtest import BacktestResult
from kis_terminal.domain.orders import Side
from kis_terminal.domain.sentences import Sentence
from kis_terminal.services.backtest.figure_names import Unit, figure_groups
from kis_terminal.services.backtest.report.json_form import time_text

Cell = str | float | int | None
Translated = Callable[[str], str]


class Table(NamedTuple):
    """One table: a name for the file, a title for the sheet, headings, rows, and how columns are written."""

    name: str
    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    units: Sequence[Unit | None]
    """One a column; None is text or a plain number."""


_SIDES: Mapping[Side, Sentence] = MappingProxyType({Side.BUY: Sentence("매수"), Side.SELL: Sentence("매도")})


_REASONS: Mapping[str, Sentence] = MappingProxyType(
    {
        "entry": Sentence("진입 조건"),
        "exit": Sentence("청산 조건"),
        "stop": Sentence("손절"),
        "trailing": Sentence("추적 손절"),
        "target": Sentence("익절"),
    }
)
"""What the engine calls the rules of a file; a Python strategy gives words of its own."""


def reason_words(reason: str) -> str:
    """Return why an order was given, for people."""
    return _REASONS.get(reason, reason)


def korean(template: str) -> str:
    """Return the text itself: reports are Korean unless a translator is given."""
    return template


def tables_of(result: BacktestResult, translated: Translated = korean) -> tuple[Table, ...]:
    """Return summary, equity, months, trades, fills and data of a run."""

    def say(text: str) -> str:
        return text.said_with(translated) if isinstance(text, Sentence) else text

    return (
        _summary(result, say),
        _equity(result, say),
        _months(result, say),
        _trades(result, say),
        _fills(result, say),
        _data(result, say),
    )


def _summary(result: BacktestResult, say: Translated) -> Table:
    rows = [
        (say(figure.label), result.summary.get(figure.key), figure.key, say(figure.meaning))
        for group in figure_groups()
        for figure in group.figures
    ]
    headings = [Sentence("항목"), Sentence("값"), Sentence("이름"), Sentence("뜻")]
    return Table("summary", say(Sentence("요약")), [say(text) for text in headings], rows, [None] * 4)


def _equity(result: BacktestResult, say: Translated) -> Table:
    headings = [Sentence("시각"), Sentence("평가금액"), Sentence("낙폭"), Sentence("벤치마크")]
    benchmark = [None] * len(result.times) if result.benchmark is None else result.benchmark.tolist()
    rows = [
        (time_text(time), equity, drawdown, level)
        for time, equity, drawdown, level in zip(
            result.times.tolist(), result.equity.tolist(), result.drawdown.tolist(), benchmark, strict=True
        )
    ]
    units = [None, Unit.WON, Unit.PERCENT, Unit.WON]
    return Table("equity", say(Sentence("수익곡선")), [say(text) for text in headings], rows, units)


def _months(result: BacktestResult, say: Translated) -> Table:
    headings = [say(Sentence("달")), say(Sentence("수익률"))]
    return Table(
        "monthly", say(Sentence("월별")), headings, list(result.monthly.items()), [None, Unit.PERCENT]
    )


def _trades(result: BacktestResult, say: Translated) -> Table:
    headings = [
        *(Sentence("종목"), Sentence("수량"), Sentence("매수 시각"), Sentence("매수가")),
        *(Sentence("매도 시각"), Sentence("매도가"), Sentence("손익"), Sentence("수익률")),
        *(Sentence("보유 봉"), Sentence("매수 까닭"), Sentence("매도 까닭")),
    ]
    rows = [
        (
            trade.symbol,
            trade.quantity,
            time_text(trade.entry_time),
            trade.entry_price,
            None if trade.exit_time is None else time_text(trade.exit_time),
            trade.exit_price,
            trade.profit,
            trade.return_rate,
            trade.bars_held,
            say(reason_words(trade.entry_reason)),
            say(reason_words(trade.exit_reason)),
        )
        for trade in result.trades
    ]
    units = [
        *(None, Unit.COUNT, None, Unit.WON, None, Unit.WON, Unit.WON, Unit.PERCENT, Unit.COUNT, None, None)
    ]
    return Table("trades", say(Sentence("거래")), [say(text) for text in headings], rows, units)


def _fills(result: BacktestResult, say: Translated) -> Table:
    headings = [
        *(Sentence("종목"), Sentence("시각"), Sentence("매매"), Sentence("가격"), Sentence("수량")),
        *(Sentence("수수료"), Sentence("세금"), Sentence("까닭")),
    ]
    rows = [
        (
            fill.symbol,
            time_text(fill.time),
            say(_SIDES[fill.side]),
            fill.price,
            fill.quantity,
            fill.commission,
            fill.tax,
            say(reason_words(fill.reason)),
        )
        for fill in result.fills
    ]
    units = [None, None, None, Unit.WON, Unit.COUNT, Unit.WON, Unit.WON, None]
    return Table("fills", say(Sentence("체결 내역")), [say(text) for text in headings], rows, units)


def _data(result: BacktestResult, say: Translated) -> Table:
    headings = [
        *(Sentence("종목"), Sentence("봉"), Sentence("처음"), Sentence("끝"), Sentence("확보율")),
        *(Sentence("조회 수"), Sentence("참고")),
    ]
    rows = [
        (
            report.key.symbol,
            str(report.key.interval),
            None if report.actual_start is None else report.actual_start.isoformat(),
            None if report.actual_end is None else report.actual_end.isoformat(),
            report.coverage,
            report.calls,
            " ".join(say(note) for note in report.notes),
        )
        for report in result.data
    ]
    units = [None, None, None, None, Unit.PERCENT, Unit.COUNT, None]
    return Table("data", say(Sentence("데이터")), [say(text) for text in headings], rows, units)
