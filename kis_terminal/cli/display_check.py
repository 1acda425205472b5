"""What `doctor` looks at on the screen: Qt's platform and fonts that have Hangul."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from kis_terminal.domain.health import HealthLine, Verdict
from kis_terminal.domain.sentences import Sentence

_SECONDS = 30.0
_WINDOW = (1366, 768)


def has_display(variables: Mapping[str, str]) -> bool:
    """Tell whether a window could be shown, before Qt is asked."""
    if sys.platform in ("win32", "darwin") or variables.get("QT_QPA_PLATFORM"):
        return True
    return bool(variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY"))


def display_lines() -> list[HealthLine]:
    """Start Qt in a process of its own; without a screen it draws into memory."""
    is_there = has_display(os.environ)
    told, words = _probe({} if is_there else {"QT_QPA_PLATFORM": "offscreen"})
    title = Sentence("모니터")
    if told is None and is_there:
        told, _ = _probe({"QT_QPA_PLATFORM": "offscreen"})
        shown = HealthLine(
            "display",
            title,
            Sentence("Qt가 화면을 열지 못함"),
            Verdict.DANGER,
            Sentence(
                "{why} Linux에서는 libxcb-cursor0, libegl1, libxkbcommon0 패키지를 설치하십시오.", why=words
            ),
        )
    elif told is None:
        advice = Sentence("{why} packaging/run.py로 다시 설치하십시오.", why=words)
        shown = HealthLine("display", title, Sentence("Qt를 시작하지 못함"), Verdict.DANGER, advice)
    elif not is_there:
        advice = Sentence(
            "창을 열려면 화면이 있는 세션에서 실행하십시오. 그림(--screenshot)은 만들 수 있습니다."
        )
        value = Sentence("화면 없음, Qt {version}", version=told["qt"])
        shown = HealthLine("display", title, value, Verdict.WARN, advice)
    else:
        shown = _screens(told)
    return [shown] if told is None else [shown, _fonts(told)]


def _probe(variables: Mapping[str, str]) -> tuple[dict[str, Any] | None, str]:
    """Return what Qt found, or None and its last words."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kis_terminal.cli.display_probe"],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
        told: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"{type(error).__name__}."
    except ValueError:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        return None, said[-1][:200] if said else f"exit {done.returncode}."
    return told, ""


def _screens(told: Mapping[str, Any]) -> HealthLine:
    title = Sentence("모니터")
    screens = [f"{width}x{height} @{ratio:g}" for width, height, ratio in told["screens"]]
    value = f"Qt {told['qt']}, {told['platform']}: {', '.join(screens)}"
    is_roomy = any(width >= _WINDOW[0] and height >= _WINDOW[1] for width, height, _ in told["screens"])
    if not is_roomy and told["platform"] != "offscreen":
        advice = Sentence("화면이 1366x768보다 작습니다. 배율을 낮추거나 더 큰 화면을 쓰십시오.")
        return HealthLine("display", title, value, Verdict.WARN, advice)
    return HealthLine("display", title, value)


def _fonts(told: Mapping[str, Any]) -> HealthLine:
    title = Sentence("한글 글꼴")
    bundled, system = len(told["bundled_fonts"]), len(told["system_fonts"])
    value = Sentence("Pretendard {bundled}종, 시스템 {system}종", bundled=bundled, system=system)
    if bundled:
        return HealthLine("fonts", title, value)
    if system:
        advice = Sentence("딸린 글꼴을 읽지 못했습니다. 프로그램을 다시 설치하십시오.")
        return HealthLine("fonts", title, value, Verdict.WARN, advice)
    advice = Sentence("한글이 있는 글꼴이 하나도 없습니다. 프로그램을 다시 설치하십시오.")
    return HealthLine("fonts", title, value, Verdict.DANGER, advice)
