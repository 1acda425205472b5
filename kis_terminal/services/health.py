"""Every figure of the health panel: read when asked, judged, with what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.domain.orders import Venue
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.sessions import Phase, phase_at
from kis_terminal.ports import (
    ApprovalState,
    Cache,
    Clock,
    FeedHealth,
    LinkState,
    StreamStatus,
    SubscriptionState,
)
from kis_terminal.services.health_rules import (
    FRAME_DANGER,
    FRAME_WARN,
    budget_line,
    cache_line,
    clock_line,
    journal_line,
    latency_line,
    level,
    memory_line,
    stall_line,
    token_line,
)
from kis_terminal.services.market_data import MarketData, Stream
from kis_terminal.services.status import Status

__all__ = ["Health", "HealthLine", "StreamLine", "SubscriptionState", "Verdict"]

STALL_SPAN = 60.0
"""Seconds over which the longest stall is told."""
_ENVIRONMENTS = {
    Environment.SIM: Sentence("시뮬레이션"),
    Environment.PAPER: Sentence("모의투자"),
    Environment.REAL: Sentence("실전투자"),
}
_PHASES = {
    Phase.CLOSED: Sentence("장 마감"),
    Phase.PRE_MARKET: Sentence("프리마켓"),
    Phase.OPENING_AUCTION: Sentence("시가 동시호가"),
    Phase.CONTINUOUS: Sentence("정규장"),
    Phase.CLOSING_AUCTION: Sentence("종가 동시호가"),
    Phase.AFTER_CLOSE: Sentence("장후 시간외"),
    Phase.AFTER_MARKET: Sentence("애프터마켓"),
}
_LINKS = {
    LinkState.CONNECTED: (Sentence("연결됨"), Verdict.OK),
    LinkState.CONNECTING: (Sentence("연결 중"), Verdict.WARN),
    LinkState.WAITING: (Sentence("다시 연결을 기다리는 중"), Verdict.WARN),
    LinkState.CLOSED: (Sentence("연결 끊김"), Verdict.DANGER),
}
_APPROVALS = {
    ApprovalState.NONE: (Sentence("아직 없음"), Verdict.OK, ""),
    ApprovalState.HELD: (Sentence("받음"), Verdict.OK, ""),
    ApprovalState.REFUSED: (
        Sentence("거절됨"),
        Verdict.DANGER,
        Sentence("새 접속키를 받아 다시 시도합니다. 되풀이되면 앱키와 환경(실전/모의)을 확인하십시오."),
    ),
    ApprovalState.UNAVAILABLE: (
        Sentence("받지 못함"),
        Verdict.WARN,
        Sentence("REST 서버에 닿지 못했습니다. 네트워크를 확인하십시오. 스스로 다시 시도합니다."),
    ),
}


@dataclass(frozen=True, slots=True)
class StreamLine:
    """One watched stream as the panel lists it."""

    status: StreamStatus
    age: float | None
    """Seconds since something came on it, or was polled; None when nothing has."""
    verdict: Verdict

    @property
    def key(self) -> str:
        """Return what tells this line from others."""
        return f"{self.status.stream}:{self.status.symbol}"


_STREAM_VERDICTS = {
    SubscriptionState.CONFIRMED: Verdict.OK,
    SubscriptionState.WANTED: Verdict.WARN,
    SubscriptionState.POLLED: Verdict.WARN,
    SubscriptionState.REFUSED: Verdict.DANGER,
}


class Health:
    """Read figures from their owners; keeps none."""

    def __init__(
        self,
        environment: Environment,
        market_data: MarketData,
        status: Status,
        clock: Clock,
        *,
        write_seconds: Callable[[], float | None],
        memory_bytes: Callable[[], int | None],
        cache: Cache | None = None,
    ) -> None:
        """`write_seconds` tells what the journal's last line took; `cache` is shared with other programs."""
        self._environment = environment
        self._market = market_data
        self._status = status
        self._clock = clock
        self._write_seconds = write_seconds
        self._memory_bytes = memory_bytes
        self._cache = cache

    def lines(self, stall: float | None = None) -> list[HealthLine]:
        """Return every line in its place; `stall` is the longest of the last `STALL_SPAN` seconds."""
        broker, feed = self._status.broker(), self._status.feed()
        left = None
        if broker.token_expires_at is not None:
            left = (broker.token_expires_at - self._clock.now()).total_seconds()
        usual = broker.calls_usual or broker.calls_limit
        return [
            self._environment_line(),
            self._phase_line(),
            self._link_line(feed),
            self._frame_line(feed),
            _approval_line(feed),
            self._slots_line(feed),
            _reconnects_line(feed),
            _unread_line(feed),
            latency_line(broker.rest_milliseconds),
            budget_line(broker.calls_available, broker.calls_limit, usual, broker.calls_waiting),
            token_line(left),
            clock_line(broker.clock_skew_seconds, self._environment),
            journal_line(self._write_seconds()),
            HealthLine("database", Sentence("저장소"), self._status.database),
            *([] if self._cache is None else [cache_line(self._cache.trouble, feed.owner)]),
            stall_line(stall, STALL_SPAN),
            memory_line(self._memory_bytes()),
        ]

    def streams(self) -> list[StreamLine]:
        """Return every watched stream, the execution notices first, then the most wanted."""
        return [
            StreamLine(status, self._age(status), _STREAM_VERDICTS[status.state])
            for status in self._market.streams()
        ]

    def _age(self, status: StreamStatus) -> float | None:
        """Return how old the newest print is, whether or not the stream proves it still right.

        Books are not stamped one by one: theirs is the age of what may have changed unseen, 0 while live.
        """
        state = self._market.state(status.symbol) if status.symbol else None
        if state is None:
            return None
        if status.stream is Stream.BOOK:
            return self._market.book_age(status.symbol)
        at = state.updated_at if status.stream is Stream.TICKS else None
        return None if at is None else self._market.seconds_since(at)

    def _environment_line(self) -> HealthLine:
        return HealthLine("environment", Sentence("환경"), _ENVIRONMENTS[self._environment])

    def _phase_line(self) -> HealthLine:
        title, seconds = Sentence("장 상태"), self._market.market_seconds()
        if seconds is None:
            return HealthLine("phase", title, Sentence("시세를 기다리는 중"))
        value = Sentence(
            "{phase} {hour:02d}:{minute:02d}:{second:02d} KRX",
            phase=_PHASES[phase_at(Venue.KRX, seconds)],
            hour=seconds // 3600,
            minute=seconds // 60 % 60,
            second=seconds % 60,
        )
        return HealthLine("phase", title, value)

    def _link_line(self, feed: FeedHealth) -> HealthLine:
        title = Sentence("실시간 연결")
        word, verdict = _LINKS[feed.link]
        if verdict is Verdict.OK:
            return HealthLine("link", title, _lasting(word, self._market.seconds_since(feed.link_since)))
        value: str = word
        if feed.retry_at is not None:
            left = max(0.0, feed.retry_at - self._clock.monotonic())
            value = Sentence("{n:.0f}초 뒤 다시 연결", n=left)
        advice = self._market.link_text or Sentence("네트워크를 확인하십시오. 스스로 다시 연결합니다.")
        return HealthLine("link", title, value, verdict, advice)

    def _frame_line(self, feed: FeedHealth) -> HealthLine:
        title = Sentence("마지막 프레임")
        if feed.last_frame_at is None:
            return HealthLine("frame", title, Sentence("아직 없음"))
        age = self._market.seconds_since(feed.last_frame_at)
        value = Sentence("{n}초 전", n=int(age))
        if feed.last_data_at is not None:
            data = self._market.seconds_since(feed.last_data_at)
            value = Sentence("{n}초 전, 시세 {data}초 전", n=int(age), data=int(data))
        # Without a connection the line above says it.
        verdict = level(age, FRAME_WARN, FRAME_DANGER) if feed.link is LinkState.CONNECTED else Verdict.OK
        advice = ""
        if verdict is not Verdict.OK:
            advice = Sentence("서버가 조용합니다. 응답이 없으면 스스로 끊고 다시 연결합니다.")
        return HealthLine("frame", title, value, verdict, advice)

    def _slots_line(self, feed: FeedHealth) -> HealthLine:
        title = Sentence("실시간 등록")
        states = Counter(line.state for line in self._market.streams())
        polled, refused = states[SubscriptionState.POLLED], states[SubscriptionState.REFUSED]
        value = Sentence(
            "{used}/{total} 사용, 조회로 받음 {polled}, 거절 {refused}",
            used=feed.slots_used,
            total=feed.slots_total,
            polled=polled,
            refused=refused,
        )
        if refused:
            advice = Sentence(
                "거절된 등록이 있습니다. 아래 목록의 이유를 보십시오. 그동안은 조회로 받습니다."
            )
            return HealthLine("slots", title, value, Verdict.WARN, advice)
        if polled and feed.slots_used >= feed.slots_total:
            advice = Sentence(
                "자리가 모자라 일부는 조회로 받습니다. 보지 않는 관심종목을 줄이면 실시간이 됩니다."
            )
            return HealthLine("slots", title, value, Verdict.WARN, advice)
        return HealthLine("slots", title, value)


