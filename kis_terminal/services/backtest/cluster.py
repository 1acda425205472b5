"""A Dask cluster as the scheduler of a sweep; its scheduler and workers have this very version installed.

Cancelling takes back what waits at once; a chunk that a remote worker has begun it finishes, unheard.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

import distributed

import kis_terminal
from kis_terminal.domain.errors import CorrectionNeeded, TerminalError, WaitNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.services.backtest.combinations import Combination, chunks_of
from kis_terminal.services.backtest.scheduler import Tell, answers_of, chunk_size
from kis_terminal.services.backtest.sweep_job import Answer, SweepData, SweepJob

_CONNECT_SECONDS = 10.0
_DASK: Any = distributed
"""Its own annotations are too loose for strict."""


class DaskCluster:
    """Sends chunks to the cluster at `address`; the bars go to each of its workers once a sweep.

    Raises WaitNeeded where it cannot be reached or breaks, CorrectionNeeded where it has another version.
    """

    def __init__(self, address: str, *, patience: float = _CONNECT_SECONDS) -> None:
        self._address = address
        self._sent: tuple[str, object] | None = None
        try:
            self._client = _DASK.Client(address, timeout=patience, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise WaitNeeded(
                Sentence(
                    "클러스터 {address}에 {seconds:.0f}초 안에 연결하지 못했습니다. 스케줄러가 켜져 있는지, "
                    "주소가 맞는지 확인하십시오.",
                    address=address,
                    seconds=patience,
                )
            ) from error
        try:
            with self._speaking():
                self._refuse_others()
        except TerminalError:
            self.close()
            raise

    def _refuse_others(self) -> None:
        """Raise CorrectionNeeded where the program is missing or another one: its figures would differ."""
        # What is looked up over there by its name alone must be of the standard library.
        self._client.run_on_scheduler(importlib.import_module, kis_terminal.__name__)
        self._client.run(importlib.import_module, kis_terminal.__name__)
        theirs = {self._client.run_on_scheduler(own_version), *self._client.run(own_version).values()}
        others = sorted(theirs - {own_version()})
        if others:
            raise CorrectionNeeded(
                Sentence(
                    "클러스터 {address}의 kis-terminal은 {theirs}, 여기는 {ours}입니다. 버전을 맞추십시오.",
                    address=self._address,
                    theirs=", ".join(others),
                    ours=own_version(),
                )
            )

    def run(
        self, data: SweepData, job: SweepJob, combinations: Sequence[Combination], tell: Tell
    ) -> list[Answer]:
        """Return an answer for each combination."""
        with self._speaking():
            return self._run(data, job, combinations, tell)

    def _run(
        self, data: SweepData, job: SweepJob, combinations: Sequence[Combination], tell: Tell
    ) -> list[Answer]:
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

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what goes wrong between us and the cluster into words."""
        try:
            yield
        except ModuleNotFoundError as error:
            raise CorrectionNeeded(
                Sentence(
                    "클러스터 {address}에 {module}이(가) 없습니다. "
                    "스케줄러와 작업자에 kis-terminal {ours}을(를) 설치하십시오.",
                    address=self._address,
                    module=error.name or str(error),
                    ours=own_version(),
                )
            ) from error
        except (OSError, TimeoutError, CancelledError, _DASK.KilledWorker) as error:
            raise WaitNeeded(
                Sentence(
                    "클러스터 {address}과(와)의 연결이 끊겼거나 작업자가 끝났습니다: {why}",
                    address=self._address,
                    why=str(error)[:200] or type(error).__name__,
                )
            ) from error

    def close(self) -> None:
        """Leave the cluster; what it still has of ours is dropped."""
        self._sent = None
        self._client.close(timeout=_CONNECT_SECONDS)


def own_version() -> str:
    """Return the version of this program, where this is called."""
    return kis_terminal.__version__
