"""Reading: both dialects, every problem at once with its line."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from kis_terminal.adapters.strategy_files.reader import StrategyDocument, read_file, read_text
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.strategy.binding import bind
from kis_terminal.domain.strategy.model import (
    Arithmetic,
    Comparison,
    IndicatorLine,
    Logic,
    Operator,
    PatternCondition,
    PatternSignal,
    PriceField,
    ScalarStep,
)
from tests.support.shared import shared_path

_ENTRY = "{indicator: close, operator: greater_than, value: 1}"
_EXIT = "{indicator: close, operator: less_than, value: 5}"


def text(
    *,
    head: str = 'version: "1.0"',
    metadata: str = "{name: x}",
    params: str = "{}",
    indicators: str = "[]",
    candles: str = "[]",
    entry: str = _ENTRY,
    exit_: str = _EXIT,
    risk: str = "{}",
) -> str:
    """Return a file of nine lines: 1 version, 2 metadata, 4 id, 5 params, 6 indicators, 7, 8 entry, 9 exit, "
    "10 risk."""
    return "\n".join(
        [
            head,
            f"metadata: {metadata}",
            "strategy:",
            "  id: mine",
            f"  params: {params}",
            f"  indicators: {indicators}",
            f"  candlesticks: {candles}",
            f"  entry: {{conditions: [{entry}]}}",
            f"  exit: {{conditions: [{exit_}]}}",
            f"risk: {risk}",
        ]
    )


def found(document: StrategyDocument) -> set[tuple[int, str, str]]:
    """Return line, severity and code of every problem."""
    return {(problem.line, problem.severity.value, problem.code) for problem in document.problems}


def condition(document: StrategyDocument) -> object:
    """Return the first condition of the entry, after binding."""
    return bind(document.sound()).entry.conditions[0]


def test_a_plain_file_has_no_problems_but_the_builders_value() -> None:
    document = read_text(text())

    assert found(document) == {(8, "note", "builder-value")}
    assert document.sound().entry.logic is Logic.AND
    assert pickle.loads(pickle.dumps(document)) == document  # noqa: S301 - our own value


