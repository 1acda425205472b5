"""Let tests and tools look into the exchange; served beside the real-like REST paths under /control.

Nothing here is KIS's. It listens on loopback only, like everything else of the simulator.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kis_terminal.adapters.simulator.load import TickLoad
from kis_terminal.adapters.simulator.venue import Venue


def control_routes(venue: Venue, load: TickLoad | None) -> tuple[BaseRoute, ...]:
    """Return the routes of the control side."""

    async def state(request: Request) -> Response:
        moment = venue.exchange_time()
        return _json(
            {
                "seed": venue.exchange.seed,
                "exchange_time": moment.isoformat(),
                "phase": venue.exchange.clock.phase(venue.now()),
                "symbols": len(venue.exchange.listings()),
                "load_sent": load.sent if load is not None else 0,
                "load_volumes": load.volumes() if load is not None else {},
            }
        )

    async def ledger(request: Request) -> Response:
        return _json(venue.exchange.ledger.to_json())

    return (
        Route("/control", state, methods=["GET"]),
        Route("/control/ledger", ledger, methods=["GET"]),
    )


def _json(value: Any) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), media_type="application/json")
