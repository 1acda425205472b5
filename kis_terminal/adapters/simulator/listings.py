"""The names of the embedded exchange: real KRX listings with plausible levels.

Codes, names, standard codes, listed shares, face values and listing dates are public facts (KIS symbol
master); levels and volumes are of a right size but invented.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, cast

from kis_terminal.adapters.simulator.model import Listing

# symbol|market|kind|name|English name|standard code|shares|face value|listed on|sector|base price|volume
_ROWS = """\
005930|KOSPI|stock|삼성전자|Samsung Electronics|KR7005930003|5919637922|100|19750611|전기·전자|82900|17500000
000660|KOSPI|stock|SK하이닉스|SK hynix|KR7000660001|728002365|5000|19961226|전기·전자|234500|3600000
373220|KOSPI|stock|LG에너지솔루션|LG Energy Solution|KR7373220003|234000000|500|20220127|전기·전자|400500|310000
207940|KOSPI|stock|삼성바이오로직스|Samsung Biologics|KR7207940008|71174000|2500|20161110|의료·정밀기기|1024000|72000
005380|KOSPI|stock|현대차|Hyundai Motor|KR7005380001|204757000|5000|19740628|운송장비·부품|270000|720000
012450|KOSPI|stock|한화에어로스페이스|Hanwha Aerospace|KR7012450003|47296000|5000|19870527|운송장비·부품|881000|290000
000270|KOSPI|stock|기아|Kia|KR7000270009|397672000|5000|19730721|운송장비·부품|112600|1150000
035420|KOSPI|stock|NAVER|NAVER|KR7035420009|158437000|100|20081128|IT 서비스|211000|840000
035720|KOSPI|stock|카카오|Kakao|KR7035720002|441711000|100|20170710|IT 서비스|53500|1750000
068270|KOSPI|stock|셀트리온|Celltrion|KR7068270008|223015000|1000|20180209|제약|188900|560000
005490|KOSPI|stock|POSCO홀딩스|POSCO Holdings|KR7005490008|80932000|5000|19880610|금속|299500|340000
105560|KOSPI|stock|KB금융|KB Financial Group|KR7105560007|393528000|5000|20081010|금융|111700|1020000
329180|KOSPI|stock|HD현대중공업|HD Hyundai Heavy Industries|KR7329180004|88773000|5000|20210917|운송장비·부품|451000|260000
034020|KOSPI|stock|두산에너빌리티|Doosan Enerbility|KR7034020008|640561000|5000|20001025|기계·장비|59800|9800000
051910|KOSPI|stock|LG화학|LG Chem|KR7051910008|70592000|5000|20010425|화학|323500|260000
006400|KOSPI|stock|삼성SDI|Samsung SDI|KR7006400006|68764000|5000|19790227|전기·전자|226500|620000
055550|KOSPI|stock|신한지주|Shinhan Financial Group|KR7055550008|495842000|5000|20010910|금융|69800|1280000
086790|KOSPI|stock|하나금융지주|Hana Financial Group|KR7086790003|287240000|5000|20051212|금융|87300|760000
032830|KOSPI|stock|삼성생명|Samsung Life Insurance|KR7032830002|200000000|500|20100512|보험|152400|420000
000810|KOSPI|stock|삼성화재|Samsung Fire & Marine Insurance|KR7000810002|46011000|500|19750630|보험|431500|110000
138040|KOSPI|stock|메리츠금융지주|Meritz Financial Group|KR7138040001|180014000|500|20110513|금융|113200|370000
316140|KOSPI|stock|우리금융지주|Woori Financial Group|KR7316140003|742591000|5000|20190213|금융|24850|2450000
323410|KOSPI|stock|카카오뱅크|KakaoBank|KR7323410001|476989000|5000|20210806|금융|24150|830000
006800|KOSPI|stock|미래에셋증권|Mirae Asset Securities|KR7006800007|570316000|5000|19750930|증권|19870|3300000
012330|KOSPI|stock|현대모비스|Hyundai Mobis|KR7012330007|92995000|5000|19890905|운송장비·부품|301500|240000
066570|KOSPI|stock|LG전자|LG Electronics|KR7066570003|163647000|5000|20020422|전기·전자|87900|640000
009150|KOSPI|stock|삼성전기|Samsung Electro-Mechanics|KR7009150004|74693000|5000|19790227|전기·전자|186300|690000
003670|KOSPI|stock|포스코퓨처엠|POSCO Future M|KR7003670007|77463000|500|20190529|전기·전자|141800|430000
028260|KOSPI|stock|삼성물산|Samsung C&T|KR7028260008|169976000|100|20141218|유통|191600|480000
015760|KOSPI|stock|한국전력|Korea Electric Power|KR7015760002|641964000|5000|19890810|전기·가스|38650|3100000
033780|KOSPI|stock|KT&G|KT&G|KR7033780008|122062000|5000|19991008|기타제조|138700|290000
011200|KOSPI|stock|HMM|HMM|KR7011200003|1025039000|5000|19951005|운송·창고|23150|1900000
010130|KOSPI|stock|고려아연|Korea Zinc|KR7010130003|20703000|5000|19900728|금속|883000|21000
009540|KOSPI|stock|HD한국조선해양|HD Korea Shipbuilding & Offshore|KR7009540006|70773000|5000|19990824|운송장비·부품|398000|190000
042660|KOSPI|stock|한화오션|Hanwha Ocean|KR7042660001|306413000|5000|20010202|운송장비·부품|109300|2350000
010140|KOSPI|stock|삼성중공업|Samsung Heavy Industries|KR7010140002|880000000|1000|19940128|운송장비·부품|21750|6900000
267260|KOSPI|stock|HD현대일렉트릭|HD Hyundai Electric|KR7267260008|36047000|5000|20170510|전기·전자|583000|240000
064350|KOSPI|stock|현대로템|Hyundai Rotem|KR7064350002|109142000|5000|20131030|운송장비·부품|203500|1060000
047810|KOSPI|stock|한국항공우주|Korea Aerospace Industries|KR7047810007|97475000|5000|20110630|운송장비·부품|96400|530000
042700|KOSPI|stock|한미반도체|Hanmi Semiconductor|KR7042700005|96614000|100|20050722|기계·장비|91200|1350000
030200|KOSPI|stock|KT|KT|KR7030200000|252021000|5000|19981223|통신|52300|510000
017670|KOSPI|stock|SK텔레콤|SK Telecom|KR7017670001|214790000|100|19891107|통신|54700|770000
003550|KOSPI|stock|LG|LG|KR7003550001|157251000|5000|19700213|금융|76400|230000
034730|KOSPI|stock|SK|SK|KR7034730002|72502000|200|20091111|금융|218500|160000
096770|KOSPI|stock|SK이노베이션|SK Innovation|KR7096770003|151034000|5000|20070725|화학|103600|560000
011070|KOSPI|stock|LG이노텍|LG Innotek|KR7011070000|23667000|5000|20080724|전기·전자|183900|210000
402340|KOSPI|stock|SK스퀘어|SK Square|KR7402340004|132540000|100|20211129|금융|163200|470000
259960|KOSPI|stock|크래프톤|Krafton|KR7259960003|47918000|100|20210810|IT 서비스|296500|130000
352820|KOSPI|stock|하이브|HYBE|KR7352820005|41652000|500|20201015|오락·문화|277500|220000
090430|KOSPI|stock|아모레퍼시픽|Amorepacific|KR7090430000|58492000|500|20060629|화학|127400|260000
010120|KOSPI|stock|LS ELECTRIC|LS ELECTRIC|KR7010120004|30000000|5000|19940711|전기·전자|289500|240000
003490|KOSPI|stock|대한항공|Korean Air Lines|KR7003490000|368220000|5000|19660318|운송·창고|23600|1450000
003230|KOSPI|stock|삼양식품|Samyang Foods|KR7003230000|7533000|5000|19750630|음식료·담배|1473000|46000
000100|KOSPI|stock|유한양행|Yuhan|KR7000100008|80209000|1000|19621101|제약|119500|390000
005935|KOSPI|stock|삼성전자우|Samsung Electronics (1P)|KR7005931001|815974000|100|19890925|전기·전자|67300|2150000
0126Z0|KOSPI|stock|삼성에피스홀딩스|Samsung Epis Holdings|KR70126Z0002|24789000|2500|20251124|의료·정밀기기|352000|78000
247540|KOSDAQ|stock|에코프로비엠|EcoPro BM|KR7247540008|97801000|500|20190305|전기·전자|145700|920000
086520|KOSDAQ|stock|에코프로|EcoPro|KR7086520004|135776000|100|20070720|금융|73400|3050000
196170|KOSDAQ|stock|알테오젠|Alteogen|KR7196170005|53318000|500|20141212|제약|461500|410000
028300|KOSDAQ|stock|HLB|HLB|KR7028300002|131425000|500|19960727|운송장비·부품|44850|1050000
277810|KOSDAQ|stock|레인보우로보틱스|Rainbow Robotics|KR7277810008|19399000|500|20210203|기계·장비|318500|240000
035900|KOSDAQ|stock|JYP Ent.|JYP Entertainment|KR7035900000|35532000|500|20010830|오락·문화|74600|330000
041510|KOSDAQ|stock|에스엠|SM Entertainment|KR7041510009|22894000|500|20000427|오락·문화|123900|260000
122870|KOSDAQ|stock|와이지엔터테인먼트|YG Entertainment|KR7122870009|18691000|500|20111123|오락·문화|86700|210000
263750|KOSDAQ|stock|펄어비스|Pearl Abyss|KR7263750002|64247000|100|20170914|IT 서비스|35650|230000
293490|KOSDAQ|stock|카카오게임즈|Kakao Games|KR7293490009|82866000|100|20200910|IT 서비스|16120|290000
058470|KOSDAQ|stock|리노공업|LEENO Industrial|KR7058470006|76211000|100|20011218|기계·장비|52900|360000
039030|KOSDAQ|stock|이오테크닉스|EO Technics|KR7039030002|12319000|500|20000824|기계·장비|194800|97000
403870|KOSDAQ|stock|HPSP|HPSP|KR7403870009|83498000|500|20220715|기계·장비|32450|740000
240810|KOSDAQ|stock|원익IPS|WONIK IPS|KR7240810002|49083000|500|20160502|기계·장비|38900|520000
214150|KOSDAQ|stock|클래시스|CLASSYS|KR7214150005|65505000|100|20150403|의료·정밀기기|57800|260000
141080|KOSDAQ|stock|리가켐바이오|LigaChem Biosciences|KR7141080002|36610000|500|20130510|제약|146300|330000
000250|KOSDAQ|stock|삼천당제약|Sam Chun Dang Pharm|KR7000250001|23457000|500|20001004|제약|204500|310000
214450|KOSDAQ|stock|파마리서치|PharmaResearch|KR7214450009|10509000|500|20150724|제약|541000|83000
108490|KOSDAQ|stock|로보티즈|ROBOTIS|KR7108490004|13212000|500|20181026|전기·전자|128600|760000
257720|KOSDAQ|stock|실리콘투|Silicon2|KR7257720003|61171000|500|20210929|유통|44300|930000
950160|KOSDAQ|stock|코오롱티슈진|Kolon TissueGene|KR8840120008|81600000|0|20171106|제약|53400|680000
253450|KOSDAQ|stock|스튜디오드래곤|Studio Dragon|KR7253450001|30058000|500|20171124|오락·문화|43250|64000
0009K0|KOSDAQ|stock|에임드바이오|Aimed Bio|KR70009K0001|64146000|500|20251204|제약|46700|540000
069500|KOSPI|etf|KODEX 200|KODEX 200|KR7069500007|176500000|0|20021014|ETF|45435|6200000
122630|KOSPI|etf|KODEX 레버리지|KODEX Leverage|KR7122630007|135550000|0|20100222|ETF|31895|19500000
114800|KOSPI|etf|KODEX 인버스|KODEX Inverse|KR7114800006|138500000|0|20090916|ETF|3465|15200000
252670|KOSPI|etf|KODEX 200선물인버스2X|KODEX 200 Futures Inverse 2X|KR7252670005|646500000|0|20160922|ETF|1287|188000000
229200|KOSPI|etf|KODEX 코스닥150|KODEX KOSDAQ 150|KR7229200001|102300000|0|20151001|ETF|14730|7300000
233740|KOSPI|etf|KODEX 코스닥150레버리지|KODEX KOSDAQ 150 Leverage|KR7233740000|275800000|0|20151217|ETF|9865|23100000
360750|KOSPI|etf|TIGER 미국S&P500|TIGER US S&P500|KR7360750004|400500000|0|20200807|ETF|23470|4100000
133690|KOSPI|etf|TIGER 미국나스닥100|TIGER US Nasdaq 100|KR7133690008|37620000|0|20101018|ETF|158350|310000
305720|KOSPI|etf|KODEX 2차전지산업|KODEX Secondary Battery Industry|KR7305720005|84200000|0|20180912|ETF|14185|1900000
091160|KOSPI|etf|KODEX 반도체|KODEX Semiconductor|KR7091160002|19900000|0|20060627|ETF|52680|900000
102970|KOSPI|etf|KODEX 증권|KODEX Securities|KR7102970001|8700000|0|20080529|ETF|13450|480000
"""  # noqa: E501 (a listing a line)

FUND_MULTIPLES = {
    "069500": 1.0,
    "122630": 2.0,
    "114800": -1.0,
    "252670": -2.0,
    "229200": 1.1,
    "233740": 2.2,
    "091160": 1.3,
    "305720": 1.2,
    "102970": 1.0,
}
"""How many times a fund follows the market; funds not listed here hold foreign shares and hardly do."""

CAPITAL_CHANGES: dict[str, tuple[tuple[date, int], ...]] = {
    "005930": ((date(2018, 5, 4), 50),),
    "005935": ((date(2018, 5, 4), 50),),
    "035420": ((date(2018, 10, 12), 5),),
    "035720": ((date(2021, 4, 15), 5),),
    "086520": ((date(2024, 4, 25), 5),),
}
"""First day after a share split, and into how many shares each one was split."""


def load_listings() -> tuple[Listing, ...]:
    """Return every listing in the table's order."""
    return tuple(_parse(row) for row in _ROWS.split("\n") if row)


