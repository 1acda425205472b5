"""Serve the REST side of one host: the gateway's checks, then the endpoint's own answer.

Order of the checks: method, content type, keys, token, customer type, TR id, call rate, parameters. A path of
KIS that no endpoint answers falls through to `synthetic.answers`, behind the same checks: an endpoint that is
added to `ENDPOINTS` takes its path over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import formatdate
from types import MappingProxyType
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from kis_terminal.adapters.simulator.control.fault_gate import FaultGate
from kis_terminal.adapters.simulator.control.wire_log import key_mark
from kis_terminal.adapters.simulator.handlers import (
    accounts,
    charts,
    order_lists,
    orders,
    price,
    profit,
    quotes,
    reference,
    side_orders,
)
from kis_terminal.adapters.simulator.handlers.auth import AUTH_PATHS, AuthHandler
from kis_terminal.adapters.simulator.reference import calls as reference_calls
from kis_terminal.adapters.simulator.serving.auth import APP_KEY_LENGTH
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Transaction
from kis_terminal.adapters.simulator.serving.loopback import LoopbackOnly
from kis_terminal.adapters.simulator.serving.personality import Personality
from kis_terminal.adapters.simulator.serving.rate_limits import SlidingWindow
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.synthetic.source import SyntheticSource
from kis_terminal.adapters.simulator.wire.answers import Answer, WireRefusal, auth_refusal, gateway_refusal

ENDPOINTS: tuple[Endpoint, ...] = (
    *price.ENDPOINTS,
    *quotes.ENDPOINTS,
    *charts.ENDPOINTS,
    *reference.ENDPOINTS,
    *orders.ENDPOINTS,
    *accounts.ENDPOINTS,
    *profit.ENDPOINTS,
    *order_lists.ENDPOINTS,
    *side_orders.ENDPOINTS,
    *reference_calls.ENDPOINTS,
)

CONTROL_PATH = "/control"
"""Nothing under it is KIS's, and no fault touches it."""

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_BEARER = "Bearer "


class Gateway:
    """Check what KIS's gateway checks before it hands a call on."""

    def __init__(self, venue: Venue, personality: Personality) -> None:
        self._venue = venue
        self._personality = personality
        self._limits = venue.limits[personality.name]
        self._calls = SlidingWindow(self._limits.calls_per_second)
        self._account_calls = SlidingWindow(self._limits.account_calls_per_second)
        self._approvals = SlidingWindow(self._limits.approvals_per_second)

    def check_caller(self, headers: Mapping[str, str]) -> str:
        """Return the app key of a call whose keys and token are in order."""
        appkey, secret = headers.get("appkey", ""), headers.get("appsecret", "")
        if not appkey:
            raise gateway_refusal("EGW00102")
        if len(appkey) != APP_KEY_LENGTH:
            raise gateway_refusal("EGW00103")
        if not secret:
            raise gateway_refusal("EGW00104")
        if self._venue.keys.is_foreign(appkey, self._personality):
            raise gateway_refusal("EGW00103" if self._personality.is_paper else "EGW02004")
        if self._venue.is_shut_out(appkey, self._personality):
            raise gateway_refusal("EGW00003")
        self._check_token(headers.get("authorization", ""), appkey)
        if not self._venue.keys.accepts_secret(appkey, secret, self._personality):
            raise gateway_refusal("EGW00105")
        if headers.get("custtype", "P") not in ("P", "B"):
            raise gateway_refusal("EGW00208")
        return appkey

    def _check_token(self, authorization: str, appkey: str) -> None:
        if not authorization:
            raise gateway_refusal("EGW00122")
        if not authorization.startswith(_BEARER):
            raise gateway_refusal("EGW00205")
        token = self._venue.tokens.find(authorization.removeprefix(_BEARER).strip())
        if token is None or token.appkey != appkey:
            raise gateway_refusal("EGW00121")
        if token.expires <= self._venue.wall():
            raise gateway_refusal("EGW00123")

    def choose_transaction(self, endpoint: Endpoint, tr_id: str) -> Transaction:
        """Return the function that a TR id names on this host."""
        if not tr_id:
            raise gateway_refusal("OPSQ9999")
        for transaction in endpoint.transactions:
            if tr_id == (transaction.paper if self._personality.is_paper else transaction.real):
                return transaction
        for transaction in endpoint.transactions:
            if tr_id in (transaction.real, transaction.paper):
                raise gateway_refusal("EGW00213" if self._personality.is_paper else "EGW02004")
        # Clients turn the first letter of every id into V for paper (KIS's own sample does), of those too
        # that paper lacks: "not a paper TR" is the answer they get.
        paper_forms = {f"V{one.real[1:]}" for one in endpoint.transactions if one.real[0] in "TJC"}
        if self._personality.is_paper and tr_id in paper_forms:
            raise gateway_refusal("EGW00213")
        raise gateway_refusal("OPSQ0002")

    def check_rate(self, appkey: str) -> None:
        """Count a call against the app key's calls of the last second."""
        if not self._admits(self._calls, appkey, self._limits.calls_per_second):
            raise gateway_refusal("EGW00201")

    def check_account_rate(self, parameters: Mapping[str, str]) -> None:
        """Count a call about an account against the ledger's own limit, which is the account's."""
        number = parameters.get("CANO")
        if number and not self._admits(self._account_calls, number, self._limits.account_calls_per_second):
            raise gateway_refusal("EGW00215")

    def check_approval_rate(self, appkey: str) -> None:
        """Count an approval call, and refuse who is shut out.

        Too many calls are the gateway's matter on every path: clients look for `msg_cd` and try again.
        """
        if self._venue.is_shut_out(appkey, self._personality):
            raise auth_refusal("EGW00003")
        if not self._admits(self._approvals, appkey, self._limits.approvals_per_second):
            raise gateway_refusal("EGW00201")

    def _admits(self, window: SlidingWindow, key: str, limit: int) -> bool:
        return not self._venue.is_limited or window.admit(key, self._venue.monotonic(), limit)


