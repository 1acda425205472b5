"""Real files of other programs: each numbered oddity of the market data's notes, and forms of our own."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from kis_terminal.adapters.bar_files import read_bar_files
from kis_terminal.adapters.bar_files.writing import file_name, write_bar_file
from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey, Span
from kis_terminal.domain.bar_import.report import BarFiles, FindingKind
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.wall_time import day_seconds
from tests.support.shared import shared_path

_DAY = 86_400
ADJUSTED = "data/krx/daily_adjusted_2000_2024"
STALE = "data/krx/daily_stale_cache_2015_2022"
RAW_SAMSUNG = "data/krx/daily_raw_005930_1980_2021.csv"
HEADER = "Date,Open,High,Low,Close,Volume\n"


def at(bars: BarColumns, day: date) -> int:
    """Return the place of a day's bar."""
    place = int(np.searchsorted(bars.times, day_seconds(day)))
    assert int(bars.times[place]) == day_seconds(day)
    return place


def series(files: BarFiles, symbol: str, *, is_adjusted: bool) -> BarColumns:
    """Return the daily bars of one series."""
    return files.series[SeriesKey(Product.STOCK, symbol, Interval.DAY, is_adjusted)].bars


def count(files: BarFiles, kind: FindingKind) -> int:
    """Return how often something was met."""
    return sum(finding.count for finding in files.findings if finding.kind is kind)


def has_no_zero_price(bars: BarColumns) -> bool:
    """Tell whether every price is above zero."""
    return bool(np.all(bars.columns[:4] > 0))


def test_exact_split_makes_raw_prices_the_adjusted_ones() -> None:
    raw_file = read_bar_files(shared_path(RAW_SAMSUNG))
    other = read_bar_files(shared_path(f"{ADJUSTED}/005930.csv"))

    raw = series(raw_file, "005930", is_adjusted=False)
    scaled = series(raw_file, "005930", is_adjusted=True)
    adjusted = series(other, "005930", is_adjusted=True)
    assert len(raw) == 11_050
    assert float(raw.close[at(raw, date(2018, 4, 27))]) == 2_650_000
    assert float(scaled.close[at(scaled, date(2018, 4, 27))]) == 53_000
    _, ours, theirs = np.intersect1d(scaled.times, adjusted.times, return_indices=True)
    assert len(ours) == 5_078
    np.testing.assert_allclose(scaled.close[ours], adjusted.close[theirs], rtol=1e-9)


def test_split_that_krx_rounded_is_scaled_by_the_exact_base_price() -> None:
    files = read_bar_files(shared_path(f"{STALE}/035720.csv"))

    raw = series(files, "035720", is_adjusted=False)
    adjusted = series(files, "035720", is_adjusted=True)
    before, after = date(2021, 4, 9), date(2021, 4, 15)
    assert float(raw.close[at(raw, before)]) == 558_000
    assert float(adjusted.close[at(adjusted, before)]) == pytest.approx(112_000)
    assert float(adjusted.close[at(adjusted, after)]) == 120_500
    split = next(finding for finding in files.findings if finding.kind is FindingKind.SPLIT_SCALED)
    assert split.places == ("2021-04-15 558,000 → 120,500 ×0.200717",)


def test_base_price_that_cannot_be_known_cuts_the_adjusted_series() -> None:
    files = read_bar_files(shared_path(RAW_SAMSUNG))

    cut = next(finding for finding in files.refused if finding.kind is FindingKind.SPLIT_UNKNOWN)
    assert cut.places == ("1996-03-12 126,500 → 93,000 (1980-01-04 ~ 1996-03-11)",)
    assert int(series(files, "005930", is_adjusted=True).times[0]) == day_seconds(date(1996, 3, 12))
    assert int(series(files, "005930", is_adjusted=False).times[0]) == day_seconds(date(1980, 1, 4))


