"""Count how often each call and stream was used, so that the control side can tell what a run leaned on."""

from __future__ import annotations

from collections import Counter


class CallUsage:
    """Hold the counts of this run; streams count the frames built for them and the subscriptions taken."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.subscriptions: Counter[str] = Counter()
        self.frames: Counter[str] = Counter()
