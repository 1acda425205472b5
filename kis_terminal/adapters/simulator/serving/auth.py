"""Keep app keys, access tokens and socket approval keys of both hosts.

Any app key of 36 characters and any secret is taken; both belong to the host that saw them first.
Times are wall clock, aware: a token's 24 hours must agree with the client's own clock.
Source: KIS auth documents; the one-minute rule EGW00133 as public clients report it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kis_terminal.adapters.simulator.serving.personality import Personality
from kis_terminal.adapters.simulator.wire.answers import auth_refusal

SEOUL = ZoneInfo("Asia/Seoul")
APP_KEY_LENGTH = 36
TOKEN_LIFE = timedelta(hours=24)
SAME_TOKEN_FOR = timedelta(hours=6)
ISSUE_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """Hold one access token and when it was first given out."""

    text: str
    appkey: str
    issued: datetime

    @property
    def expires(self) -> datetime:
        """Return the end of its 24 hours."""
        return self.issued + TOKEN_LIFE


@dataclass(frozen=True, slots=True)
class _Owner:
    personality: str
    secret_digest: bytes


class KeyRing:
    """Know which app key belongs to which host, and under which secret."""

    def __init__(self) -> None:
        self._owners: dict[str, _Owner] = {}

    def is_foreign(self, appkey: str, personality: Personality) -> bool:
        """Return whether the key belongs to the other host."""
        owner = self._owners.get(appkey)
        return owner is not None and owner.personality != personality.name

    def accepts_secret(self, appkey: str, secret: str, personality: Personality) -> bool:
        """Return whether the secret fits; the first secret of a key is remembered (as a digest)."""
        digest = hashlib.sha256(secret.encode()).digest()
        owner = self._owners.setdefault(appkey, _Owner(personality.name, digest))
        return secrets.compare_digest(owner.secret_digest, digest)

    def check_auth_call(self, appkey: str, secret: str, personality: Personality) -> None:
        """Check a key pair on an auth path; raise the 403 form KIS sends."""
        if not appkey:
            raise auth_refusal("EGW00102")
        if len(appkey) != APP_KEY_LENGTH or self.is_foreign(appkey, personality):
            raise auth_refusal("EGW00103")
        if not secret:
            raise auth_refusal("EGW00104")
        if not self.accepts_secret(appkey, secret, personality):
            raise auth_refusal("EGW00105")


class Tokens:
    """Issue and check access tokens."""

    def __init__(self) -> None:
        self._current: dict[str, Token] = {}
        self._known: dict[str, Token] = {}
        self._asked: dict[str, datetime] = {}

    def issue(self, appkey: str, now: datetime) -> Token:
        """Return a token: refused within a minute of the last, the same for six hours, then new."""
        asked = self._asked.get(appkey)
        if asked is not None and now - asked < ISSUE_PAUSE:
            raise auth_refusal("EGW00133")
        self._asked[appkey] = now
        token = self._current.get(appkey)
        if token is None or now - token.issued >= SAME_TOKEN_FOR:
            token = Token(_token_text(appkey, now), appkey, now)
            self._current[appkey] = token
            self._known[token.text] = token
        return token

    def find(self, text: str) -> Token | None:
        """Return the token of that text, expired or not, or None when it was never issued or was revoked."""
        return self._known.get(text)

    def revoke(self, text: str) -> bool:
        """Forget a token; return whether it was known."""
        token = self._known.pop(text, None)
        if token is None:
            return False
        if self._current.get(token.appkey) is token:
            del self._current[token.appkey]
        return True

    def revoke_of(self, appkey: str | None) -> int:
        """Forget the tokens of an app key, or all; return how many."""
        found = [token for token in self._known.values() if appkey in (None, token.appkey)]
        for token in found:
            self.revoke(token.text)
        return len(found)

    def expire_of(self, appkey: str | None, now: datetime) -> int:
        """Let the tokens of an app key, or all, have expired at `now`; return how many."""
        found = [token for token in self._known.values() if appkey in (None, token.appkey)]
        for token in found:
            self.revoke(token.text)
            self._known[token.text] = replace(token, issued=now - TOKEN_LIFE)
        return len(found)

    def forgive(self, appkey: str | None) -> int:
        """Forget when an app key, or anyone, asked last: the next call for a token is not too early."""
        found = [key for key in self._asked if appkey in (None, key)]
        for key in found:
            del self._asked[key]
        return len(found)


class Approvals:
    """Issue socket approval keys; valid 24 hours, checked only when a socket session starts."""

    def __init__(self) -> None:
        self._issued: dict[str, tuple[str, str, datetime]] = {}

    def issue(self, appkey: str, personality: Personality, now: datetime) -> str:
        """Return a new approval key (a UUID) of the app key."""
        key = str(uuid.uuid4())
        self._issued[key] = (appkey, personality.name, now)
        return key

    def appkey_of(self, key: str, personality: Personality, now: datetime) -> str | None:
        """Return the app key behind a valid approval key of this host, or None."""
        found = self._issued.get(key)
        if found is None or found[1] != personality.name or now - found[2] >= TOKEN_LIFE:
            return None
        return found[0]


def expiry_text(token: Token) -> str:
    """Return the expiry as KIS writes it, in Korean local time."""
    return token.expires.astimezone(SEOUL).strftime("%Y-%m-%d %H:%M:%S")


def _token_text(appkey: str, now: datetime) -> str:
    """Return a text in the form of a JWT (HS512), within KIS's 350 characters."""
    head = _base64({"typ": "JWT", "alg": "HS512"})
    issued = int(now.timestamp())
    claims = {
        "sub": "token",
        "aud": str(uuid.uuid4()),
        "iss": "unogw",
        "exp": issued + int(TOKEN_LIFE.total_seconds()),
        "iat": issued,
        # KIS puts the app key itself here; the simulator does not hand keys back.
        "jti": hashlib.sha256(appkey.encode()).hexdigest()[:APP_KEY_LENGTH],
    }
    signature = base64.urlsafe_b64encode(secrets.token_bytes(64)).rstrip(b"=").decode("ascii")
    return f"{head}.{_base64(claims)}.{signature}"


def _base64(values: Mapping[str, object]) -> str:
    text = json.dumps(values, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode("ascii")
