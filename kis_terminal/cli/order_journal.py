"""`kis-terminal orders --journal`: what the order journal says, without network, whatever its state."""

from __future__ import annotations

from collections import Counter
from datetime import date

from kis_terminal.account_files import journal_path
from kis_terminal.adapters.storage.journal import Entry
from kis_terminal.adapters.storage.journal_reading import read_journal
from kis_terminal.adapters.system_clock import KST
from kis_terminal.cli.account import Account, Output
from kis_terminal.cli.tables import Heading, table
from kis_terminal.domain.errors import TerminalError
from kis_terminal.ui.translation import said, tr

_KEY_LETTERS, _LONGEST_NUMBER = 8, 16
"""Of our own keys, which are long, the first letters tell them apart; another program's is its number."""


def print_journal(account: Account, output: Output, day: date) -> int:
    """Print the lines of one Korean day; returns 1 where the file is damaged or cannot be read."""
    path = journal_path(account.access, account.settings.home)
    if not path.exists():
        output.line(tr("주문 기록이 아직 없습니다({path}).", path=path))
        output.told({**account.told(), "day": day.isoformat(), "is_whole": True, "lines": []})
        return 0
    try:
        reading = read_journal(path)
    except TerminalError as error:
        output.problem(said(error))
        return 1
    entries = [entry for entry in reading.entries if _day_of(entry) == day]
    if entries:
        output.line("\n".join(table(_headings(), [_cells(entry) for entry in entries])))
    else:
        output.line(tr("{day}의 기록이 없습니다.", day=day))
    others = Counter(_day_of(entry) for entry in reading.entries if _day_of(entry) != day)
    if others:
        listed = ", ".join(f"{other} ({count:,})" for other, count in sorted(others.items()))
        output.line(tr("다른 날의 기록(--day): {days}", days=listed))
    if not reading.is_whole:
        output.problem(
            tr(
                "주문 기록 {path}이(가) 손상되어 읽을 수 있는 {count:,}줄만 보입니다. 파일은 그대로 "
                "두었습니다. 창을 다시 열면 따로 보관하고 새로 만듭니다. 주문은 증권사에 "
                "조회해 확인하십시오.",
                path=path,
                count=len(reading.entries),
            )
        )
    output.told(
        {
            **account.told(),
            "day": day.isoformat(),
            "is_whole": reading.is_whole,
            "other_days": {str(other): count for other, count in sorted(others.items())},
            "lines": [
                {
                    "at": entry.at.isoformat(),
                    "intent_id": entry.intent_id,
                    "event": entry.event,
                    "details": dict(entry.details),
                }
                for entry in entries
            ],
        }
    )
    return 0 if reading.is_whole else 1


def _day_of(entry: Entry) -> date:
    return entry.at.astimezone(KST).date()


def _headings() -> list[Heading]:
    return [
        Heading(tr("시각")),
        Heading(tr("주문")),
        Heading(tr("사건", context="journal")),
        Heading(tr("내용")),
    ]


def _cells(entry: Entry) -> tuple[str, ...]:
    details = " ".join(f"{name}={value}" for name, value in entry.details.items() if value)
    time = entry.at.astimezone(KST).strftime("%H:%M:%S.%f")[:-3]
    key = entry.intent_id if len(entry.intent_id) <= _LONGEST_NUMBER else entry.intent_id[:_KEY_LETTERS]
    return (time, key or "-", entry.event, details)
