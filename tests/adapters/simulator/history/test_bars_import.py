from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.history.bars_import import load_bars, parse_bars
from kis_terminal.adapters.simulator.history.bars_report import report_lines
from kis_terminal.adapters.simulator.history.daily_series import ImportedBars
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from kis_terminal.adapters.simulator.server import build_venue
from tests.support.shared import shared_path

NOW = datetime(2026, 11, 22, 20, tzinfo=SEOUL)
HEADER = "Date,Open,High,Low,Close,Volume,Change"


def parse(*lines: str) -> tuple[ImportedBars, dict[str, int]]:
    """Parse lines and return the bars and how often each finding was made."""
    bars, findings = parse_bars("005930", lines)
    assert bars is not None
    return bars, {finding.kind: finding.count for finding in findings}


def days_of(bars: ImportedBars) -> list[str]:
    return [date.fromordinal(int(day)).isoformat() for day in bars.ordinals]


def test_header_form() -> None:
    bars, findings = parse(
        HEADER, "2024-12-13,55800,56300,55500,56100,100,0.0", "2024-12-16,56300,56600,55600,55600,90,"
    )

    assert days_of(bars) == ["2024-12-13", "2024-12-16"]
    assert bars.ohlcv[-1].tolist() == [56_300, 56_600, 55_600, 55_600, 90]
    assert findings == {}


def test_raw_form_with_own_names_newest_first_and_crlf() -> None:
    bars, findings = parse(
        "DAY,CUR_PR,HIGH_PR,LOW_PR,CLO_PR,PR_DIFF,ACC_VOL\r\n",
        "20180508,52600,53200,51900,52600,700,23104720\r\n",
        "20180504,53000,53900,51800,51900,-1100,39290305\r\n",
        "20180503,2650000,2650000,2650000,2650000,0,0\r\n",
    )

    assert days_of(bars)[0] == "2018-05-03"
    assert bars.split_factor.tolist() == [1.0, pytest.approx(1 / 50), 1.0]
    assert bars.base.tolist() == [2_650_000, 53_000, 51_900]
    assert "days not in ascending order, sorted" in findings


def test_headerless_form_with_zero_rows_for_closed_days() -> None:
    bars, findings = parse(
        "2015-01-02,26799,26799,26540,26600,175499,0.002",
        "2015-01-03,0,0,0,0,0,0",
        "2015-01-05,26720,26720,26260,26660,2,0",
    )

    assert days_of(bars) == ["2015-01-02", "2015-01-05"]
    assert findings == {"closed day as a row of zeros, left out": 1}


def test_byte_order_mark_english_months_and_decimals() -> None:
    bars, _ = parse(
        "\ufeffDate,Open,High,Low,Close,Volume",
        "10-Mar-17,1998000.00,2021000.00,1993000.00,2009000.00,202235",
    )

    assert days_of(bars) == ["2017-03-10"]
    assert bars.last_close == 2_009_000


def test_lower_case_header_of_funds() -> None:
    bars, _ = parse(
        "date,open,high,low,close,volume,ticker", "20231222,35265,35335,35050,35050,3155432,069500"
    )

    assert (days_of(bars), bars.last_close) == (["2023-12-22"], 35_050)


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        ("2024-09-12,0,0,0,282000,0,0", "halt with prices of 0, the close is carried"),
        ("2024-09-12,282000,282000,282000,282000,0,0", None),
        ("2024-09-12,0,0,0,282000,5000,0", "off-hours block trades only (prices 0), taken as a halt"),
    ],
)
def test_three_codings_of_a_halt_never_leave_a_price_of_zero(row: str, finding: str | None) -> None:
    bars, findings = parse(HEADER, row)

    assert bars.ohlcv[0].tolist() == [282_000, 282_000, 282_000, 282_000, 0]
    assert list(findings) == ([finding] if finding else [])


