"""Rules about money and shares: what an order can cost, and what it would make of the account."""

from __future__ import annotations

from decimal import Decimal

from kis_terminal.domain.orders import OrderRequest, Side
from kis_terminal.domain.risk.model import RiskCheck, RiskInput, RiskLimits, judged, order_value, shares, won
from kis_terminal.domain.sentences import Sentence


def order_amount(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse an order worth more than the limit, or whose worth is not known."""
    value = order_value(request, known)
    return judged(
        "VALUE",
        Sentence("주문금액"),
        value is not None and value <= limits.max_order_value,
        won(value),
        won(limits.max_order_value),
        lambda: (
            Sentence(
                "주문금액 {value}이(가) 한도 {most}를 넘습니다.",
                value=won(value),
                most=won(limits.max_order_value),
            )
            if value is not None
            else Sentence("가격을 몰라 주문금액을 계산할 수 없습니다.")
        ),
    )


def cash(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse what costs more than can be spent, where that is known."""
    value = order_value(request, known)
    if request.side is Side.SELL or known.buying_power is None or value is None:
        return RiskCheck("CASH", Sentence("주문가능금액"), True, won(known.buying_power), "-", "")
    return judged(
        "CASH",
        Sentence("주문가능금액"),
        value <= known.buying_power,
        won(value),
        won(known.buying_power),
        lambda: Sentence(
            "필요한 금액 {value}이(가) 주문가능금액 {cash}보다 큽니다.",
            value=won(value),
            cash=won(known.buying_power),
        ),
    )


def holdings(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse to sell more than can be sold, where that is known."""
    if request.side is Side.BUY or known.sellable is None:
        return RiskCheck("HOLDINGS", Sentence("매도가능수량"), True, "-", "-", "")
    return judged(
        "HOLDINGS",
        Sentence("매도가능수량"),
        request.quantity <= known.sellable,
        shares(request.quantity),
        shares(known.sellable),
        lambda: Sentence(
            "매도 {quantity:,}주가 매도가능수량 {sellable:,}주보다 많습니다.",
            quantity=request.quantity,
            sellable=known.sellable,
        ),
    )


def soft_order_amount(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Ask a person about a large order; refuse a program."""
    value = order_value(request, known)
    return judged(
        "LARGE",
        Sentence("큰 주문"),
        value is None or value <= limits.soft_order_value,
        won(value),
        won(limits.soft_order_value),
        lambda: Sentence("주문금액이 {value}입니다.", value=won(value)),
        is_soft=True,
    )


def _position_after(request: OrderRequest, known: RiskInput) -> Decimal | None:
    """Return what the symbol would be worth if this order and all open buys of it were executed."""
    price = known.last_price or known.upper_limit  # an unknown price counts at its highest
    value = order_value(request, known)
    if price is None or value is None:
        return None
    waiting = sum(
        (
            (order.price or price) * order.remaining
            for order in known.open_orders
            if order.symbol == request.symbol and order.side is Side.BUY
        ),
        Decimal(0),
    )
    return price * known.held_quantity + waiting + value


def position_value(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse to let one position grow beyond the limit."""
    title, most = Sentence("종목 보유금액"), limits.max_position_value
    if request.side is Side.SELL:
        return RiskCheck("POSITION", title, True, "-", won(most), "")
    after = _position_after(request, known)
    return judged(
        "POSITION",
        title,
        after is not None and after <= most,
        won(after),
        won(most),
        lambda: Sentence(
            "이 종목의 보유금액이 {after}이 되어 한도 {most}를 넘습니다.", after=won(after), most=won(most)
        ),
    )


def position_count(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse one more symbol than the limit."""
    is_new = request.side is Side.BUY and not known.held_quantity
    return judged(
        "POSITIONS",
        Sentence("보유 종목 수"),
        not is_new or known.position_count < limits.max_positions,
        Sentence("{count}종목", count=known.position_count + is_new),
        Sentence("{count}종목", count=limits.max_positions),
        lambda: Sentence("보유 종목이 한도 {count}종목을 넘습니다.", count=limits.max_positions),
    )


def concentration(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Ask a person about putting much of the account into one symbol; refuse a program."""
    title, most = Sentence("한 종목 비중"), limits.soft_concentration_percent
    limit = f"{most}%"
    if request.side is Side.SELL or known.total_value is None or known.total_value <= 0:
        return RiskCheck("CONCENTRATION", title, True, "-", limit, "", is_soft=True)
    after = _position_after(request, known)
    share = None if after is None else after / known.total_value * 100
    return judged(
        "CONCENTRATION",
        title,
        share is not None and share <= most,
        Sentence("모름") if share is None else f"{share:.1f}%",
        limit,
        lambda: Sentence("자산의 {share:.1f}%가 한 종목이 됩니다.", share=share or Decimal(0)),
        is_soft=True,
    )


def daily_loss(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse to buy after the day's loss has reached the limit, or while it is not known."""
    profit, most = known.day_profit, limits.max_daily_loss
    return judged(
        "LOSS",
        Sentence("하루 손실"),
        request.side is Side.SELL or (profit is not None and profit > -most),
        won(profit),
        won(-most),
        lambda: (
            Sentence("오늘의 손익을 아직 계산할 수 없습니다. 잔고를 불러온 뒤에 주문하십시오.")
            if profit is None
            else Sentence(
                "오늘 손실이 한도 {most}에 닿았습니다(손익 {profit}). 보유를 줄이는 주문만 낼 수 있습니다.",
                most=won(most),
                profit=won(profit),
            )
        ),
    )
