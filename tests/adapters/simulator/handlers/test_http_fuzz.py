"""No parameter value makes an endpoint fail: it answers or refuses."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.simulator.options import SimulatorOptions
from kis_terminal.adapters.simulator.server import build_venue
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint
from kis_terminal.adapters.simulator.serving.http import ENDPOINTS, read_body
from kis_terminal.adapters.simulator.serving.personality import PAPER, REAL
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.serving.ws import CommandRefusal, read_command
from kis_terminal.adapters.simulator.wire.answers import Answer, WireRefusal

VALUES = st.one_of(
    st.sampled_from(["", "005930", "A005930", "J", "D", "W", "M", "Y", "00", "01", "02", "21", "22", "99"]),
    st.sampled_from(
        ["12345678", "50000101", "19000101", "20261123", "22001231", "99991231", "000000", "153000"]
    ),
    st.sampled_from(["0", "1", "9999999999", "-1", "1.50", "70000", "²", "KRX", "NXT", "SOR", "N"]),
    st.text(max_size=12),
)
OPTIONAL = (
    "EXCG_ID_DVSN_CD",
    "CNDT_PRIC",
    "CTX_AREA_NK100",
    "CTX_AREA_NK",
    "FID_FAKE_TICK_INCU_YN",
    "ODNO",
    "PDNO",
)


@pytest.fixture(scope="module")
def venue() -> Venue:
    return build_venue(SimulatorOptions())


@pytest.mark.parametrize(
    "endpoint", ENDPOINTS, ids=[endpoint.path.rsplit("/", 1)[1] for endpoint in ENDPOINTS]
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_values_are_answered_or_refused(venue: Venue, endpoint: Endpoint, data: st.DataObject) -> None:
    fixed = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"}
    fixed |= {"CANO": "12345678", "ACNT_PRDT_CD": "01"}
    parameters = {name: data.draw(VALUES, label=name) for name in (*endpoint.required, *OPTIONAL)}
    for name, value in fixed.items():
        if name in parameters and data.draw(st.booleans(), label=f"{name} right"):
            parameters[name] = value
    call = Call(
        venue=venue,
        personality=data.draw(st.sampled_from([REAL, PAPER])),
        transaction=data.draw(st.sampled_from(endpoint.transactions)),
        parameters=parameters,
        appkey="key",
        tr_cont=data.draw(st.sampled_from(["", "N"])),
        now=venue.now(),
    )

    try:
        endpoint.check_parameters(parameters)
        answer = endpoint.handler(call)
    except WireRefusal as refusal:
        answer = refusal.answer

    assert isinstance(answer, Answer)
    assert {"rt_cd", "msg_cd", "msg1"} <= set(answer.body)
    json.dumps(answer.body)


@given(st.binary(max_size=40))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with suppress(WireRefusal):
        assert isinstance(read_body(body), dict)


@given(st.one_of(st.binary(max_size=40), st.text(max_size=40)))
def test_any_socket_message_is_read_or_refused(message: str | bytes) -> None:
    with suppress(CommandRefusal):
        header, _ = read_command(message)
        assert isinstance(header, dict)


def test_deeply_nested_texts_are_refused() -> None:
    with pytest.raises(CommandRefusal):
        read_command("[" * 100_000)
    with pytest.raises(WireRefusal):
        read_body(b"[" * 100_000)
