"""Name the calls whose answers are reckoned on demand: rankings, investors, indices, markets abroad, futures.

A row: TR id (+ where paper has it too), path, required parameters (a dot stands for FID_). The function is
named as the path's last part; its module is loaded at the first call, so that the exchange opens fast.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from kis_terminal.adapters.simulator.serving.calls import Call, Endpoint, Handler, Transaction
from kis_terminal.adapters.simulator.wire.answers import Answer

_PACKAGE = "kis_terminal.adapters.simulator"
_ROWS: Mapping[str, str] = MappingProxyType(
    {
        "handlers.rankings": """
FHPST01700000 /uapi/domestic-stock/v1/ranking/fluctuation .RSFL_RATE2 .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .RANK_SORT_CLS_CODE .INPUT_CNT_1 .PRC_CLS_CODE .INPUT_PRICE_1
  .INPUT_PRICE_2 .VOL_CNT .TRGT_CLS_CODE .TRGT_EXLS_CLS_CODE .DIV_CLS_CODE .RSFL_RATE1
FHPST01740000 /uapi/domestic-stock/v1/ranking/market-cap .INPUT_PRICE_2 .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .DIV_CLS_CODE .INPUT_ISCD .TRGT_CLS_CODE .TRGT_EXLS_CLS_CODE .INPUT_PRICE_1 .VOL_CNT
FHPST01720000 /uapi/domestic-stock/v1/ranking/quote-balance .VOL_CNT .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .RANK_SORT_CLS_CODE .DIV_CLS_CODE .TRGT_CLS_CODE .TRGT_EXLS_CLS_CODE
  .INPUT_PRICE_1 .INPUT_PRICE_2
FHPST01680000 /uapi/domestic-stock/v1/ranking/volume-power .TRGT_EXLS_CLS_CODE .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .DIV_CLS_CODE .INPUT_PRICE_1 .INPUT_PRICE_2 .VOL_CNT .TRGT_CLS_CODE
FHPST01800000 /uapi/domestic-stock/v1/ranking/top-interest-stock .INPUT_ISCD_2 .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .TRGT_CLS_CODE .TRGT_EXLS_CLS_CODE .INPUT_PRICE_1 .INPUT_PRICE_2 .VOL_CNT
  .DIV_CLS_CODE .INPUT_CNT_1
HHMCM000100C0 /uapi/domestic-stock/v1/ranking/hts-top-view
FHKST190900C0 /uapi/domestic-stock/v1/ranking/bulk-trans-num .APLY_RANG_PRC_2 .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .RANK_SORT_CLS_CODE .DIV_CLS_CODE .INPUT_PRICE_1 .APLY_RANG_PRC_1
  .INPUT_ISCD_2 .TRGT_EXLS_CLS_CODE .TRGT_CLS_CODE .VOL_CNT
FHPST01860000 /uapi/domestic-stock/v1/ranking/traded-by-company .TRGT_EXLS_CLS_CODE .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .DIV_CLS_CODE .RANK_SORT_CLS_CODE .INPUT_DATE_1 .INPUT_DATE_2 .INPUT_ISCD
  .TRGT_CLS_CODE .APLY_RANG_VOL .APLY_RANG_PRC_2 .APLY_RANG_PRC_1
FHPST01820000 /uapi/domestic-stock/v1/ranking/exp-trans-updown .RANK_SORT_CLS_CODE .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .DIV_CLS_CODE .APLY_RANG_PRC_1 .VOL_CNT .PBMN .BLNG_CLS_CODE
  .MKOP_CLS_CODE
FHPST01770000 /uapi/domestic-stock/v1/ranking/prefer-disparate-ratio .VOL_CNT .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .DIV_CLS_CODE .INPUT_ISCD .TRGT_CLS_CODE .TRGT_EXLS_CLS_CODE .INPUT_PRICE_1
  .INPUT_PRICE_2
FHKST130000C0 /uapi/domestic-stock/v1/quotations/capture-uplowprice .COND_MRKT_DIV_CODE .COND_SCR_DIV_CODE
  .PRC_CLS_CODE .DIV_CLS_CODE .INPUT_ISCD
""",
        "handlers.rankings_deep": """
