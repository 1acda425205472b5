"""What a command finds itself in: settings or what is wrong with them, folders, who reads the output."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import SettingsError
from kis_terminal.settings import HomePaths, Settings, load_settings
from kis_terminal.settings_sources import (
    SOURCES,
    config_places,
    default_root,
    home_folder,
    read_dotenv,
)
from kis_terminal.settings_yaml import Entry, read_flat_yaml


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Settings of one environment, or why there are none."""

    environment: Environment
    variables: Mapping[str, str]
    """`.env` and the environment variables, which win."""
    config_file: Path | None
    """The settings file in use, found or named."""
    places: tuple[Path, ...]
    """Where it is looked for without `--config`."""
    home: HomePaths
    settings: Settings | None
    problem: str
    """What is wrong with the settings, one sentence a line; empty when they can be used."""

    def present(self) -> dict[str, str]:
        """Return where each value that is set comes from, by field; never a value itself."""
        names = SOURCES.get(self.environment)
        if names is None:
            return {}
        entries: Mapping[str, Entry] = {}
        if self.config_file is not None and self.config_file.is_file():
            entries = read_flat_yaml(self.config_file).entries
        found: dict[str, str] = {}
        for field, key in names.yaml.items():
            variable = names.variables.get(field, "")
            if field == "hts_id" and not self.variables.get(variable):
                variable = "KIS_HTS_ID"
            if self.variables.get(variable):
                found[field] = variable
            elif key in entries and entries[key].value:
                found[field] = key
        return found


def look_around(environment: Environment, config: Path | None, language: str | None) -> Surroundings:
    """Read settings as the window would; what is wrong with them is returned, not raised."""
    cwd, user_home = Path.cwd(), home_folder(os.environ)
    variables = {**read_dotenv(cwd / ".env"), **os.environ}
    places = config_places(cwd, variables, user_home)
    settings: Settings | None = None
    problem = ""
    try:
        settings = load_settings(
            environment=environment, config=config, language=language, environ=os.environ, cwd=cwd
        )
    except SettingsError as error:
        problem = str(error)
    file = cwd / config if config is not None else next((place for place in places if place.is_file()), None)
    written = variables.get("KIS_TERMINAL_HOME", "").strip()
    root = Path(written).expanduser().absolute() if written else default_root(variables, user_home)
    home = settings.home if settings is not None else HomePaths.under(root, environment)
    return Surroundings(environment, variables, file, places, home, settings, problem)
