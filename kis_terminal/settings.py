"""Settings: defaults, `kis_devlp.yaml`, `.env`, environment variables, command line; later wins.

All problems are collected and raised together as one `SettingsError`. Secrets print as `***`.
Keys and accounts of one environment are never used in another: real reads `my_*` and `KIS_*`, paper reads
`paper_*`, `my_paper_*` and `KIS_PAPER_*`, the embedded exchange neither.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import SettingsError
from kis_terminal.domain.made_up_market import MadeUpMarket
from kis_terminal.settings_sources import (
    FILE_NAME,
    KNOWN_YAML_KEYS,
    PAPER_REST,
    PAPER_WS,
    REAL_REST,
    REAL_WS,
    SOURCES,
    SourceNames,
    config_places,
    default_root,
    home_folder,
    read_dotenv,
    unknown_key,
)
from kis_terminal.settings_yaml import Entry, Problem, read_flat_yaml

KIS_MASTER_URL = "https://new.real.download.dws.co.kr/common/master"
SIM_ACCOUNT = "50000101"
WORKSPACE_FILE = "workspace.json"
"""The window's choices and layouts, below `HomePaths.layout`."""
"""The account of the embedded exchange that already holds a few names."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Secret:
    """A text that never shows itself; `reveal()` gives it to the one place that sends it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and secrets.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written to files or sent to other processes")


@dataclass(frozen=True, slots=True)
class KisAccess:
    """Everything needed to talk to one environment of KIS."""

    environment: Environment
    rest_url: str
    ws_url: str
    master_url: str
    appkey: Secret
    appsecret: Secret
    hts_id: str
    """Empty when not given: no execution notices then."""
    cano: str
    """First 8 digits of the account."""
    product: str
    """Last 2 digits of the account."""
    made_up: MadeUpMarket | None = None
    """Which market the embedded exchange plays; None for KIS, and where nobody needs to know."""

    @property
    def account_label(self) -> str:
        """Return the account as it may be shown, e.g. `5000-01**-01`."""
        return f"{self.cano[:4]}-{self.cano[4:6]}**-{self.product}"

    def __repr__(self) -> str:
        return f"KisAccess({self.environment.value}, {self.rest_url}, {self.account_label})"


