"""The error tree: by msg_cd first, then rt_cd, then HTTP status; an order is refused only on proof."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kis_terminal.adapters.kis.errors import Next, judge, order_error, query_error
from kis_terminal.domain.errors import (
    AccessRefused,
    BrokerAnswerError,
    BrokerUnreachable,
    CorrectionNeeded,
    MarketClosed,
    OrderRefused,
    OutcomeUnknown,
    RateLimited,
    TerminalError,
    TurnedAway,
    UnknownSymbol,
)
from tests.support.shared import shared_path


def body(code: str | None, text: str = "", rt_cd: str = "1") -> dict[str, Any]:
    return {"rt_cd": rt_cd, "msg_cd": code, "msg1": text}


SAMPLES: dict[str, tuple[Next, type[TerminalError], type[TerminalError]]] = {
    "token issued again too early": (Next.WAIT_TOKEN, BrokerUnreachable, OrderRefused),
    "expired token": (Next.RENEW, AccessRefused, TurnedAway),
    "gateway rate limit": (Next.PACE, RateLimited, RateLimited),
    "ledger rate limit on account and order endpoints": (Next.PACE, RateLimited, RateLimited),
    "live tr_id on the paper host": (Next.CORRECT, CorrectionNeeded, OrderRefused),
    "not enough buying power, real account": (Next.CORRECT, CorrectionNeeded, OrderRefused),
    "paper account on a day without a market": (Next.CORRECT, CorrectionNeeded, MarketClosed),
    "cancel sent to another exchange than the order": (Next.CORRECT, CorrectionNeeded, OrderRefused),
    "wrong symbol argument of a quote endpoint": (Next.SYMBOL, UnknownSymbol, OrderRefused),
}


def test_every_recorded_error_has_its_branch() -> None:
    recorded = json.loads(shared_path("kis-api/samples/errors.json").read_text(encoding="utf-8"))

    assert {entry["case"] for entry in recorded} == set(SAMPLES)
    for entry in recorded:
        expected, of_query, of_order = SAMPLES[entry["case"]]
        verdict = judge(entry["http_status"], entry["body"])
        assert verdict.next is expected, entry["case"]
        assert type(query_error("조회", verdict)) is of_query
        assert type(order_error("주문", verdict)) is of_order
        words = entry["body"].get("msg1") or entry["body"]["error_description"]
        assert words in str(query_error("조회", verdict))


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, body("EGW00301", "connect timeout")),
        (500, body("EGW00302", "transaction timeout")),
        (500, body("EGW00203", "routing")),
        (500, body("EGW00001", "temporary")),
        (500, body("EGW09999", "a code that nobody has seen")),
        (500, body("APBK9999", "an order code with a server error")),
        (200, body("IGW00009", "answer could not be built")),
        (504, None),
        (502, {"message": "bad gateway"}),
        (200, None),
        (200, []),
        (301, None),
    ],
)
def test_without_proof_the_outcome_of_an_order_is_unknown(status: int, content: Any) -> None:
    assert isinstance(order_error("주문", judge(status, content)), OutcomeUnknown)


@pytest.mark.parametrize("code", ["EGW00121", "EGW00122", "EGW00123"])
def test_a_refused_token_is_a_definite_refusal_whose_code_is_kept(code: str) -> None:
    error = order_error("주문", judge(500, body(code, "token")))

    assert isinstance(error, OrderRefused)
    assert error.code == code


def test_a_refusal_without_code_still_has_one() -> None:
    error = order_error("주문", judge(200, body(None, "취소주문 불가합니다.", "7")))

    assert isinstance(error, OrderRefused)
    assert error.code


def test_the_code_wins_over_the_status() -> None:
    assert judge(200, body("EGW00201")).next is Next.PACE
    assert judge(500, body("KIOK0510", rt_cd="0")).next is Next.ACCEPT


def test_a_list_that_changed_is_known_by_code_and_by_text() -> None:
    assert judge(200, body("SYDB0050")).next is Next.RESTART
    assert judge(200, body("", "조회이후에 자료가 변경되었습니다.(다시 조회하세요)")).next is Next.RESTART


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (504, None, BrokerUnreachable),
        (200, None, BrokerAnswerError),
        (403, {"error_code": "EGW00103", "error_description": "유효하지 않은 AppKey입니다."}, AccessRefused),
        (403, {"error_code": "EGW00999", "error_description": "?"}, AccessRefused),
        (500, body("EGW02004"), AccessRefused),
        (200, body("APBK0656", "종목이 없습니다"), UnknownSymbol),
    ],
)
def test_queries_say_what_to_do_next(status: int, content: Any, kind: type[TerminalError]) -> None:
    assert type(query_error("조회", judge(status, content))) is kind


def test_hostile_words_are_cut() -> None:
    error = query_error("조회", judge(200, body("APBK0001", "x" * 1_000_000)))

    assert len(str(error)) < 400
