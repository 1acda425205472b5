"""Messages of Redis: one connection that listens, made anew whenever it ends or falls silent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from kis_terminal.adapters.cache.kept_task import KeptTask
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.sentences import Sentence

log = logging.getLogger(__name__)

_TURN_SECONDS = 0.1
"""How soon a new channel is asked for."""
_QUIET_SECONDS = 2.0
"""After so much silence the server is asked for a sign of life."""
_DEAD_SECONDS = 6.0
_AGAIN_SECONDS = 0.5


class RedisMessages:
    """Receivers by channel; owns the task that reads."""

    def __init__(self, connect: Callable[[], Any], failures: tuple[type[BaseException], ...]) -> None:
        """`connect` gives a client of its own; `failures` are what the library raises."""
        self._connect = connect
        self._failures = failures
        self._receivers: dict[str, list[Callable[[bytes], None]]] = {}
        self._confirmed: dict[str, asyncio.Event] = {}
        self._reader = KeptTask("cache-messages", self._read)

    async def listen(
        self, channel: str, receive: Callable[[bytes], None], patience: float
    ) -> Callable[[], Awaitable[None]]:
        """Receive from `channel` on; raises StoreUnavailable when the server does not confirm it in time."""
        receivers = self._receivers.setdefault(channel, [])
        receivers.append(receive)
        confirmed = self._confirmed.setdefault(channel, asyncio.Event())
        if not self._reader.is_kept:
            self._reader.start()

        async def end() -> None:
            if receive in receivers:
                receivers.remove(receive)

        try:
            async with asyncio.timeout(2 * _TURN_SECONDS + patience):
                await confirmed.wait()
        except TimeoutError as error:
            await end()
            raise StoreUnavailable(Sentence("공유 캐시(Redis)의 알림을 받을 수 없습니다.")) from error
        return end

    async def close(self) -> None:
        """End the task and its connection."""
        self._receivers.clear()
        await self._reader.stop()

    async def _read(self) -> None:
        while True:
            client = self._connect()
            listening = client.pubsub()
            try:
                await self._read_one(listening)
            except self._failures as error:
                log.info("messages of the shared cache ended: %s", type(error).__name__)
            finally:
                for confirmed in self._confirmed.values():
                    confirmed.clear()
                await listening.aclose()
                await client.aclose()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _read_one(self, listening: Any) -> None:
        """Read one connection until it ends, or is silent for too long."""
        asked: set[str] = set()
        loop = asyncio.get_running_loop()
        heard = pinged = loop.time()
        while True:
            wanted = {channel for channel, receivers in self._receivers.items() if receivers}
            if new := wanted - asked:
                await listening.subscribe(*new)
                asked |= new
            if gone := asked - wanted:
                asked -= gone
                for channel in gone:
                    self._receivers.pop(channel, None)
                    self._confirmed.pop(channel, None)
                await listening.unsubscribe(*gone)
                continue  # a channel that somebody listens to again meanwhile is asked for anew
            if not asked:  # the library wants a channel before it reads
                await asyncio.sleep(_TURN_SECONDS)
                heard = loop.time()
                continue
            message = await listening.get_message(timeout=_TURN_SECONDS)
            now = loop.time()
            if message is not None:
                heard = now
                self._take(message)
            elif now - heard > _DEAD_SECONDS:
                raise TimeoutError
            elif now - max(heard, pinged) > _QUIET_SECONDS:
                pinged = now
                await listening.ping()

    def _take(self, message: dict[str, Any]) -> None:
        channel = message.get("channel")
        name = channel.decode("utf-8", "replace") if isinstance(channel, bytes) else str(channel)
        if message.get("type") == "subscribe" and name in self._confirmed:
            self._confirmed[name].set()
        elif message.get("type") == "message" and isinstance(content := message.get("data"), bytes):
            for receive in list(self._receivers.get(name, ())):
                receive(content)
