"""Read the catalogue's data files, each at its first use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Literal

from kis_terminal.adapters.kis.catalog.rows import (
    Api,
    CatalogError,
    Decision,
    OutputBlock,
    Paging,
    Parameter,
    Selector,
    TrId,
)
from kis_terminal.adapters.kis.catalog.streams import Stream

PRODUCTS = (
    "auth",
    "domestic_stock",
    "domestic_bond",
    "domestic_futureoption",
    "elw",
    "etfetn",
    "overseas_stock",
    "overseas_futureoption",
)

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index: enough to search and to find a row without reading its product."""

    id: str
    name: str
    method: str
    path: str
    tr_ids: tuple[str, ...]
    is_stream: bool
    misprint: str = ""
    """A TR id that the workbook prints beside this path by mistake."""


@dataclass(frozen=True, slots=True)
class ProductRows:
    """All rows of one product, by id."""

    product: str
    apis: Mapping[str, Api]
    streams: Mapping[str, Stream]


class Catalog:
    """The catalogue; making one reads nothing, each file is read when a row of it is asked for."""

    def __init__(self) -> None:
        self._products: dict[str, ProductRows] = {}

    def load(self, product: str) -> ProductRows:
        """Return the rows of a product (an id's part before the dot), reading its file the first time."""
        if product not in self._products:
            if product not in PRODUCTS:
                raise CatalogError(f"There is no product {product}; known: {', '.join(PRODUCTS)}.")
            self._products[product] = _product(product, _read(f"{product}.json"))
        return self._products[product]

    def api(self, api_id: str) -> Api:
        """Return a REST call by its id, such as `domestic_stock.inquire_price`."""
        product = api_id.partition(".")[0]
        found = self.load(product).apis.get(api_id) if product in PRODUCTS else None
        if found is None:
            raise CatalogError(f"There is no KIS call {api_id} in the catalogue.")
        return found

    def stream(self, tr_id: str) -> Stream:
        """Return a stream by its TR id (real or paper) or by its id, such as `domestic_stock.ccnl_krx`."""
        for entry in self.entries:
            if entry.is_stream and (tr_id == entry.id or tr_id in entry.tr_ids):
                return self.load(entry.id.partition(".")[0]).streams[entry.id]
        raise CatalogError(f"There is no KIS stream {tr_id} in the catalogue.")

    def apis(self, product: str | None = None) -> tuple[Api, ...]:
        """Return every REST call, or those of one product; reads the files it needs."""
        return tuple(api for name in _chosen(product) for api in self.load(name).apis.values())

    def streams(self, product: str | None = None) -> tuple[Stream, ...]:
        """Return every stream, or those of one product; reads the files it needs."""
        return tuple(stream for name in _chosen(product) for stream in self.load(name).streams.values())

    def find(self, method: str, path: str, tr_id: str = "") -> Entry | None:
        """Return the row of a method and path, provided the TR id, when given, is printed beside it."""
        for entry in self.entries:
            if entry.path == path and entry.method == method:
                known = tr_id in entry.tr_ids or tr_id in ("", entry.misprint)
                return entry if known else None
        return None

    def by_tr_id(self, tr_id: str) -> tuple[Entry, ...]:
        """Return the rows that carry a TR id, current or not; more than one where KIS shares the id."""
        return tuple(entry for entry in self.entries if tr_id in entry.tr_ids)

    def search(self, text: str) -> tuple[Entry, ...]:
        """Return the rows in whose id, name, path or TR ids every word of the text occurs."""
        words = text.casefold().split()
        return tuple(
            entry for entry in self.entries if words and all(word in _haystack(entry) for word in words)
        )

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The index, read at first use."""
        rows = _read("index.json")
        return tuple(
            Entry(
                id=row_id,
                name=row["name"],
                method=row["method"],
                path=row["path"],
                tr_ids=tuple(row["tr"].split()),
                is_stream=row["kind"] == "stream",
                misprint=row.get("misprint", ""),
            )
            for row_id, row in rows.items()
        )


def _chosen(product: str | None) -> tuple[str, ...]:
    return PRODUCTS if product is None else (product,)


def _haystack(entry: Entry) -> str:
    return f"{entry.id} {entry.name} {entry.path} {' '.join(entry.tr_ids)}".casefold()


def _read(name: str) -> dict[str, Any]:
    content = files(__package__).joinpath("data", name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(content)
    return document


def _product(product: str, document: _Row) -> ProductRows:
    shared: Mapping[str, str] = document["labels"]
    return ProductRows(
        product,
        {row_id: _api(product, row_id, row, shared) for row_id, row in document["apis"].items()},
        {row_id: _stream(product, row_id, row, shared) for row_id, row in document["streams"].items()},
    )


def _api(product: str, row_id: str, row: _Row, shared: Mapping[str, str]) -> Api:
    own: Mapping[str, str] = row.get("labels", {})
    location: Literal["query", "body"] = "query" if row["method"] == "GET" else "body"
    return Api(
        id=row_id,
        product=product,
        group=row["group"],
        name=row["name"],
        document=row["document"],
        method=row["method"],
        path=row["path"],
        kind=row["kind"],
        retry_safe=row["retry"],
        paper_supported=row["paper"],
        tr_ids=tuple(_tr_id(item) for item in row["tr"]),
        selectors=tuple(_selector(item) for item in row.get("selectors", ())),
        parameters=tuple(
            Parameter(
                key=item["key"],
                label=item["label"],
                location=location,
                required=item["required"],
                may_be_empty=item.get("empty", False),
                default=item.get("default"),
                values=tuple(item.get("values", {}).items()),
                example=item.get("example"),
            )
            for item in row["parameters"]
        ),
        open_parameters=row.get("open", False),
        outputs=tuple(
            OutputBlock(
                item["key"],
                item["shape"],
                _fields(item["fields"], own, shared),
                tuple(item.get("aliases", ())),
            )
            for item in row["outputs"]
        ),
        reply_fields=_fields(row.get("reply", ""), own, shared),
        paging=_paging(row.get("paging")),
        page_size=row.get("page", {}),
        decisions=_decisions(row),
        notes=tuple(row.get("notes", ())),
    )


def _stream(product: str, row_id: str, row: _Row, shared: Mapping[str, str]) -> Stream:
    columns = tuple(row["columns"].split())
    labels = {**shared, **row.get("labels", {})}
    return Stream(
        id=row_id,
        product=product,
        group=row["group"],
        name=row["name"],
        document=row["document"],
        path=row["path"],
        real_tr_id=row["real"],
        paper_tr_id=row["paper"],
        encrypted=row["encrypted"],
        key_meaning=row["key"],
        key_examples=tuple(row.get("examples", ())),
        columns=columns,
        labels=tuple(labels[column] for column in columns),
        widths=tuple(row["widths"]),
        layouts={int(width): tuple(text.split()) for width, text in row.get("layouts", {}).items()},
        stable=row["stable"],
        numeric=frozenset(row.get("numeric", "").split()),
        decisions=_decisions(row),
        notes=tuple(row.get("notes", ())),
    )


def _tr_id(item: _Row) -> TrId:
    return TrId(
        item["id"],
        item["env"],
        tuple((name, tuple(values.split())) for name, values in item.get("when", {}).items()),
        item.get("status", "current"),
        item.get("label", ""),
    )


def _selector(item: _Row) -> Selector:
    return Selector(
        item["name"],
        tuple(item["values"].split()),
        item.get("default"),
        item.get("parameter"),
        tuple(item.get("codes", {}).items()),
    )


def _fields(codes: str, own: Mapping[str, str], shared: Mapping[str, str]) -> dict[str, str]:
    return {code: own.get(code, shared.get(code, "")) for code in codes.split()}


def _paging(item: _Row | None) -> Paging | None:
    if item is None:
        return None
    return Paging(item["style"], tuple(item["keys"]), item["next"], tuple(item["more"]))


def _decisions(row: _Row) -> tuple[Decision, ...]:
    items: Iterable[list[str]] = row.get("decisions", ())
    return tuple(Decision(*item) for item in items)
