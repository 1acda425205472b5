"""How a finding of a bar file is said in one line."""

from __future__ import annotations

from kis_terminal.domain.bar_import.report import Finding
from kis_terminal.ui.bars.rows import act_word
from kis_terminal.ui.translation import said, tr


def finding_text(finding: Finding) -> str:
    """Return what was done, where, how often, and the first places; nothing twice and no empty brackets."""
    is_named = bool(finding.symbol) and finding.symbol not in finding.file
    where = " ".join(part for part in (finding.file, finding.symbol if is_named else "") if part)
    times = tr("{count}번", count=f"{finding.count:,}") if finding.count > 1 else ""
    places = ", ".join(map(said, finding.places))
    detail = ": ".join(part for part in (times, places) if part)
    text = f"{where}: [{act_word(finding.kind)}] {said(finding.kind.words)}"
    return f"{text} ({detail})" if detail else text
