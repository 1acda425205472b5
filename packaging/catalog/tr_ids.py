"""TR ids and paper support of one REST call; read by build_catalog.py."""

from __future__ import annotations

import re
from typing import Any

from catalog import decisions as decided

Row = dict[str, Any]
_TR_ID = re.compile(r"\b[A-Z][A-Z0-9]{8,12}\b")


def paper_of(
    row_id: str, example: Row | None, endpoint: Row | None, decisions: list[list[str]]
) -> bool | None:
    """Tell whether paper accounts have the call: the workbook's word, then the examples'."""
    said = {"Y": True, "N": False}.get(endpoint["paper_supported"]) if endpoint else None
    other = example["paper_supported"] if example else None
    if said is None:
        return other
    if other is not None and other != said:
        decisions.append(["paper", str(said).lower(), str(other).lower(), decided.WORKBOOK])
    return said


def tr_ids_of(
    row_id: str, example: Row | None, endpoint: Row | None, paper: bool | None, decisions: list[list[str]]
) -> list[Row]:
    """Return the current ids first, then alternative and legacy ones; each id once per environment."""
    rows = list(decided.CURRENT_TR_IDS.get(row_id, [])) or _plain(endpoint, paper)
    decisions.extend(decided.TR_DECISIONS.get(row_id, []))
    for tr_id, environment, label in decided.ALTERNATIVES.get(row_id, []):
        rows.append({"id": tr_id, "env": environment, "status": "alternative", "label": label})
    known = {(row["id"], row["env"]) for row in rows}
    for tr_id, environment, label in _older(example, endpoint):
        if (tr_id, environment) not in known:
            rows.append({"id": tr_id, "env": environment, "status": "legacy", "label": label})
            known.add((tr_id, environment))
    return rows


def _plain(endpoint: Row | None, paper: bool | None) -> list[Row]:
    if endpoint is None or not endpoint["tr_id_real"]:
        return []
    rows: list[Row] = [{"id": endpoint["tr_id_real"], "env": "real"}]
    if paper:
        rows.append({"id": endpoint["tr_id_paper"], "env": "paper"})
    return rows


def _older(example: Row | None, endpoint: Row | None) -> list[tuple[str, str, str]]:
    """Return ids that a source still carries: (id, environment, label)."""
    found: list[tuple[str, str, str]] = []
    for item in (example or {}).get("tr_id_only_in_postman") or []:
        found.append((item["tr_id"], item["env"], item["label"]))
    for item in (example or {}).get("postman") or []:
        if item["tr_id"]:
            found.append((item["tr_id"], item["env"], ""))
    for item in (example or {}).get("tr_id") or []:
        # An id that stands for both environments is one of the plain ones.
        if item["env"] != "both":
            found.append((item["tr_id"], item["env"], ""))
    if endpoint is not None:
        found.extend((tr_id, "real", "") for tr_id in _TR_ID.findall(endpoint["tr_id_real"]))
        found.extend((tr_id, "paper", "") for tr_id in _TR_ID.findall(endpoint["tr_id_paper"]))
    return found
