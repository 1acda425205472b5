"""`ports.Cache` in Redis: what programs of one machine or many share.

Nothing waits for the server longer than `patience`: the first call that has no answer by then ends the use of
the server until a task of this module has found it in order again; calls meanwhile raise at once. The library
(redis-py 8, 0.3 s to import) is loaded in a thread by `start`, so that a program without a shared cache never
pays for it, and a window that has one is not held up.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from kis_terminal.adapters.cache.kept_task import KeptTask, end_tasks
from kis_terminal.adapters.cache.messages import RedisMessages
from kis_terminal.adapters.cache.scripts import CLAIM, HOLD, LET_GO, SETTLE, TAKE
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.sentences import Sentence

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = 0.1
"""Seconds that any call waits for the server."""
_CONNECT_PATIENCE = 2.0
_PROBE_SECONDS = 0.5
_WATCH_SECONDS = 2.0
"""Between two looks at a server that nobody calls."""
_STALL_SECONDS = 0.01
_TELL_SECONDS = 2.0
"""A server that is away for less is not worth a word."""
_CONNECTING = Sentence("연결 중")
_MICRO = 1_000_000


class RedisCache:
    """One connection pool and one connection for messages; owns the tasks that keep them."""

    def __init__(
        self,
        url: str,
        *,
        patience: float = PATIENCE,
        on_trouble: Callable[[str], None] | None = None,
    ) -> None:
        """`on_trouble` is told why the server is not used, and an empty text when it is again.

        The URL may hold a password: it is in no sentence and no line of the log.
        """
        self._url = url
        self._patience = patience
        self._on_trouble = on_trouble
        self._client: Any = None
        self._failures: tuple[type[BaseException], ...] = ()
        self._wrong_type: type[BaseException] = StoreUnavailable
        self._messages: RedisMessages | None = None
        self._keeper = KeptTask("cache-keeper", self._keep, on_lost=self._unwatched)
        self._decided = asyncio.Event()
        self._lost = asyncio.Event()
        self._is_up = False
        self._is_refused = False
        self._is_closed = False
        self._why = ""
        self._down_since: float | None = None
        self._is_told = False
        self._mended: set[str] = set()
        self._calls: set[asyncio.Task[Any]] = set()

    @property
    def is_up(self) -> bool:
        """Return whether calls are answered at present."""
        return self._is_up

    @property
    def is_refused(self) -> bool:
        """Return whether nothing listens at the server's address: it is away for everybody."""
        return not self._is_up and self._is_refused

    @property
    def trouble(self) -> str:
        """Return why the server is not in use, empty while it is."""
        return "" if self._is_up and not self._why else self._sentence()

    def start(self) -> None:
        """Begin to look for the server; calls wait for the first look, no longer than `patience`."""
        if not self._keeper.is_kept and not self._is_closed:
            self._keeper.start()

    async def ready(self, seconds: float) -> bool:
        """Wait for the first look at the server, at most so long; return whether it is there."""
        self.start()
        try:
            async with asyncio.timeout(seconds):
                await self._decided.wait()
        except TimeoutError:
            return False
        return self._is_up

    async def get(self, key: str) -> bytes | None:
        """Return the value, None for none; what is no plain value is deleted."""
        try:
            value: bytes | None = await self._run(lambda client: client.get(key))
        except _WrongType:
            self._tell_mended(key)
            await self.delete(key)
            return None
        return value

    async def put(self, key: str, value: bytes, seconds: float | None = None) -> None:
        """Store `value`, for `seconds` at most when given; whatever stood there is replaced."""
        life = None if seconds is None else max(1, round(seconds * 1000))
        await self._run(lambda client: client.set(key, value, px=life))
        self._note_writing()

    async def put_new(self, key: str, value: bytes, seconds: float) -> bool:
        """Store `value` unless a claim of at most `seconds` stands there."""
        life = max(1, round(seconds * 1000))
        is_ours = bool(await self._run(lambda client: client.eval(CLAIM, 1, key, value, life)))
        if is_ours:
            self._note_writing()
        return is_ours

    async def hold(
        self, key: str, owner: bytes, seconds: float, *, may_take: bool = True
    ) -> tuple[int, bytes]:
        """Keep or take a lease; return its number and who holds it, 0 and nothing for nobody."""
        life, may = max(1, round(seconds * 1000)), int(may_take)
        number, holder = await self._run(lambda client: client.eval(HOLD, 1, key, owner, life, may))
        return int(number), bytes(holder)

    async def let_go(self, key: str, owner: bytes) -> None:
        """Give a lease back, where it is still `owner`'s."""
        await self._run(lambda client: client.eval(LET_GO, 1, key, owner))

    async def delete(self, key: str) -> None:
        await self._run(lambda client: client.delete(key))

    async def take(self, key: str, ticket: str, limit: int, seconds: float, late: float = 0.0) -> float:
        """Take one of `limit` uses in any `seconds` of the server's clock; return 0, or how long to wait."""
        window, lateness = round(seconds * _MICRO), round(late * _MICRO)
        wait = await self._run(lambda client: client.eval(TAKE, 1, key, ticket, limit, window, lateness))
        return int(wait) / _MICRO

    async def settle(self, key: str, ticket: str) -> None:
        """Note that the use of `ticket` has been made by now."""
        await self._run(lambda client: client.eval(SETTLE, 1, key, ticket))

    async def publish(self, channel: str, message: bytes) -> None:
        await self._run(lambda client: client.publish(channel, message))

    async def listen(self, channel: str, receive: Callable[[bytes], None]) -> Callable[[], Awaitable[None]]:
        """Call `receive` for every message from now on; the result ends it and may be called twice.

        A server that was away is listened to again by itself; what was said meanwhile is lost.
        """
        await self._wait_for_first_look()
        if self._messages is None:
            raise StoreUnavailable(self._sentence())
        return await self._messages.listen(channel, receive, self._patience)

    async def close(self) -> None:
        """End all connections; may be called twice."""
        self._is_up, self._is_closed = False, True
        self._decided.set()
        await self._keeper.stop()
        self._is_up = False  # the keeper may have found it up while it was stopped
        await end_tasks({*self._calls})
        if self._messages is not None:
            await self._messages.close()
            self._messages = None
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        await self._wait_for_first_look()
        client = self._client
        if client is None or not self._is_up:
            raise StoreUnavailable(self._sentence())
        try:
            return await self._in_time(work, client)
        except self._failures as error:
            if isinstance(error, self._wrong_type):
                if str(error).startswith("WRONGTYPE"):
                    raise _WrongType from error
                # It answers and refuses: full, read-only, no rights. It is asked on, for reading may work.
                self._note_refusal(error)
            else:
                self._fall(error)
            raise StoreUnavailable(self._sentence()) from error

    async def _in_time(self, work: Callable[[Any], Awaitable[T]], client: Any) -> T:
        """Wait for an answer `patience` seconds at most, whatever the library does about its connection.

        A task of its own: redis-py can swallow the cancellation of whoever waits for it.
        """

        async def call() -> T:
            return await work(client)

        task = asyncio.get_running_loop().create_task(call(), name="cache-call")
        self._calls.add(task)
        task.add_done_callback(self._called)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            done, _ = await asyncio.wait({task}, timeout=self._patience)
            if not done and loop.time() - began > self._patience + _STALL_SECONDS:
                # This program was busy, not the server: the answer may be there and not yet read.
                done, _ = await asyncio.wait({task}, timeout=self._patience)
        finally:
            task.cancel()
        if not done or task.cancelled():  # by `close`, or by the library; nobody has cancelled the caller
            raise TimeoutError
        return task.result()

    def _called(self, task: asyncio.Task[Any]) -> None:
        self._calls.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waited has it

    async def _wait_for_first_look(self) -> None:
        if not self._decided.is_set():
            await self.ready(self._patience)

    def _unwatched(self) -> None:
        """Use the server no longer after a bug of the keeper: nobody would notice that it is away."""
        self._is_up = False
        self._why = self._why or Sentence("내부 오류")
        self._tell()
        self._decided.set()

    def _fall(self, error: BaseException) -> None:
        """Use the server no longer, until the keeper has found it in order."""
        self._why = _reason(error)
        self._is_refused = _is_refused(error)
        if self._is_up:
            log.info("the shared cache does not answer: %s", self._why)
            self._is_up = False
            self._down_since = asyncio.get_running_loop().time()
        self._lost.set()

    def _note_refusal(self, error: BaseException) -> None:
        why = _reason(error)
        if why != self._why:
            self._why = why
            self._tell()

    def _note_writing(self) -> None:
        """Note that the server takes values: what it refused before it may take again."""
        if self._why:
            self._why = ""
            self._tell()

    def _tell(self) -> None:
        """Say once that the server is out of use, and once that it is in use again."""
        is_wrong = bool(self._why) or not self._is_up
        if is_wrong == self._is_told:
            return
        self._is_told = is_wrong
        if is_wrong:
            log.warning("the shared cache is not used: %s", self._why or _CONNECTING)
        else:
            log.info("the shared cache is used again")
        if self._on_trouble is not None:
            self._on_trouble(self._sentence() if is_wrong else "")

    def _tell_mended(self, key: str) -> None:
        if key not in self._mended and len(self._mended) < 100:
            self._mended.add(key)
            log.warning("a value of the wrong type stood in the shared cache under %s; it is dropped", key)

    def _sentence(self) -> Sentence:
        return Sentence(
            "공유 캐시(Redis)를 쓰지 못하고 있습니다({why}). 이 프로그램만의 토큰과 호출 몫으로 계속하며, "
            "스스로 다시 연결합니다.",
            why=self._why or _CONNECTING,
        )

    async def _keep(self) -> None:
        """Load the library, then look at the server for as long as the cache lives."""
        try:
            if self._client is None:  # it is not made anew after a bug: others listen by it
                await self._make_client()
        except (ImportError, ValueError) as error:
            # Nothing that can be mended while the program runs: a wrong URL, no library.
            self._why = type(error).__name__
            self._tell()
            self._decided.set()
            return
        loop = asyncio.get_running_loop()
        self._down_since = loop.time()
        while True:
            self._lost.clear()
            try:
                await self._look()
            except self._failures as error:
                if self._down_since is None:
                    self._down_since = loop.time()
                self._fall(error)
                if not self._decided.is_set() or loop.time() - self._down_since >= _TELL_SECONDS:
                    self._tell()
                self._decided.set()
                await asyncio.sleep(_PROBE_SECONDS)
                continue
            if not self._is_up:
                self._is_up, self._why, self._down_since = True, "", None
                self._tell()
            elif self._why:
                await self._try_to_write()
            self._decided.set()
            try:
                async with asyncio.timeout(_WATCH_SECONDS):
                    await self._lost.wait()
                await asyncio.sleep(_PROBE_SECONDS)
            except TimeoutError:
                pass  # nobody has lost it: look again

    async def _look(self) -> None:
        """See that the server answers, and as fast as calls need it."""
        if not self._is_up:
            async with asyncio.timeout(_CONNECT_PATIENCE):
                await self._client.ping()
        await self._in_time(lambda client: client.ping(), self._client)

    async def _try_to_write(self) -> None:
        with suppress(StoreUnavailable):  # it is told already, and tried again
            await self.put("kis-terminal:writing", b"1", 10.0)

    async def _make_client(self) -> None:
        # The names are needed at run time only: nobody else imports the library.
        library, exceptions, retry, backoff = [
            await asyncio.to_thread(importlib.import_module, name)
            for name in ("redis.asyncio", "redis.exceptions", "redis.asyncio.retry", "redis.backoff")
        ]
        self._failures = (exceptions.RedisError, OSError, TimeoutError)
        self._wrong_type = exceptions.ResponseError

        def connect() -> Any:
            return library.Redis.from_url(
                self._url,
                # With the newest version the library would ask the server for notices of its own.
                protocol=2,
                retry=retry.Retry(backoff.NoBackoff(), 0),
                socket_connect_timeout=_CONNECT_PATIENCE,
                socket_timeout=_CONNECT_PATIENCE,
            )

        self._client = connect()
        self._messages = RedisMessages(connect, self._failures)


class _WrongType(StoreUnavailable):
    """A key holds something else than a plain value."""

    def __init__(self) -> None:
        super().__init__("wrong type")


def _is_refused(error: BaseException | None) -> bool:
    """Tell whether the system says that nothing listens there; the library hides it behind its own error."""
    while error is not None:
        if isinstance(error, ConnectionRefusedError | FileNotFoundError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _reason(error: BaseException) -> str:
    """Return a short reason without the text of the error, which may hold an address."""
    if isinstance(error, TimeoutError):
        return Sentence("응답 시간 초과")
    known = {
        "OutOfMemoryError": Sentence("메모리가 가득 참"),
        "ReadOnlyError": Sentence("읽기 전용"),
        "NoPermissionError": Sentence("권한 없음"),
    }
    name = type(error).__name__
    return known.get(name, name)
