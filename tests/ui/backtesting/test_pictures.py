"""Curves, heat map and fields without a worker: what is drawn, read and refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from kis_terminal.domain.strategy.contract import ParameterRule
from kis_terminal.ui.backtesting.form_rows import TextField
from kis_terminal.ui.backtesting.parameters import ParameterFields, limits_of
from kis_terminal.ui.backtesting.ranges import RangeTable, values_between
from kis_terminal.ui.charts.curves import Curve, CurveChart
from kis_terminal.ui.charts.heat_map import HeatMap
from kis_terminal.ui.ordering.numbers import WrongNumber
from kis_terminal.ui.theme import Theme

_DAY = 86_400


@pytest.fixture
def theme(qapp: Any) -> Theme:
    """Return the dark look."""
    theme = Theme()
    theme.apply(qapp)
    return theme


def picture(widget: QWidget) -> QImage:
    """Return what a widget paints."""
    return widget.grab().toImage()


def holds(image: QImage, colour: Any) -> bool:
    """Tell whether a colour is in a picture."""
    wanted = colour.rgb()
    return any(image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height()))


def test_curves_are_drawn_in_their_colours_and_unknown_beginnings_left_out(theme: Theme, qtbot: Any) -> None:
    chart = CurveChart(theme, "curve")
    qtbot.addWidget(chart)
    chart.resize(300, 200)
    times = np.arange(400, dtype=np.int64) * _DAY
    late = np.concatenate([np.full(50, np.nan), np.linspace(100.0, 90.0, 350)])

    chart.set_curves(
        [
            Curve("run", times, np.linspace(100.0, 150.0, 400), theme.colours.accent),
            Curve("index", times, late, theme.colours.muted, is_main=False),
            Curve("nothing", times, np.full(400, np.nan), theme.colours.up),
        ]
    )

    assert [curve.label for curve in chart.curves] == ["run", "index"]
    assert int(chart.curves[1].times[0]) == 50 * _DAY
    assert holds(picture(chart), theme.colours.accent)


def test_curves_of_any_length_and_without_change_are_drawn(theme: Theme, qtbot: Any) -> None:
    chart = CurveChart(theme, "curve")
    qtbot.addWidget(chart)
    chart.resize(300, 200)

    for count in (1, 2, 3, 30, 50_000):
        times = np.arange(count, dtype=np.int64) * 3_600
        chart.set_curves([Curve("flat", times, np.full(count, 7.0), theme.colours.accent)])
        assert not picture(chart).isNull()
    chart.set_curves([])
    assert not picture(chart).isNull()


def test_the_best_cell_is_found_and_a_click_chooses_its_own_cell(theme: Theme, qtbot: Any) -> None:
    heat = HeatMap(theme, "map")
    qtbot.addWidget(heat)
    heat.resize(400, 300)
    values = np.array([[1.0, 2.0, np.nan], [0.5, -3.0, 9.0]])
    heat.set_grid("x", ["1", "2", "3"], "y", ["10", "20"], values, lambda value: f"{value:.1f}")
    chosen: list[tuple[int, int]] = []
    heat.chosen.connect(lambda row, column: chosen.append((row, column)))

    image = picture(heat)
    for row in range(2):
        for column in range(3):
            place = heat._cell(row, column).center()
            qtbot.mouseClick(heat, Qt.MouseButton.LeftButton, pos=place)

    assert heat.best == (1, 2)
    assert chosen == [(row, column) for row in range(2) for column in range(3)]
    warm, cold = (image.pixelColor(heat._cell(*cell).topLeft() + QPoint(6, 6)) for cell in ((1, 2), (1, 1)))
    assert warm.red() > cold.red()
    assert cold.blue() > warm.blue()
    qtbot.keyClick(heat, Qt.Key.Key_Down)
    assert heat.current == (0, 2)


def test_a_map_of_nothing_or_of_one_value_is_drawn(theme: Theme, qtbot: Any) -> None:
    heat = HeatMap(theme, "map")
    qtbot.addWidget(heat)
    heat.resize(300, 200)

    for values in (np.full((2, 2), np.nan), np.full((2, 2), 3.0)):
        heat.set_grid("x", ["1", "2"], "y", ["1", "2"], values, str)
        assert not picture(heat).isNull()
    with pytest.raises(ValueError, match="2 by 1"):
        heat.set_grid("x", ["1"], "y", ["1", "2"], np.zeros((1, 1)), str)


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [("10", True), ("1,000", True), ("2.5", False), ("", False), ("가", False), ("nan", False), ("0", False)],
)
def test_fields_take_numbers_and_say_what_is_none(theme: Theme, qtbot: Any, text: str, is_fine: bool) -> None:
    field = TextField(theme, "기간", text)
    qtbot.addWidget(field)

    if is_fine:
        assert field.number(least=1, is_whole=True) == float(text.replace(",", ""))
    else:
        with pytest.raises(WrongNumber, match="기간"):
            field.number(least=1, is_whole=True)
        assert field.styleSheet()


def test_slider_and_field_of_a_parameter_follow_each_other(theme: Theme, qtbot: Any) -> None:
    fields = ParameterFields(theme)
    qtbot.addWidget(fields)
    fields.set_rules(
        [
            ParameterRule("fast", 5, 2, 50, 1),
            ParameterRule("rate", 0.5, 0.0, 1.0, 0.05),
            ParameterRule("on", True),
        ]
    )
    moved: list[None] = []
    fields.moved.connect(lambda: moved.append(None))

    fields.rows["fast"].slider.setValue(10)
    qtbot.keyClicks(fields.rows["rate"].field, "\b\b\b0.75")
    fields.switches["on"].setChecked(False)

    assert fields.values() == {"fast": 12, "rate": pytest.approx(0.75), "on": False}
    assert fields.rows["rate"].slider.value() == 15
    assert len(moved) == 1
    fields.rows["fast"].field.setText("51")
    with pytest.raises(WrongNumber, match="fast"):
        fields.values()


def test_a_parameter_without_limits_gets_some_around_its_default() -> None:
    assert limits_of(ParameterRule("n", 20)) == (1.0, 80.0, 1.0)
    low, high, step = limits_of(ParameterRule("x", -2.0))
    assert low < -2.0 < high
    assert step > 0


def test_ranges_end_with_their_last_value_and_count_their_combinations(theme: Theme, qtbot: Any) -> None:
    table = RangeTable(theme)
    qtbot.addWidget(table)
    table.set_rules([ParameterRule("a", 5, 1, 100), ParameterRule("b", 0.2, 0.0, 1.0), ParameterRule("c", 3)])
    for row, span in zip(table.rows, (("1", "9", "2"), ("0.1", "0.3", "0.1"), ("1", "2", "1")), strict=True):
        for field, text in zip((row.first, row.last, row.step), span, strict=True):
            field.setText(text)

    assert values_between(0.1, 0.3, 0.1, whole=False) == [0.1, 0.2, 0.3]
    assert [list(one.values) for one in table.ranges()] == [[1, 3, 5, 7, 9], [0.1, 0.2, 0.3]]
    assert table.combinations() == 15


def test_parameters_are_called_by_their_description_with_the_name_at_hand(theme: Theme, qtbot: Any) -> None:
    fields, table = ParameterFields(theme), RangeTable(theme)
    qtbot.addWidget(fields)
    qtbot.addWidget(table)
    rules = [
        ParameterRule("lookback_days", 20, 5, 60, 1, "돌아보는 기간(일)"),
        ParameterRule("is_long", True, description="오를 때만"),
        ParameterRule("bare", 3),
    ]

    fields.set_rules(rules)
    table.set_rules(rules)

    row, bare = fields.rows["lookback_days"], fields.rows["bare"]
    assert (row.label.text(), row.label.toolTip()) == ("돌아보는 기간(일)", "lookback_days")
    assert (bare.label.text(), fields.switches["is_long"].text()) == ("bare", "오를 때만")
    assert [(one.box.text(), one.box.toolTip()) for one in table.rows] == [
        ("돌아보는 기간(일)", "lookback_days"),
        ("bare", "bare"),
    ]
    assert [chosen.name for chosen in table.ranges()] == ["lookback_days", "bare"]
