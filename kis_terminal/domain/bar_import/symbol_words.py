"""What a symbol code looks like, by product; anything else never becomes the name of a series or a file."""

from __future__ import annotations

import re

from kis_terminal.domain.bar_columns import Product

_SHARE = re.compile(r"\d[0-9A-Z]{5}|Q\d{6}")
_INDEX = re.compile(r"\d{4}")
_ABROAD = re.compile(r"[A-Z0-9]+(?:[.\-][A-Z0-9]+)?")
_LONGEST = 16


def symbol_of(text: str, product: Product) -> str:
    """Return the code that a person or a file wrote, "" where it is none; `A005930` is 005930."""
    code = text.strip().upper()
    if not code.isascii() or len(code) > _LONGEST:
        return ""
    if product is Product.STOCK:
        plain = code[1:] if len(code) == 7 and code.startswith("A") else code
        return plain if _SHARE.fullmatch(plain) else ""
    return code if (_INDEX if product is Product.INDEX else _ABROAD).fullmatch(code) else ""
