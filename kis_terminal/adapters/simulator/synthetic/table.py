"""Know every REST call and stream of KIS by its fields: what is not played is answered from here.

Written by packaging/build_exchange_calls.py; read from its file at the first need, never at the start.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

Kind = str
"""One letter, what a field holds: see packaging/exchange_fields.py."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field's wire name and what it holds; `key` is the name in lower case."""

    name: str
    key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """One block of an answer."""

    key: str
    is_list: bool
    fields: tuple[FieldSpec, ...]


@dataclass(frozen=True, slots=True)
class CallSpec:
    """One REST call; `tr_ids` are (real, paper), "" where a host has no such id."""

    path: str
    name: str
    method: Literal["GET", "POST"]
    tr_ids: tuple[tuple[str, str], ...]
    required: tuple[str, ...]
    blocks: tuple[BlockSpec, ...]
    beside: tuple[FieldSpec, ...]
    """Fields that stand beside the blocks, the continuation strings among them."""


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One stream; `paper` is its id there, "" where paper lacks it."""

    tr_id: str
    name: str
    paper: str
    key: Literal["share", "code", "hts"]
    columns: tuple[FieldSpec, ...]


class SyntheticTable:
    """Give calls by path and streams by TR id; making one reads nothing."""

    def __init__(self) -> None:
        self._document: Mapping[str, Any] | None = None
        self._kinds: dict[str, Kind] = {}
        self._calls: dict[str, CallSpec] = {}

    def call(self, path: str) -> CallSpec | None:
        """Return a call, None where KIS has none of that path."""
        if path not in self._calls:
            row = self._read()["calls"].get(path)
            if row is None:
                return None
            self._calls[path] = self._call(path, row)
        return self._calls[path]

    def call_names(self) -> dict[str, str]:
        """Return the Korean name of every call by its path."""
        return {path: str(row["name"]) for path, row in self._read()["calls"].items()}

    def streams(self) -> dict[str, StreamSpec]:
        """Return every stream by its real id."""
        return {tr_id: self._stream(tr_id, row) for tr_id, row in self._read()["streams"].items()}

    def _read(self) -> Mapping[str, Any]:
        if self._document is None:
            text = files(__package__).joinpath("data", "calls.json").read_text(encoding="utf-8")
            document: Mapping[str, Any] = json.loads(text)
            self._kinds = {name: kind for kind, names in document["kinds"].items() for name in names.split()}
            self._document = document
        return self._document

    def _call(self, path: str, row: Mapping[str, Any]) -> CallSpec:
        own: Mapping[str, Kind] = row.get("kinds", {})
        pairs = [pair.partition("/") for pair in row.get("tr", "").split()]
        return CallSpec(
            path=path,
            name=row["name"],
            method=row["method"],
            tr_ids=tuple((real, paper) for real, _, paper in pairs),
            required=tuple(row.get("need", "").split()),
            blocks=tuple(
                BlockSpec(key, shape == "array", self._fields(names, own)) for key, shape, names in row["out"]
            ),
            beside=self._fields(row.get("beside", ""), own),
        )

    def _stream(self, tr_id: str, row: Mapping[str, Any]) -> StreamSpec:
        own: Mapping[str, Kind] = row.get("kinds", {})
        columns = self._fields(row["columns"], own)
        return StreamSpec(tr_id, row["name"], row.get("paper", ""), row["key"], columns)

    def _fields(self, names: str, own: Mapping[str, Kind]) -> tuple[FieldSpec, ...]:
        return tuple(
            FieldSpec(name, name.lower(), own.get(name.lower()) or self._kinds[name.lower()])
            for name in names.split()
        )
