"""Answer the quote calls: book, last trades, daily prices, investors, ranking.

Field names and order follow KIS's printed answers; where document and printed answer differ,
both spellings are sent (see docs/kis-api.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from kis_terminal.adapters.simulator.handlers.quote_fields import QUOTATIONS, QUOTE_KEYS, check_market
from kis_terminal.adapters.simulator.model import InvestorFlow, Listing, QuoteSnapshot
from kis_terminal.adapters.simulator.reference.bar_periods import last_bars, price_chain
from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Transaction
from kis_terminal.adapters.simulator.wire.answers import Answer, invalid_field, quote_answer
from kis_terminal.adapters.simulator.wire.formats import (
    MILLION,
    change_sign,
    clock_text,
    day_text,
    direction,
    rate,
    ratio,
)
from kis_terminal.adapters.simulator.wire.frames import phase_code

_DAY_ROWS = 30
_RANK_ROWS = 30


def inquire_asking_price(call: Call) -> Answer:
    """Answer FHKST01010200, ten levels a side and the expected price."""
    check_market(call)
    symbol = call.symbol()
    book, quote = call.venue.exchange.book(symbol), call.venue.exchange.quote(symbol)
    prices: dict[str, str] = {}
    sizes: dict[str, str] = {}
    steps: dict[str, str] = {}
    for word, levels in (("ask", book.asks), ("bid", book.bids)):
        for number in range(1, 11):
            price, size = levels[number - 1] if number <= len(levels) else (0, 0)
            prices[f"{word}p{number}"] = str(price)
            sizes[f"{word}p_rsqn{number}"] = str(size)
            steps[f"{word}p_rsqn_icdc{number}"] = "0"
    expected = book.expected_price or quote.open
    return quote_answer(
        output1={
            "aspr_acpt_hour": clock_text(book.time),
            **prices,
            **sizes,
            **steps,
            "total_askp_rsqn": str(book.total_ask_size),
            "total_bidp_rsqn": str(book.total_bid_size),
            "total_askp_rsqn_icdc": "0",
            "total_bidp_rsqn_icdc": "0",
            "ovtm_total_askp_icdc": "0",
            "ovtm_total_bidp_icdc": "0",
            "ovtm_total_askp_rsqn": "0",
            "ovtm_total_bidp_rsqn": "0",
            "ntby_aspr_rsqn": str(book.total_bid_size - book.total_ask_size),
            "new_mkop_cls_code": phase_code(book.session),
        },
        output2={
            "antc_mkop_cls_code": "311" if book.expected_price else "112",
            "stck_prpr": str(quote.last),
            "stck_oprc": str(quote.open),
            "stck_hgpr": str(quote.high),
            "stck_lwpr": str(quote.low),
            "stck_sdpr": str(quote.base),
            "antc_cnpr": str(expected),
            "antc_cntg_vrss_sign": change_sign(expected, quote.base, quote.upper_limit, quote.lower_limit),
            "antc_cntg_vrss": str(expected - quote.base),
            "antc_cntg_prdy_ctrt": rate(ratio(expected - quote.base, quote.base)),
            "antc_vol": str(book.expected_quantity),
            "stck_shrn_iscd": symbol,
            "vi_cls_code": "Y" if quote.is_interrupted else "N",
        },
    )


def inquire_ccnl(call: Call) -> Answer:
    """Answer FHKST01010300, the last 30 trades, newest first."""
    check_market(call)
    symbol = call.symbol()
    quote = call.venue.exchange.quote(symbol)
    trades = call.venue.exchange.recent_trades(symbol, _DAY_ROWS)
    return quote_answer(
        output=[
            {
                "stck_cntg_hour": clock_text(trade.time),
                "stck_prpr": str(trade.price),
                "prdy_vrss": str(trade.price - quote.base),
                "prdy_vrss_sign": change_sign(trade.price, quote.base, quote.upper_limit, quote.lower_limit),
                "cntg_vol": str(trade.quantity),
                "tday_rltv": rate(trade.strength),
                "prdy_ctrt": rate(ratio(trade.price - quote.base, quote.base)),
            }
            for trade in reversed(trades)
        ]
    )


def inquire_daily_price(call: Call) -> Answer:
    """Answer FHKST01010400, 30 days, weeks or months; here FID_ORG_ADJ_PRC 0 is raw and 1 adjusted."""
    check_market(call)
    symbol, period = call.symbol(), call.text("FID_PERIOD_DIV_CODE") or "D"
    if period not in ("D", "W", "M"):
        raise invalid_field("FID_PERIOD_DIV_CODE")
    today = call.venue.exchange_time().date()
    bars = last_bars(
        call.venue.exchange, symbol, period, today, call.text("FID_ORG_ADJ_PRC") == "1", _DAY_ROWS + 1
    )
    flows = _flows_by_day(call, symbol, bars[0].day, today) if period == "D" and bars else {}
    foreign_rate = rate(call.venue.exchange.statistics(symbol).foreign_rate)
    rows = []
    for bar, before in list(price_chain(bars))[-_DAY_ROWS:]:
        base = bar.base_price if period == "D" or before is None else before.close
        flow = flows.get(bar.day)
        growth = ratio(bar.volume - before.volume, before.volume) if before is not None else 0.0
        rows.append(
            {
                "stck_bsop_date": day_text(bar.day),
                "stck_oprc": str(bar.open),
                "stck_hgpr": str(bar.high),
                "stck_lwpr": str(bar.low),
                "stck_clpr": str(bar.close),
                "acml_vol": str(bar.volume),
                "prdy_vrss_vol_rate": rate(growth),
                "prdy_vrss": str(bar.close - base),
                "prdy_vrss_sign": direction(bar.close - base),
                "prdy_ctrt": rate(ratio(bar.close - base, base)),
                "hts_frgn_ehrt": foreign_rate,
                "frgn_ntby_qty": str(flow.foreign_quantity) if flow is not None else "0",
                "flng_cls_code": "00",
                "acml_prtt_rate": "0.00",
            }
        )
    return quote_answer(output=rows[::-1])


def _flows_by_day(call: Call, symbol: str, start: date, end: date) -> dict[date, InvestorFlow]:
    return {flow.day: flow for flow in call.venue.exchange.investor_flows(symbol, start, end)}


def inquire_investor(call: Call) -> Answer:
    """Answer FHKST01010900, 30 days newest first; today's figures stay blank while the market is open."""
    check_market(call)
    symbol = call.symbol()
    today = call.venue.exchange_time().date()
    flows = call.venue.exchange.investor_flows(symbol, today - timedelta(days=70), today)[-_DAY_ROWS:]
    return quote_answer(output=[_investor_row(flow, is_blank=flow.day == today) for flow in reversed(flows)])


