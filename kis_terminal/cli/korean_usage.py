"""A command's options whose misuse is told in one Korean sentence instead of the usage and English words."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from datetime import date
from typing import NoReturn

_SENTENCES: Sequence[tuple[re.Pattern[str], str]] = (
    (
        re.compile(r"argument (?P<n>.+?): invalid choice: (?P<v>.+?) \(choose from (?P<c>.+)\)", re.DOTALL),
        "{n} {v}: 다음 가운데 하나를 적으십시오: {c}",
    ),
    (re.compile(r"argument (?P<n>.+?): expected (one|at least one) argument"), "{n}: 값을 적으십시오"),
    (
        re.compile(r"argument (?P<n>.+?): not allowed with argument (?P<v>.+)"),
        "{n}: {v}와(과) 함께 쓸 수 없습니다",
    ),
    (
        re.compile(r"argument (?P<n>.+?): ignored explicit argument (?P<v>.+)"),
        "{n}: 값 {v}을(를) 받지 않습니다",
    ),
    (re.compile(r"unrecognized arguments: (?P<v>.+)"), "모르는 옵션이나 값입니다: {v}"),
    (re.compile(r"ambiguous option: (?P<n>.+?) could match (?P<v>.+)"), "{n}: 여러 옵션이 맞습니다: {v}"),
    (re.compile(r"the following arguments are required: (?P<v>.+)"), "빠진 것이 있습니다: {v}"),
    (re.compile(r"argument (?P<n>.+?): (?P<v>.+)", re.DOTALL), "{n} {v}"),
)
"""What argparse (3.11 to 3.13) says, and the same in Korean; the last is our own sentence behind a name."""


class KoreanParser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line and where the options are listed."""

    def error(self, message: str) -> NoReturn:
        """End with code 2 and the sentence."""
        self.exit(2, f"{in_korean(message)}\n{self.prog} --help: 쓰는 법\n")


def in_korean(message: str) -> str:
    """Return what argparse says in Korean; what is Korean already, or new to us, as it stands."""
    for pattern, sentence in _SENTENCES:
        found = pattern.fullmatch(message)
        if found is not None:
            return sentence.format(**found.groupdict())
    return message


def day(text: str) -> date:
    """Return a day; raises what argparse tells."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: 2024-01-31처럼 있는 날짜를 적으십시오") from None


def number(text: str) -> float:
    """Return a finite number, with or without commas; raises what argparse tells."""
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text}: 숫자를 적으십시오")
    return value


def whole_number(text: str) -> int:
    """Return a whole number; raises what argparse tells."""
    try:
        return int(text.replace(",", ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: 정수를 적으십시오") from None
