"""Names, indices and currencies abroad: real codes, plausible and invented levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kis_terminal.adapters.simulator.abroad.venues import VENUES, OverseasVenue


@dataclass(frozen=True, slots=True)
class OverseasListing:
    """One thing that has a price abroad; `price` is that of the exchange's first day, `tick` its step."""

    venue: OverseasVenue
    symbol: str
    name: str
    english_name: str
    price: float
    tick: float
    places: int
    volume: int
    shares: int
    volatility: float
    """Daily standard deviation of the return."""
    sector: str
    kind: str = "stock"
    """stock, etf, index or currency."""

    @property
    def key(self) -> str:
        """Give what names it among all."""
        return f"{self.venue.code}:{self.symbol}"

    def text(self, ticks: float) -> str:
        """Write a price that is given in ticks, with the places of its market."""
        return f"{ticks * self.tick:.{self.places}f}"


# venue|symbol|Korean name|English name|price|daily volume|shares|volatility in percent|sector
_ROWS = """\
NAS|AAPL|애플|APPLE INC|271.50|48000000|14840000000|1.6|전자장비
NAS|MSFT|마이크로소프트|MICROSOFT CORP|478.20|21000000|7433000000|1.5|소프트웨어
NAS|NVDA|엔비디아|NVIDIA CORP|183.40|175000000|24350000000|2.7|반도체
NAS|AMZN|아마존닷컴|AMAZON.COM INC|224.10|42000000|10690000000|2.0|유통
NAS|GOOGL|알파벳 A|ALPHABET INC CLASS A|286.70|33000000|5820000000|1.8|인터넷
NAS|META|메타 플랫폼스|META PLATFORMS INC|603.90|14000000|2170000000|2.1|인터넷
NAS|TSLA|테슬라|TESLA INC|402.30|83000000|3325000000|3.4|자동차
NAS|AVGO|브로드컴|BROADCOM INC|352.60|22000000|4722000000|2.6|반도체
NAS|AMD|AMD|ADVANCED MICRO DEVICES INC|214.80|45000000|1628000000|3.1|반도체
NAS|NFLX|넷플릭스|NETFLIX INC|109.60|34000000|4237000000|2.2|미디어
NAS|INTC|인텔|INTEL CORP|36.85|88000000|4770000000|3.0|반도체
NAS|COST|코스트코|COSTCO WHOLESALE CORP|908.40|2200000|443000000|1.3|유통
NAS|QQQ|인베스코 QQQ|INVESCO QQQ TRUST|597.30|52000000|660000000|1.3|ETF
NYS|BRK/B|버크셔 해서웨이 B|BERKSHIRE HATHAWAY CLASS B|508.20|4100000|1390000000|1.0|금융
NYS|JPM|JP모건 체이스|JPMORGAN CHASE & CO|301.70|9000000|2722000000|1.5|금융
NYS|V|비자|VISA INC CLASS A|332.50|6400000|1690000000|1.2|금융
NYS|XOM|엑슨모빌|EXXON MOBIL CORP|117.20|15000000|4217000000|1.5|에너지
NYS|KO|코카콜라|COCA-COLA CO|71.40|16000000|4302000000|0.9|음료
NYS|DIS|월트 디즈니|WALT DISNEY CO|105.90|11000000|1785000000|1.7|미디어
NYS|PLTR|팔란티어|PALANTIR TECHNOLOGIES INC|162.40|61000000|2383000000|3.8|소프트웨어
NYS|BA|보잉|BOEING CO|186.30|8200000|783000000|2.3|항공
NYS|WMT|월마트|WALMART INC|103.80|17000000|7973000000|1.2|유통
AMS|SPY|SPDR S&P 500|SPDR S&P 500 ETF TRUST|663.80|71000000|1030000000|1.0|ETF
AMS|SOXL|디렉시온 반도체 3배|DIREXION DAILY SEMICONDUCTOR BULL 3X|41.70|98000000|310000000|6.2|ETF
AMS|SCHD|슈왑 배당|SCHWAB US DIVIDEND EQUITY ETF|26.90|17000000|2650000000|0.9|ETF
AMS|GLD|SPDR 골드|SPDR GOLD SHARES|376.20|11000000|330000000|1.1|ETF
HKS|00700|텐센트|TENCENT HOLDINGS|627.00|19000000|9150000000|1.9|인터넷
HKS|09988|알리바바|ALIBABA GROUP HOLDING|158.60|62000000|19070000000|2.6|인터넷
HKS|03690|메이퇀|MEITUAN|103.20|31000000|6110000000|2.6|인터넷
HKS|00003|홍콩중화가스|HONG KONG & CHINA GAS|7.12|24000000|18660000000|1.0|가스
HKS|00005|HSBC홀딩스|HSBC HOLDINGS|110.40|15000000|17220000000|1.3|금융
TSE|7203|토요타자동차|TOYOTA MOTOR CORP|3126.0|24000000|15795000000|1.7|자동차
TSE|6758|소니그룹|SONY GROUP CORP|4402.0|14000000|6149000000|1.8|전자장비
TSE|9984|소프트뱅크그룹|SOFTBANK GROUP CORP|18240.0|11000000|1430000000|3.2|통신
SHS|600519|귀주모태주|KWEICHOW MOUTAI|1466.00|2800000|1252000000|1.4|음료
SHS|601318|중국평안|PING AN INSURANCE|59.70|52000000|10760000000|1.5|보험
SZS|300750|CATL|CONTEMPORARY AMPEREX TECHNOLOGY|378.00|21000000|4400000000|2.2|전자장비
SZS|002594|비야디|BYD|96.50|38000000|3490000000|2.0|자동차
HNX|SHS|사이공하노이증권|SAIGON HANOI SECURITIES|22400|19000000|894000000|2.7|금융
HNX|PVS|페트로베트남테크|PETROVIETNAM TECHNICAL SERVICES|33100|7000000|511000000|2.3|에너지
HSX|VNM|비나밀크|VIET NAM DAIRY PRODUCTS|60200|4200000|2090000000|1.3|음식료
HSX|FPT|FPT|FPT CORP|99800|6800000|1703000000|1.8|소프트웨어
"""
# code|name|English name|level|tick|places|volatility; the venue tells the hours
_LEVELS = """\
index|NAS|SPX|S&P500|S&P 500|6640.00|0.01|2|1.0
index|NAS|COMP|나스닥 종합|NASDAQ COMPOSITE|22430.00|0.01|2|1.3
index|NAS|NDX|나스닥 100|NASDAQ 100|24580.00|0.01|2|1.3
index|NYS|.DJI|다우존스 산업|DOW JONES INDUSTRIAL|46310.00|0.01|2|0.9
index|TSE|JP#NI225|니케이 225|NIKKEI 225|49120.00|0.01|2|1.3
index|HKS|HK#HS|항셍|HANG SENG|25710.00|0.01|2|1.5
index|SHS|SHANG|상해종합|SSE COMPOSITE|3940.00|0.01|2|0.9
currency|FX|FX@KRW|원/달러|USD/KRW|1468.00|0.1|2|0.45
currency|FX|FX@JPY|엔/달러|USD/JPY|155.40|0.01|2|0.55
currency|FX|FX@EUR|달러/유로|EUR/USD|1.1580|0.0001|4|0.45
currency|FX|FX@CNY|위안/달러|USD/CNY|7.1140|0.0001|4|0.15
"""