@dataclass(frozen=True, slots=True)
class HomePaths:
    """Where this program writes; nothing is created by reading settings."""

    root: Path
    data: Path
    """Journal, bars and master files of the environment in use, apart from those of the others."""
    tokens: Path
    logs: Path
    layout: Path

    @staticmethod
    def under(root: Path, environment: Environment) -> HomePaths:
        """Return the paths of `environment` below `root`."""
        return HomePaths(
            root, root / "data" / environment.value, root / "tokens", root / "logs", root / "layout"
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """What the program runs with."""

    environment: Environment
    access: KisAccess | None
    """None for the embedded exchange until it has said where it listens; see `access_for_sim`."""
    home: HomePaths
    database_url: Secret | None
    redis_url: Secret | None
    language: str
    config_file: Path | None
    warnings: tuple[str, ...] = ()
    """Sentences to show once at start; nothing that stops the program."""

    def access_for_sim(self, rest_url: str, ws_url: str, made_up: MadeUpMarket | None = None) -> KisAccess:
        """Return access to the embedded exchange; its keys are made up anew and fit no other server."""
        for url in (rest_url, ws_url):
            if urlsplit(url).hostname not in _LOOPBACK:
                raise ValueError("the embedded exchange listens on this machine only")
        rest = rest_url.rstrip("/")
        return KisAccess(
            environment=Environment.SIM,
            rest_url=rest,
            ws_url=ws_url.rstrip("/"),
            master_url=f"{rest}/common/master",
            appkey=Secret("SIM" + secrets.token_hex(17)[:33]),
            appsecret=Secret(secrets.token_hex(90)),
            hts_id="simuser",
            cano=SIM_ACCOUNT,
            product="01",
            made_up=made_up,
        )


def load_settings(
    *,
    environment: Environment | None = None,
    config: Path | None = None,
    database_url: str | None = None,
    redis_url: str | None = None,
    language: str | None = None,
    remembered_language: Callable[[Path], str | None] = lambda workspace: None,
    environ: Mapping[str, str],
    cwd: Path,
    user_home: Path | None = None,
    is_offline: bool = False,
) -> Settings:
    """Return the settings of one start.

    The keyword values come from the command line; `remembered_language` reads what the window keeps, for
    where neither command line nor environment names a language. `environment` None means the embedded
    exchange: money is never reached by default. With `is_offline` keys are not read.
    Raises SettingsError with one sentence a line for everything that is wrong.
    """
    chosen = environment or Environment.SIM
    reader = _Reader(chosen, {**read_dotenv(cwd / ".env"), **environ}, user_home or home_folder(environ))
    root = reader.home_root()
    home = HomePaths.under(root, chosen)
    spoken = language or reader.variables.get("KIS_TERMINAL_LANGUAGE")
    if not spoken:
        spoken = remembered_language(home.layout / WORKSPACE_FILE) or "ko"
    if spoken not in ("ko", "en"):
        reader.problem(
            f"언어 '{spoken}'은(는) 없습니다. ko 또는 en을 고르세요.",
            f"There is no language '{spoken}'. Choose ko or en.",
        )
    file = reader.read_file(config, cwd)
    # What a broken file lacks is no news: its own problem comes first.
    access = reader.access(file) if chosen in SOURCES and not (reader.is_file_broken or is_offline) else None
    database = database_url or reader.variables.get("DATABASE_URL") or ""
    redis = redis_url or reader.variables.get("REDIS_URL") or ""
    reader.check_url("DATABASE_URL", database, ("postgresql", "postgresql+asyncpg", "postgres", "sqlite"))
    reader.check_url("REDIS_URL", redis, ("redis", "rediss", "unix"))
    if reader.problems:
        raise SettingsError("\n".join(problem.text(spoken) for problem in reader.problems))
    return Settings(
        environment=chosen,
        access=access,
        home=home,
        database_url=Secret(database) if database else None,
        redis_url=Secret(redis) if redis else None,
        language=spoken,
        config_file=file,
        warnings=tuple(warning.text(spoken) for warning in reader.warnings),
    )


class _Reader:
    """Collect values and everything that is wrong with them."""

    def __init__(self, environment: Environment, variables: dict[str, str], user_home: Path) -> None:
        self.environment = environment
        self.variables = {name: value.strip() for name, value in variables.items()}
        self.user_home = user_home
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.is_file_broken = False
        self._entries: dict[str, Entry] = {}

    def problem(self, korean: str, english: str) -> None:
        self.problems.append(Problem(korean, english))

    def home_root(self) -> Path:
        """Return the folder that everything is written below."""
        written = self.variables.get("KIS_TERMINAL_HOME")
        if not written:
            return default_root(self.variables, self.user_home)
        root = Path(written).expanduser()
        if root.exists() and not root.is_dir():
            self.problem(
                f"KIS_TERMINAL_HOME '{root}'은(는) 폴더가 아닙니다. 폴더 경로를 적으세요.",
                f"KIS_TERMINAL_HOME '{root}' is not a folder. Give the path of a folder.",
            )
        return root.absolute()

    def read_file(self, config: Path | None, cwd: Path) -> Path | None:
        """Read the first settings file there is; return its path."""
        if config is not None:
            found: Path | None = config if config.is_absolute() else cwd / config
        else:
            places = config_places(cwd, self.variables, self.user_home)
            found = next((place for place in places if place.is_file()), None)
        if found is None:
            return None
        content = read_flat_yaml(found)
        problems = list(content.problems)
        self.is_file_broken = bool(problems)
        for name, entry in content.entries.items():
            if name in KNOWN_YAML_KEYS:
                self._entries[name] = entry
            else:
                problems.append(unknown_key(name, entry))
        # The embedded exchange needs nothing of a file that merely lies about; one asked for must be right.
        strict = config is not None or self.environment is not Environment.SIM
        (self.problems if strict else self.warnings).extend(problems)
        return found

    def check_url(self, name: str, url: str, schemes: tuple[str, ...]) -> None:
        """Complain about a URL that no adapter could open; its text may hold a password and is not shown."""
        if not url:
            return
        scheme = url.partition("://")[0] if "://" in url else ""
        if scheme not in schemes and not scheme.startswith("sqlite"):
            self.problem(
                f"{name}의 형식 '{scheme or '(없음)'}://'을(를) 알 수 없습니다. {schemes[0]}://... "
                "형식으로 적으세요.",
                f"{name} has the unknown form '{scheme or '(none)'}://'. Write {schemes[0]}://...",
            )

    def access(self, file: Path | None) -> KisAccess | None:
        """Return the access of a KIS environment, None when problems were found."""
        names = SOURCES[self.environment]
        found = {field: self._value(names, field) for field in names.yaml}
        missing = [field for field in ("appkey", "appsecret", "account") if not found[field].value]
        if missing:
            wanted = ", ".join(f"{names.yaml[field]} / {names.variables[field]}" for field in missing)
            where = str(file) if file is not None else FILE_NAME
            self.problem(
                f"{names.korean} 환경에 필요한 값이 없습니다: {wanted}. {where} 파일이나 환경변수에 "
                "적으세요.",
                f"The {self.environment.value} environment lacks: {wanted}. Write them in {where} or as "
                "environment variables.",
            )
        for field in ("appkey", "appsecret"):
            self._check_secret(found[field])
        cano, product = self._account(found["account"], found["product"])
        hts_id = self._hts_id(found["hts_id"])
        rest = self._host(found["rest"], ("https", "http"))
        ws = self._host(found["ws"], ("wss", "ws"))
        self._check_environment_of_hosts(rest, ws, found)
        if self.problems:
            return None
        is_kis = rest in (REAL_REST, PAPER_REST)
        master = self.variables.get("KIS_MASTER_URL") or (
            KIS_MASTER_URL if is_kis else f"{rest}/common/master"
        )
        return KisAccess(
            environment=self.environment,
            rest_url=rest,
            ws_url=ws,
            master_url=master.rstrip("/"),
            appkey=Secret(found["appkey"].value),
            appsecret=Secret(found["appsecret"].value),
            hts_id=hts_id,
            cano=cano,
            product=product,
        )

    def _value(self, names: SourceNames, field: str) -> Entry:
        variable = names.variables.get(field)
        if variable and self.variables.get(variable):
            return Entry(self.variables[variable], variable)
        if field == "hts_id" and self.variables.get("KIS_HTS_ID"):
            # The ID is the person's: the same in both environments, as in KIS's own file.
            return Entry(self.variables["KIS_HTS_ID"], "KIS_HTS_ID")
        key = names.yaml[field]
        entry = self._entries.get(key)
        if entry is not None and entry.value:
            return Entry(entry.value, f"{key} ({entry.place})")
        return Entry(names.defaults.get(field, ""), key)

    def _check_secret(self, entry: Entry) -> None:
        if entry.value and (
            not entry.value.isascii() or any(character.isspace() for character in entry.value)
        ):
            self.problem(
                f"{entry.place}의 값({len(entry.value)}자)이 키가 아닙니다. "
                "KIS Developers에서 받은 값으로 바꾸세요.",
                f"The value of {entry.place} ({len(entry.value)} characters) is not a key. "
                "Replace it by the one KIS Developers gave you.",
            )

    def _account(self, account: Entry, product: Entry) -> tuple[str, str]:
        digits = account.value.replace("-", "")
        is_number = digits.isascii() and digits.isdigit()
        if account.value and not (is_number and len(digits) in (8, 10)):
            shown = account.value if not is_number else f"{account.value[:4]}{'*' * (len(account.value) - 4)}"
            self.problem(
                f"{account.place}의 계좌번호 '{shown}'({len(account.value)}자)이(가) 맞지 않습니다. "
                "앞 8자리 또는 12345678-01 형식으로, 따옴표 안에 적으세요.",
                f"The account number '{shown}' of {account.place} ({len(account.value)} characters) is "
                "wrong. "
                "Write the first 8 digits or 12345678-01, in quotes.",
            )
            return "", ""
        code = digits[8:] or product.value
        if not (code.isascii() and code.isdigit() and len(code) == 2):
            self.problem(
                f"{product.place}의 계좌상품코드 '{code}'이(가) 맞지 않습니다. 두 자리 숫자(예: 01)로 "
                "적으세요.",
                f"The product code '{code}' of {product.place} is wrong. Write two digits (such as 01).",
            )
        return digits[:8], code

    def _hts_id(self, entry: Entry) -> str:
        if entry.value and entry.value.isascii() and " " not in entry.value:
            return entry.value
        self.warnings.append(
            Problem(
                "HTS ID(my_htsid / KIS_HTS_ID)가 없어 실시간 체결통보를 받을 수 없습니다. 주문 조회로 "
                "대신합니다.",
                "No HTS ID (my_htsid / KIS_HTS_ID): execution notices cannot be received; orders are polled.",
            )
        )
        return ""

    def _host(self, entry: Entry, schemes: tuple[str, ...]) -> str:
        url = entry.value.rstrip("/")
        try:
            parts = urlsplit(url)
            is_right = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_right = False
        if not is_right:
            self.problem(
                f"{entry.place}의 주소 '{entry.value}'이(가) 맞지 않습니다. {schemes[0]}://호스트:포트 "
                "형식으로 적으세요.",
                f"The address '{entry.value}' of {entry.place} is wrong. Write {schemes[0]}://host:port.",
            )
        elif parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            self.warnings.append(
                Problem(
                    f"{entry.place}의 주소 '{url}'은(는) 암호화되지 않아 앱키가 그대로 전송됩니다. https를 "
                    "쓰세요.",
                    f"The address '{url}' of {entry.place} is not encrypted: keys travel in the open. Use "
                    "https.",
                )
            )
        return url

    def _check_environment_of_hosts(self, rest: str, ws: str, found: Mapping[str, Entry]) -> None:
        """Refuse KIS's paper hosts in real mode and the other way round, before a socket is opened."""
        foreign = {
            Environment.REAL: ((PAPER_REST, PAPER_WS), "모의투자", "paper"),
            Environment.PAPER: ((REAL_REST, REAL_WS), "실전투자", "real"),
        }
        hosts, korean, english = foreign[self.environment]
        # The REST servers have names of their own, whatever the port; the sockets differ by the port alone.
        known = {(urlsplit(hosts[0]).hostname, None), (urlsplit(hosts[1]).hostname, urlsplit(hosts[1]).port)}
        for url, field in ((rest, "rest"), (ws, "ws")):
            try:
                parts = urlsplit(url)
                name, port = (parts.hostname or "").rstrip("."), parts.port
            except ValueError:
                continue  # already named by _host
            if known & {(name, None), (name, port)}:
                self.problem(
                    f"{found[field].place}의 주소 '{url}'은(는) {korean} 서버입니다. "
                    f"{SOURCES[self.environment].korean} 환경에서는 쓸 수 없습니다.",
                    f"The address '{url}' of {found[field].place} is the {english} server. "
                    f"It cannot be used in the {self.environment.value} environment.",
                )
