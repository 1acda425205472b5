from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.indicator_table import Category, indicators
from kis_terminal.domain.strategy.model import PriceField
from kis_terminal.domain.strategy.pattern_table import patterns
from kis_terminal.services.studies.patterns import PATTERNS
from kis_terminal.services.studies.registry import STUDIES, compute, compute_many, pattern, warm_up
from tests.services.studies.bars import bars_of, random_bars, real_bars

_PERIODS = (1, 2, 3, 8, 40)
_MARKET = random_bars(1200, seed=2)
_DOCS = Path(__file__).resolve().parents[3] / "docs" / "indicators.md"


def test_every_indicator_of_the_table_is_computed_and_no_other() -> None:
    assert set(STUDIES) == set(indicators())


def test_every_pattern_of_the_table_is_found_and_no_other() -> None:
    assert set(PATTERNS) == set(patterns())


def test_lines_parameters_and_defaults_are_those_of_the_table() -> None:
    for known in indicators().values():
        study = STUDIES[known.id]
        signature = inspect.signature(study.function).parameters
        assert study.lines == known.lines, known.id
        assert {name: rule.default for name, rule in signature.items() if name != "bars"} == known.defaults
        assert set(inspect.signature(study.warm_up).parameters) == set(known.defaults)


def _parameter_sets(indicator_id: str) -> list[dict[str, Parameter]]:
    """Return the defaults, and each count of bars short and long, where the indicator can have it."""
    result: list[dict[str, Parameter]] = [{}]
    for param in indicators()[indicator_id].params:
        for value in _PERIODS if param.is_whole else ():
            try:
                warm_up(indicator_id, {param.name: value})
            except CorrectionNeeded:
                continue
            result.append({param.name: value})
    return result


@pytest.mark.parametrize("indicator_id", [name for name in indicators() if name != "pivot"])
def test_values_begin_right_after_the_warm_up_and_stay_finite(indicator_id: str) -> None:
    bars = random_bars(1200)

    for params in _parameter_sets(indicator_id):
        lines = compute(indicator_id, params, bars, market=_MARKET)
        first = warm_up(indicator_id, params)

        begins = max(int(np.isfinite(line).argmax()) for line in lines.values())
        assert begins == first, params
        assert all(np.isfinite(line[first:]).all() for line in lines.values()), params


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_short_history_is_unknown_and_never_an_error(count: int) -> None:
    bars = random_bars(count)

    for indicator_id in indicators():
        lines = compute(indicator_id, {}, bars)
        assert all(line.shape == (count,) for line in lines.values()), indicator_id


@pytest.mark.parametrize("pattern_id", patterns())
def test_patterns_answer_for_every_bar_with_the_signs_of_the_table(pattern_id: str) -> None:
    marks = pattern(pattern_id, real_bars("005930"))

    signs = {1: "+", -1: "-"}
    assert marks.shape == (len(real_bars("005930")),)
    assert {signs[int(sign)] for sign in np.unique(np.sign(marks)) if sign} <= set(
        patterns()[pattern_id].signs
    )
    assert pattern(pattern_id, random_bars(0)).shape == (0,)


