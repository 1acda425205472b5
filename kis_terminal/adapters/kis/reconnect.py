"""Retry or give up? One function decides after every ending of a connection.

KIS blocks IP address and app key of clients that connect and close in a loop (notice of 2026-05-18), and a
blocked client has no stop button. So the delay grows until valid data has come, and connects are counted.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from kis_terminal.domain.sentences import Sentence

_LINGERING_SECONDS, _LINGERING_DELAY = 30.0, 3.0


class EndingKind(StrEnum):
    """Why a connection, or the attempt at one, ended."""

    DROPPED = "dropped"
    """Refused, reset, closed by the server, handshake failed."""
    SILENT = "silent"
    """Nothing came for too long: half-open."""
    STALLED = "stalled"
    """The connection lives, but no data comes though the market trades."""
    APPROVAL_REFUSED = "approval_refused"
    IN_USE = "in_use"
    """The app key has another session."""
    UNAVAILABLE = "unavailable"
    """No approval key could be had now."""
    ACCESS_REFUSED = "access_refused"
    """Keys or rights are wrong: a person has to act."""
    WRONG_ADDRESS = "wrong_address"
    RELAYED = "relayed"
    """The socket is another program's: ours was lost to it, or what came from it has ended."""
    BROKEN = "broken"
    """An error of ours; it has been reported."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a connection ended; `detail` is for the sentence."""

    kind: EndingKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """`delay` in seconds before the next attempt, None to give up; `renew_approval` before it."""

    delay: float | None
    sentence: str
    renew_approval: bool = False
    is_alarming: bool = False
    """One connection after another ends."""


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """Times in seconds."""

    first_delay: float = 0.5
    factor: float = 2.0
    longest_delay: float = 60.0
    slow_delay: float = 60.0
    """For an app key in use, and for an approval key that a renewal did not help."""
    jitter: float = 0.25
    """Fraction by which a delay is stretched at random, so that many clients do not come at once."""
    failures_alarm: int = 6
    """So many endings in a row without data are more than a hiccup."""
    connects: int = 20
    window: float = 600.0
    """No more than `connects` in any `window`."""
    hurried: int = 8
    """So many connects of a window may come as fast as their delays allow; the rest is spread over it."""


class Reconnector:
    """Keep what the decision needs: attempts since valid data, connects in the window, renewals."""

    def __init__(self, policy: ReconnectPolicy, randomness: Random) -> None:
        self._policy = policy
        self._randomness = randomness
        self._failures = 0
        self._has_renewed = False
        self._renewed_at = float("-inf")
        self._connects: deque[float] = deque()
        self._lenient_until = float("-inf")

    def connecting(self, now: float) -> None:
        """Count one connect."""
        self._connects.append(now)

    def data_received(self) -> None:
        """Begin with the shortest delay again: the server has proved that it works."""
        self._failures = 0
        self._has_renewed = False

    def took_over(self, now: float) -> None:
        """Note that the app key is ours since now: the session of a program that died may linger at KIS."""
        self._lenient_until = now + _LINGERING_SECONDS

    def key_taken(self) -> None:
        """Note that the approval key is good; a session may bring no data for hours, e.g. at night."""
        self._has_renewed = False

    def recent_connects(self, now: float) -> int:
        """Return how many connects the window that ends now has."""
        while self._connects and self._connects[0] <= now - self._policy.window:
            self._connects.popleft()
        return len(self._connects)

    def decide(self, ending: Ending, now: float) -> Decision:
        """Tell whether and when to try again, and what to say to the user."""
        policy = self._policy
        kind = ending.kind
        if kind is EndingKind.ACCESS_REFUSED:
            return Decision(
                None,
                Sentence(
                    "실시간 접속이 거부되었습니다: {detail} 앱키와 권한을 확인해 주십시오.",
                    detail=ending.detail,
                ),
            )
        if kind is EndingKind.WRONG_ADDRESS:
            return Decision(
                None,
                Sentence(
                    "실시간 서버 주소가 잘못되었습니다: {detail} 설정을 고쳐 주십시오.", detail=ending.detail
                ),
            )
        delay = min(policy.longest_delay, policy.first_delay * policy.factor ** min(self._failures, 30))
        self._failures += 1
        renew = False
        reason: str = _REASONS[kind]
        if kind is EndingKind.IN_USE and now < self._lenient_until:
            delay = min(delay, _LINGERING_DELAY)
        elif kind is EndingKind.IN_USE:
            delay = max(delay, policy.slow_delay)
        elif kind is EndingKind.APPROVAL_REFUSED:
            renew = not self._has_renewed or now - self._renewed_at >= policy.window
            if renew:
                self._renewed_at = now
            else:
                delay = max(delay, policy.slow_delay)
                reason = Sentence(
                    "새 접속키도 거부되었습니다. 같은 앱키를 쓰는 다른 프로그램을 확인해 주십시오"
                )
            self._has_renewed = True
        delay *= 1.0 + policy.jitter * self._randomness.random()
        is_held_back = (budget_delay := self._budget_delay(now)) > delay
        if is_held_back:
            delay = budget_delay
            reason = Sentence(
                "{reason}. 최근 {minutes:.0f}분 동안 {connects}번 접속하여 더 기다립니다",
                reason=reason,
                minutes=policy.window / 60,
                connects=len(self._connects),
            )
        if ending.detail:
            reason = Sentence("{reason} ({detail})", reason=reason, detail=ending.detail)
        when = Sentence("{delay:.0f}초 뒤", delay=delay) if delay >= 1.0 else Sentence("곧")
        sentence = Sentence("{reason}. {when} 다시 접속합니다.", reason=reason, when=when)
        is_alarming = is_held_back or self._failures > policy.failures_alarm
        return Decision(delay, sentence, renew, is_alarming)

    def _budget_delay(self, now: float) -> float:
        """Return how long to wait so that the connects that are left last until the window is over.

        A server that gives data and closes would else use them up in seconds, and leave us blind for minutes.
        """
        policy = self._policy
        used = self.recent_connects(now)
        if used < policy.hurried:
            return 0.0
        until_free = self._connects[-min(used, policy.connects)] + policy.window - now
        return until_free / max(1, policy.connects - used + 1)


_REASONS = {
    EndingKind.DROPPED: Sentence("실시간 연결이 끊겼습니다"),
    EndingKind.SILENT: Sentence("실시간 서버가 응답하지 않습니다"),
    EndingKind.STALLED: Sentence("시장은 열려 있는데 실시간 시세가 오지 않습니다"),
    EndingKind.APPROVAL_REFUSED: Sentence("실시간 접속키가 만료되어 새로 받습니다"),
    EndingKind.IN_USE: Sentence(
        "이 앱키로 다른 곳에서 실시간에 접속해 있습니다. 그 프로그램을 종료해 주십시오"
    ),
    EndingKind.UNAVAILABLE: Sentence("실시간 접속키를 받지 못했습니다"),
    EndingKind.RELAYED: Sentence("다른 프로그램과 함께 쓰는 실시간 연결이 끊겼습니다"),
    EndingKind.BROKEN: Sentence("실시간 처리 중 오류가 났습니다"),
}
