"""Values with which a strategy can never trade are told before anybody wonders."""

from __future__ import annotations

from kis_terminal.adapters.strategy_files.reader import read_file, read_text
from kis_terminal.cli import backtest_parts
from kis_terminal.domain.strategy.value_traps import traps_of_values


def test_equal_periods_of_a_cross_are_told_for_entry_and_exit() -> None:
    spec = read_file(backtest_parts.preset_files()["golden_cross"]).sound()

    told = traps_of_values(spec, {"short_period": 20, "long_period": 20})

    assert [text.partition(":")[0] for text in told] == [
        "이 값으로는 진입 조건 1",
        "이 값으로는 청산 조건 1",
    ]
    assert all("결코 참이 되지 않습니다" in text for text in told)


def test_values_that_trade_are_not_told() -> None:
    for path in backtest_parts.preset_files().values():
        spec = read_file(path).sound()

        assert traps_of_values(spec, {name: one.default for name, one in spec.params.items()}) == ()


def test_what_the_file_says_of_itself_is_not_said_again() -> None:
    text = (
        'version: "1.0"\nmetadata: {name: x}\nstrategy:\n  id: x\n'
        "  params: {level: {default: 120, min: 0, max: 200, type: int}}\n"
        "  indicators: [{id: rsi, alias: rsi, params: {period: 14}}]\n"
        "  entry: {conditions: [{indicator: rsi, operator: greater_than, value: $level}]}\n"
        "  exit: {conditions: [{indicator: rsi, operator: less_than, value: 20}]}\n"
    )
    spec = read_text(text).sound()

    assert traps_of_values(spec, {"level": 120}) == ()
    assert traps_of_values(spec, {"level": 60}) == ()
