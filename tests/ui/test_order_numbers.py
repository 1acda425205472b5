from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.ui.ordering.numbers import LARGEST, WrongNumber, parse_whole, regrouped


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "비어"),
        ("0", "0보다 큰"),
        ("-1", "0보다 큰"),
        ("-1,000", "0보다 큰"),
        ("1.5", "소수"),
        ("NaN", "숫자가 아닙니다"),
        ("Infinity", "숫자가 아닙니다"),
        ("1e3", "숫자가 아닙니다"),
        ("0x10", "숫자가 아닙니다"),
        ("1_000", "숫자가 아닙니다"),
        ("+5", "숫자가 아닙니다"),
        ("1,5", "숫자가 아닙니다"),
        ("８", "전각"),
        ("７０", "전각"),
        ("٣", "전각"),
        ("1000000000000", "너무 큽니다"),
        ("9" * 400, "너무 큽니다"),
    ],
)
def test_what_is_no_whole_number_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(WrongNumber, match=words):
        parse_whole(text, "수량")


@pytest.mark.parametrize(("text", "number"), [("70", 70), (" 1,234,000 ", 1_234_000), ("0070", 70)])
def test_plain_and_grouped_digits_are_read(text: str, number: int) -> None:
    assert parse_whole(text, "수량") == number


@given(st.integers(1, LARGEST))
def test_every_whole_number_is_read_back(number: int) -> None:
    assert parse_whole(f"{number:,}", "가격") == parse_whole(str(number), "가격") == number


@given(st.text(max_size=12))
def test_any_text_is_a_number_in_range_or_a_sentence(text: str) -> None:
    number = None
    with contextlib.suppress(WrongNumber):
        number = parse_whole(text, "가격")

    if number is not None:
        assert 0 < number <= LARGEST
        assert set(text) <= set("0123456789, ")


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("", "8", "8"),
        ("837", "8370", "8,370"),
        ("8,370", "8,3700", "83,700"),
        ("83,700", "83,70", "8,370"),
        ("83,700", "83,", "83"),
        ("83,700", "", ""),
        ("1", "1,", None),
        ("", "1,5", None),
        ("1", "1.", None),
        ("7", "７", None),
        ("1.5", "1.50", None),
    ],
)
def test_separators_move_only_with_digits(before: str, after: str, shown: str | None) -> None:
    assert regrouped(before, after) == shown
