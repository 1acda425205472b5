"""A strategy that a person set up to run in the market, and what it says: plain values, kept as JSON.

Nothing here imports numpy: the window reads plans before its first paint.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.orders import Side
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.sizing import SizingKind

Value = int | float | str | bool
MOST_SYMBOLS = 20
"""A strategy's symbols take places on the stream, of which there are about forty."""


class StrategyMode(StrEnum):
    """How far a strategy may go by itself."""

    SIGNALS = "signals"
    """It says what it would do."""
    APPROVE = "approve"
    """A person lets each order go."""
    AUTOMATIC = "automatic"
    """Its orders go at once, through the one order path."""


MODE_WORDS: Mapping[StrategyMode, Sentence] = {
    StrategyMode.SIGNALS: Sentence("신호만"),
    StrategyMode.APPROVE: Sentence("승인 후 주문"),
    StrategyMode.AUTOMATIC: Sentence("자동 주문"),
}
"""What people call the modes."""


class LeftOrders(StrEnum):
    """What happens to a strategy's open orders when it stops."""

    CANCEL = "cancel"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class StrategyPlan:
    """What runs, on what, how far. `text` is the strategy itself: a file changed later changes nothing "
    "here."""

    key: str
    title: str
    name: str
    """File name, for messages."""
    text: str
    kind: str
    """`yaml` or `python`."""
    symbols: tuple[str, ...]
    interval: Interval = Interval.MINUTE_5
    parameters: Mapping[str, Value] = field(default_factory=dict)
    mode: StrategyMode = StrategyMode.SIGNALS
    sizing: SizingKind = SizingKind.EQUAL_WEIGHT
    size: float = 0.0
    """Shares, percent or won, by `sizing`."""
    budget: Decimal = Decimal(10_000_000)
    """Won that the strategy may have in holdings and open buys."""
    left_orders: LeftOrders = LeftOrders.CANCEL
    """After a failure, when nobody can be asked."""
    orders_a_minute: int = 10

    def __post_init__(self) -> None:
        """Refuse what cannot run."""
        if not self.symbols or len(self.symbols) > MOST_SYMBOLS or len(set(self.symbols)) < len(self.symbols):
            raise CorrectionNeeded(
                Sentence("전략의 종목은 서로 다른 1~{most}개여야 합니다.", most=MOST_SYMBOLS)
            )
        if not (self.budget.is_finite() and self.budget > 0):
            raise CorrectionNeeded(
                Sentence("전략의 투자금은 0원보다 커야 합니다: {value}", value=self.budget)
            )
        if not math.isfinite(self.size) or (self.sizing is not SizingKind.EQUAL_WEIGHT and self.size <= 0):
            raise CorrectionNeeded(Sentence("매수 크기는 0보다 커야 합니다: {value}", value=self.size))
        if self.orders_a_minute < 1:
            raise CorrectionNeeded(
                Sentence("1분 주문 수는 1 이상이어야 합니다: {value}", value=self.orders_a_minute)
            )

    def to_json(self) -> str:
        """Return the plan as text for a store."""
        return json.dumps({**asdict(self), "budget": str(self.budget)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> StrategyPlan:
        """Return the plan of a stored text; raises CorrectionNeeded for one that is none."""
        try:
            kept: dict[str, Any] = json.loads(text)
            return cls(
                **{
                    **kept,
                    "symbols": tuple(str(symbol) for symbol in kept["symbols"]),
                    "interval": Interval(kept["interval"]),
                    "mode": StrategyMode(kept["mode"]),
                    "sizing": SizingKind(kept["sizing"]),
                    "left_orders": LeftOrders(kept["left_orders"]),
                    "budget": Decimal(kept["budget"]),
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as error:
            raise CorrectionNeeded(
                Sentence("저장된 전략을 읽을 수 없습니다({why}).", why=str(error))
            ) from error

    def with_parameters(self, parameters: Mapping[str, Value]) -> StrategyPlan:
        """Return the plan with other values."""
        return replace(self, parameters=dict(parameters))


class SignalState(StrEnum):
    """What became of something that a strategy wanted."""

    SAID = "said"
    """Signal only."""
    ASKED = "asked"
    """It waits for the person."""
    SENT = "sent"
    KEPT = "kept"
    """A sale that could not leave yet; it is tried again."""
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that a strategy wanted."""

    number: int
    at: datetime
    symbol: str
    side: Side
    quantity: int
    reason: str
    state: SignalState
    words: str = ""
    """Why dropped or kept."""
    order_key: str = ""


class RunState(StrEnum):
    """Where a strategy is in its life."""

    STOPPED = "stopped"
    WAITING = "waiting"
    """For the first complete listing of orders and the account."""
    STARTING = "starting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    """Taken out of the market after a failure; its reason says which."""

    @property
    def is_alive(self) -> bool:
        """Tell whether it runs or is about to."""
        return self in (RunState.WAITING, RunState.STARTING, RunState.RUNNING)
