"""Disturb the market from the control side: orders from elsewhere, halts, interruptions, capital changes.

Bodies are JSON; what is optional has what stands for it behind it.

    POST /control/orders             action place: account, side, symbol, quantity, kind (00), price (0), as
                                     if from an HTS. amend: account, number, price, kind, quantity (0: whole
                                     rest). cancel: account, number, quantity (0). For all: host (real),
                                     product (01), venue (KRX); condition_price (0) of kind 22
    POST /control/side-orders        account, type (reserved, bond, futures ...), side, symbol, quantity,
                                     price (a text), market (OVRS_EXCG_CD, ""): one that rests; GET: all
    POST /control/halts              symbol, halted (true); false lets it trade again
    POST /control/vi                 symbol
    POST /control/circuit-breaker    stage, market (both; KOSPI or KOSDAQ)
    POST /control/corporate-actions  action split: symbol, new, old (1)
    POST /control/listings           action list: symbol, name, price; action delist: symbol
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from starlette.requests import Request

from kis_terminal.adapters.simulator.model import Accepted, Account, Refused
from kis_terminal.adapters.simulator.orders.side_orders import SIDE_PRODUCTS, SideProduct
from kis_terminal.adapters.simulator.rules.order_routing import KIND_NAMES
from kis_terminal.adapters.simulator.rules.tick_rules import is_on_tick
from kis_terminal.adapters.simulator.serving.venue import Venue

HTS = "hts"
_SYMBOL = re.compile(r"[0-9A-Z]{6,7}")
_PRICE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,8})?")
_VENUES = ("KRX", "NXT", "SOR")
_MOST = 10**10


class ControlError(ValueError):
    """A control call asks for something that cannot be done."""


class ControlMarket:
    """Answer the control calls that act on the market."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def routes(self) -> dict[tuple[str, str], Callable[[Request, Mapping[str, Any]], Any]]:
        """Return who answers which call."""
        return {
            ("POST", "/control/orders"): self.order,
            ("POST", "/control/side-orders"): self.side_order,
            ("GET", "/control/side-orders"): lambda request, body: self._venue.side.to_json(),
            ("POST", "/control/halts"): self.halt,
            ("POST", "/control/vi"): self.interrupt,
            ("POST", "/control/circuit-breaker"): self.circuit_breaker,
            ("POST", "/control/corporate-actions"): self.corporate_action,
            ("POST", "/control/listings"): self.listing,
        }

    def order(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Place, amend or cancel an order as if from another program of the same person."""
        actions = {"place": self._place, "amend": self._amend, "cancel": self._cancel}
        action = _one_of(body, "action", tuple(actions), "place")
        answer = actions[action](self._account(body), body)
        if isinstance(answer, Refused):
            return {"accepted": False, "reason": answer.message}
        return {"accepted": True, "number": answer.order_no, "time": answer.time}

    def _place(self, account: Account, body: Mapping[str, Any]) -> Accepted | Refused:
        _only(
            body,
            "action",
            "host",
            "account",
            "product",
            "side",
            "symbol",
            "kind",
            "quantity",
            "price",
            *_MORE,
        )
        side: Literal["buy", "sell"] = "buy" if _one_of(body, "side", ("buy", "sell")) == "buy" else "sell"
        return self._venue.exchange.place_foreign(
            account,
            side,
            self._symbol(body),
            _one_of(body, "kind", tuple(KIND_NAMES), "00"),
            _whole(body, "quantity", 1),
            _whole(body, "price", 0, 0),
            self._venue.now(),
            venue=_one_of(body, "venue", _VENUES, "KRX"),
            condition_price=_whole(body, "condition_price", 0, 0),
        )

    def _amend(self, account: Account, body: Mapping[str, Any]) -> Accepted | Refused:
        _only(body, "action", "host", "account", "product", "number", "kind", "quantity", "price", *_MORE)
        quantity = _whole(body, "quantity", 0, 0)
        return self._venue.exchange.amend(
            account,
            _number(body),
            _one_of(body, "kind", tuple(KIND_NAMES), "00"),
            quantity,
            _whole(body, "price", 0, 0),
            quantity == 0,
            self._venue.now(),
            venue=_one_of(body, "venue", _VENUES, "KRX"),
            condition_price=_whole(body, "condition_price", 0, 0),
            placed_by=HTS,
        )

    def _cancel(self, account: Account, body: Mapping[str, Any]) -> Accepted | Refused:
        _only(body, "action", "host", "account", "product", "number", "quantity", "venue")
        quantity = _whole(body, "quantity", 0, 0)
        return self._venue.exchange.cancel(
            account,
            _number(body),
            quantity,
            quantity == 0,
            self._venue.now(),
            venue=_one_of(body, "venue", _VENUES, "KRX"),
            placed_by=HTS,
        )

    def side_order(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Let an order of a product that is not matched here rest, as if from another program."""
        _only(body, "host", "account", "product", "type", "side", "symbol", "quantity", "price", "market")
        product = _one_of(body, "type", SIDE_PRODUCTS)
        symbol, price, market = body.get("symbol"), body.get("price", "0"), body.get("market", "")
        if not isinstance(symbol, str) or not 0 < len(symbol) <= 20:
            raise ControlError("symbol: a text of up to 20 letters")
        if not isinstance(price, str) or not _PRICE.fullmatch(price) or not isinstance(market, str):
            raise ControlError("price, market: texts")
        order = self._venue.side.place(
            self._account(body),
            cast(SideProduct, product),
            symbol,
            "buy" if _one_of(body, "side", ("buy", "sell")) == "buy" else "sell",
            _whole(body, "quantity", 1),
            price,
            self._venue.exchange_time(),
            market=market,
        )
        return {"number": order.number}

    def halt(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Halt a symbol, or let it trade again through an auction."""
        _only(body, "symbol", "halted")
        symbol, halted = self._symbol(body), body.get("halted", True)
        if not isinstance(halted, bool):
            raise ControlError("halted: true or false")
        exchange, now = self._venue.exchange, self._venue.now()
        if halted:
            exchange.halt(symbol, now)
        else:
            exchange.resume(symbol, now)
        return {"symbol": symbol, "halted": exchange.quote(symbol).is_halted}

    def interrupt(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Interrupt a symbol for an auction, where it trades continuously."""
        _only(body, "symbol")
        symbol = self._symbol(body)
        return {"symbol": symbol, "interrupted": self._venue.exchange.trip_vi(symbol, self._venue.now())}

    def circuit_breaker(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Break the circuit of one market or both."""
        _only(body, "stage", "market")
        stage = _whole(body, "stage", 1)
        if stage > 3:
            raise ControlError("stage: 1, 2 or 3")
        market = _one_of(body, "market", ("KOSPI", "KOSDAQ", ""), "")
        self._venue.exchange.circuit_breaker(stage, self._venue.now(), market=market)
        return {"stage": stage, "market": market or "all"}

    def corporate_action(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Announce a split; it is done as the next trading day begins."""
        _only(body, "action", "symbol", "new", "old")
        _one_of(body, "action", ("split",), "split")
        symbol, new, old = self._symbol(body), _whole(body, "new", 1), _whole(body, "old", 1, 1)
        if new == old:
            raise ControlError("new, old: two different numbers of shares")
        self._venue.exchange.split(symbol, new, old)
        return {"symbol": symbol, "new": new, "old": old, "from": "next trading day"}

    def listing(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Announce a new listing or a delisting for the next trading day."""
        _only(body, "action", "symbol", "name", "price")
        exchange = self._venue.exchange
        if _one_of(body, "action", ("list", "delist")) == "delist":
            leaving = self._symbol(body)
            exchange.delist(leaving)
            return {"symbol": leaving, "until": "next trading day"}
        symbol, name, price = body.get("symbol"), body.get("name"), _whole(body, "price", 1)
        if not isinstance(symbol, str) or not _SYMBOL.fullmatch(symbol):
            raise ControlError("symbol: six or seven digits and capitals")
        if not isinstance(name, str) or not name.strip() or len(name) > 40:
            raise ControlError("name: a text of up to 40 letters")
        if not is_on_tick(price, "stock"):
            raise ControlError(f"price: {price} does not lie on the tick table")
        try:
            exchange.list_new(symbol, name.strip(), price)
        except ValueError:
            raise ControlError(f"symbol: {symbol} is listed already") from None
        return {"symbol": symbol, "from": "next trading day"}

    def _symbol(self, body: Mapping[str, Any]) -> str:
        symbol = body.get("symbol")
        if not isinstance(symbol, str) or self._venue.exchange.listing(symbol) is None:
            raise ControlError(f"symbol: nothing of the name {symbol!r} is listed")
        return symbol

    def _account(self, body: Mapping[str, Any]) -> Account:
        realm = _one_of(body, "host", ("real", "paper"), "real")
        number, product = body.get("account"), body.get("product", "01")
        if not _is_digits(number, 8):
            raise ControlError("account: eight digits")
        if not _is_digits(product, 2):
            raise ControlError("product: two digits")
        return self._venue.exchange.account(str(number), str(product), realm=realm)


_MORE = ("venue", "condition_price")


def _is_digits(text: object, length: int) -> bool:
    return isinstance(text, str) and len(text) == length and text.isascii() and text.isdigit()


def _only(body: Mapping[str, Any], *names: str) -> None:
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise ControlError(f"{', '.join(unknown)}: not known here; known: {', '.join(names)}")


def _one_of(body: Mapping[str, Any], name: str, values: tuple[str, ...], default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str) or value not in values:
        raise ControlError(f"{name}: {', '.join(one for one in values if one)}")
    return value


def _whole(body: Mapping[str, Any], name: str, lowest: int, default: int | None = None) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value < _MOST:
        raise ControlError(f"{name}: a whole number of {lowest} or more")
    return value


def _number(body: Mapping[str, Any]) -> str:
    number = body.get("number")
    if not isinstance(number, str) or not _is_digits(number, len(number)) or not 0 < len(number) <= 10:
        raise ControlError("number: the number of an order, up to ten digits")
    return number
