"""Is the shared cache of `REDIS_URL` there, and can it be written to?"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence


async def reach_redis(url: str, seconds: float = 5.0) -> float:
    """Write a text, read it back and delete it; return the milliseconds of the round.

    Raises TerminalError; the URL, which may hold a password, is in no sentence.
    """
    from redis import asyncio as redis
    from redis.exceptions import RedisError

    key, word = f"kis-terminal:doctor:{secrets.token_hex(8)}", secrets.token_hex(4)
    try:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=seconds, socket_timeout=seconds, decode_responses=True
        )
        try:
            began = time.perf_counter()
            await client.set(key, word, ex=60)
            kept = await client.get(key)
            await client.delete(key)
            taken = (time.perf_counter() - began) * 1000
        finally:
            await client.aclose()
    except (RedisError, OSError, ValueError) as error:
        raise TerminalError(
            Sentence(
                "REDIS_URL의 서버를 쓸 수 없습니다({why}). 서버가 켜져 있는지, 주소와 암호가 맞는지 "
                "확인하십시오.",
                why=type(error).__name__,
            )
        ) from error
    if kept != word:
        raise TerminalError(Sentence("REDIS_URL의 서버가 방금 쓴 값을 돌려주지 않았습니다."))
    return taken


async def lease_taken_at(url: str, key: str, seconds: float = 5.0) -> datetime | None:
    """Return since when a program holds the lease under `key`, None for nobody or what cannot be read.

    The number of a lease is the server's time of its taking, in microseconds; see `scripts.HOLD`.
    """
    from redis import asyncio as redis
    from redis.exceptions import RedisError

    try:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=seconds, socket_timeout=seconds, decode_responses=True
        )
        try:
            value = await client.get(key)
        finally:
            await client.aclose()
        number, _, _ = str(value or "").partition(":")
        return datetime.fromtimestamp(int(number) / 1_000_000, UTC)
    except (RedisError, OSError, ValueError, OverflowError):
        return None
