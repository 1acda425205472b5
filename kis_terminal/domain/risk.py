"""Pre-trade checks: pure functions from a request and what is known to a verdict that explains itself.

The order of the checks is the one of their reasons: a number must be a number before it can be compared.
A rule whose input is not known refuses, except where the broker itself checks the same (cash, holdings).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from kis_terminal.domain.instruments import Instrument, is_on_tick, tick_size
from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, OrderStatus, Side
from kis_terminal.domain.sentences import Sentence


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Limits in force; amounts in won."""

    max_quantity: int = 100_000
    max_order_value: Decimal = Decimal(100_000_000)
    price_collar_percent: Decimal = Decimal(30)
    """How far a price may lie from the last one; the strictest sensible value is the user's to set."""
    duplicate_seconds: float = 0.5
    orders_per_second: int = 10


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
    is_halted: bool
    is_armed: bool
    is_symbol_halted: bool | None = None
    """The broker's latest word on the symbol; None leaves it to the master, which is of this morning."""


@dataclass(frozen=True, slots=True)
class RiskCheck:
    """One rule's input, limit and verdict, in words for the user."""

    code: str
    title: str
    passed: bool
    value: str
    limit: str
    sentence: str


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


def order_value(request: OrderRequest, known: RiskInput) -> Decimal | None:
    """Return the won that the order can cost at most; None when no price is known.

    An order without a price is valued at the day's upper limit, as KIS reserves money.
    """
    price = request.price if request.kind.needs_price else known.upper_limit
    return None if price is None else price * request.quantity


def _won(amount: Decimal | int | None) -> str:
    return Sentence("모름") if amount is None else Sentence("{amount:,.0f}원", amount=amount)


def _shares(quantity: int) -> str:
    return Sentence("{quantity:,}주", quantity=quantity)


def _orders(count: int) -> str:
    return Sentence("{count}건", count=count)


def _finite(request: OrderRequest, known: RiskInput) -> RiskCheck:
    bad = [
        str(value)
        for value in (request.price, request.condition_price)
        if value is not None and (not value.is_finite() or value <= 0)
    ]
    needs = (request.kind.needs_price and request.price is None) or (
        request.kind is OrderKind.STOP_LIMIT and request.condition_price is None
    )
    return RiskCheck(
        "NUMBER",
        Sentence("숫자"),
        not bad and not needs,
        ", ".join(bad) or (Sentence("없음") if needs else Sentence("정상")),
        Sentence("0보다 큰 수"),
        Sentence("가격을 입력하십시오.")
        if needs
        else Sentence("가격 {prices}은(는) 0보다 큰 수가 아닙니다.", prices=", ".join(bad)),
    )


