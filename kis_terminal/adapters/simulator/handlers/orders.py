"""Answer orders, amendments and cancellations. Bodies have upper-case keys and text values only."""

from __future__ import annotations

from typing import Literal

from kis_terminal.adapters.simulator.model import Accepted, Refused, Side
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Transaction
from kis_terminal.adapters.simulator.wire.answers import Answer, business_refusal, invalid_field

_SENT = "주문 전송 완료 되었습니다."
_AMENDED = "정정주문 전송 완료 되었습니다."
_CANCELLED = "취소주문 전송 완료 되었습니다."
_VENUES = ("KRX", "NXT", "SOR")


def order_cash(call: Call) -> Answer:
    """Answer a new cash order; the TR id tells the side."""
    account = call.account()
    side: Side = "buy" if call.transaction.variant == "buy" else "sell"
    result = call.venue.exchange.submit(
        account,
        side,
        _order_symbol(call),
        call.text("ORD_DVSN"),
        call.whole_number("ORD_QTY"),
        call.price("ORD_UNPR"),
        call.now,
        venue=_venue(call),
        condition_price=call.price("CNDT_PRIC"),
    )
    return _order_answer(result, _SENT)


def order_rvsecncl(call: Call) -> Answer:
    """Answer an amendment (01) or cancellation (02); the original number may come without its zeros."""
    account = call.account()
    original_no = call.text("ORGN_ODNO").zfill(10)
    quantity = call.whole_number("ORD_QTY")
    scope: Literal["Y", "N"] = "Y" if call.text("QTY_ALL_ORD_YN") == "Y" else "N"
    action = call.text("RVSE_CNCL_DVSN_CD")
    exchange = call.venue.exchange
    if action == "02":
        cancelled = exchange.cancel(
            account, original_no, quantity, scope == "Y", call.now, venue=_venue(call)
        )
        return _order_answer(cancelled, _CANCELLED)
    if action != "01":
        raise invalid_field("RVSE_CNCL_DVSN_CD")
    amended = exchange.amend(
        account,
        original_no,
        call.text("ORD_DVSN"),
        quantity,
        call.price("ORD_UNPR"),
        scope == "Y",
        call.now,
        venue=_venue(call),
        condition_price=call.price("CNDT_PRIC"),
    )
    return _order_answer(amended, _AMENDED)


def _order_answer(result: Accepted | Refused, text: str) -> Answer:
    if isinstance(result, Refused):
        raise business_refusal(result.code, result.message)
    return Answer(
        {
            "rt_cd": "0",
            "msg_cd": "APBK0013",
            "msg1": text,
            "output": {
                "KRX_FWDG_ORD_ORGNO": result.org_no,
                "ODNO": result.order_no,
                "ORD_TMD": result.time,
            },
        }
    )


def _order_symbol(call: Call) -> str:
    """Return the code as the exchange knows it; the exchange itself refuses an unknown one."""
    code = call.text("PDNO")
    is_known = call.venue.exchange.listing(code) is not None
    return code if is_known or not code.startswith("A") else code[1:]


def _venue(call: Call) -> str:
    """Return the venue, KRX where the field is absent or blank."""
    venue = call.text("EXCG_ID_DVSN_CD") or "KRX"
    if venue not in _VENUES:
        raise invalid_field("EXCG_ID_DVSN_CD")
    if venue != "KRX" and call.personality.is_paper:
        raise business_refusal("90000000", "모의투자에서는 해당업무가 제공되지 않습니다.", rt_cd="1")
    return venue


_TRADING = "/uapi/domestic-stock/v1/trading"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        f"{_TRADING}/order-cash",
        (
            Transaction("TTTC0012U", "VTTC0012U", "buy"),
            Transaction("TTTC0011U", "VTTC0011U", "sell"),
            # The old ids: KIS says that they may be closed without notice, clients still send them.
            Transaction("TTTC0802U", "VTTC0802U", "buy"),
            Transaction("TTTC0801U", "VTTC0801U", "sell"),
        ),
        ("CANO", "ACNT_PRDT_CD", "PDNO", "ORD_DVSN", "ORD_QTY", "ORD_UNPR"),
        order_cash,
        moves_orders=True,
    ),
    Endpoint(
        "POST",
        f"{_TRADING}/order-rvsecncl",
        (Transaction("TTTC0013U", "VTTC0013U"), Transaction("TTTC0803U", "VTTC0803U")),
        (
            "CANO",
            "ACNT_PRDT_CD",
            "KRX_FWDG_ORD_ORGNO",
            "ORGN_ODNO",
            "ORD_DVSN",
            "RVSE_CNCL_DVSN_CD",
            "ORD_QTY",
            "ORD_UNPR",
            "QTY_ALL_ORD_YN",
        ),
        order_rvsecncl,
        moves_orders=True,
    ),
)
