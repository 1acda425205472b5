"""Tell from name and label what kind of value a field of the KIS API holds; read by build_exchange_calls.py.

Kinds: k context string, s sign code, y flag, d date, m month, t time, r rate, n name, v signed change,
i index level, q quantity, a amount, p price, c code, x free text.
"""

from __future__ import annotations

import re

_BY_NAME: tuple[tuple[str, str], ...] = (
    ("k", r"^ctx_area|^keyb$|^index_key$|^cts$"),
    ("s", r"sign\d?$|_flag$|daebi$|_sgn$|xsgn$|xsng$|^estdate$"),
    ("y", r"_yn(_?\d+)?$|^yn|^ordy$|_ordyn$"),
    ("n", r"name\d*$|name_|_i?snm\d*$|_nm\d*$|cntt\d*$|titl$|_knam$|_enam$|_abrv"),
    ("c", r"_cd\d?$|_code\d?$|_iscd\d?$|pdno$|_dvsn\d?$|_no\d*$|odno$|^symb$|^rsym$|^excd$|_id$"),
    ("c", r"rank$|_seq$|_tp$|natn$|^cano$|_gbn?$|stno$|_cls$|^code$|series|isin$|^crcy|_shrn$|brno$|orgno$"),
    ("d", r"_date\d?$|_dt\d?$|^date\d?$|ymd\d?$|^dt$|_sttldt$|h52d$|l52d$|^hand$|^land$|_dtm$|^exdt$|_day$"),
    ("d", r"^date_|d\d+_.*_date$"),
    ("m", r"_mmdd$|yymm$|_month$|_ym$"),
    ("t", r"_hour\d?$|_time\d?$|hms\d?$|_t(m|md|mda)$|dtmd$|dtime$|^time$|^[svek]tim$|^[se]ktm$|^v[se]tm$"),
    ("t", r"_tmd$|_btwn$|^[se]tim$|_hm$"),
    (
        "r",
        r"ctrt\d?$|rate\d?$|rate_|ratem$|_rt$|^rate$|_rt\d$|_irt$|pftrt|_rto$|^cttr$|ratio|vltl|dprt$|esdg",
    ),
    ("r", r"_rltv$|inrt$|_ert\d*$|^delta|^gama|^vega|^theta|^rho|ytm|rlim\d?$|weit$|_dsrt$|^gear|lvrg|prit$"),
    ("r", r"^strn$|dbnb$|roe_val|_depn$|_psdg$|^nav_ctrt"),
    (
        "v",
        r"_vrss\d?$|_diff$|^diff$|_icdc|_dvl$|^[ab]dvl$|^d(bid|ask)\d*$|_xdif$|^change$|^expchange$|diff_price$",
    ),
    ("i", r"nmix"),
    (
        "q",
        r"vol\d?$|_vol_|qty\d*$|_qty_|cnqn\d?$|rsqn\d*$|rsqn_|qntt|csnu|stcn|_cnt\d?$|_cnt_|_rmnd|num_?\d*$",
    ),
    (
        "q",
        r"stqt$|cblc|_shar$|^shar$|^v(bid|ask)\d*$|^[ab]vol$|_dynu$|^nrec$|^crec$|_rate_unit$|^bnit$|^vnit$",
    ),
    (
        "a",
        r"amt\d*$|_amt_|pbmn|smtl\d*$|_avls|fee\d?$|tax|pfls|^tamt$|evlu|_asst|dps$|dncl|cptl|_chgs$|prca$",
    ),
    (
        "a",
        r"^cras$|^fxas$|_mgna$|_ttam$|_dfpa$|_tota$|cash$|_sbst$|_lnda|_prfi$|_cost$|_loss$|_mang$|_sale|_ntin|aset|lblt|ebitda$|^eva$|tomv$",
    ),
    (
        "p",
        r"prpr|pric\d*(_|$)|price|unpr|oprc|hgpr|lwpr|clpr|mxpr|llam|askp|bidp|sdpr|thpr|cnpr|stpl_prc|_prc",
    ),
    ("p", r"^(open|high|low|last|base|pvol|clos|hanp|lanp|h52p|l52p|uplp|dnlp|iep|cshi|cslo)$|_uv$|uv$|acpr"),
    (
        "p",
        r"^p(bid|ask)\d*$|_prvs$|basis|xrat$|exrt|^(eps|bps|sps|per|pbr|pcr|psr)$|fcam$|_val$|^nav$|last_nav$",
    ),
    ("p", r"tick_(size|sz|val)$|aspr_unit|ctrt_size$|ev_ebitda$"),
)
_BY_LABEL: tuple[tuple[str, str], ...] = (
    ("s", r"부호"),
    ("y", r"여부"),
    ("n", r"명$|명 ?\(|제목|내용|사유"),
    ("c", r"코드|번호|구분|순위|유형"),
    ("d", r"일자|날짜|영업일|만기일|결제일"),
    ("t", r"시각|시간"),
    ("r", r"율|비중|괴리|변동성|강도|이격도|지수$"),
    ("q", r"수량|거래량|잔량|건수|개수|주식$"),
    ("a", r"금액|대금|손익|수수료|세금|자본|부채|이익|대출|원금|비용|합계"),
    ("p", r"가격|단가|호가|환율|시가|고가|저가|종가|가$|값$"),
)


def kind_of(name: str, label: str) -> str:
    """Return the letter of a field's kind; the name decides before the label."""
    lowered = name.lower()
    for kind, pattern in _BY_NAME:
        if re.search(pattern, lowered):
            return kind
    for kind, pattern in _BY_LABEL:
        if re.search(pattern, label):
            return kind
    return "x"
