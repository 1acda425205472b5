"""When a figure is normal, worth a look, or dangerous; the health panel and `doctor` judge alike."""

from __future__ import annotations

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import SocketOwner

SKEW_WARN, SKEW_DANGER = 1.0, 30.0
"""Seconds. KIS's times stand on orders and prints; a token's end is judged by our clock."""
PLAYED_SECONDS = 5.0
TOKEN_WARN, TOKEN_DANGER = 3600.0, 300.0
"""Seconds that a token is still good for; it is renewed an hour before its end."""
REST_WARN, REST_DANGER = 1_000.0, 5_000.0
"""Milliseconds of the last call."""
FRAME_WARN, FRAME_DANGER = 15.0, 40.0
"""Seconds without any frame on a connected stream; a heartbeat comes about every ten."""
STALL_WARN, STALL_DANGER = 0.05, 0.25
"""Seconds in which the window could do nothing."""
WRITE_WARN, WRITE_DANGER = 0.05, 1.0
"""Seconds that a line of the journal took, for which every order waits."""
MEMORY_WARN, MEMORY_DANGER = 1.5 * 1024**3, 4.0 * 1024**3
"""Bytes."""
WAITING_WARN, WAITING_DANGER = 10, 100
"""Calls that wait for their turn."""
_SHARED = {
    SocketOwner.OWN: Sentence("토큰, 호출 한도, 실시간 연결을 함께 씀 (이 프로그램이 연결)"),
    SocketOwner.OTHER: Sentence("토큰, 호출 한도, 실시간 연결을 함께 씀 (다른 프로그램이 연결)"),
    SocketOwner.UNKNOWN: Sentence("토큰, 호출 한도, 실시간 연결을 함께 씀 (연결한 프로그램 없음)"),
    SocketOwner.ALONE: Sentence("토큰과 호출 한도를 함께 씀"),
}


def level(value: float, warn: float, danger: float) -> Verdict:
    """Return how serious a figure is of which more is worse."""
    if value >= danger:
        return Verdict.DANGER
    return Verdict.WARN if value >= warn else Verdict.OK


def is_played(skew: float | None, environment: Environment) -> bool:
    """Tell whether the broker's clock is another time that the embedded exchange plays, not a wrong one."""
    return environment is Environment.SIM and skew is not None and abs(skew) >= PLAYED_SECONDS


def clock_line(skew: float | None, environment: Environment) -> HealthLine:
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
    if is_played(skew, environment):
        minutes = int(abs(skew) // 60)
        value = Sentence(
            "다른 시각을 재생 중 ({sign}{hours}시간 {minutes}분)",
            sign="+" if skew > 0 else "-",
            hours=minutes // 60,
            minutes=minutes % 60,
        )
        return HealthLine("clock_skew", title, value)
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


def budget_line(available: int, limit: int, usual: int, waiting: int) -> HealthLine:
    """Judge the calls that could go now, the limit in force, the usual one, and who waits."""
    title = Sentence("초당 호출")
    value = Sentence(
        "여유 {available}/{limit}, 대기 {waiting}", available=available, limit=limit, waiting=waiting
    )
    if limit < usual:
        lowered = Sentence(
            "KIS가 호출이 많다고 해 한도를 {usual}에서 낮췄습니다. "
            "같은 앱키를 쓰는 다른 프로그램을 멈추십시오.",
            usual=usual,
        )
        return HealthLine("budget", title, value, Verdict.WARN, lowered)
    verdict = level(waiting, WAITING_WARN, WAITING_DANGER)
    advice = ""
    if verdict is not Verdict.OK:
        advice = Sentence(
            "조회가 밀려 있습니다. 관심종목이나 차트를 줄이면 빨라집니다. 취소는 먼저 나갑니다."
        )
    return HealthLine("budget", title, value, verdict, advice)


def journal_line(seconds: float | None) -> HealthLine:
    """Judge how long the last line of the order journal took; None before the first."""
    title = Sentence("주문 기록 쓰기")
    if seconds is None:
        return HealthLine("journal", title, Sentence("아직 쓴 것이 없음"))
    verdict = level(seconds, WRITE_WARN, WRITE_DANGER)
    advice = ""
    if verdict is not Verdict.OK:
        advice = Sentence(
            "주문은 기록이 디스크에 남은 뒤에 나갑니다. KIS_TERMINAL_HOME을 더 빠른 디스크로 옮기십시오."
        )
    return HealthLine("journal", title, f"{seconds * 1000:.1f} ms", verdict, advice)


def stall_line(seconds: float | None, span: float) -> HealthLine:
    """Judge the longest time of the last `span` seconds in which the window could do nothing."""
    title = Sentence("화면 멈춤")
    if seconds is None:
        return HealthLine("stall", title, Sentence("재는 중"))
    verdict = level(seconds, STALL_WARN, STALL_DANGER)
    value = Sentence("최장 {ms:.0f} ms (지난 {span:.0f}초)", ms=seconds * 1000, span=span)
    advice = ""
    if verdict is not Verdict.OK:
        advice = Sentence("무거운 다른 프로그램을 닫고, 계속되면 로그에서 같은 시각의 오류를 확인하십시오.")
    return HealthLine("stall", title, value, verdict, advice)


def memory_line(size: int | None) -> HealthLine:
    """Judge the memory of the process in bytes; None where the system does not tell."""
    title = Sentence("메모리")
    if size is None:
        return HealthLine("memory", title, Sentence("알 수 없음"))
    verdict = level(size, MEMORY_WARN, MEMORY_DANGER)
    advice = "" if verdict is Verdict.OK else Sentence("장이 끝난 뒤 프로그램을 다시 시작하십시오.")
    return HealthLine("memory", title, f"{size / 1024**2:,.0f} MB", verdict, advice)


def cache_line(trouble: str, owner: SocketOwner) -> HealthLine:
    """Judge what is shared by REDIS_URL; an empty `trouble` is none. `owner` has the one socket."""
    title = Sentence("공유 캐시")
    if trouble:
        return HealthLine("cache", title, Sentence("쓰지 못함"), Verdict.WARN, trouble)
    return HealthLine("cache", title, _SHARED[owner])
