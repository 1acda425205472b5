"""What the protocol notes (2026-11-22) say beyond, or against, the lists; read by build_catalog.py."""

from __future__ import annotations

NOTES = "protocol notes"
WORKBOOK = "API workbook"
EXAMPLES = "official examples"

# Calls that only the workbook or the notes have: path -> our id.
NEW_IDS = {
    "/oauth2/revokeP": "auth.auth_revoke",
    "/uapi/etfetn/v1/quotations/inquire-asking-price": "etfetn.inquire_asking_price",
    "/uapi/domestic-futureoption/v1/quotations/margin-rate": "domestic_futureoption.margin_rate",
    "/uapi/overseas-price/v1/quotations/multprice": "overseas_stock.multprice",
}

# Request keys whose spelling differs between workbook and example: id -> (example's key, workbook's key).
# The example is running code, the workbook's form is taken for a slip of the pen.
SPELLINGS = {
    "elw.newly_listed": ("FID_BLNG_CLS_CODE", "FID_BLNC_CLS_CODE"),
    "overseas_stock.order_resv_ccnl": ("RSVN_ORD_RCIT_DT", "RSYN_ORD_RCIT_DT"),
    "overseas_stock.new_highlow": ("MINX", "NDAY"),
}

BUY_SELL = {"name": "side", "values": "buy sell"}
AMEND_CANCEL = {"name": "action", "values": "amend cancel"}
RVSE_CNCL = {
    **AMEND_CANCEL,
    "parameter": "RVSE_CNCL_DVSN_CD",
    "codes": {"01": "amend", "02": "cancel"},
}
EXCHANGE = {
    "name": "exchange",
    "values": "NASD NYSE AMEX SEHK SHAA SZAA TKSE HASE VNSE",
    "parameter": "OVRS_EXCG_CD",
}

SELECTORS: dict[str, list[dict[str, object]]] = {
    "domestic_stock.inquire_daily_ccld": [{"name": "period", "values": "recent older", "default": "recent"}],
    "domestic_stock.order_cash": [BUY_SELL],
    "domestic_stock.order_credit": [BUY_SELL],
    "domestic_stock.order_resv_rvsecncl": [AMEND_CANCEL],
    "domestic_stock.pension_inquire_daily_ccld": [{"name": "venue", "values": "all krx", "default": "all"}],
    "domestic_futureoption.order": [{"name": "session", "values": "day night"}],
    "domestic_futureoption.order_rvsecncl": [{"name": "session", "values": "day night"}],
    "overseas_stock.daytime_order": [BUY_SELL],
    "overseas_stock.order": [BUY_SELL, EXCHANGE],
    "overseas_stock.order_rvsecncl": [EXCHANGE, RVSE_CNCL],
    "overseas_stock.order_resv": [{"name": "market", "values": "us asia"}, BUY_SELL],
    "overseas_stock.order_resv_list": [{"name": "market", "values": "us asia"}],
    "overseas_futureoption.order_rvsecncl": [AMEND_CANCEL],
}


def _both(real: str, paper: str | None, **when: str) -> list[dict[str, object]]:
    chosen = {"when": when} if when else {}
    rows: list[dict[str, object]] = [{"id": real, "env": "real", **chosen}]
    if paper is not None:
        rows.append({"id": paper, "env": "paper", **chosen})
    return rows


_US = "NASD NYSE AMEX"
_VIETNAM = "HASE VNSE"

