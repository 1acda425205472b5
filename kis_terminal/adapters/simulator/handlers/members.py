"""Answer the calls about member firms; the firms of a name together bought and sold what its tape printed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from kis_terminal.adapters.simulator.handlers.quote_fields import check_market
from kis_terminal.adapters.simulator.handlers.ranking_filters import listings_of
from kis_terminal.adapters.simulator.handlers.ranking_rows import common_columns
from kis_terminal.adapters.simulator.model import DailyBar, Listing, TradePrinted
from kis_terminal.adapters.simulator.reference.member_split import (
    ALL_FOREIGN,
    MEMBERS,
    MemberTrading,
    member_trading,
    sums,
)
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import Answer, invalid_field, quote_answer
from kis_terminal.adapters.simulator.wire.columns import arrange, sign_code
from kis_terminal.adapters.simulator.wire.formats import clock_text, day_of, day_text, rate, ratio

_ROWS = 30
_BEST = 5
_SINCE_PRINTS = 20
"""Changes of a firm's figures count from so many prints ago."""
_DAYS = 100

_MEMBER = """\
seln_mbcr_no1 seln_mbcr_no2 seln_mbcr_no3 seln_mbcr_no4 seln_mbcr_no5 seln_mbcr_name1 seln_mbcr_name2
seln_mbcr_name3 seln_mbcr_name4 seln_mbcr_name5 total_seln_qty1 total_seln_qty2 total_seln_qty3
total_seln_qty4 total_seln_qty5 seln_mbcr_rlim1 seln_mbcr_rlim2 seln_mbcr_rlim3 seln_mbcr_rlim4
seln_mbcr_rlim5 seln_qty_icdc1 seln_qty_icdc2 seln_qty_icdc3 seln_qty_icdc4 seln_qty_icdc5 shnu_mbcr_no1
shnu_mbcr_no2 shnu_mbcr_no3 shnu_mbcr_no4 shnu_mbcr_no5 shnu_mbcr_name1 shnu_mbcr_name2 shnu_mbcr_name3
shnu_mbcr_name4 shnu_mbcr_name5 total_shnu_qty1 total_shnu_qty2 total_shnu_qty3 total_shnu_qty4
total_shnu_qty5 shnu_mbcr_rlim1 shnu_mbcr_rlim2 shnu_mbcr_rlim3 shnu_mbcr_rlim4 shnu_mbcr_rlim5
shnu_qty_icdc1 shnu_qty_icdc2 shnu_qty_icdc3 shnu_qty_icdc4 shnu_qty_icdc5 glob_total_seln_qty
glob_seln_rlim glob_ntby_qty glob_total_shnu_qty glob_shnu_rlim seln_mbcr_glob_yn_1 seln_mbcr_glob_yn_2
seln_mbcr_glob_yn_3 seln_mbcr_glob_yn_4 seln_mbcr_glob_yn_5 shnu_mbcr_glob_yn_1 shnu_mbcr_glob_yn_2
shnu_mbcr_glob_yn_3 shnu_mbcr_glob_yn_4 shnu_mbcr_glob_yn_5 glob_total_seln_qty_icdc
glob_total_shnu_qty_icdc
"""
_DAY = """\
stck_bsop_date total_seln_qty total_shnu_qty ntby_qty stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt
acml_vol
"""
_ESTIMATE = """\
stck_shrn_iscd hts_kor_isnm glob_ntsl_qty stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol
glob_total_seln_qty glob_total_shnu_qty
"""
_TREND_HEAD = """\
total_seln_qty total_shnu_qty
"""
_TREND = """\
bsop_hour mbcr_name hts_kor_isnm stck_prpr prdy_vrss prdy_vrss_sign cntg_vol acml_ntby_qty glob_ntby_qty
frgn_ntby_qty_icdc
"""
_BOUGHT = """\
bsop_hour stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol frgn_seln_vol frgn_shnu_vol glob_ntby_qty
frgn_ntby_qty_icdc
"""


