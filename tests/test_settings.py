"""Settings: order of sources, environments kept apart, every bad input named with its remedy."""

from __future__ import annotations

import contextlib
import pickle
from pathlib import Path

import pytest

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import SettingsError
from kis_terminal.settings import KIS_MASTER_URL, HomePaths, Secret, Settings, load_settings

REAL_KEY, REAL_SECRET = "PSrealrealrealrealrealrealrealreal01", "r" * 180
PAPER_KEY, PAPER_SECRET = "PSpaperpaperpaperpaperpaperpaperpa01", "p" * 180

YAML = f"""\
# as KIS gives it
my_app: "{REAL_KEY}"
my_sec: "{REAL_SECRET}"
paper_app: "{PAPER_KEY}"
paper_sec: "{PAPER_SECRET}"
my_htsid: "trader1"
my_acct_stock: "12345678"
my_acct_future: "87654321"
my_paper_stock: "50112233"
my_paper_future: ""
my_prod: "01" # 종합계좌
prod: "https://openapi.koreainvestment.com:9443" # 서비스
ops: "ws://ops.koreainvestment.com:21000" # 웹소켓
vps: "https://openapivts.koreainvestment.com:29443"
vops: "ws://ops.koreainvestment.com:31000"
my_token: ""
my_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
"""


def write(folder: Path, text: str | bytes, name: str = "kis_devlp.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def load(tmp_path: Path, environment: Environment | None = None, **others: object) -> Settings:
    variables = {"HOME": str(tmp_path / "user"), **others.pop("environ", {})}  # type: ignore[dict-item]
    cwd = tmp_path / "work"
    cwd.mkdir(exist_ok=True)
    return load_settings(
        environment=environment,
        environ=variables,
        cwd=cwd,
        user_home=tmp_path / "user",
        **others,  # type: ignore[arg-type]
    )


def refusal(tmp_path: Path, environment: Environment | None = None, **others: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, environment, **others)
    return str(caught.value)


def test_a_bare_machine_gets_the_embedded_exchange(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert settings.environment is Environment.SIM
    assert settings.access is None
    assert settings.warnings == ()
    assert not settings.home.root.exists()


def test_sim_access_has_made_up_keys_of_the_right_lengths(tmp_path: Path) -> None:
    settings = load(tmp_path)

    first = settings.access_for_sim("http://127.0.0.1:5000/", "ws://127.0.0.1:5001")
    second = settings.access_for_sim("http://127.0.0.1:5000/", "ws://127.0.0.1:5001")

    assert len(first.appkey.reveal()) == 36
    assert len(first.appsecret.reveal()) == 180
    assert first.appkey != second.appkey
    assert first.master_url == "http://127.0.0.1:5000/common/master"
    assert (len(first.cano), first.product) == (8, "01")


def test_real_reads_the_real_half_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "work", YAML)

    access = load(tmp_path, Environment.REAL).access

    assert access is not None
    assert access.appkey.reveal() == REAL_KEY
    assert access.appsecret.reveal() == REAL_SECRET
    assert (access.cano, access.product, access.hts_id) == ("12345678", "01", "trader1")
    assert access.rest_url == "https://openapi.koreainvestment.com:9443"
    assert access.ws_url == "ws://ops.koreainvestment.com:21000"
    assert access.master_url == KIS_MASTER_URL
    assert access.account_label == "1234-56**-01"


def test_paper_reads_the_paper_half_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "user" / "KIS" / "config", YAML)

    access = load(tmp_path, Environment.PAPER).access

    assert access is not None
    assert access.appkey.reveal() == PAPER_KEY
    assert access.cano == "50112233"
    assert access.rest_url == "https://openapivts.koreainvestment.com:29443"


def test_keys_of_one_environment_are_never_used_in_another(tmp_path: Path) -> None:
    environ = {"KIS_APP_KEY": REAL_KEY, "KIS_APP_SECRET": REAL_SECRET, "KIS_ACCOUNT_NO": "12345678-01"}

    text = refusal(tmp_path, Environment.PAPER, environ=environ)

    assert "KIS_PAPER_APP_KEY" in text
    assert "KIS_PAPER_ACCOUNT_NO" in text