def _investor_row(flow: InvestorFlow, *, is_blank: bool) -> dict[str, str]:
    parties = (
        ("prsn", flow.individual_quantity, flow.individual_amount, flow.individual_buy_quantity),
        ("frgn", flow.foreign_quantity, flow.foreign_amount, flow.foreign_buy_quantity),
        ("orgn", flow.institution_quantity, flow.institution_amount, flow.institution_buy_quantity),
    )
    figures: dict[str, int] = {}
    for suffix, pick in (
        ("ntby_qty", lambda net, amount, buy: net),
        ("ntby_tr_pbmn", lambda net, amount, buy: _millions(amount)),
        ("shnu_vol", lambda net, amount, buy: buy),
        ("shnu_tr_pbmn", lambda net, amount, buy: _millions(buy * flow.close)),
        ("seln_vol", lambda net, amount, buy: buy - net),
        ("seln_tr_pbmn", lambda net, amount, buy: _millions(buy * flow.close - amount)),
    ):
        for party, net, amount, buy in parties:
            figures[f"{party}_{suffix}"] = pick(net, amount, buy)
    return {
        "stck_bsop_date": day_text(flow.day),
        "stck_clpr": str(flow.close),
        "prdy_vrss": str(flow.change),
        "prdy_vrss_sign": direction(flow.change),
        **{name: "" if is_blank else str(value) for name, value in figures.items()},
    }


def _millions(won: int) -> int:
    return round(won / MILLION)


def volume_rank(call: Call) -> Answer:
    """Answer FHPST01710000, the 30 most traded names by volume, growth, turnover rate or turnover."""
    exchange = call.venue.exchange
    chosen = [
        (listing, exchange.quote(listing.symbol))
        for listing in exchange.listings()
        if _is_in_rank(call, listing, exchange.quote(listing.symbol))
    ]
    order = {
        "1": lambda pair: ratio(pair[1].volume, pair[1].prev_volume),
        "2": lambda pair: ratio(pair[1].volume, pair[0].listed_shares),
        "3": lambda pair: pair[1].turnover,
        "4": lambda pair: ratio(pair[1].turnover, pair[1].last * pair[0].listed_shares),
    }.get(call.text("FID_BLNG_CLS_CODE"), lambda pair: pair[1].volume)
    chosen.sort(key=order, reverse=True)
    return quote_answer(output=_rank_rows(chosen[:_RANK_ROWS]))


