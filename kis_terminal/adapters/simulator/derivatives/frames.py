"""Build the records of the streams about futures and options; amounts are thousands of won."""

from __future__ import annotations

from kis_terminal.adapters.simulator.derivatives.handlers_quotes import THOUSAND, depth
from kis_terminal.adapters.simulator.derivatives.market import DerivativeQuote
from kis_terminal.adapters.simulator.wire.columns import sign_code, signed
from kis_terminal.adapters.simulator.wire.formats import clock_text, ratio

_OPENING = "090000"
_TRADE_SIZE = 3
"""Contracts of a usual trade: counts of trades are volumes over it."""


def future_trade_record(found: DerivativeQuote, before: int, spread: tuple[float, float]) -> str:
    """Return one record of H0IFCNT0; `before` is the volume at the record before.

    `spread` is the prices of the near and of the far future.
    """
    near, far = spread
    fields = (
        found.contract.code,
        clock_text(found.time),
        signed(found.change),
        sign_code(found.change),
        signed(found.rate),
        signed(found.last),
        signed(found.open),
        signed(found.high),
        signed(found.low),
        str(max(found.volume - before, 0)),
        str(found.volume),
        str(found.turnover // THOUSAND),
        signed(found.theoretical),
        signed(found.last - found.index.last),
        signed(ratio(found.last - found.theoretical, found.theoretical)),
        signed(near),
        signed(far),
        signed(far - near),
        str(found.open_interest),
        str(found.interest_change),
        *_since_extremes(found),
        signed(ratio(found.bought, found.volume) / 100),
        signed(ratio(found.bought, found.volume - found.bought)),
        signed(found.last - found.theoretical),
        "0",
        signed(found.theoretical - found.index.last),
        *_best_and_counts(found),
        signed(ratio(found.volume, found.previous_volume)),
        "0",
        signed(found.upper),
        signed(found.lower),
        "N",
    )
    return "^".join(fields)


def option_trade_record(found: DerivativeQuote, before: int) -> str:
    """Return one record of H0IOCNT0; `before` is the volume at the record before."""
    value = found.value
    fields = (
        found.contract.code,
        clock_text(found.time),
        signed(found.last),
        sign_code(found.change),
        signed(found.change),
        signed(found.rate),
        signed(found.open),
        signed(found.high),
        signed(found.low),
        str(max(found.volume - before, 0)),
        str(found.volume),
        str(found.turnover // THOUSAND),
        signed(found.theoretical),
        str(found.open_interest),
        str(found.interest_change),
        *_since_extremes(found),
        signed(ratio(found.bought, found.volume) / 100),
        signed(found.last),
        signed(found.intrinsic),
        signed(max(found.last - found.intrinsic, 0.0)),
        f"{value.delta:.4f}",
        f"{value.gamma:.4f}",
        f"{value.vega:.4f}",
        f"{value.theta:.4f}",
        f"{value.rho:.4f}",
        signed(100 * found.volatility),
        signed(found.last - found.theoretical),
        "0",
        "0.00",
        signed(100 * found.volatility),
        signed(ratio(found.bought, found.volume - found.bought)),
        signed(ratio(found.last - found.theoretical, found.theoretical)),
        "0.00",
        *_best_and_counts(found),
        signed(ratio(found.volume, found.previous_volume)),
        signed(100 * found.volatility),
        "0",
        signed(found.upper),
        signed(found.lower),
        "N",
    )
    return "^".join(fields)


def derivative_book_record(found: DerivativeQuote) -> str:
    """Return one record of H0IFASP0 or H0IOASP0, which are alike."""
    asks, bids = found.asks, found.bids
    ask_sizes, ask_orders = depth(asks)
    bid_sizes, bid_orders = depth(bids)
    fields = (
        found.contract.code,
        clock_text(found.time),
        *(signed(price) for price, _, _ in asks),
        *(signed(price) for price, _, _ in bids),
        *(str(orders) for _, _, orders in asks),
        *(str(orders) for _, _, orders in bids),
        *(str(size) for _, size, _ in asks),
        *(str(size) for _, size, _ in bids),
        str(ask_orders),
        str(bid_orders),
        str(ask_sizes),
        str(bid_sizes),
        "0",
        "0",
    )
    return "^".join(fields)


def _since_extremes(found: DerivativeQuote) -> tuple[str, ...]:
    """Return hour, sign and difference for opening, high and low; of the latter the hours are not kept."""
    fields: list[str] = []
    now = clock_text(found.time)
    for price, hour in ((found.open, _OPENING), (found.high, now), (found.low, now)):
        difference = found.last - price
        fields += [hour, sign_code(round(difference, 2)), signed(difference)]
    return tuple(fields)


def _best_and_counts(found: DerivativeQuote) -> tuple[str, ...]:
    ask_sizes, _ = depth(found.asks)
    bid_sizes, _ = depth(found.bids)
    sold = found.volume - found.bought
    sells, buys = sold // _TRADE_SIZE, found.bought // _TRADE_SIZE
    return (
        signed(found.asks[0][0]),
        signed(found.bids[0][0]),
        str(found.asks[0][1]),
        str(found.bids[0][1]),
        str(sells),
        str(buys),
        str(buys - sells),
        str(sold),
        str(found.bought),
        str(ask_sizes),
        str(bid_sizes),
    )
