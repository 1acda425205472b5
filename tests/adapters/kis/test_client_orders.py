"""Orders on their way out: sent once, unknown without proof, kept here when they must not leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from kis_terminal.adapters.kis.client import KisClient
from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.domain.errors import (
    AccessRefused,
    BrokerUnreachable,
    OrderRefused,
    OutcomeUnknown,
    RateLimited,
    TerminalError,
)
from tests.adapters.kis.access import QUICK
from tests.adapters.kis.client_bench import (
    BUY,
    CHANGE,
    CUT_BODY,
    CUT_JSON,
    GATEWAY_PAGE,
    HALF_HEAD,
    ORDER,
    PRICE,
    TAKEN,
    ask_price,
    buy,
    connected,
)
from tests.support.scripted_server import (
    HANG,
    RESET,
    TOKEN_PATH,
    Reply,
    ok,
    refusal,
)

CANCELLATION = {
    "KRX_FWDG_ORD_ORGNO": "06010",
    "ORGN_ODNO": "0001569157",
    "ORD_DVSN": "00",
    "RVSE_CNCL_DVSN_CD": "02",
    "ORD_QTY": "1",
    "ORD_UNPR": "0",
    "QTY_ALL_ORD_YN": "Y",
    "EXCG_ID_DVSN_CD": "KRX",
}


@pytest.mark.parametrize(
    "failure", [RESET, GATEWAY_PAGE, CUT_JSON, CUT_BODY, HALF_HEAD, HANG, refusal("EGW00302")], ids=repr
)
async def test_an_order_without_proof_is_unknown_and_sent_once(failure: Reply) -> None:
    async with connected() as (client, server):
        await client.warm_up()
        server.on(ORDER, failure, TAKEN)

        with pytest.raises(OutcomeUnknown):
            await buy(client)

        await asyncio.sleep(0.05)
        assert server.count(ORDER) == 1


async def send_order(client: KisClient, leaving: Callable[[], None]) -> None:
    api = client.catalog.api("domestic_stock.order_cash")
    await client.request(api, BUY, priority=Priority.ORDER, selectors={"side": "buy"}, leaving=leaving)


async def test_an_order_that_waits_for_its_turn_is_kept_when_it_must_not_leave_any_more() -> None:
    async with connected(limits=Limits(calls=1, window=0.3, reserved_for_cancels=0)) as (client, server):
        server.on(ORDER, TAKEN)
        is_halted = False

        def leaving() -> None:
            if is_halted:
                raise OrderRefused("잠겨 있습니다", code="HALTED")

        await send_order(client, leaving)
        waiting = asyncio.ensure_future(send_order(client, leaving))
        await asyncio.sleep(0.05)
        is_halted = True

        with pytest.raises(OrderRefused):
            await waiting
        assert server.count(ORDER) == 1


async def test_an_order_is_asked_for_once_more_when_its_connection_stands() -> None:
    async with connected() as (client, server):
        server.on(ORDER, TAKEN)
        asked = 0

        def leaving() -> None:
            nonlocal asked
            asked += 1
            if asked == 2:  # the latch fell while the connection was made
                raise OrderRefused("잠겨 있습니다", code="HALTED")

        with pytest.raises(OrderRefused):
            await send_order(client, leaving)
        assert server.count(ORDER) == 0

        await send_order(client, leaving)
        assert server.count(ORDER) == 1


async def test_an_order_whose_token_cannot_be_read_has_not_left() -> None:
    async with connected() as (client, server):
        server.on(TOKEN_PATH, Reply(200, {"rt_cd": "0"}))
        server.on(ORDER, TAKEN)

        with pytest.raises(BrokerUnreachable):
            await send_order(client, lambda: None)
        assert server.count(ORDER) == 0


async def test_an_order_on_a_connection_that_the_server_closed_is_sent_at_most_once() -> None:
    async with connected() as (client, server):
        server.on(PRICE, ok(output={"stck_prpr": "1"}))
        server.on(ORDER, RESET, TAKEN)
        await ask_price(client)

        with pytest.raises(OutcomeUnknown):
            await buy(client)

        assert server.count(ORDER) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal("EGW00201", "초당 거래건수를 초과하였습니다."), RateLimited),
        (refusal("EGW00215"), RateLimited),
        (refusal("APBK0952", "주문가능금액을 초과 했습니다", status=200, rt_cd="7"), OrderRefused),
        (refusal("40100000", "모의투자 영업일이 아닙니다.", status=200), OrderRefused),
        (refusal("EGW00213", "모의투자 TR 이 아닙니다."), OrderRefused),
    ],
)
async def test_a_definite_refusal_of_an_order_is_not_repeated(
    answer: Reply, kind: type[TerminalError]
) -> None:
    async with connected() as (client, server):
        server.on(ORDER, answer, TAKEN)

        with pytest.raises(kind):
            await buy(client)

        assert server.count(ORDER) == 1


async def test_an_order_is_definitely_not_sent_when_nobody_listens() -> None:
    async with connected() as (client, server):
        await client.warm_up()
        await server.close()

        with pytest.raises(BrokerUnreachable, match="보내지 않았습니다"):
            await buy(client)

        assert server.count(ORDER) == 0
        await server.start()  # on another port; the context manager closes it


async def test_an_order_is_not_sent_when_the_keys_are_wrong() -> None:
    async with connected() as (client, server):
        wrong = {"error_code": "EGW00103", "error_description": "유효하지 않은 AppKey입니다."}
        server.on(TOKEN_PATH, Reply(403, wrong))

        with pytest.raises(AccessRefused):
            await buy(client)

        assert server.count(ORDER) == 0


async def test_an_order_whose_turn_comes_too_late_does_not_leave_and_a_cancellation_waits_on() -> None:
    """Cause: at one call a second the fortieth order left forty seconds after its price had been judged."""
    limits = Limits(calls=1, reserved_for_cancels=0)
    async with connected(limits=limits, patience=replace(QUICK, turn=0.2)) as (client, server):
        server.on(ORDER, TAKEN)
        server.on(CHANGE, TAKEN)
        api = client.catalog.api("domestic_stock.order_rvsecncl")

        await buy(client)
        late = asyncio.ensure_future(buy(client))
        cancelling = asyncio.ensure_future(client.request(api, CANCELLATION, priority=Priority.CANCEL))

        with pytest.raises(RateLimited, match="차례"):
            await late
        await cancelling
        assert (server.count(ORDER), server.count(CHANGE)) == (1, 1)
