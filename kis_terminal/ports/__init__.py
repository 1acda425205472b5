"""What the services need of the outside world. Every method raises only `TerminalError`s.

A module for each subject, which also names who implements it; all names are imported from here.
"""

from kis_terminal.ports.bars import BarSource, BarStore
from kis_terminal.ports.broker import (
    Broker,
    BrokerHealth,
    HealthSource,
    LeavingCheck,
    MasterSource,
    OtherOrders,
    QuoteSource,
)
from kis_terminal.ports.cache import Cache
from kis_terminal.ports.clock import Clock
from kis_terminal.ports.feed import (
    ApprovalState,
    BookUpdate,
    FeedHealth,
    FeedListener,
    LinkState,
    MarketFeed,
    SocketOwner,
    Stream,
    StreamStatus,
    SubscriptionState,
)
from kis_terminal.ports.files import JournalEntry, OrderJournal, Recorder, WorkspaceStore
from kis_terminal.ports.workers import BacktestWorker, RehearsalRunner, RunStore, StartsHosts, StrategyHost

__all__ = [
    "ApprovalState",
    "BacktestWorker",
    "BarSource",
    "BarStore",
    "BookUpdate",
    "Broker",
    "BrokerHealth",
    "Cache",
    "Clock",
    "FeedHealth",
    "FeedListener",
    "HealthSource",
    "JournalEntry",
    "LeavingCheck",
    "LinkState",
    "MarketFeed",
    "MasterSource",
    "OrderJournal",
    "OtherOrders",
    "QuoteSource",
    "Recorder",
    "RehearsalRunner",
    "RunStore",
    "SocketOwner",
    "StartsHosts",
    "StrategyHost",
    "Stream",
    "StreamStatus",
    "SubscriptionState",
    "WorkspaceStore",
]
