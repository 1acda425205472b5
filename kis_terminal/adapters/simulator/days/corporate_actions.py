"""What changes overnight: splits, new listings, delistings; announced now, done as a day begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from kis_terminal.adapters.simulator.books.market import SymbolMarket
from kis_terminal.adapters.simulator.history.archive import Archive
from kis_terminal.adapters.simulator.model import Listing
from kis_terminal.adapters.simulator.orders.accounts import Accounts
from kis_terminal.adapters.simulator.rules.tick_rules import round_to_tick


@dataclass(frozen=True, slots=True)
class Split:
    """`old` shares become `new` ones (new above old: a split, below: a merger of shares)."""

    symbol: str
    new: int
    old: int


class CorporateActions:
    """Keep what was announced until the next trading day begins."""

    def __init__(
        self,
        markets: Mapping[str, SymbolMarket],
        accounts: Accounts,
        archive: Archive,
        admit: Callable[[Listing], None],
    ) -> None:
        """Know whom to change; `admit` opens the market of a new listing."""
        self._markets = markets
        self._accounts = accounts
        self._archive = archive
        self._admit = admit
        self._splits: list[Split] = []
        self._listings: list[Listing] = []
        self._delistings: list[str] = []

    def split(self, split: Split) -> None:
        """Announce a split; KeyError where nothing of that symbol is listed, ValueError for no change."""
        if split.new <= 0 or split.old <= 0 or split.new == split.old:
            raise ValueError(f"{split.old} to {split.new} is no split")
        if self._markets[split.symbol].is_delisted:
            raise KeyError(split.symbol)
        self._splits.append(split)

    def list_new(self, listing: Listing) -> None:
        """Announce a new listing; ValueError where the symbol is taken."""
        if listing.symbol in self._markets or any(one.symbol == listing.symbol for one in self._listings):
            raise ValueError(f"{listing.symbol} is listed already")
        self._listings.append(listing)

    def delist(self, symbol: str) -> None:
        """Announce a delisting; KeyError where nothing of that symbol is listed."""
        if symbol not in self._markets:
            raise KeyError(symbol)
        self._delistings.append(symbol)

    def apply(self, opening: datetime) -> None:
        """Do everything that was announced; the books of the new day stand, nobody has traded yet."""
        for split in self._splits:
            self._apply_split(split, opening)
        for symbol in self._delistings:
            market = self._markets[symbol]
            market.is_delisted = market.is_halted = True
        for listing in self._listings:
            self._admit(replace(listing, listing_date=opening.date()))
        self._splits, self._listings, self._delistings = [], [], []

    def _apply_split(self, split: Split, opening: datetime) -> None:
        market = self._markets[split.symbol]
        listing, close = market.listing, market.prev_close
        # The base price has to lie on the tick table, so the factor is hardly ever the exact one.
        base = round_to_tick(close * split.old / split.new, listing.kind)
        factor = base / close
        self._archive.split(listing, opening.date(), factor)
        market.change_capital(
            replace(
                listing,
                listed_shares=listing.listed_shares * split.new // split.old,
                face_value=listing.face_value * split.old // split.new,
                average_volume=max(listing.average_volume * split.new // split.old, 1),
                base_price=base,
            ),
            base,
            factor,
            opening,
        )
        self._accounts.split(split.symbol, split.new, split.old, base)


def new_listing(
    symbol: str, name: str, price: int, *, listed_shares: int = 10_000_000, average_volume: int = 500_000
) -> Listing:
    """Describe a share that goes public at `price`; its day is set when it is admitted."""
    return Listing(
        symbol=symbol,
        name=name,
        english_name=name,
        market="KOSDAQ",
        kind="stock",
        standard_code=f"KR7{symbol[-6:]:0>6}000",
        listed_shares=listed_shares,
        face_value=500,
        listing_date=date.max,
        sector="기타",
        base_price=price,
        average_volume=average_volume,
    )
