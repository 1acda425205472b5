"""Write the text of one field of a synthetic answer, from what its name says and what it is about.

A field whose name tells that it is a price, a size or a change of the subject gets the subject's own; the
rest gets something of its kind that belongs to seed, call, subject and row for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from kis_terminal.adapters.simulator.rules.tick_rules import tick_size
from kis_terminal.adapters.simulator.synthetic.subject import Subject, chance
from kis_terminal.adapters.simulator.synthetic.table import FieldSpec
from kis_terminal.adapters.simulator.wire.formats import HUNDRED_MILLION, day_text, rate

_BROKERS = (
    "키움증권",
    "미래에셋증권",
    "한국증권",
    "NH투자증권",
    "삼성증권",
    "KB증권",
    "신한증권",
    "모간서울",
)
_CURRENCIES = {"overseas": "USD", "overseas_derivative": "USD"}
_NEGATIVE = re.compile(r"ntby|pfls|_icdc|ntsl|surp|_vrss")
_COUNT = re.compile(r"cnt\d?$|csnu|num_?\d*$|dynu|nrec|crec")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field stands: the call, its row (from 0) and its subject; `parameters` are the request's."""

    seed: int
    call: str
    row: int
    subject: Subject
    parameters: Mapping[str, str]

    def chance(self, name: str) -> float:
        """Return the fraction that belongs to a field at this place."""
        return chance(self.seed, self.call, self.subject.code, self.subject.day, self.row, name)


Writer = Callable[[Place, re.Match[str]], str]


def nothing(field: FieldSpec) -> str:
    """Return how an account's field looks where there is nothing."""
    if field.kind in "qapvi":
        return "0"
    return {"r": "0.00", "y": "N", "s": "3"}.get(field.kind, "")


def written(field: FieldSpec, place: Place) -> str:
    """Return the text of a field."""
    for pattern, write in _BY_NAME:
        found = pattern.search(field.key)
        if found is not None:
            return write(place, found)
    return _BY_KIND[field.kind](place, field.key)


def _price(choose: Callable[[Subject], float]) -> Writer:
    return lambda place, _: place.subject.number(choose(place.subject))


def _whole(choose: Callable[[Subject], int]) -> Writer:
    return lambda place, _: str(choose(place.subject))


def _text(choose: Callable[[Subject], str]) -> Writer:
    return lambda place, _: choose(place.subject)


def _level(side: str, part: int) -> Writer:
    """Return a writer of the n-th price (0) or size (1) of a side; 0 where the book ends before."""

    def write(place: Place, found: re.Match[str]) -> str:
        levels = place.subject.asks if side == "ask" else place.subject.bids
        rank = int(found["rank"] or 1) - 1
        value = levels[rank][part] if 0 <= rank < len(levels) else 0
        return place.subject.number(value) if part == 0 else str(int(value))

    return write


def _distance(place: Place, found: re.Match[str]) -> float:
    subject = place.subject
    return subject.last - {"o": subject.open, "h": subject.high, "l": subject.low}[found["from"]]


def _distance_sign(place: Place, found: re.Match[str]) -> str:
    distance = _distance(place, found)
    return "2" if distance > 0 else "5" if distance < 0 else "3"


def _standard_code(subject: Subject) -> str:
    return subject.listing.standard_code if subject.listing is not None else subject.code


def _english(subject: Subject) -> str:
    return subject.listing.english_name if subject.listing is not None else subject.name


def _market(subject: Subject) -> str:
    return subject.listing.market if subject.listing is not None else ""


def _listed_on(subject: Subject) -> str:
    return day_text(subject.listing.listing_date if subject.listing is not None else subject.day)


def _capitalisation(subject: Subject) -> int:
    return int(subject.last * subject.shares / HUNDRED_MILLION)


def _later(place: Place, found: re.Match[str]) -> str:
    return day_text(place.subject.day + timedelta(days=20 + int(500 * place.chance(found.string))))


def _tick(subject: Subject) -> str:
    if subject.listing is not None:
        return str(tick_size(int(subject.last), subject.listing.kind))
    return subject.number(abs(subject.asks[0][0] - subject.last))


