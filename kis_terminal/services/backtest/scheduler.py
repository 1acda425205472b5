"""Who runs the combinations of a sweep: this process, all cores of this machine, or a cluster.

Every scheduler gives the same answers in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from kis_terminal.domain.errors import TerminalError
from kis_terminal.services.backtest.combinations import Combination, chunks_of
from kis_terminal.services.backtest.sweep_job import Answer, SweepData, SweepJob

Tell = Callable[[int], None]
"""Is told how many more combinations are done."""
_CHUNKS_A_WORKER = 16
"""A worker gets its share in so many parts: short enough that none waits long for the last."""
_LARGEST_CHUNK = 500


class Scheduler(Protocol):
    """Runs combinations; used by one caller at a time."""

    def run(
        self, data: SweepData, job: SweepJob, combinations: Sequence[Combination], tell: Tell
    ) -> list[Answer]:
        """Return an answer for each combination, in their order; raises TerminalError."""
        ...

    def close(self) -> None:
        """Stop what runs at once and let go of the workers; may be called twice."""
        ...


class InProcess:
    """Runs combinations right here: for few of them, and for tests."""

    def run(
        self, data: SweepData, job: SweepJob, combinations: Sequence[Combination], tell: Tell
    ) -> list[Answer]:
        """Return an answer for each combination."""
        answers: list[Answer] = []
        for chunk in chunks_of(combinations, chunk_size(len(combinations), 1)):
            answers += data.answers(job, chunk)
            tell(len(chunk))
        return answers

    def close(self) -> None:
        """Have nothing to let go of."""


def chunk_size(count: int, workers: int) -> int:
    """Return how many combinations a worker is given at a time."""
    return max(1, min(_LARGEST_CHUNK, count // (workers * _CHUNKS_A_WORKER)))


def answers_of(
    data: SweepData, job: SweepJob, combinations: Sequence[Combination]
) -> list[Answer] | TerminalError:
    """Run a chunk where a worker is; an expected error comes back as a value."""
    try:
        return data.answers(job, combinations)
    except TerminalError as error:
        return error
