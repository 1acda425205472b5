"""A strategy's process: whatever it does, the one who started it gets an answer, an end, or kills it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kis_terminal.adapters.strategy_host.process import StrategyProcess
from tests.support.trading_desk import until

ECHO = (
    "import sys\nfor line in sys.stdin.buffer:\n    sys.stdout.buffer.write(line)\n    sys.stdout.flush()\n"
)
BODY = """
from kis_terminal.domain.strategy.contract import Strategy


class Own(Strategy):
    def on_start(self, context):
        import os
        print("to the pipe? never", flush=True)
        os.write(1, b"nor like this\\n")
        context.say(os.environ.get("KIS_APP_KEY", "no key"))

    def on_stop(self, context):
        while True:
            pass
"""


class Talk:
    """A process and what it said."""

    def __init__(self, command: tuple[str, ...] | None = None) -> None:
        self.messages: list[Any] = []
        self.ends: list[str] = []
        arguments = (self.messages.append, self.ends.append)
        self.process = StrategyProcess(*arguments, command) if command else StrategyProcess(*arguments)


@pytest.fixture
async def started() -> AsyncIterator[list[Talk]]:
    made: list[Talk] = []
    yield made
    for talk in made:
        await talk.process.close()


def python(started: list[Talk], code: str) -> Talk:
    started.append(Talk((sys.executable, "-c", code)))
    return started[-1]


async def test_messages_go_and_come_in_order(started: list[Talk]) -> None:
    talk = python(started, ECHO)

    for number in range(200):
        talk.process.send({"n": number, "text": "가" * 100})

    await until(lambda: len(talk.messages) == 200, 60.0)
    assert [message["n"] for message in talk.messages] == list(range(200))


@pytest.mark.parametrize("words", ["print('hello')", "print('[1, 2]')", "print('{\"n\": ')"])
async def test_a_line_that_is_no_answer_ends_the_talk_in_words(started: list[Talk], words: str) -> None:
    talk = python(started, words)

    await until(lambda: talk.ends != [], 60.0)

    assert talk.messages == []
    assert "뜻을 알 수 없는" in talk.ends[0]


async def test_an_end_is_told_with_the_last_line_that_was_written(started: list[Talk]) -> None:
    talk = python(started, "raise MemoryError('too much')")

    await until(lambda: talk.ends != [], 60.0)

    assert "MemoryError: too much" in talk.ends[0]


async def test_a_process_that_reads_nothing_holds_up_nobody_and_dies_at_once(started: list[Talk]) -> None:
    talk = python(started, "while True: pass")

    for _ in range(50):
        talk.process.send({"text": "x" * 100_000})
    talk.process.kill()
    talk.process.kill()

    await until(lambda: talk.process._process.poll() is not None, 60.0)
    assert talk.ends == []  # who kills it needs not be told


async def test_the_real_host_keeps_its_pipe_and_knows_no_key(
    started: list[Talk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIS_APP_KEY", "canary-key")
    started.append(Talk())
    talk = started[-1]
    begin = {
        "do": "begin",
        "n": 1,
        "source": {"name": "own.py", "text": BODY, "kind": "python"},
        "parameters": {},
        "symbols": ["005930"],
        "interval": "1m",
        "sizing": {"kind": "shares", "value": 1},
        "bars": {"005930": []},
        "account": {"cash": 1.0, "holdings": {}},
    }
    talk.process.send(begin)
    await until(lambda: talk.messages != [], 60.0)

    assert talk.ends == []
    assert "no key" in str(talk.messages[0]["log"])
    # Its standard input ends: so does it, out of the midst of an endless loop.
    talk.process.send({"do": "stop", "n": 2, "account": begin["account"]})
    await until(lambda: talk.process._lines.empty(), 5.0)
    assert talk.process._process.stdin is not None
    talk.process._process.stdin.close()
    await until(lambda: talk.process._process.poll() is not None, 60.0)
