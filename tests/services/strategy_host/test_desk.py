"""A strategy in its host: the same object wants in the market what it wants in a backtest."""

from __future__ import annotations

import csv
from datetime import date

import numpy as np
import pytest

from kis_terminal.cli.strategy_sources import load_source
from kis_terminal.domain.backtest import BacktestRequest, Sizing, StrategySource
from kis_terminal.domain.bar_columns import BarColumns, Product, SeriesKey
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.market import Interval
from kis_terminal.domain.sizing import SizingKind
from kis_terminal.domain.wall_time import day_seconds
from kis_terminal.resource_files import resource_path
from kis_terminal.services.backtest.run import run_backtest
from kis_terminal.services.strategy_host.desk import HostDesk
from tests.support.shared import shared_path

SYMBOL = "005930"
CASH = 100_000_000.0
ACCOUNT: dict[str, object] = {"cash": CASH, "holdings": {}}
PYTHON = """
from kis_terminal.domain.strategy.contract import Strategy


class Own(Strategy):
    def on_bar(self, context, symbol):
        context.buy(symbol, quantity=1)
"""


def real_rows(count: int) -> list[list[float]]:
    with shared_path(f"data/krx/daily_adjusted_2000_2024/{SYMBOL}.csv").open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if float(row["Volume"]) > 0][-count:]
    return [
        [
            day_seconds(date.fromisoformat(row["Date"])),
            *(float(row[name]) for name in ("Open", "High", "Low", "Close", "Volume")),
        ]
        for row in rows
    ]


def begin(
    text: str, kind: str, rows: list[list[float]], **changes: object
) -> tuple[HostDesk, dict[str, object]]:
    desk = HostDesk(load_source)
    message: dict[str, object] = {
        "do": "begin",
        "source": {"name": "own.py", "text": text, "kind": kind},
        "parameters": {},
        "symbols": [SYMBOL],
        "interval": "1d",
        "sizing": {"kind": "shares", "value": 10},
        "bars": {SYMBOL: rows},
        "account": ACCOUNT,
        **changes,
    }
    return desk, desk.answer(message)


def test_a_preset_wants_in_the_market_what_it_trades_in_a_backtest() -> None:
    text = resource_path("strategies/golden_cross.kis.yaml").read_text(encoding="utf-8")
    rows, warm = real_rows(900), 100
    key = SeriesKey(Product.STOCK, SYMBOL, Interval.DAY)
    table = np.array(rows)
    bars = BarColumns(key, table[:, 0].astype(np.int64), np.ascontiguousarray(table[:, 1:].T))
    days = [date.fromordinal(719_163 + int(row[0]) // 86_400) for row in rows]
    request = BacktestRequest(
        StrategySource("golden_cross.kis.yaml", text),
        [key],
        days[warm],
        days[-1],
        cash=CASH,
        sizing=Sizing(SizingKind.SHARES, 10),
    )
    traded = run_backtest(request, {key: bars}, load_source("golden.kis.yaml", text, "yaml")).fills  # type: ignore[arg-type]

    # The host gets the same bars one by one, and its wishes are filled at the next bar's open.
    desk, _ = begin(text, "yaml", rows[:warm])
    cash, held, average = CASH, 0, 0.0
    wanted: list[tuple[str, float]] = []
    waiting: dict[str, object] | None = None
    for row in rows[warm:]:
        if waiting is not None:
            price = row[1]
            wanted.append((str(waiting["side"]), price))
            quantity = 10 if waiting["side"] == "buy" else held
            held = quantity if waiting["side"] == "buy" else 0
            cash += (-price if waiting["side"] == "buy" else price) * quantity
            average = price
            fill = {"symbol": SYMBOL, "time": row[0], "side": waiting["side"], "price": price}
            fill |= {"quantity": quantity, "commission": 0, "tax": 0, "reason": ""}
            account = {"cash": cash, "holdings": {SYMBOL: [held, average]} if held else {}}
            desk.answer({"do": "fill", "fill": fill, "account": account})
            waiting = None
        account = {"cash": cash, "holdings": {SYMBOL: [held, average]} if held else {}}
        answer = desk.answer({"do": "bars", "bars": {SYMBOL: [row]}, "judged": [SYMBOL], "account": account})
        waiting = answer["intents"][0] if answer["intents"] else None

    assert len(traded) > 4
    assert wanted == [(str(fill.side), fill.price) for fill in traded]


def test_old_bars_give_no_order_at_the_start() -> None:
    body = PYTHON.replace(
        "def on_bar",
        "def on_start(self, context):\n        context.buy('005930', quantity=1)\n\n    def on_bar",
    )

    _, answer = begin(body, "python", real_rows(30))

    assert answer["intents"] == []


def test_a_holding_from_before_is_told_as_a_fill() -> None:
    body = (
        PYTHON
        + "\n    def on_fill(self, context, fill):\n        context.say(f'{fill.quantity} {fill.reason}')\n"
    )

    _, answer = begin(
        body, "python", real_rows(5), account={"cash": 1.0, "holdings": {SYMBOL: [7, 70_000.0]}}
    )

    assert "7 carried" in str(answer["log"])


def test_a_bar_that_is_corrected_takes_the_place_of_the_old_one() -> None:
    body = PYTHON.replace(
        "context.buy(symbol, quantity=1)",
        "context.say(f'{len(context.bars(symbol))} {context.bars(symbol).close[-1]}')",
    )
    rows = real_rows(10)
    desk, _ = begin(body, "python", rows)
    corrected = [*rows[-1][:4], 12_345.0, 9.0]

    answer = desk.answer(
        {"do": "bars", "bars": {SYMBOL: [corrected]}, "judged": [SYMBOL], "account": ACCOUNT}
    )

    assert "10 12345.0" in str(answer["log"])


def test_bars_do_not_grow_without_end() -> None:
    body = PYTHON.replace("context.buy(symbol, quantity=1)", "context.say(str(len(context.bars(symbol))))")
    desk, _ = begin(body, "python", [])
    rows = [[60.0 * i, 1.0, 1.0, 1.0, 1.0, 1.0] for i in range(1, 6_001)]

    desk.answer({"do": "bars", "bars": {SYMBOL: rows[:5_000]}, "judged": [], "account": ACCOUNT})
    answer = desk.answer(
        {"do": "bars", "bars": {SYMBOL: rows[5_000:]}, "judged": [SYMBOL], "account": ACCOUNT}
    )

    assert answer["log"][0].endswith(" 4000")


@pytest.mark.parametrize(
    "text",
    ["x = 1", PYTHON + PYTHON.replace("Own", "Other"), "class Own(:\n  pass"],
)
def test_a_file_without_exactly_one_strategy_is_refused(text: str) -> None:
    with pytest.raises(CorrectionNeeded):
        begin(text, "python", [])


def test_parameters_that_do_not_exist_are_refused() -> None:
    with pytest.raises(CorrectionNeeded):
        begin(PYTHON, "python", [], parameters={"fast": 3})
