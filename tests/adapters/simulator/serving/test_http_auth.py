"""Tokens, approval keys, key ownership and the gateway's refusals, over loopback."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest

from kis_terminal.adapters.simulator.serving.auth import SEOUL, Tokens, expiry_text
from kis_terminal.adapters.simulator.wire.answers import WireRefusal
from tests.adapters.simulator.wire_client import (
    FRESH_ACCOUNT,
    PAPER_KEY,
    QUOTATIONS,
    REAL_KEY,
    SECRET,
    STOCK,
    TRADING,
    RestClient,
    logged_in,
    running,
)

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SEOUL)


def code_of(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    return response.status_code, body.get("msg_cd") or body.get("error_code")


def test_a_token_is_the_same_for_six_hours_and_then_new() -> None:
    tokens = Tokens()

    first = tokens.issue("key", NOW)
    again = tokens.issue("key", NOW + timedelta(hours=5, minutes=59))
    later = tokens.issue("key", NOW + timedelta(hours=6, minutes=1))

    assert first.text == again.text != later.text
    assert len(first.text) <= 350
    assert expiry_text(first) == "2026-11-24 10:00:00"
    assert tokens.find(first.text) is not None, "the earlier token lives on until its own end"


def test_a_second_request_within_a_minute_is_refused_and_does_not_prolong_the_pause() -> None:
    tokens = Tokens()
    first = tokens.issue("key", NOW)

    for seconds in (1, 59):
        with pytest.raises(WireRefusal) as refusal:
            tokens.issue("key", NOW + timedelta(seconds=seconds))
        assert refusal.value.answer.status == 403
        assert refusal.value.answer.body["error_code"] == "EGW00133"

    assert tokens.issue("key", NOW + timedelta(seconds=60)).text == first.text


async def test_token_answer_has_kis_form_and_the_second_is_the_403() -> None:
    async with running() as server, httpx.AsyncClient(trust_env=False):
        client = RestClient(str(server.addresses["rest"]), REAL_KEY)
        first = await client.auth("/oauth2/tokenP")
        second = await client.auth("/oauth2/tokenP")
        await client.http.aclose()

    body = first.json()
    assert set(body) == {"access_token", "access_token_token_expired", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 86400)
    expiry = datetime.strptime(body["access_token_token_expired"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=SEOUL)
    assert abs(expiry - datetime.now(SEOUL) - timedelta(hours=24)) < timedelta(minutes=1)
    assert code_of(second) == (403, "EGW00133")
    assert set(second.json()) == {"error_description", "error_code"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"appkey": "short"}, "EGW00103"),
        ({"appkey": ""}, "EGW00102"),
        ({"appsecret": ""}, "EGW00104"),
        ({"grant_type": ""}, "EGW00115"),
        ({"grant_type": "password"}, "EGW00116"),
    ],
)
async def test_bad_token_requests_are_403(body: dict[str, str], expected: str) -> None:
    async with running() as server:
        client = RestClient(str(server.addresses["rest"]), REAL_KEY)
        response = await client.auth("/oauth2/tokenP", **body)
        await client.http.aclose()

    assert code_of(response) == (403, expected)


async def test_a_key_belongs_to_the_host_and_secret_that_it_came_with_first() -> None:
    async with running() as server, logged_in(server) as real:
        paper = RestClient(str(server.addresses["paper_rest"]), REAL_KEY)
        on_other_host = await paper.auth("/oauth2/tokenP")
        other_secret = await real.auth("/oauth2/tokenP", appsecret="t" * 180)
        await paper.http.aclose()

    assert code_of(on_other_host) == (403, "EGW00103")
    assert code_of(other_secret) == (403, "EGW00105")


async def test_a_revoked_token_is_refused() -> None:
    async with running() as server, logged_in(server) as client:
        assert (await client.get(f"{QUOTATIONS}/inquire-price", "FHKST01010100", STOCK)).status_code == 200

        revoked = await client.auth("/oauth2/revokeP", token=client.token)
        unknown = await client.auth("/oauth2/revokeP", token=client.token)
        after = await client.get(f"{QUOTATIONS}/inquire-price", "FHKST01010100", STOCK)

    assert revoked.json()["code"] == 200
    assert code_of(unknown) == (403, "EGW00121")
    assert code_of(after) == (500, "EGW00121")


async def test_hash_key_echoes_the_body() -> None:
    async with running() as server, logged_in(server) as client:
        response = await client.post("/uapi/hashkey", "", {"CANO": "1"})

    assert response.json()["BODY"] == {"CANO": "1"}
    assert response.json()["HASH"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"authorization": ""}, (500, "EGW00122")),
        ({"authorization": "Basic x"}, (500, "EGW00205")),
        ({"authorization": "Bearer wrong"}, (500, "EGW00121")),
        ({"appkey": ""}, (500, "EGW00102")),
        ({"appsecret": ""}, (500, "EGW00104")),
        ({"appsecret": "wrong"}, (500, "EGW00105")),
        ({"tr_id": ""}, (500, "OPSQ9999")),
        ({"tr_id": "FHKST99999999"}, (500, "OPSQ0002")),
        ({"custtype": "X"}, (500, "EGW00208")),
    ],
)
async def test_bad_headers_get_the_gateways_refusal(
    change: dict[str, str], expected: tuple[int, str]
) -> None:
    async with running() as server, logged_in(server) as client:
        headers = client.headers("FHKST01010100") | change
        response = await client.http.get(f"{QUOTATIONS}/inquire-price", params=STOCK, headers=headers)

    assert code_of(response) == expected
    assert response.json()["rt_cd"] == "1"


async def test_tr_ids_of_the_other_host_and_functions_paper_lacks_are_refused() -> None:
    query = {
        **FRESH_ACCOUNT,
        "AFHR_FLPR_YN": "N",
        "INQR_DVSN": "01",
        "UNPR_DVSN": "01",
        "FUND_STTL_ICLD_YN": "N",
        "FNCG_AMT_AUTO_RDPT_YN": "N",
        "PRCS_DVSN": "00",
    }
    async with (
        running(is_limited=False) as server,
        logged_in(server) as real,
        logged_in(server, "paper_rest", PAPER_KEY) as paper,
    ):
        paper_id_on_real = await real.get(f"{TRADING}/inquire-balance", "VTTC8434R", query)
        real_id_on_paper = await paper.get(f"{TRADING}/inquire-balance", "TTTC8434R", query)
        not_in_paper = await paper.get(f"{QUOTATIONS}/chk-holiday", "CTCA0903R", {"BASS_DT": "20261123"})
        right = await paper.get(f"{TRADING}/inquire-balance", "VTTC8434R", query)
        headers = real.headers("TTTC8434R") | {"appkey": PAPER_KEY}
        paper_key_on_real = await real.http.get(f"{TRADING}/inquire-balance", params=query, headers=headers)

    assert code_of(paper_id_on_real) == (500, "EGW02004")
    assert code_of(real_id_on_paper) == (500, "EGW00213")
    assert code_of(not_in_paper) == (500, "EGW00213")
    assert code_of(paper_key_on_real) == (500, "EGW02004")
    assert right.json()["rt_cd"] == "0"


async def test_paper_answers_one_call_a_second() -> None:
    async with running() as server, logged_in(server, "paper_rest", PAPER_KEY) as client:
        first = await client.get(f"{QUOTATIONS}/inquire-price", "FHKST01010100", STOCK)
        second = await client.get(f"{QUOTATIONS}/inquire-price", "FHKST01010100", STOCK)

    assert first.status_code == 200
    assert code_of(second) == (500, "EGW00201")
    assert second.json()["msg1"] == "초당 거래건수를 초과하였습니다."


async def test_unknown_paths_and_wrong_methods_answer_json() -> None:
    async with running() as server, logged_in(server) as client:
        unknown = await client.get("/uapi/domestic-stock/v1/nothing", "FHKST01010100", {})
        wrong_method = await client.post(f"{QUOTATIONS}/inquire-price", "FHKST01010100", {})

    assert unknown.status_code == 404
    assert unknown.json()["rt_cd"] == "1"
    assert wrong_method.status_code == 404


async def test_response_headers_are_those_that_kis_own_client_can_read() -> None:
    """Its older form makes attributes of all lower-case header names, so none of these may hold a hyphen."""
    async with running() as server, logged_in(server) as client:
        response = await client.get(f"{QUOTATIONS}/inquire-price", "FHKST01010100", STOCK, gt_uid="u1")

    names = [name.decode() for name, _ in response.headers.raw]
    assert all(name.isidentifier() for name in names if name.islower())
    assert {"tr_id", "tr_cont", "gt_uid"} <= set(names)
    assert response.headers["tr_id"] == "FHKST01010100"
    assert SECRET not in response.text
