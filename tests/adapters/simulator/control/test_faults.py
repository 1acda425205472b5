"""Rules of fault plans: how they are written, what they match, when they fire."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.control.faults import FaultError, FaultPlan, FaultRule, read_rule
from kis_terminal.adapters.simulator.control.wire_log import WireLog
from kis_terminal.adapters.simulator.options import read_options

ORDERS = "/uapi/domestic-stock/v1/trading/order-cash"


def plan_of(*rules: FaultRule, seed: int = 1) -> FaultPlan:
    plan = FaultPlan(WireLog(lambda: datetime(2026, 11, 20, tzinfo=UTC), lambda: 0.0), seed)
    for rule in rules:
        plan.add(rule)
    return plan


def firings(plan: FaultPlan, count: int) -> list[int]:
    return [turn for turn in range(1, count + 1) if plan.fire("rest", "real", path=ORDERS, tr="TTTC0012U")]


def test_the_small_language_and_json_say_the_same() -> None:
    short = read_rule("do=delay, at=answer ,path=*/order-cash,nth=2-3,seconds=0.25,probability=0.5")
    long = read_rule(
        '{"do":"delay","at":"answer","path":"*/order-cash","nth":"2-3","seconds":0.25,"probability":0.5}'
    )

    assert short == long
    assert read_rule(short.to_json()) == short


@pytest.mark.parametrize(
    "spec",
    [
        *("", "delay", "do=explode", "do=delay,do=drop", "do=delay,speed=1", "do=delay,seconds=soon"),
        *(
            "do=delay,seconds=-1",
            "do=delay,seconds=nan",
            "do=delay,nth=0",
            "do=delay,nth=3-2",
            "do=delay,nth=x",
        ),
        *("do=delay,probability=2", "do=status", "do=status,status=299", "do=error", "do=blank", "{", "[]"),
        *("do=key,on=rest", "do=delay,on=telex", "do=delay,host=sim", "do=close,on=frame,code=99"),
        *('{"do": true}', '{"do": "delay", "seconds": null}'),
    ],
)
def test_what_cannot_be_read_is_told(spec: str) -> None:
    with pytest.raises(FaultError):
        read_rule(spec)


@given(st.text(max_size=60))
def test_any_text_is_a_rule_or_its_own_error(text: str) -> None:
    try:
        rule = read_rule(text)
    except FaultError:
        return
    assert read_rule(rule.to_json()) == rule


@pytest.mark.parametrize(
    ("nth", "expected"), [("", [1, 2, 3, 4, 5]), ("3", [3]), ("2-3", [2, 3]), ("4-", [4, 5])]
)
def test_nth_counts_what_matched(nth: str, expected: list[int]) -> None:
    plan = plan_of(FaultRule("drop", tr="TTTC*", nth=nth))
    plan.fire("rest", "real", path=ORDERS, tr="FHKST01010100")

    assert firings(plan, 5) == expected


def test_times_bounds_the_firings() -> None:
    assert firings(plan_of(FaultRule("drop", nth="2-", times=2)), 9) == [2, 3]


def test_chance_is_the_seeds() -> None:
    rule = FaultRule("drop", probability=0.3, seed=5)
    first, again = firings(plan_of(rule), 300), firings(plan_of(rule), 300)

    assert first == again
    assert 60 < len(first) < 120
    assert firings(plan_of(rule, seed=2), 300) != first


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule("drop", host="paper"),
        FaultRule("drop", path="*/order-rvsecncl"),
        FaultRule("drop", tr="VTTC*"),
        FaultRule("drop", on="frame"),
    ],
)
def test_what_does_not_match_is_left_alone(rule: FaultRule) -> None:
    assert firings(plan_of(rule), 3) == []


def test_rules_are_listed_and_cleared() -> None:
    plan = plan_of(FaultRule("drop", nth="1"), FaultRule("close", on="frame"))
    firings(plan, 2)

    assert [(row["id"], row["matched"], row["fired"]) for row in plan.to_json()] == [(1, 2, 1), (2, 0, 0)]
    assert plan.clear(1) == 1
    assert (plan.watches("rest"), plan.watches("frame")) == (False, True)
    assert plan.clear() == 1
    assert not plan.watches("frame")


def test_the_command_line_takes_rules(capsys: pytest.CaptureFixture[str]) -> None:
    options = read_options(["--fault", "do=drop,nth=1", "--fault", '{"do":"silence","on":"connect"}'])

    assert [rule.do for rule in options.faults] == ["drop", "silence"]
    with pytest.raises(SystemExit):
        read_options(["--fault", "do=explode"])
    assert "do=explode" in capsys.readouterr().err
