"""The grid on the screen: painting, keys, mouse, columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from kis_terminal.services.preferences import Preferences
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.grid.grid import Grid
from kis_terminal.ui.theme import Theme
from tests.support.ports_in_memory import MemoryStore


@dataclass
class Row:
    name: str
    price: int


class Desk:
    """A grid over a few rows, with the texts that were asked for while painting."""

    def __init__(self, qtbot: Any, qapp: QApplication) -> None:
        self.theme = Theme()
        self.theme.apply(qapp)
        self.store = MemoryStore()
        self.painted: list[str] = []
        self.rows = {
            str(i): Row(name, price)
            for i, (name, price) in enumerate(
                [("삼성전자", 84_600), ("SK하이닉스", 231_500), ("NAVER", 214_000), ("카카오", 52_300)]
            )
        }
        self.grid = self.build()
        qtbot.addWidget(self.grid)
        self.grid.resize(300, 200)
        self.grid.show()
        qtbot.waitExposed(self.grid)
        qapp.processEvents()

    def build(self, **options: Any) -> Grid:
        grid = Grid(
            "test",
            [
                Column("name", "종목", 120, lambda r: r.name, Align.LEFT, stretch=1),
                Column("price", "현재가", 80, self._price, sort=lambda r: r.price, flashes=True),
            ],
            self.theme,
            Preferences(self.store),
            title="시험",
            empty_text="행이 없습니다",
            is_multiple=True,
            can_move_rows=True,
            **options,
        )
        grid.set_rows(self.rows.items())
        return grid

    def _price(self, row: Row) -> str:
        self.painted.append(row.name)
        return f"{row.price:,}"


@pytest.fixture
def table(qtbot: Any, qapp: QApplication) -> Desk:
    return Desk(qtbot, qapp)


def point_of(grid: Grid, key: str, x: int = 20) -> QPoint:
    return QPoint(x, grid.row_rect(key).center().y())


def click(
    qtbot: Any, grid: Grid, key: str, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifier, point_of(grid, key))


def test_touch_paints_that_row_only(table: Desk, qapp: QApplication) -> None:
    table.painted.clear()

    table.rows["2"].price = 215_000
    table.grid.touch("2")
    qapp.processEvents()

    assert table.painted == ["NAVER"]


def test_touching_a_row_out_of_sight_paints_nothing(table: Desk, qapp: QApplication) -> None:
    table.grid.resize(300, table.theme.metrics.header + table.theme.metrics.row)
    qapp.processEvents()
    table.painted.clear()

    table.grid.touch("3")
    table.grid.touch("not there")
    qapp.processEvents()

    assert table.painted == []


def test_a_changed_cell_is_tinted_and_settles(table: Desk, qtbot: Any, qapp: QApplication) -> None:
    def ground() -> str:
        picture = table.grid.viewport().grab().toImage()
        ratio = picture.devicePixelRatio()
        y = int((table.grid.row_rect("0").top() + 3) * ratio)
        return picture.pixelColor(int(240 * ratio), y).name()

    calm = ground()
    table.rows["0"].price += 100

    table.grid.touch("0")
    tinted = ground()

    assert tinted != calm
    qtbot.waitUntil(lambda: ground() == calm)


def test_click_chooses_and_double_click_activates(table: Desk, qtbot: Any) -> None:
    with qtbot.waitSignal(table.grid.chosen) as chosen:
        click(qtbot, table.grid, "1")
    with qtbot.waitSignal(table.grid.activated) as activated:
        qtbot.mouseDClick(table.grid.viewport(), Qt.MouseButton.LeftButton, pos=point_of(table.grid, "2"))

    assert chosen.args == ["1"]
    assert activated.args == ["2"]


def test_keys_move_and_enter_activates(table: Desk, qtbot: Any) -> None:
    table.grid.select("0")

    qtbot.keyClick(table.grid, Qt.Key.Key_Down)
    qtbot.keyClick(table.grid, Qt.Key.Key_End)
    with qtbot.waitSignal(table.grid.activated) as activated:
        qtbot.keyClick(table.grid, Qt.Key.Key_Return)

    assert table.grid.current == "3"
    assert activated.args == ["3"]


def test_header_click_sorts_and_a_later_price_does_not_move_rows(table: Desk, qtbot: Any) -> None:
    header = table.grid.header

    qtbot.mouseClick(header, Qt.MouseButton.LeftButton, pos=header.title_rect("price").center())
    by_price = table.grid.keys
    table.rows["3"].price = 999_000
    table.grid.touch("3")

    assert by_price == ["1", "2", "0", "3"]
    assert table.grid.keys == by_price


def test_third_click_on_a_header_gives_the_own_order_back(table: Desk, qtbot: Any) -> None:
    header = table.grid.header

    for _ in range(3):
        qtbot.mouseClick(header, Qt.MouseButton.LeftButton, pos=header.title_rect("price").center())

    assert table.grid.keys == ["0", "1", "2", "3"]


def test_dragging_a_header_edge_sets_the_width_and_keeps_it(table: Desk, qtbot: Any) -> None:
    header = table.grid.header
    edge = header.title_rect("name").topRight() + QPoint(1, 5)

    qtbot.mousePress(header, Qt.MouseButton.LeftButton, pos=edge)
    qtbot.mouseMove(header, edge + QPoint(-60, 0))
    qtbot.mouseRelease(header, Qt.MouseButton.LeftButton, pos=edge + QPoint(-60, 0))
    width = header.title_rect("name").width()

    assert width < 200
    assert Preferences(table.store).read("grid.test") == {
        "order": ["name", "price"],
        "widths": {"name": width},
        "shown": {},
    }


def test_column_menu_hides_a_column(table: Desk, qtbot: Any) -> None:
    header = table.grid.header
    header._choose("price", False)

    assert [line[0] for line in table.grid.table()] == ["종목", "삼성전자", "SK하이닉스", "NAVER", "카카오"]
    assert len(table.grid.table()[0]) == 1
    assert header.findChildren(QMenu) == []


def test_copy_puts_the_selected_rows_on_the_clipboard(table: Desk, qtbot: Any) -> None:
    click(qtbot, table.grid, "0")
    click(qtbot, table.grid, "2", modifier=Qt.KeyboardModifier.ControlModifier)

    qtbot.keyClick(table.grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    assert QGuiApplication.clipboard().text() == "삼성전자\t84,600\nNAVER\t214,000"


def test_filter_line_searches_every_cell_and_esc_shows_all(table: Desk, qtbot: Any) -> None:
    qtbot.keyClick(table.grid, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    line = table.grid._filter
    qtbot.keyClicks(line, "231,5")
    found = table.grid.keys

    qtbot.keyClick(line, Qt.Key.Key_Escape)

    assert found == ["1"]
    assert table.grid.keys == ["0", "1", "2", "3"]
    assert not line.isVisible()


def test_delete_names_the_selected_rows(table: Desk, qtbot: Any) -> None:
    table.grid.select("1")

    with qtbot.waitSignal(table.grid.delete_wanted) as wanted:
        qtbot.keyClick(table.grid, Qt.Key.Key_Delete)

    assert wanted.args == [["1"]]


def test_dragging_a_row_moves_it(table: Desk, qtbot: Any) -> None:
    viewport = table.grid.viewport()
    begin, end = point_of(table.grid, "0"), point_of(table.grid, "2") + QPoint(0, 10)

    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=begin)
    qtbot.mouseMove(viewport, end)
    with qtbot.waitSignal(table.grid.rows_moved) as moved:
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)

    assert moved.args == [["1", "2", "0", "3"]]


def test_selection_and_scroll_stay_when_rows_are_set_again(table: Desk, qapp: QApplication) -> None:
    table.grid.select("2")

    table.grid.set_rows([("9", Row("새 종목", 1)), *table.rows.items()])

    assert table.grid.current == "2"
    assert table.grid.selected == ["2"]


def test_an_empty_grid_says_its_sentence(table: Desk, qapp: QApplication) -> None:
    before = table.grid.viewport().grab().toImage()

    table.grid.set_rows([])
    empty = table.grid.viewport().grab().toImage()
    table.grid.set_empty_text("")

    assert empty != before
    assert table.grid.viewport().grab().toImage() != empty


def test_a_figure_that_does_not_fit_is_never_cut_to_another_figure(table: Desk, qtbot: Any) -> None:
    table.rows["0"].price = 123_456_789_012

    table.grid.touch("0")

    qtbot.waitUntil(lambda: table.grid.header.title_rect("price").width() > 80)
