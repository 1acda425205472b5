"""What is known of one symbol, whoever told it last."""

from __future__ import annotations

from dataclasses import replace

from kis_terminal.domain.market import Tick
from kis_terminal.services.market_data import Freshness
from kis_terminal.services.symbol_state import SymbolState
from tests.support.ports_in_memory import SAMSUNG, quote_of, tick_of


def test_the_end_of_a_halt_is_known_though_the_last_print_before_it_said_halted() -> None:
    """Cause: nothing trades until the auction ten minutes later, so that print was believed till then."""
    quote = quote_of(SAMSUNG, 84_600, 84_500)
    state = SymbolState(SAMSUNG)
    state.take_quote(quote, 1.0)
    state.take_tick(_halted(tick_of(quote, 84_600, 1)), 2.0)
    was_halted = state.is_halted

    state.take_quote(quote, 3.0)

    assert (was_halted, state.is_halted) == (True, False)
    assert state.freshness is Freshness.LIVE
    assert state.volume == quote.volume + 1  # the print's volume is the newer


def test_a_print_does_not_end_a_halt_that_the_market_has_told() -> None:
    quote = quote_of(SAMSUNG, 84_600, 84_500)
    state = SymbolState(SAMSUNG)
    state.take_quote(replace(quote, is_halted=True), 1.0)

    state.take_tick(tick_of(quote, 84_600, 1), 2.0)

    assert state.is_halted


def _halted(tick: Tick) -> Tick:
    return Tick(
        tick.symbol,
        tick.seconds,
        tick.price,
        *tick.details[:2],
        tick.size,
        tick.aggressor,
        tick.volume,
        *tick.details[3:10],
        is_halted=True,
    )
