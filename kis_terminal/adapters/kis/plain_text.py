"""Words from the wire as one plain line: whatever stands in a name or a message, nothing acts on it.

Line ends would forge log lines, terminal sequences would act, marks that turn the writing direction hide.
Markup needs no care here: everything that shows texts shows them as plain ones.
"""

from __future__ import annotations

LONGEST = 400
"""No name or message of KIS's is nearly as long; a field is cut there."""


def plain(text: str, longest: int = LONGEST) -> str:
    """Return at most `longest` characters with a blank for each that is not printable."""
    text = text[:longest]
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text).strip()