@pytest.mark.parametrize("path", [f"{ADJUSTED}/005930.csv", f"{STALE}/005935.csv"])
def test_samsung_over_fifty_lies_on_the_ticks_of_funds_and_is_no_raw_price_of_a_share(path: str) -> None:
    files = read_bar_files(shared_path(path))

    assert [key.is_adjusted for key in files.series] == [True]
    assert count(files, FindingKind.SAME_RAW_AND_ADJUSTED) == 0
    told = next(one for one in files.findings if one.kind is FindingKind.ADJUSTED_BY_EVIDENCE)
    assert told.count > 500
    assert told.places


def test_ticks_are_looked_at_in_all_four_prices(tmp_path: Path) -> None:
    rows = "2017-03-02,40000,40100,39950,40050,7\n2017-03-03,40000,40120,39950,40050,7\n"

    files = read_bar_files(written(tmp_path, "005930.csv", HEADER + rows))

    assert [key.is_adjusted for key in files.series] == [True]
    told = next(one for one in files.findings if one.kind is FindingKind.ADJUSTED_BY_EVIDENCE)
    assert told.places == ("2017-03-03",)


def test_ticks_of_five_won_are_raw_for_what_is_known_as_a_fund(tmp_path: Path) -> None:
    rows = HEADER + "2017-03-02,40005,40100,39950,40015,7\n2017-03-03,40000,40120,39955,40050,7\n"
    path = written(tmp_path, "069500.csv", rows)
    note = written(tmp_path, "Q500001.csv", rows)

    unknown, known = read_bar_files(path), read_bar_files(path, funds=frozenset({"069500"}))

    assert [key.is_adjusted for key in unknown.series] == [True]
    assert [key.is_adjusted for key in known.series] == [False, True]
    assert [key.is_adjusted for key in read_bar_files(note).series] == [False, True]


def test_prices_of_one_won_ticks_say_nothing_and_are_kept_as_adjusted_ones(tmp_path: Path) -> None:
    path = written(
        tmp_path, "005930.csv", HEADER + "2024-01-02,100,110,90,105,7\n2024-01-03,100,110,90,105,7\n"
    )

    files = read_bar_files(path)

    assert [key.is_adjusted for key in files.series] == [True]
    assert count(files, FindingKind.RAW_UNKNOWN) == 1


def test_small_prices_among_a_whole_market_of_raw_ones_are_raw(market: BarFiles) -> None:
    assert count(market, FindingKind.RAW_UNKNOWN) == 0
    assert {key.symbol for key in market.series if not key.is_adjusted} == set(market.bars)


@pytest.fixture(scope="module")
def market() -> BarFiles:
    """Return every share of two months of 2022 and of 2024, read once."""
    return read_bar_files(shared_path("data/krx/market_wide"))


def test_three_codings_of_a_halt_are_bars_that_did_not_trade(market: BarFiles) -> None:
    zeros = read_bar_files(shared_path(f"{ADJUSTED}/012450.csv")).bars["012450"]
    flat = read_bar_files(shared_path(f"{ADJUSTED}/000660.csv"))

    halt = at(zeros, date(2024, 9, 12))
    assert float(zeros.open[halt]) == float(zeros.close[halt]) > 0
    assert not bool(zeros.has_traded[halt])
    in_2003 = flat.bars["000660"].between(day_seconds(date(2003, 1, 1)), day_seconds(date(2004, 1, 1)))
    assert count(flat, FindingKind.HALT_FLAT) > 0
    assert not bool(in_2003.has_traded.all())
    block = series(market, "215090", is_adjusted=False)
    assert not bool(block.has_traded[at(block, date(2022, 2, 9))])
    assert count(market, FindingKind.HALT_BLOCK_TRADES) == 1
    assert all(has_no_zero_price(one.bars) for one in market.series.values())


def test_lost_volume_is_no_halt() -> None:
    files = read_bar_files(shared_path(f"{ADJUSTED}/068270.csv"))

    bars = files.bars["068270"]
    lost = (bars.volume == 0) & (bars.high > bars.low)
    assert int(lost.sum()) == count(files, FindingKind.VOLUME_LOST) == 3_099
    assert bool(bars.has_traded[lost].all())