def _quantity(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    return RiskCheck(
        "QUANTITY",
        Sentence("주문수량"),
        0 < request.quantity <= limits.max_quantity,
        _shares(request.quantity),
        Sentence("1~{most:,}주", most=limits.max_quantity),
        Sentence(
            "수량 {quantity:,}주는 1주에서 {most:,}주 사이가 아닙니다.",
            quantity=request.quantity,
            most=limits.max_quantity,
        ),
    )


def _symbol(request: OrderRequest, known: RiskInput) -> RiskCheck:
    item = known.instrument
    if item is None:
        return RiskCheck(
            "SYMBOL",
            Sentence("종목"),
            False,
            request.symbol,
            Sentence("오늘 종목"),
            Sentence("종목 {symbol}은(는) 오늘 종목 목록에 없습니다.", symbol=request.symbol),
        )
    return RiskCheck(
        "SYMBOL",
        Sentence("종목"),
        not (item.is_halted if known.is_symbol_halted is None else known.is_symbol_halted),
        item.name,
        Sentence("거래 가능"),
        Sentence("{name}은(는) 거래정지 종목입니다.", name=item.name),
    )


def _kind(request: OrderRequest, known: RiskInput) -> RiskCheck:
    return RiskCheck(
        "SESSION",
        Sentence("장 시간"),
        request.kind in known.allowed_kinds,
        request.kind.value,
        Sentence("{venue} {count}종", venue=request.venue.value, count=len(known.allowed_kinds)),
        Sentence("지금 {venue} 시장은 이 호가 종류를 받지 않습니다.", venue=request.venue.value),
    )


def _tick(request: OrderRequest, known: RiskInput) -> RiskCheck:
    price = request.price
    if not request.kind.needs_price or price is None or known.instrument is None:
        return RiskCheck("TICK", Sentence("호가단위"), True, "-", "-", "")
    step = tick_size(price, known.instrument.kind)
    return RiskCheck(
        "TICK",
        Sentence("호가단위"),
        is_on_tick(price, known.instrument.kind),
        f"{price:,}",
        Sentence("{step:,}원", step=step),
        Sentence("가격 {price:,}원은 호가단위 {step:,}원에 맞지 않습니다.", price=price, step=step),
    )


def _day_limits(request: OrderRequest, known: RiskInput) -> RiskCheck:
    price = request.price
    if not request.kind.needs_price or price is None:
        return RiskCheck("LIMITS", Sentence("상하한가"), True, "-", "-", "")
    low, high = known.lower_limit, known.upper_limit
    if low is None or high is None:
        return RiskCheck(
            "LIMITS",
            Sentence("상하한가"),
            False,
            f"{price:,}",
            Sentence("모름"),
            Sentence("오늘의 상한가와 하한가를 아직 모릅니다."),
        )
    return RiskCheck(
        "LIMITS",
        Sentence("상하한가"),
        low <= price <= high,
        f"{price:,}",
        f"{low:,}~{high:,}",
        Sentence(
            "가격 {price:,}원은 오늘의 하한 {low:,}원과 상한 {high:,}원 사이가 아닙니다.",
            price=price,
            low=low,
            high=high,
        ),
    )


def _collar(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    price, last = request.price, known.last_price
    if not request.kind.needs_price or price is None:
        return RiskCheck("COLLAR", Sentence("현재가 대비"), True, "-", "-", "")
    if last is None or last <= 0:
        return RiskCheck(
            "COLLAR",
            Sentence("현재가 대비"),
            False,
            Sentence("모름"),
            f"±{limits.price_collar_percent}%",
            Sentence("현재가를 모릅니다."),
        )
    distance = (price - last) / last * 100
    return RiskCheck(
        "COLLAR",
        Sentence("현재가 대비"),
        abs(distance) <= limits.price_collar_percent,
        f"{distance:+.2f}%",
        f"±{limits.price_collar_percent}%",
        Sentence(
            "가격이 현재가에서 {distance:+.2f}% 떨어져 있습니다(한도 ±{most}%).",
            distance=distance,
            most=limits.price_collar_percent,
        ),
    )


def _value(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    value = order_value(request, known)
    return RiskCheck(
        "VALUE",
        Sentence("주문금액"),
        value is not None and value <= limits.max_order_value,
        _won(value),
        _won(limits.max_order_value),
        Sentence(
            "주문금액 {value}이(가) 한도 {most}를 넘습니다.",
            value=_won(value),
            most=_won(limits.max_order_value),
        )
        if value is not None
        else Sentence("가격을 몰라 주문금액을 계산할 수 없습니다."),
    )


def _buying_power(request: OrderRequest, known: RiskInput) -> RiskCheck:
    value = order_value(request, known)
    if request.side is Side.SELL or known.buying_power is None or value is None:
        return RiskCheck("CASH", Sentence("주문가능금액"), True, _won(known.buying_power), "-", "")
    return RiskCheck(
        "CASH",
        Sentence("주문가능금액"),
        value <= known.buying_power,
        _won(value),
        _won(known.buying_power),
        Sentence(
            "필요한 금액 {value}이(가) 주문가능금액 {cash}보다 큽니다.",
            value=_won(value),
            cash=_won(known.buying_power),
        ),
    )


def _sellable(request: OrderRequest, known: RiskInput) -> RiskCheck:
    if request.side is Side.BUY or known.sellable is None:
        return RiskCheck("HOLDINGS", Sentence("매도가능수량"), True, "-", "-", "")
    return RiskCheck(
        "HOLDINGS",
        Sentence("매도가능수량"),
        request.quantity <= known.sellable,
        _shares(request.quantity),
        _shares(known.sellable),
        Sentence(
            "매도 {quantity:,}주가 매도가능수량 {sellable:,}주보다 많습니다.",
            quantity=request.quantity,
            sellable=known.sellable,
        ),
    )


def _duplicate(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    since = known.seconds_since_same
    return RiskCheck(
        "DUPLICATE",
        Sentence("중복"),
        since is None or since >= limits.duplicate_seconds,
        Sentence("없음") if since is None else Sentence("{since:.2f}초 전", since=since),
        Sentence("{seconds:g}초", seconds=limits.duplicate_seconds),
        Sentence("같은 주문을 방금 보냈습니다. 한 번 더 내려면 잠시 뒤에 누르십시오."),
    )


_UNANSWERED = frozenset({OrderStatus.CREATED, OrderStatus.SENT})


def _signature(asked: Order | OrderRequest) -> tuple[OrderKind, int, Decimal | None]:
    return asked.kind, asked.quantity, asked.price


def _unresolved(request: OrderRequest, known: RiskInput) -> RiskCheck:
    # An order without an answer may become unknown at any moment, and twins could not be told apart then.
    twins = [
        order
        for order in known.open_orders
        if order.symbol == request.symbol
        and order.side is request.side
        and (
            order.status is OrderStatus.UNKNOWN
            or (order.status in _UNANSWERED and _signature(order) == _signature(request))
        )
    ]
    return RiskCheck(
        "UNRESOLVED",
        Sentence("확인 중 주문"),
        not twins,
        _orders(len(twins)),
        _orders(0),
        Sentence("같은 종목·방향의 주문 결과가 아직 확인되지 않았습니다. 확인된 뒤에 주문하십시오."),
    )


def _rate(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    return RiskCheck(
        "RATE",
        Sentence("주문 속도"),
        known.orders_last_second < limits.orders_per_second,
        Sentence("{count}건/초", count=known.orders_last_second),
        Sentence("{count}건/초", count=limits.orders_per_second),
        Sentence("1초에 {most}건까지만 주문할 수 있습니다.", most=limits.orders_per_second),
    )


def _crossing(request: OrderRequest, known: RiskInput) -> RiskCheck:
    # An order without a price trades around the last one; resting orders far from it are not met.
    price = request.price if request.kind.needs_price else known.last_price
    crossed = [
        order
        for order in known.open_orders
        if order.symbol == request.symbol
        and order.side is not request.side
        and order.price is not None
        and (
            price is None
            or (request.side is Side.BUY and price >= order.price)
            or (request.side is Side.SELL and price <= order.price)
        )
    ]
    return RiskCheck(
        "CROSSING",
        Sentence("자기 주문"),
        not crossed,
        _orders(len(crossed)),
        _orders(0),
        Sentence("이 주문은 자신의 반대 주문과 체결될 수 있습니다. 반대 주문을 먼저 취소하십시오."),
    )


def _halted(request: OrderRequest, known: RiskInput) -> RiskCheck:
    return RiskCheck(
        "HALTED",
        Sentence("주문 잠금"),
        not known.is_halted,
        Sentence("잠김") if known.is_halted else Sentence("열림"),
        Sentence("열림"),
        Sentence("전체취소·정지로 주문이 잠겨 있습니다. 잠금을 풀어야 주문할 수 있습니다."),
    )


def _armed(request: OrderRequest, known: RiskInput) -> RiskCheck:
    return RiskCheck(
        "ARMED",
        Sentence("실전 주문"),
        known.is_armed,
        Sentence("가능") if known.is_armed else Sentence("잠김"),
        Sentence("가능"),
        Sentence("실전투자 주문이 잠겨 있습니다. 위 띠의 주문 잠금을 풀어 주십시오."),
    )


_Rule = Callable[[OrderRequest, RiskInput, RiskLimits], RiskCheck]


def _plain(rule: Callable[[OrderRequest, RiskInput], RiskCheck]) -> _Rule:
    return lambda request, known, limits: rule(request, known)


_RULES: tuple[_Rule, ...] = (
    _plain(_finite),
    _quantity,
    _plain(_symbol),
    _plain(_kind),
    _plain(_tick),
    _plain(_day_limits),
    _collar,
    _value,
    _plain(_buying_power),
    _plain(_sellable),
    _rate,
    _duplicate,
    _plain(_unresolved),
    _plain(_crossing),
    _plain(_halted),
    _plain(_armed),
)


def _evaluated(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> Iterator[RiskCheck]:
    for rule in _RULES:
        check = rule(request, known, limits)
        yield check
        if check.code == "NUMBER" and not check.passed:
            return  # NaN and infinity pass or break every later comparison


def evaluate(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskVerdict:
    """Return the verdict of all rules; only a number that is none ends the list early."""
    return RiskVerdict(tuple(_evaluated(request, known, limits)))
