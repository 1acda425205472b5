"""What happened to orders, append-only: the exchange's own record for checks and tests.

The newest 200,000 entries are kept (some 100 MB); at the rate of a person or a test that is everything.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from kis_terminal.adapters.simulator.model import Account, Side

LARGEST = 200_000
LedgerKind = Literal["accepted", "filled", "cancelled", "amended", "triggered", "expired", "refused"]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line. For fills `quantity` and `price` are of the execution, otherwise of the order."""

    sequence: int
    time: datetime
    kind: LedgerKind
    realm: str
    account: str
    product: str
    order_no: str
    original_no: str
    symbol: str
    side: Side
    order_kind: str
    quantity: int
    price: int
    fee: int = 0
    tax: int = 0
    by: str = "owner"
    """Who caused it: the owner or the exchange."""
    reason: str = ""


class Ledger:
    """Keep every entry in the order in which it happened."""

    def __init__(self) -> None:
        self._entries: deque[LedgerEntry] = deque(maxlen=LARGEST)

    @property
    def entries(self) -> tuple[LedgerEntry, ...]:
        """Return all entries that are kept, oldest first."""
        return tuple(self._entries)

    def append(self, entry: LedgerEntry) -> None:
        """Add one entry; there is no way to change or remove it."""
        self._entries.append(entry)

    def of(self, account: Account) -> list[LedgerEntry]:
        """Return the entries of one account."""
        key = (account.realm, account.number, account.product)
        return [entry for entry in self._entries if (entry.realm, entry.account, entry.product) == key]

    def to_json(self) -> list[dict[str, object]]:
        """Return the entries as values that JSON can carry."""
        return [asdict(entry) | {"time": entry.time.isoformat()} for entry in self._entries]
