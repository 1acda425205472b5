"""Made-up answers stand behind the same checks as real ones, follow the market, and are marked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.simulator.server import build_venue
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.serving.personality import PAPER, REAL
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.synthetic.answers import SyntheticCalls
from kis_terminal.adapters.simulator.synthetic.table import SyntheticTable
from kis_terminal.adapters.simulator.wire.answers import WireRefusal
from tests.adapters.simulator.handlers.test_http_fuzz import VALUES
from tests.adapters.simulator.wire_client import ACCOUNT, PAPER_KEY, Json, logged_in, running
from tests.support.shared import shared_path

RATIOS = ("/uapi/domestic-stock/v1/finance/profit-ratio", "FHKST66430400")
SHORT = ("/uapi/domestic-stock/v1/quotations/daily-short-sale", "FHPST04830000")
SHORT_KEYS = {
    "FID_COND_MRKT_DIV_CODE": "J",
    "FID_INPUT_ISCD": "005930",
    "FID_INPUT_DATE_1": "20261101",
    "FID_INPUT_DATE_2": "20261130",
}
FUTURES_BALANCE = ("/uapi/domestic-futureoption/v1/trading/inquire-balance", "CTFO6118R")
CALLS = SyntheticCalls(SyntheticTable())
PRICE = ("/uapi/domestic-stock/v1/quotations/inquire-price", "FHKST01010100")


async def test_the_same_checks_come_first() -> None:
    keys = {"FID_DIV_CLS_CODE": "0", "FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"}
    async with running(is_limited=False) as server, logged_in(server) as client:
        codes = []
        for path, tr_id, values in (
            (RATIOS[0], RATIOS[1], keys),
            (RATIOS[0], RATIOS[1], {"FID_DIV_CLS_CODE": "0", "FID_INPUT_ISCD": "005930"}),
            (RATIOS[0], "FHKST66430500", keys),
            (RATIOS[0], "", keys),
            (RATIOS[0], RATIOS[1], {**keys, "FID_INPUT_ISCD": "999999"}),
            (*FUTURES_BALANCE, {"MGNA_DVSN": "01", "EXCC_STAT_CD": "1", "ACNT_PRDT_CD": "03"}),
            ("/uapi/domestic-stock/v1/finance/no-such-call", RATIOS[1], keys),
        ):
            codes.append((await client.get(path, tr_id, values)).json()["msg_cd"])
        client.token = "no token"
        codes.append((await client.get(*RATIOS, keys)).json()["msg_cd"])
        async with logged_in(server, "paper_rest", PAPER_KEY) as paper:
            codes.append((await paper.get(*RATIOS, keys)).json()["msg_cd"])

    assert codes[:4] == ["MCA00000", "OPSQ2001", "OPSQ0002", "OPSQ9999"]
    assert codes[4:] == ["MCA05918", "OPSQ2000", "EGW00203", "EGW00121", "EGW00213"]


async def test_prices_are_those_of_the_market_and_days_those_of_its_history() -> None:
    async with running(is_limited=False, load_ticks=1) as server, logged_in(server) as client:
        stock = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"}
        price = (await client.get(*PRICE, stock)).json()["output"]
        answer = (await client.get(*SHORT, SHORT_KEYS)).json()
        again = (await client.get(*SHORT, SHORT_KEYS)).json()
        bars = server.venue.exchange.daily_bars(
            "005930", *(server.venue.exchange_time().date(),) * 2, adjusted=True
        )

    same = ("stck_prpr", "prdy_vrss", "prdy_vrss_sign", "prdy_ctrt", "acml_vol")
    assert {name: answer["output1"][name] for name in same} == {name: price[name] for name in same}
    days = [row["stck_bsop_date"] for row in answer["output2"]]
    assert days == sorted(days, reverse=True)
    assert answer["output2"][0]["stck_clpr"] == str(bars[-1].close)
    assert answer == again


async def test_an_account_holds_nothing_in_what_is_not_played() -> None:
    keys = {**ACCOUNT, "ACNT_PRDT_CD": "03", "MGNA_DVSN": "01", "EXCC_STAT_CD": "1"}
    async with running(is_limited=False) as server, logged_in(server) as client:
        answer = await client.get(*FUTURES_BALANCE, {**keys, "CTX_AREA_FK200": "", "CTX_AREA_NK200": ""})

    body: Json = answer.json()
    assert (body["rt_cd"], answer.headers["tr_cont"]) == ("0", "D")
    assert body["output2"]["tot_dncl_amt"] == "0"
    assert len(body["ctx_area_fk200"]) == len(body["ctx_area_nk200"]) == 200


@pytest.mark.parametrize("host", ["rest", "paper_rest"])
async def test_orders_for_what_is_not_played_are_refused_and_nothing_is_booked(host: str) -> None:
    body = {**ACCOUNT, "OVRS_EXCG_CD": "NASD", "PDNO": "AAPL", "ORD_QTY": "1", "OVRS_ORD_UNPR": "200"}
    body |= {"ORD_SVR_DVSN_CD": "0", "ORD_DVSN": "00"}
    is_paper = host == "paper_rest"
    async with running(is_limited=False) as server:
        key = {"appkey": PAPER_KEY} if is_paper else {}
        async with logged_in(server, host, **key) as client:
            tr_id = "VTTT1002U" if is_paper else "TTTT1002U"
            answer = await client.post("/uapi/overseas-stock/v1/trading/order", tr_id, body)
            short = await client.post("/uapi/overseas-stock/v1/trading/order", tr_id, {**ACCOUNT})
        ledger = server.venue.exchange.ledger.to_json()

    assert (answer.status_code, answer.json()["rt_cd"]) == (200, "7")
    assert "output" not in answer.json()
    assert short.json()["msg_cd"] == "OPSQ2001"
    assert ledger == []


async def test_the_control_side_tells_what_is_made_up_and_how_often_it_was_used() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        headers = server.control_headers
        await client.get(*PRICE, {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"})
        await client.get(*SHORT, SHORT_KEYS)
        await client.get(*SHORT, SHORT_KEYS)
        found = (await client.http.get("/control/calls", headers=headers)).json()
        log = (await client.http.get("/control/log?kind=request", headers=headers)).json()

    assert found["calls"][PRICE[0]] == {"name": "주식현재가 시세", "source": "real", "count": 1}
    assert (found["calls"][SHORT[0]]["source"], found["calls"][SHORT[0]]["count"]) == ("synthetic", 2)
    assert len(found["calls"]) == 279
    assert [(event["path"], event["source"]) for event in log if event["path"] in (PRICE[0], SHORT[0])] == [
        (PRICE[0], "real"),
        (SHORT[0], "synthetic"),
        (SHORT[0], "synthetic"),
    ]


def test_nothing_is_read_before_the_first_need() -> None:
    table = SyntheticTable()

    assert table._document is None
    assert table.call("/uapi/none") is None
    assert table._document is not None


@pytest.fixture(scope="module")
def venue() -> Venue:
    return build_venue(SimulatorOptions())


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), path=st.sampled_from(sorted(SyntheticTable().call_names())))
def test_any_values_are_answered_or_refused(venue: Venue, data: st.DataObject, path: str) -> None:
    endpoint = CALLS.endpoint(path)
    assert endpoint is not None
    names = (*endpoint.required, "FID_INPUT_ISCD", "FID_INPUT_DATE_2", "FID_INPUT_HOUR_1", "BYMD", "SYMB")
    parameters = {name: data.draw(VALUES, label=name) for name in dict.fromkeys(names)}
    if "CANO" in parameters and data.draw(st.booleans(), label="account right"):
        parameters |= ACCOUNT
    call = Call(
        venue=venue,
        personality=data.draw(st.sampled_from([REAL, PAPER])),
        transaction=endpoint.transactions[0],
        parameters=parameters,
        appkey="key",
        tr_cont=data.draw(st.sampled_from(["", "N"])),
        now=venue.now(),
    )

    try:
        endpoint.check_parameters(parameters)
        answer = endpoint.handler(call)
    except WireRefusal as refusal:
        answer = refusal.answer

    assert {"rt_cd", "msg_cd", "msg1"} <= set(answer.body)
    blocks = [block for block in answer.body.values() if not isinstance(block, str)]
    rows = [row for block in blocks for row in (block if isinstance(block, list) else [block])]
    assert all(isinstance(text, str) for row in rows for text in row.values())


def test_the_data_file_is_what_the_script_writes(tmp_path: Path) -> None:
    source, written = shared_path("kis-api"), tmp_path / "calls.json"
    root = Path(__file__).resolve().parents[4]

    subprocess.run(
        [sys.executable, str(root / "packaging" / "build_exchange_calls.py"), str(source), str(written)],
        check=True,
        timeout=60,
    )

    kept = root / "kis_terminal" / "adapters" / "simulator" / "synthetic" / "data" / "calls.json"
    assert written.read_bytes() == kept.read_bytes()
