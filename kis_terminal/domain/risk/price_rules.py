"""Rules about the order itself: its numbers, its symbol, its session, its price."""

from __future__ import annotations

from kis_terminal.domain.instruments import is_on_tick, tick_size
from kis_terminal.domain.orders import OrderKind, OrderRequest, Side
from kis_terminal.domain.risk.model import RiskCheck, RiskInput, RiskLimits, judged, shares
from kis_terminal.domain.sentences import Sentence


def numbers(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse what is no number above zero, and a missing price."""
    bad = [
        str(value)
        for value in (request.price, request.condition_price)
        if value is not None and (not value.is_finite() or value <= 0)
    ]
    needs = (request.kind.needs_price and request.price is None) or (
        request.kind is OrderKind.STOP_LIMIT and request.condition_price is None
    )
    return judged(
        "NUMBER",
        Sentence("숫자"),
        not bad and not needs,
        ", ".join(bad) or (Sentence("없음") if needs else Sentence("정상")),
        Sentence("0보다 큰 수"),
        lambda: (
            Sentence("가격을 입력하십시오.")
            if needs
            else Sentence("가격 {prices}은(는) 0보다 큰 수가 아닙니다.", prices=", ".join(bad))
        ),
    )


def quantity(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse a quantity below 1 or above the limit."""
    return judged(
        "QUANTITY",
        Sentence("주문수량"),
        0 < request.quantity <= limits.max_quantity,
        shares(request.quantity),
        Sentence("1~{most:,}주", most=limits.max_quantity),
        lambda: Sentence(
            "수량 {quantity:,}주는 1주에서 {most:,}주 사이가 아닙니다.",
            quantity=request.quantity,
            most=limits.max_quantity,
        ),
    )


def symbol(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse a symbol that is not in today's master or whose trading is stopped."""
    item = known.instrument
    if item is None:
        return judged(
            "SYMBOL",
            Sentence("종목"),
            False,
            request.symbol,
            Sentence("오늘 종목"),
            lambda: Sentence("종목 {symbol}은(는) 오늘 종목 목록에 없습니다.", symbol=request.symbol),
        )
    return judged(
        "SYMBOL",
        Sentence("종목"),
        not (item.is_halted if known.is_symbol_halted is None else known.is_symbol_halted),
        item.name,
        Sentence("거래 가능"),
        lambda: Sentence("{name}은(는) 거래정지 종목입니다.", name=item.name),
    )


def session(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse a kind of order that the venue does not take now."""
    return judged(
        "SESSION",
        Sentence("장 시간"),
        request.kind in known.allowed_kinds,
        request.kind.value,
        Sentence("{venue} {count}종", venue=request.venue.value, count=len(known.allowed_kinds)),
        lambda: Sentence("지금 {venue} 시장은 이 호가 종류를 받지 않습니다.", venue=request.venue.value),
    )


def tick(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse a price off its tick."""
    price = request.price
    if not request.kind.needs_price or price is None or known.instrument is None:
        return RiskCheck("TICK", Sentence("호가단위"), True, "-", "-", "")
    step = tick_size(price, known.instrument.kind)
    return judged(
        "TICK",
        Sentence("호가단위"),
        is_on_tick(price, known.instrument.kind),
        f"{price:,}",
        Sentence("{step:,}원", step=step),
        lambda: Sentence("가격 {price:,}원은 호가단위 {step:,}원에 맞지 않습니다.", price=price, step=step),
    )


def day_limits(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse a price outside the limits of the day as the broker gave them."""
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
    return judged(
        "LIMITS",
        Sentence("상하한가"),
        low <= price <= high,
        f"{price:,}",
        f"{low:,}~{high:,}",
        lambda: Sentence(
            "가격 {price:,}원은 오늘의 하한 {low:,}원과 상한 {high:,}원 사이가 아닙니다.",
            price=price,
            low=low,
            high=high,
        ),
    )


def collar(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse a price further from the last one than the limit."""
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
    return judged(
        "COLLAR",
        Sentence("현재가 대비"),
        abs(distance) <= limits.price_collar_percent,
        f"{distance:+.2f}%",
        f"±{limits.price_collar_percent}%",
        lambda: Sentence(
            "가격이 현재가에서 {distance:+.2f}% 떨어져 있습니다(한도 ±{most}%).",
            distance=distance,
            most=limits.price_collar_percent,
        ),
    )


def listed(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Refuse to buy a symbol that the user has ruled out, or did not name where any are named."""
    is_denied = request.symbol in limits.denied_symbols
    is_unnamed = bool(limits.allowed_symbols) and request.symbol not in limits.allowed_symbols
    return judged(
        "LISTED",
        Sentence("허용 종목"),
        request.side is Side.SELL or not (is_denied or is_unnamed),
        request.symbol,
        Sentence("허용"),
        lambda: Sentence(
            "{symbol}은(는) 매수를 막아 둔 종목입니다. 위험 한도에서 바꿀 수 있습니다.", symbol=request.symbol
        ),
    )


def soft_collar(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Ask a person about a price far from the last one, in percent and in ticks; refuse a program."""
    title, wish = Sentence("현재가와의 거리"), request.price
    last = known.last_price
    if not request.kind.needs_price or wish is None or last is None or last <= 0 or known.instrument is None:
        return RiskCheck("FAR", title, True, "-", "-", "", is_soft=True)
    percent = abs(wish - last) / last * 100
    ticks = int(abs(wish - last) / tick_size(last, known.instrument.kind))
    return judged(
        "FAR",
        title,
        percent <= limits.soft_collar_percent and ticks <= limits.soft_collar_ticks,
        Sentence("{percent:.2f}%, {ticks:,}호가", percent=percent, ticks=ticks),
        Sentence(
            "{percent}%, {ticks:,}호가", percent=limits.soft_collar_percent, ticks=limits.soft_collar_ticks
        ),
        lambda: Sentence(
            "가격이 현재가에서 {percent:.2f}%({ticks:,}호가) 떨어져 있습니다.", percent=percent, ticks=ticks
        ),
        is_soft=True,
    )


def price_age(request: OrderRequest, known: RiskInput, limits: RiskLimits) -> RiskCheck:
    """Ask a person about an order on an old price; refuse a program."""
    age = known.price_age
    return judged(
        "STALE",
        Sentence("시세 나이"),
        age is not None and age <= limits.max_price_age,
        Sentence("모름") if age is None else Sentence("{age:,.0f}초", age=age),
        Sentence("{age:,.0f}초", age=limits.max_price_age),
        lambda: (
            Sentence("시세를 아직 받지 못했습니다.")
            if age is None
            else Sentence("시세가 {age:,.0f}초 동안 확인되지 않았습니다.", age=age)
        ),
        is_soft=True,
    )