def test_ranges_that_rounding_broke_are_widened_and_counted() -> None:
    files = read_bar_files(shared_path(ADJUSTED))

    assert len(files.bars) == 20
    assert count(files, FindingKind.RANGE_WIDENED) == 1_098
    samsung = files.bars["005930"]
    assert float(samsung.high[at(samsung, date(2000, 10, 6))]) == 3_900
    for bars in files.bars.values():
        assert bool(np.all(bars.high >= np.maximum(bars.open, bars.close)))
        assert bool(np.all(bars.low <= np.minimum(bars.open, bars.close)))
        assert has_no_zero_price(bars)


def test_closed_days_are_dropped_and_covered() -> None:
    files = read_bar_files(shared_path(f"{STALE}/000080.csv"))

    one = files.series[SeriesKey(Product.STOCK, "000080", Interval.DAY)]
    assert count(files, FindingKind.CLOSED_DAYS) == 920
    assert len(one.bars) == 1_898 - count(files, FindingKind.STALE_CLOSE)
    saturday = day_seconds(date(2015, 1, 3))
    assert saturday not in one.bars.times
    assert any(span.start <= saturday < span.end for span in one.covered)


def test_day_that_was_saved_before_the_close_is_left_out_and_not_covered() -> None:
    files = read_bar_files(shared_path(f"{STALE}/010130.csv"))

    stale = day_seconds(date(2021, 11, 18))
    one = files.series[SeriesKey(Product.STOCK, "010130", Interval.DAY)]
    assert count(files, FindingKind.STALE_CLOSE) == 1
    assert stale not in one.bars.times
    assert not any(span.start <= stale < span.end for span in one.covered)


def test_old_google_form_is_read_with_its_mark_names_of_months_and_order() -> None:
    files = read_bar_files(shared_path("data/krx/daily_raw_005930_presplit_2016_2017.csv"))

    bars = files.bars["005930"]
    assert len(bars) == 247
    assert float(bars.close[at(bars, date(2017, 3, 10))]) == 2_009_000
    assert count(files, FindingKind.NEWEST_FIRST) == 1


def test_whole_market_in_one_file_is_parted_by_its_codes(market: BarFiles) -> None:
    in_2024 = day_seconds(date(2024, 1, 2))
    listed = [symbol for symbol, bars in market.bars.items() if int(bars.times[-1]) >= in_2024]
    lettered = [symbol for symbol in listed if not symbol.isdigit()]

    assert len(listed) == 2_800
    assert len(lettered) == 24
    assert "00680K" in lettered
    assert count(market, FindingKind.JUMP_KEPT) > 0  # 정리매매 falls without a limit
    samsung = series(market, "005930", is_adjusted=False)
    assert float(samsung.close[at(samsung, date(2024, 1, 2))]) == 79_600


def test_etf_with_lower_case_header_and_plain_dates() -> None:
    files = read_bar_files(shared_path("data/krx/etf_daily"))

    assert set(files.bars) == {"069500", "114800", "122630", "252670", "233740", "102970"}
    kodex = SeriesKey(Product.STOCK, "069500", Interval.DAY, is_adjusted=False)
    assert kodex not in files.series  # adjusted for dividends: off the ticks


def test_index_of_closes_only_is_read_when_it_is_said_to_be_one() -> None:
    path = shared_path("data/krx/kospi200_index_daily.csv")

    as_stock = read_bar_files(path)
    as_index = read_bar_files(path, product=Product.INDEX, symbol="2001")

    assert not as_stock.series
    assert [finding.kind for finding in as_stock.refused] == [FindingKind.CLOSES_ALONE]
    assert [finding.kind for finding in as_index.findings] == [FindingKind.CLOSE_ONLY]
    assert float(as_index.bars["2001"].close[-1]) == 357.99


