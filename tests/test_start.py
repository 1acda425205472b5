from __future__ import annotations

import json
from pathlib import Path

import pytest

from kis_terminal.__main__ import main
from kis_terminal.adapters.kis.kept_config import KeptConfig
from kis_terminal.adapters.kis.token_store import file_vault_key
from kis_terminal.domain.environment import Environment
from kis_terminal.options import Options
from kis_terminal.settings import Settings, load_settings
from kis_terminal.start import _remembered_language, start
from tests.test_settings import YAML


def _load(home: Path, language: str | None = None, **variables: str) -> Settings:
    return load_settings(
        language=language,
        remembered_language=_remembered_language,
        environ={"KIS_TERMINAL_HOME": str(home), **variables},
        cwd=home,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home in which the window was told to speak English."""
    kept = {"language": json.dumps("en")}
    (tmp_path / "layout").mkdir()
    (tmp_path / "layout" / "workspace.json").write_text(json.dumps(kept), encoding="utf-8")
    return tmp_path


def test_a_first_start_is_korean(tmp_path: Path) -> None:
    assert _load(tmp_path).language == "ko"


def test_the_language_chosen_in_the_window_is_remembered(home: Path) -> None:
    assert _load(home).language == "en"


def test_the_command_line_beats_the_remembered_language(home: Path) -> None:
    assert _load(home, "ko").language == "ko"


def test_the_environment_beats_the_remembered_language(home: Path) -> None:
    assert _load(home, KIS_TERMINAL_LANGUAGE="ko").language == "ko"


def test_a_language_that_does_not_exist_is_not_remembered(home: Path) -> None:
    (home / "layout" / "workspace.json").write_text('{"language": "\\"fr\\""}', encoding="utf-8")

    assert _load(home).language == "ko"


@pytest.mark.parametrize("environment", ["paper", "real"])
@pytest.mark.parametrize(
    ("language", "word"), [("ko", "환경에 필요한 값이 없습니다"), ("en", "environment lacks")]
)
def test_missing_keys_are_said_and_no_window_opens(
    environment: str,
    language: str,
    word: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KIS_TERMINAL_HOME", str(tmp_path))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.chdir(tmp_path)

    code = main(["--env", environment, "--language", language])

    assert code == 2
    assert word in capsys.readouterr().err


@pytest.mark.parametrize(
    "size", ["", "1760", "x", "639x400", "640x399", "９００x９００", "999999x900", "-900x900"]
)
def test_a_size_that_is_none_is_refused(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([f"--size={size}"])

    assert stopped.value.code == 2
    assert "--size" in capsys.readouterr().err


def test_case_68_a_broken_file_offers_the_last_good_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, config = tmp_path / "home", tmp_path / "kis_devlp.yaml"
    monkeypatch.setenv("KIS_TERMINAL_HOME", str(home))
    config.write_bytes(YAML.encode())
    KeptConfig(home / "tokens", Environment.REAL, file_vault_key).keep(config)
    config.write_text("my_app: [")

    code = start(Options(environment="real", config=config))

    told = capsys.readouterr().err
    assert code == 2
    assert "kis_devlp.yaml" in told
    assert "--env real --restore-config" in told
    assert start(Options(environment="paper", config=config)) == 2
    assert "--restore-config" not in capsys.readouterr().err
