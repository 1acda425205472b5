"""Keys, tokens and the account number of a paper account are nowhere but in the encrypted token file."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from kis_terminal.adapters.kis.token_store import TokenStore, file_vault_key
from kis_terminal.adapters.simulator.process import ExchangeAddress
from kis_terminal.domain.environment import Environment
from kis_terminal.settings import KisAccess, Secret
from tests.end_to_end.conftest import StartProgram

# Trades a little in paper, then logs what it should not know how to log.
_PROGRAM = """
import logging, os, sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from kis_terminal.app import run
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.instruments import round_down_to_tick
from kis_terminal.domain.orders import OrderKind, Origin, Side
from kis_terminal.options import Options
from kis_terminal.settings import load_settings

settings = load_settings(
    environment=Environment.PAPER, config=Path(sys.argv[1]), environ=os.environ, cwd=Path.cwd()
)


def trade(terminal):
    async def work():
        orders, market, gate = terminal.orders, terminal.market_data, terminal.risk_gate
        while not (len(terminal.instruments) and orders.is_reconciled and market.state("005930").upper_limit):
            await asyncio.sleep(0.05)
        # An order is refused while money and profit of the account are not known.
        while gate.buying_power() is None or terminal.portfolio.day_profit is None:
            await asyncio.sleep(0.05)
        # Not the lower limit: the market may have risen, and that far away no order leaves.
        far = round_down_to_tick(market.state("005930").price * Decimal("0.9"))
        for price in (far, market.state("005930").upper_limit + 1000):
            request = orders.new_request("005930", Side.BUY, OrderKind.LIMIT, 1, price, origin=Origin.CHART)
            order = await orders.submit(replace(request, confirmed=frozenset({"FAR", "STALE"})))
        access = settings.access
        logging.error("keys %s %s", access.appkey.reveal(), access.appsecret.reveal())
        logging.error("approval %s", await terminal.broker.approval_key())
        logging.error("account %s %s", access.cano, access)
        print("APPROVAL", await terminal.broker.approval_key(), file=open(sys.argv[2], "w"))
        print("traded", len(orders.all()), orders.open_orders()[0].order_number)
        terminal.window.close_now()

    import asyncio
    terminal.window_scope.spawn(work(), name="trade")


sys.exit(run(Options(environment="paper"), settings, None, trade))
"""


def test_no_secret_leaves_the_program(
    start_program: StartProgram, exchange: ExchangeAddress, terminal_home: Path, tmp_path: Path
) -> None:
    appkey, appsecret = f"PScanary{secrets.token_hex(14)}", f"canary{secrets.token_hex(87)}"
    account = f"68{secrets.randbelow(10**6):06d}"
    config, told = tmp_path / "kis_devlp.yaml", tmp_path / "approval.txt"
    config.write_text(
        f'paper_app: "{appkey}"\npaper_sec: "{appsecret}"\nmy_htsid: "canary"\n'
        f'my_paper_stock: "{account}"\nmy_prod: "01"\n'
        f'vps: "{exchange.paper_rest}"\nvops: "{exchange.paper_ws}"\n',
        encoding="utf-8",
    )

    # No keyring of the machine: the key of the token file lies beside it, so that this test can read it.
    null = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    ended = start_program("-c", _PROGRAM, str(config), str(told), **null).wait()

    assert ended.code == 0, ended.err
    assert ended.out.startswith("traded 2 ")
    store = TokenStore(terminal_home / "tokens", Environment.PAPER, appkey, vault_key=file_vault_key)
    stored = store.load()
    assert stored is not None
    assert stored.access_token.startswith("ey")
    canaries = {
        "app key": appkey,
        "app secret": appsecret,
        "token": stored.access_token,
        "approval key": told.read_text().split()[1],
        "account": account,
    }
    files = [path for path in terminal_home.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} >= {"logs", "paper", "tokens", "layout"}
    texts = {str(path): path.read_bytes() + path.name.encode() for path in files}
    texts |= {"stdout": ended.out.encode(), "stderr": ended.err.encode()}
    found = [
        f"{name} in {where}"
        for where, text in texts.items()
        for name, canary in canaries.items()
        if canary.encode() in text
    ]
    assert found == []
    log = (terminal_home / "logs" / "kis-terminal.log").read_text(encoding="utf-8")
    assert "keys *** ***" in log
    assert f"account {account[:4]}****" in log


@pytest.mark.parametrize("environment", [Environment.REAL, Environment.PAPER])
def test_the_account_is_masked_where_it_is_shown(environment: Environment) -> None:
    access = KisAccess(environment, "", "", "", Secret("k"), Secret("s"), "id", "12345678", "01")

    assert access.account_label == "1234-56**-01"
    assert "12345678" not in repr(access)
