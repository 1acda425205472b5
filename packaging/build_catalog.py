"""Write the catalogue's data files from the extracted lists of the KIS Open API.

    python packaging/build_catalog.py SOURCE [TARGET]

SOURCE holds catalog.json (official examples), endpoints.csv, api_fields.json and ws_columns.json (API
workbook) and samples/; TARGET is the package's data directory unless given. The same input gives the same
bytes. Where the sources differ, catalog/decisions.py and catalog/stream_decisions.py (protocol notes) decide,
then the workbook; each such row says so.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

from catalog import decisions as decided
from catalog.parameters import parameters_of
from catalog.replies import outputs_of, paging_of
from catalog.streams import stream_row
from catalog.tr_ids import paper_of, tr_ids_of

TARGET = Path(__file__).resolve().parents[1] / "kis_terminal" / "adapters" / "kis" / "catalog" / "data"
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

Row = dict[str, Any]


class Sources:
    """The four lists and the sample bodies, keyed by path."""

    def __init__(self, folder: Path) -> None:
        self.examples: list[Row] = _json(folder / "catalog.json")["apis"]
        self.postman: list[Row] = _json(folder / "catalog.json")["meta"]["postman_only"]
        with (folder / "endpoints.csv").open(encoding="utf-8-sig", newline="") as stream:
            self.endpoints: dict[str, Row] = {row["path"]: row for row in csv.DictReader(stream)}
        self.fields: dict[str, Row] = {
            key.partition(" #")[0]: row["fields"]
            for key, row in _json(folder / "api_fields.json")["apis"].items()
        }
        self.columns: Row = _json(folder / "ws_columns.json")
        self.bodies = dict(_sample_bodies(folder / "samples"))


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _sample_bodies(folder: Path) -> list[tuple[str, Row]]:
    bodies = []
    for line in (folder / "SOURCES.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 4 and cells[1].endswith(".json") and cells[3].startswith("/"):
            bodies.append((cells[3], _json(folder / cells[1])))
    return bodies


def _api_row(sources: Sources, row_id: str, path: str, example: Row | None) -> Row:
    """Join what the sources say of one REST call."""
    endpoint = sources.endpoints.get(path)
    fields = sources.fields.get(path)
    decisions: list[list[str]] = []
    method = endpoint["method"] if endpoint else (example or {})["method"]
    kind = _kind(row_id, method)
    paper = paper_of(row_id, example, endpoint, decisions)
    name, document = _name(example, endpoint, decisions)
    if endpoint and endpoint["kind"] == "WEBSOCKET" and method == "GET":
        decisions.append(["kind", "REST call", "stream", decided.EXAMPLES])
    row: Row = {
        "group": endpoint["menu"] if endpoint else (example or {})["group"],
        "name": name,
        "document": document,
        "kind": kind,
        "method": method,
        "path": path,
        "retry": kind == "query",
        "paper": paper,
        "tr": tr_ids_of(row_id, example, endpoint, paper, decisions),
        "selectors": decided.SELECTORS.get(row_id, []),
        "parameters": parameters_of(row_id, method, example, fields, decisions),
    }
    outputs, reply, labels = outputs_of(row_id, path, example, fields, sources.bodies.get(path), decisions)
    row["outputs"] = outputs
    row["reply"] = " ".join(reply)
    row["paging"] = paging_of(row_id, example, row["parameters"], fields)
    row["page"] = decided.PAGE_SIZES.get(row_id, {})
    row["decisions"] = decisions
    row["notes"] = decided.REMARKS.get(row_id, [])
    row["labels"] = labels
    if row_id == "auth.hashkey":
        row["open"] = True
    return row


def _name(example: Row | None, endpoint: Row | None, decisions: list[list[str]]) -> tuple[str, str]:
    if endpoint is None:
        return (example or {})["name_ko"], ""
    name = str(endpoint["name_ko"])
    document = endpoint["api_id"] if endpoint["api_id"] != name else ""
    if example is not None:
        # A sheet of the workbook cannot have a slash in its name, so it has "_" instead.
        if example["name_ko"].replace("/", "_") == name:
            name = example["name_ko"]
        elif "".join(example["name_ko"].split()) != "".join(name.split()):
            decisions.append(["name", name, example["name_ko"], decided.WORKBOOK])
        document = document or example["doc_no"] or ""
    return name, document


def _kind(row_id: str, method: str) -> str:
    if row_id.startswith("auth."):
        return "auth"
    if method == "GET":
        return "query"
    return decided.KINDS.get(row_id, "order")


def _hashkey(sources: Sources) -> Row:
    """Return the hash call in the form of an example; only a collection of requests has it."""
    found = next(row for row in sources.postman if row["path"] == "/uapi/hashkey")
    return {
        "name_ko": found["name_ko"],
        "group": "OAuth인증",
        "doc_no": None,
        "method": found["method"],
        "tr_id": [],
        "tr_id_only_in_postman": None,
        "postman": [],
        "paper_supported": found["paper_supported"],
        "paging": None,
        "outputs": [],
        "fields": {"BODY": "요청 본문", "HASH": "해쉬키"},
        "params": [
            {
                "key": key,
                "label": key,
                "in": "body",
                "required": False,
                "required_by": "signature",
                "conditional": True,
                "values": None,
                "example": None,
            }
            for key in found["params"]
        ],
    }


def rows_of(sources: Sources) -> tuple[dict[str, Row], dict[str, Row]]:
    """Return the REST rows and the stream rows, both by id."""
    apis: dict[str, Row] = {}
    streams: dict[str, Row] = {}
    for example in sources.examples:
        if example["kind"] == "ws":
            streams[example["id"]] = stream_row(example, sources.endpoints, sources.columns)
        else:
            apis[example["id"]] = _api_row(sources, example["id"], example["path"], example)
    for path, row_id in decided.NEW_IDS.items():
        apis[row_id] = _api_row(sources, row_id, path, None)
    apis["auth.hashkey"] = _api_row(sources, "auth.hashkey", "/uapi/hashkey", _hashkey(sources))
    return apis, streams


def _line(row: Row) -> str:
    kept = {key: value for key, value in row.items() if value not in ({}, [], "") or key in _ALWAYS}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


_ALWAYS = {"document", "tr", "parameters", "outputs", "paging"}


def _document(sections: dict[str, dict[str, str]]) -> str:
    """Write JSON with one entry per line."""
    parts = []
    for section, lines in sections.items():
        body = ",\n".join(f"{json.dumps(key)}:{lines[key]}" for key in sorted(lines))
        parts.append(f"{json.dumps(section)}:{{\n{body}\n}}" if lines else f"{json.dumps(section)}:{{}}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _share_labels(rows: list[Row]) -> dict[str, str]:
    """Take the most frequent label of each code out of the rows; leave what differs in them."""
    seen: dict[str, Counter[str]] = {}
    for row in rows:
        for code, label in row["labels"].items():
            seen.setdefault(code, Counter())[label] += 1
    shared = {
        code: min((-count, label) for label, count in counts.items())[1] for code, counts in seen.items()
    }
    for row in rows:
        row["labels"] = {code: label for code, label in row["labels"].items() if shared[code] != label}
    return shared


def _index(apis: dict[str, Row], streams: dict[str, Row]) -> str:
    lines: dict[str, str] = {}
    for row_id, row in apis.items():
        ids = dict.fromkeys(item["id"] for item in row["tr"])
        lines[row_id] = _entry(row, row["method"], " ".join(ids), "rest")
    for row_id, row in streams.items():
        ids = dict.fromkeys(item for item in (row["real"], row["paper"]) if item)
        lines[row_id] = _entry(row, "POST", " ".join(ids), "stream")
    body = ",\n".join(f"{json.dumps(row_id)}:{lines[row_id]}" for row_id in sorted(lines))
    return "{\n" + body + "\n}\n"


def _entry(row: Row, method: str, ids: str, kind: str) -> str:
    entry = {"name": row["name"], "method": method, "path": row["path"], "tr": ids, "kind": kind}
    if "misprint" in row:
        entry["misprint"] = row["misprint"]
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


def build(source: Path, target: Path) -> None:
    """Write index.json and a file per product."""
    apis, streams = rows_of(Sources(source))
    target.mkdir(parents=True, exist_ok=True)
    files = {"index.json": _index(apis, streams)}
    for product in PRODUCTS:
        own_apis = {row_id: row for row_id, row in apis.items() if row_id.startswith(f"{product}.")}
        own_streams = {row_id: row for row_id, row in streams.items() if row_id.startswith(f"{product}.")}
        shared = _share_labels([*own_apis.values(), *own_streams.values()])
        files[f"{product}.json"] = _document(
            {
                "labels": {code: json.dumps(label, ensure_ascii=False) for code, label in shared.items()},
                "apis": {row_id: _line(row) for row_id, row in own_apis.items()},
                "streams": {row_id: _line(row) for row_id, row in own_streams.items()},
            }
        )
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    """Read the two folders from the command line."""
    parser = argparse.ArgumentParser(description="Write the catalogue's data files.")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path, nargs="?", default=TARGET)
    arguments = parser.parse_args()
    build(arguments.source, arguments.target)


if __name__ == "__main__":
    main()
