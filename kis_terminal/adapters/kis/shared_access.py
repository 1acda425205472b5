"""One access token and one approval key for all programs of an app key: in the cache, sealed, got by one.

What lies there can be read only with the app secret (AES-256-GCM under a key derived from it), so that nobody
who can write to the cache can make a program use another token. No key's name holds the app key itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Literal

from kis_terminal.adapters.kis.environment import Access
from kis_terminal.adapters.kis.token_store import StoredTokens
from kis_terminal.domain.envelope import seal, unseal
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.ports import Cache

log = logging.getLogger(__name__)

Kind = Literal["token", "approval"]

_FIRST_PATIENCE = 1.5
"""Seconds that the first request waits for the cache to be connected."""
_CLAIM_SECONDS = 6.0
"""How long one program's request holds the others up, should it die over it."""
_LOOK_SECONDS = 0.1
_LONGEST_LIFE = 24 * 3600.0 + 300.0
_NONCE_BYTES = 12
_LONGEST_TEXT = 4096


def shared_name(access: Access) -> str:
    """Return what the keys of one environment and app key begin with."""
    digest = hashlib.sha256(f"{access.environment.value}:{access.appkey.reveal()}".encode()).hexdigest()
    return f"kis-terminal:{access.environment.value}:{digest[:20]}"


class SharedAccess:
    """What programs of one app key share of their access; a cache that is away makes it share nothing."""

    def __init__(self, cache: Cache, access: Access) -> None:
        self._cache = cache
        self._name = shared_name(access)
        self._key = hmac.digest(access.appsecret.reveal().encode(), b"kis-terminal shared access 1", "sha256")
        self._own = secrets.token_bytes(16)
        self._told: set[str] = set()

    async def turn(self, kind: Kind, take: Callable[[StoredTokens], bool]) -> bool:
        """Wait until `take` accepts what another program got (True), or it is ours to ask for it (False).

        Whoever gets False calls `release` when it has asked. Waits for others `_CLAIM_SECONDS` at most.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + _CLAIM_SECONDS
        if not await self._cache.ready(_FIRST_PATIENCE):
            return False
        while True:
            try:
                if await self._taken(kind, take):
                    return True
                if await self._cache.put_new(self._place(kind, "claim"), self._own, _CLAIM_SECONDS):
                    if not await self._taken(kind, take):
                        return False
                    await self.release(kind)  # it came between the look and the claim
                    return True
            except StoreUnavailable as error:
                log.info("%s is asked for by this program alone: %s", kind, error)
                return False
            if loop.time() >= end:
                return False
            await asyncio.sleep(_LOOK_SECONDS)

    async def release(self, kind: Kind) -> None:
        """Let the others go on; a claim that has passed to another program stays."""
        place = self._place(kind, "claim")
        try:
            if await self._cache.get(place) == self._own:
                await self._cache.delete(place)
        except StoreUnavailable as error:
            log.info("the claim for %s ends by itself: %s", kind, error)

    async def save(self, kind: Kind, tokens: StoredTokens, seconds: float) -> None:
        """Give it to the others for `seconds`; an older one never takes the place of a newer one."""
        try:
            kept = await self._load(kind)
            if kept is not None and kept.issue and tokens.issue and kept.issue > tokens.issue:
                return
            life = min(max(1.0, seconds), _LONGEST_LIFE)
            await self._cache.put(self._place(kind), self._sealed(kind, tokens), life)
        except StoreUnavailable as error:
            log.info("%s is not shared: %s", kind, error)

    async def drop(self, kind: Kind, refused: str) -> None:
        """Forget what KIS refused, for all programs; a newer one stays."""
        try:
            kept = await self._load(kind)
            if kept is not None and kept.access_token == refused:
                await self._cache.delete(self._place(kind))
        except StoreUnavailable as error:
            log.info("a refused %s stays in the cache: %s", kind, error)

    async def _taken(self, kind: Kind, take: Callable[[StoredTokens], bool]) -> bool:
        kept = await self._load(kind)
        return kept is not None and take(kept)

    async def _load(self, kind: Kind) -> StoredTokens | None:
        value = await self._cache.get(self._place(kind))
        if value is None:
            return None
        tokens = self._opened(kind, value)
        if tokens is None:
            if kind not in self._told:
                log.warning("the shared %s cannot be read and is dropped", kind)
            self._told.add(kind)
            await self._cache.delete(self._place(kind))
        return tokens

    def _place(self, kind: Kind, what: str = "value") -> str:
        return f"{self._name}:{kind}:{what}"

    def _sealed(self, kind: Kind, tokens: StoredTokens) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE_BYTES)
        plain = json.dumps(asdict(tokens)).encode()
        return seal(kind, nonce + AESGCM(self._key).encrypt(nonce, plain, self._place(kind).encode()))

    def _opened(self, kind: Kind, value: bytes) -> StoredTokens | None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        content = unseal(kind, value)
        if content is None:
            return None
        nonce, rest = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
        try:
            plain = AESGCM(self._key).decrypt(nonce, rest, self._place(kind).encode())
            tokens = StoredTokens(**json.loads(plain))
            has_times = tokens.expiry is not None and tokens.issue is not None
            is_aware = has_times and None not in (tokens.expiry.tzinfo, tokens.issue.tzinfo)  # type: ignore[union-attr]
        except (InvalidTag, ValueError, TypeError):
            return None
        text = tokens.access_token
        is_text = 0 < len(text) <= _LONGEST_TEXT and text.isascii() and text.isprintable()
        return tokens if is_aware and is_text else None
