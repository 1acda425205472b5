"""Answer blocks, field labels and paging of one REST call; read by build_catalog.py."""

from __future__ import annotations

import re
from typing import Any

from catalog import decisions as decided

Row = dict[str, Any]
_ENVELOPE = {"rt_cd", "msg_cd", "msg1"}
_BLOCK = re.compile(r"out(put|block)\d*", re.IGNORECASE)
_BLOCK_TYPES = {"object": "object", "object array": "array", "array": "array"}


def outputs_of(
    row_id: str,
    path: str,
    example: Row | None,
    fields: Row | None,
    body: Row | None,
    decisions: list[list[str]],
) -> tuple[list[Row], list[str], dict[str, str]]:
    """Return the blocks, the fields outside of them, and a label per field.

    Shapes: the recorded body where the other two differ or are silent, then the example, then the workbook.
    """
    blocks, reply, labels = _documented(fields)
    shown = {
        code: label
        for code, label in ((example or {}).get("fields") or {}).items()
        if not _BLOCK.fullmatch(code)
    }
    for code, label in shown.items():
        labels.setdefault(_spelled(code, labels), label)
    rows = _joined((example or {}).get("outputs") or [], blocks, decisions)
    for row in rows:
        row["shape"] = _shape(row, body, decisions)
    _attribute(shown, rows, reply)
    return (
        [
            {
                "key": row["key"],
                "shape": row["shape"],
                "fields": " ".join(row["fields"]),
                **({"aliases": row["aliases"]} if row["aliases"] else {}),
            }
            for row in rows
        ],
        reply,
        labels,
    )


def _documented(fields: Row | None) -> tuple[list[Row], list[str], dict[str, str]]:
    blocks: list[Row] = []
    reply: list[str] = []
    labels: dict[str, str] = {}
    current = reply
    for code, label, kind, *_ in (fields or {}).get("Response Body", []):
        code = code.strip().lstrip("-")  # some sheets have a dash before each field
        if code in _ENVELOPE or not code or " " in code:
            continue
        if _BLOCK.fullmatch(code):
            open_block = next((row for row in blocks if row["key"].lower() == code.lower()), None)
            if open_block is None:
                open_block = {"key": code, "shape": _BLOCK_TYPES.get(kind), "fields": []}
                blocks.append(open_block)
            current = open_block["fields"]
            continue
        # The continuation strings always stand beside the blocks, wherever the workbook lists them.
        place = reply if code.lower().startswith("ctx_area") else current
        if code not in place:
            place.append(code)
        labels.setdefault(code, label)
    return blocks, reply, labels


def _joined(shown: list[Row], documented: list[Row], decisions: list[list[str]]) -> list[Row]:
    """Pair the example's blocks with the workbook's: by key, and by place where both have as many."""
    if len(documented) > len(shown):
        rows = [
            {**row, "key": row["key"].lower(), "aliases": [], "examples": None, "workbook": row["shape"]}
            for row in documented
        ]
        by_key = {item["key"].lower(): item for item in shown}
        for row in rows:
            row["examples"] = by_key.get(row["key"])
        if shown and not any(row["examples"] for row in rows):
            rows[0]["examples"] = shown[0]
        if shown and len(shown) < len(rows):
            decisions.append(
                ["outputs", " ".join(row["key"] for row in rows), " ".join(by_key), decided.WORKBOOK]
            )
        return rows
    left = {row["key"].lower(): row for row in documented}
    rows = []
    for item in shown:
        row = left.pop(item["key"].lower(), None)
        rows.append(
            {
                "key": item["key"],
                "aliases": [],
                "fields": row["fields"] if row else [],
                "examples": item,
                "workbook": row["shape"] if row else None,
            }
        )
    open_rows = [row for row in rows if row["workbook"] is None]
    for row, (key, other) in zip(open_rows, list(left.items()), strict=False):
        row.update(fields=other["fields"], workbook=other["shape"], aliases=[key])
        decisions.append([f"outputs {row['key']}", row["key"], key, decided.EXAMPLES])
    return rows


def _shape(row: Row, body: Row | None, decisions: list[list[str]]) -> str:
    item = row["examples"] or {}
    shown = item.get("shape")
    shown = item.get("shape_hint") if shown == "unknown" else shown
    written = row["workbook"]
    if shown and shown == written:
        return str(shown)
    recorded = (body or {}).get(row["key"])
    if isinstance(recorded, dict | list):
        taken, by = ("object" if isinstance(recorded, dict) else "array"), "recorded answer"
    else:
        taken, by = (shown or written or "unknown"), decided.EXAMPLES
    if shown and written and shown != written:
        other = written if taken == shown else shown
        decisions.append([f"outputs {row['key']} shape", taken, other, by])
    return taken


def _attribute(shown: dict[str, str], rows: list[Row], reply: list[str]) -> None:
    """Put fields that only the example has into the only block, or beside the blocks."""
    placed = {code.lower() for row in rows for code in row["fields"]} | {code.lower() for code in reply}
    for code in shown:
        if code.lower() in placed or code in _ENVELOPE or " " in code:
            continue
        place = rows[0]["fields"] if len(rows) == 1 and not code.startswith("ctx_area") else reply
        place.append(code)


def _spelled(code: str, labels: dict[str, str]) -> str:
    """Return the workbook's spelling of a field that differs in case only."""
    for known in (code, code.lower(), code.upper()):
        if known in labels:
            return known
    return code


def paging_of(row_id: str, example: Row | None, parameters: list[Row], fields: Row | None) -> Row | None:
    """Return how the call pages: the notes' way, then the example's with its slips mended."""
    if row_id in decided.WINDOWS:
        return decided.WINDOWS[row_id]
    sent = {item["key"].upper(): item["key"] for item in parameters}
    shown = (example or {}).get("paging")
    keys = list((shown or {}).get("ctx_keys") or [])
    keys += [key for key in sent if key.startswith("CTX_AREA_") and key not in keys]
    keys = sorted(key for key in keys if key in sent)
    if not keys:
        return {"style": "unproven", "keys": [], "next": {}, "more": ["F", "M"]} if shown else None
    next_from = dict((shown or {}).get("next_from") or {})
    blocks, _, _ = _documented(fields)
    for key in keys:
        if key.startswith("CTX_AREA_"):
            next_from[key] = key.lower()
        elif key == "INDEX_KEY" and key not in next_from:
            holders = [row["key"].lower() for row in blocks if "index_key" in row["fields"]]
            if holders:
                next_from[key] = f"{holders[0]}.index_key"
    style = "context" if any(key.startswith("CTX_AREA_") for key in keys) else "cursor"
    return {
        "style": style,
        "keys": [sent[key] for key in keys],
        "next": {sent[key]: next_from[key] for key in keys if key in next_from},
        "more": ["F", "M"],
    }
