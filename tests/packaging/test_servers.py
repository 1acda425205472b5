"""The servers that other tests use start, answer and are empty."""

from __future__ import annotations

import asyncpg
import redis.asyncio


async def test_each_test_gets_an_empty_postgres_database(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)

    try:
        version = await connection.fetchval("SHOW server_version")
        tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        encoding = await connection.fetchval("SHOW server_encoding")
    finally:
        await connection.close()

    assert int(version.split(".")[0]) >= 16
    assert tables == 0
    assert encoding == "UTF8"


async def test_redis_is_empty_at_the_start_of_each_test(redis_url: str) -> None:
    client = redis.asyncio.Redis.from_url(redis_url)

    try:
        size = await client.dbsize()
        await client.set("left", "behind")
    finally:
        await client.aclose()

    assert size == 0


test_redis_is_empty_again = test_redis_is_empty_at_the_start_of_each_test
