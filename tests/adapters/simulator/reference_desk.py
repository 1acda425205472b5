"""Ask the calls that are reckoned on demand, without a socket in between."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from kis_terminal.adapters.simulator.rules.interruptions import InterruptionRules
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint
from kis_terminal.adapters.simulator.serving.http import ENDPOINTS
from kis_terminal.adapters.simulator.serving.personality import REAL
from kis_terminal.adapters.simulator.serving.venue import MarketTime, Venue
from kis_terminal.adapters.simulator.wire.answers import WireRefusal
from tests.support.shared import shared_path

MORNING = datetime(2026, 11, 20, 11, 0, 30, tzinfo=SEOUL)
Json = dict[str, Any]
_BY_PATH = {endpoint.path: endpoint for endpoint in ENDPOINTS}


@dataclass
class Desk:
    """A venue whose clock the test moves."""

    venue: Venue
    now: datetime

    def pass_time(self, seconds: float) -> None:
        """Let others trade."""
        self.now += timedelta(seconds=seconds)
        self.venue.market_time.change(start=self.now)
        self.venue.exchange.advance(self.now)

    def ask(self, path: str, **parameters: str) -> Json:
        """Return the body of an answer; a parameter that the call needs and the test leaves out is blank."""
        endpoint = endpoint_of(path)
        values = dict.fromkeys(endpoint.required, "") | parameters
        call = Call(self.venue, REAL, endpoint.transactions[0], values, "key", "", self.now)
        try:
            endpoint.check_parameters(values)
            return dict(endpoint.handler(call).body)
        except WireRefusal as refusal:
            return dict(refusal.answer.body)


def desk(
    now: datetime = MORNING,
    *,
    seed: int = 7,
    always: bool = False,
    interruptions: InterruptionRules | None = None,
) -> Desk:
    """Open an exchange at `now` whose clock stands still until it is moved."""
    exchange = Exchange(seed=seed, now=now, market_open_always=always, interruptions=interruptions)
    # Speed next to nothing: the wall clock must not move what a test compares.
    return Desk(Venue(exchange, MarketTime(speed=1e-9, start=now)), now)


def endpoint_of(path: str) -> Endpoint:
    """Return the endpoint whose path ends so."""
    found = [endpoint for full, endpoint in _BY_PATH.items() if full.endswith(path)]
    assert len(found) == 1, (path, found)
    return found[0]


def documented_blocks(path: str) -> dict[str, list[str]]:
    """Return the document's blocks (lower case) and their fields; skips where the document is absent."""
    apis = json.loads(shared_path("kis-api/api_fields.json").read_text(encoding="utf-8"))["apis"]
    rows = next(api for name, api in apis.items() if name.split(" #")[0] == path)["fields"]["Response Body"]
    blocks: dict[str, list[str]] = {}
    block = ""
    for name, _, kind, *_ in rows:
        field = name.lstrip("-").strip()
        if field in ("rt_cd", "msg_cd", "msg1") or field.startswith("ctx_area"):
            continue
        if kind.lower().startswith(("object", "array")) or field.lower().startswith("output"):
            block = field.lower()
            blocks[block] = []
        else:
            blocks[block].append(field)
    return blocks


def rows_of(body: Json, block: str) -> list[dict[str, str]]:
    """Return a block as rows, also where it is a single object."""
    found = {name.lower(): value for name, value in body.items()}[block]
    return found if isinstance(found, list) else [found]


def contract_code(kind: str) -> str:
    """Return the code of a future (F) or of an option (O) that is listed on this very day."""
    market = desk(datetime.now(SEOUL), always=True).venue.reference.derivatives
    return market.futures()[0].code if kind == "F" else market.board(*market.months()[0])[0][12].code
