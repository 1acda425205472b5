"""Rows of the data panel's tables, made of what the library says; no numpy is loaded for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from kis_terminal.domain.market import Interval
from kis_terminal.ui.translation import said, tr

if TYPE_CHECKING:
    from kis_terminal.domain.bar_columns import SeriesKey, SeriesStatus
    from kis_terminal.domain.bar_import.report import Finding, FindingKind
    from kis_terminal.services.bars.fetch_job import FetchOutcome

NameOf = Callable[[str], str]
_DAY = 86_400
_WORDS = {Interval.DAY: "일", Interval.WEEK: "주", Interval.MONTH: "월", Interval.YEAR: "년"}
_INDEX_NAMES = {"0001": "코스피", "1001": "코스닥", "2001": "코스피200"}


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One stored series."""

    key: str
    series: SeriesKey
    name: str
    first: date | None
    last: date | None
    bars: int
    spans: tuple[tuple[int, int], ...]
    size: int
    updated: str

    @property
    def symbol(self) -> str:
        """Return the symbol."""
        return self.series.symbol

    @property
    def product(self) -> str:
        """Return `stock`, `index` or `overseas`."""
        return self.series.product.value

    @property
    def is_domestic(self) -> bool:
        """Tell whether the chart can show it."""
        return self.product == "stock"

    @property
    def exchange(self) -> str:
        """Return the exchange abroad."""
        return self.series.exchange

    @property
    def interval(self) -> Interval:
        """Return the length of a bar."""
        return self.series.interval

    @property
    def is_adjusted(self) -> bool:
        """Tell whether prices are adjusted."""
        return self.series.is_adjusted

    @property
    def interval_word(self) -> str:
        """Return 일, 주, 월 or 1분."""
        minutes = self.interval.minutes
        return (
            tr("{n}분봉", n=minutes) if minutes is not None else tr(_WORDS[self.interval], context="interval")
        )

    @property
    def price_word(self) -> str:
        """Return which prices they are."""
        return tr("수정주가") if self.is_adjusted else tr("원주가")

    @property
    def period(self) -> str:
        """Return first and last day."""
        return f"{self.first} ~ {self.last}" if self.first is not None else "-"

    @property
    def covered_days(self) -> int:
        """Return how many calendar days are covered."""
        return sum((end - start) // _DAY for start, end in self.spans)


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One line of a report."""

    act: str
    count: str
    symbol: str
    text: str
    places: str
    is_refusal: bool


def series_rows(series: Sequence[SeriesStatus], name_of: NameOf) -> list[SeriesRow]:
    """Return the rows in the store's order."""
    rows = []
    for one in series:
        key = one.key
        spans = tuple((span.start, span.end) for span in one.spans)
        rows.append(
            SeriesRow(
                key=f"{key.product.value}.{key.exchange}.{key.symbol}.{key.interval.value}.{key.is_adjusted}",
                series=key,
                name=_name(key, name_of),
                first=_day(spans[0][0]) if spans else None,
                last=_day(spans[-1][1] - 1) if spans else None,
                bars=one.bars,
                spans=spans,
                size=one.bytes_used,
                updated=datetime.fromtimestamp(one.updated, UTC).strftime("%m-%d %H:%M")
                if one.updated
                else "-",
            )
        )
    return rows


def finding_rows(findings: Sequence[Finding], name_of: NameOf) -> list[FindingRow]:
    """Return what was left out first, then what was repaired."""
    ordered = sorted(findings, key=lambda finding: not finding.kind.is_refusal)
    return [
        FindingRow(
            act=act_word(finding.kind),
            count=f"{finding.count:,}",
            symbol=name_of(finding.symbol) if finding.symbol else "-",
            text=said(finding.kind.words),
            places=", ".join(map(said, finding.places)) or finding.file,
            is_refusal=finding.kind.is_refusal,
        )
        for finding in ordered
    ]


def act_word(kind: FindingKind) -> str:
    """Return what was done about something that was met in a file."""
    if kind.is_refusal:
        return tr("뺌")
    return tr("고침") if kind.is_repair else tr("알림", context="report")


def outcome_rows(outcomes: Sequence[FetchOutcome], name_of: NameOf) -> list[FindingRow]:
    """Return the fetched series about which something is to be said."""
    rows = []
    for outcome in outcomes:
        report = outcome.report
        if report is None:
            rows.append(_outcome_row(outcome, name_of, said(outcome.problem), "", is_refusal=True))
            continue
        covered = tr("커버리지 {part:.1%}", part=report.coverage)
        for note in report.notes:
            rows.append(_outcome_row(outcome, name_of, said(note), covered, is_refusal=report.is_truncated))
        if report.is_truncated and not report.notes:
            rows.append(_outcome_row(outcome, name_of, tr("끊김"), covered, is_refusal=True))
    return rows


def _outcome_row(
    outcome: FetchOutcome, name_of: NameOf, text: str, places: str, *, is_refusal: bool
) -> FindingRow:
    told = tr("끊김") if is_refusal else tr("알림", context="report")
    act = told if outcome.report is not None else tr("실패")
    return FindingRow(act, f"{outcome.bars:,}", _name(outcome.key, name_of), text, places, is_refusal)


def size_text(size: int) -> str:
    """Return bytes for people."""
    for unit, factor in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


def _name(key: SeriesKey, name_of: NameOf) -> str:
    if key.product.value == "index":
        word = _INDEX_NAMES.get(key.symbol)
        return tr(word) if word is not None else key.symbol
    return f"{key.exchange}:{key.symbol}" if key.exchange else name_of(key.symbol)


def _day(time: int) -> date:
    return date.fromordinal(date(1970, 1, 1).toordinal() + time // _DAY)
