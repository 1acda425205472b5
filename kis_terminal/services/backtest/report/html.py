"""A run as one HTML file that needs no network and runs no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from kis_terminal.domain.backtest import BacktestResult, FillRule, Sizing
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.services.backtest.figure_names import figure_groups, figure_names, figure_text
from kis_terminal.services.backtest.report.charts import drawdown_chart, equity_chart, trades_chart
from kis_terminal.services.backtest.report.files import write_whole
from kis_terminal.services.backtest.report.json_form import time_text
from kis_terminal.services.backtest.report.tables import Translated, korean, reason_words

_HEADLINE = ("total_return", "cagr", "max_drawdown", "sharpe", "win_rate", "profit_factor", "trades")
_ROWS_SHOWN = 3_000
_MONTHS = tuple(f"{month:02d}" for month in range(1, 13))
_FILLS: Mapping[FillRule, Sentence] = MappingProxyType(
    {
        FillRule.NEXT_OPEN: Sentence("다음 봉의 시가"),
        FillRule.CLOSE: Sentence("신호가 난 봉의 종가"),
    }
)
_DEEPEST = 0.10
"""A month that earned or lost this much has the deepest colour."""


def write_html(result: BacktestResult, path: Path, translated: Translated = korean) -> None:
    """Write the report; the file is whole or stays as it was. Raises CorrectionNeeded where it cannot be."""
    write_whole(path, html_of(result, translated).encode("utf-8"))


def html_of(result: BacktestResult, translated: Translated = korean) -> str:
    """Return the page as text; everything that comes from files or people is escaped."""

    def say(text: str) -> str:
        return text.said_with(translated) if isinstance(text, Sentence) else text

    environment = Environment(
        loader=PackageLoader("kis_terminal.services.backtest.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("page.html.j2")
    shown = result.trades[-_ROWS_SHOWN:]
    return page.render(
        words={key: say(text) for key, text in _words().items()},
        language="ko" if translated is korean else "en",
        title=translated(result.request.strategy.title or result.request.strategy.name),
        facts=[(say(label), value) for label, value in _facts(result, say)],
        headline=[_figure(key, result, say) for key in _HEADLINE],
        groups=[
            (say(group.title), [_figure(figure.key, result, say) for figure in group.figures])
            for group in figure_groups()
        ],
        warnings=[say(warning) for warning in result.warnings],
        charts=_charts(result, say),
        has_benchmark=result.benchmark is not None,
        years=_years(result.monthly),
        months=_MONTHS,
        trades=[_trade(trade, say) for trade in shown],
        left_out=len(result.trades) - len(shown),
        data=[_data(report, say) for report in result.data],
        log=[say(line) for line in result.log],
    )


def _words() -> Mapping[str, Sentence]:
    return {
        "report": Sentence("백테스트 보고서"),
        "warnings": Sentence("읽을 때 주의할 점"),
        "equity": Sentence("수익곡선"),
        "benchmark": Sentence("벤치마크"),
        "drawdown": Sentence("낙폭"),
        "monthly": Sentence("월별 수익률"),
        "year": Sentence("연간"),
        "figures": Sentence("성과 지표"),
        "trades": Sentence("거래"),
        "trade_chart": Sentence("거래별 수익률"),
        "no_trades": Sentence("거래가 없습니다."),
        "left_out": Sentence("앞의 거래는 줄였습니다. 전체는 CSV나 엑셀 파일에 있습니다. 줄인 거래 수:"),
        "data": Sentence("데이터"),
        "log": Sentence("전략 기록"),
        "symbol": Sentence("종목"),
        "quantity": Sentence("수량"),
        "entry": Sentence("매수 시각"),
        "entry_price": Sentence("매수가"),
        "exit": Sentence("매도 시각"),
        "exit_price": Sentence("매도가"),
        "profit": Sentence("손익"),
        "rate": Sentence("수익률"),
        "bars": Sentence("보유 봉"),
        "reason": Sentence("까닭"),
        "interval": Sentence("봉"),
        "from": Sentence("처음"),
        "to": Sentence("끝"),
        "coverage": Sentence("확보율"),
        "notes": Sentence("참고"),
        "open": Sentence("보유 중"),
        "foot": Sentence(
            "과거 가격으로 한 모의 계산입니다. 앞으로의 수익을 뜻하지 않습니다. "
            "지표의 뜻은 표의 셋째 칸에 있습니다."
        ),
    }


def _facts(result: BacktestResult, say: Translated) -> Sequence[tuple[Sentence, str]]:
    request = result.request
    symbols = [key.symbol for key in request.series]
    costs = request.costs
    facts = [
        (Sentence("기간"), f"{request.start.isoformat()} – {request.end.isoformat()}"),
        (Sentence("종목"), ", ".join(symbols[:20]) + (f" … ({len(symbols)})" if len(symbols) > 20 else "")),
        (Sentence("시작 금액"), f"{request.cash:,.0f}"),
        (Sentence("체결 방식"), say(_FILLS[request.fill])),
        (Sentence("매수 크기"), say(_sizing_words(request.sizing))),
        (
            Sentence("수수료 / 세금 / 슬리피지"),
            f"{say(_rate(costs.commission))} / {say(_rate(costs.tax))} / {say(_rate(costs.slippage))}",
        ),
    ]
    if request.parameters:
        parameters = ", ".join(f"{name}={value}" for name, value in request.parameters.items())
        facts.append((Sentence("매개변수"), parameters))
    if request.benchmark is not None:
        facts.append((Sentence("벤치마크"), request.benchmark.symbol))
    return facts


def _rate(rate: float | None) -> str:
    """Return a rate with as many digits as it has."""
    return Sentence("KRX 요율표") if rate is None else f"{rate * 100:.6g}%"


def _sizing_words(sizing: Sizing) -> Sentence:
    match sizing.kind:
        case SizingKind.EQUAL_WEIGHT:
            return Sentence("종목마다 같은 비중")
        case SizingKind.SHARES:
            return Sentence("한 번에 {count}주", count=f"{sizing.value:,g}")
        case SizingKind.PERCENT:
            return Sentence("평가금액의 {percent}%", percent=f"{sizing.value:g}")
        case SizingKind.AMOUNT:
            return Sentence("한 번에 {won}원", won=f"{sizing.value:,.0f}")


def _figure(key: str, result: BacktestResult, say: Translated) -> Mapping[str, str]:
    figure = figure_names()[key]
    value = result.summary.get(key)
    return {
        "label": say(figure.label),
        "text": figure_text(value, figure.unit),
        "meaning": say(figure.meaning),
        "tone": _tone(value) if key in ("total_return", "cagr", "excess_return", "alpha") else "",
    }


def _tone(value: float | int | None) -> str:
    return "" if not value else "up" if value > 0 else "down"


def _charts(result: BacktestResult, say: Translated) -> Mapping[str, str]:
    """Return the pictures, empty texts where there is nothing to draw. They are the page's own markup."""
    if len(result.times) < 2:
        return {"equity": "", "drawdown": "", "trades": ""}
    words = {key: escape(say(text)) for key, text in _words().items()}
    is_closed = any(trade.exit_time is not None for trade in result.trades)
    return {
        "equity": equity_chart(
            result.times, result.equity, result.benchmark, result.request.cash, words["equity"]
        ),
        "drawdown": drawdown_chart(result.times, result.drawdown, words["drawdown"]),
        "trades": trades_chart(result.times, result.trades, words["trade_chart"]) if is_closed else "",
    }