SMA = "[{id: sma, alias: m, params: {period: 20}}]"
BANDS = "[{id: bollinger, alias: b, params: {period: 20, std: 2}}]"
UNIT = (8, "warning", "unit")
CASES = [
    # head, metadata, strategy
    ({"head": "version: 1.0"}, 1, "warning", "unquoted-version"),
    ({"head": 'version: "one"'}, 1, "error", "version"),
    ({"head": 'version: "1.0"\nnote: mine'}, 2, "warning", "unknown-key"),
    ({"metadata": "{}"}, 2, "warning", "no-name"),
    ({"metadata": "{name: 5}"}, 2, "warning", "unquoted-text"),
    ({"metadata": "[]"}, 2, "error", "wrong-kind"),
    # params
    ({"params": "{p: 5}"}, 5, "error", "param-not-map"),
    ({"params": "{p: {min: 1}}"}, 5, "warning", "param-no-default"),
    ({"params": "{p: {default: 5, max: 4}}"}, 5, "warning", "param-default"),
    ({"params": "{p: {default: 5, min: 4, max: 3}}"}, 5, "error", "param-limits"),
    ({"params": "{p: {default: 5, kind: int}}"}, 5, "warning", "unknown-key"),
    ({"params": "{p: {default: 5, type: whole}}"}, 5, "warning", "param-type"),
    ({"params": "{p: {default: 5}}"}, 5, "warning", "unused-param"),
    ({"params": "{my-p: {default: 5}}"}, 5, "warning", "param-name"),
    # indicators
    ({"indicators": "[{id: smaa}]"}, 6, "error", "unknown-indicator"),
    ({"indicators": "[{id: SMA}]"}, 6, "error", "unknown-indicator"),
    ({"indicators": "[{id: close, alias: c}]"}, 6, "error", "unknown-indicator"),
    ({"indicators": "[{id: doji, alias: d}]"}, 6, "error", "unknown-indicator"),
    ({"indicators": "[{alias: d}]"}, 6, "error", "no-id"),
    ({"indicators": "[sma]"}, 6, "error", "wrong-kind"),
    ({"indicators": "[{id: sma, alias: m}, {id: ema, alias: m}]"}, 6, "error", "duplicate-alias"),
    ({"indicators": "[{id: sma, alias: close}]"}, 6, "error", "shadowed-alias"),
    ({"indicators": "[{id: sma, alias: m}]"}, 6, "note", "default-filled"),
    ({"indicators": "[{id: sma, alias: m}]"}, 6, "note", "unused-indicator"),
    ({"indicators": "[{id: sma, params: {period: 20.0}}]"}, 6, "warning", "float-period"),
    ({"indicators": "[{id: sma, params: {period: '20'}}]"}, 6, "error", "param-value"),
    ({"indicators": "[{id: sma, params: {period: 0}}]"}, 6, "error", "param-value"),
    ({"indicators": "[{id: sma, params: {period: 1001}}]"}, 6, "error", "param-value"),
    ({"indicators": "[{id: sma, params: {period: [1]}}]"}, 6, "error", "wrong-kind"),
    ({"indicators": "[{id: sma, params: {length: 20}}]"}, 6, "warning", "unknown-indicator-param"),
    ({"indicators": "[{id: sma, params: {period: $no}}]"}, 6, "error", "unknown-param"),
    (
        {"indicators": "[{id: sma, params: {period: -$p}}]", "params": "{p: {default: 5}}"},
        6,
        "error",
        "param-value",
    ),
    ({"indicators": "[{id: macd, params: {fast: 30}}]"}, 6, "error", "param-value"),
    ({"indicators": "[{id: consecutive, params: {direction: side}}]"}, 6, "error", "param-value"),
    ({"indicators": "[{id: macd, output: line}]"}, 6, "error", "unknown-line"),
    ({"indicators": "[{id: sma, params: {shift: -1}}]"}, 6, "error", "param-value"),
    ({"indicators": "[{id: sma, params: {source: typical}}]"}, 6, "error", "param-value"),
    ({"indicators": "[{id: atr, params: {source: high}}]"}, 6, "error", "param-value"),
    ({"indicators": "[{id: sma, params: {shift: 1}}]"}, 6, "note", "our-key"),
    ({"indicators": "[{id: max, alias: m}]"}, 6, "warning", "id-alias"),
    ({"indicators": "[{id: returns, alias: m}]"}, 6, "warning", "backtester-differs"),
    ({"indicators": "[{id: rsi, alias: m}]"}, 6, "note", "builder-differs"),
    # candlesticks
    ({"candles": "[{id: dooji}]"}, 7, "error", "unknown-pattern"),
    ({"candles": "[{id: doji, alias: m}]", "indicators": SMA}, 7, "error", "duplicate-alias"),
    ({"entry": "{candlestick: doji, signal: found}"}, 8, "warning", "unknown-signal"),
    ({"entry": "{candlestick: dooji}"}, 8, "error", "unknown-alias"),
    ({"entry": "{candlestick: doji, operator: gt}"}, 8, "warning", "ignored-key"),
    ({"entry": "{candlestick: hammer, signal: bearish}"}, 8, "warning", "never-true"),
    ({"entry": "{candlestick: tweezer_top, signal: bearish}"}, 8, "warning", "pattern-not-in-kis"),
    ({"entry": "{candlestick: gravestone_doji}"}, 8, "note", "builder-pattern"),
    ({"entry": "{indicator: doji_1, operator: gt, compare_to: 0}"}, 8, "warning", "pattern-as-indicator"),
    # conditions
    ({"entry": ""}, 8, "error", "empty-entry"),
    ({"exit_": ""}, 9, "error", "empty-exit"),
    ({"exit_": "", "risk": "{stop_loss: {enabled: true, percent: 5}}"}, 9, "warning", "empty-exit"),
    ({"entry": "{conditions: [], logic: AND}"}, 8, "error", "nested-group"),
    ({"entry": "{indicator: m, operator: gt, value: 1}"}, 8, "error", "unknown-alias"),
    ({"entry": "{indicator: 30, operator: gt, value: 1}"}, 8, "error", "wrong-kind"),
    ({"entry": "{operator: gt, value: 1}"}, 8, "warning", "no-left"),
    ({"entry": "{indicator: close, value: 1}"}, 8, "warning", "no-operator"),
    ({"entry": "{indicator: close, operator: over, value: 1}"}, 8, "error", "unknown-operator"),
    ({"entry": "{indicator: close, operator: between, value: 1}"}, 8, "error", "unknown-operator"),
    ({"entry": "{indicator: close, operator: equals, value: 1}"}, 8, "warning", "operator-word"),
    ({"entry": "{indicator: close, operator: crossover, value: 1}"}, 8, "warning", "operator-word"),
    ({"entry": "{indicator: close, operator: cross_above, value: 1}"}, 8, "note", "builder-cross"),
    ({"entry": "{indicator: volume, operator: cross_above, value: 1}"}, 8, "warning", "no-former"),
    ({"entry": "{indicator: close, operator: gt}"}, 8, "error", "no-right"),
    ({"entry": "{indicator: close, operator: gt, compare_scalar: 2}"}, 8, "error", "no-right"),
    ({"entry": "{indicator: close, operator: gt, value: true}"}, 8, "error", "wrong-kind"),
    ({"entry": "{indicator: close, operator: gt, value: .nan}"}, 8, "error", "wrong-kind"),
    ({"entry": "{indicator: close, operator: gt, value: [1]}"}, 8, "error", "wrong-kind"),
    (
        {"entry": "{indicator: close, operator: gt, value: 1, compare_to: open}"},
        8,
        "warning",
        "two-right-sides",
    ),
    ({"entry": "{indicator: close, operator: gt, compare_to: '30'}"}, 8, "warning", "quoted-number"),
    ({"entry": "{indicator: close, operator: gt, compare_to: $no}"}, 8, "error", "unknown-param"),
    ({"entry": "{indicator: close, operator: gt, compare_to: ${p}}"}, 8, "error", "syntax"),
    ({"entry": "{indicator: close, operator: gt, compare_to: m * 2}"}, 8, "error", "unknown-alias"),
    ({"entry": "{indicator: close, operator: gt, value: 1, not: true}"}, 8, "warning", "unknown-key"),
    (
        {"entry": "{indicator: close, operator: gt, value: 1, compare_scalar: 2}"},
        8,
        "warning",
        "ignored-scalar",
    ),
    (
        {"entry": "{indicator: close, operator: cross_above, compare_to: open, compare_scalar: 2}"},
        8,
        "warning",
        "ignored-scalar",
    ),
    (
        {"entry": "{indicator: close, operator: gt, compare_to: open, compare_scalar: $p}"},
        8,
        "error",
        "wrong-kind",
    ),
    (
        {
            "entry": "{indicator: close, operator: gt, compare_to: open, "
            "compare_scalar: 0, compare_operation: div}"
        },
        8,
        "error",
        "divided-by-zero",
    ),
    (
        {
            "entry": "{indicator: close, operator: gt, compare_to: open, "
            "compare_scalar: 1, compare_operation: x}"
        },
        8,
        "error",
        "unknown-operation",
    ),
    (
        {
            "indicators": BANDS,
            "entry": "{indicator: close, operator: gt, compare_to: b, compare_output: top}",
        },
        8,
        "error",
        "unknown-line",
    ),
    (
        {"indicators": BANDS, "entry": "{indicator: close, operator: gt, compare_to: b}"},
        8,
        "warning",
        "line-differs",
    ),
    ({"entry": f"{_ENTRY}], logic: and, x: ["}, 8, "warning", "logic-case"),
    ({"entry": f"{_ENTRY}], logic: XOR, x: ["}, 8, "error", "unknown-logic"),
    ({"entry": "{indicator: close, operator: gt, compare_to: -$p}"}, 8, "error", "unknown-alias"),
    ({"entry": "{candlestick: rising_three_methods}"}, 8, "warning", "backtester-differs"),
    ({"indicators": "[{id: roc, alias: r}]", "entry": "{indicator: r, operator: gt, value: 0.05}"}, *UNIT),
    (
        {"indicators": "[{id: disparity, alias: r}]", "entry": "{indicator: r, operator: lt, value: 0.9}"},
        *UNIT,
    ),
    (
        {"indicators": "[{id: volatility_ind, alias: r}]", "entry": "{indicator: r, operator: lt, value: 2}"},
        *UNIT,
    ),
    # risk
    ({"metadata": "{name: x, tags: [{a: b}]}"}, 2, "warning", "unquoted-text"),
    ({"params": "{stop_loss_pct: {default: 5}}"}, 10, "warning", "risk-lost"),
    ({"risk": "{stop_loss: 5}"}, 10, "error", "risk-rule"),
    ({"risk": "{stop_loss: {percent: 5}}"}, 10, "warning", "rule-off"),
    ({"risk": "{stop_loss: {enabled: true}}"}, 10, "warning", "rule-off"),
    ({"risk": "{stop_loss: {enabled: true, percent: 150}}"}, 10, "error", "risk-percent"),
    ({"risk": "{stop_loss: {enabled: true, percent: -5}}"}, 10, "error", "risk-percent"),
    ({"risk": "{stop_loss: {enabled: true, percent: $p}}"}, 10, "error", "risk-reference"),
    ({"risk": "{stop_loss: {enabled: true, percent: 0}}"}, 10, "warning", "risk-zero"),
    ({"risk": "{stop_loss: {enabled: 5, percent: 1}}"}, 10, "error", "wrong-kind"),
    ({"risk": "{max_position_size: 2}"}, 10, "error", "risk-size"),
    ({"risk": "{max_position_size: 0.5}"}, 10, "note", "risk-size"),
    ({"risk": "{stop: {}}"}, 10, "warning", "unknown-key"),
]