def written(folder: Path, name: str, text: str) -> Path:
    """Write a small file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_duplicates_that_differ_leave_the_day_out(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "005930.csv",
        HEADER
        + "2024-01-02,100,110,90,105,7\n2024-01-03,100,110,90,106,7\n2024-01-03,100,110,90,107,7\n"
        + "2024-01-04,100,110,90,105,7\n2024-01-04,100,110,90,105,7\n",
    )

    files = read_bar_files(path)

    bars = files.bars["005930"]
    assert len(bars) == 2
    assert count(files, FindingKind.DUPLICATE_SAME) == 1
    torn = next(finding for finding in files.refused if finding.kind is FindingKind.DUPLICATE_DIFFERENT)
    assert torn.places == ("2024-01-03",)
    covered = files.series[bars.key].covered
    assert covered == (
        Span(day_seconds(date(2024, 1, 2)), day_seconds(date(2024, 1, 3))),
        Span(day_seconds(date(2024, 1, 4)), day_seconds(date(2024, 1, 5))),
    )


def test_rows_that_cannot_be_read_are_refused_with_their_lines(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "A005930.csv",
        HEADER
        + "2024-01-02,100,110,90,105,7\nnonsense,1,1,1,1,1\n2024-01-04,x,110,90,105,7\n"
        + "2024-02-30,100,110,90,105,7\n2024-01-08,0,110,90,105,7\n2024-01-09,-1,110,90,105,7\n"
        + "2024-01-10,1\n",
    )

    files = read_bar_files(path)

    assert {finding.kind: (finding.count, finding.places) for finding in files.refused} == {
        FindingKind.DATE_UNREADABLE: (2, ("3번째 줄", "5번째 줄")),
        FindingKind.NUMBER_UNREADABLE: (3, ("4번째 줄", "7번째 줄", "8번째 줄")),
        FindingKind.PRICE_OF_ZERO: (1, ("2024-01-08",)),
    }
    assert len(files.bars["005930"]) == 1
    assert files.rows_read == 7
    assert files.rows_kept == 1


def test_split_without_a_change_column_is_never_guessed(tmp_path: Path) -> None:
    rows = [f"2021-03-{day:02d},558000,560000,550000,558000,1000" for day in range(1, 11)]
    rows += [f"2021-03-{day:02d},112000,122000,110000,120500,1000" for day in range(15, 20)]

    files = read_bar_files(written(tmp_path, "035720.csv", HEADER + "\n".join(rows)))

    assert count(files, FindingKind.SPLIT_UNKNOWN) == 1
    assert len(series(files, "035720", is_adjusted=False)) == 15
    adjusted = series(files, "035720", is_adjusted=True)
    assert int(adjusted.times[0]) == day_seconds(date(2021, 3, 15))


def test_hole_is_seen_by_what_other_symbols_traded(tmp_path: Path) -> None:
    days = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]
    for name in ("000001", "000002", "000003"):
        kept = days if name != "000003" else [days[0], *days[2:]]
        written(tmp_path, f"{name}.csv", HEADER + "\n".join(f"{day},100,110,90,105,7" for day in kept))

    files = read_bar_files(tmp_path)

    holes = [finding for finding in files.findings if finding.kind is FindingKind.HOLES]
    assert [(finding.symbol, finding.places) for finding in holes] == [("000003", ("2024-01-03",))]


def test_files_of_different_years_are_one_raw_series_and_two_adjusted_ones(market: BarFiles) -> None:
    raw = series(market, "005930", is_adjusted=False)
    adjusted = series(market, "005930", is_adjusted=True)
    assert int(raw.times[0]) == day_seconds(date(2022, 1, 3))
    assert int(raw.times[-1]) == day_seconds(date(2024, 2, 13))
    assert int(adjusted.times[0]) == day_seconds(date(2024, 1, 2))
    one = market.series[raw.key]
    assert [span.start for span in one.covered] == [int(raw.times[0]), int(adjusted.times[0])]
    assert any(finding.kind is FindingKind.OTHER_FILE_NEWER for finding in market.refused)


def test_files_that_agree_on_common_days_are_joined(tmp_path: Path) -> None:
    line = "{day},10000,11000,9000,{close},7\n"
    first = [line.format(day=f"2024-01-{day:02d}", close=10500) for day in (2, 3, 4)]
    second = [line.format(day=f"2024-01-{day:02d}", close=10500) for day in (4, 5)]
    written(tmp_path, "005930_a.csv", HEADER + "".join(first))
    written(tmp_path, "005930_b.csv", HEADER + "".join(second))
    written(tmp_path, "000660_a.csv", HEADER + "".join(first))
    written(tmp_path, "000660_b.csv", HEADER + "".join(second).replace(",10500,", ",10800,"))

    files = read_bar_files(tmp_path)

    assert len(files.bars["005930"]) == 4
    assert len(files.bars["000660"]) == 2
    assert count(files, FindingKind.OTHER_FILE_NEWER) == 2


def test_leading_zeros_that_a_spreadsheet_ate_come_back(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "two.csv",
        "code,date,open,high,low,close,volume\n5930,2024-01-02,100,110,90,105,7\n"
        '0126Z0,2024-01-02,"1,000","1,100",900,"1,050",7\n',
    )

    files = read_bar_files(path)

    assert set(files.bars) == {"005930", "0126Z0"}
    assert float(files.bars["0126Z0"].close[0]) == 1_050


def test_korean_header_in_the_old_encoding(tmp_path: Path) -> None:
    path = tmp_path / "005930.csv"
    path.write_bytes("일자,시가,고가,저가,종가,거래량\n2024/01/02,100,110,90,105,7\n".encode("cp949"))

    assert float(read_bar_files(path).bars["005930"].close[0]) == 105


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b broken", b"\x00\xff\xfe\x01" * 50])
def test_files_that_are_none_are_findings_not_errors(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "005930.csv").write_bytes(content)
    (tmp_path / "000660.csv.gz").write_bytes(content)
    (tmp_path / "035420.parquet").write_bytes(content)

    files = read_bar_files(tmp_path)

    assert files.files == 3
    assert not files.series
    assert len(files.refused) >= 3


@pytest.mark.parametrize("word", ["삼성전자", "../../x", "5930", "005930/..", "NUL"])
def test_word_that_is_no_code_never_names_a_series(tmp_path: Path, word: str) -> None:
    rows = "2024-01-02,10000,11000,9000,10500,7\n"
    path = written(tmp_path, "005930.csv", HEADER + rows)
    listed = written(tmp_path, "list.csv", f"code,{HEADER}{word},{rows}000660,{rows}")

    with pytest.raises(CorrectionNeeded, match="종목코드가 아닙니다"):
        read_bar_files(path, symbol=word)
    files = read_bar_files(listed)

    kept = {"000660", "005930"} if word == "5930" else {"000660"}
    assert set(files.bars) == kept
    assert count(files, FindingKind.NO_CODE) == 2 - len(kept)


def test_folder_without_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")

    with pytest.raises(CorrectionNeeded, match="봉 파일이 없습니다"):
        read_bar_files(tmp_path)


def test_path_that_is_none_is_told() -> None:
    with pytest.raises(CorrectionNeeded, match=r"nowhere\.csv"):
        read_bar_files(Path("nowhere.csv"))


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
@pytest.mark.parametrize("interval", [Interval.DAY, Interval.MINUTE_1, Interval.WEEK])
def test_what_is_written_is_read_again(tmp_path: Path, file_format: str, interval: Interval) -> None:
    step = {Interval.DAY: _DAY, Interval.MINUTE_1: 60, Interval.WEEK: 7 * _DAY}[interval]
    first = day_seconds(date(2024, 1, 8)) + (32_400 if interval is Interval.MINUTE_1 else 0)
    times = first + step * np.arange(9, dtype=np.int64)
    close = np.array([100.0, 101, 102.5, 103, 104, 105, 104, 103, 102])
    columns = np.stack((close, close + 1, close - 1, close, close * 10))
    bars = BarColumns(SeriesKey(Product.STOCK, "005930", interval), times, columns)

    write_bar_file(tmp_path / file_name(bars, file_format), bars, file_format)
    again = read_bar_files(tmp_path).bars["005930"]

    assert again.key.interval is interval
    np.testing.assert_array_equal(again.times, bars.times)
    np.testing.assert_array_equal(again.columns, bars.columns)


def test_gz_of_one_symbol(tmp_path: Path) -> None:
    path = tmp_path / "005930.csv.gz"
    path.write_bytes(gzip.compress((HEADER + "2-Jan-24,100,110,90,105,7\n").encode()))

    assert len(read_bar_files(path).bars["005930"]) == 1
