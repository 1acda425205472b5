"""The control side of the rehearsal's own exchange: orders from elsewhere, a lost answer, its record."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence

_PATIENCE = 10.0
_ENDING = frozenset({"filled", "cancelled", "expired"})


@dataclass(frozen=True, slots=True)
class ExchangeRecord:
    """What the exchange has written of one account."""

    accepted: int
    """Orders that it took, amendments among them."""
    open_numbers: tuple[str, ...]
    """Orders with a rest, of every product."""


class ExchangeControl:
    """Ask the embedded exchange by its control API; every call blocks, and raises TerminalError."""

    def __init__(self, url: str, token: str, cano: str) -> None:
        """`url` ends with /control; `cano` is the account that is rehearsed with."""
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "", parts.port or 0, parts.path
        self._token = token
        self._cano = cano

    def place(self, symbol: str, side: str, quantity: int, price: int) -> str:
        """Let another program of the account place a limit order; return its number."""
        told = self._call(
            "/orders",
            {"account": self._cano, "side": side, "symbol": symbol, "quantity": quantity, "price": price},
        )
        if not told["accepted"]:
            raise TerminalError(_refused(str(told["reason"])))
        return str(told["number"])

    def rest(self, product: str, symbol: str, quantity: int, price: str, market: str = "") -> str:
        """Let an order of another product rest (`Product` by its value); return its number."""
        values = {"account": self._cano, "type": product, "side": "buy", "symbol": symbol}
        told = self._call("/side-orders", {**values, "quantity": quantity, "price": price, "market": market})
        return str(told["number"])

    def lose_next_answer(self, path: str) -> None:
        """Let the next request to a path that ends so be carried out and its answer be lost."""
        rule = {"do": "drop", "at": "answer", "path": f"*{path}", "nth": "1", "seconds": 0.3}
        self._call("/faults", rule)

    def lost_answers(self) -> int:
        """Return how many answers have been lost on purpose."""
        return sum(int(rule["fired"]) for rule in self._call("/faults"))

    def record(self) -> ExchangeRecord:
        """Return what stands in the exchange's own books."""
        rest: Counter[str] = Counter()
        head: dict[str, str] = {}
        entries = [entry for entry in self._call("/ledger") if entry["account"] == self._cano]
        for entry in entries:
            number, quantity = str(entry["order_no"]), int(entry["quantity"])
            if entry["kind"] == "accepted":
                # An amendment goes on with the rest of the order that it changes.
                head[number] = head.get(str(entry["original_no"]), number)
                rest[number] += quantity if head[number] == number else 0
            elif entry["kind"] in _ENDING:
                rest[head[number]] -= quantity
        others = {
            str(row["number"]): int(row["rest"])
            for row in self._call("/side-orders")
            if row["account"] == self._cano
        }
        still_open = tuple(number for number, left in {**rest, **others}.items() if left > 0)
        return ExchangeRecord(sum(entry["kind"] == "accepted" for entry in entries), still_open)

    def _call(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Return what a call answers; no proxy is asked, since the exchange is this machine's."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_PATIENCE)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            method, content = ("GET", None) if body is None else ("POST", json.dumps(body))
            connection.request(method, self._path + path, content, headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise TerminalError(_refused(str(error))) from error
        finally:
            connection.close()
        if answer.status != 200:
            raise TerminalError(_refused(str(told.get("error", answer.status))))
        return told


def _refused(why: str) -> Sentence:
    return Sentence("연습용 거래소가 답하지 않습니다: {why}", why=why)
