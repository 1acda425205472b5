"""Access and patience for tests of the KIS adapter."""

from __future__ import annotations

from kis_terminal.adapters.kis.client import Patience
from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.domain.environment import Environment
from kis_terminal.settings import KisAccess, Secret

APPKEY, APPSECRET = "PScanary0000000000000000000000000001", "canarysecret" * 15
NO_LIMIT = Limits(calls=10_000, token_pause=0.2)
QUICK = Patience(connect=1.0, answer=0.3, first_pause=0.01, longest_pause=0.02)


def access_to(url: str, environment: Environment = Environment.REAL) -> KisAccess:
    """Return access to a server of a test."""
    return KisAccess(
        environment=environment,
        rest_url=url,
        ws_url="ws://127.0.0.1:9",
        master_url=f"{url}/common/master",
        appkey=Secret(APPKEY),
        appsecret=Secret(APPSECRET),
        hts_id="tester",
        cano="12345678",
        product="01",
    )
