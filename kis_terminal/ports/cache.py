"""Small values that programs share: `adapters/cache`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class Cache(Protocol):
    """Small values that programs share, in Redis or in memory; every method raises StoreUnavailable."""

    @property
    def is_up(self) -> bool:
        """Return whether calls are answered at present; while not, they raise at once."""
        ...

    @property
    def trouble(self) -> str:
        """Return what is wrong with it in a sentence, empty for nothing."""
        ...

    @property
    def is_refused(self) -> bool:
        """Return whether nothing listens at its address: it is away for every program, not for this one."""
        ...

    async def ready(self, seconds: float) -> bool:
        """Wait for the first connection, at most so long; return whether it is up."""
        ...

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, seconds: float | None = None) -> None:
        """Store `value`, for `seconds` at most when given."""
        ...

    async def put_new(self, key: str, value: bytes, seconds: float) -> bool:
        """Store `value` unless the key exists; return whether it was stored (a lock, a claim).

        What stands there for longer than `seconds`, or for ever, is no claim and is replaced.
        """
        ...

    async def hold(
        self, key: str, owner: bytes, seconds: float, *, may_take: bool = True
    ) -> tuple[int, bytes]:
        """Keep a lease of `owner`'s for `seconds` more, or take one that is free; return number and holder.

        The number changes, and nearly always grows, with every taking. 0 and nothing: it is free and was not
        to be taken. All programs give the same `seconds`; what stands there for longer is no lease.
        """
        ...

    async def let_go(self, key: str, owner: bytes) -> None:
        """Give a lease back, where it is still `owner`'s."""
        ...

    async def delete(self, key: str) -> None: ...

    async def take(self, key: str, ticket: str, limit: int, seconds: float, late: float = 0.0) -> float:
        """Take one of `limit` uses of `key` in any `seconds`; return 0, or how long to wait for the next.

        The use counts `late` seconds from now, when it has surely been made, or when `settle` says that it
        was. Time is the store's own, one for all programs.
        """
        ...

    async def settle(self, key: str, ticket: str) -> None:
        """Note that the use of `ticket` has been made by now."""
        ...

    async def publish(self, channel: str, message: bytes) -> None: ...

    async def listen(self, channel: str, receive: Callable[[bytes], None]) -> Callable[[], Awaitable[None]]:
        """Call `receive` for every message from now on; the result ends it."""
        ...

    async def close(self) -> None: ...