def _approval_line(feed: FeedHealth) -> HealthLine:
    word, verdict, advice = _APPROVALS[feed.approval]
    return HealthLine("approval", Sentence("접속키"), word, verdict, advice)


def _reconnects_line(feed: FeedHealth) -> HealthLine:
    title = Sentence("다시 연결")
    value = Sentence(
        "{again}번, 10분에 {recent}/{limit}, 멈춤 복구 {stalls}",
        again=max(0, feed.connects - 1),
        recent=feed.recent_connects,
        limit=feed.recent_connects_limit,
        stalls=feed.stall_restarts,
    )
    verdict = level(feed.recent_connects, feed.recent_connects_limit / 2, feed.recent_connects_limit)
    advice = ""
    if verdict is not Verdict.OK:
        advice = Sentence(
            "연결이 자주 끊깁니다. 유선으로 바꾸고, 같은 앱키를 쓰는 다른 프로그램을 닫으십시오."
        )
    return HealthLine("reconnects", title, value, verdict, advice)


def _unread_line(feed: FeedHealth) -> HealthLine:
    title = Sentence("받은 메시지")
    value = Sentence("{n:,}개, 읽지 못함 {bad:,}", n=feed.messages, bad=feed.rejected)
    if feed.rejected:
        advice = Sentence("읽지 못한 메시지가 있습니다. 로그를 보고, 되풀이되면 새 버전을 확인하십시오.")
        return HealthLine("messages", title, value, Verdict.WARN, advice)
    return HealthLine("messages", title, value)


def _lasting(word: str, seconds: float) -> Sentence:
    hours, minutes = int(seconds) // 3600, int(seconds) // 60 % 60
    if hours:
        return Sentence("{word} ({hours}시간 {minutes}분)", word=word, hours=hours, minutes=minutes)
    return Sentence("{word} ({minutes}분 {seconds}초)", word=word, minutes=minutes, seconds=int(seconds) % 60)
