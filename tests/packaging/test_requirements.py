"""What the package imports, declares and pins is the same."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.isolation import PROJECT
from tests.support.source_tree import modules, own_target


def declared(*extras: str) -> set[str]:
    """Return the names of the package's dependencies, and of those that its `extras` bring."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [*project["dependencies"]]
    for extra in extras:
        texts += project["optional-dependencies"][extra]
    return {canonicalize_name(Requirement(text).name) for text in texts}


def pins(name: str) -> list[Requirement]:
    """Return the pinned lines of a requirements list."""
    text = (PROJECT / "packaging" / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    lines = re.findall(r"^([A-Za-z0-9].*?)(?: \\)?$", text, re.MULTILINE)
    return [Requirement(line) for line in lines]


def test_every_imported_library_is_declared() -> None:
    known = modules()
    providers = packages_distributions()
    missing = []
    always, on_a_cluster = declared(), declared("cluster")
    for module in known.values():
        allowed = on_a_cluster if module.name == "services.backtest.cluster" else always
        for imported, line in module.imports:
            top = imported.split(".")[0]
            if own_target(imported, known) is not None or top in sys.stdlib_module_names:
                continue
            names = {canonicalize_name(name) for name in providers.get(top, [top])}
            if not names & allowed:
                missing.append(f"{module.at(line)}: {top}")

    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("name", ["run", "test"])
def test_every_declared_library_is_pinned(name: str) -> None:
    pinned = {canonicalize_name(pin.name) for pin in pins(name)}

    assert declared() <= pinned, "run packaging/pin.py"


@pytest.mark.parametrize("name", ["run", "test"])
@pytest.mark.parametrize("python", ["3.11.9", "3.12.1", "3.13.0"])
def test_pins_satisfy_what_is_declared_on_each_python(name: str, python: str) -> None:
    environment = {"python_version": python.rpartition(".")[0], "python_full_version": python}
    chosen = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in pins(name)
        if pin.marker is None or pin.marker.evaluate(environment)
    }
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in map(Requirement, project["dependencies"]):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            assert chosen[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_tests_run_with_the_pins_of_the_program() -> None:
    tested = {str(pin) for pin in pins("test")}

    assert {str(pin) for pin in pins("run")} <= tested, "run packaging/pin.py"


@pytest.mark.parametrize("name", ["run", "test"])
def test_lists_name_no_download_address_and_hash_everything(name: str) -> None:
    text = (PROJECT / "packaging" / "requirements" / f"{name}.txt").read_text(encoding="utf-8")

    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    assert len(re.findall(r"==\S+.* \\$", text, re.MULTILINE)) == len(pins(name))
