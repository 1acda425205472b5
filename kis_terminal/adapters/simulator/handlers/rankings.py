"""Answer the rankings that today's quotes and books decide; thirty rows at most, no next page."""

from __future__ import annotations

from collections.abc import Callable

from kis_terminal.adapters.simulator.handlers.ranking_filters import (
    Pair,
    chosen,
    decimal,
    is_preferred,
    ranked,
)
from kis_terminal.adapters.simulator.handlers.ranking_rows import rank_rows
from kis_terminal.adapters.simulator.history.made_up_day import seed_for, typical_trade
from kis_terminal.adapters.simulator.model import Listing, QuoteSnapshot
from kis_terminal.adapters.simulator.reference.investor_split import parties
from kis_terminal.adapters.simulator.reference.price_history import streaks
from kis_terminal.adapters.simulator.serving.calls import Call
from kis_terminal.adapters.simulator.wire.answers import Answer, quote_answer
from kis_terminal.adapters.simulator.wire.columns import sign_code, signed
from kis_terminal.adapters.simulator.wire.formats import HUNDRED_MILLION, clock_text, day_text, rate, ratio

_PRINTS = 60
"""How many of a name's last prints are searched for large trades."""
_OWN_PART = 0.11
"""How much of all trading goes through the broker whose clients we are (당사)."""

_FLUCTUATION = """\
stck_shrn_iscd data_rank hts_kor_isnm stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol stck_hgpr
hgpr_hour acml_hgpr_date stck_lwpr lwpr_hour acml_lwpr_date lwpr_vrss_prpr_rate
dsgt_date_clpr_vrss_prpr_rate cnnt_ascn_dynu hgpr_vrss_prpr_rate cnnt_down_dynu oprc_vrss_prpr_sign
oprc_vrss_prpr oprc_vrss_prpr_rate prd_rsfl prd_rsfl_rate
"""
_MARKET_CAP = """\
mksc_shrn_iscd data_rank hts_kor_isnm stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol lstn_stcn
stck_avls mrkt_whol_avls_rlim
"""
_QUOTE_BALANCE = """\
mksc_shrn_iscd data_rank hts_kor_isnm stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol
total_askp_rsqn total_bidp_rsqn total_ntsl_bidp_rsqn shnu_rsqn_rate seln_rsqn_rate
"""
_VOLUME_POWER = """\
stck_shrn_iscd data_rank hts_kor_isnm stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol tday_rltv
seln_cnqn_smtn shnu_cnqn_smtn
"""
_TOP_INTEREST = """\
mrkt_div_cls_name mksc_shrn_iscd hts_kor_isnm stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt acml_vol
acml_tr_pbmn askp bidp data_rank inter_issu_reg_csnu
"""
_BULK = """\
mksc_shrn_iscd data_rank hts_kor_isnm stck_prpr prdy_vrss_sign prdy_vrss prdy_ctrt acml_vol shnu_cntg_csnu
seln_cntg_csnu ntby_cnqn
"""
_BY_COMPANY = """\
data_rank mksc_shrn_iscd hts_kor_isnm stck_prpr prdy_vrss_sign prdy_vrss prdy_ctrt acml_vol acml_tr_pbmn
seln_cnqn_smtn shnu_cnqn_smtn ntby_cnqn
"""
_EXPECTED = """\
stck_shrn_iscd hts_kor_isnm stck_prpr prdy_vrss prdy_vrss_sign prdy_ctrt stck_sdpr seln_rsqn askp bidp
shnu_rsqn cntg_vol antc_tr_pbmn total_askp_rsqn total_bidp_rsqn
"""
_PREFERRED = """\
mksc_shrn_iscd data_rank hts_kor_isnm stck_prpr prdy_vrss prdy_vrss_sign acml_vol prst_iscd prst_kor_isnm
prst_prpr prst_prdy_vrss prst_prdy_vrss_sign prst_acml_vol diff_prpr dprt prdy_ctrt prst_prdy_ctrt
"""
_LIMITS = """\
mksc_shrn_iscd hts_kor_isnm stck_prpr prdy_vrss_sign prdy_vrss prdy_ctrt acml_vol total_askp_rsqn
total_bidp_rsqn askp_rsqn1 bidp_rsqn1 prdy_vol seln_cnqn shnu_cnqn stck_llam stck_mxpr prdy_vrss_vol_rate
"""


