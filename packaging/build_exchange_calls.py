"""Write the embedded exchange's own list of KIS calls and streams: from it what is not played is answered.

    python packaging/build_exchange_calls.py SOURCE [TARGET]

SOURCE holds endpoints.csv and api_fields.json (API workbook), catalog.json (official examples),
ws_columns.json and samples/. The exchange shares nothing with the adapter, so neither does this script with
build_catalog.py: where one of them reads a source wrongly, a test of the other fails. The same input gives
the same bytes. Where the sources differ: a recorded answer, then the examples (they run), then the workbook.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # Python leaves it out under PYTHONSAFEPATH

from exchange_fields import kind_of

TARGET = Path(__file__).resolve().parents[1] / "kis_terminal/adapters/simulator/synthetic/data/calls.json"
Row = dict[str, Any]
Field = tuple[str, str]

_TR_ID = re.compile(r"[A-Z][A-Z0-9]{8,12}")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_BLOCK = re.compile(r"out(put|block)\d*", re.IGNORECASE)
_ENVELOPE = {"rt_cd", "msg_cd", "msg1", "msg"}
_SHAPES = {"object": "object", "object array": "array", "array": "array"}

_STREAMS_WITHOUT_COLUMNS = {"H0NXMKO0": "H0STMKO0", "H0UNMKO0": "H0STMKO0"}
"""Streams that only the examples have; they look like their KRX twin."""
_PAPER_NOTICES = {"H0STCNI0": "H0STCNI9", "H0IFCNI0": "H0IFCNI9", "H0GSCNI0": "H0GSCNI9"}
_PAPER_STREAMS = {"H0STCNT0": "H0STCNT0", "H0STASP0": "H0STASP0", **_PAPER_NOTICES}

# Ids of the Asian markets stand in the sheet's text below the table (PROTOCOL.md 5.7); paper has them with V.
_ASIA = ("TTTS0308U", "TTTS0307U", "TTTS0202U", "TTTS1005U", "TTTS1002U", "TTTS1001U")
_ASIA_MORE = ("TTTS0305U", "TTTS0304U", "TTTS0311U", "TTTS0310U")
_ASIA_CHANGES = ("TTTS0309U", "TTTS0302U", "TTTS1003U", "TTTS0306U", "TTTS0312U")
_MORE_TR_IDS = {
    "/uapi/overseas-stock/v1/trading/order": (*_ASIA, *_ASIA_MORE),
    "/uapi/overseas-stock/v1/trading/order-rvsecncl": _ASIA_CHANGES,
}


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


class Sources:
    """The lists, keyed by path, and the recorded answers."""

    def __init__(self, folder: Path) -> None:
        with (folder / "endpoints.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        self.endpoints = {row["path"]: row for row in rows if not row["path"].startswith("/tryitout")}
        examples = _json(folder / "catalog.json")["apis"]
        self.examples = {row["path"]: row for row in examples if row["kind"] == "rest"}
        self.stream_examples = {row["tr_id"]["real"]: row for row in examples if row["kind"] == "ws"}
        self.fields = {
            key.partition(" #")[0]: row["fields"]
            for key, row in _json(folder / "api_fields.json")["apis"].items()
        }
        self.columns: Row = _json(folder / "ws_columns.json")
        self.bodies: dict[str, Row] = {}
        for line in (folder / "samples" / "SOURCES.md").read_text(encoding="utf-8").splitlines():
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) > 4 and cells[1].endswith(".json") and cells[3].startswith("/"):
                self.bodies[cells[3]] = _json(folder / "samples" / cells[1])


def _clean(name: str) -> str:
    """Return a field's name without the dash that one sheet sets before it."""
    return name.strip().lstrip("-")


def call_row(sources: Sources, path: str) -> Row:
    """Join what the sources say of one call; blocks hold (name, label) pairs."""
    endpoint, example = sources.endpoints[path], sources.examples.get(path, {})
    blocks, beside = _documented(sources.fields[path])
    return {
        "name": endpoint["name_ko"],
        "method": endpoint["method"],
        "tr": _tr_ids(path, endpoint, example),
        "need": _required(sources.fields[path], endpoint["method"], example),
        "out": _settled(blocks, example, sources.bodies.get(path, {})),
        "beside": beside,
    }


