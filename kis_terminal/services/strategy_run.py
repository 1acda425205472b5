"""One strategy in the market: its process, its bars, its watchdog. It wants; `StrategyTrader` acts."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import Order, Side
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.domain.strategy.host_messages import garbage, plain, read_intents, read_log, read_state
from kis_terminal.domain.strategy.plan import RunState, StrategyMode, StrategyPlan
from kis_terminal.domain.wall_time import wall_seconds
from kis_terminal.ports import Clock, StartsHosts, StrategyHost
from kis_terminal.services.strategy_bars import Completed, FollowsBars, Rows
from kis_terminal.services.strategy_trader import StrategyTrader
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

BEGIN_SECONDS = 30.0
"""Starting a process and loading numpy and TA-Lib may take so long on a busy machine."""
ANSWER_SECONDS = 2.0
_PING_SECONDS = 1.0
_LONGEST_LOOK_SECONDS = 0.3
_LOG_LINES = 1_000
_MOST_WAITING = 500


class StrategyRun:
    """Own the life of one strategy from its start to its end. `changed` is called after each change."""

    def __init__(
        self,
        trader: StrategyTrader,
        start_host: StartsHosts,
        new_bars: Callable[[Interval, Completed], FollowsBars],
        clock: Clock,
        scope: TaskScope,
        *,
        is_ready: Callable[[], bool],
        changed: Callable[[], None],
        suspended: Callable[[str], None],
    ) -> None:
        """`is_ready` tells whether orders and account are known; `suspended` is called with the reason."""
        self.trader = trader
        self.state = RunState.STOPPED
        self.reason = ""
        """Why it was suspended."""
        self.log: deque[Sentence] = deque(maxlen=_LOG_LINES)
        self.shown: Mapping[str, str] = {}
        """What the strategy shows of itself."""
        self.parameters: Mapping[str, str] = {}
        """Every parameter with the value in force, as the strategy told them."""
        self.judged_at: int | None = None
        """Wall seconds of the last bar that was judged."""
        self._start_host = start_host
        self._new_bars = new_bars
        self._clock = clock
        self._scope = scope
        self._is_ready = is_ready
        self._changed = changed
        self._suspended = suspended
        self._host: StrategyHost | None = None
        self._bars: FollowsBars | None = None
        self._waiting: deque[dict[str, object]] = deque()
        self._asked: tuple[int, float] | None = None
        """Number and patience of the message that has no answer yet."""
        self._waited = 0.0
        """Seconds waited for it; see `_wait`."""
        self._looked_at = 0.0
        self._numbers = 0
        self._answered_at = 0.0
        self._generation = 0

    @property
    def plan(self) -> StrategyPlan:
        """Return what runs."""
        return self.trader.plan

    # -- life ---

    def start(self) -> None:
        """Run as soon as orders and account are known; nothing is wanted before."""
        if self.state.is_alive:
            return
        self.reason = ""
        self.shown = {}
        self._set(RunState.WAITING)
        self.look()

    def stop(self) -> None:
        """End the process at once; orders are the caller's to decide about."""
        self._end()
        self._set(RunState.STOPPED)

    def suspend(self, reason: str, trace: str = "") -> None:
        """Take the strategy out of the market after a failure, with its trace in its log."""
        if not self.state.is_alive:
            return
        self._end()
        self.reason = reason
        self.say(reason)
        for line in trace.rstrip().splitlines():
            self.say("  " + line)
        log.warning("strategy %s suspended: %s", self.plan.title, reason)
        self._set(RunState.SUSPENDED)
        self._suspended(reason)

    def _end(self) -> None:
        self._generation += 1
        self.trader.rest(Sentence("전략이 멈췄습니다."))
        host, self._host = self._host, None
        if host is not None:
            host.kill()
        if self._bars is not None:
            self._bars.close()
            self._bars = None
        self._waiting.clear()
        self._asked = None

    def say(self, line: str) -> None:
        """Write a line into the strategy's log: a sentence of ours, else plain text, whoever wrote it."""
        printable = plain(line, 500)
        # A sentence stays one, so that the window says it in its own language.
        words = line if isinstance(line, Sentence) and printable == line else printable
        self.log.append(Sentence("{time:%H:%M:%S} {words}", time=self._clock.now(), words=words))

    def _set(self, state: RunState) -> None:
        self.state = state
        self._changed()

    def look(self) -> None:
        """See to what time brings: readiness, silence, old questions; called a few times a second."""
        if self.state is RunState.WAITING and self._is_ready():
            self._set(RunState.STARTING)
            self._scope.spawn(self._begin(self._generation), name=f"strategy {self.plan.title}")
        now = self._clock.monotonic()
        if self._is_out_of_patience(now):
            return
        if self.state is not RunState.RUNNING:
            return
        if self._bars is not None:
            self._bars.look()
        self.trader.look()
        if self._asked is None and now - self._answered_at > _PING_SECONDS:
            self._send({"do": "ping"})

    def _is_out_of_patience(self, now: float) -> bool:
        """Count the time without an answer, and suspend the strategy when there was enough of it.

        Only time counts in which this process came to look: a machine that slept, or was too busy for us, was
        too busy for the strategy as well.
        """
        since, self._looked_at = now - self._looked_at, now
        if self._asked is None:
            return False
        self._waited += min(since, _LONGEST_LOOK_SECONDS)
        if self._waited <= self._asked[1]:
            return False
        self.suspend(Sentence("{seconds:.0f}초 동안 답하지 않아 전략을 멈췄습니다.", seconds=self._asked[1]))
        return True

    async def _begin(self, generation: int) -> None:
        self._bars = bars = self._new_bars(self.plan.interval, self._bars_completed)
        try:
            rows = await bars.follow(self.plan.symbols)
        except TerminalError as error:
            if generation == self._generation:
                self.suspend(Sentence("봉을 불러오지 못했습니다: {error}", error=sentence_of(error)))
            return
        if generation != self._generation:
            bars.close()
            return
        try:
            self._host = self._start_host(
                lambda message: self._take(generation, message),
                lambda why: self._ended(generation, why),
            )
        except TerminalError as error:
            self.suspend(sentence_of(error))
            return
        plan = self.plan
        # What completed meanwhile has been kept waiting behind this.
        self._waiting.appendleft(
            {
                "do": "begin",
                "source": {"name": plan.name, "text": plan.text, "kind": plan.kind},
                "parameters": dict(plan.parameters),
                "symbols": list(plan.symbols),
                "interval": plan.interval.value,
                "sizing": {"kind": plan.sizing.value, "value": plan.size},
                "bars": rows,
            }
        )
        self._send_next()

    # -- the conversation ---

    def _bars_completed(self, symbol: str, rows: Rows, is_judged: bool) -> None:
        if is_judged:
            self.judged_at = int(rows[-1][0])
            self.trader.bar_completed(symbol)
        self._send({"do": "bars", "bars": {symbol: rows}, "judged": [symbol] if is_judged else []})

    def tell_fill(self, order: Order, price: float, quantity: int, commission: float, tax: float) -> None:
        """Tell the strategy of an execution of its own order."""
        self.say(_filled(order, price, quantity))
        if self.state is not RunState.RUNNING:
            self._changed()
            return
        fill = {
            "symbol": order.symbol,
            "time": wall_seconds(self.trader.now()),
            "side": order.side.value,
            "price": price,
            "quantity": quantity,
            "commission": commission,
            "tax": tax,
            "reason": "",
        }
        self._send({"do": "fill", "fill": fill})

    def _send(self, message: dict[str, object]) -> None:
        """Say something after what has been said; one message at a time is on its way."""
        if len(self._waiting) >= _MOST_WAITING:
            self.suspend(Sentence("전략이 시세를 따라오지 못해 멈췄습니다."))
            return
        self._waiting.append(message)
        self._send_next()

    def _send_next(self) -> None:
        if self._asked is not None or self._host is None or not self._waiting:
            return
        message = self._waiting.popleft()
        self._numbers += 1
        patience = BEGIN_SECONDS if message["do"] == "begin" else ANSWER_SECONDS
        self._asked, self._waited = (self._numbers, patience), 0.0
        # The account as it is when the message leaves, not when it was thought of.
        self._host.send({**message, "n": self._numbers, "account": self.trader.account.to_message()})

    def _take(self, generation: int, message: Mapping[str, Any]) -> None:
        """Take an answer; whatever it holds, it does nothing but what an intent may do."""
        if generation != self._generation or not self.state.is_alive:
            return
        if self._asked is None or message.get("n") != self._asked[0]:
            self.suspend(sentence_of(garbage(message)))
            return
        self._asked = None
        self._answered_at = self._clock.monotonic()
        if "error" in message:
            words = plain(message["error"], 300)
            self.suspend(
                Sentence("전략에서 오류가 났습니다: {error}", error=words), str(message.get("trace", ""))
            )
            return
        try:
            intents = read_intents(message.get("intents"), self.plan.symbols)
        except TerminalError as error:
            self.suspend(sentence_of(error))
            return
        for line in read_log(message.get("log")):
            self.say(line)
        self.shown = read_state(message.get("state"))
        self.parameters = read_state(message.get("parameters"))
        if self.state is RunState.STARTING:
            self.trader.may_act = self.plan.mode is not StrategyMode.SIGNALS
            self._set(RunState.RUNNING)
        for intent in intents:
            self.trader.intend(intent)
        if self.trader.is_running_away():
            self.suspend(
                Sentence(
                    "1분에 주문 {count}건이라는 한도를 넘어 전략을 멈췄습니다.",
                    count=self.plan.orders_a_minute,
                )
            )
            return
        self._send_next()
        if intents:
            self._changed()

    def _ended(self, generation: int, why: str) -> None:
        if generation == self._generation:
            self.suspend(Sentence("전략 프로세스가 갑자기 끝났습니다: {why}", why=plain(why, 300)))


def _filled(order: Order, price: float, quantity: int) -> Sentence:
    told = {"symbol": order.symbol, "quantity": f"{quantity:,}", "price": f"{price:,.10g}"}
    if order.side is Side.BUY:
        return Sentence("{symbol} {quantity}주를 {price}원에 샀습니다.", **told)
    return Sentence("{symbol} {quantity}주를 {price}원에 팔았습니다.", **told)
