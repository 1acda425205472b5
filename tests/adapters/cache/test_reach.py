from __future__ import annotations

import pytest

from kis_terminal.adapters.cache.reach import lease_taken_at, reach_redis
from kis_terminal.adapters.cache.redis import RedisCache
from kis_terminal.domain.errors import TerminalError


async def test_redis_is_written_and_read(redis_url: str) -> None:
    assert await reach_redis(redis_url) > 0


async def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    with pytest.raises(TerminalError, match="REDIS_URL") as refused:
        await reach_redis("redis://somebody:canary@127.0.0.1:1/0")

    assert "canary" not in str(refused.value)


async def test_since_when_a_lease_is_held_is_read_from_its_number(redis_url: str) -> None:
    cache = RedisCache(redis_url, patience=5.0)
    try:
        assert await cache.ready(10)
        assert await lease_taken_at(redis_url, "a lease") is None
        number, _ = await cache.hold("a lease", b"owner", 5.0)
        since = await lease_taken_at(redis_url, "a lease")
        await cache.put("no lease", b"garbage")
        assert await lease_taken_at(redis_url, "no lease") is None
    finally:
        await cache.close()

    assert since is not None
    assert abs(since.timestamp() * 1_000_000 - number) < 2