def inquire_member(call: Call) -> Answer:
    """Answer FHKST01010600: the five firms that sold and that bought most, and the foreign ones together."""
    check_market(call)
    listing = _listing(call)
    exchange = call.venue.exchange
    bar = exchange.today_bar(listing.symbol)
    prints = exchange.recent_trades(listing.symbol, _SINCE_PRINTS)
    rows = member_trading(listing, bar, exchange.seed)
    before = member_trading(listing, _as_of(bar, prints[0]) if prints else bar, exchange.seed)
    earlier = {row.member.code: row for row in before}
    values: dict[str, str] = {}
    for side, traded in (("seln", _sold), ("shnu", _bought)):
        for number, row in enumerate(sorted(rows, key=traded, reverse=True)[:_BEST], start=1):
            values |= {
                f"{side}_mbcr_no{number}": row.member.code,
                f"{side}_mbcr_name{number}": row.member.name,
                f"total_{side}_qty{number}": str(traded(row)),
                f"{side}_mbcr_rlim{number}": rate(ratio(traded(row), bar.volume)),
                f"{side}_qty_icdc{number}": str(traded(row) - traded(earlier[row.member.code])),
                f"{side}_mbcr_glob_yn_{number}": "Y" if row.member.is_foreign else "N",
            }
    bought, sold = sums(rows, ALL_FOREIGN)
    bought_before, sold_before = sums(before, ALL_FOREIGN)
    values |= {
        "glob_total_seln_qty": str(sold),
        "glob_seln_rlim": rate(ratio(sold, bar.volume)),
        "glob_ntby_qty": str(bought - sold),
        "glob_total_shnu_qty": str(bought),
        "glob_shnu_rlim": rate(ratio(bought, bar.volume)),
        "glob_total_seln_qty_icdc": str(sold - sold_before),
        "glob_total_shnu_qty_icdc": str(bought - bought_before),
    }
    return quote_answer(output=arrange(_MEMBER, values))


def inquire_member_daily(call: Call) -> Answer:
    """Answer FHPST04540000: one firm, or all foreign ones (99999), in one name day by day."""
    check_market(call)
    listing, code = _listing(call), _member_code(call)
    exchange = call.venue.exchange
    start, end = day_of(call.text("FID_INPUT_DATE_1")), day_of(call.text("FID_INPUT_DATE_2"))
    if start is None or end is None:
        raise invalid_field("FID_INPUT_DATE")
    end = min(end, exchange.moment.date())
    start = max(start, end - timedelta(days=_DAYS * 2))
    rows = []
    for bar in reversed(exchange.daily_bars(listing.symbol, start, end, False)[-_DAYS:]):
        bought, sold = sums(member_trading(listing, bar, exchange.seed), code)
        change = bar.close - bar.base_price
        values = {
            "stck_bsop_date": day_text(bar.day),
            "total_seln_qty": str(sold),
            "total_shnu_qty": str(bought),
            "ntby_qty": str(bought - sold),
            "stck_prpr": str(bar.close),
            "prdy_vrss": str(change),
            "prdy_vrss_sign": sign_code(change),
            "prdy_ctrt": rate(ratio(change, bar.base_price)),
            "acml_vol": str(bar.volume),
        }
        rows.append(arrange(_DAY, values))
    return quote_answer(output=rows)


def frgnmem_trade_estimate(call: Call) -> Answer:
    """Answer FHKST644100C0: names by what foreign firms net bought, in won or shares.

    Here 1001 is KOSPI and 2001 KOSDAQ.
    """
    check_market(call)
    exchange = call.venue.exchange
    code = {"1001": "0001", "2001": "1001"}.get(call.text("FID_INPUT_ISCD"), "0000")
    by_shares = call.text("FID_RANK_SORT_CLS_CODE") == "1"
    rows: list[tuple[int, dict[str, str]]] = []
    for listing in listings_of(call, code):
        quote = exchange.quote(listing.symbol)
        traded = member_trading(listing, exchange.today_bar(listing.symbol), exchange.seed)
        bought, sold = sums(traded, ALL_FOREIGN)
        values = {
            **common_columns(listing, quote),
            # The document calls it net selling; it is what was sold less what was bought.
            "glob_ntsl_qty": str(sold - bought),
            "glob_total_seln_qty": str(sold),
            "glob_total_shnu_qty": str(bought),
        }
        net = bought - sold
        rows.append((net if by_shares else net * quote.last, arrange(_ESTIMATE, values)))
    rows.sort(key=lambda row: row[0], reverse=call.text("FID_RANK_SORT_CLS_CODE_2") != "1")
    return quote_answer(output=[row for _, row in rows[:_ROWS]])


