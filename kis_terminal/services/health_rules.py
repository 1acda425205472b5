"""When a figure is normal, worth a look, or dangerous; the health panel and `doctor` judge alike."""

from __future__ import annotations

from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.domain.sentences import Sentence

SKEW_WARN, SKEW_DANGER = 1.0, 30.0
"""Seconds. KIS's times stand on orders and prints; a token's end is judged by our clock."""
TOKEN_WARN, TOKEN_DANGER = 3600.0, 300.0
"""Seconds that a token is still good for; it is renewed an hour before its end."""
REST_WARN, REST_DANGER = 1_000.0, 5_000.0
"""Milliseconds of the last call."""


def level(value: float, warn: float, danger: float) -> Verdict:
    """Return how serious a figure is of which more is worse."""
    if value >= danger:
        return Verdict.DANGER
    return Verdict.WARN if value >= warn else Verdict.OK


def clock_line(skew: float | None) -> HealthLine:
    """Judge the broker's clock minus ours, seconds; None is not known."""
    title = Sentence("시계")
    if skew is None:
        return HealthLine(
            "clock_skew",
            title,
            Sentence("아직 모름"),
            Verdict.WARN,
            Sentence("서버의 답에서 시각을 읽으면 나타납니다."),
        )
    verdict = level(abs(skew), SKEW_WARN, SKEW_DANGER)
    value = Sentence("서버보다 {n:+.2f}초", n=-skew)
    advice = Sentence("운영체제의 시각 자동 맞춤(NTP)을 켜십시오.") if verdict is not Verdict.OK else ""
    return HealthLine("clock_skew", title, value, verdict, advice)


def token_line(seconds_left: float | None) -> HealthLine:
    """Judge how long the access token is still good, seconds; None where there is none."""
    title = Sentence("접근토큰")
    if seconds_left is None:
        advice = Sentence("처음 조회할 때 받습니다. 계속 없으면 앱키와 시크릿을 확인하십시오.")
        return HealthLine("token", title, Sentence("없음"), Verdict.WARN, advice)
    minutes = max(0, int(seconds_left // 60))
    value = Sentence("{hours}시간 {minutes}분 남음", hours=minutes // 60, minutes=minutes % 60)
    if seconds_left < TOKEN_DANGER:
        advice = Sentence("토큰이 곧 끝나는데 새로 받지 못했습니다. 네트워크와 앱키를 확인하십시오.")
        return HealthLine("token", title, value, Verdict.DANGER, advice)
    if seconds_left < TOKEN_WARN:
        advice = Sentence("한 시간 전부터 스스로 새로 받습니다. 줄어들기만 하면 네트워크를 확인하십시오.")
        return HealthLine("token", title, value, Verdict.WARN, advice)
    return HealthLine("token", title, value)


def latency_line(milliseconds: float | None) -> HealthLine:
    """Judge how long the last REST call took; None before the first."""
    title = Sentence("REST 응답")
    if milliseconds is None:
        return HealthLine("rest", title, Sentence("아직 호출 없음"))
    verdict = level(milliseconds, REST_WARN, REST_DANGER)
    advice = ""
    if verdict is not Verdict.OK:
        advice = Sentence("회선이 느립니다. 유선으로 바꾸거나 다른 프로그램의 사용량을 확인하십시오.")
    return HealthLine("rest", title, f"{milliseconds:.0f} ms", verdict, advice)
