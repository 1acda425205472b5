"""What is asked of the broker and what stands there: requests, orders, fills, execution notices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence


class Side(StrEnum):
    """매수 or 매도."""

    BUY = "buy"
    SELL = "sell"


class Venue(StrEnum):
    """Where an order is sent: KRX, NXT or smart order routing."""

    KRX = "KRX"
    NXT = "NXT"
    SOR = "SOR"


class OrderKind(StrEnum):
    """호가 종류: how price and time of an order are meant."""

    LIMIT = "limit"
    MARKET = "market"
    CONDITIONAL = "conditional"
    BEST = "best"
    PRIORITY = "priority"
    PRE_OPEN = "pre_open"
    AFTER_CLOSE = "after_close"
    LIMIT_IOC = "limit_ioc"
    LIMIT_FOK = "limit_fok"
    MARKET_IOC = "market_ioc"
    MARKET_FOK = "market_fok"
    BEST_IOC = "best_ioc"
    BEST_FOK = "best_fok"
    MID = "mid"
    STOP_LIMIT = "stop_limit"
    MID_IOC = "mid_ioc"
    MID_FOK = "mid_fok"

    @property
    def needs_price(self) -> bool:
        """Tell whether an order of this kind carries a price of its own."""
        return self in _PRICED


_PRICED = frozenset(
    {
        OrderKind.LIMIT,
        OrderKind.CONDITIONAL,
        OrderKind.LIMIT_IOC,
        OrderKind.LIMIT_FOK,
        OrderKind.STOP_LIMIT,
    }
)


class Origin(StrEnum):
    """Who asked."""

    ORDER_ENTRY = "order_entry"
    LADDER = "ladder"
    CHART = "chart"
    STRATEGY = "strategy"
    COMMAND_LINE = "command_line"
    ASSISTANT = "assistant"
    PANIC = "panic"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class ParentBudget:
    """What all orders of one parent (a plan, a strategy's signal, a command) may come to together."""

    parent_id: str
    quantity: int | None = None
    """Shares, bought and sold alike; None leaves them to the amount."""
    amount: Decimal | None = None
    """Won, at the price of each order; None leaves it to the quantity."""

    def __post_init__(self) -> None:
        """Refuse what would limit nothing, or be no number."""
        has_quantity = self.quantity is None or self.quantity > 0
        has_amount = self.amount is None or (self.amount.is_finite() and self.amount > 0)
        is_told = self.quantity is not None or self.amount is not None
        if not (self.parent_id and is_told and has_quantity and has_amount):
            raise CorrectionNeeded(
                Sentence("주문 묶음의 한도가 맞지 않습니다. 0보다 큰 수량이나 금액을 정하십시오.")
            )


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One intent; `intent_id` is ours and never reaches the broker, which has no client order id."""

    intent_id: str
    symbol: str
    side: Side
    kind: OrderKind
    quantity: int
    price: Decimal | None
    venue: Venue
    origin: Origin
    condition_price: Decimal | None = None
    confirmed: frozenset[str] = frozenset()
    """Codes of the soft limits that a person was asked about, and wants to pass all the same."""
    parent: ParentBudget | None = None


class OrderStatus(StrEnum):
    """States of an order; `UNKNOWN` is left on the broker's evidence only, never by time."""

    CREATED = "created"
    SENT = "sent"
    ACCEPTED = "accepted"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @property
    def is_done(self) -> bool:
        """Tell whether nothing more can happen to the order."""
        return self in DONE

    @property
    def is_working(self) -> bool:
        """Tell whether the order stands at the broker as far as is known."""
        return self in (OrderStatus.ACCEPTED, OrderStatus.PARTLY_FILLED)


DONE = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED})
"""States in which nothing more can happen to an order."""


class PendingChange(StrEnum):
    """A change that was sent for a working order and is not settled."""

    NONE = "none"
    AMEND = "amend"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Order:
    """One order as it stands. `key` is ours and stays; `order_number` is the latest of its chain."""

    key: str
    symbol: str
    side: Side
    kind: OrderKind
    venue: Venue
    quantity: int
    price: Decimal | None
    status: OrderStatus
    origin: Origin
    created_at: datetime
    order_number: str = ""
    original_number: str = ""
    branch_number: str = ""
    """KRX_FWDG_ORD_ORGNO, needed to amend or cancel."""
    filled: int = 0
    cancelled: int = 0
    average_price: Decimal | None = None
    reason: str = ""
    """Why refused or unknown, in words."""
    pending: PendingChange = PendingChange.NONE
    condition_price: Decimal | None = None
    chain: tuple[str, ...] = ()
    """Every order number this order has had, oldest first."""
    name: str = ""
    parent: ParentBudget | None = None

    @property
    def remaining(self) -> int:
        """Return the shares that still can fill."""
        return 0 if self.status.is_done else max(0, self.quantity - self.filled - self.cancelled)

    @property
    def is_open(self) -> bool:
        """Tell whether the order may still fill, unknown ones included."""
        return not self.status.is_done

    def changed(self, **changes: object) -> Order:
        """Return a copy with some values replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The broker's answer to an order, amendment or cancellation: it was taken, not executed."""

    order_number: str
    branch_number: str
    time_of_day: str


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """One row of the broker's own order list (inquire-daily-ccld): the truth about an order number."""

    order_number: str
    original_number: str
    branch_number: str
    symbol: str
    name: str
    side: Side
    kind: OrderKind
    venue: Venue
    quantity: int
    price: Decimal | None
    filled: int
    average_price: Decimal | None
    remaining: int
    cancelled: int
    rejected: int
    is_cancel: bool
    ordered_at: datetime
    reject_reason: str = ""


class NoticeKind(StrEnum):
    """What an execution notice tells."""

    RECEIPT = "receipt"
    FILL = "fill"
    REJECT = "reject"
    LEFTOVER_CANCELLED = "leftover_cancelled"


class ExecutionNotice(NamedTuple):
    """A hint that something happened to an order; the broker's order list is the truth."""

    order_number: str
    original_number: str
    symbol: str
    side: Side
    kind: NoticeKind
    change: PendingChange
    """AMEND or CANCEL when the notice is about such a request, NONE for a new order."""
    quantity: int
    """Executed shares in a fill, ordered shares otherwise."""
    price: Decimal
    seconds: int
    order_quantity: int
    name: str


class Fill(NamedTuple):
    """Our own execution as the chart and the order list show it."""

    order_number: str
    symbol: str
    side: Side
    quantity: int
    price: Decimal
    time: datetime
