"""One way for an order to leave, and nothing on it sends twice: read from the source and the catalogue."""

from __future__ import annotations

import ast

import pytest

from kis_terminal.adapters.kis.catalog import Api, Catalog
from tests.support.source_tree import Module, modules

MODULES = list(modules().values())
SENDING = {"place", "amend", "cancel", "cancel_other"}
BROKERS = {
    "broker",
    "_broker",
    "_trading",
    "trading",
    "_other_products",
    "other_products",
    "others",
    "_others",
}
# Who may call what on the way to an order TR, from the one service down to the socket.
MAY_SEND = {
    "services.orders": {"_broker"},
    "services.order_changes": {"_broker"},
    "services.other_sweep": {"_broker"},
    "adapters.kis.broker": {"_trading", "_other_products"},
}
RETRIES = {"tenacity", "backoff", "retrying", "stamina", "urllib3", "requests"}
REPEATERS = {"once_more_if_turned_away", "until_rate_allows"}


def _order_calls() -> list[Api]:
    return [api for api in Catalog().apis() if api.kind in ("order", "amend", "cancel")]


def _calls(module: Module) -> list[ast.Call]:
    return [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]


def _owner(call: ast.Call) -> tuple[str, str] | None:
    """Return (name of the object, name of the method) of `a.b.object.method(…)`."""
    if not isinstance(call.func, ast.Attribute):
        return None
    value = call.func.value
    name = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
    return name, call.func.attr


def test_the_order_services_alone_hand_orders_to_the_broker() -> None:
    found = {
        (module.name, owner[0])
        for module in MODULES
        for call in _calls(module)
        if (owner := _owner(call)) is not None and owner[1] in SENDING and owner[0] in BROKERS
    }

    assert found == {(name, owner) for name, owners in MAY_SEND.items() for owner in owners}


def test_two_modules_alone_name_order_calls() -> None:
    orders = {api.id for api in _order_calls()}
    orders |= {api_id.partition(".")[2] for api_id in orders} - {"buy", "sell", "order"}
    named = {
        module.name
        for module in MODULES
        if module.name.startswith("adapters.kis.") or not module.name.startswith("adapters.")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and node.value in orders
    }

    assert named == {"adapters.kis.trading", "adapters.kis.other_products"}


def test_nobody_opens_the_generic_call_to_orders() -> None:
    opened = [
        module.name
        for module in MODULES
        for call in _calls(module)
        for word in call.keywords
        if word.arg == "allow_orders"
        and not (isinstance(word.value, ast.Constant) and word.value.value is False)
    ]

    assert opened == []


def test_no_library_that_repeats_is_used_and_the_two_repeaters_stand_in_the_order_services() -> None:
    imported = {
        (name.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in node.names
    }
    users = {
        module.name
        for module in MODULES
        for call in _calls(module)
        if isinstance(call.func, ast.Name) and call.func.id in REPEATERS
    }
    retried = [
        word.value
        for module in MODULES
        for call in _calls(module)
        for word in call.keywords
        if word.arg in ("retries", "max_retries")
    ]

    assert imported.isdisjoint(RETRIES)
    assert users == {"services.orders", "services.order_changes", "services.other_sweep"}
    assert retried == []


@pytest.mark.parametrize("name", ["_send_order"])
def test_what_sends_an_order_has_no_loop_around_the_request(name: str) -> None:
    (client,) = [module for module in MODULES if module.name == "adapters.kis.client"]
    (function,) = [
        node for node in ast.walk(client.tree) if isinstance(node, ast.AsyncFunctionDef) and node.name == name
    ]

    assert not [node for node in ast.walk(function) if isinstance(node, (ast.For, ast.While, ast.AsyncFor))]
    exchanges = [
        call
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and (_owner(call) or ("", ""))[1] == "_exchange"
    ]
    assert len(exchanges) == 1


def test_no_call_of_the_catalogue_that_changes_orders_may_be_repeated() -> None:
    orders = _order_calls()

    assert len(orders) > 15
    assert [api.id for api in orders if api.retry_safe] == []


def test_other_products_are_cancelled_only() -> None:
    """Nothing of them is sent or amended: each call that their module makes asks for a cancellation."""
    (module,) = [module for module in MODULES if module.name == "adapters.kis.other_products"]
    calls = {api.id for api in _order_calls()}
    named = {
        node.value
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in calls
    }

    assert {api_id.rpartition("_")[2] for api_id in named} == {"rvsecncl", "ccnl"}
    assert not [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant)
        and node.value == "01"
        and isinstance(node.value, str)
        and _is_action(module, node)
    ]


def _is_action(module: Module, value: ast.Constant) -> bool:
    """Tell whether a constant stands as RVSE_CNCL_DVSN_CD, where 01 would amend."""
    return any(
        isinstance(key, ast.Constant) and key.value == "RVSE_CNCL_DVSN_CD" and found is value
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Dict)
        for key, found in zip(node.keys, node.values, strict=True)
    )