class AnsweringApp:
    """Answer one path as an ASGI application; `after_orders` runs when an order's answer is on its way.

    `source` stands in the log: real for what comes from the market that is played, synthetic for the rest.
    """

    source = "real"

    def __init__(self, venue: Venue, personality: Personality, gateway: Gateway) -> None:
        self.venue = venue
        self.personality = personality
        self.gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request, answer it, send the answer."""
        request = Request(scope, receive)
        body = await request.body()
        try:
            answer = self.answer(request, body)
        except WireRefusal as refusal:
            answer = refusal.answer
        self.venue.usage.calls[request.url.path] += 1
        self.venue.log.note(
            "request",
            host=self.personality.name,
            source=self.source,
            path=request.url.path,
            tr=request.headers.get("tr_id", ""),
            key=key_mark(request.headers.get("appkey", "")),
            status=answer.status,
            code=answer.body.get("msg_cd", answer.body.get("error_code", "")),
        )
        response = to_response(answer, request, self.venue.wall())
        if self.venue.exchange.clock.open_always:
            # What KIS never says: a client on a living clock would think the market closed at night.
            response.raw_headers.append((b"X-Market-Hours", b"always-open"))
        await response(scope, receive, send)
        self.after_answer()

    def answer(self, request: Request, body: bytes) -> Answer:
        """Return the answer to a request."""
        raise NotImplementedError

    def answer_at(self, endpoint: Endpoint, request: Request, body: bytes) -> Answer:
        """Return an endpoint's answer or what the gateway refuses before it."""
        if request.method != endpoint.method:
            raise gateway_refusal("EGW00101", 404)
        headers = request.headers
        is_post = endpoint.method == "POST"
        if is_post and "json" not in headers.get("content-type", "").lower():
            raise gateway_refusal("EGW00132")
        appkey = self.gateway.check_caller(headers)
        transaction = self.gateway.choose_transaction(endpoint, headers.get("tr_id", "").strip())
        self.gateway.check_rate(appkey)
        parameters = read_body(body) if is_post else read_query(request)
        self.gateway.check_account_rate(parameters)
        endpoint.check_parameters(parameters)
        if self.venue.recorded is not None:
            tr_id = headers.get("tr_id", "").strip()
            return self.venue.recorded.answer(endpoint.method, endpoint.path, tr_id, parameters)
        call = Call(
            venue=self.venue,
            personality=self.personality,
            transaction=transaction,
            parameters=parameters,
            appkey=appkey,
            tr_cont=headers.get("tr_cont", "").strip(),
            now=self.venue.now(),
        )
        return endpoint.handler(call)

    def after_answer(self) -> None:
        """Do what is due once the answer was handed to the socket."""


class AuthApp(AnsweringApp):
    """Answer one auth path."""

    def __init__(
        self, venue: Venue, personality: Personality, gateway: Gateway, path: str, handler: AuthHandler
    ) -> None:
        super().__init__(venue, personality, gateway)
        self._path = path
        self._handler = handler

    def answer(self, request: Request, body: bytes) -> Answer:
        """Return a key or the 403 that refuses it."""
        if request.method != "POST":
            raise auth_refusal("EGW00101", 404)
        try:
            values = json.loads(body)
        except (ValueError, RecursionError):
            raise auth_refusal("EGW00101") from None
        if not isinstance(values, dict):
            raise auth_refusal("EGW00101")
        if self._path.endswith("Approval") and isinstance(values.get("appkey"), str):
            self.gateway.check_approval_rate(values["appkey"])
        return self._handler(self.venue, self.personality, values, request.headers)