# Sections 5.1 to 5.8 of the notes and the workbook's cells; complete for each id that is named here.
CURRENT_TR_IDS: dict[str, list[dict[str, object]]] = {
    "domestic_stock.order_cash": [
        *_both("TTTC0012U", "VTTC0012U", side="buy"),
        *_both("TTTC0011U", "VTTC0011U", side="sell"),
    ],
    "domestic_stock.order_credit": [
        *_both("TTTC0052U", None, side="buy"),
        *_both("TTTC0051U", None, side="sell"),
    ],
    "domestic_stock.order_resv_rvsecncl": [
        *_both("CTSC0013U", None, action="amend"),
        *_both("CTSC0009U", None, action="cancel"),
    ],
    "domestic_stock.inquire_daily_ccld": [
        *_both("TTTC0081R", "VTTC0081R", period="recent"),
        *_both("CTSC9215R", "VTSC9215R", period="older"),
    ],
    "domestic_stock.pension_inquire_daily_ccld": [
        *_both("TTTC2210R", None, venue="all"),
        *_both("TTTC2201R", None, venue="krx"),
    ],
    "domestic_futureoption.order": [
        *_both("TTTO1101U", "VTTO1101U", session="day"),
        *_both("STTN1101U", None, session="night"),
    ],
    "domestic_futureoption.order_rvsecncl": [
        *_both("TTTO1103U", "VTTO1103U", session="day"),
        *_both("STTN1103U", None, session="night"),
    ],
    "overseas_stock.daytime_order": [
        *_both("TTTS6036U", None, side="buy"),
        *_both("TTTS6037U", None, side="sell"),
    ],
    "overseas_stock.order": [
        *_both("TTTT1002U", "VTTT1002U", side="buy", exchange=_US),
        *_both("TTTS1002U", "VTTS1002U", side="buy", exchange="SEHK"),
        *_both("TTTS0202U", "VTTS0202U", side="buy", exchange="SHAA"),
        *_both("TTTS0305U", "VTTS0305U", side="buy", exchange="SZAA"),
        *_both("TTTS0308U", "VTTS0308U", side="buy", exchange="TKSE"),
        *_both("TTTS0311U", "VTTS0311U", side="buy", exchange=_VIETNAM),
        *_both("TTTT1006U", "VTTT1001U", side="sell", exchange=_US),
        *_both("TTTS1001U", "VTTS1001U", side="sell", exchange="SEHK"),
        *_both("TTTS1005U", "VTTS1005U", side="sell", exchange="SHAA"),
        *_both("TTTS0304U", "VTTS0304U", side="sell", exchange="SZAA"),
        *_both("TTTS0307U", "VTTS0307U", side="sell", exchange="TKSE"),
        *_both("TTTS0310U", "VTTS0310U", side="sell", exchange=_VIETNAM),
    ],
    "overseas_stock.order_rvsecncl": [
        *_both("TTTT1004U", "VTTT1004U", exchange=_US),
        *_both("TTTS1003U", "VTTS1003U", exchange="SEHK"),
        *_both("TTTS0309U", "VTTS0309U", exchange="TKSE"),
        *_both("TTTS0302U", "VTTS0302U", exchange="SHAA", action="cancel"),
        *_both("TTTS0306U", "VTTS0306U", exchange="SZAA", action="cancel"),
        *_both("TTTS0312U", "VTTS0312U", exchange=_VIETNAM, action="cancel"),
    ],
    "overseas_stock.order_resv": [
        *_both("TTTT3014U", "VTTT3014U", market="us", side="buy"),
        *_both("TTTT3016U", "VTTT3016U", market="us", side="sell"),
        *_both("TTTS3013U", "VTTS3013U", market="asia"),
    ],
    "overseas_stock.order_resv_ccnl": _both("TTTT3017U", "VTTT3017U"),
    "overseas_stock.order_resv_list": [
        *_both("TTTT3039R", None, market="us"),
        *_both("TTTS3014R", None, market="asia"),
    ],
    "overseas_futureoption.order_rvsecncl": [
        *_both("OTFM3002U", None, action="amend"),
        *_both("OTFM3003U", None, action="cancel"),
    ],
    "domestic_futureoption.ngt_margin_detail": _both("CTFN7107R", None),
    "domestic_futureoption.inquire_ngt_balance": _both("CTFN6118R", None),
    "domestic_futureoption.inquire_ngt_ccnl": _both("STTN5201R", None),
    "domestic_futureoption.inquire_psbl_ngt_order": _both("STTN5105R", None),
    "overseas_futureoption.inquire_time_optchartprice": _both("HHDFO55020400", None),
}

# Ids that another source gives for the same purpose; never chosen.
ALTERNATIVES: dict[str, list[tuple[str, str, str]]] = {
    "domestic_futureoption.order_rvsecncl": [("TTTN1103U", "real", "official examples, night session")],
    "overseas_stock.order": [("VTTT1006U", "paper", "official examples, US sell")],
    "overseas_futureoption.inquire_time_optchartprice": [("HHDFO55020100", "real", EXAMPLES)],
}
TR_DECISIONS: dict[str, list[list[str]]] = {
    "domestic_stock.pension_inquire_daily_ccld": [["tr_id", "TTTC2210R, TTTC2201R", "TTTC2201R", WORKBOOK]],
    "domestic_futureoption.order_rvsecncl": [["tr_id", "STTN1103U", "TTTN1103U", WORKBOOK]],
    "overseas_stock.order": [["tr_id", "VTTT1001U", "VTTT1006U", NOTES]],
    "overseas_stock.order_rvsecncl": [
        ["tr_id", "an id per exchange", "TTTT1004U, VTTT1004U for all", NOTES],
    ],
    "overseas_futureoption.inquire_time_optchartprice": [
        ["tr_id", "HHDFO55020400", "HHDFO55020100", WORKBOOK],
    ],
}

