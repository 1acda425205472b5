"""Answer the calls about program trading; amounts of a market are millions of won, of one name won."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from kis_terminal.adapters.simulator.handlers.quote_fields import check_market
from kis_terminal.adapters.simulator.model import DailyBar, Listing
from kis_terminal.adapters.simulator.reference.index_rules import INDICES, IndexRule
from kis_terminal.adapters.simulator.reference.investor_split import Trading, program_sums, programs
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import Answer, invalid_field, quote_answer
from kis_terminal.adapters.simulator.wire.columns import arrange, sign_code, signed
from kis_terminal.adapters.simulator.wire.formats import MILLION, clock_text, day_of, day_text, rate, ratio

_ROWS, _MINUTE_ROWS = 30, 30
_INVESTORS = (
    ("1000", "금융투자", 0.16, 0.10),
    ("2000", "보험", 0.04, 0.04),
    ("3000", "투신", 0.08, 0.10),
    ("3100", "사모", 0.02, 0.02),
    ("4000", "은행", 0.01, 0.01),
    ("6000", "연기금", 0.09, 0.06),
    ("7100", "기타법인", 0.01, 0.01),
    ("8000", "개인", 0.01, 0.01),
    ("9000", "외국인", 0.58, 0.65),
)
"""Code, name, part of what programs buy and part of what they sell; codes as the exchange uses them."""

_STOCK = """\
bsop_hour stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol whol_smtn_seln_vol whol_smtn_shnu_vol
whol_smtn_ntby_qty whol_smtn_seln_tr_pbmn whol_smtn_shnu_tr_pbmn whol_smtn_ntby_tr_pbmn whol_ntby_vol_icdc
whol_ntby_tr_pbmn_icdc
"""
_STOCK_DAY = """\
stck_bsop_date stck_clpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol acml_tr_pbmn whol_smtn_seln_vol
whol_smtn_shnu_vol whol_smtn_ntby_qty whol_smtn_seln_tr_pbmn whol_smtn_shnu_tr_pbmn whol_smtn_ntby_tr_pbmn
whol_ntby_vol_icdc whol_ntby_tr_pbmn_icdc2
"""
_MARKET_NOW = """\
bsop_hour arbt_smtn_seln_tr_pbmn arbt_smtm_seln_tr_pbmn_rate arbt_smtn_shnu_tr_pbmn
arbt_smtm_shun_tr_pbmn_rate nabt_smtn_seln_tr_pbmn nabt_smtm_seln_tr_pbmn_rate nabt_smtn_shnu_tr_pbmn
nabt_smtm_shun_tr_pbmn_rate arbt_smtn_ntby_tr_pbmn arbt_smtm_ntby_tr_pbmn_rate nabt_smtn_ntby_tr_pbmn
nabt_smtm_ntby_tr_pbmn_rate whol_smtn_ntby_tr_pbmn whol_ntby_tr_pbmn_rate bstp_nmix_prpr
bstp_nmix_prdy_vrss prdy_vrss_sign
"""
_MARKET_DAY = """\
stck_bsop_date nabt_entm_seln_tr_pbmn nabt_onsl_seln_vol whol_onsl_seln_tr_pbmn arbt_smtn_shnu_vol
nabt_smtn_shnu_tr_pbmn arbt_entm_ntby_qty nabt_entm_ntby_tr_pbmn arbt_entm_seln_vol
nabt_entm_seln_vol_rate nabt_onsl_seln_vol_rate whol_onsl_seln_tr_pbmn_rate arbt_smtm_shun_vol_rate
nabt_smtm_shun_tr_pbmn_rate arbt_entm_ntby_qty_rate nabt_entm_ntby_tr_pbmn_rate arbt_entm_seln_vol_rate
nabt_entm_seln_tr_pbmn_rate nabt_onsl_seln_tr_pbmn whol_smtn_seln_vol arbt_smtn_shnu_tr_pbmn
whol_entm_shnu_vol arbt_entm_ntby_tr_pbmn nabt_onsl_ntby_qty arbt_entm_seln_tr_pbmn
nabt_onsl_seln_tr_pbmn_rate whol_seln_vol_rate arbt_smtm_shun_tr_pbmn_rate whol_entm_shnu_vol_rate
arbt_entm_ntby_tr_pbmn_rate nabt_onsl_ntby_qty_rate arbt_entm_seln_tr_pbmn_rate nabt_smtn_seln_vol
whol_smtn_seln_tr_pbmn nabt_entm_shnu_vol whol_entm_shnu_tr_pbmn arbt_onsl_ntby_qty nabt_onsl_ntby_tr_pbmn
arbt_onsl_seln_tr_pbmn nabt_smtm_seln_vol_rate whol_seln_tr_pbmn_rate nabt_entm_shnu_vol_rate
whol_entm_shnu_tr_pbmn_rate arbt_onsl_ntby_qty_rate nabt_onsl_ntby_tr_pbmn_rate
arbt_onsl_seln_tr_pbmn_rate nabt_smtn_seln_tr_pbmn arbt_entm_shnu_vol nabt_entm_shnu_tr_pbmn
whol_onsl_shnu_vol arbt_onsl_ntby_tr_pbmn nabt_smtn_ntby_qty arbt_onsl_seln_vol
nabt_smtm_seln_tr_pbmn_rate arbt_entm_shnu_vol_rate nabt_entm_shnu_tr_pbmn_rate whol_onsl_shnu_tr_pbmn
arbt_onsl_ntby_tr_pbmn_rate nabt_smtm_ntby_qty_rate arbt_onsl_seln_vol_rate whol_entm_seln_vol
arbt_entm_shnu_tr_pbmn nabt_onsl_shnu_vol whol_onsl_shnu_tr_pbmn_rate arbt_smtn_ntby_qty
nabt_smtn_ntby_tr_pbmn arbt_smtn_seln_vol whol_entm_seln_tr_pbmn arbt_entm_shnu_tr_pbmn_rate
nabt_onsl_shnu_vol_rate whol_onsl_shnu_vol_rate arbt_smtm_ntby_qty_rate nabt_smtm_ntby_tr_pbmn_rate
arbt_smtm_seln_vol_rate whol_entm_seln_vol_rate arbt_onsl_shnu_vol nabt_onsl_shnu_tr_pbmn
whol_smtn_shnu_vol arbt_smtn_ntby_tr_pbmn whol_entm_ntby_qty arbt_smtn_seln_tr_pbmn
whol_entm_seln_tr_pbmn_rate arbt_onsl_shnu_vol_rate nabt_onsl_shnu_tr_pbmn_rate whol_shun_vol_rate
arbt_smtm_ntby_tr_pbmn_rate whol_entm_ntby_qty_rate arbt_smtm_seln_tr_pbmn_rate whol_onsl_seln_vol
arbt_onsl_shnu_tr_pbmn nabt_smtn_shnu_vol whol_smtn_shnu_tr_pbmn nabt_entm_ntby_qty whol_entm_ntby_tr_pbmn
nabt_entm_seln_vol whol_onsl_seln_vol_rate arbt_onsl_shnu_tr_pbmn_rate nabt_smtm_shun_vol_rate
whol_shun_tr_pbmn_rate nabt_entm_ntby_qty_rate
"""
_INVESTOR = """\
invr_cls_code all_seln_qty all_seln_amt invr_cls_name all_shnu_qty all_shnu_amt all_ntby_amt arbt_seln_qty
all_ntby_qty arbt_shnu_qty arbt_ntby_qty arbt_seln_amt arbt_shnu_amt arbt_ntby_amt nabt_seln_qty
nabt_shnu_qty nabt_ntby_qty nabt_seln_amt nabt_shnu_amt nabt_ntby_amt
"""


def program_trade_by_stock(call: Call) -> Answer:
    """Answer FHPPG04650101: programs in one name at its last thirty prints, newest first."""
    check_market(call)
    symbol = call.symbol()
    exchange = call.venue.exchange
    listing, quote = exchange.listing(symbol), exchange.quote(symbol)
    assert listing is not None  # noqa: S101  call.symbol() returns listed codes only
    bar = exchange.today_bar(symbol)
    rows: list[dict[str, str]] = []
    before = Trading()
    for printed in exchange.recent_trades(symbol, _ROWS + 1):
        so_far = _whole(listing, _as_of(bar, printed.total_volume, printed.total_turnover), exchange.seed)
        change = printed.price - quote.base
        values = {
            **_whole_columns(so_far, before),
            "bsop_hour": clock_text(printed.time),
            "stck_prpr": str(printed.price),
            "prdy_vrss": str(change),
            "prdy_vrss_sign": sign_code(change),
            "prdy_ctrt": rate(ratio(change, quote.base)),
            "acml_vol": str(printed.total_volume),
        }
        rows.append(arrange(_STOCK, values))
        before = so_far
    return quote_answer(output=rows[-_ROWS:][::-1])


def program_trade_by_stock_daily(call: Call) -> Answer:
    """Answer FHPPG04650201: programs in one name, thirty days up to FID_INPUT_DATE_1."""
    check_market(call)
    symbol = call.symbol()
    exchange = call.venue.exchange
    listing = exchange.listing(symbol)
    assert listing is not None  # noqa: S101  call.symbol() returns listed codes only
    end = min(day_of(call.text("FID_INPUT_DATE_1")) or exchange.moment.date(), exchange.moment.date())
    rows = []
    before = Trading()
    for bar in exchange.daily_bars(symbol, end - timedelta(days=_ROWS * 2), end, False):
        whole, change = _whole(listing, bar, exchange.seed), bar.close - bar.base_price
        values = {
            **_whole_columns(whole, before),
            "stck_bsop_date": day_text(bar.day),
            "stck_clpr": str(bar.close),
            "prdy_vrss": str(change),
            "prdy_vrss_sign": sign_code(change),
            "prdy_ctrt": rate(ratio(change, bar.base_price)),
            "acml_vol": str(bar.volume),
            "acml_tr_pbmn": str(bar.turnover),
        }
        rows.append(arrange(_STOCK_DAY, values))
        before = whole
    return quote_answer(output=rows[-_ROWS:][::-1])


def comp_program_trade_today(call: Call) -> Answer:
    """Answer FHPPG04600101: programs in one market by the minute, newest first.

    What programs had done by an earlier minute is what they have done now in proportion to the turnover.
    """
    rule = _market_rule(call)
    indices, exchange = call.venue.reference.indices, call.venue.exchange
    total = market_programs(call, rule)
    now = indices.snapshot(rule)
    latest = call.text("FID_INPUT_HOUR_1") or "999999"
    rows = []
    for minute in reversed(indices.minutes(rule, exchange.moment.date())):
        if clock_text(minute.time) > latest:
            continue
        part = minute.total_turnover / now.turnover if now.turnover else 0.0
        values = {
            **_amount_columns(
                {name: _scaled(one, part) for name, one in total.items()}, minute.total_turnover
            ),
            "bsop_hour": clock_text(minute.time),
            "bstp_nmix_prpr": signed(minute.close),
            "bstp_nmix_prdy_vrss": signed(minute.close - now.previous),
            "prdy_vrss_sign": sign_code(round(minute.close - now.previous, 2)),
        }
        rows.append(arrange(_MARKET_NOW, values, "0"))
        if len(rows) == _MINUTE_ROWS:
            break
    # The document calls the block output1, KIS's sample reads output.
    return quote_answer(output=rows, output1=rows)


def comp_program_trade_daily(call: Call) -> Answer:
    """Answer FHPPG04600001: programs in one market day by day."""
    rule = _market_rule(call)
    exchange = call.venue.exchange
    today = exchange.moment.date()
    end = min(day_of(call.text("FID_INPUT_DATE_2")) or today, today)
    start = max(
        day_of(call.text("FID_INPUT_DATE_1")) or end - timedelta(days=_ROWS * 2),
        end - timedelta(days=_ROWS * 2),
    )
    by_day: dict[str, list[tuple[dict[str, Trading], DailyBar]]] = {}
    for listing in exchange.listings():
        if rule.holds(listing):
            for bar in exchange.daily_bars(listing.symbol, start, end, False):
                by_day.setdefault(day_text(bar.day), []).append((programs(listing, bar, exchange.seed), bar))
    rows = []
    for day in sorted(by_day, reverse=True)[:_ROWS]:
        found = program_sums(_joined(one for one, _ in by_day[day]))
        volume = sum(bar.volume for _, bar in by_day[day])
        turnover = sum(bar.turnover for _, bar in by_day[day])
        values = {**day_columns(found, volume, turnover), "stck_bsop_date": day}
        rows.append(arrange(_MARKET_DAY, values, "0"))
    return quote_answer(output=rows)


def investor_program_trade_today(call: Call) -> Answer:
    """Answer HHPPG046600C1: programs in one market by who is behind them; the last row sums the others."""
    rule = INDICES["1001" if call.text("MRKT_DIV_CLS_CODE") == "4" else "0001"]
    total = market_programs(call, rule)
    rows, sums = [], dict.fromkeys(("arbt_smtn", "nabt_smtn"), Trading())
    for place, (code, name, buys, sells) in enumerate(_INVESTORS):
        is_last = place == len(_INVESTORS) - 1
        found = {}
        for kind in sums:
            whole, so_far = total[kind], sums[kind]
            one = _rest(whole, so_far) if is_last else _sided(whole, buys, sells)
            found[kind], sums[kind] = one, so_far + one
        rows.append(_investor_row(code, name, found))
    rows.append(_investor_row("9999", "전체", {kind: total[kind] for kind in sums}))
    return quote_answer(output1=rows)


def _investor_row(code: str, name: str, found: Mapping[str, Trading]) -> dict[str, str]:
    parts = {
        "arbt": found["arbt_smtn"],
        "nabt": found["nabt_smtn"],
        "all": found["arbt_smtn"] + found["nabt_smtn"],
    }
    values = {"invr_cls_code": code, "invr_cls_name": name}
    for word, one in parts.items():
        values |= {
            f"{word}_seln_qty": str(one.sold),
            f"{word}_shnu_qty": str(one.bought),
            f"{word}_ntby_qty": str(one.net),
            f"{word}_seln_amt": str(one.sold_amount),
            f"{word}_shnu_amt": str(one.bought_amount),
            f"{word}_ntby_amt": str(one.net_amount),
        }
    return arrange(_INVESTOR, values)


def market_programs(call: Call, rule: IndexRule) -> dict[str, Trading]:
    """Return what programs have traded of a market's names today, with sums."""
    exchange = call.venue.exchange
    members = call.venue.reference.indices.members(rule)
    return program_sums(
        _joined(programs(one, exchange.today_bar(one.symbol), exchange.seed) for one in members)
    )


