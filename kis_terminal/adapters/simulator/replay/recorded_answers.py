"""Answer calls out of a recording: by path, TR id and parameters, the newest answer of the moment played.

Account numbers do not count, since the recording holds stand-ins. A call that was never made in this very
form is answered by one that differs in its dates and times only, the nearest in time: who plays a recording
asks for today and for now.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping

from kis_terminal.adapters.simulator.wire.answers import Answer, WireRefusal
from kis_terminal.domain.recording import RestRecord

_UNCOUNTED = frozenset({"CANO", "ACNT_PRDT_CD"})
_DATE = re.compile(r"(?:19|20)\d{6}")
_TIME = re.compile(r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d")
_TIME_NAME = re.compile(r"HOUR|TIME|_TM$")
"""A symbol has the form of a time, too."""
_GATEWAY = "EGW"

_Key = tuple[str, str, frozenset[tuple[str, str]]]


class RecordedAnswers:
    """Know what was answered when."""

    def __init__(self) -> None:
        self._answers: dict[_Key, list[tuple[float, Answer]]] = {}
        self._alike: dict[_Key, list[tuple[float, int, Answer]]] = {}
        self.count = 0

    def add(self, record: RestRecord) -> None:
        """Take one exchange; those without an answer of KIS's own are left out."""
        body = record.body
        if not isinstance(body, dict) or record.method != "GET":
            return  # an order must never be answered as if it were taken again
        if str(body.get("msg_cd", "")).startswith(_GATEWAY):
            return
        key = _key(record.path, record.tr_id, record.values)
        answer = Answer(body, record.status, record.headers.get("tr_cont", "").strip())
        self._answers.setdefault(key, []).append((record.at, answer))
        alike, seconds = _without_times(key)
        self._alike.setdefault(alike, []).append((record.at, seconds, answer))
        self.count += 1

    def answer(self, method: str, path: str, tr_id: str, values: Mapping[str, str], at: float) -> Answer:
        """Return the newest answer at or before `at`, the first one where all came later.

        Raises WireRefusal for orders, and for calls that the recording does not hold.
        """
        if method != "GET":
            raise WireRefusal(
                Answer({"rt_cd": "7", "msg_cd": "RPLY0001", "msg1": "기록 재생 중에는 주문할 수 없습니다."})
            )
        key = _key(path, tr_id, values)
        known = self._answers.get(key) or self._nearest(key)
        if not known:
            raise WireRefusal(
                Answer(
                    {
                        "rt_cd": "1",
                        "msg_cd": "RPLY0002",
                        "msg1": "재생 중인 기록에 이 조회의 응답이 없습니다.",
                    }
                )
            )
        place = bisect_right(known, at, key=lambda one: one[0])
        return known[max(0, place - 1)][1]

    def _nearest(self, key: _Key) -> list[tuple[float, Answer]]:
        alike, seconds = _without_times(key)
        rows = self._alike.get(alike, [])
        least = min((abs(row[1] - seconds) for row in rows), default=0)
        return [(at, answer) for at, when, answer in rows if abs(when - seconds) == least]


def _key(path: str, tr_id: str, values: Mapping[str, str]) -> _Key:
    """Return what makes a call: paper's TR ids count as those of the real host."""
    tr_id = f"T{tr_id[1:]}" if tr_id.startswith("V") else tr_id
    counted = {name.upper(): value.strip() for name, value in values.items()}
    return path, tr_id, frozenset((name, value) for name, value in counted.items() if name not in _UNCOUNTED)


def _without_times(key: _Key) -> tuple[_Key, int]:
    """Return a call without its dates and times of day, and the seconds of the day that it asked for."""
    path, tr_id, values = key
    rest: set[tuple[str, str]] = set()
    seconds = 0
    for name, value in values:
        if _TIME_NAME.search(name) and _TIME.fullmatch(value):
            seconds += int(value[:2]) * 3600 + int(value[2:4]) * 60 + int(value[4:])
            rest.add((name, ""))
        else:
            rest.add((name, "" if _DATE.fullmatch(value) else value))
    return (path, tr_id, frozenset(rest)), seconds
