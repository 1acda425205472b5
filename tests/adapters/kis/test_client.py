"""The one way a request goes out: queries are repeated, paced, told apart; no secret is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
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
    OrderRefused,
    OutcomeUnknown,
    TerminalError,
    UnknownSymbol,
)
from tests.adapters.kis.access import APPKEY, APPSECRET, NO_LIMIT, QUICK, access_to
from tests.adapters.kis.client_bench import (
    ASKED,
    BUY,
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
from tests.support.leftovers import ExpectLog
from tests.support.scripted_server import (
    HANG,
    RESET,
    Reply,
    Request,
    ok,
    refusal,
)


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


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 +9999999999999999",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ],
)
async def test_a_date_that_cannot_be_is_no_time_and_loses_no_answer(date: str) -> None:
    """Cause: OverflowError left a taken order without its answer, and ended the loop that lists orders."""
    async with connected() as (client, server):
        server.on(ORDER, Reply(TAKEN.status, TAKEN.body, {"date": date}))

        await buy(client)

        skew = client.health().clock_skew_seconds
        assert skew is None or abs(skew) < 5


async def test_a_page_of_a_gateway_does_not_tell_the_brokers_time() -> None:
    """Cause: a cached page of yesterday would have turned the day of the orders back."""
    async with connected() as (client, server):
        head = b"HTTP/1.1 502 Bad Gateway\r\nDate: Mon, 05 Jan 2026 00:00:00 GMT\r\nContent-Length: 4\r\n\r\n"
        server.on(ORDER, Reply(502, raw=head + b"page"))

        with pytest.raises(OutcomeUnknown):
            await buy(client)

        skew = client.health().clock_skew_seconds
        assert skew is None or abs(skew) < 5
