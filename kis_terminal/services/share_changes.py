"""Splits, bonus issues and mergers of held shares: noticed from the account and from the day's base price.

What a program waits for (a stop, a limit, a target) was said in the old shares' price. So its orders of that
symbol stay here until a person has looked. Two signs, either is enough:

- another number of shares for the same money: the broker's list of holdings has changed, its cost has not;
- a base price of today that no two days of trading can explain, against the price of an earlier day. Shares
  of a bonus issue may come weeks after its price: until a person has looked nobody knows the day's profit.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from kis_terminal.domain.account import Position
from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ports import Clock, WorkspaceStore
from kis_terminal.services.hub import Topic
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.tasks import TaskScope

log = logging.getLogger(__name__)

_HOLDINGS, _CHANGES = "holdings", "share-changes"
_QUOTE_SECONDS = 3.0
_KEEP_SECONDS = 60.0
_SAME_COST = Decimal("0.005")
_OTHER_COUNT = Decimal("0.02")
_LEAST, _MOST = Decimal("0.6"), Decimal("1.67")
"""Of a base price against the price of an earlier day: beyond them it is no trading."""


@dataclass(frozen=True, slots=True)
class _Held:
    shares: int
    cost: Decimal
    price: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class ShareChange:
    """What became of the shares of a symbol; `factor` is new shares for one old."""

    symbol: str
    name: str
    day: date
    factor: Decimal
    before: int
    after: int | None
    """Shares held now; None while only the price has told."""

    @property
    def sentence(self) -> Sentence:
        """Return what happened, for a person."""
        if self.after is None:
            return Sentence(
                "{name}({symbol})의 기준가가 주식 수 변경(분할·병합·무상증자)처럼 바뀌었습니다"
                "(약 1주→{factor:.4g}주). 이 종목의 자동 주문을 멈췄습니다. "
                "조건을 확인한 뒤 다시 허용하십시오.",
                name=self.name,
                symbol=self.symbol,
                factor=self.factor,
            )
        return Sentence(
            "{name}({symbol})의 주식 수가 거래 없이 {before:,}주에서 {after:,}주로 "
            "바뀌었습니다(분할·병합·무상증자). 이 종목의 자동 주문을 멈췄습니다. "
            "조건을 확인한 뒤 다시 허용하십시오.",
            name=self.name,
            symbol=self.symbol,
            before=self.before,
            after=self.after,
        )


class ShareChanges:
    """Own which symbols wait for a person. Topics: `noticed` (one change; caches fetch its bars anew)."""

    def __init__(
        self,
        portfolio: Portfolio,
        market_data: MarketData,
        clock: Clock,
        store: WorkspaceStore,
        scope: TaskScope,
    ) -> None:
        self._portfolio = portfolio
        self._market_data = market_data
        self._clock = clock
        self._store = store
        self._scope = scope
        self._held = _read_holdings(store.read(_HOLDINGS))
        self._earlier: dict[str, _Held] = {}
        """The holdings as the last day before this one left them."""
        self._changes = {change.symbol: change for change in _read_changes(store.read(_CHANGES))}
        self._kept_at = clock.monotonic()
        self._unsettled: set[str] = set()
        """Symbols whose price and number of shares may be of two days."""
        self.noticed: Topic[ShareChange] = Topic("share change")
        portfolio.listed.subscribe(self._take_listing)
        portfolio.is_unsettled = self._is_any_unsettled

    def forget(self) -> None:
        """Begin with nothing: the account is another one than the store tells of."""
        self._held, self._earlier, self._changes = {}, {}, {}
        self._unsettled.clear()
        self._keep()

    @property
    def waiting(self) -> tuple[ShareChange, ...]:
        """Return the changes that no person has looked at yet."""
        return tuple(self._changes.values())

    def change_of(self, symbol: str) -> ShareChange | None:
        """Return the change of a symbol that waits for a person; looks at today's base price first."""
        self._look_at_price(symbol)
        return self._changes.get(symbol)

    def words(self, symbol: str) -> str:
        """Return what waits for a person about a symbol, "" for nothing."""
        change = self.change_of(symbol)
        return "" if change is None else change.sentence

    def look(self) -> None:
        """Compare today's base prices with the prices of an earlier day."""
        for symbol in tuple(self._earlier):
            self._look_at_price(symbol)

    def acknowledge(self, symbol: str) -> None:
        """Take a person's word that what waited for the old price was seen to: programs may order again."""
        if self._changes.pop(symbol, None) is None:
            return
        log.info("%s: a person has looked at the change of its shares", symbol)
        self._earlier.pop(symbol, None)
        self._unsettled.discard(symbol)
        self._portfolio.count_profit_anew()
        self._keep()

    def _is_any_unsettled(self) -> bool:
        return any(self._portfolio.position(symbol) is not None for symbol in self._unsettled)

    # -- the account's word

    def _take_listing(self, _: None) -> None:
        today = self._clock.now().date()
        positions = {item.symbol: item for item in self._portfolio.positions}
        for symbol, position in positions.items():
            held = self._held.get(symbol)
            if held is None:
                continue
            if held.day < today and symbol not in self._earlier:
                self._earlier[symbol] = held
            if _is_restructured(held, position):
                self._notice_shares(held, position)
        held_now = {
            symbol: _Held(item.quantity, _cost_of(item), item.price, today)
            for symbol, item in positions.items()
        }
        before, self._held = self._held, held_now
        # Every fill lists the account: a price alone is written once a minute.
        is_due = self._clock.monotonic() - self._kept_at >= _KEEP_SECONDS
        if is_due or _without_prices(before) != _without_prices(held_now):
            self._keep()
        self.look()

    def _notice_shares(self, held: _Held, position: Position) -> None:
        symbol = position.symbol
        factor = Decimal(position.quantity) / held.shares
        known = self._changes.get(symbol)
        self._earlier.pop(symbol, None)  # the account has told what its base price would
        self._unsettled.add(symbol)
        self._scope.spawn(self._settle(symbol), name=f"share change {symbol}", replaces=f"shares {symbol}")
        self._put(
            replace(known, after=position.quantity, factor=factor)
            if known is not None and known.after is None
            else ShareChange(
                symbol, position.name, self._clock.now().date(), factor, held.shares, position.quantity
            )
        )

    async def _settle(self, symbol: str) -> None:
        """Fetch the new price; only price and shares of the same day tell a profit."""
        while True:
            try:
                await self._market_data.refresh_quote(symbol)
            except TerminalError as error:
                log.info("quote of %s after its split: %s", symbol, error)
                await asyncio.sleep(_QUOTE_SECONDS)
            else:
                break
        self._unsettled.discard(symbol)
        self._portfolio.count_profit_anew()

    # -- the price's word

    def _look_at_price(self, symbol: str) -> None:
        held = self._earlier.get(symbol)
        if held is None or held.price <= 0 or symbol in self._changes:
            return
        if self._clock.now().date() <= held.day:
            return
        state = self._market_data.state(symbol)
        if state.price is None or state.change is None:
            return
        base = state.price - state.change
        ratio = base / held.price
        if base <= 0 or _LEAST <= ratio <= _MOST:
            return
        self._unsettled.add(symbol)
        position = self._portfolio.position(symbol)
        name = position.name if position is not None else symbol
        self._put(ShareChange(symbol, name, self._clock.now().date(), 1 / ratio, held.shares, None))

    def _put(self, change: ShareChange) -> None:
        self._changes[change.symbol] = change
        log.warning("%s: the shares have changed by a factor of %s", change.symbol, f"{change.factor:.6g}")
        self._keep()
        self.noticed.publish(change)

    def _keep(self) -> None:
        self._kept_at = self._clock.monotonic()
        holdings = {
            symbol: [item.shares, str(item.cost), str(item.price), item.day.isoformat()]
            for symbol, item in self._held.items()
        }
        changes = [asdict(item) for item in self._changes.values()]
        try:
            self._store.write_all(
                {_HOLDINGS: json.dumps(holdings), _CHANGES: json.dumps(changes, default=str)}
            )
        except TerminalError as error:
            log.warning("a change of shares overnight would not be noticed after a restart: %s", error)


