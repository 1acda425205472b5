"""From what was typed to a whole number, or to a sentence that says what is wrong with it. No Qt here."""

from __future__ import annotations

import re

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.ui.translation import tr

LARGEST = 1_000_000_000
_PLAIN = re.compile(r"[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+")
_FRACTION = re.compile(r"[0-9,]*\.[0-9]+")
_NEGATIVE = re.compile(r"[-−－][0-9,.]+")
_SHOWN = 20


class WrongNumber(CorrectionNeeded):
    """What stands in a field is not a whole number above zero; the sentence names field and value."""


def parse_whole(text: str, what: str, largest: int = LARGEST) -> int:
    """Return the whole number above zero that `text` says in plain digits, thousands separated or not.

    Nothing is guessed: signs, fractions, exponents, other scripts' digits and misplaced separators raise
    WrongNumber. `what` is the field's name in the user's language.
    """
    stripped = text.strip(" ")
    shown = stripped if len(stripped) <= _SHOWN else stripped[:_SHOWN] + "…"
    if not stripped:
        raise WrongNumber(tr("{what} 칸이 비어 있습니다.", what=what))
    if not (_PLAIN.fullmatch(stripped) or _GROUPED.fullmatch(stripped)):
        raise WrongNumber(_why(stripped).format(what=what, value=shown))
    digits = stripped.replace(",", "").lstrip("0") or "0"
    if len(digits) > len(str(largest)) or int(digits) > largest:
        raise WrongNumber(
            tr("{what} {value}: 너무 큽니다. {largest} 이하로 입력하십시오.").format(
                what=what, value=shown, largest=f"{largest:,}"
            )
        )
    if digits == "0":
        raise WrongNumber(tr("{what} {value}: 0보다 큰 수를 입력하십시오.").format(what=what, value=shown))
    return int(digits)


def _why(text: str) -> str:
    if (
        not text.isascii()
        and any(character.isdigit() for character in text)
        and not _NEGATIVE.fullmatch(text)
    ):
        return tr("{what} '{value}': 전각이나 다른 문자의 숫자입니다. 0~9로 입력하십시오.")
    if _NEGATIVE.fullmatch(text):
        return tr("{what} {value}: 0보다 큰 수를 입력하십시오.")
    if _FRACTION.fullmatch(text):
        return tr("{what} {value}: 소수는 쓸 수 없습니다. 정수로 입력하십시오.")
    return tr("{what} '{value}': 숫자가 아닙니다. 0~9와 쉼표만 쓸 수 있습니다.")


def regrouped(before: str, after: str) -> str | None:
    """Return `after` with its thousands separated anew, None where it must stay as it was typed.

    Separators are moved only when a well-formed number was changed by digits alone, or by removing something:
    a comma or point of the user's own is never taken for one of ours ("1,5" does not become 15).
    """
    if before and not (_PLAIN.fullmatch(before) or _GROUPED.fullmatch(before)):
        return None
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    inserted = after[start : len(after) - end]
    if inserted and not _PLAIN.fullmatch(inserted):
        return None
    digits = after.replace(",", "")
    if not digits:
        return ""
    if not _PLAIN.fullmatch(digits) or len(digits) > _SHOWN:
        return None
    return f"{int(digits):,}"
