"""Takes, amends and cancels the orders of accounts, or refuses to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from kis_terminal.adapters.simulator.books.market import SymbolMarket
from kis_terminal.adapters.simulator.model import (
    Accepted,
    Account,
    OrderAction,
    Refused,
    Side,
)
from kis_terminal.adapters.simulator.orders.account_orders import AccountOrder
from kis_terminal.adapters.simulator.orders.accounts import Accounts
from kis_terminal.adapters.simulator.orders.journal import OrderJournal
from kis_terminal.adapters.simulator.orders.working_orders import WorkingOrders
from kis_terminal.adapters.simulator.rules import order_rules as rules
from kis_terminal.adapters.simulator.rules.order_routing import (
    AUCTION_KINDS,
    plain_kind,
    refuse_in_auction,
    route,
)
from kis_terminal.adapters.simulator.rules.trading_day import Stage

ORGANISATION = "91252"
FIRST_NUMBER = 40_000


class OrderDesk:
    """Give every order its number; what it takes is worked by `WorkingOrders`."""

    def __init__(
        self,
        markets: Mapping[str, SymbolMarket],
        accounts: Accounts,
        journal: OrderJournal,
        working: WorkingOrders,
    ) -> None:
        self._markets = markets
        self._accounts = accounts
        self._journal = journal
        self._working = working
        self._shelf = working.shelf
        self._number = FIRST_NUMBER

    def submit(
        self,
        account: Account,
        side: Side,
        symbol: str,
        kind: str,
        quantity: int,
        price: int,
        moment: datetime,
        stage: Stage,
        venue: str,
        stop_price: int,
        placed_by: str = "owner",
    ) -> Accepted | Refused:
        """Take a new order and work it at once, or refuse it."""
        market = self._markets.get(symbol)
        if market is None or market.is_delisted:
            return rules.UNKNOWN_SYMBOL
        order = self._new_order(
            market, account, side, "new", kind, quantity, price, moment, venue, stop_price
        )
        order.placed_by = placed_by
        refusal = self._refuse(order, market, stage) or self._refuse_means(order, account, 0)
        if refusal is not None:
            self._journal.note("refused", order, moment, quantity, price, reason=refusal.message)
            return refusal
        self._accept(order, moment)
        self._working.work(order, market, moment)
        return Accepted(order.order_no, ORGANISATION, moment.strftime("%H%M%S"))

    def amend(
        self,
        account: Account,
        original_no: str,
        kind: str,
        quantity: int,
        price: int,
        all_rest: bool,
        moment: datetime,
        stage: Stage,
        venue: str,
        stop_price: int,
        placed_by: str = "owner",
    ) -> Accepted | Refused:
        """Replace (part of) an open order by a new one at another price or of another kind."""
        original = self._find(account, original_no)
        if isinstance(original, Refused):
            return original
        refusal = _refuse_change(original, quantity, all_rest, venue, "정정")
        if refusal is not None:
            return refusal
        market = self._markets[original.listing.symbol]
        taken = original.rest if all_rest else quantity
        order = self._new_order(
            market, account, original.side, "amend", kind, taken, price, moment, original.venue, stop_price
        )
        order.original_no = original.order_no
        order.placed_by = placed_by
        refusal = self._refuse(order, market, stage) or self._refuse_means(
            order, account, self._freed(original, taken)
        )
        if refusal is not None:
            self._journal.note("refused", order, moment, taken, price, reason=refusal.message)
            return refusal
        self._working.withdraw(original, taken, "amended")
        self._accept(order, moment)
        self._journal.note("amended", original, moment, taken, price, by=placed_by)
        self._journal.receipt(order, "confirmed", moment, taken)
        self._working.work(order, market, moment)
        return Accepted(order.order_no, ORGANISATION, moment.strftime("%H%M%S"))

    def cancel(
        self,
        account: Account,
        original_no: str,
        quantity: int,
        all_rest: bool,
        moment: datetime,
        venue: str,
        placed_by: str = "owner",
    ) -> Accepted | Refused:
        """Cancel an open order, whole or in part."""
        original = self._find(account, original_no)
        if isinstance(original, Refused):
            return original
        refusal = _refuse_change(original, quantity, all_rest, venue, "취소")
        if refusal is not None:
            return refusal
        taken = original.rest if all_rest else quantity
        market = self._markets[original.listing.symbol]
        order = self._new_order(
            market,
            account,
            original.side,
            "cancel",
            original.kind,
            taken,
            original.price,
            moment,
            original.venue,
            0,
        )
        order.original_no, order.cancelled, order.state = original.order_no, taken, "done"
        order.condition = "0"
        order.placed_by = placed_by
        self._number += 1
        order.order_no = f"{self._number:010d}"
        self._shelf.add(order)
        self._working.withdraw(original, taken, "cancelled")
        self._journal.note("cancelled", original, moment, taken, original.price, by=placed_by)
        self._journal.receipt(order, "accepted", moment, taken)
        self._journal.receipt(order, "confirmed", moment, taken)
        return Accepted(order.order_no, ORGANISATION, moment.strftime("%H%M%S"))

    def _new_order(
        self,
        market: SymbolMarket,
        account: Account,
        side: Side,
        action: OrderAction,
        kind: str,
        quantity: int,
        price: int,
        moment: datetime,
        venue: str,
        stop_price: int,
    ) -> AccountOrder:
        return AccountOrder(
            account=account,
            listing=market.listing,
            order_no="",
            original_no="",
            org_no=ORGANISATION,
            side=side,
            action=action,
            kind=kind,
            quantity=quantity,
            price=price if kind in rules.PRICED else 0,
            venue=venue,
            stop_price=stop_price if kind == "22" else 0,
            moment=moment,
        )

    def _refuse(self, order: AccountOrder, market: SymbolMarket, stage: Stage) -> Refused | None:
        if order.quantity <= 0:
            return rules.BAD_QUANTITY
        place = route(order.kind, order.venue, _own_stage(market, stage), market.listing.kind)
        if isinstance(place, Refused):
            return place
        if market.is_halted:
            return rules.HALTED
        if place == "regular" and market.mode == "auction":
            refusal = refuse_in_auction(order.kind)
            if refusal is not None:
                return refusal
        if place == "extended" and not market.matches(place) and plain_kind(order.kind) not in AUCTION_KINDS:
            return refuse_in_auction(order.kind)
        order.place = place
        limits = (*market.limits_of(place), market.listing.kind)
        refusal = None
        if order.kind == "22":
            refusal = rules.refuse_price(order.stop_price, *limits, what="조건가격")
        if refusal is None and order.kind in rules.PRICED:
            refusal = rules.refuse_price(order.price, *limits)
        return refusal

    def _refuse_means(self, order: AccountOrder, account: Account, freed: int) -> Refused | None:
        """Check cash or shares; `freed` is what the amended original gives back."""
        state = self._accounts.state(account)
        market = self._markets[order.listing.symbol]
        order.reservation_price = rules.reservation_price(
            order.kind, order.side, order.price, market.limits_of(order.place)[0]
        )
        if order.side == "sell":
            position = state.position(order.listing.symbol)
            return rules.NO_SHARES if order.quantity > position.quantity - position.reserved + freed else None
        needed = self._accounts.buy_reservation(order.reservation_price, order.quantity)
        return rules.NO_CASH if needed > state.orderable + freed else None

    def _find(self, account: Account, original_no: str) -> AccountOrder | Refused:
        order = self._shelf.find(original_no.strip().zfill(10))
        if order is None or order.account != account or order.action == "cancel":
            return rules.NO_ORIGINAL
        return order

    def _freed(self, original: AccountOrder, quantity: int) -> int:
        if original.side == "sell":
            return quantity
        return original.reserved - self._accounts.buy_reservation(
            original.reservation_price, original.rest - quantity
        )

    def _accept(self, order: AccountOrder, moment: datetime) -> None:
        self._number += 1
        order.order_no = f"{self._number:010d}"
        self._shelf.add(order)
        self._working.reserve(order)
        self._journal.note("accepted", order, moment, order.quantity, order.price)
        self._journal.receipt(order, "accepted", moment, order.quantity)


def _own_stage(market: SymbolMarket, stage: Stage) -> Stage:
    """Return the stage that a symbol is in: its closing auction ends some seconds after the hour."""
    if stage.krx == "after_close" and market.mode == "auction":
        return replace(stage, krx="closing", fixed="")
    return stage


def _refuse_change(
    original: AccountOrder, quantity: int, all_rest: bool, venue: str, what: str
) -> Refused | None:
    if venue != original.venue:
        return Refused(
            "APBK0347", f"{what}주문 불가합니다. 원주문 거래소[{original.venue}] {what}주문 거래소[{venue}]"
        )
    if not original.is_open:
        return rules.NOTHING_LEFT
    if not all_rest and quantity <= 0:
        return rules.BAD_QUANTITY
    if not all_rest and quantity > original.rest:
        return rules.TOO_MANY
    return None
