"""Read the text fields of an answer; every error names the TR and the field.

All of KIS's values are texts: numbers come padded with blanks or zeros, with `nan` and `-nan` where there is
none, differences signed or unsigned beside a sign code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kis_terminal.adapters.kis.environment import KST
from kis_terminal.adapters.kis.plain_text import plain
from kis_terminal.domain.errors import BrokerAnswerError
from kis_terminal.domain.sentences import Sentence

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})")
_ABSENT = frozenset({"", "nan", "-nan", "inf", "-inf", "(null)", "null", "-"})
_SIGNS = {"1": 1, "2": 1, "3": 0, "4": -1, "5": -1}
"""prdy_vrss_sign: upper limit, up, flat, lower limit, down."""

_WANTED = {
    "number": Sentence("숫자"),
    "whole number": Sentence("정수"),
    "date": Sentence("날짜(YYYYMMDD)"),
    "time": Sentence("시각(HHMMSS)"),
}


class Row:
    """One record of an answer.

    The plain readers raise BrokerAnswerError for a field that is absent, blank or unreadable; the `optional_`
    ones return None for absent or blank and still raise for unreadable.
    """

    __slots__ = ("_fields", "_source")

    def __init__(self, source: str, fields: Mapping[str, Any]) -> None:
        """`source` names the TR for error messages."""
        self._source = source
        self._fields = fields

    @property
    def is_empty(self) -> bool:
        """Tell whether no field holds anything: KIS fills lists with such records."""
        return not any(str(value).strip() for value in self._fields.values() if value is not None)

    def text(self, *names: str) -> str:
        """Return the first of these fields that holds something, without outer blanks; empty for none.

        It is one plain line of bounded length, whatever came.
        """
        for name in names:
            found = self._find(name)
            if found is not None and (text := str(found).strip()):
                return plain(text)
        return ""

    def number(self, *names: str) -> Decimal:
        """Return a decimal number."""
        value = self.optional_number(*names)
        if value is None:
            raise self._unreadable(names[0], "number")
        return value

    def optional_number(self, *names: str) -> Decimal | None:
        """Return a decimal number, None where there is none."""
        text = self.text(*names)
        if text.lower() in _ABSENT:
            return None
        if _NUMBER.fullmatch(text) is None:
            raise self._unreadable(names[0], "number")
        return Decimal(text)

    def positive(self, *names: str) -> Decimal | None:
        """Return a number above zero, None where the field says 0 or nothing: no price is no price."""
        value = self.optional_number(*names)
        return value if value is not None and value > 0 else None

    def integer(self, *names: str) -> int:
        """Return a whole number; `12.0000` is one."""
        value = self.optional_integer(*names)
        if value is None:
            raise self._unreadable(names[0], "whole number")
        return value

    def optional_integer(self, *names: str) -> int | None:
        """Return a whole number, None where there is none."""
        text = self.text(*names)
        if _INTEGER.fullmatch(text) is not None:
            return int(text)
        value = self.optional_number(*names)
        if value is None:
            return None
        if value != value.to_integral_value():
            raise self._unreadable(names[0], "whole number")
        return int(value)

    def signed(self, name: str, sign_name: str) -> Decimal:
        """Return a difference whose direction a sign code gives; the code wins over a sign in the number."""
        value = self.number(name)
        sign = _SIGNS.get(self.text(sign_name))
        return value if sign is None else abs(value) * sign

    def day(self, name: str) -> date:
        """Return a date from YYYYMMDD."""
        text = self.text(name)
        if len(text) == 8 and _INTEGER.fullmatch(text):
            try:
                return date(int(text[:4]), int(text[4:6]), int(text[6:]))
            except ValueError:
                pass  # an impossible date is as unreadable as a word
        raise self._unreadable(name, "date")

    def seconds(self, name: str) -> int:
        """Return seconds since midnight from HHMMSS."""
        text = self.text(name)
        if len(text) == 6 and text.isascii() and text.isdigit():
            hours, minutes, seconds = int(text[:2]), int(text[2:4]), int(text[4:])
            if hours < 24 and minutes < 60 and seconds < 60:
                return hours * 3600 + minutes * 60 + seconds
        raise self._unreadable(name, "time")

    def moment(self, day_name: str, time_name: str) -> datetime:
        """Return an aware time in Asia/Seoul from a date field and a time field."""
        return at(self.day(day_name), self.seconds(time_name))

    def _find(self, name: str) -> Any:
        fields = self._fields
        if name in fields:
            return fields[name]
        # Documents and answers differ in case (excg_id_dvsn_Cd, ODNO).
        wanted = name.lower()
        for key, value in fields.items():
            if key.lower() == wanted:
                return value
        return None

    def _unreadable(self, name: str, wanted: str) -> BrokerAnswerError:
        value = self._find(name)
        return BrokerAnswerError(
            Sentence(
                "{source} 응답의 {field} 값 {value}을(를) {what}로 읽을 수 없습니다.",
                source=self._source,
                field=name,
                value=Sentence("없음") if value is None else f"'{str(value)[:40]}'",
                what=_WANTED[wanted],
            )
        )


def at(day: date, seconds: int) -> datetime:
    """Return the aware time `seconds` after midnight of `day` in Asia/Seoul."""
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=KST)


def day_text(day: date) -> str:
    """Return YYYYMMDD."""
    return day.strftime("%Y%m%d")


def time_text(seconds: int) -> str:
    """Return HHMMSS of seconds since midnight."""
    return f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}"


def decimal_text(value: Decimal) -> str:
    """Return a number as KIS takes it: no exponent, no needless zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
