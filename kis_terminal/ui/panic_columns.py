"""The columns of a panic's report; a rehearsal's is shown with the same."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QColor

from kis_terminal.domain.orders import Side
from kis_terminal.services.panic import PanicLine, PanicOutcome
from kis_terminal.ui import formatting
from kis_terminal.ui.grid.columns import Align, Column
from kis_terminal.ui.order_words import outcome_word, side_word
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, tr


def panic_columns(theme: Theme, name_of: Callable[[str], str]) -> list[Column]:
    """Return what is shown of each line; `name_of` gives the name of a stock's symbol."""
    colours = theme.colours

    def outcome_colour(line: PanicLine) -> QColor:
        return {
            PanicOutcome.CANCELLED: colours.ok,
            PanicOutcome.FILLED: colours.accent,
            PanicOutcome.NEVER_OPEN: colours.muted,
            PanicOutcome.FAILED: colours.danger,
            PanicOutcome.STILL_OPEN: colours.warn,
        }[line.outcome]

    return [
        Column(
            "number",
            tr("주문번호"),
            92,
            lambda p: p.order.order_number or formatting.UNKNOWN,
            Align.LEFT,
            colour=lambda p: colours.muted,
        ),
        Column(
            "name",
            tr("종목"),
            150,
            lambda p: f"{p.order.name} [{said(p.product)}]" if p.product else name_of(p.order.symbol),
            Align.LEFT,
            is_bold=True,
            stretch=1,
        ),
        Column(
            "side",
            tr("구분"),
            44,
            lambda p: side_word(p.order.side),
            Align.LEFT,
            colour=lambda p: colours.up if p.order.side is Side.BUY else colours.down,
        ),
        Column("price", tr("가격"), 76, lambda p: formatting.number(p.order.price)),
        Column("quantity", tr("주문"), 54, lambda p: formatting.number(p.order.quantity)),
        Column("filled", tr("체결"), 54, lambda p: formatting.number(p.order.filled)),
        Column(
            "outcome",
            tr("결과"),
            72,
            lambda p: outcome_word(p.outcome),
            Align.LEFT,
            is_bold=True,
            colour=outcome_colour,
        ),
        Column(
            "reason",
            tr("이유"),
            110,
            lambda p: said(p.reason),
            Align.LEFT,
            stretch=2,
            colour=lambda p: colours.muted,
        ),
        Column(
            "time",
            tr("시각"),
            66,
            lambda p: p.at.strftime("%H:%M:%S"),
            colour=lambda p: colours.muted,
        ),
    ]
