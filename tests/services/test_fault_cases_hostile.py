"""Fault cases 75 and 76: pages of this machine's browsers, and hostile texts from the wire."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from kis_terminal.adapters.kis.frames import ControlReply
from kis_terminal.adapters.kis.plain_text import LONGEST, plain
from kis_terminal.adapters.kis.replies import sentence
from kis_terminal.adapters.simulator.control.faults import read_rule
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.orders import OrderStatus
from kis_terminal.log import LogBuffer, RedactionFilter, Redactor
from kis_terminal.settings import HomePaths, Secret, Settings
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_case import SAMSUNG, Case, opened
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until

FORGED_HOSTS = (
    *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "evil.example:1234"),
    *("0.0.0.0", "192.168.0.7", "127.0.0.1@evil.example", "[::ffff:1.2.3.4]", ""),
)
FORGED_ORIGINS = (
    *(
        "https://evil.example",
        "http://127.0.0.1.evil.example",
        "null",
        "file://",
        "http://localhost@evil.example",
    ),
)
HOSTILE = (
    '<b>주문</b><img src="http://evil.example/x.png"><a href="http://evil.example">클릭</a>\n'
    "2026-11-20 10:00:00 INFO 주문이 모두 취소되었습니다\r\x1b[2J\x1b]0;title\x07\u202e뒤집힌\u2028줄\x00"
)


@pytest.fixture
async def exchange() -> AsyncIterator[RunningExchange]:
    async with running_exchange() as handle:
        yield handle


@pytest.fixture
async def case(exchange: RunningExchange, tmp_path: Path) -> AsyncIterator[Case]:
    async with opened(exchange, exchange.access(), tmp_path) as made:
        yield made


def buy_body() -> dict[str, str]:
    return {
        "CANO": "50000101",
        "ACNT_PRDT_CD": "01",
        "PDNO": SAMSUNG,
        "ORD_DVSN": "01",
        "ORD_QTY": "1",
        "ORD_UNPR": "0",
        "EXCG_ID_DVSN_CD": "KRX",
    }


# -- case 75


@pytest.mark.parametrize("place", ["rest", "paper_rest", "control"])
async def test_case_75_a_page_of_a_browser_reaches_nothing(exchange: RunningExchange, place: str) -> None:
    url = str(exchange.server.addresses[place])
    path = "" if place == "control" else "/uapi/domestic-stock/v1/trading/order-cash"
    own = exchange.server.control_headers
    async with httpx.AsyncClient(trust_env=False) as http:
        for host in FORGED_HOSTS:
            answer = await http.post(f"{url}{path}", json=buy_body(), headers={**own, "host": host})
            assert answer.status_code in (400, 403), host
        for origin in FORGED_ORIGINS:
            answer = await http.post(f"{url}{path}", json=buy_body(), headers={**own, "origin": origin})
            assert answer.status_code == 403, origin

    assert exchange.server.venue.exchange.ledger.entries == ()
    assert exchange.server.venue.log.events("request") == []


@pytest.mark.parametrize("place", ["ws", "paper_ws"])
async def test_case_75_a_page_opens_no_socket(exchange: RunningExchange, place: str) -> None:
    url = str(exchange.server.addresses[place])
    for origin in FORGED_ORIGINS:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(url, additional_headers={"Origin": origin}, proxy=None):
                pass
        assert caught.value.response.status_code == 403


async def test_case_75_the_control_side_needs_this_runs_token_and_its_own_origin(
    exchange: RunningExchange,
) -> None:
    url, venue = str(exchange.server.addresses["control"]), exchange.server.venue
    own = exchange.server.control_headers
    rebound = str(exchange.server.addresses["paper_rest"])
    wrong = [
        {},
        {"authorization": "Bearer"},
        {"authorization": f"Bearer {secrets.token_urlsafe(32)}"},
        {"authorization": own["authorization"].removeprefix("Bearer ")},
        {**own, "origin": rebound},  # another port of this machine is another page
    ]
    rule = {"do": "drop", "path": "*"}
    async with httpx.AsyncClient(trust_env=False) as http:
        for headers in wrong:
            answer = await http.post(f"{url}/faults", json=rule, headers=headers)
            assert answer.status_code in (401, 403)
        assert venue.faults.to_json() == []
        assert (await http.post(f"{url}/faults", json=rule, headers=own)).status_code == 200
    async with running_exchange() as other:
        assert other.server.control_token != exchange.server.control_token


async def test_case_75_everything_listens_on_this_machine_only(exchange: RunningExchange) -> None:
    for name in ("rest", "ws", "paper_rest", "paper_ws", "control"):
        assert str(exchange.server.addresses[name]).split("://")[1].startswith("127.0.0.1:")


async def test_case_75_the_exchange_keeps_no_key_that_could_be_a_real_one(
    exchange: RunningExchange, tmp_path: Path
) -> None:
    canary = secrets.token_hex(90)
    access = replace(exchange.access(), appsecret=Secret(canary))
    async with opened(exchange, access, tmp_path) as case:
        order = await case.desk.orders.submit(case.market_buy(2))
        await until(lambda: case.now(order).status is OrderStatus.FILLED)
        appkey = case.desk.broker.client.access.appkey.reveal()
        url, own = str(exchange.server.addresses["control"]), exchange.server.control_headers
        async with httpx.AsyncClient(trust_env=False) as http:
            told = "".join(
                [(await http.get(f"{url}{path}", headers=own)).text for path in ("", "/ledger", "/log")]
            )
        venue = exchange.server.venue
        kept = told + repr(vars(venue.keys)) + repr(vars(venue.tokens).get("_asked", ""))[:0]

        assert canary not in kept
        assert canary[:40] not in kept
        assert appkey not in told
        await case.invariants.hold()


def test_case_75_the_embedded_exchange_gets_made_up_keys_and_only_on_this_machine(tmp_path: Path) -> None:
    home = HomePaths.under(tmp_path, Environment.SIM)
    settings = sim_settings(home)
    one, two = (settings.access_for_sim("http://127.0.0.1:1", "ws://127.0.0.1:2") for _ in range(2))

    assert one.appkey.reveal() != two.appkey.reveal()
    assert one.appkey.reveal().startswith("SIM")
    for rest, ws in (
        ("http://192.168.0.7:1", "ws://127.0.0.1:2"),
        ("http://127.0.0.1:1", "ws://evil.example"),
    ):
        with pytest.raises(ValueError, match="this machine"):
            settings.access_for_sim(rest, ws)


def sim_settings(home: HomePaths) -> Settings:
    from kis_terminal.settings import load_settings

    return load_settings(
        environment=Environment.SIM, environ={"KIS_TERMINAL_HOME": str(home.root)}, cwd=home.root
    )


# -- case 76


async def test_case_76_a_refusals_words_are_one_plain_line(case: Case) -> None:
    """Cause: line ends and terminal sequences of msg1 went into sentences, files and logs as they came."""
    body = {"rt_cd": "7", "msg_cd": "APBK9999", "msg1": HOSTILE + "가" * 1_000_000}
    rule = {"do": "raw", "path": "*/order-cash", "text": json.dumps(body), "at": "request", "nth": "1"}
    case.exchange.server.venue.faults.add(read_rule(rule))

    order = await case.desk.orders.submit(case.market_buy())

    assert order.status is OrderStatus.REJECTED
    assert str(order.reason).isprintable()
    assert len(str(order.reason)) < 400
    assert "<b>주문</b>" in order.reason  # shown as it is, in plain text
    journal = await case.desk.journal.entries(order.created_at.replace(hour=0))
    assert all(value.isprintable() for entry in journal for value in entry.details.values())
    await case.invariants.hold()


async def test_case_76_hostile_names_are_cut_and_plain(case: Case) -> None:
    order = await case.desk.orders.submit(case.resting_buy())
    listing = (await case.desk.broker.orders(case.desk.orders.day))[0]
    venue = case.exchange.server.venue
    rows = {
        "rt_cd": "0",
        "msg_cd": "KIOK0510",
        "msg1": HOSTILE,
        "output1": [{**holding(), "prdt_name": HOSTILE * 1000}],
        "output2": [sums()],
    }
    venue.faults.add(read_rule({"do": "raw", "path": "*/inquire-balance", "text": json.dumps(rows)}))

    await case.desk.portfolio.refresh()

    name = case.desk.portfolio.positions[0].name
    assert name.isprintable()
    assert len(name) <= LONGEST
    assert listing.name.isprintable()
    case.heal()
    await case.desk.portfolio.refresh()
    await case.invariants.hold()
    assert await case.desk.orders.cancel(order.key) == ""


def holding() -> dict[str, str]:
    numbers = ("hldg_qty", "ord_psbl_qty", "pchs_amt", "pchs_avg_pric", "prpr", "evlu_amt")
    return {"pdno": SAMSUNG, "trad_dvsn_name": "현금", "loan_dt": "", **dict.fromkeys(numbers, "10")}


def sums() -> dict[str, str]:
    names = ("dnca_tot_amt", "nxdy_excc_amt", "prvs_rcdl_excc_amt", "tot_evlu_amt")
    return dict.fromkeys(names, "1000000")


def test_case_76_a_sockets_words_are_one_plain_line() -> None:
    reply = ControlReply("H0STCNT0", SAMSUNG, False, "OPSP9999", HOSTILE * 100, "", "")

    words = sentence(reply)

    assert words.isprintable()
    assert len(words) <= 200


def test_case_76_a_log_line_cannot_be_forged(caplog: pytest.LogCaptureFixture) -> None:
    buffer = LogBuffer()
    buffer.addFilter(RedactionFilter(Redactor(), lambda value: value))
    logger = logging.getLogger("case 76")
    logger.setLevel(logging.INFO)
    logger.addHandler(buffer)
    try:
        logger.info("KIS said %s", HOSTILE + "x" * 1_000_000)
    finally:
        logger.removeHandler(buffer)

    (line,) = buffer.lines
    assert len(line.text) < 5_000
    assert "\n" not in line.text
    assert "\r" not in line.text
    assert "\x1b" not in line.text
    assert "\u202e" not in line.text


@pytest.mark.parametrize("text", ["", "삼성전자", "KODEX 200", "a" * 10_000, HOSTILE, "\x00" * 9, "\ud800"])
def test_case_76_plain_text_is_printable_and_bounded(text: str) -> None:
    assert plain(text) == plain(plain(text))
    assert plain(text).isprintable()
    assert len(plain(text)) <= LONGEST


async def test_case_76_a_megabyte_as_a_frame_costs_one_line(case: Case, expect_log: ExpectLog) -> None:
    expect_log("a message cannot be read|end")
    seen = case.desk.market_data.ticks_received
    rule = {"do": "raw", "on": "frame", "tr": "H0STCNT0", "times": 1, "text": HOSTILE + "y" * 900_000}
    case.exchange.server.venue.faults.add(read_rule(rule))

    await until(lambda: case.desk.feed.counters.rejected > 0)
    await until(lambda: case.desk.market_data.ticks_received > seen)

    order = await case.desk.orders.submit(case.market_buy(2))
    await until(lambda: case.now(order).status is OrderStatus.FILLED)
    await case.invariants.hold()
