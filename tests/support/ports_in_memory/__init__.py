"""Small real implementations of the ports: a market that moves when told, an account that keeps its books.

Nothing here waits unless `MemoryBroker.hold` is set, and no price moves by itself: a test says what happens.
"""

from tests.support.ports_in_memory.broker import MemoryBroker, MemoryHealth, MemoryMaster
from tests.support.ports_in_memory.clock import MemoryClock
from tests.support.ports_in_memory.feed import MemoryBookUpdate, MemoryFeed
from tests.support.ports_in_memory.files import MemoryJournal, MemoryJournalEntry, MemoryStore
from tests.support.ports_in_memory.values import KODEX_200, NAVER, SAMSUNG, SEOUL, book_of, quote_of, tick_of

__all__ = [
    "KODEX_200",
    "NAVER",
    "SAMSUNG",
    "SEOUL",
    "MemoryBookUpdate",
    "MemoryBroker",
    "MemoryClock",
    "MemoryFeed",
    "MemoryHealth",
    "MemoryJournal",
    "MemoryJournalEntry",
    "MemoryMaster",
    "MemoryStore",
    "book_of",
    "quote_of",
    "tick_of",
]