FHPST01870000 /uapi/domestic-stock/v1/ranking/near-new-highlow .APLY_RANG_VOL .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .DIV_CLS_CODE .INPUT_CNT_1 .INPUT_CNT_2 .PRC_CLS_CODE .INPUT_ISCD .TRGT_CLS_CODE
  .TRGT_EXLS_CLS_CODE .APLY_RANG_PRC_1 .APLY_RANG_PRC_2
FHPST01780000 /uapi/domestic-stock/v1/ranking/disparity .INPUT_PRICE_2 .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .DIV_CLS_CODE .RANK_SORT_CLS_CODE .HOUR_CLS_CODE .INPUT_ISCD .TRGT_CLS_CODE
  .TRGT_EXLS_CLS_CODE .INPUT_PRICE_1 .VOL_CNT
FHPST02350000 /uapi/domestic-stock/v1/ranking/overtime-volume .COND_MRKT_DIV_CODE .COND_SCR_DIV_CODE
  .INPUT_ISCD .RANK_SORT_CLS_CODE .INPUT_PRICE_1 .INPUT_PRICE_2 .VOL_CNT .TRGT_CLS_CODE
  .TRGT_EXLS_CLS_CODE
FHPST02340000 /uapi/domestic-stock/v1/ranking/overtime-fluctuation .COND_MRKT_DIV_CODE .MRKT_CLS_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .DIV_CLS_CODE .INPUT_PRICE_1 .INPUT_PRICE_2 .VOL_CNT .TRGT_CLS_CODE
  .TRGT_EXLS_CLS_CODE
FHKST11860000 /uapi/domestic-stock/v1/ranking/overtime-exp-trans-fluct .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .RANK_SORT_CLS_CODE .DIV_CLS_CODE
FHKST17010000 /uapi/domestic-stock/v1/ranking/credit-balance .COND_SCR_DIV_CODE .INPUT_ISCD .OPTION
  .COND_MRKT_DIV_CODE .RANK_SORT_CLS_CODE
FHPST04820000 /uapi/domestic-stock/v1/ranking/short-sale .APLY_RANG_VOL .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .PERIOD_DIV_CODE .INPUT_CNT_1 .TRGT_EXLS_CLS_CODE .TRGT_CLS_CODE
  .APLY_RANG_PRC_1 .APLY_RANG_PRC_2
FHPST01790000 /uapi/domestic-stock/v1/ranking/market-value .TRGT_CLS_CODE .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .DIV_CLS_CODE .INPUT_PRICE_1 .INPUT_PRICE_2 .VOL_CNT .INPUT_OPTION_1
  .INPUT_OPTION_2 .RANK_SORT_CLS_CODE .BLNG_CLS_CODE .TRGT_EXLS_CLS_CODE
""",
        "handlers.investors": """
FHPTJ04030000 /uapi/domestic-stock/v1/quotations/inquire-investor-time-by-market .INPUT_ISCD .INPUT_ISCD_2
FHPTJ04040000 /uapi/domestic-stock/v1/quotations/inquire-investor-daily-by-market .COND_MRKT_DIV_CODE
  .INPUT_ISCD .INPUT_DATE_1 .INPUT_ISCD_1 .INPUT_DATE_2 .INPUT_ISCD_2
FHPTJ04400000 /uapi/domestic-stock/v1/quotations/foreign-institution-total .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .DIV_CLS_CODE .RANK_SORT_CLS_CODE .ETC_CLS_CODE
FHPTJ04160001 /uapi/domestic-stock/v1/quotations/investor-trade-by-stock-daily .COND_MRKT_DIV_CODE
  .INPUT_ISCD .INPUT_DATE_1 .ORG_ADJ_PRC .ETC_CLS_CODE
HHPTJ04160200 /uapi/domestic-stock/v1/quotations/investor-trend-estimate MKSC_SHRN_ISCD
""",
        "handlers.programs": """
FHPPG04650101 /uapi/domestic-stock/v1/quotations/program-trade-by-stock .COND_MRKT_DIV_CODE .INPUT_ISCD
FHPPG04650201 /uapi/domestic-stock/v1/quotations/program-trade-by-stock-daily .COND_MRKT_DIV_CODE
  .INPUT_ISCD .INPUT_DATE_1
FHPPG04600101 /uapi/domestic-stock/v1/quotations/comp-program-trade-today .COND_MRKT_DIV_CODE
  .MRKT_CLS_CODE
FHPPG04600001 /uapi/domestic-stock/v1/quotations/comp-program-trade-daily .COND_MRKT_DIV_CODE
  .MRKT_CLS_CODE
