"""Values of the backtest command's options: parameters, ranges, sizes; all that is wrong is said in words."""

from __future__ import annotations

from collections.abc import Sequence

from kis_terminal.domain.backtest import Sizing
from kis_terminal.domain.backtest_work import StrategySheet
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.sweeps import ParameterRange

_MOST_VALUES = 100_000
SYMBOL_NAME = "symbol"
"""The range of this name runs each symbol alone (services/backtest/sweep_job)."""


def parameters_of(words: Sequence[str], sheet: StrategySheet) -> dict[str, Parameter]:
    """Return every parameter with its value: the strategy's default, or what `--set` says."""
    values: dict[str, Parameter] = {rule.name: rule.default for rule in sheet.parameters}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        if equals and name not in values:
            raise CorrectionNeeded(
                Sentence(
                    "--set {text}: 이 전략에 그런 매개변수가 없습니다. 있는 이름: {names}",
                    text=word,
                    names=", ".join(values) or "-",
                )
            )
        if not equals:
            raise CorrectionNeeded(
                Sentence(
                    "--set {text}: 이름=값으로 적으십시오. 있는 이름: {names}",
                    text=word,
                    names=", ".join(values) or "-",
                )
            )
        values[name] = _value(text.strip(), values[name], word)
    return values


def _value(text: str, default: Parameter, word: str) -> Parameter:
    if isinstance(default, str):
        return text
    if isinstance(default, bool):
        if text.lower() in ("true", "false", "1", "0"):
            return text.lower() in ("true", "1")
    else:
        number = _number(text)
        if number is not None:
            return number
    raise CorrectionNeeded(Sentence("--set {text}: 값을 읽을 수 없습니다.", text=word))


def _number(text: str) -> int | float | None:
    try:
        return int(text)
    except ValueError:
        pass  # perhaps a fraction
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value - value == 0 else None


def range_of(text: str) -> ParameterRange:
    """Return what `fast=5:50:5`, `fast=5,8,13` or `symbol=005930,000660` says; raises CorrectionNeeded."""
    name, _, span = text.partition("=")
    if name and span and ("," in span or name.strip() == SYMBOL_NAME):
        return ParameterRange(name.strip(), _listed(name.strip(), span))
    numbers = [_number(part) for part in span.split(":")]
    if name and len(numbers) in (2, 3) and None not in numbers:
        first, last = (float(number or 0) for number in numbers[:2])
        step = float(numbers[2] or 0) if len(numbers) == 3 else 1.0
        if step > 0 and last >= first and (last - first) / step <= _MOST_VALUES:
            whole = all(isinstance(number, int) for number in numbers)
            count = int((last - first) / step + 1e-9) + 1
            made = [first + place * step for place in range(count)]
            return ParameterRange(name.strip(), [round(v) if whole else round(v, 10) for v in made])
    raise CorrectionNeeded(
        Sentence("--sweep {text}: fast=5:50:5처럼 이름=처음:끝:간격으로 적으십시오.", text=text)
    )


def _listed(name: str, span: str) -> list[Parameter]:
    """Return the values between commas: words where they are symbols or not all of them numbers."""
    words = list(dict.fromkeys(word for part in span.split(",") if (word := part.strip())))
    numbers = [number for word in words if (number := _number(word)) is not None]
    return sorted(numbers) if name != SYMBOL_NAME and len(numbers) == len(words) else [*words]


def window_days_of(text: str) -> tuple[int, int]:
    """Return the bars of training and test that `504:126` says; raises CorrectionNeeded."""
    train, _, test = text.partition(":")
    if train.isdecimal() and test.isdecimal() and int(train) > 1 and int(test) > 0:
        return int(train), int(test)
    raise CorrectionNeeded(
        Sentence("--walk-forward {text}: 504:126처럼 학습과 검증의 봉 수를 적으십시오.", text=text)
    )


def sizing_of(text: str | None) -> Sizing:
    """Return what `10` or `95%` says; raises CorrectionNeeded."""
    if text is None:
        return Sizing()
    number = _number(text.removesuffix("%"))
    if text.endswith("%") and number is not None and 0 < number <= 100:
        return Sizing(SizingKind.PERCENT, float(number))
    if not text.endswith("%") and isinstance(number, int) and number > 0:
        return Sizing(SizingKind.SHARES, float(number))
    raise CorrectionNeeded(
        Sentence("--size {text}: 주식 수(10)나 평가금액의 비율(95%)을 적으십시오.", text=text)
    )