def fluctuation(call: Call) -> Answer:
    """Answer FHPST01700000: by change since the previous close, or since the opening."""
    lowest, highest = decimal(call, "FID_RSFL_RATE1"), decimal(call, "FID_RSFL_RATE2")
    sort = call.text("FID_RANK_SORT_CLS_CODE")
    # A sharper word for the five sorts: since when, and which end comes first.
    since: Callable[[Pair], float] = (lambda pair: _since_open(pair[1])) if sort in ("2", "3") else _change
    pairs = [
        pair
        for pair in chosen(call)
        if (lowest is None or since(pair) >= lowest) and (not highest or since(pair) <= highest)
    ]
    if sort == "4":
        pairs = ranked(pairs, lambda pair: ratio(pair[1].high - pair[1].low, pair[1].base))
    else:
        pairs = ranked(pairs, since, descending=sort not in ("1", "3"))
    exchange = call.venue.exchange

    def own(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
        rising, falling = streaks(exchange, listing.symbol)
        today = day_text(quote.time.date())
        return {
            "stck_hgpr": str(quote.high),
            "hgpr_hour": clock_text(quote.high_time),
            "acml_hgpr_date": today,
            "stck_lwpr": str(quote.low),
            "lwpr_hour": clock_text(quote.low_time),
            "acml_lwpr_date": today,
            "lwpr_vrss_prpr_rate": rate(ratio(quote.last - quote.low, quote.low)),
            "dsgt_date_clpr_vrss_prpr_rate": rate(quote.change_rate),
            "cnnt_ascn_dynu": str(rising),
            "hgpr_vrss_prpr_rate": rate(ratio(quote.last - quote.high, quote.high)),
            "cnnt_down_dynu": str(falling),
            "oprc_vrss_prpr_sign": sign_code(quote.last - quote.open if quote.open else 0),
            "oprc_vrss_prpr": str(quote.last - quote.open if quote.open else 0),
            "oprc_vrss_prpr_rate": rate(_since_open(quote)),
            "prd_rsfl": str(quote.change),
            "prd_rsfl_rate": rate(quote.change_rate),
        }

    return quote_answer(output=rank_rows(_FLUCTUATION, pairs, own))


def market_cap(call: Call) -> Answer:
    """Answer FHPST01740000: by what all shares are worth (hundreds of millions of won)."""
    exchange = call.venue.exchange
    whole = sum(
        listing.listed_shares * exchange.quote(listing.symbol).last
        for listing in exchange.listings()
        if listing.kind == "stock"
    )
    pairs = ranked(chosen(call, stocks_only=True), lambda pair: pair[0].listed_shares * pair[1].last)

    def own(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
        worth = listing.listed_shares * quote.last
        return {
            "lstn_stcn": str(listing.listed_shares),
            "stck_avls": str(worth // HUNDRED_MILLION),
            "mrkt_whol_avls_rlim": rate(ratio(worth, whole)),
        }

    return quote_answer(output=rank_rows(_MARKET_CAP, pairs, own))


def quote_balance(call: Call) -> Answer:
    """Answer FHPST01720000: by what waits in the books."""
    sort = call.text("FID_RANK_SORT_CLS_CODE")
    keys: dict[str, Callable[[Pair], float]] = {
        "1": lambda pair: pair[1].total_ask_size - pair[1].total_bid_size,
        "2": lambda pair: ratio(pair[1].total_bid_size, pair[1].total_ask_size),
        "3": lambda pair: ratio(pair[1].total_ask_size, pair[1].total_bid_size),
    }
    pairs = ranked(chosen(call), keys.get(sort, lambda pair: pair[1].total_bid_size - pair[1].total_ask_size))
    return quote_answer(
        output=rank_rows(
            _QUOTE_BALANCE,
            pairs,
            lambda listing, quote: {
                "total_ntsl_bidp_rsqn": str(quote.total_bid_size - quote.total_ask_size),
                "shnu_rsqn_rate": rate(ratio(quote.total_bid_size, quote.total_ask_size)),
                "seln_rsqn_rate": rate(ratio(quote.total_ask_size, quote.total_bid_size)),
            },
        )
    )


def volume_power(call: Call) -> Answer:
    """Answer FHPST01680000: by bought over sold volume (체결강도)."""
    pairs = ranked(chosen(call), lambda pair: pair[1].strength)
    return quote_answer(
        output=rank_rows(
            _VOLUME_POWER,
            pairs,
            lambda listing, quote: {
                "tday_rltv": rate(quote.strength),
                "seln_cnqn_smtn": str(quote.sell_volume),
                "shnu_cnqn_smtn": str(quote.buy_volume),
            },
        )
    )


def top_interest_stock(call: Call) -> Answer:
    """Answer FHPST01800000: by how many people keep a name in their watch list, which follows turnover."""
    seed = call.venue.exchange.seed
    pairs = ranked(chosen(call), lambda pair: _watchers(pair[0], seed))
    first = max(call.whole_number("FID_INPUT_CNT_1"), 1)
    rows = rank_rows(
        _TOP_INTEREST,
        pairs,
        lambda listing, quote: {
            "mrkt_div_cls_name": "코스피" if listing.market == "KOSPI" else "코스닥",
            "inter_issu_reg_csnu": str(_watchers(listing, seed)),
        },
    )
    return quote_answer(output=rows[first - 1 :])


def hts_top_view(call: Call) -> Answer:
    """Answer HHMCM000100C0: the twenty names most looked at, which are those that move and trade most."""
    exchange = call.venue.exchange
    pairs = [(listing, exchange.quote(listing.symbol)) for listing in exchange.listings()]
    pairs.sort(key=lambda pair: pair[1].turnover * (0.5 + abs(pair[1].change_rate)), reverse=True)
    return quote_answer(
        output1=[
            {
                "mrkt_div_cls_code": "J" if listing.market == "KOSPI" else "Q",
                "mksc_shrn_iscd": listing.symbol,
            }
            for listing, _ in pairs[:20]
        ]
    )


def bulk_trans_num(call: Call) -> Answer:
    """Answer FHKST190900C0: by the number of large trades among the last sixty prints.

    Large is what FID_APLY_RANG_PRC_1 says in won, else ten times the name's usual trade.
    """
    exchange = call.venue.exchange
    least = decimal(call, "FID_APLY_RANG_PRC_1") or 0.0
    counts: dict[str, tuple[int, int, int]] = {}
    pairs = chosen(call)
    for listing, _ in pairs:
        large = least or 10 * typical_trade(listing) * listing.base_price
        bought = sold = net = 0
        for printed in exchange.recent_trades(listing.symbol, _PRINTS):
            if printed.price * printed.quantity < large:
                continue
            if printed.aggressor == "buy":
                bought, net = bought + 1, net + printed.quantity
            else:
                sold, net = sold + 1, net - printed.quantity
        counts[listing.symbol] = (bought, sold, net)
    place = 1 if call.text("FID_RANK_SORT_CLS_CODE") == "1" else 0
    shown = ranked(pairs, lambda pair: counts[pair[0].symbol][place])

    def own(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
        bought, sold, net = counts[listing.symbol]
        return {"shnu_cntg_csnu": str(bought), "seln_cntg_csnu": str(sold), "ntby_cnqn": str(net)}

    return quote_answer(output=rank_rows(_BULK, shown, own))


def traded_by_company(call: Call) -> Answer:
    """Answer FHPST01860000: by what this broker's clients, private persons for the most part, traded."""
    exchange = call.venue.exchange
    traded: dict[str, tuple[int, int]] = {}
    pairs = chosen(call)
    for listing, _ in pairs:
        person = parties(listing, exchange.today_bar(listing.symbol), exchange.seed)["prsn"]
        traded[listing.symbol] = (int(person.bought * _OWN_PART), int(person.sold * _OWN_PART))
    place = 0 if call.text("FID_RANK_SORT_CLS_CODE") == "1" else 1
    shown = ranked(pairs, lambda pair: traded[pair[0].symbol][place])

    def own(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
        bought, sold = traded[listing.symbol]
        return {"shnu_cnqn_smtn": str(bought), "seln_cnqn_smtn": str(sold), "ntby_cnqn": str(bought - sold)}

    return quote_answer(output=rank_rows(_BY_COMPANY, shown, own))


def exp_trans_updown(call: Call) -> Answer:
    """Answer FHPST01820000: by what running auctions would do; nothing while nobody is in one."""
    exchange = call.venue.exchange
    books = {}
    pairs = []
    for listing, quote in chosen(call):
        book = exchange.book(listing.symbol)
        if book.expected_price:
            books[listing.symbol] = book
            pairs.append((listing, quote))
    sort = call.text("FID_RANK_SORT_CLS_CODE")

    def gap(pair: Pair) -> int:
        return books[pair[0].symbol].expected_price - pair[1].base

    keys: dict[str, Callable[[Pair], float]] = {
        "1": gap,
        "2": lambda pair: -abs(gap(pair)),
        "4": lambda pair: -gap(pair),
        "5": lambda pair: books[pair[0].symbol].expected_quantity,
        "6": lambda pair: books[pair[0].symbol].expected_quantity * books[pair[0].symbol].expected_price,
        "3": lambda pair: -ratio(gap(pair), pair[1].base),
    }
    pairs = ranked(pairs, keys.get(sort, lambda pair: ratio(gap(pair), pair[1].base)))

    def own(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
        book = books[listing.symbol]
        change = book.expected_price - quote.base
        return {
            "stck_prpr": str(book.expected_price),
            "prdy_vrss": str(change),
            "prdy_vrss_sign": sign_code(change),
            "prdy_ctrt": signed(ratio(change, quote.base)),
            "seln_rsqn": str(quote.ask_size),
            "shnu_rsqn": str(quote.bid_size),
            "cntg_vol": str(book.expected_quantity),
            "antc_tr_pbmn": str(book.expected_quantity * book.expected_price),
        }

    return quote_answer(output=rank_rows(_EXPECTED, pairs, own))


def prefer_disparate_ratio(call: Call) -> Answer:
    """Answer FHPST01770000: preferred shares by how far they stand below the common ones."""
    exchange = call.venue.exchange
    commons = [pair for pair in chosen(call, stocks_only=True) if not is_preferred(pair[0])]
    found: dict[str, tuple[Listing, QuoteSnapshot]] = {}
    for listing in exchange.listings():
        if is_preferred(listing):
            found[f"{listing.symbol[:5]}0"] = (listing, exchange.quote(listing.symbol))
    pairs = ranked(
        [pair for pair in commons if pair[0].symbol in found],
        lambda pair: ratio(pair[1].last - found[pair[0].symbol][1].last, pair[1].last),
    )

    def own(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
        other, price = found[listing.symbol]
        return {
            "prst_iscd": other.symbol,
            "prst_kor_isnm": other.name,
            "prst_prpr": str(price.last),
            "prst_prdy_vrss": str(price.change),
            "prst_prdy_vrss_sign": price.sign,
            "prst_acml_vol": str(price.volume),
            "diff_prpr": str(quote.last - price.last),
            "dprt": rate(ratio(quote.last - price.last, quote.last)),
            "prst_prdy_ctrt": rate(price.change_rate),
        }

    return quote_answer(output=rank_rows(_PREFERRED, pairs, own))


def capture_uplowprice(call: Call) -> Answer:
    """Answer FHKST130000C0: names at their limit, or near it (FID_DIV_CLS_CODE 0; 8, 15, 20, 25 percent)."""
    wants_lower = call.text("FID_PRC_CLS_CODE") == "1"
    near = {"1": 0.08, "2": 0.15, "3": 0.20, "4": 0.25}.get(call.text("FID_DIV_CLS_CODE"))
    pairs = []
    for listing, quote in chosen(_without_class(call)):
        risen = quote.change_rate / 100 * (-1 if wants_lower else 1)
        at_limit = quote.last <= quote.lower_limit if wants_lower else quote.last >= quote.upper_limit
        if at_limit if near is None else risen >= near:
            pairs.append((listing, quote))
    shown = ranked(pairs, _change, descending=not wants_lower)
    return quote_answer(
        output=rank_rows(
            _LIMITS,
            shown,
            lambda listing, quote: {
                "seln_cnqn": str(quote.sell_volume),
                "shnu_cnqn": str(quote.buy_volume),
            },
        )
    )


def _without_class(call: Call) -> Call:
    """Return the call without FID_DIV_CLS_CODE, which does not tell the kind of share here."""
    parameters = {name: value for name, value in call.parameters.items() if name != "FID_DIV_CLS_CODE"}
    return Call(
        call.venue, call.personality, call.transaction, parameters, call.appkey, call.tr_cont, call.now
    )


def _change(pair: Pair) -> float:
    return pair[1].change_rate


def _since_open(quote: QuoteSnapshot) -> float:
    return ratio(quote.last - quote.open, quote.open) if quote.open else 0.0


def _watchers(listing: Listing, seed: int) -> int:
    usual = listing.average_volume * listing.base_price // 20_000_000
    return 500 + usual + seed_for(seed, listing.symbol, "watchers") % (500 + usual // 4)
