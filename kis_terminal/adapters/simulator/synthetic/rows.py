"""Decide what a synthetic answer is about: its subject, and the rows of its lists.

A list is of days, of minutes, of names, or of a few things that only their number tells apart; which one,
its fields say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from kis_terminal.adapters.simulator.serving.venue import Venue
from kis_terminal.adapters.simulator.synthetic.subject import (
    Family,
    Subject,
    at_minute,
    drifted,
    on_day,
    share,
    unplayed,
)
from kis_terminal.adapters.simulator.synthetic.table import BlockSpec
from kis_terminal.adapters.simulator.wire.answers import unknown_symbol
from kis_terminal.adapters.simulator.wire.formats import day_of, second_of

DAYS = 30
MINUTES = 30
NAMES = 30
THINGS = 5

_SUBJECT_KEYS = (
    "FID_INPUT_ISCD",
    "PDNO",
    "SYMB",
    "SRS_CD",
    "SHT_CD",
    "SHTN_PDNO",
    "ISCD",
    "OVRS_FUTR_FX_PDNO",
)
_SHARE_MARKETS = frozenset({"J", "NX", "UN"})
_SHARE_CODE = re.compile(r"[0-9][0-9A-Z]{5}|Q[0-9]{6}")
_NAMED = re.compile(
    r"^(mksc|stck|futs|optn|elw|bond|inter)?_?(shrn_)?iscd$|^symb$|^sht_cd$|^pdno$|^srs_cd$|^rsym$"
)
_DAY_FIELDS = (
    "stck_bsop_date",
    "bsop_date",
    "xymd",
    "data_date",
    "deal_date",
    "date",
    "stnd_date1",
    "dt",
    "data_dt",
)
_MINUTE_FIELDS = ("stck_cntg_hour", "bsop_hour", "cntg_hour", "xhms", "khms", "data_time", "time", "data_tm")
_MONTH_FIELD = "stac_yymm"

OVERSEAS = (
    ("AAPL", "애플"),
    ("MSFT", "마이크로소프트"),
    ("NVDA", "엔비디아"),
    ("AMZN", "아마존닷컴"),
    ("GOOGL", "알파벳 A"),
    ("META", "메타 플랫폼스"),
    ("TSLA", "테슬라"),
    ("AVGO", "브로드컴"),
    ("COST", "코스트코 홀세일"),
    ("NFLX", "넷플릭스"),
)
_FAMILIES: tuple[tuple[str, Family], ...] = (
    ("/uapi/overseas-futureoption/", "overseas_derivative"),
    ("/uapi/overseas-", "overseas"),
    ("/uapi/domestic-futureoption/", "derivative"),
    ("/uapi/domestic-bond/", "bond"),
    ("/uapi/elw/", "elw"),
)
_CODES: Mapping[Family, tuple[tuple[str, str], ...]] = {
    "overseas": OVERSEAS,
    "derivative": (("101W12", "F 202612"), ("101X03", "F 202703"), ("201W12350", "C 202612 350.0")),
    "elw": tuple(
        (f"57M{number:03d}", f"한국M{number:03d}삼성전자콜") for number in (101, 102, 103, 204, 205)
    ),
    "bond": (("KR103502GA34", "국고02000-3106(21-5)"), ("KR103502GD31", "국고03250-5303(23-2)")),
    "overseas_derivative": (
        ("ESZ26", "E-mini S&P 500 Dec26"),
        ("CLF27", "Crude Oil Jan27"),
        ("6EZ26", "Euro FX"),
    ),
    "index": (("0001", "종합"), ("1001", "KOSDAQ"), ("2001", "KOSPI200")),
}


def family_of(path: str, parameters: Mapping[str, str]) -> Family:
    """Return what kind of thing a call is about."""
    for start, family in _FAMILIES:
        if path.startswith(start):
            return family
    if parameters.get("FID_COND_MRKT_DIV_CODE", "") == "U" or "index" in path:
        return "index"
    if parameters.get("FID_COND_MRKT_DIV_CODE", "") == "W" or "elw" in path:
        return "elw"
    return "share"


def subject_of(venue: Venue, path: str, parameters: Mapping[str, str]) -> Subject:
    """Return what a call asks about; refuses a share's code that is not listed, as real quotes do."""
    family = family_of(path, parameters)
    code = next((parameters[key].strip() for key in _SUBJECT_KEYS if parameters.get(key, "").strip()), "")
    if family == "share" and venue.exchange.listing(code) is not None:
        return share(venue, code)
    if family == "share":
        is_asked = parameters.get("FID_COND_MRKT_DIV_CODE", "") in _SHARE_MARKETS
        if is_asked and _SHARE_CODE.fullmatch(code):
            raise unknown_symbol()
        return share(venue, venue.exchange.listings()[0].symbol)
    code = code if code.strip("0%") else _CODES[family][0][0]
    return unplayed(venue, family, code, name_of(family, code))


