"""Take secrets out of what is recorded: by value wherever it stands, and by name where the value is unknown.

An account number becomes a stand-in that is the same for the whole session, so that a replay can still tell
accounts apart. Names are those of KIS's documents (tokens, keys, owner, contact) in either case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

HIDDEN = "***"
_SHORTEST = 4
_SECRET_NAMES = frozenset(
    {
        *("appkey", "app_key", "appsecret", "app_secret", "secretkey", "secret_key", "access_token"),
        *("approval_key", "authorization", "personalseckey", "hashkey", "hash", "token", "password"),
    }
)
_SESSION_KEY_NAMES = frozenset({"iv", "key"})
"""Of a reply on the socket: what unseals the notices."""
_PERSON = re.compile(r"cust_id|hts_id|user_id|cust_nm|acnt_n[am]|tlno|phone|ip_addr|mac_addr|empno", re.I)
_ACCOUNT = re.compile(r"^cano$|acnt_no|acct_no|^acct$", re.I)
_DIGITS = re.compile(r"\d{8,}")
_NAMED = re.compile(
    r"(?i)(\b(?:app_?key|app_?secret|secret_?key|access_token|approval_key|hashkey|token|password)\b"
    r"[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,;}]+"
)
_BEARER = re.compile(r"(?i)(\bbearer\s+)[^\s\"',;}]+")
_NOTICE_TR = re.compile(r"CNI\d$")
_NOTICE_FRAME = re.compile(r"(?:1\|([A-Z0-9]{6,13})|0\|([A-Z0-9]+CNI\d))\|")


def withheld_stream(text: str) -> str:
    """Return the TR id of a frame that must not be written at all (sealed, or a notice), else nothing."""
    found = _NOTICE_FRAME.match(text)
    return (found[1] or found[2]) if found else ""


class Masker:
    """Know the secrets of this run; one thread learns while another masks."""

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()
        self._words: tuple[str, ...] = ()
        self._accounts: dict[str, str] = {}

    def learn(self, *secrets: str) -> None:
        """Hide these values from now on, wherever they stand."""
        known = set(self._secrets)
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                known.update((secret, json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe="")))
        # The longest first, so that one secret inside another never leaves a rest.
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def learn_word(self, word: str) -> None:
        """Hide a name (an HTS ID) where it stands as a word of its own."""
        if len(word) >= _SHORTEST and word not in self._words:
            self._words = (*self._words, word)

    def account(self, number: str) -> str:
        """Return the stand-in for an account number of 8 digits and more; what follows them is kept."""
        digits = number[:8]
        stand_in = self._accounts.get(digits)
        if stand_in is None:
            if digits in self._accounts.values():
                return number
            stand_in = f"{90_000_001 + len(self._accounts)}"
            self._accounts = {**self._accounts, digits: stand_in}
        return stand_in + number[8:]

    def clean(self, line: str) -> str:
        """Return a finished line without any value that is known to be secret."""
        for secret in self._secrets:
            if secret in line:
                line = line.replace(secret, HIDDEN)
        for number, stand_in in self._accounts.items():
            if number in line:
                line = re.sub(rf"(?<!\d){number}(?=-?\d\d(?!\d)|(?!\d))", stand_in, line)
        for word in self._words:
            if word in line:
                line = re.sub(rf"(?<![0-9A-Za-z_]){re.escape(word)}(?![0-9A-Za-z_])", HIDDEN, line)
        return line

    def values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters or a body, with what a name tells to be secret taken out at every depth."""
        return {name: self._value(name, value) for name, value in values.items()}

    def body(self, content: bytes) -> Any:
        """Return an answer's JSON, or its text, masked by name."""
        try:
            return self._inside(json.loads(content))
        except (ValueError, RecursionError):
            return self.text(content.decode("utf-8", "replace"))

    def frame(self, text: str) -> str:
        """Return a message of the socket, masked by name; market data goes through as it is."""
        if not text.startswith("{"):
            return text
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return self.text(text)
        masked = self._inside(document)
        _hide_session(masked)
        return json.dumps(masked, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def text(text: str) -> str:
        """Return a text of no known form, with what looks like a named secret taken out."""
        return _BEARER.sub(rf"\1{HIDDEN}", _NAMED.sub(rf"\1{HIDDEN}", text))

    def _inside(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.values(value)
        if isinstance(value, list):
            return [self._inside(one) for one in value]
        return value

    def _value(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return self._inside(value)
        if name.lower() in _SECRET_NAMES or _PERSON.search(name):
            return HIDDEN if value.strip() else value
        if _ACCOUNT.search(name):
            return _DIGITS.sub(lambda found: self.account(found[0]), value)
        return value


def _hide_session(document: Any) -> None:
    """Take out of a command or reply what unseals notices, and the HTS ID that asks for them."""
    if not isinstance(document, dict):
        return
    header, body = document.get("header"), document.get("body")
    holders = [header]
    if isinstance(body, dict):
        output = body.get("output")
        if isinstance(output, dict):
            for name in [name for name in output if name.lower() in _SESSION_KEY_NAMES]:
                del output[name]
        holders.append(body.get("input"))
    for holder in holders:
        if isinstance(holder, dict) and _NOTICE_TR.search(str(holder.get("tr_id", ""))):
            holder["tr_key"] = HIDDEN
