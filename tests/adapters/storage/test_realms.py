"""Prices of different markets in one database, and how many made-up markets stay."""

from __future__ import annotations

from datetime import date

from kis_terminal.adapters.storage.bar_place import StorePlace, realm_of
from kis_terminal.adapters.storage.bars import SqlBarStore
from kis_terminal.domain.bar_columns import CorporateNote
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.made_up_market import MadeUpMarket
from tests.support.bar_stores import SAMSUNG_DAYS, made_bars, same, weekdays, whole

EVER = 2**40
DAYS = weekdays(50)


async def test_made_up_markets_are_apart_and_only_the_newest_few_are_kept(place: StorePlace) -> None:
    names = [f"1-7-26110{number}-o" for number in range(1, 7)]
    bars = made_bars(SAMSUNG_DAYS, DAYS)
    real = SqlBarStore(place, realm_of(Environment.PAPER))
    await real.write(bars, whole(bars))
    stores = []
    for moment, name in enumerate(names):
        market = realm_of(Environment.SIM, MadeUpMarket(name, date(2026, 11, 1)))
        opened = SqlBarStore(place, market, now=lambda moment=moment: moment)  # type: ignore[misc]
        other = made_bars(SAMSUNG_DAYS, DAYS, seed=moment)
        await opened.write(other, whole(other))
        await opened.add_note(CorporateNote("005930", date(2026, 11, 1), 0.5, name))
        stores.append((opened, other))

    kept = [len(await opened.read(SAMSUNG_DAYS, 0, EVER)) for opened, _ in stores]
    notes = [len(await opened.notes("005930")) for opened, _ in stores]
    again, newest = stores[-1]

    assert kept == [0, 0, 50, 50, 50, 50]
    assert [count > 0 for count in notes] == [False, False, True, True, True, True]
    assert same(await again.read(SAMSUNG_DAYS, 0, EVER), newest)
    assert same(await real.read(SAMSUNG_DAYS, 0, EVER), bars)
    for opened in (real, *(opened for opened, _ in stores)):
        await opened.close()
