"""The catalogue: nothing of the two lists is missing, and each row says what KIS wants."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kis_terminal.adapters.kis.catalog import Api, Catalog, CatalogError
from kis_terminal.domain.errors import CorrectionNeeded
from tests.support.shared import shared_path

ROOT = Path(__file__).resolve().parents[3]
TR_ID = re.compile(r"\b[A-Z][A-Z0-9]{7,12}\b")
ORDER = {"CANO": "12345678", "ACNT_PRDT_CD": "01", "PDNO": "005930", "ORD_DVSN": "00", "ORD_QTY": "1"}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog()


def _endpoints() -> list[dict[str, str]]:
    with shared_path("kis-api/endpoints.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _examples() -> list[dict[str, Any]]:
    document = json.loads(shared_path("kis-api/catalog.json").read_text(encoding="utf-8"))
    apis: list[dict[str, Any]] = document["apis"]
    return apis


def test_importing_and_making_a_catalogue_reads_no_file() -> None:
    script = (
        "import sys, pathlib\n"
        "opened = []\n"
        "note = lambda name, arguments: opened.append(str(arguments[0])) if name == 'open' else None\n"
        "sys.addaudithook(note)\n"
        "from kis_terminal.adapters.kis.catalog import Catalog\n"
        "catalog = Catalog()\n"
        "print([name for name in opened if name.endswith('.json')])\n"
        "catalog.api('etfetn.inquire_price')\n"
        "print([pathlib.Path(name).name for name in opened if name.endswith('.json')])\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert result.stdout.splitlines() == ["[]", "['etfetn.json']"]


def test_data_files_are_what_the_script_writes(tmp_path: Path) -> None:
    source = shared_path("kis-api")
    written = tmp_path / "data"

    # The script finds its own modules beside it, which a safe path would forbid.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "build_catalog.py"), str(source), str(written)],
        check=True,
        timeout=60,
        env=environment,
    )

    data = ROOT / "kis_terminal" / "adapters" / "kis" / "catalog" / "data"
    assert sorted(path.name for path in written.iterdir()) == sorted(path.name for path in data.iterdir())
    for path in written.iterdir():
        assert path.read_bytes() == (data / path.name).read_bytes(), path.name


def test_counts(catalog: Catalog) -> None:
    assert len(catalog.apis()) == 279
    assert len(catalog.streams()) == 60
    assert len(catalog.entries) == 339
    assert {entry.id for entry in catalog.entries} == {row.id for row in catalog.apis()} | {
        row.id for row in catalog.streams()
    }


def test_every_endpoint_is_found_by_method_path_and_tr_id(catalog: Catalog) -> None:
    endpoints = _endpoints()

    assert len(endpoints) == 338
    for row in endpoints:
        printed = TR_ID.findall(row["tr_id_real"]) or [""]
        for tr_id in printed:
            assert catalog.find(row["method"], row["path"], tr_id) is not None, row


def test_every_example_is_found_by_id(catalog: Catalog) -> None:
    examples = _examples()

    assert len(examples) == 334
    for row in examples:
        if row["kind"] == "ws":
            assert catalog.stream(row["id"]).real_tr_id == row["tr_id"]["real"]
        else:
            api = catalog.api(row["id"])
            assert (api.method, api.path) == (row["method"], row["path"])


def test_every_tr_id_of_both_lists_is_known(catalog: Catalog) -> None:
    wanted: set[str] = set()
    for row in _endpoints():
        wanted.update(TR_ID.findall(f"{row['tr_id_real']} {row['tr_id_paper']}"))
    for example in _examples():
        if example["kind"] == "ws":
            wanted.update(value for value in example["tr_id"].values() if value)
            continue
        rows = [*example["tr_id"], *(example["tr_id_only_in_postman"] or []), *example["postman"]]
        wanted.update(row["tr_id"] for row in rows if row["tr_id"])

    assert len(wanted) > 400
    assert [tr_id for tr_id in sorted(wanted) if not catalog.by_tr_id(tr_id)] == []


def test_paper_support_is_the_workbooks(catalog: Catalog) -> None:
    said = {"Y": True, "N": False}
    for row in _endpoints():
        entry = catalog.find(row["method"], row["path"])
        assert entry is not None
        if entry.is_stream:
            supported: bool | None = catalog.stream(entry.id).paper_supported
        else:
            supported = catalog.api(entry.id).paper_supported
        if row["paper_supported"] in said:
            assert supported == said[row["paper_supported"]], row


def test_every_parameter_of_the_examples_is_there(catalog: Catalog) -> None:
    for example in _examples():
        if example["kind"] == "rest":
            known = {parameter.key.upper() for parameter in catalog.api(example["id"]).parameters}
            assert {item["key"].upper() for item in example["params"]} <= known, example["id"]


def test_every_labelled_field_of_the_examples_has_a_label(catalog: Catalog) -> None:
    for example in _examples():
        if example["kind"] != "rest":
            continue
        api = catalog.api(example["id"])
        known = {
            code.lower(): label
            for fields in (*(block.fields for block in api.outputs), api.reply_fields)
            for code, label in fields.items()
        }
        for code in example["fields"]:
            if not re.fullmatch(r"(rt_cd|msg_cd|msg1|output\d?|outblock\d?)", code, re.IGNORECASE):
                assert known.get(code.lower()), (example["id"], code)


def test_no_order_call_is_retried_and_every_post_is_recognised(catalog: Catalog) -> None:
    for api in catalog.apis():
        if api.kind in ("order", "amend", "cancel"):
            assert not api.retry_safe, api.id
            assert api.method == "POST"
        elif api.kind == "query":
            assert api.method == "GET"
        order_ids = [row.tr_id for row in api.tr_ids if row.tr_id.endswith("U")]
        assert bool(order_ids) == (api.kind in ("order", "amend", "cancel")), api.id


def test_current_tr_ids_are_unambiguous(catalog: Catalog) -> None:
    for api in catalog.apis():
        current = [row for row in api.tr_ids if row.status == "current"]
        keys = [(row.environment, row.when) for row in current]
        assert len(set(keys)) == len(keys), api.id
        names = {selector.name: selector.values for selector in api.selectors}
        for row in current:
            for name, values in row.when:
                assert set(values) <= set(names[name]), api.id
        assert any(row.environment == "real" for row in current) or api.product == "auth", api.id
        has_paper = any(row.environment == "paper" for row in current)
        assert has_paper == (api.paper_supported is True) or api.product == "auth", api.id


@pytest.mark.parametrize(
    ("api_id", "environment", "selectors", "expected"),
    [
        ("domestic_stock.order_cash", "real", {"side": "buy"}, "TTTC0012U"),
        ("domestic_stock.order_cash", "real", {"side": "sell"}, "TTTC0011U"),
        ("domestic_stock.order_cash", "paper", {"side": "buy"}, "VTTC0012U"),
        ("domestic_stock.order_rvsecncl", "real", {}, "TTTC0013U"),
        ("domestic_stock.inquire_balance", "paper", {}, "VTTC8434R"),
        ("domestic_stock.inquire_price", "paper", {}, "FHKST01010100"),
        ("domestic_stock.inquire_daily_ccld", "real", {}, "TTTC0081R"),
        ("domestic_stock.inquire_daily_ccld", "paper", {"period": "older"}, "VTSC9215R"),
        ("domestic_stock.order_resv_rvsecncl", "real", {"action": "cancel"}, "CTSC0009U"),
        ("domestic_futureoption.order", "real", {"session": "night"}, "STTN1101U"),
        ("domestic_futureoption.order_rvsecncl", "real", {"session": "night"}, "STTN1103U"),
        ("overseas_stock.order", "real", {"side": "sell", "exchange": "NASD"}, "TTTT1006U"),
        ("overseas_stock.order", "paper", {"side": "sell", "exchange": "NYSE"}, "VTTT1001U"),
        ("overseas_stock.order", "real", {"side": "buy", "exchange": "HASE"}, "TTTS0311U"),
        ("overseas_stock.order_rvsecncl", "real", {"exchange": "AMEX"}, "TTTT1004U"),
        ("overseas_stock.order_rvsecncl", "real", {"exchange": "SEHK"}, "TTTS1003U"),
        ("overseas_stock.order_rvsecncl", "real", {"exchange": "TKSE", "action": "amend"}, "TTTS0309U"),
        ("overseas_stock.order_rvsecncl", "paper", {"exchange": "SHAA", "action": "cancel"}, "VTTS0302U"),
        ("overseas_stock.order_rvsecncl", "real", {"exchange": "SZAA", "action": "cancel"}, "TTTS0306U"),
        ("overseas_stock.order_rvsecncl", "real", {"exchange": "VNSE", "action": "cancel"}, "TTTS0312U"),
        ("overseas_stock.order_resv", "real", {"market": "us", "side": "sell"}, "TTTT3016U"),
        ("overseas_stock.order_resv", "real", {"market": "asia"}, "TTTS3013U"),
        ("overseas_futureoption.order_rvsecncl", "real", {"action": "cancel"}, "OTFM3003U"),
        ("overseas_futureoption.inquire_time_optchartprice", "real", {}, "HHDFO55020400"),
        ("auth.auth_token", "paper", {}, ""),
    ],
)
def test_tr_ids(
    catalog: Catalog, api_id: str, environment: Any, selectors: dict[str, str], expected: str
) -> None:
    assert catalog.api(api_id).tr_id(environment, **selectors) == expected


@pytest.mark.parametrize(
    ("api_id", "environment", "selectors", "words"),
    [
        ("domestic_stock.order_cash", "real", {}, "needs side = buy or sell"),
        ("domestic_stock.order_cash", "real", {"sides": "buy"}, "does not know sides=buy"),
        ("overseas_stock.order_rvsecncl", "real", {"exchange": "SHAA"}, "needs action = amend or cancel"),
        (
            "overseas_stock.order_rvsecncl",
            "real",
            {"exchange": "SHAA", "action": "amend"},
            "has no real TR id",
        ),
        ("domestic_stock.chk_holiday", "paper", {}, "is not available for paper"),
        ("domestic_futureoption.order", "paper", {"session": "night"}, "has no paper TR id"),
        ("etfetn.inquire_asking_price", "paper", {}, "is not documented for paper"),
    ],
)
def test_a_wrong_tr_id_request_names_what_is_wrong(
    catalog: Catalog, api_id: str, environment: Any, selectors: dict[str, str], words: str
) -> None:
    with pytest.raises(CorrectionNeeded, match=re.escape(words)):
        catalog.api(api_id).tr_id(environment, **selectors)


def test_selectors_follow_from_the_request_values(catalog: Catalog) -> None:
    api = catalog.api("overseas_stock.order_rvsecncl")

    derived = api.selectors_from({"ovrs_excg_cd": "SHAA", "RVSE_CNCL_DVSN_CD": "02"})

    assert derived == {"exchange": "SHAA", "action": "cancel"}
    assert api.tr_id("real", **derived) == "TTTS0302U"


def test_kind_of_tells_a_cancellation_from_an_amendment(catalog: Catalog) -> None:
    domestic = catalog.api("domestic_stock.order_rvsecncl")
    futures = catalog.api("overseas_futureoption.order_rvsecncl")

    assert domestic.kind_of({"RVSE_CNCL_DVSN_CD": "02"}) == "cancel"
    assert domestic.kind_of({"RVSE_CNCL_DVSN_CD": "01"}) == "amend"
    assert futures.kind_of({}, action="cancel") == "cancel"
    assert futures.kind_of({}, action="amend") == "amend"
    assert catalog.api("domestic_stock.order_cash").kind_of({}) == "order"
    assert catalog.api("overseas_stock.order_resv_ccnl").kind_of({}) == "cancel"


def test_build_keeps_catalogue_order_and_fills_constants(catalog: Catalog) -> None:
    api = catalog.api("domestic_stock.inquire_balance")

    built = api.build({"acnt_prdt_cd": "01", "CANO": "12345678", "CTX_AREA_NK100": "next page"})

    assert list(built) == [parameter.key for parameter in api.parameters]
    assert built["CANO"] == "12345678"
    assert built["INQR_DVSN"] == "01"
    assert built["OFL_YN"] == ""
    assert built["CTX_AREA_NK100"] == "next page"


def test_build_leaves_out_what_an_order_does_not_say(catalog: Catalog) -> None:
    built = catalog.api("domestic_stock.order_cash").build({**ORDER, "ORD_UNPR": "70000"})

    assert list(built) == ["CANO", "ACNT_PRDT_CD", "PDNO", "ORD_DVSN", "ORD_QTY", "ORD_UNPR"]


def test_build_reports_everything_that_is_wrong_at_once(catalog: Catalog) -> None:
    api = catalog.api("domestic_stock.order_cash")

    with pytest.raises(CatalogError) as caught:
        api.build({**ORDER, "ORD_QTY": "", "ORDER_PRICE": "70000"})

    text = str(caught.value)
    assert "missing: ORD_UNPR (주문단가)" in text
    assert "empty: ORD_QTY (주문수량)" in text
    assert "unknown: ORDER_PRICE" in text


def test_orders_have_no_default_for_what_moves_money(catalog: Catalog) -> None:
    def decisive(api: Api) -> list[str]:
        words = ("QTY", "PDNO", "UNPR", "PRIC", "CANO", "ORD_DVSN", "SLL_BUY", "RVSE_CNCL", "EXCG", "ODNO")
        return [
            parameter.key
            for parameter in api.parameters
            if any(word in parameter.key for word in words)
            and not parameter.key.startswith(("MGCO_", "FM_LQD_"))
            and parameter.default is not None
        ]

    for api in catalog.apis():
        if api.kind in ("order", "amend", "cancel"):
            assert decisive(api) == [], api.id


def test_a_hash_request_takes_any_order_body(catalog: Catalog) -> None:
    assert catalog.api("auth.hashkey").build({"ORGN_ODNO": "1"}) == {"ORGN_ODNO": "1"}


def test_field_level_spot_checks(catalog: Catalog) -> None:
    price = catalog.api("domestic_stock.inquire_price")
    daily = catalog.api("domestic_stock.inquire_daily_itemchartprice")
    by_day = catalog.api("domestic_stock.inquire_daily_price")
    balance = catalog.api("domestic_stock.inquire_balance")
    sellable = catalog.api("domestic_stock.inquire_psbl_sell")

    assert price.name == "주식현재가 시세"
    assert price.block("output").shape == "object"
    assert price.label("stck_prpr") == "주식 현재가"
    assert [block.shape for block in daily.outputs] == ["object", "array"]
    assert dict(daily.parameters[-1].values) == {"0": "수정주가", "1": "원주가"}
    assert dict(by_day.parameters[-1].values) == {"0": "원주가", "1": "수정주가"}
    assert balance.block("output2").shape == "array"
    assert balance.block("output1").fields["hldg_qty"] == "보유수량"
    assert "dnca_tot_amt" in balance.block("output2").fields
    assert balance.page_size == {"real": 50, "paper": 20}
    assert sellable.block("output1") is sellable.block("output")


def test_every_field_of_a_recorded_answer_is_labelled(catalog: Catalog) -> None:
    # Fields that KIS sent when the answers were recorded and no source describes.
    nameless = {"itewhol_loan_rmnd_ratem name", "cncl_cfrm_qty", "stck_prpr"}
    seen = 0
    for line in shared_path("kis-api/samples/SOURCES.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 5 or not cells[1].endswith(".json") or not cells[3].startswith("/"):
            continue
        body = json.loads(shared_path(f"kis-api/samples/{cells[1]}").read_text(encoding="utf-8"))
        api = next(row for row in catalog.apis() if row.path == cells[3])
        for key, value in body.items():
            if not isinstance(value, dict | list):
                continue
            row = value[0] if isinstance(value, list) else value
            known = {code.lower() for code in (*api.block(key).fields, *api.reply_fields)}
            assert {code for code in row if code.lower() not in known} <= nameless, (api.id, key)
            seen += 1

    assert seen > 45


def test_paging(catalog: Catalog) -> None:
    balance = catalog.api("domestic_stock.inquire_balance").paging
    futures = catalog.api("overseas_futureoption.inquire_daily_ccld").paging
    daily = catalog.api("domestic_stock.inquire_daily_itemchartprice").paging

    assert balance is not None
    assert balance.style == "context"
    assert balance.next_from == {"CTX_AREA_FK100": "ctx_area_fk100", "CTX_AREA_NK100": "ctx_area_nk100"}
    assert set(balance.more_when) == {"F", "M"}
    assert futures is not None
    assert futures.next_from["CTX_AREA_NK200"] == "ctx_area_nk200"
    assert daily is not None
    assert daily.style == "window"
    for api in catalog.apis():
        if api.paging is not None:
            sent = {parameter.key for parameter in api.parameters}
            assert set(api.paging.keys) <= sent, api.id
            assert set(api.paging.next_from) <= set(api.paging.keys), api.id


def test_where_sources_differ_the_row_says_so(catalog: Catalog) -> None:
    sell = catalog.api("overseas_stock.order").decisions
    open_orders = catalog.api("overseas_stock.inquire_nccs").decisions
    book = catalog.stream("HDFSASP0").decisions

    assert any(row.instead_of == "VTTT1006U" and row.decided_by == "protocol notes" for row in sell)
    assert any(row.field == "paper" and row.taken == "false" for row in open_orders)
    assert any("71" in row.taken for row in book)


def test_stream_columns_have_labels_and_known_widths(catalog: Catalog) -> None:
    for stream in catalog.streams():
        assert len(stream.columns) == len(stream.labels), stream.id
        assert len(set(stream.columns)) == len(stream.columns), stream.id
        assert len(stream.columns) in stream.widths or stream.id.endswith("krx_ngt_futures_asking_price")
        assert all(stream.labels), stream.id
        for width in (*stream.widths, len(stream.columns) + 3):
            assert len(stream.layout(width)) == width, stream.id
            assert stream.layout(width)[: stream.stable] == stream.columns[: min(stream.stable, width)]


def test_every_recorded_frame_has_a_known_width(catalog: Catalog) -> None:
    seen: set[str] = set()
    for line in shared_path("kis-api/samples/frames.txt").read_text(encoding="utf-8").splitlines():
        flag, *rest = line.split("|", 3)
        if len(rest) != 3 or flag not in ("0", "DECRYPTED"):
            continue
        tr_id, count, payload = rest
        seen.add(tr_id)
        width = len(payload.split("^")) // int(count)
        assert width in catalog.stream(tr_id).widths, (tr_id, width)

    assert len(seen) > 20


def test_frames_are_read_by_the_layout_of_their_width(catalog: Catalog) -> None:
    notice = catalog.stream("H0STCNI9")
    trade = catalog.stream("H0STCNT0")
    book = catalog.stream("H0STASP0")

    assert notice.id == "domestic_stock.ccnl_notice"
    assert notice.encrypted
    assert notice.layout(23)[18:] == ("CNTG_ISNM", "CRDT_CLS", "CRDT_LOAN_DATE", "CNTG_ISNM40", "ODER_PRC")
    assert notice.layout(26)[19] == "ORD_EXG_GB"
    assert notice.layout(24)[17:19] == ("ACNT_NAME", "UNNAMED_18")
    assert trade.layout(47)[-1] == "MARKET_CLS_CODE"
    assert trade.layout(46) == trade.columns[:46]
    assert trade.label("STCK_PRPR") == "주식 현재가"
    assert book.columns.index("TOTAL_ASKP_RSQN") == 43
    assert book.layout(62)[59] == "KMID_PRC"
    assert len(catalog.stream("HDFSASP0").columns) == 71


def test_streams_of_paper_accounts(catalog: Catalog) -> None:
    paper = {stream.real_tr_id for stream in catalog.streams() if stream.paper_supported}

    assert paper == {"H0STCNT0", "H0STASP0", "H0STCNI0", "H0IFCNI0", "H0GSCNI0"}
    assert catalog.stream("H0STCNI0").tr_id("paper") == "H0STCNI9"
    with pytest.raises(CatalogError, match="not available for paper"):
        catalog.stream("H0STMKO0").tr_id("paper")


def test_search_and_unknown_ids(catalog: Catalog) -> None:
    assert "domestic_stock.inquire_balance" in [row.id for row in catalog.search("잔고조회 주식")]
    assert [row.id for row in catalog.search("TTTC0012U")] == ["domestic_stock.order_cash"]
    assert catalog.search("") == ()
    with pytest.raises(CatalogError, match=r"no KIS call domestic_stock\.nothing"):
        catalog.api("domestic_stock.nothing")
    with pytest.raises(CatalogError, match="no KIS call nonsense"):
        catalog.api("nonsense")
    with pytest.raises(CatalogError, match="no KIS stream XXXX"):
        catalog.stream("XXXX")
    with pytest.raises(CatalogError, match="no product x"):
        catalog.load("x")