def test_environment_beats_dotenv_beats_file_and_command_line_beats_all(tmp_path: Path) -> None:
    write(tmp_path / "work", YAML)
    dotenv = (
        "KIS_ACCOUNT_NO=11112222-22\nKIS_HTS_ID=fromdotenv\nDATABASE_URL=postgresql://a:b@h/dotenv\n"
        "REDIS_URL='redis://dotenv'\n"
    )
    write(tmp_path / "work", dotenv, ".env")

    settings = load(
        tmp_path,
        Environment.REAL,
        environ={"KIS_HTS_ID": "fromenv", "DATABASE_URL": "postgresql://a:b@h/env"},
        database_url="postgresql://a:b@h/argument",
    )

    assert settings.access is not None
    assert settings.access.hts_id == "fromenv"
    assert (settings.access.cano, settings.access.product) == ("11112222", "22")
    assert settings.database_url == Secret("postgresql://a:b@h/argument")
    assert settings.redis_url == Secret("redis://dotenv")


def test_config_argument_beats_the_working_folder(tmp_path: Path) -> None:
    write(tmp_path / "work", "nonsense: [")
    other = write(tmp_path / "elsewhere", YAML, "mine.yaml")

    settings = load(tmp_path, Environment.REAL, config=other)

    assert settings.config_file == other


def test_home_variable_moves_every_file(tmp_path: Path) -> None:
    home = load(tmp_path, environ={"KIS_TERMINAL_HOME": str(tmp_path / "moved")}).home

    for path in (home.data, home.tokens, home.logs, home.layout):
        assert path.is_relative_to(tmp_path / "moved")


def test_data_of_two_environments_lie_apart(tmp_path: Path) -> None:
    folders = {HomePaths.under(tmp_path, environment).data for environment in Environment}

    assert len(folders) == len(Environment)


@pytest.mark.parametrize(
    "written", ['"01234567"', "01234567", "'01234567'", "01234567-01", '"0123456701"'], ids=repr
)
def test_an_account_that_looks_octal_stays_text(tmp_path: Path, written: str) -> None:
    write(tmp_path / "work", YAML.replace('my_acct_stock: "12345678"', f"my_acct_stock: {written}"))

    access = load(tmp_path, Environment.REAL).access

    assert access is not None
    assert (access.cano, access.product) == ("01234567", "01")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949", "utf-16"])
def test_files_of_korean_windows_editors_are_read(tmp_path: Path, encoding: str) -> None:
    write(tmp_path / "work", YAML.replace("\n", "\r\n").encode(encoding))

    access = load(tmp_path, Environment.REAL).access

    assert access is not None
    assert access.hts_id == "trader1"


@pytest.mark.parametrize(
    ("broken", "line", "word"),
    [
        (YAML.replace("my_htsid: ", "my_htsid:\t@"), 6, "탭"),
        (YAML + '\tmy_x: "1"\n', 18, "탭"),
        (YAML + 'my_app: "again"\n', 18, "두 번"),
        (YAML.replace('my_prod: "01"', 'my_prod: "01'), 12, "YAML"),
        (YAML.replace('"trader1"', "!!python/object/apply:os.system ['echo hi']"), 6, "형식 지정"),
        (YAML.replace('"trader1"', "&a x"), 6, "별칭"),
        (YAML.replace('"trader1"', "[a, b]"), 6, "my_htsid"),
        (YAML + "---\nmy_app: x\n", 18, "문서"),
        ("just text\n", 1, "이름: 값"),
        (YAML.replace("my_htsid", "my_htsis"), 6, "'my_htsid'"),
    ],
)
def test_broken_yaml_is_named_with_line_and_remedy(tmp_path: Path, broken: str, line: int, word: str) -> None:
    write(tmp_path / "work", broken)

    text = refusal(tmp_path, Environment.REAL)

    assert f"{line}번째 줄" in text or f"kis_devlp.yaml:{line}" in text
    assert word in text
    assert REAL_SECRET not in text
    assert REAL_KEY not in text


def test_an_alias_bomb_is_refused_at_its_first_anchor(tmp_path: Path) -> None:
    levels = "\n".join(f"k{i}: &k{i} [{', '.join([f'*k{i - 1}'] * 9)}]" for i in range(1, 10))

    write(tmp_path / "work", f"k0: &k0 [x]\n{levels}\n")

    assert "별칭" in refusal(tmp_path, Environment.REAL)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "work", b"#" * 200_000)

    assert "64KB" in refusal(tmp_path, Environment.PAPER)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = (
        YAML.replace('"12345678"', '"1234-56"')
        .replace('my_prod: "01"', 'my_prod: "1"')
        .replace(REAL_KEY, "앱키")
        .replace("https://openapi.", "ftp://openapi.")
    )
    write(tmp_path / "work", text)

    sentences = refusal(tmp_path, Environment.REAL).splitlines()

    assert len(sentences) == 3
    assert any("1234" in sentence and "7자" in sentence for sentence in sentences)
    assert any("my_app" in sentence for sentence in sentences)
    assert any("ftp://" in sentence for sentence in sentences)


