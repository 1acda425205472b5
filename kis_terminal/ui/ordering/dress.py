"""Colours of the order form's tabs and of its send button."""

from __future__ import annotations

from PySide6.QtGui import QColor

from kis_terminal.ui.theme import Theme


def tab_style(theme: Theme, tint: QColor | None, *, is_chosen: bool) -> str:
    """Return the style of a tab; `tint` is the colour of its side, None for amend and cancel."""
    colours = theme.colours
    if is_chosen:
        ground, ink = (tint or colours.flat), (colours.on_colour if tint else colours.bg0)
    else:
        ground, ink = (theme.tinted(tint, 0.12) if tint else colours.bg2), (tint or colours.muted)
    return (
        f"QPushButton {{ background: {ground.name()}; color: {ink.name()}; padding: 0;"
        f" min-height: {theme.metrics.row}px; border: 1px solid {ground.name()}; }}"
        f" QPushButton:focus {{ border-color: {colours.text.name()}; }}"
    )


def send_style(theme: Theme, tint: QColor | None, edge: QColor | None) -> str:
    """Return the style of the send button; `edge` is the environment's colour where money is real."""
    colours = theme.colours
    ground, ink = (tint or colours.flat), (colours.on_colour if tint else colours.bg0)
    border = f"2px solid {edge.name()}" if edge else f"1px solid {ground.name()}"
    return (
        f"QPushButton {{ background: {ground.name()}; color: {ink.name()};"
        f" padding: 0 6px; border: {border}; }}"
        f" QPushButton:focus {{ border-color: {colours.text.name()}; }}"
        f" QPushButton:disabled {{ background: {colours.bg2.name()}; color: {colours.muted.name()}; }}"
    )