KINDS = {
    "domestic_stock.order_rvsecncl": "amend",
    "domestic_stock.order_resv_rvsecncl": "amend",
    "domestic_bond.order_rvsecncl": "amend",
    "domestic_futureoption.order_rvsecncl": "amend",
    "overseas_stock.order_rvsecncl": "amend",
    "overseas_stock.daytime_order_rvsecncl": "amend",
    "overseas_futureoption.order_rvsecncl": "amend",
    "overseas_stock.order_resv_ccnl": "cancel",
}

# Section 2.6 (pages of account queries) and section 6 (rows of a chart call).
PAGE_SIZES: dict[str, dict[str, int]] = {
    "domestic_stock.inquire_balance": {"real": 50, "paper": 20},
    "domestic_stock.inquire_daily_ccld": {"real": 100, "paper": 15},
    "domestic_stock.inquire_psbl_rvsecncl": {"real": 50},
    "domestic_stock.order_resv_ccnl": {"real": 20},
    "overseas_stock.inquire_balance": {"real": 100, "paper": 100},
    "overseas_stock.inquire_nccs": {"real": 40},
    "overseas_stock.inquire_ccnl": {"real": 20, "paper": 15},
    "domestic_futureoption.inquire_balance": {"real": 20, "paper": 20},
    "domestic_futureoption.inquire_ccnl": {"real": 100, "paper": 100},
    "domestic_stock.inquire_daily_itemchartprice": {"real": 100, "paper": 100},
    "domestic_stock.inquire_daily_price": {"real": 30, "paper": 30},
    "domestic_stock.inquire_time_itemchartprice": {"real": 30, "paper": 30},
    "domestic_stock.inquire_time_dailychartprice": {"real": 120},
    "domestic_stock.inquire_ccnl": {"real": 30, "paper": 30},
    "domestic_stock.inquire_daily_indexchartprice": {"real": 50, "paper": 50},
    "domestic_stock.inquire_time_indexchartprice": {"real": 102},
    "domestic_stock.inquire_index_daily_price": {"real": 100},
    "domestic_stock.inquire_vi_status": {"real": 30},
    "domestic_stock.psearch_result": {"real": 100},
    "domestic_stock.intstock_multprice": {"real": 30},
    "overseas_stock.dailyprice": {"real": 100, "paper": 100},
    "overseas_stock.inquire_time_itemchartprice": {"real": 120},
    "overseas_stock.inquire_time_indexchartprice": {"real": 102},
    "domestic_futureoption.inquire_daily_fuopchartprice": {"real": 100, "paper": 100},
    "domestic_futureoption.inquire_time_fuopchartprice": {"real": 102},
    "domestic_bond.inquire_daily_itemchartprice": {"real": 30},
}


def _window(**next_from: str) -> dict[str, object]:
    return {"style": "window", "keys": list(next_from), "next": next_from, "more": []}


# Section 6: these calls page by moving a key back before the oldest row, not by the header.
WINDOWS: dict[str, dict[str, object]] = {
    "domestic_stock.inquire_daily_itemchartprice": _window(FID_INPUT_DATE_2="output2[-1].stck_bsop_date"),
    "domestic_stock.inquire_daily_indexchartprice": _window(FID_INPUT_DATE_2="output2[-1].stck_bsop_date"),
    "domestic_stock.inquire_time_itemchartprice": _window(FID_INPUT_HOUR_1="output2[-1].stck_cntg_hour"),
    "domestic_stock.inquire_time_dailychartprice": _window(
        FID_INPUT_DATE_1="output2[-1].stck_bsop_date", FID_INPUT_HOUR_1="output2[-1].stck_cntg_hour"
    ),
    "domestic_futureoption.inquire_daily_fuopchartprice": _window(
        FID_INPUT_DATE_2="output2[-1].stck_bsop_date"
    ),
    "overseas_stock.dailyprice": _window(BYMD="output2[-1].xymd"),
    "overseas_stock.inquire_time_itemchartprice": _window(KEYB="output2[-1].xymd+xhms"),
}

