"""Answer the rankings that need a name's history or company, or the sessions outside the regular hours."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

from kis_terminal.adapters.simulator.exchange import Exchange
from kis_terminal.adapters.simulator.handlers.ranking_filters import Pair, chosen, decimal, ranked
from kis_terminal.adapters.simulator.handlers.ranking_rows import rank_rows
from kis_terminal.adapters.simulator.history.made_up_day import seed_for
from kis_terminal.adapters.simulator.model import DailyBar, Listing, QuoteSnapshot, Statistics
from kis_terminal.adapters.simulator.reference.index_rules import INDICES
from kis_terminal.adapters.simulator.reference.price_history import past_bars
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import Answer, quote_answer
from kis_terminal.adapters.simulator.wire.columns import arrange, sign_code
from kis_terminal.adapters.simulator.wire.formats import MILLION, day_text, rate, ratio

_SPANS = (5, 10, 20, 60, 120)
_LONGEST_DAYS = 250
_BORROWED_PART = 0.08
"""How large the lent shares are against those bought on credit."""

_NEAR = """\
hts_kor_isnm mksc_shrn_iscd stck_prpr prdy_vrss_sign prdy_vrss prdy_ctrt askp askp_rsqn1 bidp bidp_rsqn1
acml_vol new_hgpr hprc_near_rate new_lwpr lwpr_near_rate stck_sdpr
"""
_DISPARITY = """\
mksc_shrn_iscd data_rank hts_kor_isnm stck_prpr prdy_vrss prdy_ctrt prdy_vrss_sign acml_vol d5_dsrt
d10_dsrt d20_dsrt d60_dsrt d120_dsrt
"""
_OVERTIME_VOLUME_HEAD = """\
ovtm_untp_exch_vol ovtm_untp_exch_tr_pbmn ovtm_untp_kosdaq_vol ovtm_untp_kosdaq_tr_pbmn
"""
_OVERTIME_VOLUME = """\
stck_shrn_iscd hts_kor_isnm ovtm_untp_prpr ovtm_untp_prdy_vrss ovtm_untp_prdy_vrss_sign
ovtm_untp_prdy_ctrt ovtm_untp_seln_rsqn ovtm_untp_shnu_rsqn ovtm_untp_vol ovtm_vrss_acml_vol_rlim
stck_prpr acml_vol bidp askp
"""
_OVERTIME_HEAD = """\
ovtm_untp_uplm_issu_cnt ovtm_untp_ascn_issu_cnt ovtm_untp_stnr_issu_cnt ovtm_untp_lslm_issu_cnt
ovtm_untp_down_issu_cnt ovtm_untp_acml_vol ovtm_untp_acml_tr_pbmn ovtm_untp_exch_vol
ovtm_untp_exch_tr_pbmn ovtm_untp_kosdaq_vol ovtm_untp_kosdaq_tr_pbmn
"""
_OVERTIME = """\
mksc_shrn_iscd hts_kor_isnm ovtm_untp_prpr ovtm_untp_prdy_vrss ovtm_untp_prdy_vrss_sign
ovtm_untp_prdy_ctrt ovtm_untp_askp1 ovtm_untp_seln_rsqn ovtm_untp_bidp1 ovtm_untp_shnu_rsqn ovtm_untp_vol
ovtm_vrss_acml_vol_rlim stck_prpr acml_vol bidp askp
"""
_CREDIT_HEAD = """\
bstp_cls_code hts_kor_isnm stnd_date1 stnd_date2
"""
_CREDIT = """\
mksc_shrn_iscd hts_kor_isnm stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol whol_loan_rmnd_stcn
whol_loan_rmnd_amt whol_loan_rmnd_rate whol_stln_rmnd_stcn whol_stln_rmnd_amt whol_stln_rmnd_rate
nday_vrss_loan_rmnd_inrt nday_vrss_stln_rmnd_inrt
"""
_SHORT = """\
mksc_shrn_iscd hts_kor_isnm stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol acml_tr_pbmn
ssts_cntg_qty ssts_vol_rlim ssts_tr_pbmn ssts_tr_pbmn_rlim stnd_date1 stnd_date2 avrg_prc
"""
_VALUE = """\
data_rank hts_kor_isnm mksc_shrn_iscd stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol per pbr pcr
psr eps eva ebitda pv_div_ebitda ebitda_div_fnnc_expn stac_month stac_month_cls_code iqry_csnu
"""


def near_new_highlow(call: Call) -> Answer:
    """Answer FHPST01870000: names by how near they are to the high (or low) of 52 weeks."""
    companies = call.venue.reference.companies
    wants_lows = call.text("FID_PRC_CLS_CODE") == "1"
    least, most = decimal(call, "FID_INPUT_CNT_1") or 0.0, decimal(call, "FID_INPUT_CNT_2")
    figures = {}
    pairs = []
    for listing, quote in chosen(call):
        found = figures[listing.symbol] = companies.of(listing.symbol)
        gap = abs(_low_gap(quote, found) if wants_lows else _high_gap(quote, found))
        if gap >= least and (not most or gap <= most):
            pairs.append((listing, quote))

    def key(pair: Pair) -> float:
        found = figures[pair[0].symbol]
        return abs(_low_gap(pair[1], found) if wants_lows else _high_gap(pair[1], found))

    def own(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
        found = figures[listing.symbol]
        return {
            "new_hgpr": str(found.year_high),
            "hprc_near_rate": rate(_high_gap(quote, found)),
            "new_lwpr": str(found.year_low),
            "lwpr_near_rate": rate(_low_gap(quote, found)),
        }

    return quote_answer(output=rank_rows(_NEAR, ranked(pairs, key, descending=False), own))


def _high_gap(quote: QuoteSnapshot, found: Statistics) -> float:
    return ratio(quote.last - found.year_high, found.year_high)


def _low_gap(quote: QuoteSnapshot, found: Statistics) -> float:
    return ratio(quote.last - found.year_low, found.year_low)


def disparity(call: Call) -> Answer:
    """Answer FHPST01780000: names by price over its moving average of FID_HOUR_CLS_CODE days."""
    span = call.whole_number("FID_HOUR_CLS_CODE")
    span = span if span in _SPANS else 20

    companies = call.venue.reference.companies

    def gap(pair: Pair, days: int) -> float:
        return ratio(pair[1].last, companies.average_close(pair[0].symbol, days))

    is_descending = call.text("FID_RANK_SORT_CLS_CODE") != "1"
    pairs = ranked(chosen(call), lambda pair: gap(pair, span), descending=is_descending)
    return quote_answer(
        output=rank_rows(
            _DISPARITY,
            pairs,
            lambda listing, quote: {f"d{days}_dsrt": rate(gap((listing, quote), days)) for days in _SPANS},
        )
    )


def overtime_volume(call: Call) -> Answer:
    """Answer FHPST02350000: what traded outside the regular hours, by volume or by what waits."""
    keys: dict[str, Callable[[Pair], float]] = {
        "0": lambda pair: pair[1].total_bid_size,
        "1": lambda pair: pair[1].total_ask_size,
    }
    exchange = call.venue.exchange
    key = keys.get(call.text("FID_RANK_SORT_CLS_CODE"), lambda pair: _outside(exchange, pair))
    pairs = ranked(_outside_pairs(call), key)
    head = arrange(_OVERTIME_VOLUME_HEAD, _outside_sums(call), "0")
    rows = rank_rows(_OVERTIME_VOLUME, pairs, _outside_columns(exchange))
    return quote_answer(output1=head, output2=rows)


def overtime_fluctuation(call: Call) -> Answer:
    """Answer FHPST02340000: what traded outside the regular hours, by change since the close."""
    exchange = call.venue.exchange
    wants_falling = call.text("FID_DIV_CLS_CODE") in ("4", "5")
    pairs = ranked(
        _outside_pairs(call), lambda pair: _outside_rate(exchange, pair), descending=not wants_falling
    )
    head = arrange(_OVERTIME_HEAD, _outside_sums(call), "0")
    return quote_answer(output1=head, output2=rank_rows(_OVERTIME, pairs, _outside_columns(exchange)))


def overtime_exp_trans_fluct(call: Call) -> Answer:
    """Answer FHKST11860000: nothing, since the ten-minute auctions ended on 2026-09-11."""
    chosen(call)  # what KIS refuses stays refused
    return quote_answer(output=[])


def _outside_pairs(call: Call) -> list[Pair]:
    """Return the names that have traded outside: in the KRX after-market or at closing prices."""
    parameters = {name: value for name, value in call.parameters.items() if name != "FID_DIV_CLS_CODE"}
    plain = Call(
        call.venue, call.personality, call.transaction, parameters, call.appkey, call.tr_cont, call.now
    )
    return [pair for pair in chosen(plain) if _outside(call.venue.exchange, pair)]


def _outside(exchange: Exchange, pair: Pair) -> int:
    return pair[1].volume - exchange.today_bar(pair[0].symbol).volume


def _outside_rate(exchange: Exchange, pair: Pair) -> float:
    close = exchange.today_bar(pair[0].symbol).close
    return ratio(exchange.book(pair[0].symbol).last - close, close)


def _outside_sums(call: Call) -> dict[str, str]:
    exchange = call.venue.exchange
    sums = {"exch": [0, 0], "kosdaq": [0, 0]}
    counts = [0, 0, 0]
    for listing, quote in _outside_pairs(call):
        bar = exchange.today_bar(listing.symbol)
        market = sums["exch" if listing.market == "KOSPI" else "kosdaq"]
        market[0] += quote.volume - bar.volume
        market[1] += quote.turnover - bar.turnover
        change = exchange.book(listing.symbol).last - bar.close
        counts[0 if change > 0 else 2 if change < 0 else 1] += 1
    return {
        "ovtm_untp_uplm_issu_cnt": "0",
        "ovtm_untp_ascn_issu_cnt": str(counts[0]),
        "ovtm_untp_stnr_issu_cnt": str(counts[1]),
        "ovtm_untp_down_issu_cnt": str(counts[2]),
        "ovtm_untp_acml_vol": str(sums["exch"][0] + sums["kosdaq"][0]),
        "ovtm_untp_acml_tr_pbmn": str(sums["exch"][1] + sums["kosdaq"][1]),
        **{f"ovtm_untp_{market}_vol": str(found[0]) for market, found in sums.items()},
        **{f"ovtm_untp_{market}_tr_pbmn": str(found[1]) for market, found in sums.items()},
    }


def _outside_columns(exchange: Exchange) -> Callable[[Listing, QuoteSnapshot], dict[str, str]]:
    def own(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
        bar, last = exchange.today_bar(listing.symbol), exchange.book(listing.symbol).last
        return {
            "ovtm_untp_prpr": str(last),
            "ovtm_untp_prdy_vrss": str(last - bar.close),
            "ovtm_untp_prdy_vrss_sign": sign_code(last - bar.close),
            "ovtm_untp_prdy_ctrt": rate(ratio(last - bar.close, bar.close)),
            "ovtm_untp_askp1": str(quote.ask_price),
            "ovtm_untp_seln_rsqn": str(quote.total_ask_size),
            "ovtm_untp_bidp1": str(quote.bid_price),
            "ovtm_untp_shnu_rsqn": str(quote.total_bid_size),
            "ovtm_untp_vol": str(quote.volume - bar.volume),
            "ovtm_vrss_acml_vol_rlim": rate(ratio(quote.volume - bar.volume, quote.volume)),
        }

    return own


def credit_balance(call: Call) -> Answer:
    """Answer FHKST17010000: names by shares bought on credit (융자) or borrowed (대주) so far."""
    exchange = call.venue.exchange
    days = min(max(call.whole_number("FID_OPTION"), 2), _LONGEST_DAYS)
    today = exchange.moment.date()
    base_day = exchange.calendar.previous_open_day(today)
    found: dict[str, dict[str, float]] = {}
    pairs = chosen(call, stocks_only=True)
    for listing, quote in pairs:
        found[listing.symbol] = _credit(call, listing, quote, days)
    sort = call.text("FID_RANK_SORT_CLS_CODE")
    words = ("rate", "stcn", "amt", "inrt", "inrt")
    place = max("0123456789".find(sort[:1]), 0)
    word = f"{'loan' if place < 5 else 'stln'}_{words[place % 5]}"
    shown = ranked(pairs, lambda pair: found[pair[0].symbol][word], descending=place % 5 != 4)

    def own(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
        one = found[listing.symbol]
        values = {}
        for kind in ("loan", "stln"):
            values[f"whol_{kind}_rmnd_stcn"] = str(int(one[f"{kind}_stcn"]))
            values[f"whol_{kind}_rmnd_amt"] = str(int(one[f"{kind}_amt"]) // MILLION)
            values[f"whol_{kind}_rmnd_rate"] = rate(one[f"{kind}_rate"])
            values[f"nday_vrss_{kind}_rmnd_inrt"] = rate(one[f"{kind}_inrt"])
        return values

    code = call.text("FID_INPUT_ISCD")
    rule = INDICES.get(code)
    head = {
        "bstp_cls_code": code,
        "hts_kor_isnm": rule.name if rule is not None else "전체",
        "stnd_date1": day_text(base_day - timedelta(days=days)),
        "stnd_date2": day_text(base_day),
    }
    return quote_answer(output1=[arrange(_CREDIT_HEAD, head)], output2=rank_rows(_CREDIT, shown, own))


def _credit(call: Call, listing: Listing, quote: QuoteSnapshot, days: int) -> dict[str, float]:
    loan_rate = call.venue.reference.companies.of(listing.symbol).loan_rate
    seed = call.venue.exchange.seed
    rng = random.Random(seed_for(seed, listing.symbol, "credit", quote.time.date(), days))
    values: dict[str, float] = {}
    for kind, percent in (("loan", loan_rate), ("stln", loan_rate * _BORROWED_PART)):
        shares = int(listing.listed_shares * percent / 100)
        values |= {
            f"{kind}_rate": percent,
            f"{kind}_stcn": shares,
            f"{kind}_amt": shares * quote.prev_close,
            f"{kind}_inrt": rng.gauss(0.0, 1.5) * days**0.5,
        }
    return values


def short_sale(call: Call) -> Answer:
    """Answer FHPST04820000: names by the part of their volume that was sold short over some days."""
    exchange = call.venue.exchange
    count = min(call.whole_number("FID_INPUT_CNT_1"), _LONGEST_DAYS) + 1
    span = count * 31 if call.text("FID_PERIOD_DIV_CODE") == "M" else count * 2 + 10
    sums: dict[str, tuple[list[DailyBar], int, int]] = {}
    pairs = chosen(call, stocks_only=True)
    for listing, _ in pairs:
        bars = past_bars(exchange, listing.symbol, span)
        bars = bars if call.text("FID_PERIOD_DIV_CODE") == "M" else bars[-count:]
        shares = [short_quantity(exchange.seed, listing, bar) for bar in bars]
        amounts = [
            sold * (bar.turnover // bar.volume if bar.volume else bar.close)
            for sold, bar in zip(shares, bars, strict=True)
        ]
        sums[listing.symbol] = (bars, sum(shares), sum(amounts))

    def part(pair: Pair) -> float:
        bars, shares, _ = sums[pair[0].symbol]
        return ratio(shares, sum(bar.volume for bar in bars))

    def own(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
        bars, shares, amount = sums[listing.symbol]
        volume, turnover = sum(bar.volume for bar in bars), sum(bar.turnover for bar in bars)
        return {
            "ssts_cntg_qty": str(shares),
            "ssts_vol_rlim": rate(ratio(shares, volume)),
            "ssts_tr_pbmn": str(amount),
            "ssts_tr_pbmn_rlim": rate(ratio(amount, turnover)),
            "stnd_date1": day_text(bars[0].day) if bars else "",
            "stnd_date2": day_text(bars[-1].day) if bars else "",
            "avrg_prc": str(amount // shares if shares else 0),
        }

    return quote_answer(output=rank_rows(_SHORT, ranked(pairs, part), own))


def short_quantity(seed: int, listing: Listing, bar: DailyBar) -> int:
    """Return the shares of a day's volume that were sold short."""
    rng = random.Random(seed_for(seed, listing.symbol, "short sale", bar.day))
    return int(bar.volume * min(rng.expovariate(1.0) * 0.035, 0.35))


def market_value(call: Call) -> Answer:
    """Answer FHPST01790000: names by PER, PBR or EPS (FID_RANK_SORT_CLS_CODE 23, 24, 27), the rest blank."""
    exchange = call.venue.exchange
    figures = {
        listing.symbol: call.venue.reference.companies.of(listing.symbol)
        for listing in exchange.listings()
        if listing.kind == "stock"
    }
    keys: dict[str, Callable[[Pair], float]] = {
        "24": lambda pair: figures[pair[0].symbol].pbr,
        "27": lambda pair: figures[pair[0].symbol].eps,
    }
    key = keys.get(call.text("FID_RANK_SORT_CLS_CODE"), lambda pair: figures[pair[0].symbol].per)

    def own(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
        found = figures[listing.symbol]
        return {
            "per": rate(found.per),
            "pbr": rate(found.pbr),
            "eps": rate(found.eps),
            "stac_month": "12",
            "stac_month_cls_code": "12",
            "iqry_csnu": str(len(figures)),
        }

    return quote_answer(output=rank_rows(_VALUE, ranked(chosen(call, stocks_only=True), key), own))
