"""Take bars that were read from files into the store, where they agree with what is stored already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kis_terminal.domain.bar_columns import BarColumns, SeriesKey, Span
from kis_terminal.domain.bar_import.report import BarFiles, Finding, FindingKind, ImportedSeries, Notes
from kis_terminal.domain.spans import joined
from kis_terminal.ports import BarStore
from kis_terminal.services.bars.spans import DAY, day_of

_ROUNDING = 1.0
"""Won by which prices that two programs adjusted may differ."""
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the files: the series that were taken, and the findings, refusals included."""

    taken: tuple[SeriesKey, ...]
    bars: int
    """Bars that were not stored before."""
    findings: tuple[Finding, ...]


async def take_files(
    files: BarFiles,
    store: BarStore,
    *,
    is_replacing: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Write every series; one whose prices differ from stored ones is refused, or replaces them when told to.

    Days that are stored already stay as they are. Raises StoreUnavailable.
    """
    taken: list[SeriesKey] = []
    findings = list(files.findings)
    parts: list[tuple[BarColumns, Sequence[Span]]] = []
    added = 0
    for place, (key, item) in enumerate(files.series.items()):
        if is_replacing:
            await store.forget(key)
        part = await _agreeing(store, item, findings)
        if part is not None:
            taken.append(key)
            added += len(part[0])
            parts.append(part)
        if len(parts) >= _AT_ONCE:
            await store.write_many(parts)
            parts = []
        if progress is not None:
            progress(place + 1, len(files.series))
    if parts:
        await store.write_many(parts)
    return Imported(tuple(taken), added, tuple(findings))


async def _agreeing(
    store: BarStore, item: ImportedSeries, findings: list[Finding]
) -> tuple[BarColumns, Sequence[Span]] | None:
    """Return the bars that are not stored yet; None, and a finding, where stored prices differ."""
    bars = item.bars
    covered = joined(await store.coverage(bars.key))
    if not covered:
        return bars, item.covered
    stored = await store.read(bars.key, int(bars.times[0]), int(bars.times[-1]) + DAY)
    _, theirs, ours = np.intersect1d(stored.times, bars.times, assume_unique=True, return_indices=True)
    apart = np.abs(stored.close[theirs] - bars.close[ours])
    differs = apart > (_ROUNDING if bars.key.is_adjusted else 1e-9)
    if bool(differs.any()):
        place = int(np.flatnonzero(differs)[-1])
        notes = Notes(item.file, bars.key.symbol)
        day = day_of(int(bars.times[ours[place]]))
        prices = f"{bars.close[ours[place]]:,.10g} ≠ {stored.close[theirs[place]]:,.10g}"
        notes.add(FindingKind.DISAGREES_WITH_STORE, f"{day} {prices}", int(differs.sum()))
        findings.extend(notes.findings())
        return None
    starts = np.array([span.start for span in covered], dtype=np.int64)
    ends = np.array([span.end for span in covered], dtype=np.int64)
    place_of = np.searchsorted(starts, bars.times, side="right") - 1
    is_known = (place_of >= 0) & (bars.times < ends[np.maximum(place_of, 0)])
    fresh = replace(
        bars, times=bars.times[~is_known], columns=np.ascontiguousarray(bars.columns[:, ~is_known])
    )
    return fresh, item.covered
