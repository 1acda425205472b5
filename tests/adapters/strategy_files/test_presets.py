"""The ten strategies that ship with the program: sound, complete in intent, and they do trade."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from kis_terminal.adapters.bar_files.reading import read_bar_files
from kis_terminal.adapters.strategy_files.reader import read_file, read_text
from kis_terminal.adapters.strategy_files.writer import new_text, text_for_backtester, text_for_builder
from kis_terminal.domain.backtest import BacktestRequest, StrategySource
from kis_terminal.domain.bar_columns import BarColumns
from kis_terminal.domain.orders import Side
from kis_terminal.domain.strategy.binding import bind
from kis_terminal.domain.strategy.problems import Severity
from kis_terminal.resource_files import resource_path
from kis_terminal.services.backtest.run import Engine, run_backtest
from tests.support.shared import shared_path

PRESETS = sorted(path.name.removesuffix(".kis.yaml") for path in resource_path("strategies").iterdir())


def preset(name: str) -> Path:
    """Return the file of a preset."""
    return resource_path(f"strategies/{name}.kis.yaml")


@pytest.fixture(scope="module")
def samsung() -> BarColumns:
    """Return twenty-five years of real bars, adjusted."""
    found = read_bar_files(shared_path("data/krx/daily_adjusted_2000_2024/005930.csv"))
    return next(one.bars for key, one in found.series.items() if key.is_adjusted)


def test_presets_are_those_of_the_builder() -> None:
    reference = json.loads(shared_path("strategy/presets.json").read_text(encoding="utf-8"))

    assert sorted(reference["name_pairs"]) == PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_preset_is_sound_and_its_parameters_all_count(name: str) -> None:
    document = read_file(preset(name))

    assert [problem for problem in document.problems if problem.severity is not Severity.NOTE] == []
    spec = document.sound()
    assert spec.id == name
    assert spec.name
    assert spec.metadata.description
    assert all(param.description and param.minimum is not None for param in spec.params.values())
    assert read_text(new_text(spec)).spec == spec


@pytest.mark.parametrize("name", PRESETS)
def test_preset_runs_at_both_ends_of_every_parameter(name: str) -> None:
    spec = read_file(preset(name)).sound()

    for param in spec.params.values():
        for value in (param.minimum, param.maximum):
            assert value is not None
            assert bind(spec, {param.name: value}).parameters[param.name] == value


@pytest.mark.parametrize("name", PRESETS)
def test_preset_loads_in_the_forms_for_the_official_programs(name: str) -> None:
    spec = read_file(preset(name)).sound()

    for text in (text_for_backtester(spec)[0], text_for_builder(spec)[0]):
        assert read_text(text).errors == ()


@pytest.mark.parametrize("name", PRESETS)
def test_preset_trades_on_real_bars(name: str, samsung: BarColumns) -> None:
    path = preset(name)
    request = BacktestRequest(
        StrategySource(path.name, path.read_text(encoding="utf-8")),
        [samsung.key],
        date(2001, 1, 2),
        date(2024, 6, 28),
    )

    result = run_backtest(request, {samsung.key: samsung}, read_file(path).sound(), engine=Engine.EVENTS)

    sides = {fill.side for fill in result.fills}
    assert sides == {Side.BUY, Side.SELL}
