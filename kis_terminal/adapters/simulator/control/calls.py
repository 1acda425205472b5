"""Tell for every call and stream of KIS whether it comes from the market that is played or is made up.

GET /control/calls answers {"calls": {path: {name, source, count}}, "streams": {TR id: {name, source,
subscriptions, frames}}}; source is "real" or "synthetic".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from kis_terminal.adapters.simulator.handlers.auth import AUTH_PATHS
from kis_terminal.adapters.simulator.serving.http import ENDPOINTS
from kis_terminal.adapters.simulator.serving.personality import PAPER, REAL
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.synthetic.source import SyntheticSource


class ControlCalls:
    """List what is played and what is made up, with counts of this run."""

    def __init__(self, venue: Venue, synthetic: SyntheticSource) -> None:
        self._venue = venue
        self._synthetic = synthetic

    def calls(self, request: Request, body: Mapping[str, Any]) -> Any:
        """Return every call by path and every stream by TR id."""
        usage = self._venue.usage
        played = {*AUTH_PATHS, *(endpoint.path for endpoint in ENDPOINTS)}
        names = {**dict.fromkeys(sorted(played), ""), **self._synthetic.table.call_names()}
        calls = {
            path: {"name": name, "source": _source(path in played), "count": usage.calls[path]}
            for path, name in names.items()
        }
        streams: dict[str, Any] = {}
        for tr_id, spec in self._synthetic.table.streams().items():
            for one in dict.fromkeys((tr_id, spec.paper)):
                if one:
                    streams[one] = {
                        "name": spec.name,
                        "source": _source(one in REAL.streams or one in PAPER.streams),
                        "subscriptions": usage.subscriptions[one],
                        "frames": usage.frames[one],
                    }
        return {"calls": calls, "streams": streams}


def _source(is_played: bool) -> str:
    return "real" if is_played else "synthetic"
