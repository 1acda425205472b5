"""Cut long answers into KIS's pages: tr_cont header, message codes and padded context strings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import Answer, account_answer

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Hold one page and what goes around it; `tr_cont` F/M: more follow, D/E: the last."""

    rows: Sequence[Row]
    tr_cont: str
    code: str
    text: str
    context_fk: str
    context_nk: str
    width: Literal[100, 200]


def cut_page(
    call: Call,
    rows: Sequence[Row],
    size: int,
    key_of: Callable[[Row], str],
    query: Sequence[str],
    *,
    width: Literal[100, 200] = 100,
) -> Page[Row]:
    """Return the page the call asks for; `width` is that of its context fields.

    The cursor is the key of the last row sent, so that rows added in front between two pages move nothing.
    """
    start = 0
    cursor = call.text(f"CTX_AREA_NK{width}").rstrip("!^").strip() if call.wants_next_page else ""
    if cursor:
        start = next((i + 1 for i, row in enumerate(rows) if key_of(row) == cursor), len(rows))
    page = rows[start : start + size]
    has_more = start + size < len(rows)
    context_fk = "".join(f"{part}^" for part in query).ljust(width)
    if has_more:
        tr_cont, code, text = (
            ("M" if cursor else "F"),
            "KIOK0500",
            "조회가 계속됩니다..다음버튼을 Click 하십시오.",
        )
        context_nk = f"{key_of(page[-1])}!^".ljust(width)
    else:
        tr_cont = "E" if cursor else "D"
        code = "KIOK0460" if cursor else "KIOK0510" if rows else "KIOK0560"
        text = {
            "KIOK0460": "조회 되었습니다. (마지막 자료)",
            "KIOK0510": "조회가 완료되었습니다",
            "KIOK0560": "조회할 내용이 없습니다",
        }[code]
        context_nk = " " * width
    return Page(page, tr_cont, code, text, context_fk, context_nk, width)


def page_answer(page: Page[Row], **blocks: Any) -> Answer:
    """Return an account server's success: `blocks`, and what goes around the page."""
    contexts = {f"ctx_area_fk{page.width}": page.context_fk, f"ctx_area_nk{page.width}": page.context_nk}
    return account_answer(page.code, page.text, tr_cont=page.tr_cont, **contexts, **blocks)
