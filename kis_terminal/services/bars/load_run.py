"""One load on its way: what is wanted, what came, what has to be said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kis_terminal.domain.bar_columns import BarColumns, LoadReport, SeriesKey, Span
from kis_terminal.domain.errors import TerminalError
from kis_terminal.services.bars.spans import covered_part, day_of


@dataclass(slots=True)
class LoadRun:
    """One load on its way."""

    key: SeriesKey
    wanted: Span
    final_end: int
    """Wall seconds up to which bars never change."""
    is_fresh: bool
    """Whether what is not over has to be listed now."""
    calls: int = 0
    notes: list[str] = field(default_factory=list)
    is_cut: bool = False
    is_stored: bool = True
    has_new_live: bool = False
    """Whether bars of the time that is not over were listed."""
    answered: list[Span] = field(default_factory=list)
    pages: list[BarColumns] = field(default_factory=list)
    failure: TerminalError | None = None
    done_days: int = 0
    asked_days: int = 0

    def tell(self, note: str) -> None:
        """Note a sentence once."""
        if note not in self.notes:
            self.notes.append(note)

    def report(self, start: date, end: date, bars: BarColumns) -> LoadReport:
        """Return what was asked for and what came of it."""
        wanted = Span(self.wanted.start, self.wanted.end)
        coverage = covered_part(wanted, self.answered) if wanted.end > wanted.start else 1.0
        return LoadReport(
            key=self.key,
            start=start,
            end=end,
            actual_start=day_of(int(bars.times[0])) if len(bars) else None,
            actual_end=day_of(int(bars.times[-1])) if len(bars) else None,
            coverage=coverage,
            is_truncated=self.is_cut,
            calls=self.calls,
            notes=tuple(self.notes),
        )
