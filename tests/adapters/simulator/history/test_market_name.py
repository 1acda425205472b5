"""The name of a market: the same history, the same name; anything that changes the history changes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from kis_terminal.adapters.simulator.history.market_name import HISTORY_FORM, market_name, usual_market
from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.simulator.rules.calendar import SEOUL
from kis_terminal.adapters.simulator.server import build_venue
from kis_terminal.adapters.simulator.serving.venue import Venue

SYMBOL = "005930"
BEFORE = date(2026, 2, 27)


def opened(**chosen: object) -> Venue:
    """Return the venue of an exchange that begins in March 2026 unless told otherwise."""
    options = replace(SimulatorOptions(clock="2026-03-04T10:00"), **chosen)  # type: ignore[arg-type]
    return build_venue(options)


def history(venue: Venue) -> list[tuple[int, int, int, int, int]]:
    """Return days before the first one, adjusted."""
    bars = venue.exchange.daily_bars(SYMBOL, date(2025, 6, 2), BEFORE, True)
    return [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]


def folder_of(path: Path, close: int, later: int) -> Path:
    """Write a folder of bars; `later` is the close of a day after the exchange's first one."""
    path.mkdir()
    rows = [("2026-02-26", close), ("2026-02-27", close), ("2026-03-09", later)]
    text = "".join(f"{day},{price},{price},{price},{price},1000\n" for day, price in rows)
    (path / f"{SYMBOL}.csv").write_text(f"Date,Open,High,Low,Close,Volume\n{text}", encoding="utf-8")
    return path


def test_the_same_options_give_the_same_name_and_history() -> None:
    first, second = opened(), opened(clock="2026-03-04T14:20")

    assert first.name == second.name
    assert first.name is not None
    assert first.name.settled_until == date(2026, 3, 4)
    assert history(first) == history(second)


@pytest.mark.parametrize("chosen", [{"seed": 2}, {"clock": "2026-03-05T10:00"}], ids=["seed", "first day"])
def test_another_history_has_another_name(chosen: dict[str, object]) -> None:
    first, second = opened(), opened(**chosen)

    assert history(first) != history(second)
    assert first.name != second.name


def test_bars_of_a_folder_name_the_market_by_what_lies_before_it(tmp_path: Path) -> None:
    one = opened(bars=folder_of(tmp_path / "one", 70_000, 80_000))
    same = opened(bars=folder_of(tmp_path / "same", 70_000, 90_000))
    other = opened(bars=folder_of(tmp_path / "other", 71_000, 80_000))

    assert one.name == same.name
    assert history(one) == history(same)
    assert len({opened().name, one.name, other.name}) == 3


def test_what_would_be_started_now_is_known_before() -> None:
    now = datetime(2026, 3, 4, 23, 30, tzinfo=SEOUL)

    assert usual_market(1, now) == market_name(1, date(2026, 3, 4), is_open_always=True)
    assert usual_market(1, now) != opened().name  # that one keeps the day's clock
    assert len(market_name(10**30, date(2026, 3, 4), is_open_always=True).name) <= 32


def test_a_history_that_is_made_up_otherwise_needs_another_form() -> None:
    closes = [close for *_, close, _ in history(opened())[-5:]]

    # Whoever changes these bars raises HISTORY_FORM: stored ones of the same name would be mixed with them.
    assert (HISTORY_FORM, closes) == (1, [79300, 82900, 84400, 84600, 86100])
