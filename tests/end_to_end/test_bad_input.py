"""Wrong input: a sentence with the value and the remedy, exit code 2, nothing sent, nothing half-written."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from kis_terminal.__main__ import main
from tests.end_to_end.conftest import OpenTerminal, StartProgram

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

GOOD = {
    "paper_app": "P" * 36,
    "paper_sec": "s" * 180,
    "my_htsid": "tester",
    "my_paper_stock": "50112233",
    "my_prod": "01",
}


def yaml_of(**changes: str) -> str:
    return "".join(f'{key}: "{value}"\n' for key, value in {**GOOD, **changes}.items())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["bogus"], "There is no command 'bogus'. Commands: backtest, bars,"),
        (["--env", "paper", "orders"], "kis-terminal orders"),
        (["--env", "paper", "nonsense", "--json"], "nonsense"),
    ],
)
def test_a_word_that_is_no_command_is_told_which_there_are(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2

    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--size", "1760"], "--size 1760"),
        (["--size", "100x100"], "640x400"),
        (["--size", "axb"], "너비x높이"),
        (["--exit-after", "0"], "0보다 큰 초"),
        (["--exit-after", "-1"], "0보다 큰 초"),
        (["--exit-after", "nan"], "0보다 큰 초"),
        (["--exit-after", "soon"], "soon"),
        (["--bars", "nowhere"], "nowhere: 그런 폴더가 없습니다"),
        (["--env", "moon"], "moon"),
        (["--replay", "nowhere"], "nowhere: 그런 파일이 없습니다"),
        (["--replay", "nowhere", "--env", "paper"], "--env sim"),
        (["--day", "2024-09-12"], "--day"),
        (["--clock", "noon"], "noon"),
        (["--speed", "0"], "0"),
        (["--record-limit", "0"], "--record-limit 0"),
        (["sim", "--replay", "x", "--bars", "y"], "--replay"),
        (["--seed", "x"], "--seed"),
        (["--colour", "red"], "--colour"),
        (["sim", "--port", "70000"], "70000"),
        (["sim", "--clock", "noon"], "noon"),
        (["sim", "--limits", "none"], "none"),
        (["sim", "--speed", "nan"], "nan"),
    ],
)
def test_a_wrong_word_on_the_command_line_is_bad_usage(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str], terminal_home: Path
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)

    assert end.value.code == 2
    assert sentence in capsys.readouterr().err
    assert list(terminal_home.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "sentences"),
    [
        (None, ["paper_app", "KIS_PAPER_APP_KEY", "my_paper_stock"]),
        ('paper_app: "unclosed\n', ["kis_devlp.yaml"]),
        ("- a\n- list\n", ["kis_devlp.yaml"]),
        (yaml_of(my_paper_stock="1234"), ["my_paper_stock", "(4자)", "12345678-01"]),
        (yaml_of(my_paper_stock="12AB5678"), ["12AB5678"]),
        (yaml_of(my_prod="1"), ["my_prod", "'1'"]),
        (yaml_of(paper_apps="x"), ["paper_apps", "paper_app"]),
        (yaml_of(vps="ftp://somewhere"), ["vps", "ftp://somewhere"]),
    ],
    ids=["missing", "broken", "no mapping", "short account", "letters", "product", "unknown key", "host"],
)
def test_wrong_settings_are_said_before_any_window_and_nothing_is_written(
    content: str | None, sentences: list[str], capsys: pytest.CaptureFixture[str], terminal_home: Path
) -> None:
    if content is not None:
        Path("kis_devlp.yaml").write_text(content, encoding="utf-8")

    code = main(["--env", "paper"])

    told = capsys.readouterr().err
    assert code == 2
    for sentence in sentences:
        assert sentence in told
    assert GOOD["paper_sec"] not in told
    assert GOOD["paper_app"] not in told
    assert list(terminal_home.iterdir()) == []


def test_a_config_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--env", "paper", "--config", "elsewhere.yaml"]) == 2

    assert "elsewhere.yaml" in capsys.readouterr().err


def test_without_a_display_one_sentence_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal_home: Path
) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")

    code = main([])

    assert code == 2
    told = capsys.readouterr().err
    assert "화면이 없습니다" in told
    assert "--screenshot" in told
    assert list(terminal_home.iterdir()) == []


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Listen on a port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("option", ["--port", "--paper-ws-port"])
def test_a_port_in_use_is_said_in_one_line(
    start_program: StartProgram, taken_port: int, option: str, tmp_path: Path
) -> None:
    ready = tmp_path / "ready.json"

    ended = start_program("sim", option, str(taken_port), "--ready-file", str(ready)).wait()

    assert ended.code == 2
    assert ended.err.startswith(f"kis-terminal sim: {option} {taken_port}: ")
    assert "다른 번호나 0(빈 포트)" in ended.err
    assert ended.err.count("\n") == 1
    assert not ready.exists()


def test_a_symbol_that_does_not_exist_is_not_found_and_changes_nothing(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    before = person.terminal.workspace.link.symbol
    search = person.window.toolbar.search
    person.key(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)

    person.type("ZZ9999")

    assert list(search.findings) == []
    assert search.results is not None
    assert search.results.isVisible()
    person.key(Qt.Key.Key_Return)
    assert person.terminal.workspace.link.symbol == before


IMPOSSIBLE = [
    (None, "0", "수량 0: 0보다 큰 수"),
    (None, "-1", "수량 -1: 0보다 큰 수"),
    (None, "NaN", "수량 'NaN': 숫자가 아닙니다"),
    (None, "1.5", "수량 1.5: 소수는 쓸 수 없습니다"),
    ("80050", "1", "호가단위 100원"),
    ("100", "1", "하한"),
    ("300000", "1", "상한"),
]


def test_numbers_that_cannot_be_are_refused_in_words_and_nothing_is_sent(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    person.choose("ㅅㅅㅈㅈ")
    person.until(lambda: person.form.form.price() is not None)

    for price, quantity, sentence in IMPOSSIBLE:
        person.key(Qt.Key.Key_F1)
        if price is not None:
            person.retype(price)
        person.form.form.quantity_field.setFocus()
        person.retype(quantity)
        person.settle()
        assert sentence in person.form.risk_line.text
        person.key(Qt.Key.Key_Return)
        assert person.form.result_line.text.startswith("보내지 않았습니다")
        assert sentence in person.form.result_line.text

    person.settle()
    assert person.terminal.orders.all() == []
    assert person.ledger() == []