@pytest.mark.parametrize(
    ("changes", "line", "severity", "code"),
    CASES,
    ids=[f"{case[3]}-{place}" for place, case in enumerate(CASES)],
)
def test_problem_has_its_line(changes: dict[str, str], line: int, severity: str, code: str) -> None:
    document = read_text(text(**changes))

    assert (line, severity, code) in found(document)
    assert (document.spec is None) == bool(document.errors)


@pytest.mark.parametrize("changes", [case[0] for case in CASES if case[2] != "error"])
def test_a_warning_alone_does_not_stop_a_file(changes: dict[str, str]) -> None:
    assert read_text(text(**changes)).errors == ()


def test_all_errors_come_at_once() -> None:
    document = read_text(
        text(
            head="version: x",
            params="{p: 5}",
            indicators="[{id: nope}, {id: sma, params: {period: 0}}]",
            entry="{indicator: who, operator: over}",
            risk="{stop_loss: 5}",
        )
    )

    assert {(problem.line, problem.code) for problem in document.errors} == {
        (1, "version"),
        (5, "param-not-map"),
        (6, "unknown-indicator"),
        (6, "param-value"),
        (8, "unknown-alias"),
        (8, "unknown-operator"),
        (8, "no-right"),
        (10, "risk-rule"),
    }
    with pytest.raises(CorrectionNeeded, match="오류 8개"):
        document.sound()


