"""Laws of reading foreign bars: whatever a file holds, no price of zero, no disorder, nothing unaccounted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kis_terminal.domain.bar_import.assembling import Subject, cleaned, market_days, series_of
from kis_terminal.domain.bar_import.cleaning import DAY
from kis_terminal.domain.bar_import.report import Notes
from kis_terminal.domain.bar_import.table import (
    columns_of,
    layout_of,
    numbers,
    read_rows,
    read_time,
    sound_rows,
)

ROLE_OF = {name: name for name in ("date", "open", "high", "low", "close", "volume", "rate", "difference")}
prices = st.sampled_from(
    ["0", "-5", "1", "99", "100", "105", "110", "5000", "x", "", "1e400", "nan", "1,000"]
)
days = st.sampled_from([*(f"2024-01-{day:02d}" for day in range(1, 32)), "20240215", "3-Mar-24", "soon", ""])
row = st.tuples(days, prices, prices, prices, prices, prices).map(list)
with_change = st.tuples(row, st.sampled_from(["0", "0.05", "-0.5", "4", "", "-1"])).map(
    lambda pair: [*pair[0], pair[1]]
)
words = st.text(alphabet="0123456789-/.:, T가나JanMarDec\ufeff\x00'\"", max_size=20)


@given(st.lists(with_change, min_size=1, max_size=60), st.booleans())
@settings(max_examples=200)
def test_series_hold_sound_bars_only(table: list[list[str]], has_header: bool) -> None:
    header = ["date", "open", "high", "low", "close", "volume", "rate"]
    whole = [header, *table] if has_header else [["2023-12-28", "100", "110", "90", "105", "7", "0"], *table]
    layout = layout_of(whole[0], ROLE_OF)
    rows = whole[1:] if layout.has_header else whole
    notes = Notes("file.csv", "005930")
    raw = sound_rows(read_rows(columns_of(rows, layout), np.arange(len(rows), dtype=np.int64)), notes)

    one = cleaned(Subject("005930"), raw, notes)

    assert layout.has_header is has_header
    left_out = sum(finding.count for finding in notes.findings() if finding.kind.is_refusal)
    if one is None:
        return
    series = series_of(one, market_days([one]))
    assert series
    for item in series.values():
        bars = item.bars
        assert bool(np.all(bars.columns[:4] > 0))
        assert bool(np.all(np.isfinite(bars.columns)))
        assert bool(np.all(bars.high >= np.maximum(bars.open, bars.close)))
        assert bool(np.all(bars.low <= np.minimum(bars.open, bars.close)))
        assert all(span.end > span.start for span in item.covered)
        starts = np.array([span.start for span in item.covered])
        ends = np.array([span.end for span in item.covered])
        place = np.searchsorted(starts, bars.times, side="right") - 1
        assert bool(np.all((place >= 0) & (bars.times < ends[place]))), "a bar outside what is covered"
    assert (
        len(one.clean.rows.times) + len(one.clean.closed) + left_out
        >= len(set(raw.times.tolist())) - left_out
    )
    assert bool(np.all(one.clean.rows.times % DAY == 0))


@given(words)
def test_any_text_is_a_time_or_none(text: str) -> None:
    time = read_time(text)

    assert time is None or isinstance(time, int)


@given(st.lists(words, max_size=20))
def test_any_texts_are_numbers_or_nothing(texts: list[str]) -> None:
    assert len(numbers(texts)) == len(texts)


def test_dates_as_programs_write_them() -> None:
    same = [
        "2024-03-05",
        "20240305",
        "2024/03/05",
        "2024.03.05",
        "5-Mar-24",
        "05-MAR-2024",
        "2024-03-05 00:00:00",
    ]

    assert len({read_time(text) for text in same}) == 1
    assert read_time("2024-03-05 09:01") == (read_time("2024-03-05") or 0) + 9 * 3600 + 60
    assert read_time("2024-13-05") is None
    assert read_time(str(Path("x"))) is None