def day_columns(found: Mapping[str, Trading], volume: int, turnover: int) -> dict[str, str]:
    """Return every column of a market's day: shares in thousands, amounts in millions, parts in percent.

    KIS spells the parts with smtm for smtn and shun for shnu here and there; both are given.
    """
    values: dict[str, str] = {}
    for name, one in found.items():
        names = {name, name.replace("smtn", "smtm"), name.replace("whol_smtn", "whol")}
        for side, shares, amount in (
            ("seln", one.sold, one.sold_amount),
            ("shnu", one.bought, one.bought_amount),
            ("ntby", one.net, one.net_amount),
        ):
            quantity = "qty" if side == "ntby" else "vol"
            figures = {
                quantity: str(_part(shares, 1_000)),
                "tr_pbmn": str(_part(amount, MILLION)),
                f"{quantity}_rate": rate(ratio(shares, volume)),
                "tr_pbmn_rate": rate(ratio(amount, turnover)),
            }
            for spelling in names:
                for word, text in figures.items():
                    values[f"{spelling}_{side}_{word}"] = text
                    values[f"{spelling}_{side.replace('shnu', 'shun')}_{word}"] = text
    return values


def _amount_columns(found: Mapping[str, Trading], turnover: int) -> dict[str, str]:
    return day_columns(found, 0, turnover)


