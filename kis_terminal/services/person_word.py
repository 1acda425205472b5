"""What a person tells about an order of unknown outcome: on disk before anything changes."""

from __future__ import annotations

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.orders import OrderStatus
from kis_terminal.domain.sentences import Sentence
from kis_terminal.services.departures import Departures
from kis_terminal.services.order_shelf import OrderShelf

_NOT_ACCEPTED = Sentence("사람이 확인해 접수되지 않은 주문으로 정리했습니다.")
_NOT_IN_DOUBT = Sentence("이미 확인된 주문이라 바꾸지 않았습니다.")


class PersonWord:
    """End doubts by a person's word."""

    def __init__(self, shelf: OrderShelf, departures: Departures) -> None:
        self._shelf = shelf
        self._departures = departures

    async def settle(self, key: str, number: str | None) -> str:
        """End the doubt about an unknown order: it is the foreign order `number`, or was not accepted (None).

        Returns "" or why nothing was changed. The word is on disk before anything changes.
        """
        twins = self._shelf.twins_of(key)
        twin = next((order for order in twins if order.order_number == number), None)
        if number is not None and twin is None:
            return _NOT_IN_DOUBT
        details = {"order_number": "", "reason": _NOT_ACCEPTED}
        if twin is not None:
            details = {"order_number": twin.order_number, "branch_number": twin.branch_number}
        if not self._is_in_doubt(key):
            return _NOT_IN_DOUBT
        try:
            await self._departures.record(key, "person's word", details)
        except TerminalError as error:
            return Sentence("기록할 수 없어 바꾸지 않았습니다: {error}", error=error)
        # A listing may have settled it, or changed the other order, while the line was written.
        now = None if twin is None else self._shelf.get(twin.key)
        if not self._is_in_doubt(key) or (twin is not None and now is None):
            return _NOT_IN_DOUBT
        self._shelf.take_word(key, now, _NOT_ACCEPTED)
        self._shelf.listing_wanted()
        return ""

    def _is_in_doubt(self, key: str) -> bool:
        order = self._shelf.get(key)
        return order is not None and order.status is OrderStatus.UNKNOWN and not self._departures.has(key)
