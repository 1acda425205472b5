"""What the codes of subscribe replies mean (PROTOCOL.md section 9, OPSP)."""

from __future__ import annotations

from enum import StrEnum

from kis_terminal.adapters.kis.frames import ControlReply
from kis_terminal.adapters.kis.plain_text import plain
from kis_terminal.domain.sentences import Sentence


class Verdict(StrEnum):
    """What to do after a reply."""

    FINE = "fine"
    WAIT = "wait"
    """Ask again later."""
    REFUSED = "refused"
    """Asking again does not help."""
    FULL = "full"
    """The server counts more registrations than it allows."""
    APPROVAL_REFUSED = "approval_refused"
    """The session has to begin again with a new approval key."""
    IN_USE = "in_use"
    """Another session uses the app key."""


_VERDICTS = {
    "OPSP0000": Verdict.FINE,
    "OPSP0001": Verdict.FINE,
    "OPSP0002": Verdict.FINE,  # already subscribed
    "OPSP0003": Verdict.FINE,  # unsubscribed what was not
    "OPSP0007": Verdict.WAIT,
    "OPSP0009": Verdict.WAIT,
    "OPSP8999": Verdict.WAIT,
    "OPSP9993": Verdict.WAIT,
    "OPSP9995": Verdict.WAIT,
    "OPSP0008": Verdict.FULL,
    "OPSP0010": Verdict.APPROVAL_REFUSED,
    "OPSP0011": Verdict.APPROVAL_REFUSED,
    "OPSP9994": Verdict.APPROVAL_REFUSED,
    "OPSP8996": Verdict.IN_USE,
}
_SENTENCES = {
    "OPSP0008": Sentence("실시간 등록 한도를 넘었습니다. 다른 종목의 실시간을 해제해 주십시오."),
    "OPSP0017": Sentence(
        "HTS ID가 잘못되어 체결통보를 받을 수 없습니다. 설정의 HTS ID(대소문자 구분)를 확인해 주십시오."
    ),
}


def verdict(reply: ControlReply) -> Verdict:
    """Return what a reply means; unknown codes go by its rt_cd."""
    return _VERDICTS.get(reply.code, Verdict.FINE if reply.is_ok else Verdict.REFUSED)


def sentence(reply: ControlReply) -> str:
    """Return what to say to the user: KIS's own words where we have none."""
    return _SENTENCES.get(reply.code, plain(f"{reply.code} {reply.message}".strip(), 200))