def _is_in_rank(call: Call, listing: Listing, quote: QuoteSnapshot) -> bool:
    market = {"0001": "KOSPI", "1001": "KOSDAQ"}.get(call.text("FID_INPUT_ISCD"))
    if market is not None and listing.market != market:
        return False
    is_preferred = listing.kind == "stock" and not listing.symbol.endswith("0")
    if call.text("FID_DIV_CLS_CODE") in ("1", "2") and is_preferred != (call.text("FID_DIV_CLS_CODE") == "2"):
        return False
    lowest, highest = call.whole_number("FID_INPUT_PRICE_1"), call.whole_number("FID_INPUT_PRICE_2")
    if quote.last < lowest or (highest and quote.last > highest):
        return False
    return quote.volume >= call.whole_number("FID_VOL_CNT")


def _rank_rows(chosen: Sequence[tuple[Listing, QuoteSnapshot]]) -> list[dict[str, Any]]:
    rows = []
    for number, (listing, quote) in enumerate(chosen, start=1):
        turnover_rate = rate(ratio(quote.volume, listing.listed_shares))
        amount_rate = rate(ratio(quote.turnover, quote.last * listing.listed_shares))
        rows.append(
            {
                "hts_kor_isnm": listing.name,
                "mksc_shrn_iscd": listing.symbol,
                "data_rank": str(number),
                "stck_prpr": str(quote.last),
                "prdy_vrss_sign": quote.sign,
                "prdy_vrss": str(quote.change),
                "prdy_ctrt": rate(quote.change_rate),
                "acml_vol": str(quote.volume),
                "prdy_vol": str(quote.prev_volume),
                "lstn_stcn": str(listing.listed_shares),
                "avrg_vol": str(quote.volume),
                "n_befr_clpr_vrss_prpr_rate": rate(quote.change_rate),
                "vol_inrt": rate(ratio(quote.volume, quote.prev_volume)),
                "vol_tnrt": turnover_rate,
                "nday_vol_tnrt": turnover_rate,
                "avrg_tr_pbmn": str(quote.turnover),
                "tr_pbmn_tnrt": amount_rate,
                "nday_tr_pbmn_tnrt": amount_rate,
                "acml_tr_pbmn": str(quote.turnover),
            }
        )
    return rows


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{QUOTATIONS}/inquire-asking-price-exp-ccn",
        (Transaction("FHKST01010200", "FHKST01010200"),),
        QUOTE_KEYS,
        inquire_asking_price,
    ),
    Endpoint(
        "GET",
        f"{QUOTATIONS}/inquire-ccnl",
        (Transaction("FHKST01010300", "FHKST01010300"),),
        QUOTE_KEYS,
        inquire_ccnl,
    ),
    Endpoint(
        "GET",
        f"{QUOTATIONS}/inquire-daily-price",
        (Transaction("FHKST01010400", "FHKST01010400"),),
        (*QUOTE_KEYS, "FID_PERIOD_DIV_CODE", "FID_ORG_ADJ_PRC"),
        inquire_daily_price,
    ),
    Endpoint(
        "GET",
        f"{QUOTATIONS}/inquire-investor",
        (Transaction("FHKST01010900", "FHKST01010900"),),
        QUOTE_KEYS,
        inquire_investor,
    ),
    Endpoint(
        "GET",
        f"{QUOTATIONS}/volume-rank",
        (Transaction("FHPST01710000", None),),
        (
            "FID_COND_MRKT_DIV_CODE",
            "FID_COND_SCR_DIV_CODE",
            "FID_INPUT_ISCD",
            "FID_DIV_CLS_CODE",
            "FID_BLNG_CLS_CODE",
            "FID_TRGT_CLS_CODE",
            "FID_TRGT_EXLS_CLS_CODE",
            "FID_INPUT_PRICE_1",
            "FID_INPUT_PRICE_2",
            "FID_VOL_CNT",
        ),
        volume_rank,
    ),
)
