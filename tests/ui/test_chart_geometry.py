"""What the chart works out before it paints: window, pyramid, visible studies, labels of both axes."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kis_terminal.domain.bars import BarSeries
from kis_terminal.domain.market import Interval
from kis_terminal.ui.charts.drawn import ChartKind
from kis_terminal.ui.charts.frame import frame_of
from kis_terminal.ui.charts.price_axis import axis_text, axis_values
from kis_terminal.ui.charts.pyramid import Pyramid, factor_for
from kis_terminal.ui.charts.shown_bars import ShownBars
from kis_terminal.ui.charts.studies import RULES, StudyValues
from kis_terminal.ui.charts.study_list import STUDIES, Study
from kis_terminal.ui.charts.time_axis import choose_grain, label_of, tick_bars
from kis_terminal.ui.charts.time_window import LEAST_BARS, TimeWindow


def walk(count: int, seed: int = 1) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    close = 80_000 + np.cumsum(random.normal(0, 50, count))
    start = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(start, close) + 10, np.minimum(start, close) - 10
    return np.column_stack((start, high, low, close, random.integers(1, 9_999, count).astype(float)))


def session_times(days: int, minutes: int) -> NDArray[np.int64]:
    """Return bars from 09:00 to 15:30 on weekdays from Monday 2026-11-16 on."""
    first = np.datetime64("2026-11-16")
    dates = np.busday_offset(first, np.arange(days)).astype("datetime64[s]").astype(np.int64)
    return (dates[:, None] + 9 * 3600 + np.arange(0, 390, minutes) * 60).ravel()


def series_of(count: int, interval: Interval = Interval.MINUTE_5) -> BarSeries:
    minutes = interval.minutes or 1
    series = BarSeries("005930", interval)
    series.replace(session_times(count // (390 // minutes) + 1, minutes)[:count], walk(count))
    return series


# -- pyramid ---


@given(
    st.integers(1, 3_000),
    st.integers(0, 8).map(lambda power: 2**power),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_buckets_are_joins_of_their_bars(count: int, factor: int, one: float, other: float) -> None:
    values, pyramid = walk(count), Pyramid()
    pyramid.rebuild(values)
    first, last = sorted((int(one * (count - 1)), int(other * count)))

    joined = pyramid.slice(values, first, last, factor)

    assert joined.begin * factor <= first
    assert joined.end * factor >= last
    for place in range(joined.end - joined.begin):
        bars = values[(joined.begin + place) * factor : (joined.begin + place + 1) * factor]
        assert joined.open[place] == bars[0, 0]
        assert joined.high[place] == bars[:, 1].max()
        assert joined.low[place] == bars[:, 2].min()
        assert joined.close[place] == bars[-1, 3]
        assert joined.volume[place] == pytest.approx(bars[:, 4].sum())


@given(st.integers(250, 1_500), st.integers(1, 600))
def test_refreshing_equals_rebuilding(count: int, appended: int) -> None:
    values = walk(count + appended)
    grown, fresh = Pyramid(), Pyramid()
    grown.rebuild(values[:count])
    values[count - 1] += 500.0

    grown.refresh(values, count - 1)
    fresh.rebuild(values)

    for factor in (16, 64, 256):
        one, other = (p.slice(values, 0, len(values), factor) for p in (grown, fresh))
        for name in ("open", "high", "low", "close"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()
        np.testing.assert_allclose(one.volume, other.volume)


@pytest.mark.parametrize("count", [1_000, 100_000, 1_000_000])
def test_a_frame_draws_about_as_many_buckets_as_pixels_whatever_the_bars(count: int) -> None:
    series = BarSeries("005930", Interval.MINUTE_1)
    series.replace(np.arange(count, dtype=np.int64) * 60, walk(count))
    shown, window = ShownBars(), TimeWindow(9.0)
    shown.show(series, ChartKind.CANDLES)
    window.take_count(count)
    window.resize(1_500)

    window.show_all()

    assert 700 <= len(frame_of(window, shown).x) <= 1_501


def test_a_bucket_is_at_least_a_pixel_wide() -> None:
    assert [factor_for(step) for step in (9.0, 1.0, 0.5, 0.3, 0.001)] == [1, 1, 2, 4, 1024]


# -- bars as shown ---


@pytest.mark.parametrize("kind", list(ChartKind))
def test_what_is_shown_after_changes_equals_what_is_shown_at_once(kind: ChartKind) -> None:
    values, times = walk(700), session_times(20, 1)[:700]
    series = BarSeries("005930", Interval.MINUTE_1)
    series.replace(times[:300], values[:300])
    shown, fresh = ShownBars(), ShownBars()
    shown.show(series, kind)

    for count in range(310, 701, 30):
        grown = BarSeries("005930", Interval.MINUTE_1)
        grown.replace(times[:count], values[:count])
        grown.structure, grown.revision = series.structure, count
        shown.series = grown
        shown.sync()
    fresh.show(shown.series, kind)

    np.testing.assert_allclose(shown.values, fresh.values, rtol=1e-12)
    assert shown.sync() is None


# -- studies ---


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.key)
def test_values_of_the_visible_stretch_equal_those_of_all_bars(study: Study) -> None:
    bars = walk(9_000)
    whole = np.array(RULES[study.key][0](bars))
    values = StudyValues(study)

    for first, last in ((8_800, 9_000), (8_600, 8_790), (0, 40), (3_000, 3_400), (2_900, 3_300), (0, 9_000)):
        seen = values.lines(bars, first, last)

        np.testing.assert_allclose(seen, whole[:, first:last], rtol=1e-9, atol=1e-7, equal_nan=True)


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.key)
def test_a_changed_last_bar_and_appended_bars_are_carried_in(study: Study) -> None:
    bars = walk(2_000)
    values = StudyValues(study)
    values.lines(bars[:1_500], 1_300, 1_500)
    bars[1_499] += 300.0

    for count in range(1_500, 2_001, 50):
        values.forget(max(1_499, count - 51))
        seen = values.lines(bars[:count], count - 200, count)

        whole = np.array(RULES[study.key][0](bars[:count]))
        np.testing.assert_allclose(seen, whole[:, -200:], rtol=1e-9, atol=1e-7)


# -- window ---


def window_of(count: int, width: int = 900) -> TimeWindow:
    window = TimeWindow(9.0)
    window.take_count(count)
    window.resize(width)
    window.reset()
    return window


def test_an_appended_bar_keeps_its_place_while_the_last_one_is_in_sight() -> None:
    window = window_of(500)
    before = window.count - window.first

    window.take_count(501)

    assert window.count - window.first == before


def test_an_appended_bar_moves_nothing_once_panned_away() -> None:
    window = window_of(500)
    window.pan(-200)
    first = window.first

    window.take_count(501)

    assert window.first == first
    assert not window.is_following


@given(st.integers(20, 100_000), st.floats(0.1, 10), st.floats(0, 1))
def test_zoom_keeps_the_bar_under_the_pointer(count: int, factor: float, share: float) -> None:
    window = window_of(count)
    window.pan(-count / 3)
    anchor = window.first + share * window.span

    window.zoom(factor, anchor)

    is_free = 0 < window.first < count - window.span
    if is_free:
        assert window.first + share * window.span == pytest.approx(anchor)


@given(st.integers(0, 5_000), st.lists(st.tuples(st.sampled_from(["pan", "zoom"]), st.floats(-50, 50))))
def test_some_bars_always_stay_in_sight(count: int, moves: list[tuple[str, float]]) -> None:
    window = window_of(count)
    for name, amount in moves:
        if name == "pan":
            window.pan(amount * window.span)
        else:
            window.zoom(abs(amount) + 0.02, window.first)

        assert window.span >= LEAST_BARS
        assert window.first <= count
        assert window.first + window.span >= min(count, LEAST_BARS)


# -- axes ---


@given(st.floats(-1e7, 1e7), st.floats(1e-3, 1e7), st.integers(2, 20))
def test_price_labels_are_round_and_not_too_many(low: float, span: float, most: int) -> None:
    values = axis_values(low, low + span, most)

    assert len(values) <= most + 1
    assert all(low - span * 1e-6 <= value <= low + span * 1.000001 for value in values)


def test_price_texts() -> None:
    assert axis_text(84_600.0, 100.0) == "84,600"
    assert axis_text(-0.0, 0.5) == "0.0"
    assert axis_text(1_234.5, 0.05) == "1,234.50"


def labels(times: NDArray[np.int64], interval: Interval, step: float) -> list[str]:
    grain = choose_grain(interval, step, 84.0)
    return [label_of(times, bar)[0] for bar in tick_bars(times, 0, len(times), grain)]


def test_hours_of_one_day_and_the_day_at_its_open() -> None:
    times = session_times(2, 5)

    texts = labels(times, Interval.MINUTE_5, 10.0)

    assert texts[1:7] == ["10:00", "11:00", "12:00", "13:00", "14:00", "15:00"]
    assert texts[7:9] == ["11/17", "10:00"]


def test_days_over_a_weekend_have_no_hole() -> None:
    times = session_times(10, 60)

    texts = labels(times, Interval.MINUTE_60, 13.0)

    assert texts[1:7] == ["11/17", "11/18", "11/19", "11/20", "11/23", "11/24"]


def test_months_and_years_of_daily_bars() -> None:
    dates = np.busday_offset(np.datetime64("2026-10-01"), np.arange(80)).astype("datetime64[s]")

    texts = labels(dates.astype(np.int64), Interval.DAY, 9.0)

    assert texts == ["2026", "26/11", "26/12", "2027"]


def test_labels_of_a_million_bars_cost_as_many_steps_as_labels() -> None:
    times = session_times(2_600, 1)[:1_000_000]

    texts = labels(times, Interval.MINUTE_1, 1_500 / len(times))

    assert 5 <= len(texts) <= 18
    assert "2030" in texts


def test_first_label_of_a_bar_before_nineteen_seventy_is_no_accident() -> None:
    moment = int(datetime(1969, 5, 2, tzinfo=UTC).timestamp())

    assert label_of(np.array([moment]), 0) == ("1969", 3)