def _without_prices(held: dict[str, _Held]) -> dict[str, tuple[int, Decimal, date]]:
    return {symbol: (item.shares, item.cost, item.day) for symbol, item in held.items()}


def _cost_of(position: Position) -> Decimal:
    return position.cost if position.cost > 0 else position.average_price * position.quantity


def _is_restructured(held: _Held, position: Position) -> bool:
    """Tell whether there are clearly more or fewer shares for the same money."""
    cost = _cost_of(position)
    if held.shares <= 0 or held.cost <= 0 or cost <= 0:
        return False
    by_count = abs(Decimal(position.quantity) / held.shares - 1)
    return by_count >= _OTHER_COUNT and abs(cost / held.cost - 1) <= _SAME_COST


def _read_holdings(text: str | None) -> dict[str, _Held]:
    found: dict[str, _Held] = {}
    with contextlib.suppress(ValueError, TypeError, AttributeError, InvalidOperation):
        for symbol, (shares, cost, price, day) in json.loads(text or "{}").items():
            found[str(symbol)] = _Held(int(shares), Decimal(cost), Decimal(price), date.fromisoformat(day))
    return found


def _read_changes(text: str | None) -> list[ShareChange]:
    found: list[ShareChange] = []
    with contextlib.suppress(ValueError, TypeError, KeyError, InvalidOperation):
        for item in json.loads(text or "[]"):
            found.append(
                ShareChange(
                    str(item["symbol"]),
                    str(item["name"]),
                    date.fromisoformat(item["day"]),
                    Decimal(item["factor"]),
                    int(item["before"]),
                    None if item["after"] is None else int(item["after"]),
                )
            )
    return found