HHPPG046600C1 /uapi/domestic-stock/v1/quotations/investor-program-trade-today EXCH_DIV_CLS_CODE
  MRKT_DIV_CLS_CODE
""",
        "handlers.members": """
FHKST01010600+ /uapi/domestic-stock/v1/quotations/inquire-member .COND_MRKT_DIV_CODE .INPUT_ISCD
FHPST04540000 /uapi/domestic-stock/v1/quotations/inquire-member-daily .COND_MRKT_DIV_CODE .INPUT_ISCD
  .INPUT_ISCD_2 .INPUT_DATE_1 .INPUT_DATE_2
FHKST644100C0 /uapi/domestic-stock/v1/quotations/frgnmem-trade-estimate .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .RANK_SORT_CLS_CODE .RANK_SORT_CLS_CODE_2
FHPST04320000 /uapi/domestic-stock/v1/quotations/frgnmem-trade-trend .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .INPUT_ISCD .INPUT_ISCD_2 .MRKT_CLS_CODE .VOL_CNT
FHKST644400C0 /uapi/domestic-stock/v1/quotations/frgnmem-pchs-trend .INPUT_ISCD .INPUT_ISCD_2
  .COND_MRKT_DIV_CODE
""",
        "handlers.incidents": """
FHPST01390000 /uapi/domestic-stock/v1/quotations/inquire-vi-status .DIV_CLS_CODE .COND_SCR_DIV_CODE
  .MRKT_CLS_CODE .INPUT_ISCD .RANK_SORT_CLS_CODE .INPUT_DATE_1 .TRGT_CLS_CODE .TRGT_EXLS_CLS_CODE
FHKST01011800 /uapi/domestic-stock/v1/quotations/news-title .NEWS_OFER_ENTP_CODE .COND_MRKT_CLS_CODE
  .INPUT_ISCD .TITL_CNTT .INPUT_DATE_1 .INPUT_HOUR_1 .RANK_SORT_CLS_CODE .INPUT_SRNO
""",
        "handlers.indices": """
FHPUP02100000 /uapi/domestic-stock/v1/quotations/inquire-index-price .COND_MRKT_DIV_CODE .INPUT_ISCD
FHPUP02140000 /uapi/domestic-stock/v1/quotations/inquire-index-category-price .COND_MRKT_DIV_CODE
  .INPUT_ISCD .COND_SCR_DIV_CODE .MRKT_CLS_CODE .BLNG_CLS_CODE
FHPUP02110100 /uapi/domestic-stock/v1/quotations/inquire-index-tickprice .INPUT_ISCD .COND_MRKT_DIV_CODE
FHPUP02110200 /uapi/domestic-stock/v1/quotations/inquire-index-timeprice .INPUT_HOUR_1 .INPUT_ISCD
  .COND_MRKT_DIV_CODE
FHKUP03500100+ /uapi/domestic-stock/v1/quotations/inquire-daily-indexchartprice .COND_MRKT_DIV_CODE
  .INPUT_ISCD .INPUT_DATE_1 .INPUT_DATE_2 .PERIOD_DIV_CODE
FHKUP03500200 /uapi/domestic-stock/v1/quotations/inquire-time-indexchartprice .COND_MRKT_DIV_CODE
  .ETC_CLS_CODE .INPUT_ISCD .INPUT_HOUR_1 .PW_DATA_INCU_YN
FHPUP02120000 /uapi/domestic-stock/v1/quotations/inquire-index-daily-price .PERIOD_DIV_CODE
  .COND_MRKT_DIV_CODE .INPUT_ISCD .INPUT_DATE_1
""",
        "abroad.handlers_quotes": """
HHDFS00000300+ /uapi/overseas-price/v1/quotations/price AUTH EXCD SYMB
HHDFS76200200 /uapi/overseas-price/v1/quotations/price-detail AUTH EXCD SYMB
HHDFS76200100 /uapi/overseas-price/v1/quotations/inquire-asking-price AUTH EXCD SYMB
HHDFS76200300 /uapi/overseas-price/v1/quotations/inquire-ccnl EXCD TDAY SYMB
""",
        "abroad.handlers_sheets": """
CTPF1702R /uapi/overseas-price/v1/quotations/search-info PRDT_TYPE_CD PDNO
HHDFS76410000+ /uapi/overseas-price/v1/quotations/inquire-search AUTH EXCD
CTOS5011R /uapi/overseas-stock/v1/quotations/countries-holiday TRAD_DT
""",
        "abroad.handlers_charts": """
