"""What is held is watched, whatever is shown."""

from __future__ import annotations

from kis_terminal.ports import Stream
from kis_terminal.services.held_streams import HeldStreams
from tests.support.order_desk import order_desk
from tests.support.ports_in_memory import NAVER


async def test_a_position_is_watched_from_its_first_share_to_its_last() -> None:
    """Cause: with the positions hidden, the day's loss was reckoned at the prices of the last listing."""
    async with order_desk() as desk:
        held = HeldStreams(desk.portfolio, desk.market_data)
        desk.broker.hold_shares(NAVER, "NAVER", 5, 200_000)
        await desk.portfolio.refresh()
        assert (Stream.TICKS, NAVER) in desk.feed.wanted

        del desk.broker.positions[NAVER]
        await desk.portfolio.refresh()
        assert (Stream.TICKS, NAVER) not in desk.feed.wanted

        desk.broker.hold_shares(NAVER, "NAVER", 5, 200_000)
        await desk.portfolio.refresh()
        held.close()
        held.close()
        assert (Stream.TICKS, NAVER) not in desk.feed.wanted
