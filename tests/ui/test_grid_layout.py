"""Columns and rows of the grid, without a window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.ui.grid.columns import Align, Column, ColumnLayout
from kis_terminal.ui.grid.rows import RowStore
from kis_terminal.ui.grid.selection import Selection


def layout() -> ColumnLayout:
    return ColumnLayout(
        [
            Column("name", "종목", 100, str, Align.LEFT, stretch=1),
            Column("price", "현재가", 70, str),
            Column("volume", "거래량", 80, str, priority=2),
            Column("change", "대비", 60, str, priority=1),
        ]
    )


def shown(columns: ColumnLayout) -> list[str]:
    return [place.column.key for place in columns.places]


def test_optional_columns_stand_while_they_fit() -> None:
    columns = layout()

    columns.arrange(200)
    narrow = shown(columns)
    columns.arrange(235)
    wider = shown(columns)
    columns.arrange(400)

    assert narrow == ["name", "price"]
    assert wider == ["name", "price", "change"]
    assert shown(columns) == ["name", "price", "volume", "change"]


def test_room_left_over_goes_to_the_stretching_column() -> None:
    columns = layout()

    columns.arrange(220)

    assert [(place.left, place.width) for place in columns.places] == [(0, 150), (150, 70)]


def test_a_column_chosen_by_hand_stands_though_it_does_not_fit() -> None:
    columns = layout()
    columns.arrange(180)

    columns.show("volume", is_shown=True)
    columns.arrange(180)

    assert "volume" in shown(columns)


def test_the_last_column_cannot_be_hidden() -> None:
    columns = layout()
    columns.arrange(110)
    columns.show("price", is_shown=False)
    columns.arrange(110)

    columns.show("name", is_shown=False)
    columns.arrange(110)

    assert shown(columns) == ["name"]


def test_choices_survive_being_kept_and_unknown_ones_are_left_out() -> None:
    columns = layout()
    columns.arrange(500)
    columns.move("price", "name")
    columns.resize("price", 90)
    columns.show("volume", is_shown=False)
    kept = columns.as_json()
    assert isinstance(kept["order"], list)
    kept["order"] = [*kept["order"], "gone"]

    other = layout()
    other.take_json(kept)
    other.arrange(500)

    assert other.order == ["price", "name", "volume", "change"]
    assert other.widths == {"price": 90}
    assert shown(other) == ["price", "name", "change"]


def test_damaged_choices_change_nothing() -> None:
    columns = layout()

    for kept in (None, "x", 3, {"order": 5, "widths": ["a"], "shown": None}):
        columns.take_json(kept)  # type: ignore[arg-type]

    assert columns.order == ["name", "price", "volume", "change"]


def test_a_figure_that_needs_room_gets_it_unless_the_user_set_the_width() -> None:
    columns = layout()

    assert columns.grow("price", 95)
    assert not columns.grow("price", 90)
    columns.resize("price", 60)

    assert not columns.grow("price", 120)
    price = columns.column("price")
    assert price is not None
    assert columns.width_of(price) == 60


@given(st.integers(1, 1500), st.lists(st.sampled_from(["name", "price", "volume", "change"])))
def test_places_lie_side_by_side_in_any_room(room: int, hidden: list[str]) -> None:
    columns = layout()
    columns.arrange(room)
    for key in hidden:
        columns.show(key, is_shown=False)
        columns.arrange(room)

    lefts = [place.left for place in columns.places]
    rights = [place.right for place in columns.places]

    assert lefts == [0, *rights[:-1]]
    assert all(place.width > 0 for place in columns.places)


def store() -> RowStore:
    rows = RowStore()
    rows.set_rows([("a", 3), ("b", 1), ("c", None), ("d", 2)])
    return rows


def test_sort_puts_the_unknown_last_in_both_directions() -> None:
    rows = store()

    rows.sort(lambda value: value)
    rising = list(rows.shown)
    rows.sort(lambda value: value, is_descending=True)

    assert rising == ["b", "d", "a", "c"]
    assert rows.shown == ["a", "d", "b", "c"]


def test_a_changed_value_never_moves_a_row() -> None:
    rows = store()
    rows.sort(lambda value: value)

    rows.replace("b", 99)

    assert rows.shown == ["b", "d", "a", "c"]
    assert rows.place("b") == 0


def test_no_sort_is_the_order_given() -> None:
    rows = store()
    rows.sort(lambda value: value)

    rows.sort(None)

    assert rows.shown == ["a", "b", "c", "d"]


def test_filter_hides_rows_and_keeps_them() -> None:
    rows = store()

    rows.filter(lambda value: value is not None and value > 1)

    assert rows.shown == ["a", "d"]
    assert len(rows) == 4
    assert rows.place("b") is None


def test_shift_selects_from_where_the_selection_began() -> None:
    selection = Selection(is_multiple=True)
    keys = ["a", "b", "c", "d"]
    selection.only("b")

    selection.extend("d", keys)
    selection.extend("a", keys)

    assert [key for key in keys if key in selection] == ["a", "b"]


def test_single_selection_holds_one_row() -> None:
    selection = Selection(is_multiple=False)
    selection.only("a")

    selection.toggle("b")
    selection.all(["a", "b"])

    assert "a" not in selection
    assert "b" in selection


def test_rows_that_went_away_are_not_selected() -> None:
    selection = Selection(is_multiple=True)
    selection.all(["a", "b"])
    selection.only("b")

    selection.keep_only(["a"])

    assert selection.current == ""
    assert "b" not in selection
