"""Columns of the data panel's two tables."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter

from kis_terminal.ui.bars.coverage import covered_text
from kis_terminal.ui.bars.rows import FindingRow, SeriesRow, size_text
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr


def series_columns(
    theme: Theme, paint: Callable[[QPainter, QRect, SeriesRow], None], mark: Callable[[SeriesRow], object]
) -> list[Column]:
    """Return the columns of stored series; `paint` draws the coverage, which follows from `mark`."""

    def muted(row: object) -> QColor:
        return theme.colours.muted

    return [
        Column(
            "symbol",
            tr("종목"),
            132,
            lambda row: row.name,
            Align.LEFT,
            stretch=1,
            tooltip=lambda row: row.symbol,
        ),
        Column("interval", tr("주기"), 52, lambda row: row.interval_word, Align.LEFT, colour=muted),
        Column("price", tr("가격"), 58, lambda row: row.price_word, Align.LEFT, colour=muted),
        Column("period", tr("기간"), 172, lambda row: row.period, Align.LEFT, sort=lambda row: row.first),
        Column("bars", tr("봉 수"), 62, lambda row: f"{row.bars:,}", sort=lambda row: row.bars),
        Column(
            "coverage",
            tr("커버리지"),
            170,
            lambda row: f"{row.covered_days:,}",
            Align.LEFT,
            paint=paint,
            mark=mark,
            sort=lambda row: row.covered_days,
            tooltip=lambda row: covered_text(row.spans),
            stretch=3,
        ),
        Column(
            "size",
            tr("크기"),
            66,
            lambda row: size_text(row.size),
            sort=lambda row: row.size,
            priority=1,
        ),
        Column(
            "updated",
            tr("갱신"),
            92,
            lambda row: row.updated,
            colour=muted,
            priority=2,
        ),
    ]


def report_columns(theme: Theme) -> list[Column]:
    """Return the columns of what was repaired, left out or not fetched."""

    def muted(row: object) -> QColor:
        return theme.colours.muted

    def act_colour(row: FindingRow) -> QColor:
        return theme.colours.warn if row.is_refusal else theme.colours.ok

    return [
        Column(
            "act",
            tr("처리"),
            46,
            lambda row: row.act,
            Align.LEFT,
            colour=act_colour,
            is_bold=True,
        ),
        Column("count", tr("횟수"), 54, lambda row: row.count, sort=lambda row: row.count),
        Column("symbol", tr("종목"), 96, lambda row: row.symbol, Align.LEFT),
        Column(
            "text",
            tr("내용"),
            240,
            lambda row: row.text,
            Align.LEFT,
            stretch=3,
            tooltip=lambda row: row.text,
        ),
        Column(
            "places",
            tr("날짜·줄"),
            200,
            lambda row: row.places,
            Align.LEFT,
            stretch=2,
            colour=muted,
            tooltip=lambda row: row.places,
        ),
    ]
