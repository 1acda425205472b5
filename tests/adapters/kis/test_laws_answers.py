"""Whatever a REST answer holds, its reader gives a value of the right types or an error of our own tree.

KIS's example bodies are spoilt as servers, proxies and changed documents spoil them: other kinds of values,
fields and blocks that are missing, renamed, doubled or of another form.
"""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.kis.accounts import read_balance, read_buying_power, read_order, unique_orders
from kis_terminal.adapters.kis.answers import Answer, next_keys
from kis_terminal.adapters.kis.auth import Authenticator
from kis_terminal.adapters.kis.catalog import Catalog
from kis_terminal.adapters.kis.charts import read_daily_bar, read_minute_bars
from kis_terminal.adapters.kis.environment import KST
from kis_terminal.adapters.kis.errors import Next, judge, order_error, query_error
from kis_terminal.adapters.kis.quotes import (
    read_investor_day,
    read_order_book,
    read_print,
    read_quote,
    read_rank,
)
from kis_terminal.adapters.kis.trading import read_accepted
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.errors import BrokerAnswerError, OutcomeUnknown, TerminalError
from kis_terminal.domain.orders import BrokerOrder, OrderAccepted
from tests.adapters.kis.access import access_to
from tests.support.shared import shared_path
from tests.support.typed_values import check_types
from tests.support.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.usefixtures("quiet")
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=KST)
DAY = date(2026, 11, 22)
CATALOG = Catalog()
LAWS = settings(
    max_examples=900,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

READERS: Mapping[str, Callable[[Answer], list[object]]] = {
    "inquire-price": lambda a: [read_quote("005930", a.record("output"))],
    "inquire-asking-price-exp-ccn": lambda a: [
        read_order_book("005930", a.record("output1"), a.record("output2"))
    ],
    "inquire-ccnl": lambda a: [read_print("005930", row) for row in a.rows("output")],
    "inquire-daily-itemchartprice": lambda a: [read_daily_bar(row) for row in a.rows("output2")],
    "inquire-time-dailychartprice": lambda a: [*read_minute_bars(DAY, a.rows("output2"))],
    "inquire-time-itemchartprice": lambda a: [*read_minute_bars(DAY, a.rows("output2"))],
    "inquire-investor": lambda a: [read_investor_day(row) for row in a.rows("output")],
    "volume-rank": lambda a: [read_rank(row) for row in a.rows("output")],
    "inquire-balance": lambda a: (
        [read_balance(a.rows("output1"), a.rows("output2")[-1], NOW)] if a.rows("output2") else []
    ),
    "inquire-daily-ccld": lambda a: [*unique_orders(read_order(row) for row in a.rows("output1"))],
    "inquire-psbl-order": lambda a: [read_buying_power(a.record("output"))],
    "order-cash": lambda a: [read_accepted(a)],
}
JUNK = st.sampled_from(
    (
        *(None, True, False, 0, -1, 7, 1.5, 1e300, [], {}, [[]], [None], {"a": {}}),
        *(
            "",
            " ",
            "0",
            "000",
            "-0",
            "-1",
            "+3",
            "abc",
            "nan",
            "-nan",
            "inf",
            "-",
            "(null)",
            "NULL",
            "1e5",
            "1_0",
        ),
        *(
            "12.5",
            "12.",
            ".5",
            ".",
            "1,000",
            "٣٤",
            "１２",
            "9" * 41,
            "9" * 300,
            "0x1F",
            "NaN",
            "삼성",
            "\x00",
            "\ud7ff",
        ),
        *(
            "20261350",
            "20260230",
            "00000000",
            "99999999",
            "246060",
            "235959",
            "2026-11-22",
            "000000",
            "1",
            "Y",
            "N",
        ),
    )
).map(copy.deepcopy)


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Let warnings about spoilt answers stay unheard."""
    caplog.set_level(logging.CRITICAL, "kis_terminal")


@cache
def sample(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        shared_path(f"kis-api/samples/{name}.json").read_text(encoding="utf-8")
    )
    return content


def holders(value: Any) -> list[Any]:
    """Return every object and list of a document, the document first."""
    if isinstance(value, dict):
        return [value, *(one for inner in value.values() for one in holders(inner))]
    if isinstance(value, list):
        return [value, *(one for inner in value for one in holders(inner))]
    return []


@st.composite
def spoilt_body(draw: st.DrawFn, name: str) -> Any:
    """Draw an example body with up to four injuries."""
    body: Any = copy.deepcopy(sample(name))
    for _ in range(draw(st.integers(0, 4))):
        holder = draw(st.sampled_from(holders(body) or [{}]))
        if not holder:
            continue
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = draw(st.sampled_from(keys))
        what = draw(st.sampled_from(("junk", "junk", "junk", "drop", "case", "double", "wrap", "unwrap")))
        if what == "junk":
            holder[key] = draw(JUNK)
        elif what == "drop":
            del holder[key]
        elif what == "case" and isinstance(holder, dict):
            holder[str(key).swapcase()] = holder.pop(key)
        elif what == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif what == "wrap":
            holder[key] = [holder[key]]
        elif what == "unwrap" and isinstance(holder[key], list):
            holder[key] = holder[key][0] if holder[key] else None
    return draw(JUNK) if draw(st.integers(0, 60)) == 0 else body


CASES = st.sampled_from(sorted(READERS)).flatmap(
    lambda name: st.tuples(
        st.just(name), spoilt_body(name), st.sampled_from((200, 200, 200, 400, 403, 500, 502))
    )
)


@pytest.mark.parametrize("name", sorted(READERS))
def test_an_unspoilt_body_is_read(name: str) -> None:
    found = read(name, sample(name), 200)

    assert found
    assert not isinstance(found, TerminalError)


@LAWS
@given(CASES)
def test_a_spoilt_answer_gives_values_of_the_right_types_or_an_error_that_says_what_to_do(
    case: tuple[str, Any, int],
) -> None:
    name, body, status = case

    found = read(name, body, status)

    if isinstance(found, TerminalError):
        assert str(found).strip()
        # Only a call that moves money has a fate that is not known, and it is never simply unreadable.
        assert not isinstance(found, BrokerAnswerError if name == "order-cash" else OutcomeUnknown)


def read(name: str, body: Any, status: int) -> list[object] | TerminalError:
    """Judge a body and read it, as the client and the call do; any other error fails the test."""
    verdict = judge(status, body)
    is_order = name == "order-cash"
    if verdict.next is not Next.ACCEPT:
        return (order_error if is_order else query_error)("조회", verdict)
    entry = CATALOG.api(f"domestic_stock.{name.replace('-', '_')}")
    answer = Answer(entry, entry.tr_ids[0].tr_id, body, "M")
    assert isinstance(answer.message, str)
    try:
        found = READERS[name](answer)
    except (OutcomeUnknown, BrokerAnswerError) as error:
        return error
    for value in found:
        check_types(value)
        if isinstance(value, OrderAccepted | BrokerOrder):
            assert re.fullmatch("[0-9A-Za-z]*[1-9A-Za-z][0-9A-Za-z]*", value.order_number)
    try:
        keys = next_keys(answer, {"CTX_AREA_FK100": "", "CTX_AREA_NK100": ""})
    except BrokerAnswerError as error:
        return error
    assert keys is None or all(isinstance(one, str) for pair in keys.items() for one in pair)
    return found


@pytest.mark.parametrize("number", ["", "0000000000", [], {"a": "1"}, "접수", "12 34", None])
def test_an_answer_without_an_order_number_leaves_the_fate_open(number: Any) -> None:
    """Cause: a list or an object in ODNO was taken for the number of an accepted order."""
    body = copy.deepcopy(sample("order-cash"))
    body["output"]["ODNO"] = number

    assert isinstance(read("order-cash", body, 200), OutcomeUnknown)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    spoilt_body("auth-tokenP"),
    spoilt_body("auth-Approval"),
    st.sampled_from((200, 200, 200, 403, 500)),
    st.sampled_from((None, "expires_in", "access_token_token_expired")),
    JUNK,
)
def test_spoilt_keys_are_texts_with_an_end_or_an_error_of_ours(
    token: Any, approval: Any, status: int, field: str | None, junk: Any
) -> None:
    if field and isinstance(token, dict):
        token[field] = junk

    async def post(path: str, sent: Any) -> tuple[int, Any]:
        return status, token if path.endswith("tokenP") else approval

    async def live() -> None:
        auth = Authenticator(access_to("http://x"), post, SystemClock(), store=None, token_pause=60)
        for work in (lambda: auth.token(may_wait=False), auth.approval_key):
            try:
                async with asyncio.timeout(30):
                    text = await work()
            except (TerminalError, TimeoutError):
                continue
            assert isinstance(text, str)
            assert text
        if auth.expires_at is not None:
            assert auth.expires_at.utcoffset() == timedelta(hours=9)
        await auth.close()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(live())
