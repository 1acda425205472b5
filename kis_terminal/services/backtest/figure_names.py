"""What each figure of a run is called, its unit and what it means: for panel, report and command."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from kis_terminal.domain.sentences import Sentence


class Unit(StrEnum):
    """How a figure is written."""

    PERCENT = "percent"
    """A fraction, shown as percent."""
    RATIO = "ratio"
    WON = "won"
    COUNT = "count"
    DAYS = "days"
    YEARS = "years"
    BARS = "bars"


class FigureName(NamedTuple):
    """One figure of `BacktestResult.summary`."""

    key: str
    label: Sentence
    unit: Unit
    meaning: Sentence


class FigureGroup(NamedTuple):
    """Figures that are read together."""

    title: Sentence
    figures: tuple[FigureName, ...]


def figure_groups() -> tuple[FigureGroup, ...]:
    """Return every figure in the order in which it is shown."""
    return (
        FigureGroup(Sentence("수익"), _growth()),
        FigureGroup(Sentence("위험 지표"), _risk()),
        FigureGroup(Sentence("벤치마크 대비"), _benchmark()),
        FigureGroup(Sentence("매매"), _trading()),
        FigureGroup(Sentence("비용과 회전"), _costs()),
    )


def figure_names() -> Mapping[str, FigureName]:
    """Return every figure by its key in the summary."""
    return {name.key: name for group in figure_groups() for name in group.figures}


def figure_text(value: float | int | None, unit: Unit) -> str:
    """Return a figure as it is read; what is not defined is a dash."""
    if value is None:
        return "-"
    match unit:
        case Unit.PERCENT:
            return f"{value * 100:,.2f}%"
        case Unit.WON:
            return f"{value:,.0f}"
        case Unit.COUNT | Unit.DAYS:
            return f"{value:,.0f}"
        case Unit.BARS | Unit.YEARS:
            return f"{value:,.1f}"
        case Unit.RATIO:
            return f"{value:,.2f}"


def _growth() -> tuple[FigureName, ...]:
    return (
        FigureName(
            "total_return",
            Sentence("총수익률"),
            Unit.PERCENT,
            Sentence("마지막 평가금액 / 시작 금액 - 1. 끝나지 않은 거래도 마지막 종가로 들어 있습니다."),
        ),
        FigureName(
            "cagr",
            Sentence("연복리수익률(CAGR)"),
            Unit.PERCENT,
            Sentence("(마지막/시작)^(365/달력일수) - 1. 거래가 없던 날도 셉니다."),
        ),
        FigureName(
            "start_equity", Sentence("시작 금액"), Unit.WON, Sentence("백테스트를 시작할 때의 현금(원).")
        ),
        FigureName(
            "final_equity",
            Sentence("최종 평가금액"),
            Unit.WON,
            Sentence("마지막 봉의 현금과 보유 종목 평가액(원)."),
        ),
        FigureName(
            "years", Sentence("기간(년)"), Unit.YEARS, Sentence("첫 봉부터 마지막 봉까지 달력일수 / 365.")
        ),
        FigureName(
            "best_day",
            Sentence("가장 좋은 날"),
            Unit.PERCENT,
            Sentence("하루(주·월봉은 한 봉) 수익률의 최댓값."),
        ),
        FigureName(
            "worst_day",
            Sentence("가장 나쁜 날"),
            Unit.PERCENT,
            Sentence("하루(주·월봉은 한 봉) 수익률의 최솟값."),
        ),
    )


def _risk() -> tuple[FigureName, ...]:
    return (
        FigureName(
            "max_drawdown",
            Sentence("최대낙폭(MDD)"),
            Unit.PERCENT,
            Sentence("앞선 최고점(시작 금액 포함)에서 가장 크게 내려간 비율. 양수로 적습니다."),
        ),
        FigureName(
            "max_drawdown_days",
            Sentence("최대낙폭의 길이(일)"),
            Unit.DAYS,
            Sentence("가장 깊은 낙폭의 최고점부터 회복한 날까지(회복하지 못했으면 끝까지) 달력일수."),
        ),
        FigureName(
            "longest_drawdown_days",
            Sentence("가장 긴 낙폭(일)"),
            Unit.DAYS,
            Sentence("최고점을 회복하지 못한 가장 긴 기간. 아직 회복하지 못한 낙폭도 셉니다."),
        ),
        FigureName(
            "drawdown_recovery_days",
            Sentence("회복한 낙폭 가운데 최장(일)"),
            Unit.DAYS,
            Sentence("회복을 마친 낙폭만 센 가장 긴 기간."),
        ),
        FigureName(
            "volatility",
            Sentence("변동성(연)"),
            Unit.PERCENT,
            Sentence("하루 수익률의 표본표준편차 × √252(주봉 √52, 월봉 √12)."),
        ),
        FigureName(
            "sharpe",
            Sentence("샤프지수"),
            Unit.RATIO,
            Sentence("하루 초과수익률 평균 / 표본표준편차 × √252. 무위험수익률은 따로 정하지 않으면 0."),
        ),
        FigureName(
            "sharpe_since_first_fill",
            Sentence("샤프지수(첫 체결부터)"),
            Unit.RATIO,
            Sentence("첫 체결 전의 쉰 날을 뺀 샤프지수."),
        ),
        FigureName(
            "sortino",
            Sentence("소르티노지수"),
            Unit.RATIO,
            Sentence("하루 초과수익률 평균 / 하방편차(모든 날의 음수 수익률 제곱평균) × √252."),
        ),
        FigureName("calmar", Sentence("칼마지수"), Unit.RATIO, Sentence("연복리수익률 / 최대낙폭.")),
        FigureName(
            "risk_free_rate",
            Sentence("무위험수익률(연)"),
            Unit.PERCENT,
            Sentence("샤프·소르티노·알파에 쓴 값."),
        ),
    )


def _benchmark() -> tuple[FigureName, ...]:
    return (
        FigureName(
            "benchmark_return",
            Sentence("벤치마크 수익률"),
            Unit.PERCENT,
            Sentence("같은 기간 벤치마크의 수익률(첫 종가부터)."),
        ),
        FigureName(
            "benchmark_cagr",
            Sentence("벤치마크 연복리수익률"),
            Unit.PERCENT,
            Sentence("벤치마크 수익률을 같은 방법으로 연 환산한 값."),
        ),
        FigureName(
            "excess_return", Sentence("초과수익률"), Unit.PERCENT, Sentence("총수익률 - 벤치마크 수익률.")
        ),
        FigureName(
            "alpha",
            Sentence("알파(연)"),
            Unit.PERCENT,
            Sentence("연복리수익률 - (무위험 + 베타 × (벤치마크 연복리 - 무위험))."),
        ),
        FigureName(
            "beta",
            Sentence("베타"),
            Unit.RATIO,
            Sentence("하루 수익률의 공분산 / 벤치마크 하루 수익률의 분산."),
        ),
        FigureName(
            "correlation", Sentence("상관계수"), Unit.RATIO, Sentence("벤치마크와 하루 수익률의 상관계수.")
        ),
        FigureName(
            "tracking_error",
            Sentence("추적오차(연)"),
            Unit.PERCENT,
            Sentence("벤치마크와의 하루 수익률 차이의 표본표준편차 × √252."),
        ),
        FigureName(
            "information_ratio",
            Sentence("정보비율"),
            Unit.RATIO,
            Sentence("(연복리수익률 - 벤치마크 연복리) / 추적오차."),
        ),
        FigureName(
            "treynor", Sentence("트레이너지수"), Unit.RATIO, Sentence("(연복리수익률 - 무위험) / 베타.")
        ),
    )


def _trading() -> tuple[FigureName, ...]:
    return (
        FigureName(
            "trades",
            Sentence("끝난 거래"),
            Unit.COUNT,
            Sentence("사서 팔기까지를 한 건으로 셉니다(주문 수가 아닙니다)."),
        ),
        FigureName(
            "open_trades",
            Sentence("끝나지 않은 거래"),
            Unit.COUNT,
            Sentence("마지막까지 보유한 거래. 승률과 손익비에 들어가지 않습니다."),
        ),
        FigureName("fills", Sentence("체결 수"), Unit.COUNT, Sentence("매수와 매도 체결을 모두 셉니다.")),
        FigureName(
            "win_rate",
            Sentence("승률"),
            Unit.PERCENT,
            Sentence("비용을 뺀 이익이 0보다 큰 거래 / 끝난 거래. 정확히 0원은 이긴 거래가 아닙니다."),
        ),
        FigureName(
            "profit_factor",
            Sentence("수익계수(profit factor)"),
            Unit.RATIO,
            Sentence("이긴 거래의 이익 합 / 진 거래의 손실 합."),
        ),
        FigureName(
            "profit_loss_ratio",
            Sentence("손익비"),
            Unit.RATIO,
            Sentence("평균 이익 / 평균 손실. 한국투자 백테스터가 profit factor라고 부르는 값입니다."),
        ),
        FigureName(
            "expectancy",
            Sentence("기댓값"),
            Unit.RATIO,
            Sentence("승률 × 손익비 - 패율. 평균 손실 1원을 걸 때 기대하는 이익."),
        ),
        FigureName(
            "average_profit",
            Sentence("거래당 손익"),
            Unit.WON,
            Sentence("끝난 거래의 손익 평균(원, 비용 포함)."),
        ),
        FigureName("average_win", Sentence("평균 이익"), Unit.WON, Sentence("이긴 거래의 이익 평균(원).")),
        FigureName(
            "average_loss", Sentence("평균 손실"), Unit.WON, Sentence("진 거래의 손실 평균(원, 음수).")
        ),
        FigureName(
            "average_win_rate",
            Sentence("평균 이익률"),
            Unit.PERCENT,
            Sentence("이긴 거래의 수익률 평균(매수 금액 대비)."),
        ),
        FigureName(
            "average_loss_rate",
            Sentence("평균 손실률"),
            Unit.PERCENT,
            Sentence("진 거래의 수익률 평균(매수 금액 대비)."),
        ),
        FigureName(
            "largest_win", Sentence("최대 이익"), Unit.WON, Sentence("한 거래에서 가장 크게 번 금액.")
        ),
        FigureName(
            "largest_loss", Sentence("최대 손실"), Unit.WON, Sentence("한 거래에서 가장 크게 잃은 금액.")
        ),
        FigureName(
            "longest_losing_run",
            Sentence("최다 연속 패"),
            Unit.COUNT,
            Sentence("이어서 이기지 못한 거래 수의 최댓값."),
        ),
        FigureName(
            "average_bars_held",
            Sentence("평균 보유 봉"),
            Unit.BARS,
            Sentence("끝난 거래가 보유한 봉 수의 평균."),
        ),
        FigureName(
            "exposure",
            Sentence("투자 비중(시간)"),
            Unit.PERCENT,
            Sentence("봉이 끝날 때 한 주라도 들고 있던 봉의 비율."),
        ),
    )


def _costs() -> tuple[FigureName, ...]:
    return (
        FigureName("total_costs", Sentence("비용 합계"), Unit.WON, Sentence("수수료와 세금의 합(원).")),
        FigureName(
            "total_commission", Sentence("수수료"), Unit.WON, Sentence("매수와 매도 수수료의 합(원).")
        ),
        FigureName(
            "total_tax", Sentence("세금"), Unit.WON, Sentence("매도에 붙은 증권거래세와 농특세의 합(원).")
        ),
        FigureName(
            "traded_amount", Sentence("거래대금 합계"), Unit.WON, Sentence("매수와 매도 체결 금액의 합(원).")
        ),
        FigureName(
            "turnover",
            Sentence("회전율(연)"),
            Unit.RATIO,
            Sentence("거래대금 합계 / 평균 평가금액 / 기간(년)."),
        ),
    )
