"""Answer the auth paths: access token, its end, socket approval key, hash key.

These take a JSON body with lower-case keys and answer errors as HTTP 403 with error_code, without rt_cd.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from kis_terminal.adapters.simulator.serving.auth import APP_KEY_LENGTH, expiry_text
from kis_terminal.adapters.simulator.serving.personality import Personality
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.wire.answers import Answer, auth_refusal

AuthHandler = Callable[[Venue, Personality, Mapping[str, Any], Mapping[str, str]], Answer]


def issue_token(
    venue: Venue, personality: Personality, body: Mapping[str, Any], headers: Mapping[str, str]
) -> Answer:
    """Answer /oauth2/tokenP."""
    _check_grant(body)
    appkey, secret = _text(body, "appkey"), _text(body, "appsecret")
    venue.keys.check_auth_call(appkey, secret, personality)
    now = venue.wall()
    token = venue.tokens.issue(appkey, now)
    return Answer(
        {
            "access_token": token.text,
            "access_token_token_expired": expiry_text(token),
            "token_type": "Bearer",
            "expires_in": round((token.expires - now).total_seconds()),
        }
    )


def revoke_token(
    venue: Venue, personality: Personality, body: Mapping[str, Any], headers: Mapping[str, str]
) -> Answer:
    """Answer /oauth2/revokeP."""
    appkey = _text(body, "appkey")
    venue.keys.check_auth_call(appkey, _text(body, "appsecret"), personality)
    token = venue.tokens.find(_text(body, "token"))
    if token is None or token.appkey != appkey:
        raise auth_refusal("EGW00121")
    venue.tokens.revoke(token.text)
    return Answer({"code": 200, "message": "접근토큰 폐기에 성공하였습니다"})


def issue_approval(
    venue: Venue, personality: Personality, body: Mapping[str, Any], headers: Mapping[str, str]
) -> Answer:
    """Answer /oauth2/Approval; the secret comes under the name `secretkey`."""
    _check_grant(body)
    appkey = _text(body, "appkey")
    venue.keys.check_auth_call(appkey, _text(body, "secretkey"), personality)
    return Answer({"approval_key": venue.approvals.issue(appkey, personality, venue.wall())})


def hash_body(
    venue: Venue, personality: Personality, body: Mapping[str, Any], headers: Mapping[str, str]
) -> Answer:
    """Answer /uapi/hashkey: a hash of the body, and the body. Orders take the hash but never ask for it."""
    if not headers.get("appkey"):
        raise auth_refusal("EGW00102")
    if len(headers["appkey"]) != APP_KEY_LENGTH:
        raise auth_refusal("EGW00103")
    if not headers.get("appsecret"):
        raise auth_refusal("EGW00104")
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()
    return Answer({"BODY": dict(body), "HASH": base64.b64encode(digest).decode("ascii")})


def _check_grant(body: Mapping[str, Any]) -> None:
    grant = _text(body, "grant_type")
    if not grant:
        raise auth_refusal("EGW00115")
    if grant != "client_credentials":
        raise auth_refusal("EGW00116")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    return value if isinstance(value, str) else ""


AUTH_PATHS: Mapping[str, AuthHandler] = MappingProxyType(
    {
        "/oauth2/tokenP": issue_token,
        "/oauth2/revokeP": revoke_token,
        "/oauth2/Approval": issue_approval,
        "/uapi/hashkey": hash_body,
    }
)
