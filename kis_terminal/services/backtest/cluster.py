"""A Dask cluster as the scheduler of a sweep; its workers have this program installed.

Cancelling takes back what waits at once; a chunk that a remote worker has begun it finishes, unheard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import distributed

from kis_terminal.domain.errors import TerminalError, WaitNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.services.backtest.combinations import Combination, chunks_of
from kis_terminal.services.backtest.scheduler import Tell, answers_of, chunk_size
from kis_terminal.services.backtest.sweep_job import Answer, SweepData, SweepJob

_CONNECT_SECONDS = 10.0
_DASK: Any = distributed
"""Its own annotations are too loose for strict."""


class DaskCluster:
    """Sends chunks to the cluster at `address`; the bars go to each of its workers once a sweep."""

    def __init__(self, address: str, *, patience: float = _CONNECT_SECONDS) -> None:
        self._address = address
        try:
            self._client = _DASK.Client(address, timeout=patience, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise WaitNeeded(
                Sentence(
                    "클러스터 {address}에 연결하지 못했습니다: {why}",
                    address=address,
                    why=str(error) or type(error).__name__,
                )
            ) from error
        self._sent: tuple[str, object] | None = None

    def run(
        self, data: SweepData, job: SweepJob, combinations: Sequence[Combination], tell: Tell
    ) -> list[Answer]:
        """Return an answer for each combination."""
        workers = sum(self._client.nthreads().values())
        if not workers:
            raise WaitNeeded(
                Sentence("클러스터 {address}에 작업자가 하나도 없습니다.", address=self._address)
            )
        if self._sent is None or self._sent[0] != data.token:
            # Sent as one value: a mapping or sequence would be scattered item by item.
            (there,) = self._client.scatter([data], broadcast=True, hash=False)
            self._sent = (data.token, there)
        chunks = list(chunks_of(combinations, chunk_size(len(combinations), workers)))
        places = {
            self._client.submit(answers_of, self._sent[1], job, chunk, pure=False): place
            for place, chunk in enumerate(chunks)
        }
        answers: list[list[Answer]] = [[] for _ in chunks]
        try:
            for future in _DASK.as_completed(list(places), loop=self._client.loop):
                found = future.result()
                if isinstance(found, TerminalError):
                    raise found
                answers[places[future]] = found
                tell(len(found))
        finally:
            self._client.cancel(list(places), force=True)
        return [answer for found in answers for answer in found]

    def close(self) -> None:
        """Leave the cluster; what it still has of ours is dropped."""
        self._sent = None
        self._client.close(timeout=_CONNECT_SECONDS)
