"""Which index a file's name tells."""

from __future__ import annotations

import pytest

from kis_terminal.adapters.bar_files.index_names import index_of_name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("kospi200_index_daily", "2001"),
        ("KOSPI", "0001"),
        ("코스닥 일봉", "1001"),
        ("KS200-2020", "2001"),
        ("0001_1d", "0001"),
        ("my_index", ""),
        ("005930", ""),
    ],
)
def test_the_code_or_the_name_of_an_index_is_found(name: str, code: str) -> None:
    assert index_of_name(name) == code
