"""Orders, lists and paging over loopback, strictness of bodies included."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.adapters.simulator.handlers.test_http_fields import BALANCE, ORDERS
from tests.adapters.simulator.wire_client import (
    ACCOUNT,
    FRESH_ACCOUNT,
    PAPER_KEY,
    QUOTATIONS,
    STOCK,
    TRADING,
    Json,
    RestClient,
    logged_in,
    running,
)


async def price(client: RestClient) -> dict[str, str]:
    answer = (await client.get(f"{QUOTATIONS}/inquire-price", "FHKST01010100", STOCK)).json()
    output: dict[str, str] = answer["output"]
    return output


def order(account: dict[str, str], quantity: str, unit_price: str, kind: str = "00", **more: str) -> Json:
    return {
        **account,
        "PDNO": "005930",
        "ORD_DVSN": kind,
        "ORD_QTY": quantity,
        "ORD_UNPR": unit_price,
        **more,
    }


def change(account: dict[str, str], number: str, action: str, **more: str) -> Json:
    return {
        **account,
        "KRX_FWDG_ORD_ORGNO": "",
        "ORGN_ODNO": number,
        "ORD_DVSN": "00",
        "RVSE_CNCL_DVSN_CD": action,
        "ORD_QTY": "0",
        "ORD_UNPR": "0",
        "QTY_ALL_ORD_YN": "Y",
        **more,
    }


async def orders_of(client: RestClient, account: dict[str, str], **more: str) -> list[dict[str, str]]:
    answer = await client.get(f"{TRADING}/inquire-daily-ccld", "TTTC0081R", {**ORDERS, **account, **more})
    rows: list[dict[str, str]] = answer.json()["output1"]
    return rows


async def test_a_market_order_fills_and_stands_in_balance_and_lists() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        bought = (
            await client.post(f"{TRADING}/order-cash", "TTTC0012U", order(FRESH_ACCOUNT, "3", "0", "01"))
        ).json()
        rows = await orders_of(client, FRESH_ACCOUNT, CCLD_DVSN="01")
        balance = (
            await client.get(f"{TRADING}/inquire-balance", "TTTC8434R", {**BALANCE, **FRESH_ACCOUNT})
        ).json()

    assert bought["rt_cd"] == "0", bought
    assert [(row["odno"], row["tot_ccld_qty"], row["rmn_qty"]) for row in rows] == [
        (bought["output"]["ODNO"], "3", "0")
    ]
    assert [(row["pdno"], row["hldg_qty"], row["thdt_buyqty"]) for row in balance["output1"]] == [
        ("005930", "3", "3")
    ]
    assert int(balance["output2"][0]["dnca_tot_amt"]) == 100_000_000
    assert int(balance["output2"][0]["prvs_rcdl_excc_amt"]) < 100_000_000
    assert balance["msg1"].startswith("조회가 완료되었습니다")
    assert len(balance["msg1"]) == 80


async def test_amend_and_cancel_get_new_numbers_that_point_back() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        now = await price(client)
        low, tick = int(now["stck_llam"]), int(now["aspr_unit"])
        first = (
            await client.post(f"{TRADING}/order-cash", "TTTC0012U", order(FRESH_ACCOUNT, "5", str(low)))
        ).json()
        number = first["output"]["ODNO"]
        amendment = change(
            FRESH_ACCOUNT, number.lstrip("0"), "01", ORD_UNPR=str(low + 10 * tick // tick * tick)
        )
        amended = (await client.post(f"{TRADING}/order-rvsecncl", "TTTC0013U", amendment)).json()
        opened = await orders_of(client, FRESH_ACCOUNT, CCLD_DVSN="02")
        cancelled = (
            await client.post(
                f"{TRADING}/order-rvsecncl",
                "TTTC0013U",
                change(FRESH_ACCOUNT, amended["output"]["ODNO"], "02"),
            )
        ).json()
        left = await orders_of(client, FRESH_ACCOUNT, CCLD_DVSN="02")
        every = await orders_of(client, FRESH_ACCOUNT, INQR_DVSN="01")

    assert amended["rt_cd"] == "0", amended
    assert cancelled["rt_cd"] == "0", cancelled
    assert [(row["odno"], row["orgn_odno"]) for row in opened] == [(amended["output"]["ODNO"], number)]
    assert left == []
    assert [row["odno"] for row in every] == [
        number,
        amended["output"]["ODNO"],
        cancelled["output"]["ODNO"],
    ]
    assert every[2]["orgn_odno"] == amended["output"]["ODNO"]


async def test_old_tr_ids_still_work() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        body = order(FRESH_ACCOUNT, "1", "0", "01")
        bought = (await client.post(f"{TRADING}/order-cash", "TTTC0802U", body)).json()
        sold = (await client.post(f"{TRADING}/order-cash", "TTTC0801U", body)).json()

    assert (bought["rt_cd"], sold["rt_cd"]) == ("0", "0")


async def test_paper_has_its_own_accounts_and_page_sizes() -> None:
    async with (
        running(is_limited=False) as server,
        logged_in(server) as real,
        logged_in(server, "paper_rest", PAPER_KEY) as paper,
    ):
        low = (await price(real))["stck_llam"]
        for _ in range(17):
            answer = await paper.post(f"{TRADING}/order-cash", "VTTC0012U", order(FRESH_ACCOUNT, "1", low))
            assert answer.json()["rt_cd"] == "0"
        query = {**ORDERS, **FRESH_ACCOUNT}
        first = await paper.get(f"{TRADING}/inquire-daily-ccld", "VTTC0081R", query)
        cursor = {
            "CTX_AREA_FK100": first.json()["ctx_area_fk100"],
            "CTX_AREA_NK100": first.json()["ctx_area_nk100"],
        }
        new = await paper.post(f"{TRADING}/order-cash", "VTTC0012U", order(FRESH_ACCOUNT, "1", low))
        second = await paper.get(f"{TRADING}/inquire-daily-ccld", "VTTC0081R", query | cursor, tr_cont="N")
        on_real = await orders_of(real, FRESH_ACCOUNT)

    assert new.json()["rt_cd"] == "0"
    assert first.headers["tr_cont"] == "F"
    assert len(first.json()["output1"]) == 15
    assert len(first.json()["ctx_area_fk100"]) == len(first.json()["ctx_area_nk100"]) == 100
    assert first.json()["msg_cd"] == "KIOK0500"
    assert second.headers["tr_cont"] == "E"
    numbers = [row["odno"] for page in (first, second) for row in page.json()["output1"]]
    assert len(set(numbers)) == len(numbers) == 17, "an order sent between two pages shifts none"
    assert on_real == []


async def test_paper_takes_orders_for_krx_only() -> None:
    async with running(is_limited=False) as server, logged_in(server, "paper_rest", PAPER_KEY) as client:
        body = order(FRESH_ACCOUNT, "1", "0", "01", EXCG_ID_DVSN_CD="SOR")
        answer = (await client.post(f"{TRADING}/order-cash", "VTTC0012U", body)).json()

    assert (answer["rt_cd"], answer["msg_cd"]) == ("1", "90000000")


async def test_an_answer_of_one_page_ends_with_d() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        response = await client.get(f"{TRADING}/inquire-balance", "TTTC8434R", BALANCE)

    assert response.headers["tr_cont"] == "D"
    assert response.json()["ctx_area_nk100"] == " " * 100
    assert response.json()["output1"], "the default account holds a few names"


REFUSED_BODIES: list[tuple[Any, str]] = [
    ({"cano": "87654321", "acnt_prdt_cd": "01"}, "OPSQ2000"),
    (order({"CANO": "8765", "ACNT_PRDT_CD": "01"}, "1", "0", "01"), "OPSQ2000"),
    ({**order(FRESH_ACCOUNT, "1", "0", "01"), "ORD_QTY": 1}, "OPSQ9997"),
    ([1], "OPSQ9997"),
    (order(FRESH_ACCOUNT, "one", "0", "01"), "OPSQ2002"),
    (order(FRESH_ACCOUNT, "1", "70000.5"), "OPSQ2002"),
    ({key: value for key, value in order(FRESH_ACCOUNT, "1", "0").items() if key != "ORD_UNPR"}, "OPSQ2001"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED_BODIES)
async def test_sloppy_bodies_are_refused(body: Any, code: str) -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        answer = (await client.post(f"{TRADING}/order-cash", "TTTC0012U", body)).json()
        rows = await orders_of(client, FRESH_ACCOUNT)

    assert answer["msg_cd"] == code
    assert answer["rt_cd"] != "0"
    assert rows == []


async def test_a_body_that_is_not_declared_json_is_refused() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        headers = client.headers("TTTC0012U") | {"content-type": "application/x-www-form-urlencoded"}
        answer = await client.http.post(f"{TRADING}/order-cash", content=b"CANO=1", headers=headers)

    assert (answer.status_code, answer.json()["msg_cd"]) == (500, "EGW00132")


async def test_business_refusals_come_with_status_200_and_rt_cd_7() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        now = await price(client)
        too_much = await client.post(
            f"{TRADING}/order-cash", "TTTC0012U", order(FRESH_ACCOUNT, "999999", now["stck_prpr"])
        )
        off_tick = await client.post(
            f"{TRADING}/order-cash", "TTTC0012U", order(FRESH_ACCOUNT, "1", str(int(now["stck_prpr"]) + 1))
        )
        not_held = await client.post(
            f"{TRADING}/order-cash", "TTTC0011U", order(FRESH_ACCOUNT, "1", now["stck_prpr"])
        )

    for response in (too_much, off_tick, not_held):
        assert_refused(response)
    assert too_much.json()["msg_cd"] == "APBK0952"


def assert_refused(response: httpx.Response) -> None:
    assert response.status_code == 200
    assert response.json()["rt_cd"] == "7"
    assert response.json()["msg1"]


async def test_the_control_side_tells_the_ledger() -> None:
    async with running(is_limited=False) as server, logged_in(server) as client:
        await client.post(f"{TRADING}/order-cash", "TTTC0012U", order(ACCOUNT, "1", "0", "01"))
        state = (await client.http.get("/control", headers=server.control_headers)).json()
        ledger = (await client.http.get("/control/ledger", headers=server.control_headers)).json()

    assert state["phase"] == "continuous"
    assert len(ledger) >= 2
