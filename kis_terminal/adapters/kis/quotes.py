"""Quotes, order book, prints, investors and rankings by REST.

Source: KIS workbook 2026-06-03, sheets of FHKST01010100, FHKST01010200, FHKST01010300, FHKST01010900,
FHPST01710000 and CTCA0903R; checked 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from kis_terminal.adapters.kis.answers import Answer
from kis_terminal.adapters.kis.client import KisClient
from kis_terminal.adapters.kis.fields import Row, day_text
from kis_terminal.adapters.kis.rate_limit import Priority
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import BrokerAnswerError, CorrectionNeeded
from kis_terminal.domain.market import InvestorDay, OrderBook, Quote, RankRow, Tick
from kis_terminal.domain.sentences import Sentence

_KRX = "J"
_HALTED = "58"
_NO_EXPECTATION = frozenset({"", "0", "00", "000", "112", "129"})
"""antc_mkop_cls_code outside auctions: none, the expected-price phase ended, the market closed."""
_ZERO = Decimal(0)


class Quotes:
    """Market data of one symbol, asked for."""

    def __init__(self, client: KisClient) -> None:
        self._client = client
        self._open_days: dict[date, bool] = {}

    async def quote(self, symbol: str) -> Quote:
        """Return the day's figures (inquire-price)."""
        answer = await self._ask("inquire_price", symbol)
        return read_quote(symbol, answer.record("output"))

    async def order_book(self, symbol: str) -> OrderBook:
        """Return ten asks and ten bids (inquire-asking-price-exp-ccn)."""
        answer = await self._ask("inquire_asking_price_exp_ccn", symbol)
        return read_order_book(symbol, answer.record("output1"), answer.record("output2"))

    async def recent_ticks(self, symbol: str) -> Sequence[Tick]:
        """Return the last prints of today, oldest first (inquire-ccnl)."""
        answer = await self._ask("inquire_ccnl", symbol)
        return [read_print(symbol, row) for row in reversed(answer.rows("output"))]

    async def investor_days(self, symbol: str) -> Sequence[InvestorDay]:
        """Return net purchases by kind of investor, newest first; a day without figures is left out."""
        answer = await self._ask("inquire_investor", symbol)
        days = [read_investor_day(row) for row in answer.rows("output")]
        return [day for day in days if day is not None]

    async def volume_rank(self) -> Sequence[RankRow]:
        """Return the symbols with the most shares traded, the first first."""
        api = self._client.catalog.api("domestic_stock.volume_rank")
        values = {"FID_COND_MRKT_DIV_CODE": _KRX, "FID_DIV_CLS_CODE": "0", "FID_BLNG_CLS_CODE": "0"}
        values["FID_TRGT_CLS_CODE"] = "111111111"
        answer = await self._client.request(api, values, priority=Priority.QUOTE)
        return [read_rank(row) for row in answer.rows("output")]

    async def is_open_day(self, day: date) -> bool:
        """Tell whether orders can be placed on `day` (chk-holiday; asked once a day, as KIS wishes)."""
        if self._client.access.environment is Environment.PAPER:
            raise CorrectionNeeded(Sentence("휴장일 조회는 모의투자에서 제공하지 않습니다."))
        if day not in self._open_days:
            api = self._client.catalog.api("domestic_stock.chk_holiday")
            answer = await self._client.request(api, {"BASS_DT": day_text(day)}, priority=Priority.QUOTE)
            for row in answer.rows("output"):
                self._open_days[row.day("bass_dt")] = row.text("opnd_yn") == "Y"
            if day not in self._open_days:
                raise BrokerAnswerError(
                    Sentence(
                        "{source} 응답에 {key}이(가) 없습니다.", source=answer.source, key=day.isoformat()
                    )
                )
        return self._open_days[day]

    async def _ask(self, function: str, symbol: str) -> Answer:
        api = self._client.catalog.api(f"domestic_stock.{function}")
        values = {"FID_COND_MRKT_DIV_CODE": _KRX, "FID_INPUT_ISCD": symbol}
        return await self._client.request(api, values, priority=Priority.QUOTE)


