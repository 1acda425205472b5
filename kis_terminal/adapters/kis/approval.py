"""The approval key, which opens a WebSocket session.

Source: KIS's OAuth documents, checked 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from kis_terminal.adapters.kis.environment import Access
from kis_terminal.adapters.kis.errors import Next, judge, query_error
from kis_terminal.adapters.kis.shared_access import SharedAccess
from kis_terminal.adapters.kis.token_store import StoredTokens
from kis_terminal.domain.errors import BrokerAnswerError
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock

_APPROVAL_LIFE = 20 * 3600.0
"""An approval key is good for 24 hours; a new session gets one that is surely not at its end."""
_CLOCKS_APART = 600.0
"""Seconds that the clocks of two machines may differ."""
_APPROVAL_PATH = "/oauth2/Approval"

Post = Callable[[str, Mapping[str, str]], Awaitable[tuple[int, Any]]]
"""Send a JSON body to a path; returns HTTP status and decoded body (None when it is no JSON).

Raises NotSent when nothing left, BrokerUnreachable when no answer came.
"""


class ApprovalKey:
    """One app key's approval key; whoever owns it sees to it that one `issue` runs at a time."""

    def __init__(
        self,
        access: Access,
        post: Post,
        clock: Clock,
        shared: SharedAccess | None,
        on_secret: Callable[[str], None],
    ) -> None:
        """`shared` and `on_secret` as the `Authenticator` has them."""
        self._access = access
        self._post = post
        self._clock = clock
        self._shared = shared
        self._on_secret = on_secret
        self.text = ""
        self._refused = ""
        self._issued = (0.0, clock.now())

    @property
    def is_good(self) -> bool:
        """Return whether there is one that is not at its end."""
        at, on = self._issued
        # The wall clock counts too: the other one stands still while the machine sleeps.
        age = max(abs((self._clock.now() - on).total_seconds()), self._clock.monotonic() - at)
        return bool(self.text) and age <= _APPROVAL_LIFE

    def refuse(self) -> None:
        """Forget the key: KIS did not take it."""
        self._refused, self.text = self.text, ""

    async def issue(self) -> None:
        """Take the key that another program has, else ask KIS for one; raises TerminalError."""
        shared = self._shared
        if shared is None:
            await self._fetch()
            return
        if self._refused:
            await shared.drop("approval", self._refused)
        if await shared.turn("approval", self._take):
            return
        try:
            await self._fetch()
            issued = self._issued[1]
            end = issued + timedelta(seconds=_APPROVAL_LIFE)
            kept = StoredTokens(self.text, end.isoformat(), issued.isoformat())
            await shared.save("approval", kept, _APPROVAL_LIFE)
        finally:
            await shared.release("approval")

    def _take(self, stored: StoredTokens) -> bool:
        """Use another program's key, unless KIS refused it here or it is at its end."""
        issued, now = stored.issue, self._clock.now()
        if issued is None or stored.access_token == self._refused:
            return False
        age = (now - issued).total_seconds()
        if not -_CLOCKS_APART < age < _APPROVAL_LIFE:
            return False
        self._on_secret(stored.access_token)
        self.text = stored.access_token
        self._issued = (self._clock.monotonic() - max(age, 0.0), issued)
        return True

    async def _fetch(self) -> None:
        body = {
            "grant_type": "client_credentials",
            "appkey": self._access.appkey.reveal(),
            # The same value as appsecret; only this call names it so.
            "secretkey": self._access.appsecret.reveal(),
        }
        status, answer = await self._post(_APPROVAL_PATH, body)
        key = str(answer.get("approval_key") or "") if isinstance(answer, Mapping) else ""
        if status == 200 and key:
            self._on_secret(key)
            self.text = key
            self._issued = (self._clock.monotonic(), self._clock.now())
            return
        verdict = judge(status, answer)
        if verdict.next is Next.ACCEPT:
            raise BrokerAnswerError(Sentence("웹소켓 접속키 발급 응답에 approval_key가 없습니다."))
        raise query_error(Sentence("웹소켓 접속키 발급"), verdict)
