"""The row of one WebSocket stream; read by build_catalog.py."""

from __future__ import annotations

from typing import Any

from catalog import decisions as decided
from catalog import stream_decisions as notes

Row = dict[str, Any]


def stream_row(example: Row, endpoints: dict[str, Row], columns: dict[str, Row]) -> Row:
    """Join the example, the workbook's columns and the notes."""
    tr_id = example["tr_id"]["real"]
    path = f"/tryitout/{tr_id}"
    endpoint = endpoints[path]
    decisions = list(notes.DECISIONS.get(tr_id, []))
    names, labels = _columns(example, columns.get(tr_id), decisions)
    row: Row = {
        "group": endpoint["menu"],
        "name": endpoint["name_ko"],
        "document": example["doc_no"] or endpoint["api_id"],
        "path": path,
        "real": tr_id,
        "paper": notes.PAPER.get(tr_id),
        "encrypted": tr_id in notes.ENCRYPTED,
        "key": "HTS ID" if tr_id in notes.HTS_ID else example["tr_key"]["meaning"],
        "examples": example["tr_key"]["examples"],
    }
    if endpoint["tr_id_real"] != tr_id:
        row["misprint"] = endpoint["tr_id_real"]
        decisions.append(["tr_id", tr_id, endpoint["tr_id_real"], decided.EXAMPLES])
    layouts: dict[str, str] = {}
    if tr_id == "HDFSASP0":
        names = notes.without_repetition(names)
    if tr_id == "H0STOAA0":
        layouts[str(len(names))] = " ".join(names)
        names = notes.after_hours_book(names)
        labels = {**labels, **{name: _level_ten(name, labels) for name in names if name not in labels}}
    for name, label in notes.APPENDED.get(tr_id, []):
        names.append(name)
        labels[name] = label
    for width, tail in notes.TAILS.get(tr_id, {}).items():
        layouts[str(width)] = " ".join(names[: notes.HEADS[tr_id]] + tail)
    widths = {len(names), *notes.WIDTHS.get(tr_id, []), *(int(width) for width in layouts)}
    numeric = {item.upper() for item in example["numeric_fields"]}
    row.update(
        columns=" ".join(names),
        widths=sorted(widths),
        layouts=layouts,
        stable=notes.STABLE.get(tr_id, len(names)),
        numeric=" ".join(name for name in names if name.upper() in numeric),
        decisions=decisions,
        notes=notes.REMARKS.get(tr_id, []),
        labels=labels,
    )
    return row


def _columns(
    example: Row, documented: Row | None, decisions: list[list[str]]
) -> tuple[list[str], dict[str, str]]:
    shown = example.get("columns_corrected") or example["columns"]
    own = {code.upper(): label for code, label in example["fields"].items()}
    if documented is None:
        names = [code.upper() for code in shown]
        return names, {name: own.get(name, name) for name in names}
    names = list(documented["columns"])
    if "columns_corrected" in example:
        decisions.append(
            ["columns", f"{len(names)} of the workbook", f"{len(example['columns'])}", decided.WORKBOOK]
        )
    return names, dict(zip(names, documented["labels_ko"], strict=True))


def _level_ten(name: str, labels: dict[str, str]) -> str:
    return labels[f"{name[:-2]}9"].replace("9", "10")