def _whole_columns(whole: Trading, before: Trading) -> dict[str, str]:
    return {
        "whol_smtn_seln_vol": str(whole.sold),
        "whol_smtn_shnu_vol": str(whole.bought),
        "whol_smtn_ntby_qty": str(whole.net),
        "whol_smtn_seln_tr_pbmn": str(whole.sold_amount),
        "whol_smtn_shnu_tr_pbmn": str(whole.bought_amount),
        "whol_smtn_ntby_tr_pbmn": str(whole.net_amount),
        "whol_ntby_vol_icdc": str(whole.net - before.net),
        "whol_ntby_tr_pbmn_icdc": str(whole.net_amount - before.net_amount),
        "whol_ntby_tr_pbmn_icdc2": str(whole.net_amount - before.net_amount),
    }


def _whole(listing: Listing, bar: DailyBar, seed: int) -> Trading:
    return program_sums(programs(listing, bar, seed))["whol_smtn"]


def _as_of(bar: DailyBar, volume: int, turnover: int) -> DailyBar:
    """Return the day's bar as it was when so much had been traded."""
    return DailyBar(
        bar.day, bar.open, bar.high, bar.low, bar.close, volume, turnover, bar.base_price, bar.split_factor
    )


def _joined(rows: Iterable[Mapping[str, Trading]]) -> dict[str, Trading]:
    total: dict[str, Trading] = {}
    for row in rows:
        for name, one in row.items():
            total[name] = total.get(name, Trading()) + one
    return total


def _scaled(one: Trading, part: float) -> Trading:
    return _sided(one, part, part)


def _sided(one: Trading, buys: float, sells: float) -> Trading:
    return Trading(
        int(one.bought * buys),
        int(one.sold * sells),
        int(one.bought_amount * buys),
        int(one.sold_amount * sells),
    )


def _rest(whole: Trading, so_far: Trading) -> Trading:
    return Trading(
        whole.bought - so_far.bought,
        whole.sold - so_far.sold,
        whole.bought_amount - so_far.bought_amount,
        whole.sold_amount - so_far.sold_amount,
    )


def _part(value: int, unit: int) -> int:
    """Divide towards zero, so that a net figure is not rounded away from its sides by its sign."""
    return int(value / unit)


def _market_rule(call: Call) -> IndexRule:
    code = call.text("FID_MRKT_CLS_CODE")
    if code not in ("K", "Q"):
        raise invalid_field("FID_MRKT_CLS_CODE")
    return INDICES["1001" if code == "Q" else "0001"]