def _documented(fields: Row) -> tuple[list[Row], list[Field]]:
    blocks: list[Row] = []
    beside: list[Field] = []
    current = beside
    for name, label, kind, *_ in fields.get("Response Body", []):
        name = _clean(name)
        if name.lower() in _ENVELOPE or not _NAME.fullmatch(name):
            continue
        if _BLOCK.fullmatch(name):
            # One sheet lists its blocks twice, as they were and as they are.
            known_block = next((block for block in blocks if block["key"] == name.lower()), None)
            if known_block is None:
                known_block = {"key": name.lower(), "shape": _SHAPES.get(kind, "object"), "fields": []}
                blocks.append(known_block)
            current = known_block["fields"]
            continue
        # The continuation strings stand beside the blocks, wherever the sheet lists them.
        place = beside if name.lower().startswith("ctx_area") else current
        if name not in [known for known, _ in place]:
            place.append((name, label))
    return blocks, beside


def _settled(blocks: list[Row], example: Row, body: Row) -> list[Row]:
    """Give each block the key and shape that the more trustworthy source has."""
    shown = {item["key"]: item for item in example.get("outputs") or []}
    strange = [key for key in shown if key.lower() not in {block["key"] for block in blocks}]
    for block in blocks:
        if block["key"] not in shown and len(shown) == len(blocks) and strange:
            block["key"] = strange.pop(0)
        item = shown.get(block["key"], {})
        shape = item.get("shape")
        shape = item.get("shape_hint") if shape == "unknown" else shape
        recorded = body.get(block["key"])
        if isinstance(recorded, dict | list):
            shape = "object" if isinstance(recorded, dict) else "array"
        block["shape"] = shape or block["shape"]
    return blocks


def _tr_ids(path: str, endpoint: Row, example: Row) -> list[list[str]]:
    """Return (real, paper) pairs, "" where the other host has no such id."""
    real = list(dict.fromkeys(_TR_ID.findall(endpoint["tr_id_real"])))
    paper = list(dict.fromkeys(_TR_ID.findall(endpoint["tr_id_paper"])))
    for item in (*(example.get("tr_id") or []), *(example.get("tr_id_only_in_postman") or [])):
        if item["env"] in ("real", "both") and item["tr_id"] not in real:
            real.append(item["tr_id"])
        if item["env"] in ("paper", "both") and item["tr_id"] not in paper:
            paper.append(item["tr_id"])
    more = _MORE_TR_IDS.get(path, ())
    real += [tr_id for tr_id in more if tr_id not in real]
    paper += [f"V{tr_id[1:]}" for tr_id in more if f"V{tr_id[1:]}" not in paper]
    if endpoint["paper_supported"] != "Y":
        paper = []
    pairs = [[tr_id, tr_id if tr_id in paper else ""] for tr_id in real]
    return pairs + [["", tr_id] for tr_id in paper if tr_id not in real]


def _required(fields: Row, method: str, example: Row) -> list[str]:
    """Return the keys that both sources call necessary; without an example the workbook's word."""
    sent = {item["key"].upper(): item for item in example.get("params") or []}
    rows = fields.get("Request Query Parameter") or fields.get("Request Body") or []
    found: list[str] = []
    for key, _, _, required, *_ in rows:
        key = key.strip()
        item = sent.get(key.upper())
        if required != "Y" or not _NAME.fullmatch(key) or (sent and item is None):
            continue
        if item is not None and (item.get("conditional") or not item["required"]):
            continue
        found.append(key.upper() if method == "GET" else key)
    return list(dict.fromkeys(found))


