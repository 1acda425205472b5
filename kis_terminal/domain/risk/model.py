"""What the pre-trade checks look at, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from kis_terminal.domain.instruments import Instrument
from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, Origin
from kis_terminal.domain.sentences import Sentence


class TradingState(StrEnum):
    """Which orders may leave: all, only those that lower what is held, none."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Limits in force; amounts in won, shares of the whole in percent.

    A *soft* limit may be passed by a person who was asked; a program is refused. The others yield to nobody.
    """

    max_quantity: int = 100_000
    max_order_value: Decimal = Decimal(100_000_000)
    soft_order_value: Decimal = Decimal(50_000_000)
    price_collar_percent: Decimal = Decimal(30)
    """How far a price may lie from the last one."""
    soft_collar_percent: Decimal = Decimal(15)
    soft_collar_ticks: int = 300
    max_price_age: float = 60.0
    """Seconds since the last price was known to be the market's; soft."""
    max_position_value: Decimal = Decimal(200_000_000)
    max_positions: int = 50
    soft_concentration_percent: Decimal = Decimal(70)
    """One symbol's share of the whole account."""
    max_daily_loss: Decimal = Decimal(5_000_000)
    """Realised and unrealised since the day began, costs included; then only exposure may be lowered."""
    max_orders_a_day: int = 2_000
    duplicate_seconds: float = 0.5
    orders_per_second: int = 10
    denied_symbols: frozenset[str] = frozenset()
    allowed_symbols: frozenset[str] = frozenset()
    """Where any are named, no others may be bought."""


@dataclass(frozen=True, slots=True)
class RiskInput:
    """What the checks may look at."""

    instrument: Instrument | None
    last_price: Decimal | None
    upper_limit: Decimal | None
    lower_limit: Decimal | None
    allowed_kinds: tuple[OrderKind, ...]
    buying_power: Decimal | None
    """Won that can still be spent, None when not known."""
    sellable: int | None
    open_orders: tuple[Order, ...]
    seconds_since_same: float | None
    """Since the last order of the same signature, None when there was none."""
    orders_last_second: int
    is_armed: bool
    is_symbol_halted: bool | None = None
    """The broker's latest word on the symbol; None leaves it to the master, which is of this morning."""
    price_age: float | None = None
    """Seconds since the price was known to be the market's; None where no price is known."""
    held_quantity: int = 0
    """Shares of the symbol in the account."""
    position_count: int = 0
    total_value: Decimal | None = None
    """Securities and D+2 cash of the account, None while it is not known."""
    day_profit: Decimal | None = Decimal(0)
    """Won since the day began, realised and not, costs included; None while it is not known."""
    orders_today: int = 0
    is_overfilled: bool = False
    """Whether the broker's list contradicts itself about the symbol: more executed than ordered."""
    state: TradingState = TradingState.ACTIVE
    siblings: tuple[Order, ...] = ()
    """The other orders of the request's parent, whatever became of them."""
    share_change: str = ""
    """What happened to the symbol's shares overnight and no person has looked at yet; empty for nothing."""


@dataclass(frozen=True, slots=True)
class RiskCheck:
    """One rule's input, limit and verdict, in words for the user."""

    code: str
    title: str
    passed: bool
    value: str
    limit: str
    sentence: str
    """Why it refuses, in words for the user; may be empty where it does not."""
    is_soft: bool = False
    """Whether a person who was asked may pass it."""
    is_waived: bool = False
    """Whether a person did."""


def judged(
    code: str,
    title: str,
    passed: bool,
    value: str,
    limit: str,
    refusal: Callable[[], str],
    *,
    is_soft: bool = False,
) -> RiskCheck:
    """Return a rule's word. Why it refuses is put together only then: an order on its way passes them all."""
    return RiskCheck(code, title, passed, value, limit, "" if passed else refusal(), is_soft)


@dataclass(frozen=True, slots=True)
class RiskVerdict:
    """All checks of one request, in order."""

    checks: tuple[RiskCheck, ...]

    @property
    def passed(self) -> bool:
        """Tell whether every rule passed."""
        return all(check.passed for check in self.checks)

    @property
    def first_failure(self) -> RiskCheck | None:
        """Return the first rule that refused."""
        return next((check for check in self.checks if not check.passed), None)

    @property
    def hard_failure(self) -> RiskCheck | None:
        """Return the first rule that refused and that no person may pass."""
        return next((check for check in self.checks if not check.passed and not check.is_soft), None)

    @property
    def soft_failures(self) -> tuple[RiskCheck, ...]:
        """Return the rules that refused but that a person may pass."""
        return tuple(check for check in self.checks if not check.passed and check.is_soft)


def order_value(request: OrderRequest, known: RiskInput) -> Decimal | None:
    """Return the won that the order can cost at most; None when no price is known.

    An order without a price is valued at the day's upper limit, as KIS reserves money.
    """
    price = request.price if request.kind.needs_price else known.upper_limit
    return None if price is None else price * request.quantity


def won(amount: Decimal | int | None) -> str:
    return Sentence("모름") if amount is None else Sentence("{amount:,.0f}원", amount=amount)


def shares(quantity: int) -> str:
    return Sentence("{quantity:,}주", quantity=quantity)


def orders(count: int) -> str:
    return Sentence("{count}건", count=count)


_PROGRAMS = frozenset({Origin.STRATEGY, Origin.ASSISTANT})


def waived(check: RiskCheck, request: OrderRequest) -> RiskCheck:
    """Return a soft refusal as passed where a person was asked about this one and wants the order."""
    if check.passed or not check.is_soft or check.code not in request.confirmed:
        return check
    if request.origin in _PROGRAMS:
        return check
    return replace(check, passed=True, is_waived=True)
