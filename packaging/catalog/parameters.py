"""Request parameters of one REST call from example and workbook; read by build_catalog.py."""

from __future__ import annotations

import re
from typing import Any

from catalog import decisions as decided

Row = dict[str, Any]

# "SYMB_01 ~ 10" stands for ten keys.
_RANGE = re.compile(r"(?P<stem>\w+_)(?P<first>\d\d) ~ (?P<last>\d\d)")
# An example value that means "all", "none" or "no limit" may stand for a key that nobody fills in.
_NEUTRAL = re.compile(r"0+|%|N")


def parameters_of(
    row_id: str, method: str, example: Row | None, fields: Row | None, decisions: list[list[str]]
) -> list[Row]:
    """Return the parameters in the workbook's order, then those that only the example sends."""
    known = {item["key"].upper(): item for item in (example or {}).get("params", [])}
    documented = _documented(fields)
    spelling = decided.SPELLINGS.get(row_id)
    rows: list[Row] = []
    for key, label, required in documented:
        sent = key
        if spelling and key == spelling[1]:
            sent = spelling[0]
            decisions.append([f"parameter {sent}", sent, key, decided.EXAMPLES])
        if not re.fullmatch(r"[A-Za-z0-9_]+", sent):
            continue  # "SRS_CD_02…": the example has the keys one by one
        found = known.pop(sent.upper(), None)
        if found is None and example is not None:
            decisions.append([f"parameter {sent}", "sent", "absent in the example", decided.WORKBOOK])
        if (row_id, sent) in decided.NOT_REQUIRED:
            decisions.append([f"parameter {sent}", "not required", "required", decided.WORKBOOK])
        rows.append(_row(row_id, method, sent, label, required, found))
    for item in known.values():
        if documented and not item["key"].startswith("SRS_CD_"):
            decisions.append([f"parameter {item['key']}", "sent", "absent in the workbook", decided.EXAMPLES])
        rows.append(_row(row_id, method, item["key"], item["label"] or "", None, item))
    return rows


def _documented(fields: Row | None) -> list[tuple[str, str, str]]:
    if fields is None:
        return []
    items = fields.get("Request Query Parameter") or fields.get("Request Body") or []
    rows: list[tuple[str, str, str]] = []
    for key, label, _, required, *_ in items:
        spread = _RANGE.fullmatch(key.strip())
        if spread is None:
            rows.append((key.strip(), label, required))
            continue
        first, last = int(spread["first"]), int(spread["last"])
        for number in range(first, last + 1):
            rows.append((f"{spread['stem']}{number:02}", label, required if number == first else "N"))
    return rows


def _row(row_id: str, method: str, key: str, label: str, said: str | None, item: Row | None) -> Row:
    required, may_be_empty, default = _need(row_id, method, key, said, item)
    row: Row = {"key": key, "label": label or (item or {}).get("label") or key, "required": required}
    if may_be_empty:
        row["empty"] = True
    if default is not None:
        row["default"] = default
    values = decided.VALUES.get((row_id, key)) or (item or {}).get("values")
    if values:
        row["values"] = values
    shown = (item or {}).get("example")
    if shown is not None:
        row["example"] = shown
    return row


def _need(
    row_id: str, method: str, key: str, said: str | None, item: Row | None
) -> tuple[bool, bool, str | None]:
    """Return whether the key is required, may be empty, and what stands for it when it is not given."""
    place = (row_id, key)
    if item is None:
        required = said == "Y"
        return required, not required, decided.DEFAULTS.get(place)
    checked = item["required_by"] in ("validated", "doc")
    if method == "POST":
        required, may_be_empty, default = _body_need(key, said, item, checked)
    else:
        required, may_be_empty, default = _query_need(key, said, item, checked)
    if place in decided.NOT_REQUIRED:
        required, default = False, None
    if place in decided.DEFAULTS:
        default = decided.DEFAULTS[place]
    if place in decided.EMPTY_ALLOWED:
        may_be_empty = True
    if item.get("conditional") and place not in decided.DEFAULTS:
        default = None
    return required, may_be_empty or default == "", default


def _body_need(key: str, said: str | None, item: Row, checked: bool) -> tuple[bool, bool, str | None]:
    """Take nothing for granted in orders: only keys that may be empty and the server's code get one."""
    wanted = said == "Y" and not item.get("conditional")
    if key in decided.MUST_BE_STATED:
        return True, True, None
    if key == "ORD_SVR_DVSN_CD":
        return wanted, True, item["example"] or "0"
    if key in decided.MAY_BE_EMPTY:
        return wanted, True, ""
    if not item["required"]:
        return wanted, True, "" if wanted else None
    return checked or said != "N", False, None


def _query_need(key: str, said: str | None, item: Row, checked: bool) -> tuple[bool, bool, str | None]:
    shown = item["example"]
    only = next(iter(item["values"])) if item["values"] and len(item["values"]) == 1 else None
    if key.upper().endswith("_SCR_DIV_CODE") and shown:
        # The screen number is fixed for each call.
        return True, False, shown
    if checked:
        return True, False, only
    if item["required_by"] == "const":
        return False, True, item["const"]
    neutral = shown if shown is not None and _NEUTRAL.fullmatch(shown) else ""
    if key.upper().startswith("FID_COND_MRKT_DIV_CODE") and shown:
        neutral = shown
    return item["required"] and said != "N", True, only or neutral