def _listings() -> Iterator[OverseasListing]:
    for row in _ROWS.strip().split("\n"):
        code, symbol, name, english, price, volume, shares, volatility, sector = row.split("|")
        venue = VENUES[code]
        yield OverseasListing(
            venue,
            symbol,
            name,
            english,
            float(price),
            venue.tick(float(price)),
            venue.places,
            int(volume),
            int(shares),
            float(volatility) / 100,
            sector,
            "etf" if sector == "ETF" else "stock",
        )
    for row in _LEVELS.strip().split("\n"):
        kind, code, symbol, name, english, price, tick, places, volatility = row.split("|")
        yield OverseasListing(
            VENUES[code],
            symbol,
            name,
            english,
            float(price),
            float(tick),
            int(places),
            0 if kind == "currency" else 1_000_000_000,
            0,
            float(volatility) / 100,
            "",
            kind,
        )


LISTINGS: Mapping[str, OverseasListing] = MappingProxyType({one.key: one for one in _listings()})
"""By `key`."""


def find_share(exchange: str, symbol: str) -> OverseasListing | None:
    """Return a share or fund by quote exchange (BAQ, BAY, BAA are the US ones by day) and symbol."""
    code = {"BAQ": "NAS", "BAY": "NYS", "BAA": "AMS"}.get(exchange, exchange)
    found = LISTINGS.get(f"{code}:{symbol}")
    return found if found is not None and found.kind in ("stock", "etf") else None


def find_level(symbol: str) -> OverseasListing | None:
    """Return whatever has the symbol: an index, a currency, or a share of any market."""
    return next((one for one in LISTINGS.values() if one.symbol == symbol), None)
