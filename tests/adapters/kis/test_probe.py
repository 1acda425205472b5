"""Reaching a server, and what is said where it cannot be reached."""

from __future__ import annotations

import asyncio
import socket
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

from kis_terminal.adapters.kis.probe import reach
from kis_terminal.domain.errors import BrokerUnreachable


@asynccontextmanager
async def listening(context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Listen on loopback, with TLS where a context is given; give the port."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return a server's context with a certificate that nobody vouches for."""
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
    path = folder / "server.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize("scheme", ["http", "ws"])
async def test_a_plain_server_is_reached(scheme: str) -> None:
    async with listening() as port:
        found = await reach(f"{scheme}://127.0.0.1:{port}/path")

    assert (found.host, found.port, found.address, found.tls) == ("127.0.0.1", port, "127.0.0.1", "")
    assert found.milliseconds > 0


async def test_a_refused_connection_is_said() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(BrokerUnreachable, match=f"127.0.0.1:{port}에 연결할 수 없습니다"):
            await reach(f"http://127.0.0.1:{port}")


async def test_an_unknown_name_is_said() -> None:
    with pytest.raises(BrokerUnreachable, match=r"nowhere\.invalid의 주소를 찾을 수 없습니다"):
        await reach("https://nowhere.invalid:9443", seconds=3.0)


async def test_a_certificate_nobody_vouches_for_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with listening(self_signed(tmp_path)) as port:
        with pytest.raises(BrokerUnreachable, match="TLS 인증서를 확인할 수 없습니다"):
            await reach(f"https://localhost:{port}")


async def test_a_proxy_is_reached_in_place_of_the_server_and_its_password_is_not_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with listening() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:canary@127.0.0.1:{port}")
        monkeypatch.setenv("https_proxy", f"http://somebody:canary@127.0.0.1:{port}")
        found = await reach("https://nowhere.invalid:9443")

    assert found.proxy == f"127.0.0.1:{port}"
    assert "canary" not in repr(found)