@pytest.mark.parametrize(
    ("indicator_id", "params"),
    [
        ("smaa", {}),
        ("sma", {"length": 5}),
        ("sma", {"period": 2.5}),
        ("sma", {"period": "20"}),
        ("sma", {"period": 0}),
        ("rsi", {"period": 1}),
        ("macd", {"fast": 26, "slow": 12}),
        ("frama", {"period": 15}),
        ("consecutive", {"direction": "sideways"}),
        ("bollinger", {"std": float("nan")}),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(indicator_id: str, params: dict[str, Parameter]) -> None:
    with pytest.raises(CorrectionNeeded, match=indicator_id if indicator_id == "smaa" else "."):
        compute(indicator_id, params, random_bars(50))


def test_a_whole_number_written_as_a_float_is_a_period() -> None:
    bars = random_bars(50)

    assert np.array_equal(
        compute("sma", {"period": 5.0}, bars)["value"], compute("sma", {"period": 5}, bars)["value"], True
    )


def test_max_is_read_as_maximum() -> None:
    bars = random_bars(60)

    assert np.array_equal(compute("max", {}, bars)["value"], compute("maximum", {}, bars)["value"], True)


def test_source_takes_the_place_of_the_close_and_shift_looks_back() -> None:
    bars = random_bars(300)

    line = compute("maximum", {"period": 20}, bars, source=PriceField.HIGH, shift=1)["value"]

    today = compute("donchian", {"period": 20}, bars)["upper"]
    assert np.isnan(line[:20]).all()
    assert np.array_equal(line[20:], today[19:-1])
    assert warm_up("maximum", {"period": 20}, shift=1) == 20


@pytest.mark.parametrize("indicator_id", ["sma", "ema", "rsi", "wma", "std", "macd", "supertrend"])
def test_many_parameters_at_once_give_the_very_same_values(indicator_id: str) -> None:
    bars = real_bars("012450")
    name = indicators()[indicator_id].params[0].name
    wanted: list[dict[str, Parameter]] = [{name: value} for value in (5, 9, 12, 9)]

    matrix = compute_many(indicator_id, wanted, bars)

    assert matrix.shape == (4, len(bars))
    assert matrix.flags.c_contiguous
    for row, params in zip(matrix, wanted, strict=True):
        line = compute(indicator_id, params, bars)[indicators()[indicator_id].default_line]
        assert np.array_equal(row, line, equal_nan=True)


def test_many_parameters_of_an_unknown_line_are_refused() -> None:
    with pytest.raises(CorrectionNeeded, match="value, signal, histogram"):
        compute_many("macd", [{}], random_bars(50), line="upper")


def test_an_indicator_keeps_its_value_over_a_halt_and_never_sees_its_prices() -> None:
    bars = real_bars("012450")
    halted = ~bars.has_traded
    traded = bars_of(bars.columns[:, ~halted])

    assert int(halted.sum()) > 20
    for indicator_id in indicators():
        for name, line in compute(indicator_id, {}, bars).items():
            alone = compute(indicator_id, {}, traded)[name]
            assert np.array_equal(line[~halted], alone, equal_nan=True), (indicator_id, name)
            after = np.flatnonzero(halted[1:]) + 1
            assert np.array_equal(line[after], line[after - 1], equal_nan=True), (indicator_id, name)


def test_no_pattern_shows_on_a_bar_that_did_not_trade() -> None:
    bars = real_bars("012450")

    for pattern_id in patterns():
        assert not pattern(pattern_id, bars)[~bars.has_traded].any(), pattern_id


def test_a_lost_volume_is_no_halt() -> None:
    bars = real_bars("068270")
    lost = (bars.volume == 0) & (bars.high != bars.low) & (bars.high > 0)

    moving = compute("sma", {"period": 2}, bars)["value"]
    weighted = compute("vwma", {"period": 20}, bars)["value"]

    assert int(lost.sum()) > 3_000
    place = int(np.flatnonzero(lost)[100])
    assert moving[place] == (bars.close[place] + bars.close[place - 1]) / 2.0
    assert np.isnan(weighted[place])


def test_beta_and_alpha_are_unknown_without_a_market() -> None:
    bars = random_bars(400)

    assert np.isnan(compute("beta", {}, bars)["value"]).all()
    assert np.isnan(compute("alpha", {}, bars)["value"]).all()


def test_every_definition_is_documented() -> None:
    text = _DOCS.read_text(encoding="utf-8")
    rows = {
        line.split("|")[1].strip().strip("`"): line for line in text.splitlines() if line.startswith("| `")
    }

    assert set(rows) == set(indicators()) | set(patterns())
    for indicator in indicators().values():
        row = rows[indicator.id]
        for name, default in indicator.defaults.items():
            assert f"{name} {default if isinstance(default, str) else format(default, 'g')}" in row, row
        if indicator.lines != ("value",):
            assert all(f"`{line}`" in row for line in indicator.lines), row
    assert all(category.value in text for category in Category)
