"""What a reader of the figures has to be told: the traps of a run, as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kis_terminal.domain.backtest import BacktestTrade
from kis_terminal.domain.sentences import Sentence

_FEW_TRADES = 30
_LONG_IDLE_POINTS = 60
_LONG_IDLE_SHARE = 0.2
_SHORT_DAYS = 365
_LARGE_SHARE = 0.5
_MANY_COSTS = 0.5
_GOOD_TO_BE_TRUE = 4.0


class Course(NamedTuple):
    """How long a run was."""

    days: int
    """Calendar days from the first to the last point."""
    points: int
    """Days (weeks, months) of the curve."""
    idle_points: int | None
    """Of these, before the first execution; None without one."""


def warnings_about(
    summary: Mapping[str, float | int | None], trades: Sequence[BacktestTrade], course: Course
) -> tuple[str, ...]:
    """Return the sentences that apply, the gravest first."""
    found = [
        *_about_loss(summary),
        *_about_trades(trades, course),
        *_about_time(summary, course),
        *_about_concentration(summary, trades),
    ]
    return tuple(found)


def _about_loss(summary: Mapping[str, float | int | None]) -> list[str]:
    final = summary.get("final_equity")
    if final is not None and final <= 0:
        return [Sentence("평가금액이 0원 아래로 내려갔습니다. 실제 계좌라면 그 전에 반대매매가 나갑니다.")]
    return []


def _about_trades(trades: Sequence[BacktestTrade], course: Course) -> list[str]:
    if course.idle_points is None:
        return [Sentence("거래가 한 번도 없었습니다. 조건, 기간, 투자금이 한 주를 살 만큼 되는지 보십시오.")]
    closed = sum(trade.exit_time is not None for trade in trades)
    open_count = len(trades) - closed
    found: list[str] = []
    if open_count:
        profit = sum(trade.profit for trade in trades if trade.exit_time is None)
        found.append(
            Sentence(
                "끝나지 않은 거래 {count}건(평가손익 {profit:+,.0f}원)은 수익률에는 들어 있고 "
                "승률과 손익비에는 들어 있지 않습니다.",
                count=open_count,
                profit=profit,
            )
        )
    if closed < _FEW_TRADES:
        found.append(
            Sentence("끝난 거래가 {count}건뿐입니다. 승률과 손익비가 우연일 수 있습니다.", count=closed)
        )
    return found


def _about_time(summary: Mapping[str, float | int | None], course: Course) -> list[str]:
    found: list[str] = []
    if course.days < _SHORT_DAYS:
        found.append(
            Sentence("기간이 {days}일입니다. 1년이 안 되면 연 환산 수치는 크게 과장됩니다.", days=course.days)
        )
    idle = course.idle_points or 0
    if idle >= _LONG_IDLE_POINTS or idle > course.points * _LONG_IDLE_SHARE:
        active = summary.get("sharpe_since_first_fill")
        found.append(
            Sentence(
                "첫 체결 전에 거래 없이 지난 봉이 {idle}개입니다. 샤프·변동성·연수익률이 그만큼 묽어졌습니다"
                "(첫 체결부터의 샤프 {active}).",
                idle=idle,
                active="-" if active is None else f"{active:.2f}",
            )
        )
    ratio = summary.get("sharpe")
    if ratio is not None and ratio > _GOOD_TO_BE_TRUE:
        found.append(
            Sentence(
                "샤프지수 {ratio:.1f}은(는) 실제로 보기 어려운 값입니다. "
                "비용, 체결 방식, 짧은 기간을 확인하십시오.",
                ratio=ratio,
            )
        )
    return found


def _about_concentration(
    summary: Mapping[str, float | int | None], trades: Sequence[BacktestTrade]
) -> list[str]:
    found: list[str] = []
    profits = [trade.profit for trade in trades if trade.exit_time is not None]
    gain = sum(profits)
    if len(profits) > 1 and gain > 0 and max(profits) > gain * _LARGE_SHARE:
        found.append(
            Sentence(
                "끝난 거래의 이익 가운데 {share:.0%}가 거래 한 건에서 나왔습니다.", share=max(profits) / gain
            )
        )
    costs = summary.get("total_costs") or 0.0
    net = (summary.get("final_equity") or 0.0) - (summary.get("start_equity") or 0.0)
    if costs > 0 and net + costs > 0 and costs > (net + costs) * _MANY_COSTS:
        found.append(Sentence("수수료와 세금 {costs:,.0f}원이 비용 전 이익의 절반을 넘습니다.", costs=costs))
    return found
