"""Where settings come from: names in the file and in the environment, folders of each system, `.env`."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kis_terminal.domain.environment import Environment
from kis_terminal.settings_yaml import Entry, Problem, decode_text

FILE_NAME = "kis_devlp.yaml"
REAL_REST, REAL_WS = "https://openapi.koreainvestment.com:9443", "ws://ops.koreainvestment.com:21000"
PAPER_REST, PAPER_WS = "https://openapivts.koreainvestment.com:29443", "ws://ops.koreainvestment.com:31000"


@dataclass(frozen=True, slots=True)
class SourceNames:
    """Where the values of one environment are looked for."""

    korean: str
    yaml: Mapping[str, str]
    variables: Mapping[str, str]
    defaults: Mapping[str, str]


SOURCES: dict[Environment, SourceNames] = {
    Environment.REAL: SourceNames(
        korean="실전투자",
        yaml={
            "appkey": "my_app",
            "appsecret": "my_sec",
            "account": "my_acct_stock",
            "product": "my_prod",
            "hts_id": "my_htsid",
            "rest": "prod",
            "ws": "ops",
        },
        variables={
            "appkey": "KIS_APP_KEY",
            "appsecret": "KIS_APP_SECRET",
            "account": "KIS_ACCOUNT_NO",
            "product": "KIS_PRODUCT_CODE",
            "hts_id": "KIS_HTS_ID",
        },
        defaults={"rest": REAL_REST, "ws": REAL_WS, "product": "01"},
    ),
    Environment.PAPER: SourceNames(
        korean="모의투자",
        yaml={
            "appkey": "paper_app",
            "appsecret": "paper_sec",
            "account": "my_paper_stock",
            "product": "my_prod",
            "hts_id": "my_htsid",
            "rest": "vps",
            "ws": "vops",
        },
        variables={
            "appkey": "KIS_PAPER_APP_KEY",
            "appsecret": "KIS_PAPER_APP_SECRET",
            "account": "KIS_PAPER_ACCOUNT_NO",
            "product": "KIS_PAPER_PRODUCT_CODE",
            "hts_id": "KIS_PAPER_HTS_ID",
        },
        defaults={"rest": PAPER_REST, "ws": PAPER_WS, "product": "01"},
    ),
}
_OTHER_YAML_KEYS = frozenset(
    {"my_acct_future", "my_paper_future", "my_token", "my_agent", "my_acct", "my_url", "my_url_ws"}
)
KNOWN_YAML_KEYS = _OTHER_YAML_KEYS | {key for names in SOURCES.values() for key in names.yaml.values()}


def home_folder(environ: Mapping[str, str]) -> Path:
    """Return the user's home folder as the environment names it."""
    written = environ.get("USERPROFILE" if "USERPROFILE" in environ else "HOME")
    return Path(written) if written else Path.home()


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the variables of a `.env` file, none when there is no such file."""
    if not path.is_file():
        return {}
    import io

    from dotenv import dotenv_values

    text = decode_text(path.read_bytes()[: 64 * 1024])
    values = dotenv_values(stream=io.StringIO(text or ""), interpolate=False)
    return {name: value for name, value in values.items() if value is not None}


def default_root(environ: Mapping[str, str], user_home: Path) -> Path:
    """Return the folder where this system's users keep a program's data."""
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or user_home / "AppData" / "Local") / "kis-terminal"
    if sys.platform == "darwin":
        return user_home / "Library" / "Application Support" / "kis-terminal"
    return Path(environ.get("XDG_DATA_HOME") or user_home / ".local" / "share") / "kis-terminal"


def home_root(environ: Mapping[str, str]) -> Path:
    """Return the folder that everything is written below, as far as the environment tells."""
    written = environ.get("KIS_TERMINAL_HOME", "").strip()
    return Path(written).expanduser().absolute() if written else default_root(environ, home_folder(environ))


def user_config_folder(environ: Mapping[str, str], user_home: Path) -> Path:
    """Return the folder where this system's users keep a program's settings."""
    if sys.platform == "win32":
        return Path(environ.get("APPDATA") or user_home / "AppData" / "Roaming") / "kis-terminal"
    if sys.platform == "darwin":
        return user_home / "Library" / "Application Support" / "kis-terminal"
    return Path(environ.get("XDG_CONFIG_HOME") or user_home / ".config") / "kis-terminal"


def config_places(cwd: Path, variables: Mapping[str, str], user_home: Path) -> tuple[Path, ...]:
    """Return where the settings file is looked for, the first found wins."""
    folders = (cwd, user_home / "KIS" / "config", user_config_folder(variables, user_home))
    return tuple(folder / FILE_NAME for folder in folders)


def unknown_key(name: str, entry: Entry) -> Problem:
    """Say that nobody knows this setting, and which one may have been meant."""
    near = difflib.get_close_matches(name, KNOWN_YAML_KEYS, 1)
    hint_korean = f" '{near[0]}'을(를) 뜻했나요?" if near else " 지우거나 이름을 고치세요."
    hint_english = f" Did you mean '{near[0]}'?" if near else " Remove or rename it."
    return Problem(
        f"{entry.place}: 알 수 없는 설정 이름 '{name}'입니다.{hint_korean}",
        f"{entry.place}: unknown setting '{name}'.{hint_english}",
    )
