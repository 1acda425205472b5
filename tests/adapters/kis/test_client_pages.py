"""Lists of several pages: whole or an error, never a part."""

from __future__ import annotations

import pytest

from kis_terminal.adapters.kis.client import KisClient
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.domain.errors import (
    BrokerAnswerError,
    BrokerUnreachable,
)
from tests.adapters.kis.client_bench import GATEWAY_PAGE, LISTED, LISTING, connected, page
from tests.support.scripted_server import (
    ok,
    refusal,
)


async def list_orders(client: KisClient) -> list[str]:
    api = client.catalog.api("domestic_stock.inquire_daily_ccld")
    result = await client.pages(api, LISTED, priority=Priority.ACCOUNT)
    return [row.text("odno") for row in result.rows("output1")]


async def test_pages_are_followed_with_header_and_untouched_keys() -> None:
    async with connected() as (client, server):
        server.on(LISTING, page(1, more=True), page(2, more=True), page(3, more=False))

        assert await list_orders(client) == ["10", "11", "20", "21", "30", "31"]

        first, second, third = server.requests[-3:]
        assert [request.headers.get("tr_cont", "") for request in (first, second, third)] == ["", "N", "N"]
        assert first.query["CTX_AREA_NK100"] == ""
        assert second.query["CTX_AREA_NK100"] == "0001".ljust(100)
        assert third.query["CTX_AREA_FK100"] == "12345678^01^".ljust(100)


async def test_a_list_that_changed_is_read_from_the_start() -> None:
    async with connected() as (client, server):
        changed = refusal("SYDB0050", "조회이후에 자료가 변경되었습니다", status=200)
        server.on(LISTING, page(1, more=True), changed, page(7, more=True), page(8, more=False))

        assert await list_orders(client) == ["70", "71", "80", "81"]


async def test_a_list_that_always_changes_is_an_error_and_never_a_part() -> None:
    async with connected() as (client, server):
        server.on(
            LISTING,
            lambda request: (
                refusal("SYDB0050", status=200) if request.query["CTX_AREA_NK100"] else page(1, more=True)
            ),
        )

        with pytest.raises(BrokerUnreachable):
            await list_orders(client)


async def test_a_list_that_repeats_itself_is_an_error() -> None:
    async with connected() as (client, server):
        server.on(LISTING, page(1, more=True))

        with pytest.raises(BrokerAnswerError, match="되풀이"):
            await list_orders(client)

        assert server.count(LISTING) == 2 * 4  # from the start again, three times


async def test_a_list_without_end_is_an_error() -> None:
    async with connected() as (client, server):
        numbers = iter(range(10_000))
        server.on(LISTING, lambda request: page(next(numbers), more=True))
        api = client.catalog.api("domestic_stock.inquire_daily_ccld")

        with pytest.raises(BrokerAnswerError, match="5쪽"):
            await client.pages(api, LISTED, priority=Priority.ACCOUNT, most=5)


async def test_a_page_that_fails_fails_the_whole_list() -> None:
    async with connected() as (client, server):
        server.on(LISTING, page(1, more=True), GATEWAY_PAGE)

        with pytest.raises(BrokerUnreachable):
            await list_orders(client)


async def test_a_missing_block_is_an_error_and_not_an_empty_list() -> None:
    async with connected() as (client, server):
        server.on(LISTING, ok())

        with pytest.raises(BrokerAnswerError, match="output1"):
            await list_orders(client)
