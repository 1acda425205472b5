"""The text of a file before its meaning: encodings, syntax, and what could grow without bounds."""

from __future__ import annotations

import pytest

from kis_terminal.adapters.strategy_files.reader import read_bytes, read_text
from tests.adapters.strategy_files.test_reader import text


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        (b"", 1, "empty"),
        (b"- a\n- b\n", 1, "no-strategy"),
        (b"version: '1.0'\n", 1, "no-strategy"),
        ("metadata:\n  name: 이름\n".encode("cp949"), 2, "encoding"),
        ("metadata: 이름".encode("utf-16"), 1, "encoding"),
        (b"\x80\xff", 1, "encoding"),
        (b"a: 1\n\tb: 2\n", 2, "tab"),
        (b'a: "x\n', 2, "syntax"),
        (b'name: "a "b" c"\n', 1, "syntax"),
        (b"a: 1\nb: x\x00y\n", 2, "syntax"),
        (b"a: 1\na: 2\n", 2, "duplicate-key"),
        (b"a: 1\n---\nb: 2\n", 2, "documents"),
        (b"a: !!python/object/apply:os.system [ls]\n", 1, "tag"),
        (b"a: !!python/name:os.system x\n", 1, "value"),
        (b"a: !!binary aGk=\n", 1, "value"),
        (b"a: 999999999999999999999\n", 1, "value"),
        (b"a: " + b"9" * 5000 + b"\n", 1, "value"),
        (b"? [a]\n: 1\n", 1, "key"),
        (b"a: " + b"[" * 300 + b"]" * 300, 1, "too-large"),
        (b"a: &a [*a]\n", 1, "too-large"),
        (b"x" * 600_000, 1, "too-large"),
    ],
)
def test_unreadable_text_is_explained(content: bytes, line: int, code: str) -> None:
    document = read_bytes(content)

    assert (line, code) in {(problem.line, problem.code) for problem in document.errors}
    assert document.spec is None


def test_aliases_of_aliases_do_not_grow() -> None:
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 6)]

    assert [problem.code for problem in read_text("\n".join(bomb)).errors] == ["too-large"]


def test_a_byte_order_mark_and_anchors_are_tolerated() -> None:
    content = text(
        indicators="[{id: sma, alias: a, params: &p {period: 7}}, {id: ema, alias: b, params: {<<: *p}}]"
    )

    document = read_bytes(b"\xef\xbb\xbf" + content.encode())

    assert [use.params for use in document.sound().indicators] == [{"period": 7}, {"period": 7}]


def test_dates_stay_texts() -> None:
    document = read_text(text(metadata="{name: x, created_at: 2026-01-02, updated_at: 2026-01-02T03:04:05}"))

    assert document.sound().metadata.created_at == "2026-01-02"
    assert document.sound().metadata.updated_at == "2026-01-02T03:04:05"
