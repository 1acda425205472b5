"""Fill the columns that rankings share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kis_terminal.adapters.simulator.handlers.ranking_filters import Pair
from kis_terminal.adapters.simulator.model import Listing, QuoteSnapshot
from kis_terminal.adapters.simulator.wire.columns import arrange
from kis_terminal.adapters.simulator.wire.formats import rate, ratio


def common_columns(listing: Listing, quote: QuoteSnapshot) -> dict[str, str]:
    """Return code, name, price, change, volume and best prices of one name."""
    return {
        "stck_shrn_iscd": listing.symbol,
        "mksc_shrn_iscd": listing.symbol,
        "hts_kor_isnm": listing.name,
        "stck_prpr": str(quote.last),
        "prdy_vrss": str(quote.change),
        "prdy_vrss_sign": quote.sign,
        "prdy_ctrt": rate(quote.change_rate),
        "acml_vol": str(quote.volume),
        "acml_tr_pbmn": str(quote.turnover),
        "prdy_vol": str(quote.prev_volume),
        "prdy_vrss_vol_rate": rate(ratio(quote.volume, quote.prev_volume)),
        "stck_sdpr": str(quote.base),
        "stck_mxpr": str(quote.upper_limit),
        "stck_llam": str(quote.lower_limit),
        "askp": str(quote.ask_price),
        "bidp": str(quote.bid_price),
        "askp_rsqn1": str(quote.ask_size),
        "bidp_rsqn1": str(quote.bid_size),
        "total_askp_rsqn": str(quote.total_ask_size),
        "total_bidp_rsqn": str(quote.total_bid_size),
        "iscd_stat_cls_code": "58" if quote.is_halted else "55",
    }


def rank_rows(
    columns: str, pairs: Sequence[Pair], own: Callable[[Listing, QuoteSnapshot], Mapping[str, str]]
) -> list[dict[str, str]]:
    """Return a ranking's rows, numbered from 1; `own` gives what is special to it."""
    return [
        arrange(
            columns,
            {**common_columns(listing, quote), "data_rank": str(number), **own(listing, quote)},
        )
        for number, (listing, quote) in enumerate(pairs, start=1)
    ]