# Section 5.2.
ORDER_TYPES = {
    "00": "지정가",
    "01": "시장가",
    "02": "조건부지정가",
    "03": "최유리지정가",
    "04": "최우선지정가",
    "05": "장전 시간외",
    "06": "장후 시간외",
    "07": "시간외 단일가",
    "11": "IOC지정가",
    "12": "FOK지정가",
    "13": "IOC시장가",
    "14": "FOK시장가",
    "15": "IOC최유리",
    "16": "FOK최유리",
    "21": "중간가",
    "22": "스톱지정가",
    "23": "중간가IOC",
    "24": "중간가FOK",
    "27": "NXT 프리마켓 지정가",
    "28": "NXT 프리마켓 최유리",
    "29": "NXT 프리마켓 최우선",
    "41": "애프터마켓 지정가",
    "42": "애프터마켓 IOC지정가",
    "43": "애프터마켓 FOK지정가",
    "44": "애프터마켓 최유리",
    "45": "애프터마켓 IOC최유리",
    "46": "애프터마켓 FOK최유리",
    "47": "애프터마켓 최우선",
}
VENUES = {"KRX": "한국거래소", "NXT": "넥스트레이드", "SOR": "최선집행"}
VENUES_AND_ALL = {**VENUES, "ALL": "전체"}
_RVSE = {"01": "정정", "02": "취소"}
_BUY_SELL_CODES = {"01": "매도", "02": "매수"}
_PERIODS = {"D": "일봉", "W": "주봉", "M": "월봉", "Y": "년봉"}
_MARKETS = {"J": "KRX", "NX": "NXT", "UN": "통합"}

# (id, key) -> codes.
VALUES: dict[tuple[str, str], dict[str, str]] = {
    ("domestic_stock.order_cash", "ORD_DVSN"): ORDER_TYPES,
    ("domestic_stock.order_rvsecncl", "ORD_DVSN"): ORDER_TYPES,
    ("domestic_stock.inquire_psbl_order", "ORD_DVSN"): ORDER_TYPES,
    ("domestic_stock.order_cash", "EXCG_ID_DVSN_CD"): VENUES,
    ("domestic_stock.order_rvsecncl", "EXCG_ID_DVSN_CD"): VENUES,
    ("domestic_stock.inquire_daily_ccld", "EXCG_ID_DVSN_CD"): VENUES_AND_ALL,
    ("domestic_stock.inquire_balance", "AFHR_FLPR_YN"): {"N": "KRX 정규장 종가", "X": "NXT", "Y": "통합"},
    ("domestic_stock.inquire_daily_itemchartprice", "FID_ORG_ADJ_PRC"): {"0": "수정주가", "1": "원주가"},
    ("domestic_stock.inquire_daily_itemchartprice", "FID_PERIOD_DIV_CODE"): _PERIODS,
    ("domestic_stock.inquire_daily_price", "FID_ORG_ADJ_PRC"): {"0": "원주가", "1": "수정주가"},
    ("domestic_stock.inquire_price", "FID_COND_MRKT_DIV_CODE"): _MARKETS,
    ("domestic_stock.inquire_daily_itemchartprice", "FID_COND_MRKT_DIV_CODE"): _MARKETS,
    ("domestic_stock.inquire_time_itemchartprice", "FID_COND_MRKT_DIV_CODE"): _MARKETS,
    ("domestic_bond.order_rvsecncl", "RVSE_CNCL_DVSN_CD"): _RVSE,
    ("overseas_stock.daytime_order_rvsecncl", "RVSE_CNCL_DVSN_CD"): _RVSE,
    ("domestic_futureoption.order", "SLL_BUY_DVSN_CD"): _BUY_SELL_CODES,
    ("overseas_futureoption.order", "PRIC_DVSN_CD"): {
        "1": "지정가",
        "2": "시장가",
        "3": "STOP",
        "4": "STOP LIMIT",
    },
}

# (id, key) -> what build() sends when the key is not given.
DEFAULTS: dict[tuple[str, str], str | None] = {
    ("auth.auth_token", "grant_type"): "client_credentials",
    ("auth.auth_ws_token", "grant_type"): "client_credentials",
    # Absent means KRX (5.1); an order goes nowhere else without being told.
    ("domestic_stock.order_cash", "EXCG_ID_DVSN_CD"): None,
    ("domestic_stock.order_rvsecncl", "EXCG_ID_DVSN_CD"): None,
    ("domestic_stock.order_cash", "SLL_TYPE"): None,
    ("domestic_stock.order_cash", "CNDT_PRIC"): None,
    ("overseas_stock.order", "SLL_TYPE"): None,
    # 5.5: the values that KIS itself uses for the plain balance.
    ("domestic_stock.inquire_balance", "AFHR_FLPR_YN"): "N",
    ("domestic_stock.inquire_balance", "OFL_YN"): "",
    ("domestic_stock.inquire_balance", "INQR_DVSN"): "01",
    ("domestic_stock.inquire_balance", "UNPR_DVSN"): "01",
    ("domestic_stock.inquire_balance", "FUND_STTL_ICLD_YN"): "N",
    ("domestic_stock.inquire_balance", "FNCG_AMT_AUTO_RDPT_YN"): "N",
    ("domestic_stock.inquire_balance", "PRCS_DVSN"): "00",
    # 6: must be blank.
    ("domestic_stock.inquire_time_dailychartprice", "FID_FAKE_TICK_INCU_YN"): "",
    # The official example calls it without a value: the key goes out blank.
    ("domestic_stock.inquire_time_itemchartprice", "FID_ETC_CLS_CODE"): "",
}

