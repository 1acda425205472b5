"""What the user has to know of how a run went, as sentences: orders that failed, series that end, jumps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np

from kis_terminal.domain.backtest import BacktestTrade
from kis_terminal.domain.bar_columns import Product
from kis_terminal.domain.sentences import Sentence
from kis_terminal.services.backtest.market import MarketRun
from kis_terminal.services.backtest.outcome import EngineOutcome

_GONE_AFTER = 20 * 86_400
_LARGEST_MOVE = 0.31


def run_warnings(market: MarketRun, outcome: EngineOutcome, trades: Sequence[BacktestTrade]) -> list[str]:
    """Return the sentences that apply."""
    return [
        *_about_orders(outcome),
        *_about_ended_series(market, trades),
        *_about_raw_prices(market),
    ]


def _about_orders(outcome: EngineOutcome) -> list[str]:
    skips, found = outcome.skips, list[str]()
    if skips.without_cash:
        found.append(Sentence("현금이 모자라 {count}번의 매수를 하지 못했습니다.", count=skips.without_cash))
    if skips.cut:
        found.append(Sentence("현금에 맞추어 {count}번의 매수 수량을 줄였습니다.", count=skips.cut))
    if skips.waiting:
        found.append(Sentence("체결되지 못한 주문 {count}건이 기간 끝에 남았습니다.", count=skips.waiting))
    return found


def _about_ended_series(market: MarketRun, trades: Sequence[BacktestTrade]) -> list[str]:
    """Tell of holdings whose bars stop early: a delisting, or bars that are missing."""
    held = {trade.symbol for trade in trades if trade.exit_time is None}
    last = int(market.times[-1])
    return [
        Sentence(
            "{symbol}의 봉이 {day}에 끝나 남은 주식을 그날 종가로 평가했습니다. "
            "상장폐지라면 실제 값은 더 낮습니다.",
            symbol=one.symbol,
            day=_day(int(one.bars.times[-1])),
        )
        for one in market.series
        if one.symbol in held and last - int(one.bars.times[-1]) > _GONE_AFTER
    ]


def _about_raw_prices(market: MarketRun) -> list[str]:
    """Tell of unadjusted prices that jump further than a day's limit lets them: splits and the like."""
    found = list[str]()
    for one in market.series:
        if one.key.is_adjusted or one.key.product is not Product.STOCK:
            continue
        closes = one.bars.close[max(one.first - 1, 0) :]
        moves = np.abs(one.bars.open[max(one.first - 1, 0) + 1 :] / closes[:-1] - 1.0)
        jumps = np.flatnonzero(moves > _LARGEST_MOVE)
        if len(jumps):
            when = int(one.bars.times[max(one.first - 1, 0) + 1 + int(jumps[0])])
            found.append(
                Sentence(
                    "{symbol}의 수정하지 않은 시세가 {day}에 가격제한폭보다 크게 움직였습니다. "
                    "분할이나 병합이면 보유 수량이 맞지 않으니 수정 시세로 돌리십시오.",
                    symbol=one.symbol,
                    day=_day(when),
                )
            )
    return found


def _day(time: int) -> date:
    return datetime.fromtimestamp(time, UTC).date()