_KIN = r"^(?:(?:stck|futs|optn|elw|bond|ovrs_nmix|bstp_nmix|inter2|ovtm_untp|ovrs|totl_ernn)_)?"
_RANK = r"_?(?P<rank>\d{1,2})?$"
_BY_NAME: tuple[tuple[re.Pattern[str], Writer], ...] = tuple(
    (re.compile(pattern), write)
    for pattern, write in (
        (r"^data_rank$|rank$", lambda place, _: str(place.row + 1)),
        (rf"^(?:\w+_)?(?:askp|pask|ask_price){_RANK}", _level("ask", 0)),
        (rf"^(?:\w+_)?(?:bidp|pbid|bid_price){_RANK}", _level("bid", 0)),
        (r"total_askp_rsqn$|^avol$", _whole(lambda s: s.total_ask)),
        (r"total_bidp_rsqn$|^bvol$", _whole(lambda s: s.total_bid)),
        (rf"^(?:\w+_)?(?:askp_rsqn|vask|ask_qntt){_RANK}", _level("ask", 1)),
        (rf"^(?:\w+_)?(?:bidp_rsqn|vbid|bid_qntt){_RANK}", _level("bid", 1)),
        (
            _KIN + r"prpr$|^prpr_nmix$|^last(?:_price)?$|^now_pric2?$|stck_clpr$|^clos$",
            _price(lambda s: s.last),
        ),
        (_KIN + r"oprc$|^oprc_nmix$|^open(?:_price)?$|nmix_oprc$", _price(lambda s: s.open)),
        (_KIN + r"hgpr$|^nmix_hgpr$|^high(?:_price)?$|ernn_nmix_hgpr$", _price(lambda s: s.high)),
        (_KIN + r"lwpr$|^nmix_lwpr$|^low(?:_price)?$|ernn_nmix_lwpr$", _price(lambda s: s.low)),
        (_KIN + r"(?:sdpr|prdy_clpr)$|^base$|^prev_price$|^prdy_nmix$", _price(lambda s: s.base)),
        (_KIN + r"mxpr$|^uplp$", _price(lambda s: s.upper)),
        (_KIN + r"llam$|^dnlp$", _price(lambda s: s.lower)),
        (_KIN + r"prdy_vrss$|^diff$|^prev_diff_price$|nmix_prdy_vrss$", _price(lambda s: s.change)),
        (_KIN + r"prdy_ctrt$|^rate$|^prev_diff_rate$|nmix_prdy_ctrt$", _text(lambda s: rate(s.rate))),
        (r"^(?P<from>[ohl])\w{3}_vrss_(?:nmix_)?(?:prpr_)?sign$", _distance_sign),
        (
            r"^(?P<from>[ohl])\w{3}_vrss_(?:nmix_)?prpr$",
            lambda place, found: place.subject.number(_distance(place, found)),
        ),
        (r"^acml_vol$|^tvol$|^vol$", _whole(lambda s: s.volume)),
        (r"^acml_tr_pbmn$|^tamt$", _whole(lambda s: s.turnover)),
        (r"^prdy_vol$|^pvol$", _whole(lambda s: s.previous_volume)),
        (r"^cntg_vol$|^last_cnqn$|^cnqn$|^evol$|^last_qntt$", _whole(lambda s: s.last_quantity)),
        (r"lstn_stcn|lstg_stqt|^shar$|issu_stqt", _whole(lambda s: s.shares)),
        (r"^(?:stck|hts)_avls$|^mcap$", _whole(_capitalisation)),
        (r"^stnd_iscd$|^std_pdno$|^isin(?:_cd|_code)?$", _text(_standard_code)),
        (
            r"^(?:(?:mksc|stck|futs|optn|elw|bond|inter)_)?(?:shrn_)?iscd$|^symb$|^(?:ovrs_|shtn_)?pdno$"
            r"|^sht_cd$|^srs_cd$|^series(?:_cd)?$|^jong_code$|^bstp_cls_code$|^nmix_id$|^code$",
            _text(lambda s: s.code),
        ),
        (r"^rsym$", lambda place, _: place.parameters.get("TR_KEY", f"DNAS{place.subject.code}")),
        (r"eng_\w*name|^e_?name?$", _text(_english)),
        (r"titl_cntt$|^title$", lambda place, _: f"[가상] {place.subject.name} 시황 {place.row + 1}"),
        (r"kor_isnm(?:[2-9]|10)$", lambda place, _: ""),
        (
            r"isnm\d*$|isnm40$|^prdt_(?:abrv_)?name(?:120)?$|item_name$|item_kor_nm$|^isin_name$|^k?nam[e]?$",
            _text(lambda s: s.name),
        ),
        (r"mbcr_(?:eng_)?name\d?$", lambda place, found: _broker(place, found.string)),
        (r"mbcr_no\d?$", lambda place, found: f"{1 + int(90 * place.chance(found.string)):05d}"),
        (r"mrkt_kor_name$", _text(_market)),
        (r"lstg_dt$|lstn_date$|^list_d|^trd_fr_date$", _text(_listed_on)),
        (r"^new_mkop_cls_code$", lambda place, _: "20"),
        (r"^(?:antc_)?mkop_cls_code$", lambda place, _: "112"),
        (r"^cntg_cls_code$|^ccld_dvsn$", lambda place, _: "1"),
        (r"abol|cncl_dt", lambda place, _: ""),
        (r"expd_dt|mtrt_|expr_date|last_tr_date|sttldt|rdpt_dt|end_dt$|fin_date|trd_to_date", _later),
        (r"^zdiv$|disp_digit", _whole(lambda s: s.places)),
        (r"aspr_unit|tick_(?:size|sz)$", _text(_tick)),
        (r"crcy_?(?:cd)?\d?$|^crcd$|^curr$", _text(lambda s: _CURRENCIES.get(s.family, "KRW"))),
        (r"exrt$|xrat$", lambda place, found: f"{1_300 + 100 * place.chance(found.string):.2f}"),
        (r"vrss_prpr_rate$|ctrt\d?$", lambda place, found: rate(12 * place.chance(found.string) - 6)),
    )
)