HHDFS76240000+ /uapi/overseas-price/v1/quotations/dailyprice AUTH EXCD SYMB GUBN BYMD MODP
FHKST03030100+ /uapi/overseas-price/v1/quotations/inquire-daily-chartprice .COND_MRKT_DIV_CODE .INPUT_ISCD
  .INPUT_DATE_1 .INPUT_DATE_2 .PERIOD_DIV_CODE
HHDFS76950200 /uapi/overseas-price/v1/quotations/inquire-time-itemchartprice AUTH EXCD SYMB NMIN PINC NEXT
  NREC FILL KEYB
FHKST03030200 /uapi/overseas-price/v1/quotations/inquire-time-indexchartprice .COND_MRKT_DIV_CODE
  .INPUT_ISCD .HOUR_CLS_CODE .PW_DATA_INCU_YN
""",
        "derivatives.handlers_quotes": """
FHMIF10000000+ /uapi/domestic-futureoption/v1/quotations/inquire-price .COND_MRKT_DIV_CODE .INPUT_ISCD
FHMIF10010000+ /uapi/domestic-futureoption/v1/quotations/inquire-asking-price .COND_MRKT_DIV_CODE
  .INPUT_ISCD
FHPIF05030000 /uapi/domestic-futureoption/v1/quotations/display-board-top .COND_MRKT_DIV_CODE .INPUT_ISCD
FHPIF05030200 /uapi/domestic-futureoption/v1/quotations/display-board-futures .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .COND_MRKT_CLS_CODE
FHPIO056104C0 /uapi/domestic-futureoption/v1/quotations/display-board-option-list .COND_SCR_DIV_CODE
FHPIF05030100 /uapi/domestic-futureoption/v1/quotations/display-board-callput .COND_MRKT_DIV_CODE
  .COND_SCR_DIV_CODE .MRKT_CLS_CODE .MTRT_CNT .MRKT_CLS_CODE1
""",
        "derivatives.handlers_charts": """
FHKIF03020100+ /uapi/domestic-futureoption/v1/quotations/inquire-daily-fuopchartprice .COND_MRKT_DIV_CODE
  .INPUT_ISCD .INPUT_DATE_1 .INPUT_DATE_2 .PERIOD_DIV_CODE
FHKIF03020200 /uapi/domestic-futureoption/v1/quotations/inquire-time-fuopchartprice .COND_MRKT_DIV_CODE
  .INPUT_ISCD .HOUR_CLS_CODE .PW_DATA_INCU_YN .FAKE_TICK_INCU_YN .INPUT_DATE_1 .INPUT_HOUR_1
""",
        "handlers.stock_extra": """
FHKST11300006 /uapi/domestic-stock/v1/quotations/intstock-multprice .COND_MRKT_DIV_CODE_1 .INPUT_ISCD_1
FHPST01060000+ /uapi/domestic-stock/v1/quotations/inquire-time-itemconclusion .COND_MRKT_DIV_CODE
  .INPUT_ISCD .INPUT_HOUR_1
FHPST01010000 /uapi/domestic-stock/v1/quotations/inquire-price-2 .COND_MRKT_DIV_CODE .INPUT_ISCD
FHKST03010800 /uapi/domestic-stock/v1/quotations/inquire-daily-trade-volume .COND_MRKT_DIV_CODE
  .INPUT_ISCD .PERIOD_DIV_CODE
""",
    }
)
"""By module."""


def _handler(module: str, path: str) -> Handler:
    name = path.rpartition("/")[2].replace("-", "_")

    def answer(call: Call) -> Answer:
        found: Answer = getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)(call)
        return found

    return answer


def _endpoints() -> Iterator[Endpoint]:
    for module, text in _ROWS.items():
        for row in text.replace("\n  ", " ").strip().split("\n"):
            tr_id, path, *names = row.split()
            real = tr_id.rstrip("+")
            required = tuple(f"FID_{name[1:]}" if name.startswith(".") else name for name in names)
            transaction = Transaction(real, real if tr_id.endswith("+") else None)
            yield Endpoint("GET", path, (transaction,), required, _handler(module, path))


ENDPOINTS: tuple[Endpoint, ...] = tuple(_endpoints())
