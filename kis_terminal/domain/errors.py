"""The error tree: what happened, and by its branch what to do next.

    TerminalError
    ├── CorrectionNeeded          the input is wrong: correct it
    │   ├── SettingsError             a setting, file or environment variable
    │   ├── UnknownSymbol             a symbol that is not in today's master
    │   └── OrderRefused              an order that a rule or the broker refused for certain
    │       ├── TurnedAway                for the caller's token, unread: may be sent once more
    │       └── MarketClosed              since the market does not take it now
    ├── WaitNeeded                try again later, by itself or by the person
    │   ├── RateLimited               too many calls in a second
    │   ├── BrokerUnreachable         no answer, broken connection, gateway failure
    │   └── StoreUnavailable          the database or the cache cannot be reached or written
    ├── OutcomeUnknown            an order was sent and its fate is not known: ask, never resend
    ├── AccessRefused             keys, tokens or rights: a person has to act
    └── BrokerAnswerError         an answer or frame that does not have the documented form
        └── FrameError                the same of a WebSocket frame

Bugs are not in this tree: they are not caught where they occur.
"""

from __future__ import annotations


class TerminalError(Exception):
    """Base of all expected errors; its text is a sentence that a user can act on."""


class CorrectionNeeded(TerminalError):
    """What was asked cannot be done as it was asked."""


class SettingsError(CorrectionNeeded):
    """A setting is missing or wrong; the sentence names the file or variable, the value and the remedy."""


class UnknownSymbol(CorrectionNeeded):
    """The symbol is not in today's master."""


class OrderRefused(CorrectionNeeded):
    """An order that was certainly not accepted.

    `code` is the rule's or the broker's code (`msg_cd`), never empty.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class TurnedAway(OrderRefused):
    """The gateway refused the token that came with an order; the order was not read.

    The one refusal after which the same order may be sent once more, by the same guarded path.
    """


class MarketClosed(OrderRefused):
    """The market does not take such an order at this hour or on this day, in the broker's own words."""


class WaitNeeded(TerminalError):
    """Nothing is wrong with the request; it cannot be done now."""


class RateLimited(WaitNeeded):
    """The broker refused a call because too many were made in a second; nothing was done."""


class BrokerUnreachable(WaitNeeded):
    """The broker did not answer, or its gateway failed; a query may be repeated."""


class StoreUnavailable(WaitNeeded):
    """The database or the cache does not answer, is full or read-only; the sentence says which and why."""


class OutcomeUnknown(TerminalError):
    """An order, amendment or cancellation was sent and no answer proves what became of it."""


class AccessRefused(TerminalError):
    """Keys, tokens, account or rights were refused; repeating does not help."""


class BrokerAnswerError(TerminalError):
    """An answer lacks a field or holds a value that cannot be read; names the TR and the field."""


class FrameError(BrokerAnswerError):
    """A WebSocket frame that does not have the form of its TR."""
