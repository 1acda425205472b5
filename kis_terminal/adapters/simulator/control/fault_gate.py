"""Let REST calls go wrong as the fault plan says: before they are handled, or on the way back."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kis_terminal.adapters.simulator.control.faults import FaultPlan, FaultRule
from kis_terminal.adapters.simulator.wire.answers import GATEWAY_TEXTS, Answer

CONNECTION = "kis_terminal.connection"
"""Extension of the scope: a callable that ends the call's connection; `rest_server` puts it there."""

_HTML = "<html><head><title>504 Gateway Time-out</title></head><body>504 Gateway Time-out</body></html>"
_HEADERS_KEPT = frozenset({b"tr_id", b"gt_uid", b"tr_cont"})


@dataclass(slots=True)
class _Reply:
    """An answer that was made and not sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    cut: int = -1
    """Bytes after which the connection ends; below 0, after none."""


class FaultGate:
    """Stand before the application of one host; without rules for REST it only passes calls on."""

    def __init__(self, app: ASGIApp, plan: FaultPlan, host: str, exempt: str) -> None:
        self._app = app
        self._plan = plan
        self._host = host
        self._exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the plan and do what it says."""
        if (
            scope["type"] != "http"
            or not self._plan.watches("rest")
            or scope["path"].startswith(self._exempt)
        ):
            await self._app(scope, receive, send)
            return
        tr_id = Request(scope).headers.get("tr_id", "").strip()
        rules = self._plan.fire("rest", self._host, path=scope["path"], tr=tr_id)
        if not rules:
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        # A call that is answered or lost before it is handled is not handled at all.
        reply = _Reply(200, _headers(scope), b"")
        early = [rule for rule in rules if rule.at == "request"]
        if not await _apply(early, reply, scope, receive):
            return
        if all(rule.do == "delay" for rule in early):
            reply = await self._handled(scope, body)
            late = [rule for rule in rules if rule.at == "answer"]
            if not await _apply(late, reply, scope, receive):
                return
        await _send(reply, scope, receive, send)

    async def _handled(self, scope: Scope, body: bytes) -> _Reply:
        """Let the application handle the call and keep its answer."""
        reply = _Reply(500, [], b"")

        async def receive_again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                reply.status, reply.headers = message["status"], list(message["headers"])
            elif message["type"] == "http.response.body":
                reply.body += message.get("body", b"")

        await self._app(scope, receive_again, keep)
        return reply


async def _apply(rules: list[FaultRule], reply: _Reply, scope: Scope, receive: Receive) -> bool:
    """Wait, change the answer or end the connection; return whether there is still anything to send."""
    for rule in rules:
        if rule.do == "delay":
            await asyncio.sleep(rule.seconds)
        elif rule.do in ("drop", "reset"):
            await _end(rule, scope, receive)
            return False
        else:
            _change(rule, reply)
    return True


def _change(rule: FaultRule, reply: _Reply) -> None:
    """Make of an answer what the rule makes of it."""
    if rule.do == "status":
        reply.status = rule.status
    elif rule.do == "error":
        text = rule.text or GATEWAY_TEXTS.get(rule.code, rule.code)
        _replace(reply, Answer({"rt_cd": "1", "msg_cd": rule.code, "msg1": text}, rule.status or 500))
    elif rule.do == "raw":
        reply.status = rule.status or 200
        reply.body = b"x" * rule.size if rule.size > 0 and not rule.text else (rule.text or _HTML).encode()
        reply.headers = [*(pair for pair in reply.headers if pair[0] in _HEADERS_KEPT)]
        reply.headers.append((b"Content-Type", b"text/html; charset=utf-8"))
    elif rule.do == "truncate":
        reply.body = reply.body[: max(0, rule.size)]
    elif rule.do == "cut":
        reply.cut = max(0, rule.size)
    elif rule.do == "endless":
        _continue_for_ever(reply, is_moving=rule.size != 0)
    elif rule.do == "twice":
        reply.body = _doubled(reply.body, rule.fields.split("+"))
    else:
        reply.body = _edited(reply.body, set(rule.fields.split("+")), is_blank=rule.do == "blank")


def _replace(reply: _Reply, answer: Answer) -> None:
    reply.status = answer.status
    reply.body = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()


def _edited(body: bytes, names: set[str], *, is_blank: bool) -> bytes:
    """Return a JSON body without the named fields, or with "" in them; what is no JSON stays."""

    def edit(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {name: edit(inner) for name, inner in value.items() if is_blank or name not in names}
            return {name: "" if name in names else inner for name, inner in kept.items()}
        return [edit(inner) for inner in value] if isinstance(value, list) else value

    try:
        return json.dumps(edit(json.loads(body)), ensure_ascii=False, separators=(",", ":")).encode()
    except ValueError:
        return body


def _continue_for_ever(reply: _Reply, *, is_moving: bool) -> None:
    """Say that another page follows; its key is a constant, or new each time and of no meaning."""
    reply.headers = [pair for pair in reply.headers if pair[0] != b"tr_cont"] + [(b"tr_cont", b"M")]
    try:
        body = json.loads(reply.body)
    except ValueError:
        return
    key = secrets.token_hex(8) if is_moving else "0000000000"
    for name in ("ctx_area_nk100", "ctx_area_nk200"):
        if name in body:
            body[name] = f"{key}!^".ljust(100)
    reply.body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _doubled(body: bytes, names: list[str]) -> bytes:
    """Return a JSON body whose named lists have every row a second time."""
    try:
        found = json.loads(body)
    except ValueError:
        return body
    for name in names:
        if isinstance(found.get(name), list):
            found[name] = found[name] * 2
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    names = {b"tr_id", b"gt_uid"}
    echoed = [(name, value) for name, value in scope["headers"] if name in names]
    return [(b"Content-Type", b"application/json; charset=utf-8"), *echoed, (b"tr_cont", b"")]


async def _whole_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _end(rule: FaultRule, scope: Scope, receive: Receive) -> None:
    """Leave a call without answer: hold its connection for a while (drop), then reset it."""
    if rule.do == "drop":
        try:
            async with asyncio.timeout(rule.seconds or None):
                while (await receive())["type"] != "http.disconnect":
                    continue
        except TimeoutError:
            # It was held as long as the rule says.
            await _hang_up(scope, receive)
        return
    await _hang_up(scope, receive)


async def _hang_up(scope: Scope, receive: Receive, *, with_reset: bool = True) -> None:
    end: Callable[..., None] | None = scope.get("extensions", {}).get(CONNECTION)
    if end is None:
        raise RuntimeError("fault rules need a server that can end connections")
    end(with_reset=with_reset)
    # The server sends an answer of its own unless it has seen the connection end.
    while (await receive())["type"] != "http.disconnect":
        continue


async def _send(reply: _Reply, scope: Scope, receive: Receive, send: Send) -> None:
    headers = [pair for pair in reply.headers if pair[0].lower() != b"content-length"]
    headers.append((b"Content-Length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.cut < 0:
        await send({"type": "http.response.body", "body": reply.body})
        return
    await send({"type": "http.response.body", "body": reply.body[: reply.cut], "more_body": True})
    await _hang_up(scope, receive, with_reset=False)
