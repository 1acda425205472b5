"""The tables of indicators and patterns against the reference files."""

from __future__ import annotations

import json

import pytest

from kis_terminal.domain.strategy.indicator_table import Feed, canonical_id, indicators
from kis_terminal.domain.strategy.pattern_table import patterns
from tests.support.shared import shared_path

_FEEDS = {"close": Feed.CLOSE, "bar": Feed.BAR, "close of the symbol and of KOSPI": Feed.BENCHMARK}
_SIGNS = {"bullish": "+", "bearish": "-", "both": "+-"}


def test_indicators_are_those_of_the_reference() -> None:
    reference = json.loads(shared_path("strategy/indicators.json").read_text(encoding="utf-8"))

    assert set(indicators()) == {row["id"] for row in reference["indicators"]}
    for row in reference["indicators"]:
        ours = indicators()[row["id"]]
        params = [
            (param.name, param.default, param.minimum, param.maximum, param.step) for param in ours.params
        ]
        assert (ours.name, ours.english, ours.category) == (row["name_ko"], row["name_en"], row["category"])
        assert ours.feed is _FEEDS[row["lean"]["fed_with"]]
        assert (list(ours.lines), ours.default_line) == (row["outputs"], row["default_output"])
        assert params == [
            (param["name"], param["default"], param.get("min"), param.get("max"), param.get("step"))
            for param in row["params"]
        ]
    assert [canonical_id(word) for word in reference["aliases_of_ids"]] == list(
        reference["aliases_of_ids"].values()
    )


def test_patterns_are_those_of_the_reference() -> None:
    reference = json.loads(shared_path("strategy/patterns.json").read_text(encoding="utf-8"))

    assert list(patterns()) == [row["id"] for row in reference["patterns"]]
    for row in reference["patterns"]:
        ours = patterns()[row["id"]]
        assert (ours.english, ours.bars) == (row["name_en"], row["bars"])
        assert row["name_ko"] in (ours.name, None)
        assert ours.signs == _SIGNS[row["direction"]]
        assert ours.builder_signs == _SIGNS[row.get("builder_direction", row["direction"])]
        assert ours.is_supported == row["lean_supported"] == row["in_builder_list"]


@pytest.mark.parametrize("name", ["period", "fast", "slow", "signal", "k_period", "d_period"])
def test_counts_of_bars_are_whole(name: str) -> None:
    found = [param for indicator in indicators().values() for param in indicator.params if param.name == name]

    assert found
    assert all(param.is_whole and isinstance(param.default, int) for param in found)


def test_defaults_are_complete_and_inside_their_limits() -> None:
    for indicator in indicators().values():
        assert indicator.default_line in indicator.lines
        for param in indicator.params:
            if param.choices:
                assert param.default in param.choices
            else:
                assert isinstance(param.default, (int, float))
                assert param.minimum is not None
                assert param.maximum is not None
                assert param.minimum <= param.default <= param.maximum
