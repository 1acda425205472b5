"""The symbol master: bytes at their places, refused as a whole when anything is off, the old one kept."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kis_terminal.adapters.kis.environment import KST
from kis_terminal.adapters.kis.master import MasterFiles, parse_master, unpack
from kis_terminal.adapters.kis.master_layout import LAYOUTS, MasterLayout
from kis_terminal.domain.errors import BrokerAnswerError, BrokerUnreachable
from kis_terminal.domain.instruments import Instrument, InstrumentKind, Market
from tests.support.leftovers import ExpectLog
from tests.support.shared import shared_path

KOSPI, KOSDAQ = LAYOUTS
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=KST)


def row(
    layout: MasterLayout, symbol: str, name: str, *, group: str = "ST", price: int = 70000, halted: str = "N"
) -> bytes:
    line = bytearray(b" " * layout.row_bytes)
    line[0:9] = symbol.ljust(9).encode()
    line[9:21] = f"KR7{symbol}00".ljust(12)[:12].encode()
    line[21:61] = name.encode("cp949").ljust(40)
    line[layout.group] = group.encode()
    line[layout.base_price] = f"{price:09d}".encode()
    line[layout.halted] = halted.encode()
    line[layout.liquidation] = b"N"
    return bytes(line)


def good_file(layout: MasterLayout) -> bytes:
    symbol = "005930" if layout.market is Market.KOSPI else "247540"
    return row(layout, symbol, "삼성전자" if layout.market is Market.KOSPI else "에코프로비엠") + b"\n"


def zipped(layout: MasterLayout, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(layout.file_name, content)
    return buffer.getvalue()


class FixedClock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return 0.0


class Downloads:
    """What the server has, by file name; counts what was fetched."""

    def __init__(self) -> None:
        self.files = {f"{layout.file_name}.zip": zipped(layout, good_file(layout)) for layout in LAYOUTS}
        self.is_down = False
        self.fetched: list[str] = []

    async def __call__(self, url: str) -> bytes:
        self.fetched.append(url)
        if self.is_down:
            raise BrokerUnreachable("down")
        return self.files[url.rpartition("/")[2]]


def source(folder: Path | None, downloads: Downloads, clock: FixedClock) -> MasterFiles:
    return MasterFiles("http://host/common/master/", downloads, clock, folder=folder)


@pytest.mark.parametrize(
    ("layout", "rows", "tradable"), [(KOSPI, 2443, 2337), (KOSDAQ, 1803, 1803)], ids=["kospi", "kosdaq"]
)
def test_published_files_are_read_whole(layout: MasterLayout, rows: int, tradable: int) -> None:
    content = shared_path(f"data/master/2025-06/{layout.file_name}").read_bytes()

    found = parse_master(layout, content)

    assert content.count(b"\n") == rows
    assert len(found) == tradable
    assert {instrument.market for instrument in found} == {layout.market}
    assert all(len(instrument.symbol) in (6, 7) for instrument in found)
    assert all(instrument.name and "\ufffd" not in instrument.name for instrument in found)


def test_well_known_names_stand_at_their_places() -> None:
    kospi = {
        instrument.symbol: instrument
        for instrument in parse_master(KOSPI, shared_path("data/master/2025-06/kospi_code.mst").read_bytes())
    }
    kosdaq = {
        instrument.symbol: instrument
        for instrument in parse_master(
            KOSDAQ, shared_path("data/master/2025-06/kosdaq_code.mst").read_bytes()
        )
    }

    samsung = kospi["005930"]
    assert (samsung.name, samsung.standard_code, samsung.kind) == (
        "삼성전자",
        "KR7005930003",
        InstrumentKind.STOCK,
    )
    assert kospi["069500"].kind is InstrumentKind.ETF
    assert not kospi["069500"].is_taxed
    assert kospi["0000D0"].name.startswith("TIGER 엔비디아")
    assert kospi["Q500055"].kind is InstrumentKind.ETN
    assert kospi["000020"].base_price == Decimal(6480)
    assert kosdaq["000250"].name == "삼천당제약"
    assert sum(instrument.is_halted for instrument in kosdaq.values()) == 79
    assert sum(instrument.is_liquidation for instrument in kosdaq.values()) == 5


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        good_file(KOSPI)[:-20],
        good_file(KOSPI) + good_file(KOSPI)[:100],
        good_file(KOSPI).replace(b"\n", b" \n"),
        good_file(KOSDAQ),
        good_file(KOSPI).decode("cp949").encode("utf-8"),
        row(KOSPI, "F70100009", "펀드", group="BC"),
        row(KOSPI, "", "이름"),
        row(KOSPI, "005930", ""),
        row(KOSPI, "005930", "삼성전자", halted="7"),
    ],
)
def test_a_file_that_is_off_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(BrokerAnswerError, match=r"kospi_code\.mst"):
        parse_master(KOSPI, content)


def test_windows_line_ends_are_fine() -> None:
    assert parse_master(KOSPI, good_file(KOSPI).replace(b"\n", b"\r\n"))[0].symbol == "005930"


def test_a_zip_cut_anywhere_is_refused() -> None:
    whole = zipped(KOSPI, good_file(KOSPI) * 50)

    for end in range(0, len(whole) - 1, 7):
        with pytest.raises(BrokerUnreachable):
            unpack(KOSPI, whole[:end])


def test_a_zip_of_something_else_is_refused() -> None:
    with pytest.raises(BrokerUnreachable):
        unpack(KOSPI, zipped(KOSDAQ, good_file(KOSDAQ)))


async def test_both_markets_are_fetched_once_a_day(tmp_path: Path) -> None:
    downloads, clock = Downloads(), FixedClock()

    first = await source(tmp_path / "master", downloads, clock).instruments()
    second = await source(tmp_path / "master", downloads, clock).instruments()

    assert [instrument.symbol for instrument in first] == ["005930", "247540"]
    assert list(second) == list(first)
    assert downloads.fetched == [
        "http://host/common/master/kospi_code.mst.zip",
        "http://host/common/master/kosdaq_code.mst.zip",
    ]


async def test_the_next_day_fetches_anew(tmp_path: Path) -> None:
    downloads, clock = Downloads(), FixedClock()
    await source(tmp_path, downloads, clock).instruments()

    clock.moment += timedelta(days=1)
    await source(tmp_path, downloads, clock).instruments()

    assert len(downloads.fetched) == 4


async def test_a_broken_download_leaves_the_old_list_in_use_and_says_its_date(
    tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("the one of 2026-11-20 is")
    downloads, clock = Downloads(), FixedClock()
    good = await source(tmp_path, downloads, clock).instruments()
    clock.moment += timedelta(days=1)
    downloads.files["kospi_code.mst.zip"] = zipped(KOSPI, good_file(KOSPI)[:-30])

    again = await source(tmp_path, downloads, clock).instruments()

    assert list(again) == list(good)
    assert (tmp_path / "kospi_code.mst").read_bytes() == good_file(KOSPI)


async def test_offline_uses_what_was_kept(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("is not used")
    downloads, clock = Downloads(), FixedClock()
    good = await source(tmp_path, downloads, clock).instruments()
    clock.moment += timedelta(days=3)
    downloads.is_down = True

    assert list(await source(tmp_path, downloads, clock).instruments()) == list(good)


async def test_without_anything_it_says_so(tmp_path: Path) -> None:
    downloads = Downloads()
    downloads.is_down = True

    with pytest.raises(BrokerUnreachable):
        await source(tmp_path, downloads, FixedClock()).instruments()


async def test_a_kept_file_that_was_damaged_is_fetched_again(tmp_path: Path, expect_log: ExpectLog) -> None:
    expect_log("kept master is not used")
    downloads, clock = Downloads(), FixedClock()
    await source(tmp_path, downloads, clock).instruments()
    path = tmp_path / "kospi_code.mst"
    path.write_bytes(path.read_bytes()[:-5])
    os.utime(path, (NOON.timestamp(), NOON.timestamp()))

    found: list[Instrument] = list(await source(tmp_path, downloads, clock).instruments())

    assert [instrument.symbol for instrument in found] == ["005930", "247540"]


async def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    downloads, clock = Downloads(), FixedClock()
    files = source(None, downloads, clock)

    await files.instruments()
    await files.instruments()

    assert len(downloads.fetched) == 4
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []
