"""What sales have brought, day by day, agrees with the ledger to the won."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kis_terminal.adapters.simulator.model import Accepted
from tests.adapters.simulator.reference_desk import Desk, desk, documented_blocks

ACCOUNT = {"CANO": "50000101", "ACNT_PRDT_CD": "01"}
_TRADING = "/uapi/domestic-stock/v1/trading"


def trade(floor: Desk, side: str, symbol: str, quantity: int) -> None:
    exchange = floor.venue.exchange
    account = exchange.account("50000101")
    answer = exchange.submit(account, side, symbol, "01", quantity, 0, floor.now)  # type: ignore[arg-type]
    assert isinstance(answer, Accepted)
    floor.pass_time(2)


def period(floor: Desk, **more: str) -> dict[str, str]:
    day = f"{floor.now:%Y%m%d}"
    return ACCOUNT | {"INQR_STRT_DT": day, "INQR_END_DT": day, "SORT_DVSN": "00"} | more


def test_a_days_sales_are_realised_as_the_ledger_has_them() -> None:
    """Cause: these lists were made up and always empty."""
    floor = desk(always=True)
    floor.pass_time(2)
    held = floor.venue.exchange.sellable(floor.venue.exchange.account("50000101"), "005930")
    trade(floor, "sell", "005930", 30)
    trade(floor, "buy", "000660", 2)
    fills = [entry for entry in floor.venue.exchange.ledger.entries if entry.kind == "filled"]
    sold = [entry for entry in fills if entry.side == "sell"]
    amount = sum(entry.quantity * entry.price for entry in sold)
    costs = sum(entry.fee + entry.tax for entry in sold)

    days = floor.ask("inquire-period-profit", **period(floor))
    trades = floor.ask("inquire-period-trade-profit", **period(floor))
    balance = floor.ask("inquire-balance-rlz-pl", **ACCOUNT)

    (row,) = days["output1"]
    assert (row["sll_qty1"], row["buy_qty1"], row["sll_amt"]) == ("30", "2", str(amount))
    expected = amount - round(held.average_price * 30) - costs
    assert abs(int(row["rlzt_pfls"]) - expected) <= 1
    assert days["output2"]["tot_rlzt_pfls"] == row["rlzt_pfls"]
    assert balance["output2"][0]["rlzt_pfls"] == row["rlzt_pfls"]
    assert {item["pdno"]: item["rlzt_pfls"] for item in trades["output1"]} == {
        "005930": row["rlzt_pfls"],
        "000660": "0",
    }
    assert trades["output2"]["sll_tltx_smtl"] == str(sum(entry.tax for entry in sold))


def test_another_period_or_symbol_has_nothing() -> None:
    floor = desk(always=True)
    floor.pass_time(2)
    trade(floor, "sell", "005930", 3)
    before = f"{floor.now - timedelta(days=1):%Y%m%d}"

    assert floor.ask("inquire-period-profit", **period(floor, PDNO="000660"))["output1"] == []
    nothing = period(floor, INQR_STRT_DT=before, INQR_END_DT=before)
    assert floor.ask("inquire-period-profit", **nothing)["output1"] == []
    assert floor.ask("inquire-period-profit", **period(floor, INQR_STRT_DT="2026"))["msg_cd"] == "OPSQ2001"


@pytest.mark.parametrize(
    "path", ["inquire-period-profit", "inquire-period-trade-profit", "inquire-balance-rlz-pl"]
)
def test_fields_are_those_of_the_document(path: str) -> None:
    floor = desk(always=True)
    floor.pass_time(2)
    trade(floor, "sell", "005930", 3)
    answer = floor.ask(path, **period(floor))

    for block, fields in documented_blocks(f"{_TRADING}/{path}").items():
        if block in ("output1", "output2"):
            rows = answer[block] if isinstance(answer[block], list) else [answer[block]]
            assert rows
            assert set(rows[0]) == set(fields), block
