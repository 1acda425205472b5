"""Spans of wall seconds as sets: joined, cut out, missing."""

from __future__ import annotations

from collections.abc import Iterable

from kis_terminal.domain.bar_columns import Span


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return the same seconds as the fewest spans, oldest first; empty ones are dropped."""
    result: list[Span] = []
    for span in sorted((span for span in spans if span.end > span.start), key=lambda span: span.start):
        if result and span.start <= result[-1].end:
            if span.end > result[-1].end:
                result[-1] = Span(result[-1].start, span.end)
        else:
            result.append(span)
    return result


def without(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """Return the seconds of `spans` that are in none of `holes`, joined, oldest first."""
    cut = joined(holes)
    result: list[Span] = []
    for span in joined(spans):
        start = span.start
        for hole in cut:
            if hole.end <= start:
                continue
            if hole.start >= span.end:
                break
            if hole.start > start:
                result.append(Span(start, hole.start))
            start = hole.end
        if start < span.end:
            result.append(Span(start, span.end))
    return result


def missing(wanted: Span, covered: Iterable[Span]) -> list[Span]:
    """Return the parts of `wanted` that are not covered, oldest first."""
    return without([wanted], covered)