class EndpointApp(AnsweringApp):
    """Answer one endpoint under /uapi."""

    def __init__(
        self,
        venue: Venue,
        personality: Personality,
        gateway: Gateway,
        endpoint: Endpoint,
        after_orders: Callable[[], None],
    ) -> None:
        super().__init__(venue, personality, gateway)
        self._endpoint = endpoint
        self._after_orders = after_orders

    def answer(self, request: Request, body: bytes) -> Answer:
        """Return the endpoint's answer or what the gateway refuses before it."""
        return self.answer_at(self._endpoint, request, body)

    def after_answer(self) -> None:
        """Let an order's notices follow its answer at once."""
        if self._endpoint.moves_orders:
            self._after_orders()


class SyntheticApp(AnsweringApp):
    """Answer every path of KIS that has no endpoint of its own."""

    source = "synthetic"

    def __init__(
        self, venue: Venue, personality: Personality, gateway: Gateway, synthetic: SyntheticSource
    ) -> None:
        super().__init__(venue, personality, gateway)
        self._synthetic = synthetic

    def answer(self, request: Request, body: bytes) -> Answer:
        """Return a made-up answer, or that there is no such path."""
        endpoint = self._synthetic.calls.endpoint(request.url.path)
        if endpoint is None:
            raise HTTPException(404)
        return self.answer_at(endpoint, request, body)


class SingleSlashes:
    """Read `//uapi/...` as `/uapi/...`.

    Public clients join a host and a path that both bring a slash (mojito2 0.1.6), and KIS answers them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its path written plainly."""
        if "//" in scope.get("path", ""):
            scope = {**scope, "path": re.sub("/{2,}", "/", scope["path"])}
        await self._app(scope, receive, send)


def read_query(request: Request) -> dict[str, str]:
    """Return GET parameters under upper-case names: KIS takes either case there."""
    return {name.upper(): value for name, value in request.query_params.items()}


def read_body(body: bytes) -> dict[str, str]:
    """Return a POST body; names stay as sent (lower case is not understood), values must be texts."""
    if not body:
        raise gateway_refusal("OPSQ9995")
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        raise gateway_refusal("OPSQ9997") from None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise gateway_refusal("OPSQ9997")
    return values


def to_response(answer: Answer, request: Request, now: datetime | None = None) -> Response:
    """Build the HTTP response with KIS's headers, dated `now` (the machine's time unless told).

    Content-Type keeps its capitals: KIS's older sample client makes attributes of all lower-case header names
    and would fail on a hyphen among them.
    """
    content = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()
    response = Response(status_code=answer.status)
    response.body = content
    response.raw_headers = [
        (b"Content-Type", b"application/json; charset=utf-8"),
        (b"Content-Length", str(len(content)).encode()),
        (b"Date", formatdate(now.timestamp() if now is not None else None, usegmt=True).encode()),
        (b"tr_id", _latin(request.headers.get("tr_id", ""))),
        (b"tr_cont", _latin(answer.tr_cont)),
        (b"gt_uid", _latin(request.headers.get("gt_uid", ""))),
    ]
    return response


def _latin(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def build_application(
    venue: Venue,
    personality: Personality,
    *,
    after_orders: Callable[[], None],
    synthetic: SyntheticSource,
    extra_routes: tuple[BaseRoute, ...] = (),
) -> Starlette:
    """Return the REST application of one host; `after_orders` is called when an order's answer was sent."""
    gateway = Gateway(venue, personality)
    routes: list[BaseRoute] = [
        Route(path, AuthApp(venue, personality, gateway, path, handler))
        for path, handler in AUTH_PATHS.items()
    ]
    routes += [
        Route(endpoint.path, EndpointApp(venue, personality, gateway, endpoint, after_orders))
        for endpoint in ENDPOINTS
    ]
    rest = Route("/uapi/{rest:path}", SyntheticApp(venue, personality, gateway, synthetic))
    return Starlette(
        routes=[*routes, *extra_routes, rest],
        middleware=[
            Middleware(LoopbackOnly),
            Middleware(SingleSlashes),
            Middleware(FaultGate, plan=venue.faults, host=personality.name, exempt=CONTROL_PATH),
        ],
        exception_handlers={HTTPException: _no_such_path, Exception: _own_bug},
    )


async def _no_such_path(request: Request, error: Exception) -> Response:
    body: dict[str, Any] = dict(gateway_refusal("EGW00203").answer.body)
    return to_response(Answer(body, 404), request)


async def _own_bug(request: Request, error: Exception) -> Response:
    """Answer in KIS's form; Starlette raises the error again, so that it is logged with its trace."""
    return to_response(gateway_refusal("EGW00002").answer, request)
