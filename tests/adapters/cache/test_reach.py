from __future__ import annotations

import pytest

from kis_terminal.adapters.cache.reach import reach_redis
from kis_terminal.domain.errors import TerminalError


async def test_redis_is_written_and_read(redis_url: str) -> None:
    assert await reach_redis(redis_url) > 0


async def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    with pytest.raises(TerminalError, match="REDIS_URL") as refused:
        await reach_redis("redis://somebody:canary@127.0.0.1:1/0")

    assert "canary" not in str(refused.value)