def test_an_alias_of_a_broken_indicator_is_not_reported_twice() -> None:
    document = read_text(
        text(indicators="[{id: nope, alias: n}]", entry="{indicator: n, operator: gt, value: 1}")
    )

    assert [problem.code for problem in document.errors] == ["unknown-indicator"]


@pytest.mark.parametrize(
    ("word", "operator"),
    [(">", Operator.GREATER_THAN), ("GTE", Operator.GREATER_EQUAL), ("crossunder", Operator.CROSS_BELOW)]
    + [(word, Operator.EQUAL) for word in ("equal", "equals", "eq", "==")]
    + [("!=", Operator.NOT_EQUAL), ("breaks", Operator.GREATER_THAN)],
)
def test_every_word_for_an_operator_is_read(word: str, operator: Operator) -> None:
    document = read_text(text(entry=f"{{indicator: close, operator: '{word}', value: 1}}"))

    assert condition(document) == Comparison(PriceField.CLOSE, operator, 1.0)


@pytest.mark.parametrize(
    ("right", "operand"),
    [
        ("value: '30'", 30.0),
        ("compare_to: 30", 30.0),
        ("compare_to: price", PriceField.CLOSE),
        ("value: m", IndicatorLine("m", "value")),
        ("value: $p", 7.0),
        ("compare_to: $p", 7.0),
    ],
)
def test_every_right_side_is_read(right: str, operand: object) -> None:
    document = read_text(
        text(
            params="{p: {default: 7}}",
            indicators=SMA,
            entry=f"{{indicator: high, operator: gt, {right}}}",
        )
    )

    assert condition(document) == Comparison(PriceField.HIGH, Operator.GREATER_THAN, operand)  # type: ignore[arg-type]


