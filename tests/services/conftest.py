"""An order desk in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.order_desk import OrderDesk, order_desk


@pytest.fixture
async def desk() -> AsyncIterator[OrderDesk]:
    async with order_desk() as opened:
        yield opened