def read_quote(symbol: str, row: Row) -> Quote:
    """Read the record of FHKST01010100."""
    return Quote(
        symbol=symbol,
        price=row.number("stck_prpr"),
        change=row.signed("prdy_vrss", "prdy_vrss_sign"),
        change_rate=row.signed("prdy_ctrt", "prdy_vrss_sign"),
        open=row.number("stck_oprc"),
        high=row.number("stck_hgpr"),
        low=row.number("stck_lwpr"),
        volume=row.integer("acml_vol"),
        turnover=row.integer("acml_tr_pbmn"),
        base_price=row.number("stck_sdpr"),
        upper_limit=row.number("stck_mxpr"),
        lower_limit=row.number("stck_llam"),
        is_halted=row.text("temp_stop_yn") == "Y" or row.text("iscd_stat_cls_code") == _HALTED,
        vi_state=row.text("vi_cls_code") or "N",
        market_name=row.text("rprs_mrkt_kor_name"),
        high_52_weeks=row.positive("w52_hgpr"),
        low_52_weeks=row.positive("w52_lwpr"),
        per=row.optional_number("per"),
        pbr=row.optional_number("pbr"),
    )


def read_order_book(symbol: str, book: Row, expected: Row) -> OrderBook:
    """Read the two records of FHKST01010200; a level that does not exist has price 0 and size 0."""
    levels = range(1, 11)
    is_auction = expected.text("antc_mkop_cls_code") not in _NO_EXPECTATION
    price = expected.positive("antc_cnpr") if is_auction else None
    return OrderBook(
        symbol=symbol,
        seconds=book.seconds("aspr_acpt_hour"),
        ask_prices=tuple(book.optional_number(f"askp{level}") or _ZERO for level in levels),
        ask_sizes=tuple(book.optional_integer(f"askp_rsqn{level}") or 0 for level in levels),
        bid_prices=tuple(book.optional_number(f"bidp{level}") or _ZERO for level in levels),
        bid_sizes=tuple(book.optional_integer(f"bidp_rsqn{level}") or 0 for level in levels),
        total_ask_size=book.integer("total_askp_rsqn"),
        total_bid_size=book.integer("total_bidp_rsqn"),
        expected_price=price,
        expected_size=(expected.optional_integer("antc_vol") or 0) if price is not None else 0,
    )


def read_print(symbol: str, row: Row) -> Tick:
    """Read one row of FHKST01010300; what the list does not tell is zero."""
    return Tick(
        symbol=symbol,
        seconds=row.seconds("stck_cntg_hour"),
        price=row.number("stck_prpr"),
        change=row.signed("prdy_vrss", "prdy_vrss_sign"),
        change_rate=row.signed("prdy_ctrt", "prdy_vrss_sign"),
        size=row.integer("cntg_vol"),
        aggressor=0,
        volume=0,
        turnover=0,
        strength=row.optional_number("tday_rltv") or _ZERO,
        open=_ZERO,
        high=_ZERO,
        low=_ZERO,
        ask=_ZERO,
        bid=_ZERO,
        is_halted=False,
    )


def read_investor_day(row: Row) -> InvestorDay | None:
    """Read one row of FHKST01010900; None for today's row before KIS has the figures (15:40)."""
    individual = row.optional_integer("prsn_ntby_qty")
    foreign = row.optional_integer("frgn_ntby_qty")
    institution = row.optional_integer("orgn_ntby_qty")
    if individual is None or foreign is None or institution is None:
        return None
    return InvestorDay(row.day("stck_bsop_date"), row.number("stck_clpr"), individual, foreign, institution)


def read_rank(row: Row) -> RankRow:
    """Read one row of FHPST01710000."""
    return RankRow(
        rank=row.integer("data_rank"),
        symbol=row.text("mksc_shrn_iscd"),
        name=row.text("hts_kor_isnm"),
        price=row.number("stck_prpr"),
        change=row.signed("prdy_vrss", "prdy_vrss_sign"),
        change_rate=row.signed("prdy_ctrt", "prdy_vrss_sign"),
        volume=row.integer("acml_vol"),
        turnover=row.integer("acml_tr_pbmn"),
    )
