from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.orders import Side
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.host_messages import (
    Intent,
    decode,
    encode,
    read_intents,
    read_log,
    read_state,
)
from kis_terminal.domain.strategy.plan import StrategyMode, StrategyPlan

SYMBOLS = ("005930", "000660")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
LIKE_INTENTS = st.lists(
    st.fixed_dictionaries(
        {
            "symbol": st.sampled_from(["005930", "999999", "", 5930]),
            "side": st.sampled_from(["buy", "sell", "short", None]),
            "quantity": st.sampled_from([None, 0, -1, 1, 1.5, True, float("nan"), "1", 10**12, 2**80]),
            "reason": JSON,
        }
    ),
    max_size=3,
)


@given(JSON | LIKE_INTENTS)
def test_whatever_a_strategy_answers_is_intents_or_refused(value: object) -> None:
    try:
        intents = read_intents(value, SYMBOLS)
    except CorrectionNeeded:
        return
    for intent in intents:
        assert intent.symbol in SYMBOLS
        assert intent.quantity is None or (type(intent.quantity) is int and 0 < intent.quantity <= 10**9)
        assert intent.quantity is not None or intent.side is Side.SELL
        assert intent.reason.isprintable()


@given(st.binary(max_size=200))
def test_a_line_is_an_object_or_refused(line: bytes) -> None:
    with suppress(CorrectionNeeded):  # said in words, and nothing else is raised
        assert isinstance(decode(line), dict)


@given(JSON)
def test_log_and_state_are_plain_and_bounded(value: object) -> None:
    assert all(line.isprintable() and len(line) <= 500 for line in read_log([value] * 300))
    assert len(read_log([value] * 300)) == 200
    assert all(name.isprintable() and text.isprintable() for name, text in read_state({"a": value}).items())


def test_a_sale_of_everything_needs_no_quantity() -> None:
    assert read_intents([{"symbol": "005930", "side": "sell", "quantity": None}], SYMBOLS) == (
        Intent("005930", Side.SELL, None, ""),
    )


def test_a_message_is_one_line() -> None:
    line = encode({"text": "두 줄\n끝", "n": 1})

    assert line.count(b"\n") == 1
    assert decode(line)["text"] == "두 줄\n끝"


PLAN = StrategyPlan("k", "이름", "a.py", "text\n", "python", SYMBOLS, parameters={"fast": 5, "on": True})


def test_a_plan_survives_being_kept() -> None:
    assert StrategyPlan.from_json(PLAN.to_json()) == PLAN


@pytest.mark.parametrize(
    "changes",
    [
        {"symbols": []},
        {"symbols": ["1"] * 2},
        {"budget": "NaN"},
        {"budget": "-1"},
        {"size": float("inf")},
        {"mode": "yolo"},
        {"interval": "7m"},
        {"orders_a_minute": 0},
        {"unknown": 1},
        {"sizing": "percent", "size": 0},
    ],
)
def test_a_kept_plan_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    text = json.dumps({**json.loads(PLAN.to_json()), **changes})

    with pytest.raises(CorrectionNeeded):
        StrategyPlan.from_json(text)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"key": 1}'])
def test_a_torn_plan_is_refused(text: str) -> None:
    with pytest.raises(CorrectionNeeded):
        StrategyPlan.from_json(text)


def test_the_careful_mode_is_the_default() -> None:
    assert PLAN.mode is StrategyMode.SIGNALS
    assert PLAN.sizing is SizingKind.EQUAL_WEIGHT
    assert PLAN.budget == Decimal(10_000_000)
