"""Own what is made up in one run; nothing of it is imported or read before the first need."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kis_terminal.adapters.simulator.serving.venue import Venue
    from kis_terminal.adapters.simulator.synthetic.answers import SyntheticCalls
    from kis_terminal.adapters.simulator.synthetic.streams import SyntheticStreams
    from kis_terminal.adapters.simulator.synthetic.table import SyntheticTable


class SyntheticSource:
    """Hand out the table of calls and streams, and who answers from it."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    @cached_property
    def table(self) -> SyntheticTable:
        """Return the table of all calls and streams."""
        from kis_terminal.adapters.simulator.synthetic.table import SyntheticTable

        return SyntheticTable()

    @cached_property
    def calls(self) -> SyntheticCalls:
        """Return who makes endpoints of calls."""
        from kis_terminal.adapters.simulator.synthetic.answers import SyntheticCalls

        return SyntheticCalls(self.table)

    @cached_property
    def streams(self) -> SyntheticStreams:
        """Return who makes frames of streams."""
        from kis_terminal.adapters.simulator.synthetic.streams import SyntheticStreams

        return SyntheticStreams(self._venue, self.table)
