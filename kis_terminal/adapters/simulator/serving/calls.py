"""Describe one REST endpoint and one call of it, after the gateway's checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from kis_terminal.adapters.simulator.model import Account
from kis_terminal.adapters.simulator.serving.personality import Personality
from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.wire.answers import (
    Answer,
    bad_account,
    input_refusal,
    invalid_field,
    missing_field,
    unknown_symbol,
)
from kis_terminal.adapters.simulator.wire.formats import day_of


@dataclass(frozen=True, slots=True)
class Transaction:
    """Name the TR ids of one function; `paper` is None where paper does not have it."""

    real: str
    paper: str | None
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """Hold one call: its parameters (upper-case names), who calls, and the shared venue."""

    venue: Venue
    personality: Personality
    transaction: Transaction
    parameters: Mapping[str, str]
    appkey: str
    tr_cont: str
    now: datetime

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter without surrounding blanks, `default` where it is absent."""
        return self.parameters.get(name, default).strip()

    def raw(self, name: str) -> str:
        """Return a parameter exactly as sent."""
        return self.parameters.get(name, "")

    def symbol(self, name: str = "FID_INPUT_ISCD") -> str:
        """Return a listed symbol; an ETN may come with Q, a stock with A in front."""
        code = self.text(name)
        if self.venue.exchange.listing(code) is not None:
            return code
        if code.startswith("A") and self.venue.exchange.listing(code[1:]) is not None:
            return code[1:]
        raise unknown_symbol()

    def account(self) -> Account:
        """Return the account the call names, opened at first use."""
        number, product = self.account_number()
        return self.venue.open_account(self.personality, number, product, self.appkey)

    def account_number(self) -> tuple[str, str]:
        """Return the account's number and product code, well-formed; nothing is opened."""
        number, product = self.text("CANO"), self.text("ACNT_PRDT_CD")
        if not (_is_digits(number, 8) and _is_digits(product, 2)):
            raise bad_account()
        return number, product

    def whole_number(self, name: str) -> int:
        """Return a parameter as an integer; blank counts as 0."""
        text = self.text(name)
        if not text:
            return 0
        if not (text.isascii() and text.isdigit()):
            raise input_refusal("OPSQ2002", f"ERROR : INPUT INVALID_CHECK_FIELD_LENGTH [{name}]")
        return int(text)

    def price(self, name: str) -> int:
        """Return a price in won, 0 where blank; "70000.00" is taken, a fraction of a won is not."""
        whole, _, places = self.text(name).partition(".")
        if not whole and not places:
            return 0
        if not (whole.isascii() and whole.isdigit()) or places.strip("0"):
            raise input_refusal("OPSQ2002", f"ERROR : INPUT INVALID_CHECK_FIELD_LENGTH [{name}]")
        return int(whole)

    def days(self, first: str = "INQR_STRT_DT", last: str = "INQR_END_DT") -> tuple[date, date]:
        """Return the first and the last day that an account's query asks for, in these fields."""
        start, end = day_of(self.text(first)), day_of(self.text(last))
        if start is None or end is None:
            raise invalid_field(first)
        return start, end

    @property
    def wants_next_page(self) -> bool:
        """Return whether the call asks to go on after an earlier page."""
        return self.tr_cont == "N"


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Describe one path: method, TR ids, required parameters, the longest values, and who answers."""

    method: Literal["GET", "POST"]
    path: str
    transactions: tuple[Transaction, ...]
    required: tuple[str, ...]
    handler: Handler
    moves_orders: bool = False

    def check_parameters(self, parameters: Mapping[str, str]) -> None:
        """Raise what KIS answers to a missing or overlong parameter."""
        if "CANO" in self.required and "CANO" not in parameters:
            raise bad_account()
        for name in self.required:
            if name not in parameters:
                raise missing_field(name)
        for name, longest in _LONGEST.items():
            if len(parameters.get(name, "")) > longest:
                raise input_refusal("OPSQ2002", f"ERROR : INPUT INVALID_CHECK_FIELD_LENGTH [{name}]")


# Of the order and account documents; quote documents state lengths that their own examples break.
_LONGEST: Mapping[str, int] = {
    "CANO": 8,
    "ACNT_PRDT_CD": 2,
    "PDNO": 12,
    "ORD_DVSN": 2,
    "ORD_QTY": 10,
    "ORD_UNPR": 19,
    "SLL_TYPE": 2,
    "CNDT_PRIC": 19,
    "EXCG_ID_DVSN_CD": 3,
    "KRX_FWDG_ORD_ORGNO": 5,
    "ORGN_ODNO": 10,
    "RVSE_CNCL_DVSN_CD": 2,
    "QTY_ALL_ORD_YN": 1,
}


def _is_digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()
