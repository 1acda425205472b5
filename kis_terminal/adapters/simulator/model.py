"""Values that the exchange hands out: listings, events, snapshots, bars, order records.

Prices and amounts are int won, quantities int shares, times aware Asia/Seoul datetimes in *exchange time*
(see `calendar.TradingClock`). Sides are "buy" and "sell". Everything here is immutable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

Side = Literal["buy", "sell"]
OrderAction = Literal["new", "amend", "cancel"]
OrderState = Literal["resting", "waiting", "filled", "cancelled", "amended", "refused", "expired", "done"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Describe one listed thing; `base_price` is the base (and here the previous close) of today."""

    symbol: str
    name: str
    english_name: str
    market: Literal["KOSPI", "KOSDAQ"]
    kind: Literal["stock", "etf"]
    standard_code: str
    listed_shares: int
    face_value: int
    listing_date: date
    sector: str
    base_price: int
    average_volume: int
    """Typical shares traded in a day."""


class TradePrinted(NamedTuple):
    """One trade of the tape, with the state of the symbol right after it (all that H0STCNT0 needs).

    A NamedTuple and not a dataclass: these are made many times a second and a tuple costs a third of it.
    """

    sequence: int
    time: datetime
    symbol: str
    price: int
    quantity: int
    aggressor: Side
    open: int
    high: int
    low: int
    open_time: datetime
    high_time: datetime
    low_time: datetime
    total_volume: int
    total_turnover: int
    sell_count: int
    buy_count: int
    sell_volume: int
    buy_volume: int
    ask_price: int
    bid_price: int
    ask_size: int
    bid_size: int
    total_ask_size: int
    total_bid_size: int
    session: str = "continuous"
    """opening, continuous, interruption, closing, pre_close, after_close, pre_market or after_market."""
    venue: str = "KRX"

    @property
    def strength(self) -> float:
        """Give 체결강도: bought volume over sold volume in percent."""
        return 100.0 * self.buy_volume / self.sell_volume if self.sell_volume else 100.0


class BookChanged(NamedTuple):
    """Say that the book of `symbol` is different; at most one per symbol and `advance` step."""

    sequence: int
    time: datetime
    symbol: str


@dataclass(frozen=True, slots=True)
class OrderReceipt:
    """Report what became of an order, amendment or cancellation, executions aside."""

    sequence: int
    time: datetime
    realm: str
    account: str
    product: str
    order_no: str
    original_no: str
    org_no: str
    side: Side
    action: OrderAction
    outcome: Literal["accepted", "confirmed", "refused", "rest_cancelled", "triggered", "expired"]
    kind: str
    condition: Literal["0", "1", "2"]
    symbol: str
    name: str
    quantity: int
    price: int
    stop_price: int
    reason: str


@dataclass(frozen=True, slots=True)
class OrderFilled:
    """Report one execution of an account's order; `quantity` is of this execution alone."""

    sequence: int
    time: datetime
    realm: str
    account: str
    product: str
    order_no: str
    original_no: str
    org_no: str
    side: Side
    kind: str
    condition: Literal["0", "1", "2"]
    symbol: str
    name: str
    quantity: int
    price: int
    order_quantity: int
    order_price: int
    filled: int
    rest: int
    stop_price: int
    fee: int
    tax: int


@dataclass(frozen=True, slots=True)
class MarketStatusChanged:
    """Report a phase or halt, `code` as MKOP_CLS_CODE; `symbol` None means the whole market."""

    sequence: int
    time: datetime
    symbol: str | None
    code: str
    expected_code: str = "112"
    """ANTC_MKOP_CLS_CODE: 311 when an expected price begins to be shown, 112 when it ends."""
    is_interrupted: bool = False
    is_halted: bool = False
    market: str = ""
    """KOSPI or KOSDAQ where only one of them is meant; empty: both."""


Event = TradePrinted | BookChanged | OrderReceipt | OrderFilled | MarketStatusChanged


class BookLevel(NamedTuple):
    """One price of the book and the shares waiting there."""

    price: int
    size: int


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """Show both sides, best first; totals over all levels. Expected figures are 0 outside auctions."""

    symbol: str
    time: datetime
    asks: tuple[BookLevel, ...]
    bids: tuple[BookLevel, ...]
    total_ask_size: int
    total_bid_size: int
    expected_price: int
    expected_quantity: int
    total_volume: int
    last: int
    session: str = "continuous"
    """As in `TradePrinted`; an auction's book shows three levels a side, those that its match would leave."""


