from __future__ import annotations

import pytest

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.services.health_rules import (
    budget_line,
    clock_line,
    journal_line,
    latency_line,
    memory_line,
    stall_line,
    token_line,
)

OK, WARN, DANGER = Verdict.OK, Verdict.WARN, Verdict.DANGER
REAL, SIM = Environment.REAL, Environment.SIM


@pytest.mark.parametrize(
    ("line", "verdict", "value"),
    [
        (clock_line(None, REAL), WARN, "아직 모름"),
        (clock_line(0.04, REAL), OK, "서버보다 -0.04초"),
        (clock_line(-2.5, REAL), WARN, "서버보다 +2.50초"),
        (clock_line(600.0, REAL), DANGER, "서버보다 -600.00초"),
        (clock_line(-28_508.0, SIM), OK, "다른 시각을 재생 중 (-7시간 55분)"),
        (token_line(None), WARN, "없음"),
        (token_line(75_700.0), OK, "21시간 1분 남음"),
        (token_line(1_800.0), WARN, "0시간 30분 남음"),
        (token_line(-5.0), DANGER, "0시간 0분 남음"),
        (latency_line(None), OK, "아직 호출 없음"),
        (latency_line(38.2), OK, "38 ms"),
        (latency_line(1_500.0), WARN, "1500 ms"),
        (latency_line(9_000.0), DANGER, "9000 ms"),
        (budget_line(16, 18, 18, 0), OK, "여유 16/18, 대기 0"),
        (budget_line(0, 12, 18, 0), WARN, "여유 0/12, 대기 0"),
        (budget_line(0, 18, 18, 40), WARN, "여유 0/18, 대기 40"),
        (budget_line(0, 18, 18, 400), DANGER, "여유 0/18, 대기 400"),
        (journal_line(None), OK, "아직 쓴 것이 없음"),
        (journal_line(0.0008), OK, "0.8 ms"),
        (journal_line(0.2), WARN, "200.0 ms"),
        (journal_line(2.0), DANGER, "2000.0 ms"),
        (stall_line(None, 60.0), OK, "재는 중"),
        (stall_line(0.012, 60.0), OK, "최장 12 ms (지난 60초)"),
        (stall_line(0.08, 60.0), WARN, "최장 80 ms (지난 60초)"),
        (stall_line(1.0, 60.0), DANGER, "최장 1000 ms (지난 60초)"),
        (memory_line(None), OK, "알 수 없음"),
        (memory_line(300 << 20), OK, "300 MB"),
        (memory_line(2 << 30), WARN, "2,048 MB"),
        (memory_line(5 << 30), DANGER, "5,120 MB"),
    ],
)
def test_figures_are_judged(line: HealthLine, verdict: Verdict, value: str) -> None:
    assert (line.verdict, line.value) == (verdict, value)
    assert bool(line.advice) == (verdict is not OK), "advice where it is not normal, and only there"
