"""The last good settings file: encrypted, offered, and never in the way of the person's own file."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from kis_terminal.adapters.kis.kept_config import KeptConfig
from kis_terminal.adapters.kis.token_store import file_vault_key
from kis_terminal.domain.environment import Environment
from tests.test_settings import REAL_KEY, YAML


def kept(tmp_path: Path, environment: Environment = Environment.REAL) -> KeptConfig:
    return KeptConfig(tmp_path / "tokens", environment, file_vault_key)


def good_file(tmp_path: Path) -> Path:
    config = tmp_path / "kis_devlp.yaml"
    config.write_bytes(YAML.encode())
    return config


def test_case_68_the_last_good_file_is_put_beside_a_broken_one(tmp_path: Path) -> None:
    config = good_file(tmp_path)
    kept(tmp_path).keep(config)
    config.write_text("my_app: [")

    path = kept(tmp_path).put_beside(config)

    assert path == tmp_path / "kis_devlp.restored.yaml"
    assert path.read_bytes() == YAML.encode()
    assert config.read_text() == "my_app: ["
    assert kept(tmp_path).kept_at is not None
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        kept(tmp_path).put_beside(config)


def test_case_68_nothing_of_it_lies_open_on_the_disk(tmp_path: Path) -> None:
    kept(tmp_path).keep(good_file(tmp_path))

    for file in (tmp_path / "tokens").iterdir():
        assert REAL_KEY.encode() not in file.read_bytes()
        if sys.platform != "win32":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_case_68_a_damaged_copy_or_another_environments_is_none(tmp_path: Path) -> None:
    config = good_file(tmp_path)
    kept(tmp_path).keep(config)
    (sealed,) = (tmp_path / "tokens").glob("config-*")

    assert kept(tmp_path, Environment.PAPER).load() is None
    sealed.rename(sealed.with_name("config-paper.kept"))
    assert kept(tmp_path, Environment.PAPER).load() is None
    sealed.with_name("config-paper.kept").rename(sealed)
    whole = sealed.read_bytes()
    for end in range(0, len(whole), 97):
        sealed.write_bytes(whole[:end])
        assert kept(tmp_path).load() is None
    assert kept(tmp_path).put_beside(config) is None


def test_case_68_a_huge_or_absent_file_is_not_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    big = tmp_path / "big.yaml"
    big.write_bytes(b"#" * 60_000)

    kept(tmp_path).keep(big)

    assert kept(tmp_path).kept_at is None