def stream_row(sources: Sources, tr_id: str) -> Row:
    """Return one stream: its columns with labels, and what its key is."""
    example = sources.stream_examples[tr_id]
    listed = sources.columns[_STREAMS_WITHOUT_COLUMNS.get(tr_id, tr_id)]
    # The workbook repeats a level of HDFSASP0; without it the list is as long as live frames are.
    labels = {name.upper(): label for name, label in zip(listed["columns"], listed["labels_ko"], strict=True)}
    if example["encrypted"] or example["tr_key"]["meaning"] == "HTS ID":
        key = "hts"
    elif tr_id.startswith(("H0ST", "H0NX", "H0UN")):
        key = "share"
    else:
        key = "code"
    return {
        "name": listed["name"] if tr_id in sources.columns else example["name_ko"],
        "paper": _PAPER_STREAMS.get(tr_id, ""),
        "key": key,
        "columns": list(labels.items()),
    }


def _document(calls: dict[str, Row], streams: dict[str, Row]) -> str:
    """Write JSON with one entry a line; a field's kind stands once, entries tell only what differs."""
    seen: dict[str, Counter[str]] = {}
    for row in [*calls.values(), *streams.values()]:
        for name, label in _all_fields(row):
            seen.setdefault(name.lower(), Counter())[kind_of(name, label)] += 1
    kinds = {name: min((-count, kind) for kind, count in counts.items())[1] for name, counts in seen.items()}
    by_kind: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        by_kind.setdefault(kind, []).append(name)
    sections = {
        "kinds": {kind: _line(" ".join(sorted(names))) for kind, names in by_kind.items()},
        "calls": {path: _line(_call_entry(row, kinds)) for path, row in calls.items()},
        "streams": {tr_id: _line(_stream_entry(row, kinds)) for tr_id, row in streams.items()},
    }
    parts = []
    for section, lines in sections.items():
        body = ",\n".join(f"{json.dumps(key)}:{lines[key]}" for key in sorted(lines))
        parts.append(f"{json.dumps(section)}:{{\n{body}\n}}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _all_fields(row: Row) -> list[Field]:
    blocks = [field for block in row.get("out", []) for field in block["fields"]]
    return [*row.get("columns", []), *row.get("beside", []), *blocks]


def _own_kinds(row: Row, kinds: dict[str, str]) -> dict[str, str]:
    own = {name.lower(): kind_of(name, label) for name, label in _all_fields(row)}
    return {name: kind for name, kind in own.items() if kinds[name] != kind}


def _names(fields: list[Field]) -> str:
    return " ".join(name for name, _ in fields)


def _call_entry(row: Row, kinds: dict[str, str]) -> Row:
    entry: Row = {
        "name": row["name"],
        "method": row["method"],
        "tr": " ".join("/".join(pair) for pair in row["tr"]),
        "need": " ".join(row["need"]),
        "out": [[block["key"], block["shape"], _names(block["fields"])] for block in row["out"]],
        "beside": _names(row["beside"]),
        "kinds": _own_kinds(row, kinds),
    }
    return {key: value for key, value in entry.items() if value not in ("", {})}


def _stream_entry(row: Row, kinds: dict[str, str]) -> Row:
    entry: Row = {
        "name": row["name"],
        "paper": row["paper"],
        "key": row["key"],
        "columns": _names(row["columns"]),
        "kinds": _own_kinds(row, kinds),
    }
    return {key: value for key, value in entry.items() if value not in ("", {})}


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def build(source: Path, target: Path) -> None:
    """Write the file; the auth paths are no part of it, their answers are none of these blocks."""
    sources = Sources(source)
    calls = {path: call_row(sources, path) for path in sources.endpoints if path.startswith("/uapi/")}
    streams = {tr_id: stream_row(sources, tr_id) for tr_id in sources.stream_examples}
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_document(calls, streams), encoding="utf-8", newline="\n")


def main() -> None:
    """Read the paths from the command line."""
    parser = argparse.ArgumentParser(description="Write the embedded exchange's list of calls and streams.")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path, nargs="?", default=TARGET)
    arguments = parser.parse_args()
    build(arguments.source, arguments.target)


if __name__ == "__main__":
    main()
