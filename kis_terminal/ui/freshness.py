"""How cells say how old a price is: live, asked for some seconds ago, or old."""

from __future__ import annotations

from kis_terminal.domain.market import Freshness
from kis_terminal.services.market_data import MarketData, SymbolState
from kis_terminal.ui.translation import tr

_COUNTED_SECONDS = 600


def is_dim(market: MarketData, state: SymbolState) -> bool:
    """Tell whether a price must not look like the market's; a narrow table has no room for its words."""
    return state.price is not None and not market.is_live(state.symbol)


def price_words(market: MarketData, state: SymbolState) -> str:
    """Return a price's mark: live, polled with its age, its age alone, or that it is waited for."""
    age = market.price_age(state.symbol)
    if state.price is None or age is None:
        return tr("대기")
    if market.is_live(state.symbol):
        return tr("실시간")
    if state.freshness is Freshness.POLLED and age < _COUNTED_SECONDS:
        return tr("조회 {seconds}초", seconds=int(age))
    return _age_words(age)


def short_words(market: MarketData, state: SymbolState) -> str:
    """Return the mark of a price that is not live as it fits into a narrow cell, empty for one that is."""
    if state.price is None or market.is_live(state.symbol):
        return ""
    seconds = int(market.price_age(state.symbol) or 0.0)
    ages = tr("{n}초", n=seconds) if seconds < 100 else tr("{n}분", n=min(seconds // 60, 99))
    return tr("조회 {age}", age=ages) if state.freshness is Freshness.POLLED else ages


def book_words(market: MarketData, symbol: str) -> str:
    """Return how old an order book is, empty while it is live or not there yet."""
    age = market.book_age(symbol)
    return "" if age is None or market.is_book_live(symbol) else _age_words(age)


def _age_words(age: float) -> str:
    return tr("{seconds}초 전", seconds=int(age)) if age < _COUNTED_SECONDS else tr("오래됨")
