"""Each cache under the same tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kis_terminal.adapters.cache.memory import MemoryCache
from kis_terminal.adapters.cache.redis import RedisCache


@pytest.fixture(params=["memory", "redis"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[MemoryCache | RedisCache]:
    """Return an empty cache of each kind."""
    if request.param == "memory":
        yield MemoryCache()
        return
    shared = RedisCache(request.getfixturevalue("redis_url"), patience=5.0)
    assert await shared.ready(10)
    yield shared
    await shared.close()