def frgnmem_trade_trend(call: Call) -> Answer:
    """Answer FHPST04320000: a firm, or all foreign ones, in one name at its last prints, newest first."""
    listing, code = _listing(call), _member_code(call)
    exchange = call.venue.exchange
    name = MEMBERS[code].name if code in MEMBERS else "외국계"
    least = call.whole_number("FID_VOL_CNT")
    base = exchange.quote(listing.symbol).base
    rows = []
    net_before: int | None = None
    for printed, bought, sold in _steps(call, listing, code):
        net = bought - sold
        if net_before is not None and abs(net - net_before) >= max(least, 1):
            change = printed.price - base
            values = {
                "bsop_hour": clock_text(printed.time),
                "mbcr_name": name,
                "hts_kor_isnm": listing.name,
                "stck_prpr": str(printed.price),
                "prdy_vrss": str(change),
                "prdy_vrss_sign": sign_code(change),
                "cntg_vol": str(abs(net - net_before)),
                "acml_ntby_qty": str(net),
                "glob_ntby_qty": str(net),
                "frgn_ntby_qty_icdc": str(net - net_before),
            }
            rows.append(arrange(_TREND, values))
        net_before = net
    bought, sold = sums(member_trading(listing, exchange.today_bar(listing.symbol), exchange.seed), code)
    head = arrange(_TREND_HEAD, {"total_seln_qty": str(sold), "total_shnu_qty": str(bought)})
    return quote_answer(output1=head, output2=rows[::-1][:_ROWS])


def frgnmem_pchs_trend(call: Call) -> Answer:
    """Answer FHKST644400C0: the foreign firms in one name at its last thirty prints, newest first."""
    listing = _listing(call)
    quote = call.venue.exchange.quote(listing.symbol)
    rows = []
    net_before = 0
    for printed, bought, sold in _steps(call, listing, ALL_FOREIGN):
        change, net = printed.price - quote.base, bought - sold
        values = {
            "bsop_hour": clock_text(printed.time),
            "stck_prpr": str(printed.price),
            "prdy_vrss": str(change),
            "prdy_vrss_sign": sign_code(change),
            "prdy_ctrt": rate(ratio(change, quote.base)),
            "acml_vol": str(printed.total_volume),
            "frgn_seln_vol": str(sold),
            "frgn_shnu_vol": str(bought),
            "glob_ntby_qty": str(net),
            "frgn_ntby_qty_icdc": str(net - net_before),
        }
        rows.append(arrange(_BOUGHT, values))
        net_before = net
    return quote_answer(output=rows[1:][::-1])


def _bought(row: MemberTrading) -> int:
    return row.bought


def _sold(row: MemberTrading) -> int:
    return row.sold


def _steps(call: Call, listing: Listing, code: str) -> list[tuple[TradePrinted, int, int]]:
    """Return the last prints with what the firms had bought and sold by then, oldest first."""
    exchange = call.venue.exchange
    bar = exchange.today_bar(listing.symbol)
    return [
        (printed, *sums(member_trading(listing, _as_of(bar, printed), exchange.seed), code))
        for printed in exchange.recent_trades(listing.symbol, _ROWS + 1)
    ]


def _as_of(bar: DailyBar, printed: TradePrinted) -> DailyBar:
    return replace(bar, volume=min(printed.total_volume, bar.volume), turnover=printed.total_turnover)


def _member_code(call: Call) -> str:
    code = call.text("FID_INPUT_ISCD_2")
    if code != ALL_FOREIGN and code not in MEMBERS:
        raise invalid_field("FID_INPUT_ISCD_2")
    return code


def _listing(call: Call) -> Listing:
    listing = call.venue.exchange.listing(call.symbol())
    assert listing is not None  # noqa: S101  call.symbol() returns listed codes only
    return listing