@dataclass(frozen=True, slots=True)
class QuoteSnapshot:
    """Show today's state of a symbol. Cheap: nothing here needs the long history."""

    symbol: str
    name: str
    time: datetime
    last: int
    open: int
    high: int
    low: int
    prev_close: int
    base: int
    upper_limit: int
    lower_limit: int
    tick_size: int
    volume: int
    turnover: int
    prev_volume: int
    prev_volume_same_time: int
    open_time: datetime
    high_time: datetime
    low_time: datetime
    last_trade_time: datetime
    last_quantity: int
    last_aggressor: Side
    sell_count: int
    buy_count: int
    sell_volume: int
    buy_volume: int
    strength: float
    ask_price: int
    bid_price: int
    ask_size: int
    bid_size: int
    total_ask_size: int
    total_bid_size: int
    vi_reference: int
    is_halted: bool
    listed_shares: int
    session: str = "continuous"
    is_interrupted: bool = False

    @property
    def change(self) -> int:
        """Give the difference to the base price in won, signed."""
        return self.last - self.base

    @property
    def change_rate(self) -> float:
        """Give the difference to the base price in percent, signed."""
        return 100.0 * (self.last - self.base) / self.base if self.base else 0.0

    @property
    def sign(self) -> str:
        """Give KIS's sign code: 1 upper limit, 2 up, 3 flat, 4 lower limit, 5 down."""
        if self.last == self.base:
            return "3"
        if self.last > self.base:
            return "1" if self.last >= self.upper_limit else "2"
        return "4" if self.last <= self.lower_limit else "5"

    @property
    def average_price(self) -> float:
        """Give today's volume-weighted average price in won."""
        return self.turnover / self.volume if self.volume else float(self.last)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Show figures that need the long history or the company: ask for it only where inquire-price does."""

    symbol: str
    year_high: int
    year_high_date: date
    year_low: int
    year_low_date: date
    """52 weeks, today included."""
    days250_high: int
    days250_high_date: date
    days250_low: int
    days250_low_date: date
    this_year_high: int
    this_year_high_date: date
    this_year_low: int
    this_year_low_date: date
    market_cap: int
    """Won."""
    eps: float
    bps: float
    per: float
    pbr: float
    foreign_rate: float
    """Percent of the listed shares held by foreigners."""
    margin_rate: float
    loan_rate: float


@dataclass(frozen=True, slots=True)
class DailyBar:
    """One day; changes count from `base_price`; `split_factor` is not 1 on the first day after a split."""

    day: date
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int
    base_price: int
    split_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class MinuteBar:
    """One minute; `time` is its start. Minutes without a trade have no bar."""

    time: datetime
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int


@dataclass(frozen=True, slots=True)
class InvestorFlow:
    """One day's net buying (shares, won) by kind of investor; the three sum to zero."""

    day: date
    close: int
    change: int
    individual_quantity: int
    foreign_quantity: int
    institution_quantity: int
    individual_amount: int
    foreign_amount: int
    institution_amount: int
    individual_buy_quantity: int
    foreign_buy_quantity: int
    institution_buy_quantity: int


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """One calendar day as chk-holiday tells it."""

    day: date
    is_bank_day: bool
    is_trading_day: bool
    is_open: bool
    is_settlement_day: bool


@dataclass(frozen=True, slots=True)
class Account:
    """Name one account; `realm` keeps real-like and paper-like accounts of the same number apart."""

    realm: str
    number: str
    product: str
    name: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Answer to an order that was taken: number (10 digits), branch (5), exchange time HHMMSS."""

    order_no: str
    org_no: str
    time: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer to an order that was not taken: KIS's code and Korean text."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order, amendment or cancellation as the queries list it.

    For limit orders `price` is the order price, for orders without a price 0. filled + rest + cancelled +
    refused = quantity for orders that stand in the book by themselves; an amendment takes over the rest of
    its original (there counted as `cancelled`), and a cancellation has `quantity` = shares it cancelled, all
    in `cancelled`.
    """

    day: date
    time: str
    order_no: str
    original_no: str
    org_no: str
    side: Side
    action: OrderAction
    kind: str
    condition: Literal["0", "1", "2"]
    symbol: str
    name: str
    quantity: int
    price: int
    filled: int
    filled_amount: int
    average_price: float
    rest: int
    cancelled: int
    refused: int
    refusal_reason: str
    state: OrderState
    venue: str
    stop_price: int
    stop_triggered: bool
    stop_triggered_at: str


@dataclass(frozen=True, slots=True)
class Holding:
    """One position of an account."""

    symbol: str
    name: str
    quantity: int
    sellable: int
    average_price: float
    cost: int
    last: int
    evaluation: int
    profit: int
    profit_rate: float
    change: int
    change_rate: float
    today_bought: int
    today_sold: int
    previous_bought: int
    previous_sold: int


@dataclass(frozen=True, slots=True)
class CashBalance:
    """The account in won; `next_day` and `day_after_next` are D+1 and D+2 after settlement."""

    deposit: int
    next_day: int
    day_after_next: int
    reserved: int
    orderable: int
    today_bought: int
    today_sold: int
    today_fees_and_tax: int
    previous_bought: int
    previous_sold: int
    previous_fees_and_tax: int
    purchase_amount: int
    evaluation: int
    profit: int
    realised_today: int
    total_evaluation: int
    net_assets: int
    previous_total: int


@dataclass(frozen=True, slots=True)
class BuyingPower:
    """What can be bought: `unit_price` is the won a share is reckoned at (upper limit for market orders)."""

    orderable_cash: int
    reusable: int
    unit_price: int
    cash_amount: int
    cash_quantity: int
    max_amount: int
    max_quantity: int


@dataclass(frozen=True, slots=True)
class Sellable:
    """What can be sold of one symbol."""

    symbol: str
    name: str
    bought: int
    sold: int
    quantity: int
    sellable: int
    average_price: float
    last: int
    evaluation: int
    profit: int
    profit_rate: float