def unknown_listing(symbol: str, base_price: int, average_volume: int, name: str = "") -> Listing:
    """Make a listing for a symbol that only bars or a recording know; without a `name` it is the symbol."""
    return Listing(
        symbol=symbol,
        name=name or symbol,
        english_name=symbol,
        market="KOSPI",
        kind="stock",
        standard_code=f"KR7{symbol[-6:]:0>6}000",
        listed_shares=max(average_volume * 100, 1_000_000),
        face_value=5_000,
        listing_date=date(2000, 1, 4),
        sector="기타",
        base_price=base_price,
        average_volume=max(average_volume, 1_000),
    )


def market_beta(listing: Listing) -> float:
    """Return how strongly `listing` follows the market as a whole."""
    if listing.kind == "etf":
        return FUND_MULTIPLES.get(listing.symbol, 0.2)
    return 0.9


def own_volatility(listing: Listing) -> float:
    """Return the daily standard deviation of what is the listing's own, as a fraction."""
    if listing.kind == "etf":
        return 0.0015 if listing.symbol in FUND_MULTIPLES else 0.006
    if listing.market == "KOSDAQ":
        return 0.024
    return 0.013 if listing.base_price * listing.listed_shares > 3e13 else 0.018


def limit_rate(listing: Listing) -> float:
    """Return the daily limit as a fraction: 0.30, twice that for funds that double the market."""
    if listing.kind == "etf" and abs(FUND_MULTIPLES.get(listing.symbol, 0.0)) >= 2.0:
        return 0.60
    return 0.30


def _parse(row: str) -> Listing:
    symbol, market, kind, name, english, standard, shares, face, listed, sector, price, volume = row.split(
        "|"
    )
    return Listing(
        symbol=symbol,
        name=name,
        english_name=english,
        market=cast(Literal["KOSPI", "KOSDAQ"], market),
        kind=cast(Literal["stock", "etf"], kind),
        standard_code=standard,
        listed_shares=int(shares),
        face_value=int(face),
        listing_date=date(int(listed[:4]), int(listed[4:6]), int(listed[6:])),
        sector=sector,
        base_price=int(price),
        average_volume=int(volume),
    )
