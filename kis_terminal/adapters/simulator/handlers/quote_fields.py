"""Hold what several quote answers share: the path, the usual parameters, the change fields."""

from __future__ import annotations

from kis_terminal.adapters.simulator.model import QuoteSnapshot
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import input_refusal
from kis_terminal.adapters.simulator.wire.formats import rate

QUOTATIONS = "/uapi/domestic-stock/v1/quotations"
QUOTE_KEYS = ("FID_COND_MRKT_DIV_CODE", "FID_INPUT_ISCD")
_MARKETS = frozenset({"J", "UN", "NX"})


def check_market(call: Call) -> None:
    """Refuse market codes that name no Korean share market."""
    if call.text("FID_COND_MRKT_DIV_CODE") not in _MARKETS:
        raise input_refusal("OPSQ2001", "ERROR : INPUT INVALID_CHECK_MRKT_DIV_CODE")


def change_fields(quote: QuoteSnapshot) -> dict[str, str]:
    """Return the three fields that tell the change against the base price."""
    return {
        "prdy_vrss": str(quote.change),
        "prdy_vrss_sign": quote.sign,
        "prdy_ctrt": rate(quote.change_rate),
    }