def test_scalar_changes_the_right_side() -> None:
    document = read_text(
        text(
            indicators=SMA,
            entry="{indicator: close, operator: lt, compare_to: m, compare_scalar: 0.9}",
        )
    )

    assert condition(document) == Comparison(
        PriceField.CLOSE, Operator.LESS_THAN, IndicatorLine("m", "value"), ScalarStep(Arithmetic.MUL, 0.9)
    )


@pytest.mark.parametrize(
    ("use", "named", "line", "differs"),
    [
        ("{id: macd, alias: m}", "", "value", False),
        ("{id: macd, alias: m, output: signal}", "", "signal", True),
        ("{id: macd, alias: m, output: signal}", ", output: value", "value", False),
        ("{id: macd, alias: m}", ", output: histogram", "histogram", False),
        ("{id: stochastic, alias: m}", "", "k", False),
        ("{id: stochastic, alias: m, output: d}", "", "d", True),
        ("{id: bollinger, alias: m}", ", output: value", "middle", True),
        ("{id: keltner, alias: m}", "", "middle", False),
        ("{id: donchian, alias: m}", "", "upper", True),
        ("{id: vortex, alias: m, output: minus_vi}", ", output: minus_vi", "minus_vi", False),
    ],
)
def test_line_is_the_conditions_else_the_entrys_else_the_default(
    use: str, named: str, line: str, differs: bool
) -> None:
    document = read_text(
        text(indicators=f"[{use}]", entry=f"{{indicator: m, operator: gt, compare_to: open{named}}}")
    )

    read = condition(document)

    assert isinstance(read, Comparison)
    assert read.left == IndicatorLine("m", line)
    assert ((8, "warning", "line-differs") in found(document)) is differs


def test_aliases_count_by_id_where_none_is_given() -> None:
    document = read_text(
        text(
            indicators="[{id: sma}, {id: ema}, {id: sma, params: {period: 5}}]",
            candles="[{id: doji}, {id: doji}]",
            entry="{indicator: sma_2, operator: gt, compare_to: sma_1}, {candlestick: doji_2}",
        )
    )

    spec = document.sound()

    assert [use.alias for use in spec.indicators] == ["sma_1", "ema_1", "sma_2"]
    assert [use.alias for use in spec.patterns] == ["doji_1", "doji_2"]


def test_an_alias_of_digits_is_found() -> None:
    document = read_text(
        text(indicators="[{id: sma, alias: 12}]", entry="{indicator: 12, operator: gt, compare_to: close}")
    )

    assert document.sound().entry.conditions[0].left == IndicatorLine("12", "value")  # type: ignore[union-attr]


