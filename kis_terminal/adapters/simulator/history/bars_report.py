"""Say in a few lines what became of a folder of bars: going on without some of them must not be silent."""

from __future__ import annotations

from pathlib import Path

from kis_terminal.adapters.simulator.history.bars_import import BarHistory, Finding

_FILES_NAMED = 8


def report_lines(directory: Path, history: BarHistory) -> list[str]:
    """Return a summary, then one line for each file that was not used, the first few of them."""
    used = set(history.sources.values())
    unused: dict[str, Finding] = {}
    for finding in history.findings:
        if finding.is_refusal and finding.file not in used:
            unused.setdefault(finding.file, finding)
    repaired = sum(finding.count for finding in history.findings if not finding.is_refusal)
    refused = sum(f.count for f in history.findings if f.is_refusal and f.file in used)
    lines = [
        f"--bars {directory}: {len(history.symbols)}종목의 일봉을 읽었습니다. "
        f"고친 곳 {repaired}, 버린 줄 {refused}, 쓰지 않은 파일 {len(unused)}. / "
        f"{len(history.symbols)} symbols read, {repaired} repairs, {refused} lines refused, "
        f"{len(unused)} files not used."
    ]
    lines += [f"  {name}: {finding.kind}" for name, finding in list(unused.items())[:_FILES_NAMED]]
    if len(unused) > _FILES_NAMED:
        lines.append(f"  ... {len(unused) - _FILES_NAMED} more")
    return lines


def nothing_usable(directory: Path, history: BarHistory) -> str:
    """Return the sentence for a folder that holds no bars at all."""
    example = next((f" ({f.file}: {f.kind})" for f in history.findings if f.is_refusal), "")
    return (
        f"--bars {directory}: 쓸 수 있는 일봉 파일이 없습니다{example}. 종목코드.csv 파일이 있는 폴더를 "
        "주십시오. / No usable file of daily bars; name a folder with files like 005930.csv."
    )
