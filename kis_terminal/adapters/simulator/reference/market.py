"""Hold what lies beside the order books: indices, incidents, markets abroad, futures and options.

Nothing is reckoned at the exchange's start and nothing for a single trade: each part is made when it is
first asked for.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.reference.incidents import Incidents

if TYPE_CHECKING:
    # Made late: a session that never asks for them does not load them.
    from kis_terminal.adapters.simulator.abroad.market import OverseasMarket
    from kis_terminal.adapters.simulator.derivatives.market import DerivativesMarket
    from kis_terminal.adapters.simulator.reference.company_figures import CompanyFigures
    from kis_terminal.adapters.simulator.reference.index_market import IndexMarket
    from kis_terminal.adapters.simulator.reference.market_flows import MarketFlows
    from kis_terminal.adapters.simulator.reference.news import News


class ReferenceMarket:
    """Own the parts; one for each venue."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        # What a split makes of a name later does not change what it was worth when all began.
        self._first_worth = {one.symbol: one.base_price * one.listed_shares for one in exchange.listings()}
        self.incidents = Incidents(exchange)

    @cached_property
    def indices(self) -> IndexMarket:
        """Return the indices of the played market."""
        from kis_terminal.adapters.simulator.reference.index_market import IndexMarket

        return IndexMarket(self.exchange, self._first_worth)

    @cached_property
    def flows(self) -> MarketFlows:
        """Return who bought and sold in whole markets."""
        from kis_terminal.adapters.simulator.reference.market_flows import MarketFlows

        return MarketFlows(self.exchange, self.indices)

    @cached_property
    def companies(self) -> CompanyFigures:
        """Return the figures of companies."""
        from kis_terminal.adapters.simulator.reference.company_figures import CompanyFigures

        return CompanyFigures(self.exchange)

    @cached_property
    def news(self) -> News:
        """Return the headlines."""
        from kis_terminal.adapters.simulator.reference.news import News

        return News(self.exchange, self.incidents)

    @cached_property
    def overseas(self) -> OverseasMarket:
        """Return the markets abroad."""
        from kis_terminal.adapters.simulator.abroad.market import OverseasMarket

        return OverseasMarket(self.exchange)

    @cached_property
    def derivatives(self) -> DerivativesMarket:
        """Return futures and options on the KOSPI 200."""
        from kis_terminal.adapters.simulator.derivatives.market import DerivativesMarket

        return DerivativesMarket(self.exchange, self.indices)
