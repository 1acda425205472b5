"""When the same request may be sent again: only after a refusal that proves it was not even read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from kis_terminal.domain.errors import RateLimited, TurnedAway

Answer = TypeVar("Answer")

_RATE_PAUSES = (0.2, 0.4, 0.8, 1.2, 1.2)
"""Seconds; together longer than the slowest limit that KIS is known to set (one call a second)."""


async def once_more_if_turned_away(
    send: Callable[[], Awaitable[Answer]], note: Callable[[TurnedAway], Awaitable[None]]
) -> Answer:
    """Send; after a refusal of the token alone, note that on disk and send once more, never a third time.

    `note` raises to keep the second one here. `send` asks all its own guards each time.
    """
    try:
        return await send()
    except TurnedAway as error:
        await note(error)
    return await send()


async def until_rate_allows(send: Callable[[], Awaitable[Answer]]) -> Answer:
    """Send a cancellation until it is not turned away for rate; raises the last RateLimited.

    A cancellation is idempotent by its effect, and one turned away for rate was not read.
    """
    for pause in _RATE_PAUSES:
        try:
            return await send()
        except RateLimited:
            await asyncio.sleep(pause)
    return await send()