def name_of(family: Family, code: str) -> str:
    """Return the name of something that is not played, "" where it is not known."""
    return dict(_CODES.get(family, ())).get(code, "")


def rows_of(
    venue: Venue, path: str, block: BlockSpec, subject: Subject, parameters: Mapping[str, str]
) -> list[Subject]:
    """Return the subject of each row of a list, in the order in which KIS lists them: newest first."""
    keys = {field.key for field in block.fields}
    is_named = any(_NAMED.search(key) for key in keys)
    dated = any(key in keys for key in _DAY_FIELDS)
    if is_named and not (dated and _asks_for_one(venue, parameters)):
        return _names(venue, path, subject, parameters)
    if any(key in keys for key in _MINUTE_FIELDS):
        return _minutes(venue, subject, parameters)
    if dated:
        return _days(venue, subject, parameters)
    if _MONTH_FIELD in keys:
        return _quarters(venue, subject)
    return [subject] * THINGS


def _asks_for_one(venue: Venue, parameters: Mapping[str, str]) -> bool:
    return any(venue.exchange.listing(parameters.get(key, "").strip()) is not None for key in _SUBJECT_KEYS)


def _names(venue: Venue, path: str, subject: Subject, parameters: Mapping[str, str]) -> list[Subject]:
    if subject.family != "share":
        rows = [unplayed(venue, subject.family, code, name) for code, name in _CODES[subject.family]]
        return [subject, *(row for row in rows if row.code != subject.code)]
    if _asks_for_one(venue, parameters):
        return [subject]
    wanted = "etf" if "/etfetn/" in path else ""
    symbols = [one.symbol for one in venue.exchange.listings() if one.kind == wanted or not wanted]
    return [share(venue, symbol) for symbol in symbols[:NAMES]]


def _days(venue: Venue, subject: Subject, parameters: Mapping[str, str]) -> list[Subject]:
    """Return days up to the last one asked for; a listed share has its own bars."""
    today = venue.exchange_time().date()
    end = min(_day_asked(parameters) or today, today)
    start = venue.exchange.calendar.open_days(end - timedelta(days=DAYS * 2), end)[-DAYS:]
    if not start:
        return []
    if subject.listing is not None:
        bars = venue.exchange.daily_bars(subject.code, start[0], end, adjusted=True)
        return [on_day(subject, bar) for bar in reversed(bars)]
    return [
        subject if day == today else drifted(subject, venue.exchange.seed, day) for day in reversed(start)
    ]


def _day_asked(parameters: Mapping[str, str]) -> date | None:
    for key in ("FID_INPUT_DATE_2", "FID_INPUT_DATE_1", "BYMD", "T_DT", "CLOSE_DATE_TIME", "INQR_END_DT"):
        day = day_of(parameters.get(key, "").strip()[:8])
        if day is not None:
            return day
    return None


def _minutes(venue: Venue, subject: Subject, parameters: Mapping[str, str]) -> list[Subject]:
    moment = venue.exchange_time().replace(second=0, microsecond=0)
    asked = second_of(parameters.get("FID_INPUT_HOUR_1", "").strip())
    if asked is not None and asked < 86_400:
        midnight = moment.replace(hour=0, minute=0)
        moment = min(moment, midnight + timedelta(seconds=asked - asked % 60))
    first = moment.replace(hour=9, minute=0)
    moments: list[datetime] = [moment - timedelta(minutes=back) for back in range(MINUTES)]
    return [at_minute(subject, at, venue.exchange.seed) for at in moments if at >= first or at == moment]


def _quarters(venue: Venue, subject: Subject) -> list[Subject]:
    """Return the subject at the ends of the last eight quarters."""
    today, seed = venue.exchange_time().date(), venue.exchange.seed
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    rows = []
    for _ in range(8):
        end = quarter - timedelta(days=1)
        rows.append(drifted(subject, seed, end))
        quarter = date(end.year, end.month - 2, 1)
    return rows
