"""Every call of KIS, played or made up, over loopback through the project's own client, on both hosts."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from kis_terminal.adapters.kis.catalog import Api, Catalog
from kis_terminal.adapters.kis.client import KisClient
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import OrderRefused, TerminalError
from kis_terminal.settings import KisAccess
from tests.adapters.kis.access import NO_LIMIT
from tests.adapters.simulator.reference_desk import contract_code
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.shared import shared_path

Json = dict[str, Any]
PRODUCTS = (
    "domestic_stock",
    "domestic_bond",
    "domestic_futureoption",
    "elw",
    "etfetn",
    "overseas_stock",
    "overseas_futureoption",
)
_ENVELOPE = {"rt_cd", "msg_cd", "msg1", "msg"}
_BLOCK = re.compile(r"out(put|block)\d*", re.IGNORECASE)
_KINDS = {
    "date": (re.compile(r"(_date|_dt|ymd)$"), re.compile(r"\d{8}|")),
    "time": (re.compile(r"(_hour|_tmd|hms)$"), re.compile(r"\d{6}|")),
    "price": (re.compile(r"(_prpr|_oprc|_hgpr|_lwpr|askp\d*|bidp\d*)$"), re.compile(r"-?\d+(\.\d+)?")),
    "rate": (re.compile(r"prdy_ctrt$"), re.compile(r"-?\d+\.\d{2}")),
    "flag": (re.compile(r"(?<!acpt)(?<!rfus)(?<!cntg)_yn$"), re.compile(r"[YN]?")),
    "sign": (re.compile(r"^prdy_vrss_sign$"), re.compile(r"[1-5]")),
}
# What a key is given where the catalogue knows no value for it.
_VALUES = {
    "FID_INPUT_ISCD": "005930",
    "FID_INPUT_ISCD_1": "005930",
    "FID_COND_MRKT_DIV_CODE": "J",
    "PDNO": "005930",
    "PRDT_TYPE_CD": "300",
    "CANO": "50000101",
    "ACNT_PRDT_CD": "01",
    "EXCD": "NAS",
    "SYMB": "AAPL",
    "SRS_CD": "ESZ26",
    "OVRS_EXCG_CD": "NASD",
    "BASS_DT": "20261120",
    "INQR_STRT_DT": "20261101",
    "INQR_END_DT": "20261130",
    "ORD_QTY": "1",
    "ORD_DVSN": "00",
}


def documented() -> dict[str, list[tuple[str, set[str]]]]:
    """Read the blocks of every answer: (key, fields), "" for what stands beside the blocks."""
    rows = json.loads(shared_path("kis-api/api_fields.json").read_text(encoding="utf-8"))["apis"]
    found: dict[str, list[tuple[str, set[str]]]] = {}
    for key, row in rows.items():
        blocks: list[tuple[str, set[str]]] = [("", set())]
        for name, *_ in row["fields"].get("Response Body", []):
            name = name.strip().lstrip("-")
            if name.lower() in _ENVELOPE:
                continue
            if _BLOCK.fullmatch(name):
                known = next((block for block in blocks if block[0] == name.lower()), None)
                blocks.append(known or (name.lower(), set()))
            elif name.lower().startswith("ctx_area"):
                blocks[0][1].add(name)
            else:
                blocks[-1][1].add(name)
        found[key.partition(" #")[0]] = list({block[0]: block for block in blocks}.values())
    return found


def parameters_of(api: Api) -> dict[str, str]:
    """Fill in every key that must be given."""
    values: dict[str, str] = {}
    for item in api.parameters:
        if item.default is not None and item.key not in ("CANO", "ACNT_PRDT_CD"):
            continue
        if not item.required and item.may_be_empty:
            continue
        shown = item.example or next((code for code, _ in item.values), "")
        is_own = (
            item.key.upper().startswith("FID_COND_") or api.product != "domestic_stock" or len(shown) == 4
        )
        value = _VALUES.get(item.key.upper()) if not (item.values or (shown and is_own)) else None
        if item.key.upper().startswith("FID_INPUT_ISCD") and len(shown) == 6:
            value = _VALUES["FID_INPUT_ISCD"]  # not every example is listed here
        values[item.key] = value or shown or "1"
    if api.path.startswith("/uapi/domestic-futureoption/") and "FID_INPUT_ISCD" in values:
        # The catalogue's examples have expired, and there is nothing of their dates.
        dates = {"FID_INPUT_DATE_1": "20260101", "FID_INPUT_DATE_2": "20991231"}
        known = {key: text for key, text in dates.items() if key in values}
        return {**values, **known, "FID_INPUT_ISCD": contract_code("F")}
    for key in ("FID_INPUT_ISCD", "PDNO", "SYMB", "SRS_CD"):
        shown = next(
            (item.example for item in api.parameters if item.key.upper() == key and item.example), ""
        )
        if key in values and api.product != "domestic_stock" and shown:
            values[key] = shown
    return values


def selectors_of(api: Api, environment: Environment) -> dict[str, str]:
    side = "paper" if environment is Environment.PAPER else "real"
    row = next((one for one in api.tr_ids if one.environment == side and one.status == "current"), None)
    return {name: values[0] for name, values in row.when} if row is not None else {}


def wrong_blocks(body: Json, blocks: list[tuple[str, set[str]]], *, is_exact: bool) -> list[str]:
    """Name what an answer has too much or too little of."""
    places = [key for key in body if _BLOCK.fullmatch(key)]
    wrong = []
    for at, (key, fields) in enumerate(blocks):
        if not key:
            missing = fields - set(body)
            wrong += [f"beside: {missing}"] if missing else []
            continue
        same = next((place for place in places if place.lower() == key), None)
        if same is None and at - 1 < len(places):
            same = places[at - 1]
        if same is None:
            wrong.append(f"no block {key}")
            continue
        content = body[same]
        for row in content if isinstance(content, list) else [content]:
            different = fields ^ set(row) if is_exact else fields - set(row)
            if different:
                wrong.append(f"{same}: {sorted(different)[:6]}")
                break
    return wrong


def wrong_values(body: Json) -> list[str]:
    """Name fields whose text is not of the kind that their names say."""
    wrong = []
    for block in body.values():
        rows = block if isinstance(block, list) else [block]
        for row in rows:
            for name, text in row.items() if isinstance(row, dict) else ():
                assert isinstance(text, str), name
                for kind, (names, form) in _KINDS.items():
                    if names.search(name.lower()) and not form.fullmatch(text):
                        wrong.append(f"{kind} {name}={text!r}")
    return wrong[:5]


@asynccontextmanager
async def client_of(exchange: RunningExchange, environment: Environment) -> AsyncIterator[KisClient]:
    access: KisAccess = exchange.access(environment)
    client = KisClient(access, SystemClock(), limits=NO_LIMIT, seed=1)
    try:
        yield client
    finally:
        await client.close()


async def sources_of(exchange: RunningExchange) -> Json:
    server = exchange.server
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{server.addresses['control']}/calls", headers=server.control_headers)
    found: Json = answer.json()
    return found


@pytest.mark.parametrize("environment", [Environment.SIM, Environment.PAPER])
@pytest.mark.parametrize("product", PRODUCTS)
async def test_every_call_answers_with_its_own_fields(product: str, environment: Environment) -> None:
    expected = documented()
    side = "paper" if environment is Environment.PAPER else "real"
    wrong: list[str] = []
    async with running_exchange() as exchange, client_of(exchange, environment) as client:
        sources = (await sources_of(exchange))["calls"]
        for api in Catalog().apis(product):
            if side == "paper" and api.paper_supported is not True:
                continue
            values = {**parameters_of(api), **selectors_of(api, environment)}
            is_synthetic = sources[api.path]["source"] == "synthetic"
            try:
                result = await client.call(api.id, allow_orders=True, **values)
            except OrderRefused as refused:
                if api.kind == "query":
                    wrong.append(f"{api.id}: {refused}")
                continue
            except TerminalError as error:
                wrong.append(f"{api.id}: {type(error).__name__} {error}")
                continue
            if api.kind != "query" and is_synthetic:
                wrong.append(f"{api.id}: an order was taken")
            body = dict(result.pages[0].body)
            found = wrong_blocks(body, expected[api.path], is_exact=is_synthetic)
            if is_synthetic:
                found += wrong_values(body)
            wrong += [f"{api.id}: {line}" for line in found]

    assert not wrong, "\n".join(wrong)
