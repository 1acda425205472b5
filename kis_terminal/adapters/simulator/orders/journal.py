"""Write what happens to orders into the ledger and tell the wire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from kis_terminal.adapters.simulator.model import Event, OrderFilled, OrderReceipt
from kis_terminal.adapters.simulator.orders.account_orders import AccountOrder
from kis_terminal.adapters.simulator.orders.ledger import Ledger, LedgerEntry, LedgerKind

Outcome = Literal["accepted", "confirmed", "refused", "rest_cancelled", "triggered", "expired"]


class OrderJournal:
    """Turn changes of orders into ledger entries and into `OrderReceipt` and `OrderFilled` events."""

    def __init__(
        self, ledger: Ledger, next_sequence: Callable[[], int], emit: Callable[[Event], None]
    ) -> None:
        self._ledger = ledger
        self._next_sequence = next_sequence
        self._emit = emit

    def note(
        self,
        kind: LedgerKind,
        order: AccountOrder,
        moment: datetime,
        quantity: int,
        price: int,
        *,
        fee: int = 0,
        tax: int = 0,
        by: str = "",
        reason: str = "",
    ) -> int:
        """Write one ledger entry and return its sequence; `by` is whoever placed the order where empty."""
        sequence = self._next_sequence()
        account = order.account
        self._ledger.append(
            LedgerEntry(
                sequence=sequence,
                time=moment,
                kind=kind,
                realm=account.realm,
                account=account.number,
                product=account.product,
                order_no=order.order_no,
                original_no=order.original_no,
                symbol=order.listing.symbol,
                side=order.side,
                order_kind=order.kind,
                quantity=quantity,
                price=price,
                fee=fee,
                tax=tax,
                by=by or order.placed_by,
                reason=reason,
            )
        )
        return sequence

    def filled(
        self, order: AccountOrder, moment: datetime, quantity: int, price: int, fee: int, tax: int
    ) -> None:
        """Write and tell one execution; the order counts it already."""
        sequence = self.note("filled", order, moment, quantity, price, fee=fee, tax=tax)
        account = order.account
        self._emit(
            OrderFilled(
                sequence=sequence,
                time=moment,
                realm=account.realm,
                account=account.number,
                product=account.product,
                order_no=order.order_no,
                original_no=order.original_no,
                org_no=order.org_no,
                side=order.side,
                kind=order.kind,
                condition=order.condition,
                symbol=order.listing.symbol,
                name=order.listing.name,
                quantity=quantity,
                price=price,
                order_quantity=order.quantity,
                order_price=order.price,
                filled=order.filled,
                rest=order.rest,
                stop_price=order.stop_price,
                fee=fee,
                tax=tax,
            )
        )

    def receipt(self, order: AccountOrder, outcome: Outcome, moment: datetime, quantity: int) -> None:
        """Tell what became of an order."""
        account = order.account
        self._emit(
            OrderReceipt(
                sequence=self._next_sequence(),
                time=moment,
                realm=account.realm,
                account=account.number,
                product=account.product,
                order_no=order.order_no,
                original_no=order.original_no,
                org_no=order.org_no,
                side=order.side,
                action=order.action,
                outcome=outcome,
                kind=order.kind,
                condition=order.condition,
                symbol=order.listing.symbol,
                name=order.listing.name,
                quantity=quantity,
                price=order.price,
                stop_price=order.stop_price,
                reason=order.refusal_reason,
            )
        )