def test_missing_file_names_every_missing_value(tmp_path: Path) -> None:
    text = refusal(tmp_path, Environment.REAL)

    for name in ("my_app", "KIS_APP_KEY", "my_sec", "KIS_ACCOUNT_NO", "kis_devlp.yaml"):
        assert name in text


def test_english_sentences_on_request(tmp_path: Path) -> None:
    text = refusal(tmp_path, Environment.REAL, language="en")

    assert "environment lacks" in text
    assert text.isascii()


def test_an_asked_for_file_that_is_absent_is_an_error_in_sim_too(tmp_path: Path) -> None:
    assert "no-such.yaml" in refusal(tmp_path, config=Path("no-such.yaml"))


def test_a_broken_file_that_lies_about_only_warns_the_embedded_exchange(tmp_path: Path) -> None:
    write(tmp_path / "work", "my_app: [\n")

    assert len(load(tmp_path).warnings) == 1


@pytest.mark.parametrize(
    ("environment", "key", "host"),
    [
        (Environment.REAL, "prod", "https://openapivts.koreainvestment.com:29443"),
        (Environment.REAL, "ops", "ws://ops.koreainvestment.com:31000"),
        (Environment.PAPER, "vps", "https://openapi.koreainvestment.com:9443"),
        (Environment.PAPER, "vops", "ws://ops.koreainvestment.com:21000/"),
        (Environment.PAPER, "vps", "https://openapi.koreainvestment.com"),
        (Environment.REAL, "prod", "https://OpenApiVts.KoreaInvestment.com.:443"),
    ],
)
def test_hosts_of_the_other_environment_are_refused(
    tmp_path: Path, environment: Environment, key: str, host: str
) -> None:
    lines = [line for line in YAML.splitlines() if not line.startswith(f"{key}:")]
    write(tmp_path / "work", "\n".join([*lines, f'{key}: "{host}"']))

    text = refusal(tmp_path, environment)

    assert host.rstrip("/") in text
    assert key in text


def test_any_compatible_server_is_obeyed(tmp_path: Path) -> None:
    text = YAML.replace("https://openapi.koreainvestment.com:9443", "http://127.0.0.1:18080/")
    write(tmp_path / "work", text)

    access = load(tmp_path, Environment.REAL).access

    assert access is not None
    assert access.rest_url == "http://127.0.0.1:18080"
    assert access.master_url == "http://127.0.0.1:18080/common/master"


def test_missing_hts_id_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path / "work", YAML.replace('"trader1"', '"사용자 HTS ID"'))

    settings = load(tmp_path, Environment.REAL)

    assert settings.access is not None
    assert settings.access.hts_id == ""
    assert "HTS ID" in settings.warnings[0]


def test_one_hts_id_serves_both_environments_unless_paper_has_its_own(tmp_path: Path) -> None:
    write(tmp_path / "work", YAML)
    shared = load(tmp_path, Environment.PAPER, environ={"KIS_HTS_ID": "person"}).access
    own = load(
        tmp_path, Environment.PAPER, environ={"KIS_HTS_ID": "person", "KIS_PAPER_HTS_ID": "contest"}
    ).access

    assert shared is not None
    assert own is not None
    assert (shared.hts_id, own.hts_id) == ("person", "contest")


def test_the_example_file_has_only_names_that_are_known(tmp_path: Path) -> None:
    example = Path(__file__).resolve().parents[1] / "kis_devlp.yaml.example"

    settings = load(tmp_path, config=example)

    assert settings.config_file == example
    assert settings.warnings == ()


def test_broken_database_url_does_not_show_its_password(tmp_path: Path) -> None:
    text = refusal(tmp_path, environ={"DATABASE_URL": "mysql://me:hunter22@db/x"})

    assert "DATABASE_URL" in text
    assert "hunter22" not in text


def test_truncation_at_every_byte_gives_a_sentence_or_the_same_environment(tmp_path: Path) -> None:
    raw = YAML.encode()
    for end in range(0, len(raw), 7):
        write(tmp_path / "work", raw[:end])
        with contextlib.suppress(SettingsError):
            settings = load(tmp_path, Environment.PAPER)
            assert settings.environment is Environment.PAPER
            assert settings.access is not None
            assert settings.access.cano == "50112233"


def test_secrets_print_as_stars_and_are_never_pickled(tmp_path: Path) -> None:
    write(tmp_path / "work", YAML)

    settings = load(tmp_path, Environment.REAL)

    for secret in (REAL_KEY, REAL_SECRET, "12345678"):
        assert secret not in repr(settings)
        assert secret not in str(settings.access)
    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))
