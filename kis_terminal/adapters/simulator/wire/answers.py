"""Shape REST answers and refusals: envelope, HTTP status, message codes and their Korean texts.

KIS answers 200 for successes and business refusals, 500 for its gateway's errors, 403 for the auth paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

# msg1 comes blank padded to 80 characters from the account servers, unpadded from the quote servers.
_ACCOUNT_TEXT_WIDTH = 80

GATEWAY_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "EGW00002": "서버 에러가 발생했습니다.",
        "EGW00003": "접근이 거부되었습니다.",
        "EGW00101": "유효하지 않은 요청입니다.",
        "EGW00102": "AppKey는 필수입니다.",
        "EGW00103": "유효하지 않은 AppKey입니다.",
        "EGW00104": "AppSecret은 필수입니다.",
        "EGW00105": "유효하지 않은 AppSecret입니다.",
        "EGW00115": "권한부여 타입(grant_type)은 필수입니다.",
        "EGW00116": "지원하지 않는 권한부여 타입(grant_type)입니다.",
        "EGW00121": "유효하지 않은 token 입니다.",
        "EGW00122": "token을 찾을 수 없습니다.",
        "EGW00123": "기간이 만료된 token 입니다.",
        "EGW00132": "Content-Type이 유효하지 않습니다.",
        "EGW00133": "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)",
        "EGW00201": "초당 거래건수를 초과하였습니다.",
        "EGW00203": "OPS라우팅 중 오류가 발생했습니다.",
        "EGW00205": "credentials_type이 유효하지 않습니다.(Bearer)",
        "EGW00208": "고객유형(custtype)이 유효하지 않습니다.",
        "EGW00213": "모의투자 TR 이 아닙니다.",
        "EGW00215": "계좌 조회/주문의 초당 거래건수를 초과하였습니다.",
        "EGW02004": "실전투자 TR 이 아닙니다.",
        "OPSQ0002": "없는 서비스 코드 입니다.",
        "OPSQ9995": "JSON PARSING ERROR : body not found",
        "OPSQ9997": "JSON PARSING ERROR : invalid json format",
        "OPSQ9999": "JSON PARSING ERROR : tr_id not found",
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Carry one REST answer to the socket; `tr_cont` goes into the response header."""

    body: Mapping[str, Any]
    status: int = 200
    tr_cont: str = ""


class WireRefusal(Exception):
    """Interrupt a handler with the answer that refuses the call."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.body))
        self.answer = answer


def gateway_refusal(code: str, status: int = 500) -> WireRefusal:
    """Return the refusal that KIS's gateway sends for `code`."""
    return WireRefusal(Answer({"rt_cd": "1", "msg_cd": code, "msg1": GATEWAY_TEXTS[code]}, status))


def auth_refusal(code: str, status: int = 403) -> WireRefusal:
    """Return the refusal of an auth path: other keys than the usual envelope, no rt_cd."""
    return WireRefusal(Answer({"error_description": GATEWAY_TEXTS[code], "error_code": code}, status))


def input_refusal(code: str, text: str) -> WireRefusal:
    """Return the refusal of a query server for a bad parameter: HTTP 200, rt_cd 2."""
    return WireRefusal(Answer({"rt_cd": "2", "msg_cd": code, "msg1": text}))


def missing_field(name: str) -> WireRefusal:
    """Return the refusal of a call that lacks a parameter."""
    return input_refusal("OPSQ2001", f"ERROR : INPUT FIELD NOT FOUND [{name}]")


def invalid_field(name: str) -> WireRefusal:
    """Return the refusal of a call whose parameter cannot be what it is."""
    return input_refusal("OPSQ2001", f"ERROR : INPUT INVALID {name}")


def bad_account() -> WireRefusal:
    """Return the refusal of an account number that is not 8 + 2 digits or belongs to the other host."""
    return input_refusal("OPSQ2000", "ERROR : INPUT INVALID_CHECK_ACNO")


def unknown_symbol() -> WireRefusal:
    """Return the refusal of a quote request for a code that is not listed."""
    return WireRefusal(Answer({"rt_cd": "1", "msg_cd": "MCA05918", "msg1": "종목코드 오류입니다."}))


def business_refusal(code: str, text: str, rt_cd: str = "7") -> WireRefusal:
    """Return an order's refusal: HTTP 200, rt_cd 7."""
    return WireRefusal(Answer({"rt_cd": rt_cd, "msg_cd": code, "msg1": text}))


def quote_answer(**blocks: Any) -> Answer:
    """Return a quote server's success with its output blocks."""
    return Answer({**blocks, "rt_cd": "0", "msg_cd": "MCA00000", "msg1": "정상처리 되었습니다."})


def account_answer(code: str, text: str, *, tr_cont: str = "", **blocks: Any) -> Answer:
    """Return an account server's success; `msg1` is blank padded as KIS pads it."""
    body = {**blocks, "rt_cd": "0", "msg_cd": code, "msg1": text.ljust(_ACCOUNT_TEXT_WIDTH)}
    return Answer(body, tr_cont=tr_cont)
