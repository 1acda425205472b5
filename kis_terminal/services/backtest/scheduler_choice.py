"""Which scheduler an address means."""

from __future__ import annotations

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.services.backtest.processes import LocalCores
from kis_terminal.services.backtest.scheduler import Scheduler

_SCHEMES = ("tcp://", "tls://", "ws://", "wss://", "inproc://")


def scheduler_for(address: str) -> Scheduler:
    """Return the scheduler that an address means: "" all cores of this machine, `tcp://…` a Dask cluster.

    Raises CorrectionNeeded for another address, or where the `cluster` extra is not installed.
    """
    if not address:
        return LocalCores()
    if not address.startswith(_SCHEMES):
        raise CorrectionNeeded(
            Sentence(
                "'{address}'은(는) 클러스터의 주소가 아닙니다. 예: tcp://127.0.0.1:8786", address=address
            )
        )
    try:
        from kis_terminal.services.backtest.cluster import DaskCluster
    except ImportError as error:
        raise CorrectionNeeded(
            Sentence(
                "클러스터를 쓰려면 distributed를 설치하십시오: pip install 'kis-terminal[cluster]' ({why})",
                why=str(error),
            )
        ) from error
    return DaskCluster(address)
