"""Fault case 68: a settings file in every broken form. Nothing is interpreted, nothing defaults to real."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import SettingsError
from tests.test_settings import REAL_KEY, REAL_SECRET, YAML, load, refusal, write

ACCOUNT = 'my_acct_stock: "12345678"'


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("01234567", "01234567"),
        ("0123_4567", None),
        ("0x1234567", None),
        ("0o1234567", None),
        ("1_2345678", None),
        ("12345678.0", None),
        ("1.2345678e7", None),
        ("on", None),
        ("off", None),
        ("true", None),
        ("12:34:56", None),
        ("2026-11-20", "20261120"),  # eight digits and two: what KIS gives looks like that, too
    ],
)
def test_case_68_an_account_is_the_text_that_stands_there_or_refused(
    tmp_path: Path, written: str, read: str | None
) -> None:
    """YAML 1.1 takes 0123 for octal, 12:34:56 for sixtieths and a day for a date."""
    write(tmp_path / "work", YAML.replace(ACCOUNT, f"my_acct_stock: {written}"))

    if read is None:
        assert "my_acct_stock" in refusal(tmp_path, Environment.REAL)
    else:
        access = load(tmp_path, Environment.REAL).access
        assert access is not None
        assert access.cano == read


@pytest.mark.parametrize("written", ["on", "off", "yes", "no", "true", "0123", "1e3", ".inf", "0x1F"])
def test_case_68_words_and_numbers_of_yaml_stay_texts(tmp_path: Path, written: str) -> None:
    write(tmp_path / "work", YAML.replace('my_htsid: "trader1"', f"my_htsid: {written}"))

    access = load(tmp_path, Environment.REAL).access

    assert access is not None
    assert access.hts_id == written


def _bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


BROKEN = {
    "alias bomb of ten levels": _bomb(10),
    "merge of an alias": f"base: &b {{my_app: {REAL_KEY}}}\n<<: *b\n",
    "object": YAML + 'my_x: !!python/object/apply:os.system ["touch owned"]\n',
    "new object": YAML + "my_x: !!python/object/new:subprocess.Popen [[touch, owned]]\n",
    "name": YAML + "my_x: !!python/name:os.system\n",
    "own tag": YAML + "my_x: !secret x\n",
    "key twice": YAML + f'my_app: "{REAL_KEY}"\n',
    "tab": YAML + "\tmy_x: y\n",
    "deep nesting": "[" * 5_000,
    "nul": YAML + "my_x: \x00\n",
    "half a quote": YAML[: len(YAML) // 2] + '"',
    "control characters": YAML + 'my_x: "\x07"\n',
    "directive": "%YAML 9.9\n" + YAML,
    "binary": "\ufffd\ufffd" * 100,
    "size": YAML + "# " + "x" * 70_000,
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("environment", [Environment.REAL, Environment.PAPER])
def test_case_68_a_broken_file_is_refused_in_words_without_what_it_holds(
    tmp_path: Path, name: str, environment: Environment
) -> None:
    write(tmp_path / "work", BROKEN[name])

    text = refusal(tmp_path, environment)

    assert "kis_devlp.yaml" in text
    assert REAL_SECRET not in text
    assert REAL_KEY not in text
    assert not list(tmp_path.rglob("owned"))


@pytest.mark.parametrize("name", [*BROKEN, "whole"])
def test_case_68_nothing_in_a_file_makes_the_environment_real(tmp_path: Path, name: str) -> None:
    text = BROKEN.get(name, YAML)
    write(tmp_path / "work", text + "\nenvironment: real\n" if name == "whole" else text)

    settings = load(tmp_path)

    assert settings.environment is Environment.SIM
    assert settings.access is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_case_68_cut_at_any_byte_it_is_refused_or_the_same(tmp_path: Path, encoding: str) -> None:
    raw = YAML.replace("# 종합계좌", "# 종합계좌입니다").encode(encoding)
    for end in itertools.chain(range(0, len(raw), 23), range(len(raw) - 40, len(raw))):
        write(tmp_path / "work", raw[:end])
        with contextlib.suppress(SettingsError):
            access = load(tmp_path, Environment.PAPER).access
            assert access is not None
            assert access.environment is Environment.PAPER
            assert (access.cano, access.appkey.reveal()[:7]) == ("50112233", "PSpaper")


def test_case_68_the_command_says_it_and_ends(tmp_path: Path) -> None:
    write(tmp_path, _bomb(10))

    told = subprocess.run(
        [sys.executable, "-m", "kis_terminal", "orders", "--env", "real"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert told.returncode == 2
    assert "kis_devlp.yaml" in told.stderr
    assert "Traceback" not in told.stderr