def _broker(place: Place, name: str) -> str:
    rank = int(name[-1]) if name[-1].isdigit() else place.row
    first = int(len(_BROKERS) * place.chance(name.rstrip("0123456789")))
    return _BROKERS[(first + rank) % len(_BROKERS)]


def _quantity(place: Place, name: str) -> str:
    if _COUNT.search(name):
        return str(int(60 * place.chance(name)))
    size = int(max(10, place.subject.volume) * 0.2 * place.chance(name))
    return str(-size if _is_negative(place, name) else size)


def _amount(place: Place, name: str) -> str:
    """Return an amount of the size of the turnover, in the millions that KIS uses for most."""
    size = int(max(1_000_000, place.subject.turnover) * 0.2 * place.chance(name)) // 1_000_000
    return str(-size if _is_negative(place, name) else size)


def _change(place: Place, name: str) -> str:
    if "qty" in name or "rsqn" in name or "vol" in name:
        return str(int(200 * place.chance(name)) - 100)
    return place.subject.number(place.subject.base * 0.02 * (place.chance(name) - 0.5))


def _is_negative(place: Place, name: str) -> bool:
    return _NEGATIVE.search(name) is not None and place.chance(f"{name} sign") < 0.5


def _near(place: Place, name: str) -> str:
    """Return a price near the subject's, on its steps where it is a share."""
    subject = place.subject
    value = subject.last * (0.95 + 0.1 * place.chance(name))
    if subject.listing is not None:
        step = tick_size(max(1, int(value)), subject.listing.kind)
        value = value // step * step
    return subject.number(value)


def _code(place: Place, name: str) -> str:
    return place.parameters.get(name.upper()) or ("0" if name.endswith(("cls_code", "_cls", "_tp")) else "")


def _ratio(place: Place, name: str) -> str:
    return rate(6 * place.chance(name) - 3 if _NEGATIVE.search(name) else 100 * place.chance(name))


_BY_KIND: Mapping[str, Callable[[Place, str], str]] = {
    "k": lambda place, name: "",
    "s": lambda place, name: place.subject.sign,
    "y": lambda place, name: "N",
    "d": lambda place, name: day_text(place.subject.day),
    "m": lambda place, name: "12" if "mm" in name and "yy" not in name else f"{place.subject.day:%Y%m}",
    "t": lambda place, name: place.subject.clock,
    "r": _ratio,
    "n": lambda place, name: "",
    "v": _change,
    "i": lambda place, name: f"{300 + 2_500 * chance(place.seed, place.subject.day, name):.2f}",
    "q": _quantity,
    "a": _amount,
    "p": _near,
    "c": _code,
    "x": lambda place, name: "",
}
