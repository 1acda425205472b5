"""The one way a request goes out: queries are repeated, orders never; pages are whole or an error."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kis_terminal.adapters.kis.client import KisClient, Patience
from kis_terminal.adapters.kis.environment import Limits
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import (
    AccessRefused,
    BrokerAnswerError,
    BrokerUnreachable,
    CorrectionNeeded,
    OrderRefused,
    OutcomeUnknown,
    RateLimited,
    TerminalError,
    UnknownSymbol,
)
from tests.adapters.kis.access import APPKEY, APPSECRET, NO_LIMIT, QUICK, access_to
from tests.support.leftovers import ExpectLog
from tests.support.scripted_server import (
    HANG,
    RESET,
    TOKEN_PATH,
    Reply,
    Request,
    ScriptedServer,
    ok,
    refusal,
    scripted_server,
)

PRICE, ORDER, CHANGE = "inquire-price", "order-cash", "order-rvsecncl"
BALANCE, LISTING, HOLIDAY = "inquire-balance", "inquire-daily-ccld", "chk-holiday"
ASKED = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"}
BUY = {"PDNO": "005930", "ORD_DVSN": "00", "ORD_QTY": "1", "ORD_UNPR": "70000"}
TAKEN = ok(output={"KRX_FWDG_ORD_ORGNO": "06010", "ODNO": "0001569157", "ORD_TMD": "155211"})
GATEWAY_PAGE = Reply(504, b"<html>504 Gateway Time-out</html>")
CUT_JSON = Reply(
    raw=b'HTTP/1.1 200 OK\r\ncontent-length: 20\r\ncontent-type: application/json\r\n\r\n{"rt_cd":"0","msg_cd'
)
CUT_BODY = Reply(raw=b'HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{"rt_cd":"0"')
HALF_HEAD = Reply(raw=b"HTTP/1.1 200")


@asynccontextmanager
async def connected(
    environment: Environment = Environment.REAL,
    limits: Limits = NO_LIMIT,
    patience: Patience = QUICK,
) -> AsyncIterator[tuple[KisClient, ScriptedServer]]:
    async with scripted_server() as server:
        client = KisClient(
            access_to(server.url, environment), SystemClock(), limits=limits, patience=patience, seed=1
        )
        try:
            yield client, server
        finally:
            await client.close()


async def ask_price(client: KisClient) -> str:
    result = await client.call("domestic_stock.inquire_price", **ASKED)
    return result.first.record("output").text("stck_prpr")


async def buy(client: KisClient) -> None:
    api = client.catalog.api("domestic_stock.order_cash")
    await client.request(api, BUY, priority=Priority.ORDER, selectors={"side": "buy"})


async def test_a_query_carries_token_keys_and_tr_id() -> None:
    async with connected() as (client, server):
        server.on(PRICE, ok(output={"stck_prpr": "70000"}))

        assert await ask_price(client) == "70000"

        sent = server.requests[-1]
        assert sent.method == "GET"
        assert sent.query == ASKED
        assert sent.headers["authorization"] == "Bearer token-1"
        assert (sent.headers["appkey"], sent.headers["appsecret"]) == (APPKEY, APPSECRET)
        assert (sent.headers["tr_id"], sent.headers["custtype"]) == ("FHKST01010100", "P")
        assert sent.headers["user-agent"].startswith("kis-terminal")


@pytest.mark.parametrize(
    ("environment", "tr_id"),
    [(Environment.REAL, "TTTC0012U"), (Environment.PAPER, "VTTC0012U"), (Environment.SIM, "TTTC0012U")],
)
async def test_orders_carry_the_tr_id_of_their_environment_and_account(
    environment: Environment, tr_id: str
) -> None:
    async with connected(environment) as (client, server):
        server.on(ORDER, TAKEN)

        await buy(client)

        sent = server.requests[-1]
        assert sent.headers["tr_id"] == tr_id
        assert sent.body == {"CANO": "12345678", "ACNT_PRDT_CD": "01", **BUY}


@pytest.mark.parametrize(
    "failure", [RESET, GATEWAY_PAGE, CUT_JSON, CUT_BODY, HALF_HEAD, HANG, refusal("EGW00203")], ids=repr
)
async def test_queries_are_repeated_until_they_are_answered(failure: Reply) -> None:
    async with connected() as (client, server):
        server.on(PRICE, failure, failure, ok(output={"stck_prpr": "70000"}))
        if failure is CUT_JSON:
            # A whole answer that is no JSON is KIS's own fault, not the line's: it is not asked again.
            with pytest.raises(BrokerAnswerError):
                await ask_price(client)
            return

        assert await ask_price(client) == "70000"

        assert server.count(PRICE) == 3


async def test_queries_give_up_with_what_happened() -> None:
    async with connected() as (client, server):
        server.on(PRICE, GATEWAY_PAGE)

        with pytest.raises(BrokerUnreachable, match=r"FHKST01010100.*504"):
            await ask_price(client)

        assert server.count(PRICE) == QUICK.attempts


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


async def test_an_expired_token_is_renewed_once_for_thirty_calls(expect_log: ExpectLog) -> None:
    expect_log("KIS refused the access token")
    async with connected(limits=Limits(calls=10_000, token_pause=0.0)) as (client, server):

        def answer(request: Request) -> Reply:
            if request.headers["authorization"] == "Bearer token-1":
                return refusal("EGW00123", "기간이 만료된 token 입니다.")
            return TAKEN if request.path.endswith(ORDER) else ok(output={"stck_prpr": "70000"})

        server.on(PRICE, answer)
        server.on(ORDER, answer)
        await client.warm_up()

        async def order() -> str:
            try:
                await buy(client)
            except OrderRefused as error:
                return error.code
            return "taken"

        orders, prices = await asyncio.gather(
            asyncio.gather(*(order() for _ in range(3))),
            asyncio.gather(*(ask_price(client) for _ in range(27))),
        )

        assert set(prices) == {"70000"}
        assert set(orders) <= {"EGW00123", "taken"}
        assert server.tokens_given == 2
        assert server.count(ORDER) == 3


async def test_a_token_that_is_refused_again_is_not_renewed_for_ever(expect_log: ExpectLog) -> None:
    expect_log("KIS refused the access token")
    async with connected(limits=Limits(calls=10_000, token_pause=0.0)) as (client, server):
        server.on(PRICE, refusal("EGW00121"))

        with pytest.raises(AccessRefused):
            await ask_price(client)

        assert server.count(PRICE) == 2


async def test_rate_refusals_of_queries_are_paced_and_repeated() -> None:
    async with connected() as (client, server):
        server.on(PRICE, *[refusal("EGW00201")] * 5, ok(output={"stck_prpr": "70000"}))

        assert await ask_price(client) == "70000"

        assert client.health().calls_limit < NO_LIMIT.calls


async def test_no_second_holds_more_calls_than_allowed() -> None:
    limits = Limits(calls=5, window=0.2, reserved_for_cancels=1, token_pause=0.0)
    async with connected(limits=limits) as (client, server):
        times: list[float] = []

        def answer(request: Request) -> Reply:
            times.append(asyncio.get_running_loop().time())
            return ok(output={"stck_prpr": "1"})

        server.on(PRICE, answer)

        await asyncio.gather(*(ask_price(client) for _ in range(21)))

        for start in times:
            assert sum(start <= time < start + 0.15 for time in times) <= 5


async def test_an_order_finds_a_connection_while_every_quote_hangs() -> None:
    """Cause: orders took their turn in one pool with quotes; a broker that was silent held orders up."""
    async with connected(patience=Patience(connect=5.0, answer=20.0, attempts=1)) as (client, server):
        server.on(PRICE, *[HANG] * 40)
        server.on(ORDER, TAKEN)
        await buy(client)
        hanging = [asyncio.ensure_future(ask_price(client)) for _ in range(40)]
        while server.count(PRICE) < 24:
            await asyncio.sleep(0.01)
        await buy(client)
        assert not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

        assert server.count(ORDER) == 2


async def test_a_wrong_symbol_is_an_unknown_symbol() -> None:
    async with connected() as (client, server):
        server.on(PRICE, refusal("MCA05918", "종목코드 오류입니다.", status=200))

        with pytest.raises(UnknownSymbol, match="종목코드 오류"):
            await ask_price(client)


async def test_account_queries_go_one_at_a_time() -> None:
    async with connected() as (client, server):
        under_way = [0]
        most = [0]

        def answer(request: Request) -> Reply:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
            asyncio.get_running_loop().call_later(0.02, lambda: under_way.__setitem__(0, under_way[0] - 1))
            return Reply(200, ok(output={"ord_psbl_qty": "1"}).body, delay=0.03)

        server.on("inquire-psbl-sell", answer)
        api = client.catalog.api("domestic_stock.inquire_psbl_sell")

        await asyncio.gather(
            *(client.request(api, {"PDNO": "005930"}, priority=Priority.ACCOUNT) for _ in range(4))
        )

        assert most[0] == 1


# -- pages


def page(number: int, *, more: bool, rows: int = 2) -> Reply:
    return ok(
        tr_cont="M" if more else "D",
        ctx_area_fk100="12345678^01^".ljust(100),
        ctx_area_nk100=f"{number:04d}".ljust(100),
        output1=[{"odno": f"{number}{index}"} for index in range(rows)],
        output2={"tot_ord_qty": "1"},
    )


LISTED = {
    "INQR_STRT_DT": "20261122",
    "INQR_END_DT": "20261122",
    "SLL_BUY_DVSN_CD": "00",
    "CCLD_DVSN": "00",
    "INQR_DVSN": "01",
    "INQR_DVSN_3": "00",
}


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


# -- the generic call


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


# -- health and secrets


async def test_health_knows_latency_skew_and_token() -> None:
    async with connected() as (client, server):
        late = Reply(200, ok(output={"stck_prpr": "1"}).body, {"date": "Sat, 01 Jan 2028 00:00:00 GMT"})
        server.on(PRICE, late)
        before = client.health()

        await ask_price(client)

        after = client.health()
        assert before.rest_milliseconds is None
        assert before.clock_skew_seconds is None
        assert after.rest_milliseconds is not None
        assert after.clock_skew_seconds is not None
        assert abs(after.clock_skew_seconds) > 3600
        assert after.token_expires_at is not None


async def test_no_secret_is_in_any_error_or_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with connected() as (client, server):
        server.on(PRICE, GATEWAY_PAGE)
        server.on(ORDER, RESET)
        texts: list[str] = []
        for call in (ask_price(client), buy(client)):
            with pytest.raises(TerminalError) as caught:
                await call
            texts += [str(caught.value), repr(caught.value.__cause__)]

    whole = "\n".join([*texts, *(record.getMessage() for record in caplog.records if "kis" in record.name)])
    for secret in (APPKEY, APPSECRET, "token-1", "12345678"):
        assert secret not in whole


async def test_a_certificate_of_nobody_is_refused_and_said_so(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as url:
        client = KisClient(access_to(url), SystemClock(), limits=NO_LIMIT, patience=QUICK, seed=1)

        with pytest.raises(BrokerUnreachable, match="인증서"):
            await ask_price(client)

        await client.close()


@asynccontextmanager
async def tls_server(folder: Path) -> AsyncIterator[str]:
    """Listen with a certificate that no authority has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    pem += key.private_bytes(serialization.Encoding.PEM, form, plain)
    (folder / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def test_close_twice_is_harmless_and_leaves_no_connection() -> None:
    async with connected() as (client, server):
        server.on(PRICE, ok(output={"stck_prpr": "1"}))
        await ask_price(client)

        await client.close()
        await client.close()
