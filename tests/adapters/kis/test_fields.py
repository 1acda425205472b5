"""Field readers: what KIS writes into number, date and sign fields, and errors that name TR and field."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.kis.environment import KST
from kis_terminal.adapters.kis.fields import Row, at, day_text, decimal_text, time_text
from kis_terminal.domain.errors import BrokerAnswerError


def row(**fields: object) -> Row:
    return Row("주식현재가(FHKST01010100)", fields)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("70000", "70000"),
        ("  70000 ", "70000"),
        ("0000070000", "70000"),
        ("-0.87", "-0.87"),
        (".5", "0.5"),
        ("+3", "3"),
    ],
)
def test_numbers_as_kis_writes_them(text: str, value: str) -> None:
    assert row(x=text).number("x") == Decimal(value)


@pytest.mark.parametrize("text", ["", "   ", "nan", "-nan", "NaN", "inf", "(null)", None])
def test_absent_numbers_are_none_and_never_zero(text: str | None) -> None:
    assert row(x=text).optional_number("x") is None
    with pytest.raises(BrokerAnswerError, match=r"FHKST01010100.*\bx\b"):
        row(x=text).number("x")


@pytest.mark.parametrize("text", ["1e3", "７０", "1,000", "0x10", "1_000", "--1", "1.2.3", "9" * 60, "삼"])
def test_what_is_no_number_raises_even_where_none_is_allowed(text: str) -> None:
    with pytest.raises(BrokerAnswerError, match=r"stck_prpr"):
        row(stck_prpr=text).optional_number("stck_prpr")
    with pytest.raises(BrokerAnswerError):
        row(stck_prpr=text).optional_integer("stck_prpr")


def test_an_absent_field_is_named_as_absent() -> None:
    with pytest.raises(BrokerAnswerError, match="없음"):
        row().number("stck_prpr")


def test_whole_numbers_may_carry_a_zero_fraction_only() -> None:
    assert row(x="12.0000").integer("x") == 12
    with pytest.raises(BrokerAnswerError):
        row(x="12.5").integer("x")


@pytest.mark.parametrize(
    ("text", "sign", "value"),
    [
        ("900", "2", 900),
        ("900", "5", -900),
        ("-900", "5", -900),
        ("900", "4", -900),
        ("900", "1", 900),
        ("0", "3", 0),
        ("-900", "", -900),
        ("-900", "9", -900),
    ],
)
def test_the_sign_code_gives_the_direction(text: str, sign: str, value: int) -> None:
    assert row(prdy_vrss=text, prdy_vrss_sign=sign).signed("prdy_vrss", "prdy_vrss_sign") == value


def test_names_are_found_whatever_their_case() -> None:
    assert row(ODNO="1").text("odno") == "1"
    assert row(excg_id_dvsn_Cd="NXT").text("excg_id_dvsn_cd") == "NXT"


def test_the_first_name_that_holds_something_wins() -> None:
    assert row(cnc_cfrm_qty="3").optional_integer("cncl_cfrm_qty", "cnc_cfrm_qty") == 3


@pytest.mark.parametrize("text", ["20261301", "2026112", "", "abcdefgh", "２０２６１１２２"])
def test_bad_dates_raise(text: str) -> None:
    with pytest.raises(BrokerAnswerError, match="ord_dt"):
        row(ord_dt=text).day("ord_dt")


@pytest.mark.parametrize("text", ["246000", "0900", "", "09:00:00", "096100"])
def test_bad_times_raise(text: str) -> None:
    with pytest.raises(BrokerAnswerError, match="ord_tmd"):
        row(ord_tmd=text).seconds("ord_tmd")


def test_moments_are_korean_time() -> None:
    moment = row(d="20261122", t="090130").moment("d", "t")

    assert moment == datetime(2026, 11, 22, 9, 1, 30, tzinfo=KST)


def test_empty_records_are_told_apart() -> None:
    assert row(a="", b="  ", c=None).is_empty
    assert not row(a="0").is_empty


@given(st.integers(0, 24 * 3600 - 1))
def test_times_round_trip(seconds: int) -> None:
    assert row(t=time_text(seconds)).seconds("t") == seconds
    assert at(date(2026, 1, 2), seconds).hour == seconds // 3600


@given(st.decimals(min_value=0, max_value=10**12, places=4, allow_nan=False))
def test_sent_numbers_have_no_exponent_and_read_back(value: Decimal) -> None:
    text = decimal_text(value)

    assert "E" not in text
    assert Decimal(text) == value
    assert decimal_text(Decimal("7E+4")) == "70000"


def test_days_are_sent_in_eight_digits() -> None:
    assert day_text(date(2026, 1, 2)) == "20260102"


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=12), max_size=4), st.text(max_size=5))
def test_readers_raise_nothing_else(fields: dict[str, str], name: str) -> None:
    read = Row("TR", fields)
    for reader in (read.number, read.optional_integer, read.day, read.seconds):
        try:
            reader(name)
        except BrokerAnswerError as error:
            assert "TR" in str(error)  # noqa: PT017  # either outcome is right, only others are not
