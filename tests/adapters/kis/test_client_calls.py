"""Any call of the catalogue by its name, as the shell asks for it."""

from __future__ import annotations

import pytest

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import (
    CorrectionNeeded,
)
from tests.adapters.kis.client_bench import (
    ASKED,
    BUY,
    HOLIDAY,
    LISTED,
    LISTING,
    ORDER,
    TAKEN,
    connected,
    page,
)
from tests.support.scripted_server import (
    Reply,
    Request,
    ok,
)


async def test_call_gives_the_pages_asked_for_and_says_that_there_are_more() -> None:
    async with connected() as (client, server):
        server.on(LISTING, page(1, more=True), page(2, more=True), page(3, more=False))

        result = await client.call("domestic_stock.inquire_daily_ccld", 2, **LISTED)

        assert len(result.pages) == 2
        assert result.has_more
        assert server.requests[-1].query["CANO"] == "12345678"


async def test_call_takes_other_context_keys_too() -> None:
    async with connected() as (client, server):
        rows = [{"bass_dt": "20261123", "opnd_yn": "Y"}]
        server.on(
            HOLIDAY,
            ok(tr_cont="F", ctx_area_fk="20261123".ljust(20), ctx_area_nk="20261215".ljust(20), output=rows),
            ok(tr_cont="E", ctx_area_fk="", ctx_area_nk="", output=rows),
        )

        result = await client.call("domestic_stock.chk_holiday", 5, BASS_DT="20261123")

        assert len(result.rows("output")) == 2
        assert server.requests[-1].query["CTX_AREA_NK"] == "20261215".ljust(20)


async def test_call_moves_a_window_back() -> None:
    async with connected() as (client, server):

        def answer(request: Request) -> Reply:
            last = request.query["FID_INPUT_DATE_2"]
            rows = {"20261120": ["20261120", "20261119"], "20261118": ["20261118"]}.get(last, [])
            return ok(output1={}, output2=[{"stck_bsop_date": day} for day in rows] or [{}])

        server.on("inquire-daily-itemchartprice", answer)

        result = await client.call(
            "domestic_stock.inquire_daily_itemchartprice",
            9,
            FID_COND_MRKT_DIV_CODE="J",
            FID_INPUT_ISCD="005930",
            FID_INPUT_DATE_1="20200101",
            FID_INPUT_DATE_2="20261120",
            FID_PERIOD_DIV_CODE="D",
            FID_ORG_ADJ_PRC="0",
        )

        days = [row.text("stck_bsop_date") for row in result.rows("output2")]
        assert days == ["20261120", "20261119", "20261118"]
        assert not result.has_more


async def test_call_refuses_orders_unless_they_are_allowed() -> None:
    async with connected() as (client, server):
        server.on(ORDER, TAKEN)

        with pytest.raises(CorrectionNeeded, match="주문"):
            await client.call("domestic_stock.order_cash", side="buy", **BUY)
        assert server.requests == []

        result = await client.call("domestic_stock.order_cash", allow_orders=True, side="buy", **BUY)
        assert result.first.record("output").text("ODNO") == "0001569157"


async def test_call_refuses_what_the_catalogue_does_not_know() -> None:
    async with connected() as (client, server):
        for call in (
            client.call("domestic_stock.no_such_call"),
            client.call("domestic_stock.inquire_price", FID_INPUT_ISCD="005930"),
            client.call("domestic_stock.inquire_price", WRONG="1", **ASKED),
            client.call("auth.auth_token"),
        ):
            with pytest.raises(CorrectionNeeded):
                await call

        assert server.requests == []


async def test_call_refuses_in_paper_what_paper_does_not_have() -> None:
    async with connected(Environment.PAPER) as (client, server):
        with pytest.raises(CorrectionNeeded):
            await client.call("domestic_stock.chk_holiday", BASS_DT="20261123")

        assert server.requests == []