def test_range_that_rounding_made_too_small_is_widened() -> None:
    bars, findings = parse(HEADER, "2000-10-06,3880,3899,3850,3900,10,0")

    assert bars.ohlcv[0].tolist()[1] == 3_900
    assert "high or low inside open and close, widened" in findings


def test_inexact_split_uses_the_base_price_of_the_exchange() -> None:
    bars, _ = parse(
        "2021-04-14,558000,558000,558000,558000,0,0", "2021-04-15,111000,132500,110500,120500,9,0.0758928571"
    )

    assert int(bars.base[1]) == 112_000
    assert float(bars.split_factor[1]) == pytest.approx(0.20072, abs=1e-5)


def test_a_jump_that_the_file_calls_a_change_is_no_split() -> None:
    bars, findings = parse(
        HEADER, "2013-03-01,22000,22500,22000,22400,5,0", "2013-03-22,46000,47000,45000,46400,5,1.0714"
    )

    assert bars.split_factor.tolist() == [1.0, 1.0]
    assert "jump beyond the daily limit, kept" in findings


def test_bad_rows_and_files_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "005930.csv").write_text(
        f"{HEADER}\nyesterday,1,1,1,1,1,0\n2024-12-13,x,1,1,1,1,0\n2024-12-16,9,9,9,9,9,0\n", encoding="utf-8"
    )
    (tmp_path / "index.csv").write_text("Date,Close\n2024-12-13,1\n", encoding="utf-8")
    (tmp_path / "000660.csv").write_text("Date,Close\n2024-12-13,1\n", encoding="utf-8")
    (tmp_path / "035420.csv").write_text("", encoding="utf-8")

    history = load_bars(tmp_path)

    assert list(history.symbols) == ["005930"]
    refused = {(finding.file, finding.kind) for finding in history.findings if finding.is_refusal}
    assert refused == {
        ("005930.csv", "date not understood"),
        ("005930.csv", "price or volume not a number"),
        ("index.csv", "no symbol in the file name"),
        ("000660.csv", "no column for open, high, low, volume"),
        ("035420.csv", "no usable row"),
    }


@pytest.mark.parametrize("number", ["1e300", "inf", "nan", "-5", "1e10"])
def test_number_beyond_anything_traded_is_refused_and_does_not_stop_the_import(number: str) -> None:
    bars, findings = parse(
        HEADER, f"2024-12-13,{number},{number},{number},{number},5,0", "2024-12-16,9,9,9,9,9,0"
    )

    assert days_of(bars) == ["2024-12-16"]
    assert len(findings) == 1


def test_quoted_cells_with_thousands_are_numbers() -> None:
    bars, findings = parse(HEADER, '"2024-12-16","56,300","56,600","55,600","55,600","8,615,465",0')

    assert bars.ohlcv[0].tolist() == [56_300, 56_600, 55_600, 55_600, 8_615_465]
    assert findings == {}


