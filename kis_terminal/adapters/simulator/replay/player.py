"""Play a recorded session: its frames at their spacing, times the market's speed, to who registered for them.

Nothing is sent until somebody has registered and then for a while no more registrations came: what a program
asks for at its start it gets from the first frame on. At the end the exchange stays up and says nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kis_terminal.adapters.simulator.replay.recorded_session import PlayedFrame, RecordedSession
from kis_terminal.adapters.simulator.serving.stream_hub import StreamHub
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.wire.answers import Answer

STEP_SECONDS = 0.02
QUIET_SECONDS = 0.5
_LEAD_SECONDS = 1.0
"""So long before the first frame a recording is entered; what lies before is its program's start."""
_MOST_FRAMES_A_STEP = 5_000


class Replay:
    """Own the position in the recording."""

    def __init__(self, session: RecordedSession, venue: Venue, hub: StreamHub) -> None:
        """Play `session` by the venue's clock; `step` must be called often."""
        self._session = session
        self._venue = venue
        self._hub = hub
        self._frames = session.frames()
        self._next: PlayedFrame | None = next(self._frames, None)
        self._entry = max(0.0, session.first_at - _LEAD_SECONDS)
        self._started: datetime | None = None
        self._registrations = 0
        self._changed_at = 0.0
        self.sent = 0

    @property
    def position(self) -> float:
        """Return the seconds since the session began."""
        if self._started is None:
            return self._entry
        return self._entry + (self._venue.now() - self._started).total_seconds()

    @property
    def has_ended(self) -> bool:
        """Say whether every frame has been played."""
        return self._next is None

    def step(self) -> None:
        """Send what is due by now."""
        if self._started is None:
            self._wait_for_receivers()
            return
        position = self.position
        for _ in range(_MOST_FRAMES_A_STEP):
            frame = self._next
            if frame is None or frame.at > position:
                return
            self._hub.send(frame.tr_id, frame.key, (frame.text,))
            self.sent += 1
            self._next = next(self._frames, None)
            if self._next is None:
                self._venue.log.note("replay ended", frames=self.sent)

    def answer(self, method: str, path: str, tr_id: str, values: Mapping[str, str]) -> Answer:
        """Return what was answered to a call by now; raises WireRefusal."""
        return self._session.answers.answer(method, path, tr_id, values, self.position)

    def knows(self, tr_key: str) -> bool:
        """Say whether a stream of this key was recorded."""
        return tr_key in self._session.keys

    def _wait_for_receivers(self) -> None:
        now, count = self._venue.monotonic(), self._hub.registration_count
        if count != self._registrations:
            self._registrations, self._changed_at = count, now
        elif count and now - self._changed_at >= QUIET_SECONDS:
            self._started = self._venue.now()
            self._venue.log.note("replay begins", frames=self._session.frame_count)
