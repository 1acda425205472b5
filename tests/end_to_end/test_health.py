"""The health panel of the real window on the real exchange."""

from __future__ import annotations

import httpx

from kis_terminal.adapters.simulator.process import ExchangeAddress
from kis_terminal.domain.health import Verdict
from kis_terminal.ui.panels.health import HealthPanel
from tests.end_to_end.conftest import OpenTerminal


def test_the_panel_reads_the_real_connection(open_terminal: OpenTerminal) -> None:
    person = open_terminal()
    person.window.show_panel("health")
    panel = person.window.docks["health"].panel
    assert isinstance(panel, HealthPanel)

    person.qtbot.waitUntil(
        lambda: panel.is_active and panel.streams.cell_text("notices:", "state") == "확인", timeout=15_000
    )
    panel.refresh()

    lines = {key: panel.grid.row(key) for key in panel.grid.keys}
    assert lines["link"].value.startswith("연결됨")
    assert lines["approval"].value == "받음"
    assert lines["frame"].verdict is Verdict.OK
    assert lines["token"].value.startswith("23시간")
    assert lines["clock_skew"].verdict is Verdict.OK
    assert lines["slots"].value.startswith(f"{person.terminal.feed.slots_used}/41 사용")
    assert lines["reconnects"].value.startswith("0번")
    assert lines["rest"].value.endswith("ms")
    assert lines["memory"].value.endswith("MB")
    states = {panel.streams.cell_text(key, "state") for key in panel.streams.keys}
    assert states <= {"확인", "대기"}
    assert person.window.status.text("skew").startswith("서버시각차 ")
    assert person.window.status.text("skew") != "서버시각차 -"


def test_a_connection_that_was_lost_is_counted_and_comes_back(
    open_terminal: OpenTerminal, exchange: ExchangeAddress
) -> None:
    person = open_terminal()
    person.window.show_panel("health")
    panel = person.window.docks["health"].panel
    assert isinstance(panel, HealthPanel)
    person.qtbot.waitUntil(lambda: panel.streams.cell_text("notices:", "state") == "확인", timeout=15_000)

    headers = {"authorization": f"Bearer {exchange.control_token}"}
    with httpx.Client(base_url=exchange.control, headers=headers, trust_env=False) as client:
        rule = {"do": "close", "on": "frame", "times": 1, "key": "005930"}
        assert client.post("/faults", json=rule).status_code == 200

    person.qtbot.waitUntil(
        lambda: panel.grid.cell_text("reconnects", "value").startswith("1번"), timeout=15_000
    )
    person.qtbot.waitUntil(
        lambda: (
            panel.grid.row("link").verdict is Verdict.OK
            and panel.streams.cell_text("ticks:005930", "state") == "확인"
        ),
        timeout=15_000,
    )
