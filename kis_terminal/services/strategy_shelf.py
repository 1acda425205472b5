"""What is kept of an account's strategies: their plans, and what each of them holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from kis_terminal.domain.errors import TerminalError
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.domain.strategy.plan import StrategyPlan
from kis_terminal.ports import WorkspaceStore
from kis_terminal.services.strategy_account import StrategyAccount

_LIST_KEY = "strategies"


class StrategyShelf:
    """Read and write by a store of the account's own; `tell` says what could not be read or written."""

    def __init__(self, store: WorkspaceStore, tell: Callable[[str, str], object]) -> None:
        self._store = store
        self._tell = tell

    def plans(self) -> list[StrategyPlan]:
        """Return the plans in their order; one that cannot be read is told and left out."""
        try:
            keys = [str(key) for key in json.loads(self._store.read(_LIST_KEY) or "[]")]
        except (ValueError, TypeError):
            self._tell("danger", Sentence("저장된 전략 목록을 읽을 수 없어 비워 두었습니다."))
            return []
        found = []
        for key in keys:
            try:
                found.append(StrategyPlan.from_json(self._store.read(f"plan.{key}") or ""))
            except TerminalError as error:
                self._tell("danger", sentence_of(error))
        return found

    def account_text(self, key: str) -> str | None:
        """Return what was kept of a strategy's account, None for nothing."""
        return self._store.read(f"account.{key}")

    def save(self, kept: Iterable[tuple[StrategyPlan, StrategyAccount]]) -> None:
        """Keep all plans and accounts at once; raises TerminalError when the disk refuses."""
        texts, keys = {}, []
        for plan, account in kept:
            keys.append(plan.key)
            texts[f"plan.{plan.key}"] = plan.to_json()
            texts[f"account.{plan.key}"] = account.to_json()
        self._store.write_all({**texts, _LIST_KEY: json.dumps(keys)})

    def save_account(self, key: str, account: StrategyAccount) -> None:
        """Keep one account; a disk that refuses is told, since what was executed stays executed."""
        try:
            self._store.write(f"account.{key}", account.to_json())
        except TerminalError as error:
            self._tell("danger", sentence_of(error))