def _years(monthly: Mapping[str, float]) -> Sequence[Mapping[str, Any]]:
    """Return the rows of the monthly table: a year, its twelve cells, and what they make together."""
    rows = []
    for year in sorted({month[:4] for month in monthly}):
        rates = [monthly.get(f"{year}-{month}") for month in _MONTHS]
        whole = 1.0
        for rate in rates:
            whole *= 1.0 + (rate or 0.0)
        rows.append({"year": year, "cells": [_cell(rate) for rate in rates], "whole": _cell(whole - 1.0)})
    return rows


def _cell(rate: float | None) -> Mapping[str, str]:
    if rate is None:
        return {"text": "", "tone": "", "depth": "0"}
    depth = min(abs(rate) / _DEEPEST, 1.0) * 0.75
    return {"text": f"{rate * 100:.1f}", "tone": _tone(rate), "depth": f"{depth:.2f}"}


def _trade(trade: Any, say: Translated) -> Mapping[str, str]:
    reasons = [say(reason_words(reason)) for reason in (trade.entry_reason, trade.exit_reason) if reason]
    return {
        "symbol": trade.symbol,
        "quantity": f"{trade.quantity:,}",
        "entry": time_text(trade.entry_time),
        "entry_price": f"{trade.entry_price:,.10g}",
        "exit": "" if trade.exit_time is None else time_text(trade.exit_time),
        "exit_price": f"{trade.exit_price:,.10g}",
        "profit": f"{trade.profit:+,.0f}",
        "rate": f"{trade.return_rate * 100:+.2f}%",
        "bars": f"{trade.bars_held:,}",
        "reason": " → ".join(reasons),
        "tone": _tone(trade.profit),
    }


def _data(report: Any, say: Translated) -> Mapping[str, str]:
    return {
        "symbol": report.key.symbol,
        "interval": str(report.key.interval),
        "from": "-" if report.actual_start is None else report.actual_start.isoformat(),
        "to": "-" if report.actual_end is None else report.actual_end.isoformat(),
        "coverage": f"{report.coverage:.1%}",
        "notes": " ".join(say(note) for note in report.notes),
    }
