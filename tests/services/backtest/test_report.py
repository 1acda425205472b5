"""What a run leaves behind: read back as a browser, a spreadsheet or another program would."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.services.backtest.figure_names import Unit, figure_names, figure_text
from kis_terminal.services.backtest.report.csv_files import write_csv
from kis_terminal.services.backtest.report.html import html_of, write_html
from kis_terminal.services.backtest.report.json_form import time_text, to_json
from kis_terminal.services.backtest.report.workbook import write_xlsx
from tests.services.backtest.results import a_result

_VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Reads a page: what is shown, what it would load, whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [str(value) for name, value in attrs if name in ("src", "href", "action")]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.shown.append(data)


def test_the_page_shows_figures_warnings_charts_and_trades() -> None:
    result = a_result()

    page = Page(html_of(result))

    shown = " ".join(page.shown)
    assert "골든크로스.kis.yaml" in shown
    assert figure_text(result.summary["total_return"], Unit.PERCENT) in shown
    assert "끝나지 않은 거래 1건" in shown
    assert page.tags.count("svg") == 3
    assert shown.count("손절 5%") == 39


def test_settings_and_reasons_are_words_and_the_title_is_the_strategys_own() -> None:
    made = a_result(reason="stop")
    strategy = replace(made.request.strategy, title="골든크로스")

    shown = Page(html_of(replace(made, request=replace(made.request, strategy=strategy)))).shown

    assert "골든크로스" in shown
    assert not [text for text in shown if re.search(r"kis\.yaml|next-open|equal|\bstop\b", text)]
    assert {"다음 봉의 시가", "종목마다 같은 비중"} <= set(shown)


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    text = html_of(a_result())

    page = Page(text)

    assert page.loaded == []
    assert not {"script", "iframe", "object", "link", "img"} & set(page.tags)
    assert "default-src 'none'" in text
    assert re.sub(r"http://www\.w3\.org/2000/svg", "", text).count("http") == 1  # http-equiv


def test_names_and_reasons_are_text_and_never_markup() -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    result = replace(a_result(name=hostile, reason=hostile), log=[hostile], warnings=[hostile])

    page = Page(html_of(result))

    assert "script" not in page.tags
    assert "img" not in page.tags
    assert hostile in "".join(page.shown)


@pytest.mark.parametrize("days", [0, 1, 2])
def test_a_run_with_hardly_a_bar_has_a_page_too(days: int) -> None:
    Page(html_of(a_result(days, trades=0)))


def test_a_flat_run_without_benchmark_has_charts() -> None:
    result = a_result(100, with_benchmark=False, trades=0)
    flat = replace(result, equity=np.full(100, 1e8), drawdown=np.zeros(100))

    text = html_of(flat)

    assert "nan" not in text
    assert "inf" not in re.sub(r"information|infinite", "", text)


def test_a_million_points_stay_a_small_page() -> None:
    result = a_result(10, trades=0)
    count = 1_000_000
    times = result.times[0] + np.arange(count, dtype=np.int64) * 60
    equity = 1e8 * np.cumprod(1 + np.random.default_rng(1).normal(0, 0.0002, count))
    equity[400_000] = equity.max() * 3

    text = html_of(replace(result, times=times, equity=equity, drawdown=np.zeros(count), benchmark=None))

    assert len(text) < 300_000
    # The spike of one bar is still in the picture.
    curve = re.search(r'class="equity" points="([^"]*)"', text)
    assert curve is not None
    heights = [float(point.split(",")[1]) for point in curve[1].split()]
    assert min(heights) < 25
    assert sorted(heights)[1] > 60


def test_the_pictures_are_well_formed() -> None:
    pictures = re.findall(r"<svg.*?</svg>", html_of(a_result()), flags=re.DOTALL)

    for picture in pictures:
        ElementTree.fromstring(picture)  # noqa: S314 - our own text


def test_english_words_come_from_the_translator() -> None:
    english = {"백테스트 보고서": "Backtest report", "총수익률": "Total return"}

    text = html_of(a_result(), lambda korean: english.get(korean, korean))

    assert "Backtest report" in text
    assert "Total return" in text
    assert 'lang="en"' in text


def test_json_is_plain_and_has_the_documented_keys() -> None:
    result = a_result()
    with_nan = replace(result, summary={**result.summary, "beta": float("nan")})

    form = json.loads(json.dumps(to_json(with_nan), allow_nan=False))

    assert {"summary", "fills", "trades", "equity", "data"} <= set(form)
    assert form["summary"]["final_equity"] == pytest.approx(float(result.equity[-1]))
    assert form["summary"]["beta"] is None
    assert set(form["fills"][0]) >= {"symbol", "time", "side", "price", "quantity", "commission", "tax"}
    assert form["fills"][0]["time"] == "2022-01-03"
    assert form["fills"][0]["side"] == "buy"
    assert form["trades"][-1]["exit_time"] is None
    assert form["data"]["actual_start"] == "2022-01-03"
    assert form["data"]["coverage"] == 1.0
    assert len(form["equity"]) == len(result.times)


def test_times_of_minutes_are_moments_of_seoul() -> None:
    day = int(a_result(1, trades=0).times[0])

    assert time_text(day) == "2022-01-03"
    assert time_text(day + 9 * 3600 + 180) == "2022-01-03T09:03:00+09:00"


def test_csv_files_open_with_their_hangul_and_run_no_formula(tmp_path: Path) -> None:
    result = a_result(reason="=HYPERLINK(1)")

    files = write_csv(result, tmp_path / "나의 결과")

    assert [file.stem for file in files] == ["summary", "equity", "monthly", "trades", "fills", "data"]
    with (tmp_path / "나의 결과" / "trades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][0] == "종목"
    assert len(rows) == len(result.trades) + 1
    assert rows[1][9] == "'=HYPERLINK(1)"
    assert float(rows[1][6]) == pytest.approx(result.trades[0].profit)
    assert files[0].read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_workbook_has_a_sheet_a_table_and_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "결과.xlsx"
    result = a_result(reason="=1+1")

    write_xlsx(result, path)

    with zipfile.ZipFile(path) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 6
        assert all(b"<f>" not in book.read(name) for name in sheets)
        assert "=1+1" in book.read("xl/sharedStrings.xml").decode()


def test_every_figure_of_the_summary_has_a_name_and_a_meaning() -> None:
    summary = a_result().summary

    assert set(summary) == set(figure_names())


def test_a_folder_that_cannot_be_written_is_named_and_the_old_file_stands(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(CorrectionNeeded, match="file"):
        write_html(a_result(10, trades=0), tmp_path / "file" / "report.html")

    assert (tmp_path / "file").read_text() == "no folder"


def test_a_write_that_fails_leaves_no_draft(tmp_path: Path) -> None:
    target = tmp_path / "reports" / "report.html"
    target.mkdir(parents=True)

    with pytest.raises(CorrectionNeeded):
        write_html(a_result(10, trades=0), target)

    assert [path.name for path in target.parent.iterdir()] == ["report.html"]
