"""The editor over a real worker: build, be told what is wrong, save, open again, test, add."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt

from kis_terminal.adapters.strategy_files.reader import read_file
from kis_terminal.domain.strategy.model import Logic
from kis_terminal.ui.strategy_editor.window import StrategyEditor
from tests.support.backtest_bench import Bench, BenchBuilder
from tests.support.ports_in_memory import SAMSUNG

_PATIENCE = 40_000


def opened(bench: Bench, qtbot: Any) -> StrategyEditor:
    """Open the editor from the backtest panel on the strategy that it has."""
    qtbot.mouseClick(bench.view.setup.edit_button, Qt.MouseButton.LeftButton)
    editor = bench.view.findChild(StrategyEditor)
    assert isinstance(editor, StrategyEditor)
    checked(editor, qtbot)
    return editor


def checked(editor: StrategyEditor, qtbot: Any) -> None:
    """Wait until what is there now has been checked."""
    qtbot.waitUntil(lambda: editor.is_checked, timeout=_PATIENCE)


def write(field: Any, text: str, qtbot: Any) -> None:
    """Type over what stands in a field."""
    field.selectAll()
    qtbot.keyClicks(field, text)


def closed(editor: StrategyEditor, qtbot: Any) -> None:
    """Close it, throwing away what was not saved."""
    editor.close()
    if editor.confirm.isVisible():
        qtbot.mouseClick(editor.confirm.yes, Qt.MouseButton.LeftButton)


def test_a_strategy_is_built_checked_saved_opened_and_sent_to_the_backtest(
    bench_of: BenchBuilder, qtbot: Any, tmp_path: Path
) -> None:
    bench = bench_of(SAMSUNG)
    editor = opened(bench, qtbot)
    qtbot.mouseClick(editor.new_button, Qt.MouseButton.LeftButton)
    checked(editor, qtbot)
    qtbot.waitUntil(lambda: "1" in editor.status.text(), timeout=_PATIENCE)
    assert not editor.save_button.isEnabled()  # there is no entry yet

    write(editor.form.name, "RSI dip", qtbot)
    write(editor.form.id, "rsi_dip", qtbot)
    editor.form.add_indicator("rsi")
    editor.form.add_pattern("hammer")
    qtbot.mouseClick(editor.form.parameters.button, Qt.MouseButton.LeftButton)
    write(editor.form.parameters.rows[0].name, "days", qtbot)
    write(editor.form.indicators.rows[0].values["period"].entry, "$days", qtbot)
    for _ in range(2):
        qtbot.mouseClick(editor.form.entry.add_button, Qt.MouseButton.LeftButton)
    first, second = editor.form.entry.rows
    qtbot.keyClicks(first.left, "rsi")
    first._left_chosen(first.left.currentIndex())
    first.operator.setCurrentIndex(2)
    first.operator.activated.emit(2)
    write(first.right.entry, "nothing", qtbot)
    place = next(i for i in range(second.left.count()) if "hammer" in second.left.itemText(i))
    second.left.setCurrentIndex(place)
    second.left.activated.emit(place)
    editor.form.entry.logic.setCurrentIndex(1)
    editor.form.entry.logic.activated.emit(1)
    checked(editor, qtbot)

    assert "nothing" in first.problem.text()  # told at the very row
    assert not second.problem.isVisible()
    assert not editor.test_button.isEnabled()

    write(first.right.entry, "30", qtbot)
    checked(editor, qtbot)
    assert not first.problem.isVisible()
    assert editor.save_button.isEnabled()
    editor.save_to(tmp_path / "dip")
    saved = tmp_path / "dip.kis.yaml"
    qtbot.waitUntil(lambda: saved.exists() and "*" not in editor.windowTitle(), timeout=_PATIENCE)

    spec = read_file(saved).sound()
    assert (spec.name, spec.entry.logic, len(spec.entry.conditions)) == ("RSI dip", Logic.OR, 2)
    assert list(spec.params) == ["days"]
    qtbot.mouseClick(editor.test_button, Qt.MouseButton.LeftButton)
    assert bench.view.setup.sheet.source.name == "dip.kis.yaml"
    assert list(bench.view.setup.parameters.rows) == ["days"]
    with qtbot.waitSignal(bench.desk.workspace.link.strategy_to_add) as added:
        qtbot.mouseClick(editor.add_button, Qt.MouseButton.LeftButton)
    assert added.args[0].title == "RSI dip"
    closed(editor, qtbot)


def test_comments_of_an_opened_file_stay_and_only_what_changed_is_written(
    bench_of: BenchBuilder, qtbot: Any, tmp_path: Path
) -> None:
    file = tmp_path / "mine.kis.yaml"
    before = (
        'version: "1.0"  # kept\nmetadata:\n  name: mine\nstrategy:\n  id: mine\n  entry:\n'
        "    conditions:\n      # my reason\n      - {indicator: close, operator: gt, value: 10}\n"
        "  exit:\n    conditions:\n      - {indicator: close, operator: lt, value: 9}\n"
    )
    file.write_text(before, encoding="utf-8")
    bench = bench_of(SAMSUNG)
    editor = opened(bench, qtbot)

    editor.open_file(str(file))
    qtbot.waitUntil(lambda: editor.text.toPlainText() == before, timeout=_PATIENCE)
    write(editor.form.entry.rows[0].right.entry, "12", qtbot)
    checked(editor, qtbot)
    qtbot.keyClick(editor, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: file.read_text(encoding="utf-8") != before, timeout=_PATIENCE)

    assert file.read_text(encoding="utf-8") == before.replace("value: 10", "value: 12")
    qtbot.waitUntil(lambda: "*" not in editor.windowTitle(), timeout=_PATIENCE)
    closed(editor, qtbot)


def test_a_broken_file_is_mended_in_the_text_and_the_form_comes_back(
    bench_of: BenchBuilder, qtbot: Any, tmp_path: Path
) -> None:
    file = tmp_path / "broken.kis.yaml"
    file.write_text(
        'version: "1.0"\nmetadata: {name: b}\nstrategy:\n  id: b\n  entry:\n    conditions:\n'
        "      - {indicator: close, operator: between, value: 10}\n"
        "  exit:\n    conditions:\n      - {indicator: close, operator: lt, value: 9}\n",
        encoding="utf-8",
    )
    bench = bench_of(SAMSUNG)
    editor = opened(bench, qtbot)

    editor.open_file(str(file))
    qtbot.waitUntil(lambda: not editor.form.isEnabled(), timeout=_PATIENCE)
    assert editor.problems.cell_text("0", "line") == "7"
    editor.text.setPlainText(editor.text.toPlainText().replace("between", "gt"))
    qtbot.waitUntil(lambda: editor.form.isEnabled(), timeout=_PATIENCE)

    assert editor.form.entry.rows[0].right.currentText() == "10"
    assert editor.save_button.isEnabled()
    closed(editor, qtbot)


def test_closing_asks_before_changes_are_lost(bench_of: BenchBuilder, qtbot: Any) -> None:
    bench = bench_of(SAMSUNG)
    editor = opened(bench, qtbot)
    write(editor.form.name, "another", qtbot)

    editor.close()

    assert editor.isVisible()
    assert editor.confirm.isVisible()
    checked(editor, qtbot)
    closed(editor, qtbot)