def test_folder_or_link_named_like_a_file_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "005930.csv").mkdir()
    (tmp_path / "000660.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "market.csv.gz").write_bytes(b"")

    history = load_bars(tmp_path)

    assert history.symbols == {}
    assert {(f.file, f.kind) for f in history.findings} == {
        ("000660.csv", "cannot be read"),
        ("market.csv.gz", "no plain .csv file of one symbol"),
    }


def test_report_counts_and_names_the_files_that_are_not_used(tmp_path: Path) -> None:
    (tmp_path / "005930.csv").write_text(f"{HEADER}\n2024-12-13,x,1,1,1,1,0\n2024-12-16,9,8,9,9,9,0\n")
    for number in range(10):
        (tmp_path / f"index{number}.csv").write_text("Date,Close\n2024-12-13,1\n")

    lines = report_lines(tmp_path, load_bars(tmp_path))

    assert "1 symbols read, 1 repairs, 1 lines refused, 10 files not used." in lines[0]
    assert lines[1] == "  index0.csv: no symbol in the file name"
    assert lines[-1] == "  ... 2 more"


@pytest.mark.parametrize(
    "content", [None, "hello", "Date,Open,High,Low,Close,Volume\n2024-01-02,a,b,c,d,e\n"]
)
def test_folder_without_any_bars_stops_with_a_sentence(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "005930.csv").write_text(content)

    with pytest.raises(OSError, match="No usable file of daily bars"):
        build_venue(SimulatorOptions(bars=tmp_path))


def test_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such directory of bars"):
        load_bars(tmp_path / "nothing")


@given(st.lists(st.text(alphabet='0123456789-,.xJan\ufeff" ', max_size=40), max_size=12))
def test_any_text_gives_bars_or_findings(lines: list[str]) -> None:
    bars, findings = parse_bars("005930", [HEADER, *lines])

    assert bars is not None or any(finding.is_refusal for finding in findings)
    if bars is not None:
        assert (bars.ohlcv[:, :4] > 0).all()


def test_imported_bars_set_the_level_and_become_the_history(tmp_path: Path) -> None:
    rows = [f"2026-11-{day:02d},4000,4200,3950,{4_000 + day},5000,0" for day in (16, 17, 18, 19)]
    (tmp_path / "005930.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    (tmp_path / "999990.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")

    exchange = Exchange(seed=1, now=NOW, bars=load_bars(tmp_path))

    assert exchange.quote("005930").prev_close == 4_020
    bars = exchange.daily_bars("005930", date(2000, 1, 1), NOW.date(), adjusted=True)
    assert [bar.day.day for bar in bars] == [16, 17, 18, 19, 20, 22]
    assert [bar.close for bar in bars[:4]] == [4_016, 4_017, 4_018, 4_019]
    assert bars[4].close == exchange.quote("005930").prev_close
    assert exchange.listing("999990") is not None


def test_bars_after_today_are_not_known_yet(tmp_path: Path) -> None:
    rows = ["2026-11-20,4000,4200,3950,4100,5000,0", "2026-12-01,9000,9000,9000,9000,5000,0"]
    (tmp_path / "005930.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")

    exchange = Exchange(seed=1, now=NOW, bars=load_bars(tmp_path))

    assert exchange.quote("005930").prev_close == 4_100


def test_real_adjusted_files() -> None:
    history = load_bars(shared_path("data/krx/daily_adjusted_2000_2024"))
    exchange = Exchange(seed=1, now=NOW, bars=history)

    assert len(history.symbols) == 20
    assert exchange.quote("005930").prev_close == 55_600
    day = date(2024, 9, 12)
    halted = exchange.daily_bars("012450", day, day, adjusted=True)[0]
    assert halted.volume == 0
    assert halted.low > 0
    assert exchange.minute_bars("012450", day) == []
    widened = {f.symbol: f.count for f in history.findings if f.kind.startswith("high or low")}
    assert widened["005930"] == 33


def test_real_stale_cache_and_its_split() -> None:
    history = load_bars(shared_path("data/krx/daily_stale_cache_2015_2022"))
    exchange = Exchange(seed=1, now=NOW, bars=history)

    day = date(2021, 4, 14)
    raw = exchange.daily_bars("035720", day, day, adjusted=False)[0]
    adjusted = exchange.daily_bars("035720", day, day, adjusted=True)[0]
    assert (raw.close, adjusted.close) == (558_000, 112_000)
    assert len(history.symbols) == 30


def test_real_raw_file_of_a_split_agrees_with_the_adjusted_one() -> None:
    text = shared_path("data/krx/daily_raw_005930_1980_2021.csv").read_text(encoding="utf-8")

    bars, _ = parse_bars("005930", text.splitlines())

    assert bars is not None
    changed = [i for i, factor in enumerate(bars.split_factor) if factor != 1.0]
    assert date.fromordinal(int(bars.ordinals[changed[-1]])) == date(2018, 5, 4)
    assert float(bars.split_factor[changed[-1]]) == pytest.approx(1 / 50)
