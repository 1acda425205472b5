"""Fault cases 57 to 59: a broker that limits, is slow, or cannot be reached in one of the many ways."""

from __future__ import annotations

import ast
import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import kis_terminal
from kis_terminal.adapters.kis.broker import KisBroker
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.errors import BrokerUnreachable, TerminalError
from kis_terminal.domain.orders import OrderStatus
from tests.adapters.kis.access import access_to
from tests.support.exchange import RunningExchange, running_exchange
from tests.support.fault_case import SAMSUNG, opened
from tests.support.fault_proxy import fault_proxy
from tests.support.leftovers import ExpectLog
from tests.support.trading_desk import until

SLOW = 8.0
AWAY = 1.0
"""Seconds: far below an answer's wait, far above what other programs take from a busy machine."""


@pytest.fixture
async def exchange() -> AsyncIterator[RunningExchange]:
    async with running_exchange() as handle:
        yield handle


class LoopGap:
    """Measure how long the loop that also paints was away, at worst."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def __aenter__(self) -> LoopGap:
        self._task = asyncio.create_task(self._measure())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(0.01)
            self.worst, last = max(self.worst, loop.time() - last - 0.01), loop.time()


# -- case 57


async def test_case_57_a_limit_of_one_call_a_second_slows_reads_and_stops_no_cancellation(
    exchange: RunningExchange, tmp_path: Path
) -> None:
    async with opened(exchange, exchange.access(), tmp_path) as case:
        order = await case.desk.orders.submit(case.resting_buy())
        venue = exchange.server.venue
        venue.limits["real"].change({"calls_per_second": 1})
        venue.is_limited = True
        since = len(venue.log.events("request"))
        loop = asyncio.get_running_loop()

        reads = [asyncio.create_task(case.desk.broker.quote(SAMSUNG)) for _ in range(6)]
        await asyncio.sleep(1.5)  # by now the limit is known from its refusals
        started = loop.time()
        async with LoopGap() as gap:
            assert await case.desk.orders.cancel(order.key) == ""
        cancelled_after = loop.time() - started
        answers = await asyncio.gather(*reads, return_exceptions=True)

        assert cancelled_after < 6
        assert gap.worst < AWAY
        assert all(not isinstance(answer, Exception) for answer in answers), answers
        events = venue.log.events("request")[since:]
        refused = [event for event in events if event["code"] == "EGW00201"]
        assert refused
        assert len(refused) < len(events) * 0.8  # the pace was found, it did not hammer
        venue.is_limited = False
        await until(lambda: case.now(order).status is OrderStatus.CANCELLED)
        await case.invariants.hold()
        assert len(case.ledger("cancelled")) == 1


async def test_case_57_a_cancellation_that_is_turned_away_for_rate_goes_again_by_itself(
    exchange: RunningExchange, tmp_path: Path
) -> None:
    """Cause: only panic repeated a cancellation that the rate had turned away; a single one was given up."""
    async with opened(exchange, exchange.access(), tmp_path) as case:
        order = await case.desk.orders.submit(case.resting_buy())
        number = case.fault("do=error,code=EGW00201,path=*/order-rvsecncl,times=3")

        assert await case.desk.orders.cancel(order.key) == ""

        assert case.fired(number) == 3
        await until(lambda: case.now(order).status is OrderStatus.CANCELLED)
        await case.invariants.hold()
        assert len(case.ledger("cancelled")) == 1


async def test_case_57_reads_that_are_refused_are_paced_and_others_are_not_asleep(
    exchange: RunningExchange, tmp_path: Path
) -> None:
    async with opened(exchange, exchange.access(), tmp_path) as case:
        number = case.fault("do=error,code=EGW00201,path=*/inquire-price,times=3")
        quoting = asyncio.create_task(case.desk.broker.quote(SAMSUNG))
        await until(lambda: case.fired(number) >= 1)

        order = await case.desk.orders.submit(case.market_buy(2))
        assert order.status is not OrderStatus.REJECTED
        assert (await quoting).symbol == SAMSUNG

        assert case.fired(number) == 3
        await case.invariants.hold()


# -- case 58


async def test_case_58_eight_seconds_an_answer_and_the_window_is_free(
    exchange: RunningExchange, tmp_path: Path, expect_log: ExpectLog
) -> None:
    access = exchange.access()
    async with (
        fault_proxy(access.rest_url) as (proxy, url),
        opened(exchange, replace(access, rest_url=url), tmp_path) as case,
    ):
        resting = await case.desk.orders.submit(case.resting_buy())
        await asyncio.sleep(0.6)  # the listings that follow an order
        proxy.toxics["down"].latency = SLOW
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with LoopGap() as gap:
            reads = [asyncio.create_task(case.desk.broker.quote(SAMSUNG)) for _ in range(30)]
            sending = asyncio.create_task(case.desk.orders.submit(case.market_buy(2)))
            await until(lambda: len(case.ledger("accepted")) == 2, 2)
            request = sending.get_coro()
            assert request is not None
            waiting = [one for one in case.desk.orders.all() if one.status is OrderStatus.SENT]
            assert len(waiting) == 1  # shown as sent, without an answer
            case.desk.panic.press()
            assert loop.time() - started < 2
            assert case.desk.risk_gate.is_halted
            await until(lambda: len(case.ledger("cancelled")) == 1, 2)
            assert loop.time() - started < SLOW / 2
            order = await sending

        assert gap.worst < AWAY
        assert order.status in (OrderStatus.ACCEPTED, OrderStatus.FILLED)
        assert SLOW - 0.5 < loop.time() - started < SLOW + 4
        proxy.heal()
        for read in reads:
            read.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
        await until(lambda: case.desk.panic.report is not None and case.desk.panic.report.is_proven, 25)
        assert case.now(resting).status is OrderStatus.CANCELLED
        await case.invariants.hold(seconds=15)


# -- case 59


def certificate(name: str, folder: Path) -> ssl.SSLContext:
    """Return a server's side with a certificate of our own authority for `name`, which nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name[0].isdigit():
        names = [x509.IPAddress(ipaddress.ip_address(name))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@asynccontextmanager
async def listening(
    context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Listen and keep every byte that arrives; nothing is answered."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            heard.append(data)
        writer.close()

    server = await asyncio.start_server(hear, host, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


async def why_not(url: str) -> str:
    """Return the sentence of a program that cannot reach `url`."""
    broker = KisBroker(access_to(url), SystemClock())
    try:
        with pytest.raises(TerminalError) as caught:
            async with asyncio.timeout(20):
                await broker.quote(SAMSUNG)
        assert isinstance(caught.value, BrokerUnreachable)
        return str(caught.value)
    finally:
        await broker.close()


async def test_case_59_a_name_that_does_not_resolve_is_said() -> None:
    assert "주소를 찾을 수 없음" in await why_not("https://no-such-host.invalid:9443")


@pytest.mark.parametrize("name", ["127.0.0.1", "openapi.koreainvestment.com"])
async def test_case_59_a_certificate_that_is_not_trusted_or_for_another_host(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = certificate(name, tmp_path)
    if name != "127.0.0.1":  # trusted, but for another host
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with listening(context) as (port, heard):
        sentence = await why_not(f"https://127.0.0.1:{port}")

    assert "TLS 인증서" in sentence
    assert heard == []  # no key left this machine


async def test_case_59_nobody_listens_and_only_ipv6_exists() -> None:
    async with listening() as (port, _):
        pass
    assert "연결 실패" in await why_not(f"http://127.0.0.1:{port}")
    sentence = await why_not(f"http://[::1]:{port}")
    assert "연결 실패" in sentence


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
async def test_case_59_a_proxy_of_the_environment_that_is_not_there_is_named(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cause: a dead proxy looked like a dead KIS; nothing said that a proxy is in use at all."""
    async with listening() as (port, _):
        pass
    monkeypatch.setenv(variable, f"http://user:password@127.0.0.1:{port}")

    sentence = await why_not("https://openapi.koreainvestment.com:9443")

    assert "프록시" in sentence
    assert variable in sentence
    assert "password" not in sentence


async def test_case_59_an_order_that_never_left_is_refused_and_not_unknown(
    exchange: RunningExchange, tmp_path: Path, expect_log: ExpectLog
) -> None:
    expect_log("order listing|balance")
    access = exchange.access()
    async with (
        fault_proxy(access.rest_url) as (proxy, url),
        opened(exchange, replace(access, rest_url=url), tmp_path) as case,
    ):
        await proxy.close()
        await asyncio.sleep(0.2)

        order = await case.desk.orders.submit(case.market_buy(2))

        assert order.status is OrderStatus.REJECTED
        assert "보내지 않았습니다" in order.reason
        assert case.ledger("accepted") == []
        assert case.requests("/order-cash") == []
        case.desk.reconciler.want()
        await until(lambda: bool(case.desk.reconciler.error) and bool(case.desk.portfolio.error), 15)


def test_case_59_verification_is_switched_off_nowhere() -> None:
    package = Path(kis_terminal.__file__).parent
    wrong = []
    for path in sorted(package.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "CERT_NONE" in text or "_create_unverified_context" in text:
            wrong.append(f"{path.name}: CERT_NONE")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.keyword) and node.arg in ("verify", "check_hostname", "verify_mode"):
                if isinstance(node.value, ast.Constant) and not node.value.value:
                    wrong.append(f"{path.name}:{node.value.lineno}")
            elif isinstance(node, ast.Assign):
                wrong += [
                    f"{path.name}:{node.lineno}"
                    for target in node.targets
                    if isinstance(target, ast.Attribute) and target.attr in ("check_hostname", "verify_mode")
                ]

    assert wrong == []
