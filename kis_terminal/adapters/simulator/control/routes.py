"""Look into the exchange and disturb it; served beside the real-like REST paths under /control.

Nothing here is KIS's. Every call needs this run's token as `Authorization: Bearer ...` (`control_token` of
the ready file), a Host of this machine, and an Origin of this very server or none. Bodies and answers are
JSON; what cannot be done is 400 with {"error": ...}.

    GET    /control             state
    GET    /control/ledger      what was accepted, filled, cancelled, by whom, when
    GET    /control/log         what went over the wire (?kind=request&since=SEQUENCE)
    GET    /control/faults      rules in force and how often each has fired
    POST   /control/faults      a rule as JSON, see `faults`; answers its id
    DELETE /control/faults      all rules, or ?id=N
    POST   /control/tokens      {"action": "revoke" | "expire" | "forgive", "appkey": one or absent for all}
    GET    /control/limits      limits of both hosts
    POST   /control/limits      {"host": "real", "calls_per_second": 1, ...}; {"enabled": false};
                                {"hts_ids": [...]}, null for any; {"forgive": true} ends all blocks
    POST   /control/clock       {"speed": 10, "now": "2026-11-20T15:29:00+09:00"}; never back
    GET    /control/calls       what is played and what is made up, see `control.calls`
    POST   /control/orders, side-orders, halts, vi, circuit-breaker, corporate-actions, listings: see
           `control.market`
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from kis_terminal.adapters.simulator.control.calls import ControlCalls
from kis_terminal.adapters.simulator.control.faults import FaultError, read_rule
from kis_terminal.adapters.simulator.control.load import TickLoad
from kis_terminal.adapters.simulator.control.market import ControlError, ControlMarket
from kis_terminal.adapters.simulator.serving.limits import LimitError
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.synthetic.source import SyntheticSource


class Control:
    """Answer control calls."""

    def __init__(self, venue: Venue, load: TickLoad | None) -> None:
        self._venue = venue
        self._load = load

    def state(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Return how the market stands."""
        venue, load = self._venue, self._load
        return {
            "seed": venue.exchange.seed,
            "market": venue.name.name if venue.name is not None else "",
            "exchange_time": venue.exchange_time().isoformat(),
            "phase": venue.exchange.clock.phase(venue.now()),
            "symbols": len(venue.exchange.listings()),
            "load_sent": load.sent if load is not None else 0,
            "load_volumes": load.volumes() if load is not None else {},
        }

    def ledger(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Return the exchange's own record."""
        return self._venue.exchange.ledger.to_json()

    def log(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Return the wire's record."""
        since = request.query_params.get("since", "0")
        if not (since.isascii() and since.isdigit()):
            raise ControlError("since: a sequence number")
        return self._venue.log.events(request.query_params.get("kind", ""), int(since))

    def faults(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Return the rules in force."""
        return self._venue.faults.to_json()

    def add_fault(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Put a rule in force."""
        return {"id": self._venue.faults.add(read_rule(body))}

    def clear_faults(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Take one rule or all out of force."""
        number = request.query_params.get("id")
        if number is not None and not (number.isascii() and number.isdigit()):
            raise ControlError("id: the number of a rule")
        return {"cleared": self._venue.faults.clear(int(number) if number is not None else None)}

    def tokens(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Revoke or expire access tokens, or forget when the last was asked for."""
        appkey, tokens = body.get("appkey"), self._venue.tokens
        if appkey is not None and not isinstance(appkey, str):
            raise ControlError("appkey: a text")
        actions: dict[object, Callable[[], int]] = {
            "revoke": lambda: tokens.revoke_of(appkey),
            "expire": lambda: tokens.expire_of(appkey, self._venue.wall()),
            "forgive": lambda: tokens.forgive(appkey),
        }
        if body.get("action") not in actions:
            raise ControlError("action: revoke, expire or forgive")
        return {"changed": actions[body["action"]]()}

    def limits(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Return all limits."""
        venue = self._venue
        hosts = {name: limits.to_json() for name, limits in venue.limits.items()}
        known = sorted(venue.hts_ids) if venue.hts_ids is not None else None
        return {"enabled": venue.is_limited, "hts_ids": known, **hosts}

    def change_limits(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Change limits of one host, or what holds for both."""
        values, venue = dict(body), self._venue
        host, enabled = values.pop("host", None), values.pop("enabled", venue.is_limited)
        hts_ids, forgive = values.pop("hts_ids", ...), values.pop("forgive", False)
        if not isinstance(enabled, bool) or not isinstance(forgive, bool):
            raise ControlError("enabled, forgive: true or false")
        if isinstance(hts_ids, list) and all(isinstance(one, str) for one in hts_ids):
            hts_ids = frozenset(hts_ids)
        elif hts_ids not in (..., None):
            raise ControlError("hts_ids: a list of texts, or null")
        if values and host not in venue.limits:
            raise ControlError("host: real or paper")
        if values:
            venue.limits[str(host)].change(values)
        venue.is_limited = enabled
        if hts_ids is not ...:
            venue.hts_ids = hts_ids
        if forgive:
            for guard in venue.storms.values():
                guard.forgive()
        return self.limits(request, {})

    def clock(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Set the market's clock forward or let it run at another speed."""
        speed, moment = body.get("speed"), body.get("now")
        if set(body) - {"speed", "now"}:
            raise ControlError("speed and now only")
        if speed is not None and (
            isinstance(speed, bool) or not isinstance(speed, int | float) or not 0 < speed <= 86_400
        ):
            raise ControlError("speed: a number above 0")
        start = None
        if moment is not None:
            try:
                start = datetime.fromisoformat(str(moment))
            except ValueError:
                raise ControlError("now: a date and time as in ISO 8601") from None
            if start.tzinfo is None:
                raise ControlError("now: with its zone, as +09:00")
        try:
            self._venue.market_time.change(start=start, speed=speed)
        except ValueError as error:
            raise ControlError(str(error)) from None
        return {"exchange_time": self._venue.exchange_time().isoformat()}


class _Guarded:
    """Let in who has the token and does not come from another page."""

    def __init__(self, token: str, answer: Callable[[Request, Mapping[str, Any]], Any]) -> None:
        self._token = token
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await (await self._respond(request))(scope, receive, send)

    async def _respond(self, request: Request) -> ASGIApp:
        # Whether the Host is this machine's has been asked already, see `loopback`.
        origin = request.headers.get("origin")
        if origin is not None and origin != f"http://{request.headers.get('host', '')}":
            return _json({"error": "not from another page"}, 403)
        given = request.headers.get("authorization", "").encode()
        if not secrets.compare_digest(given, f"Bearer {self._token}".encode()):
            return _json({"error": "the control token of the ready file is needed"}, 401)
        try:
            return _json(self._answer(request, await _body(request)))
        except (ControlError, FaultError, LimitError) as error:
            return _json({"error": str(error)}, 400)


def control_routes(
    venue: Venue, load: TickLoad | None, token: str, synthetic: SyntheticSource
) -> tuple[BaseRoute, ...]:
    """Return the routes of the control side; `token` is what a caller has to show."""
    control = Control(venue, load)
    answers: dict[tuple[str, str], Callable[[Request, Mapping[str, Any]], Any]] = {
        ("GET", "/control"): control.state,
        ("GET", "/control/ledger"): control.ledger,
        ("GET", "/control/log"): control.log,
        ("GET", "/control/faults"): control.faults,
        ("POST", "/control/faults"): control.add_fault,
        ("DELETE", "/control/faults"): control.clear_faults,
        ("POST", "/control/tokens"): control.tokens,
        ("GET", "/control/limits"): control.limits,
        ("POST", "/control/limits"): control.change_limits,
        ("POST", "/control/clock"): control.clock,
        ("GET", "/control/calls"): ControlCalls(venue, synthetic).calls,
        **ControlMarket(venue).routes(),
    }
    return tuple(
        Route(path, _Guarded(token, answer), methods=[method]) for (method, path), answer in answers.items()
    )


async def _body(request: Request) -> Mapping[str, Any]:
    if request.method != "POST":
        return {}
    try:
        found = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise ControlError("the body is no JSON") from None
    if not isinstance(found, dict):
        raise ControlError("the body is no JSON object")
    return found


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), status, media_type="application/json")