def test_old_pattern_of_the_builder_becomes_a_signal() -> None:
    document = read_text(text(entry="{indicator: engulfing_2, operator: less_than, compare_to: 0}"))

    assert condition(document) == PatternCondition("engulfing_2", PatternSignal.BEARISH)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("{indicator: close, operator: cross_above, compare_to: top}", "never-true"),
        ("{indicator: close, operator: gt, compare_to: top}", "never-true"),
        ("{indicator: top, operator: lt, compare_to: close}", "never-true"),
        ("{indicator: low, operator: gt, compare_to: top}", "never-true"),
        ("{indicator: close, operator: gt, compare_to: top, compare_scalar: 1.1}", "never-true"),
        ("{indicator: high, operator: gt, compare_to: d, compare_output: upper}", "never-true"),
        ("{indicator: close, operator: lt, compare_to: d, compare_output: lower}", "never-true"),
        ("{indicator: i, operator: gt, value: 80}", "never-true"),
        ("{indicator: i, operator: gt, value: $p}", "never-true"),
        ("{indicator: close, operator: lte, compare_to: top}", "always-true"),
    ],
)
def test_what_can_never_or_always_be_true_is_told(entry: str, code: str) -> None:
    document = read_text(
        text(
            params="{p: {default: 1}}",
            indicators="[{id: maximum, alias: top}, {id: donchian, alias: d}, {id: ibs, alias: i}]",
            entry=entry,
        )
    )

    assert (8, "warning", code) in found(document)


@pytest.mark.parametrize(
    "entry",
    [
        "{indicator: high, operator: gt, compare_to: top}",
        "{indicator: close, operator: gte, compare_to: top}",
        "{indicator: close, operator: gt, compare_to: top, compare_scalar: 0.9}",
        "{indicator: close, operator: gt, compare_to: before}",
        "{indicator: close, operator: lt, compare_to: top}",
        "{indicator: i, operator: gte, value: 1}",
    ],
)
def test_what_can_be_true_is_left_alone(entry: str) -> None:
    document = read_text(
        text(
            indicators="[{id: maximum, alias: top}, {id: maximum, alias: before, params: {shift: 1}},"
            " {id: ibs, alias: i}]",
            entry=entry,
        )
    )

    assert not {"never-true", "always-true"} & {problem.code for problem in document.problems}


@pytest.mark.parametrize(
    ("slow", "entry", "code"),
    [
        ("$b", "{indicator: x, operator: cross_above, compare_to: y}", "never-true"),
        ("5", "{indicator: x, operator: gt, compare_to: y}", "never-true"),
        ("$b", "{indicator: x, operator: gte, compare_to: y}", "always-true"),
        ("5", "{indicator: close, operator: lt, compare_to: close}", "never-true"),
        ("6", "{indicator: x, operator: cross_above, compare_to: y}", ""),
        ("$b", "{indicator: x, operator: gt, compare_to: y, compare_scalar: 1.1}", ""),
    ],
)
def test_a_line_held_against_itself_is_told(slow: str, entry: str, code: str) -> None:
    document = read_text(
        text(
            params="{a: {default: 5}, b: {default: 5}}",
            indicators="[{id: sma, alias: x, params: {period: $a}},"
            f" {{id: sma, alias: y, params: {{period: {slow}}}}}]",
            entry=entry,
        )
    )

    codes = {problem.code for problem in document.problems} & {"never-true", "always-true"}
    assert codes == ({code} if code else set())


def test_week52_template_is_explained_and_can_be_mended() -> None:
    document = read_file(shared_path("strategy/templates/week52_high.kis.yaml"))

    told = {problem.code: problem for problem in document.problems}

    assert told["never-true"].line == 46
    assert told["never-true"].can_fix
    assert told["id-alias"].line == 38
    assert {problem.line for problem in document.problems if problem.code == "unused-param"} == {24, 30}


def test_a_missing_file_is_a_correction(tmp_path: Path) -> None:
    with pytest.raises(CorrectionNeeded, match=r"none\.kis\.yaml"):
        read_file(tmp_path / "none.kis.yaml")
    with pytest.raises(CorrectionNeeded):
        read_file(tmp_path)