# The workbook marks these N and the examples refuse an empty value: the workbook decides.
NOT_REQUIRED = {
    ("domestic_stock.order_cash", "EXCG_ID_DVSN_CD"),
    ("domestic_stock.order_rvsecncl", "EXCG_ID_DVSN_CD"),
    ("domestic_futureoption.order", "NMPR_TYPE_CD"),
    ("domestic_futureoption.order", "KRX_NMPR_CNDT_CD"),
}

# Body keys that must be sent but may be empty.
MAY_BE_EMPTY = {
    "CTAC_TLNO",
    "MGCO_APTM_ODNO",
    "FM_LQD_USTL_CCLD_DT",
    "FM_LQD_USTL_CCNO",
    "FM_LQD_LMT_ORD_PRIC",
    "FM_LQD_STOP_ORD_PRIC",
}

# Prices that are blank for some order types: the caller says so; a forgotten price is never sent as blank.
MUST_BE_STATED = {"FM_LIMIT_ORD_PRIC", "FM_STOP_ORD_PRIC"}

# The sender's branch number: the workbook asks for it, the broker's own example sends it empty (5.3).
EMPTY_ALLOWED = {("domestic_stock.order_rvsecncl", "KRX_FWDG_ORD_ORGNO")}

REMARKS: dict[str, list[str]] = {
    "auth.auth_token": [
        "At most one issue a minute in effect (EGW00133); each issue sends the customer a message."
    ],
    "auth.hashkey": [
        "appkey and appsecret go into the headers; the body is the order body, whatever its keys."
    ],
    "domestic_stock.chk_holiday": ["About once a day."],
    "domestic_futureoption.display_board_callput": ["About once a second."],
    "domestic_stock.inquire_balance": [
        "AFHR_FLPR_YN changed its meaning on 2026-09-14.",
        "output2 is a list of one; sold positions stay with quantity 0 for up to two days.",
    ],
    "domestic_stock.inquire_daily_itemchartprice": [
        "FID_ORG_ADJ_PRC has the opposite meaning of inquire_daily_price; newest row first."
    ],
    "domestic_stock.inquire_daily_price": [
        "FID_ORG_ADJ_PRC has the opposite meaning of inquire_daily_itemchartprice."
    ],
    "domestic_stock.inquire_time_itemchartprice": [
        "Today only; the first row's volume is the previous minute's until its first trade."
    ],
    "domestic_stock.inquire_psbl_order": ["ORD_DVSN 01 applies the symbol's margin rate; no paging."],
    "domestic_stock.inquire_psbl_rvsecncl": [
        "Paper has no such call: use inquire_daily_ccld with CCLD_DVSN 02."
    ],
    "domestic_stock.order_cash": [
        "Paper accepts EXCG_ID_DVSN_CD KRX only; orders without a price reserve at the upper limit.",
        "ORD_DVSN 07 ended on 2026-09-11; 27-29 and 41-47 began on 2026-09-14.",
    ],
    "domestic_stock.order_rvsecncl": ["The exchange must be the one of the original order."],
    "domestic_stock.order_resv_rvsecncl": [
        "An amendment also needs PDNO, ORD_QTY, ORD_UNPR, SLL_BUY_DVSN_CD, ORD_DVSN_CD "
        "and ORD_OBJT_CBLC_DVSN_CD."
    ],
    "overseas_stock.order_resv": [
        "Outside the US also SLL_BUY_DVSN_CD, RVSE_CNCL_DVSN_CD and PRDT_TYPE_CD are needed."
    ],
    "domestic_stock.psearch_result": ["The condition must have been saved to the server, else MCA05918."],
    "domestic_futureoption.order_rvsecncl": ["In paper the quantity is required; in real 0 means all."],
    "overseas_stock.inquire_balance": ["The same position can come back for several US exchanges."],
    "overseas_stock.order_resv_ccnl": ["US only."],
    "overseas_stock.order": [
        "SLL_TYPE is 00 for a sell and absent for a buy; OVRS_ORD_UNPR is 0 for market types."
    ],
    "overseas_stock.inquire_time_itemchartprice": [
        "Next page: PINC 1, NEXT 1, KEYB the last bar minus one unit."
    ],
}
