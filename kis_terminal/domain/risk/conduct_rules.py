"""Rules about how orders follow one another, and whether any may leave at all."""

from __future__ import annotations

from decimal import Decimal

from kis_terminal.domain.orders import Order, OrderKind, OrderRequest, OrderStatus, Side
from kis_terminal.domain.risk.model import RiskCheck, RiskInput, RiskLimits, TradingState, judged, orders
from kis_terminal.domain.sentences import Sentence


def duplicate(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse the same order again within moments."""
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


def unresolved(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse beside an order of unknown outcome, and beside a twin without an answer."""
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
        orders(len(twins)),
        orders(0),
        Sentence("같은 종목·방향의 주문 결과가 아직 확인되지 않았습니다. 확인된 뒤에 주문하십시오."),
    )


def overfilled(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse orders of a symbol of which more was executed than ordered: nobody knows what is held."""
    return RiskCheck(
        "OVERFILLED",
        Sentence("체결 확인"),
        not known.is_overfilled,
        Sentence("초과체결") if known.is_overfilled else Sentence("정상"),
        Sentence("정상"),
        Sentence("이 종목에 주문보다 많은 체결이 있어 주문을 막았습니다. 증권사에 확인하십시오."),
    )


def share_change(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Ask a person about a symbol whose shares were split or merged overnight; refuse a program."""
    return RiskCheck(
        "SHARES",
        Sentence("주식 수 변경"),
        not known.share_change,
        Sentence("바뀜") if known.share_change else Sentence("없음"),
        Sentence("없음"),
        known.share_change,
        is_soft=True,
    )


def rate(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse more orders within a second than the limit."""
    return judged(
        "RATE",
        Sentence("주문 속도"),
        known.orders_last_second < limits.orders_per_second,
        Sentence("{count}건/초", count=known.orders_last_second),
        Sentence("{count}건/초", count=limits.orders_per_second),
        lambda: Sentence("1초에 {most}건까지만 주문할 수 있습니다.", most=limits.orders_per_second),
    )


def crossing(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse an order that could trade with one of our own."""
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
        orders(len(crossed)),
        orders(0),
        Sentence("이 주문은 자신의 반대 주문과 체결될 수 있습니다. 반대 주문을 먼저 취소하십시오."),
    )


def trading_state(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse everything while halted, and what raises exposure while reducing."""
    words = {
        TradingState.ACTIVE: Sentence("열림"),
        TradingState.REDUCING: Sentence("줄이기만"),
        TradingState.HALTED: Sentence("잠김"),
    }
    is_open = known.state is TradingState.ACTIVE
    is_reducing = known.state is TradingState.REDUCING and request.side is Side.SELL
    return RiskCheck(
        "REDUCING" if known.state is TradingState.REDUCING else "HALTED",
        Sentence("주문 잠금"),
        is_open or is_reducing,
        words[known.state],
        words[TradingState.ACTIVE],
        Sentence("지금은 보유를 줄이는 주문만 낼 수 있습니다.")
        if known.state is TradingState.REDUCING
        else Sentence("전체취소·정지로 주문이 잠겨 있습니다. 잠금을 풀어야 주문할 수 있습니다."),
    )


def orders_a_day(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse more orders in a day than the limit; cancellations are never counted."""
    return judged(
        "DAY_COUNT",
        Sentence("하루 주문 수"),
        known.orders_today < limits.max_orders_a_day,
        orders(known.orders_today),
        orders(limits.max_orders_a_day),
        lambda: Sentence("오늘 보낸 주문이 한도 {count}건에 닿았습니다.", count=limits.max_orders_a_day),
    )


def armed(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse orders of real money until the person has armed them."""
    return RiskCheck(
        "ARMED",
        Sentence("실전 주문"),
        known.is_armed,
        Sentence("가능") if known.is_armed else Sentence("잠김"),
        Sentence("가능"),
        Sentence("실전투자 주문이 잠겨 있습니다. 위 띠의 주문 잠금을 풀어 주십시오."),
    )
