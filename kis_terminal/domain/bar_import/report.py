"""What reading foreign bars gave: the series, and every repair and refusal with its days or lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from kis_terminal.domain.bar_columns import BarColumns, SeriesKey, Span
from kis_terminal.domain.sentences import Sentence

SHOWN_PLACES = 5
"""Days or lines that a finding names; the count tells the rest."""


class FindingKind(StrEnum):
    """What was met in a file. `is_refusal` tells whether the rows are missing from the bars."""

    CLOSED_DAYS = "closed_days"
    HALT_ZERO_PRICES = "halt_zero_prices"
    HALT_BLOCK_TRADES = "halt_block_trades"
    HALT_FLAT = "halt_flat"
    VOLUME_LOST = "volume_lost"
    RANGE_WIDENED = "range_widened"
    NEWEST_FIRST = "newest_first"
    DUPLICATE_SAME = "duplicate_same"
    LEADING_ZEROS = "leading_zeros"
    CLOSE_ONLY = "close_only"
    ADJUSTED_BY_EVIDENCE = "adjusted_by_evidence"
    RAW_UNKNOWN = "raw_unknown"
    RAW_BY_EVIDENCE = "raw_by_evidence"
    SAME_RAW_AND_ADJUSTED = "same_raw_and_adjusted"
    SPLIT_SCALED = "split_scaled"
    JUMP_KEPT = "jump_kept"
    HOLES = "holes"
    SPLIT_UNKNOWN = "split_unknown"
    MIXED_PRICES = "mixed_prices"
    STALE_CLOSE = "stale_close"
    DUPLICATE_DIFFERENT = "duplicate_different"
    DATE_UNREADABLE = "date_unreadable"
    NUMBER_UNREADABLE = "number_unreadable"
    PRICE_OF_ZERO = "price_of_zero"
    NO_COLUMNS = "no_columns"
    CLOSES_ALONE = "closes_alone"
    NO_SYMBOL = "no_symbol"
    NO_CODE = "no_code"
    NO_ROWS = "no_rows"
    FILE_UNREADABLE = "file_unreadable"
    OTHER_FILE_NEWER = "other_file_newer"
    DISAGREES_WITH_STORE = "disagrees_with_store"

    @property
    def is_refusal(self) -> bool:
        """Tell whether what was met is left out of the bars."""
        return self in _REFUSALS

    @property
    def is_repair(self) -> bool:
        """Tell whether bars were made otherwise than the file has them; else it is a refusal or a remark."""
        return self in _REPAIRS

    @property
    def words(self) -> Sentence:
        """Return what it means, for the user."""
        return _WORDS[self]


_REFUSALS = frozenset(
    {
        FindingKind.SPLIT_UNKNOWN,
        FindingKind.MIXED_PRICES,
        FindingKind.STALE_CLOSE,
        FindingKind.DUPLICATE_DIFFERENT,
        FindingKind.DATE_UNREADABLE,
        FindingKind.NUMBER_UNREADABLE,
        FindingKind.PRICE_OF_ZERO,
        FindingKind.NO_COLUMNS,
        FindingKind.CLOSES_ALONE,
        FindingKind.NO_SYMBOL,
        FindingKind.NO_CODE,
        FindingKind.NO_ROWS,
        FindingKind.FILE_UNREADABLE,
        FindingKind.OTHER_FILE_NEWER,
        FindingKind.DISAGREES_WITH_STORE,
    }
)
_REPAIRS = frozenset(
    {
        FindingKind.CLOSED_DAYS,
        FindingKind.HALT_ZERO_PRICES,
        FindingKind.HALT_BLOCK_TRADES,
        FindingKind.RANGE_WIDENED,
        FindingKind.NEWEST_FIRST,
        FindingKind.DUPLICATE_SAME,
        FindingKind.LEADING_ZEROS,
        FindingKind.CLOSE_ONLY,
        FindingKind.SPLIT_SCALED,
    }
)
_WORDS: Mapping[FindingKind, Sentence] = MappingProxyType(
    {
        FindingKind.CLOSED_DAYS: Sentence("휴장일의 0 행을 빼고 휴장일로 기록"),
        FindingKind.HALT_ZERO_PRICES: Sentence("거래정지(가격 0): 종가로 채우고 체결되지 않는 봉으로"),
        FindingKind.HALT_BLOCK_TRADES: Sentence(
            "장외 대량매매만 있는 날(가격 0): 종가로 채우고 체결되지 않는 봉으로"
        ),
        FindingKind.HALT_FLAT: Sentence("거래정지(네 가격이 같고 거래량 0): 체결되지 않는 봉으로"),
        FindingKind.VOLUME_LOST: Sentence(
            "거래량 0인데 가격이 움직인 날: 제공처가 거래량을 잃은 것으로 보고 유지"
        ),
        FindingKind.RANGE_WIDENED: Sentence("고가·저가가 시가·종가를 담지 못함(반올림): 고저를 넓힘"),
        FindingKind.NEWEST_FIRST: Sentence("날짜가 거꾸로이거나 섞여 있어 다시 정렬"),
        FindingKind.DUPLICATE_SAME: Sentence("같은 날이 같은 값으로 되풀이되어 하나만 남김"),
        FindingKind.LEADING_ZEROS: Sentence("종목코드의 앞자리 0을 되살림"),
        FindingKind.CLOSE_ONLY: Sentence(
            "종가만 있는 지수: 시가·고가·저가를 종가로, 거래량 없이(벤치마크로 쓸 수 있음)"
        ),
        FindingKind.ADJUSTED_BY_EVIDENCE: Sentence("호가단위에 맞지 않는 가격이 있어 수정주가로 봄"),
        FindingKind.RAW_UNKNOWN: Sentence(
            "호가단위가 1원인 가격뿐이라 원주가인지 알 수 없음: 수정주가로만 둠"
        ),
        FindingKind.RAW_BY_EVIDENCE: Sentence(
            "모든 가격이 호가단위에 맞고 기준가 변경이 그대로 있어 원주가로 봄"
        ),
        FindingKind.SAME_RAW_AND_ADJUSTED: Sentence(
            "기준가 변경이 없어 이 구간의 원주가와 수정주가가 같음(파일의 마지막 날 기준)"
        ),
        FindingKind.SPLIT_SCALED: Sentence(
            "기준가 변경(분할 등): 파일의 등락으로 기준가를 알아 앞의 봉을 수정"
        ),
        FindingKind.JUMP_KEPT: Sentence("가격제한폭을 넘는 변동: 기준가 변경의 증거가 없어 그대로 둠"),
        FindingKind.HOLES: Sentence("빠진 거래일: 받은 것으로 치지 않음"),
        FindingKind.SPLIT_UNKNOWN: Sentence("기준가를 알 수 없는 분할·병합: 수정주가에서 그 앞의 봉을 뺌"),
        FindingKind.MIXED_PRICES: Sentence("수정된 가격과 수정되지 않은 가격이 섞여 원주가로는 쓰지 않음"),
        FindingKind.STALE_CLOSE: Sentence(
            "다음 날의 등락이 다른 종가에서 셈: 장중에 저장된 봉으로 보고 그 날을 뺌"
        ),
        FindingKind.DUPLICATE_DIFFERENT: Sentence("같은 날의 값이 서로 달라 그 날을 뺌"),
        FindingKind.DATE_UNREADABLE: Sentence("날짜를 읽을 수 없는 행"),
        FindingKind.NUMBER_UNREADABLE: Sentence("가격·거래량을 읽을 수 없거나 음수인 행"),
        FindingKind.PRICE_OF_ZERO: Sentence("가격 일부가 0이라 믿을 수 없는 행"),
        FindingKind.NO_COLUMNS: Sentence("있어야 할 열을 찾지 못함"),
        FindingKind.CLOSES_ALONE: Sentence(
            "종가만 있는 파일: 지수라면 --product index --symbol 2001처럼 지수코드를 적으십시오"
        ),
        FindingKind.NO_CODE: Sentence("종목코드 열의 값이 종목코드가 아닌 행"),
        FindingKind.NO_SYMBOL: Sentence("파일 이름과 내용에서 종목코드를 찾지 못함"),
        FindingKind.NO_ROWS: Sentence("쓸 수 있는 행이 없음"),
        FindingKind.FILE_UNREADABLE: Sentence("파일을 읽을 수 없음"),
        FindingKind.OTHER_FILE_NEWER: Sentence(
            "같은 종목의 더 나중 파일과 수정 기준이 다르거나 알 수 없어 쓰지 않음"
        ),
        FindingKind.DISAGREES_WITH_STORE: Sentence("저장된 봉과 가격이 달라 넣지 않음(수정 기준이 다름)"),
    }
)


def line_text(line: int) -> str:
    """Return how a line of a file is named, counted from 1."""
    return Sentence("{line}번째 줄", line=line)


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of repair or refusal in one symbol of one file, with where it was met first."""

    file: str
    symbol: str
    kind: FindingKind
    count: int
    places: tuple[str, ...]
    """Days (`2021-04-15`) or lines (`line_text`) with details, at most `SHOWN_PLACES`."""


@dataclass(frozen=True, slots=True)
class ImportedSeries:
    """Bars of one series as a file gives them, and which days they answer for."""

    bars: BarColumns
    covered: tuple[Span, ...]
    file: str


@dataclass(frozen=True, slots=True)
class BarFiles:
    """Everything that was read of a file or a folder."""

    series: Mapping[SeriesKey, ImportedSeries]
    findings: tuple[Finding, ...]
    files: int
    rows_read: int
    rows_kept: int
    """Rows that became bars; a row that serves the raw and the adjusted series counts once."""

    @property
    def bars(self) -> dict[str, BarColumns]:
        """Return one series a symbol: the adjusted one where there is one, else the raw one."""
        found: dict[str, BarColumns] = {}
        for key in sorted(self.series, key=lambda key: (key.symbol, not key.is_adjusted)):
            found.setdefault(key.symbol, self.series[key].bars)
        return found

    @property
    def repaired(self) -> Sequence[Finding]:
        """Return what was repaired or only told."""
        return [finding for finding in self.findings if not finding.kind.is_refusal]

    @property
    def refused(self) -> Sequence[Finding]:
        """Return what was left out."""
        return [finding for finding in self.findings if finding.kind.is_refusal]


@dataclass(slots=True)
class Notes:
    """Collects the findings of one symbol of one file."""

    file: str
    symbol: str = ""
    _found: dict[FindingKind, tuple[int, list[str]]] = field(default_factory=dict)

    def add(self, kind: FindingKind, place: str, count: int = 1) -> None:
        """Count `count` of a kind; the first places are kept."""
        before, places = self._found.get(kind, (0, []))
        if place and len(places) < SHOWN_PLACES:
            places.append(place)
        self._found[kind] = (before + count, places)

    def add_all(self, kind: FindingKind, places: Iterable[str], count: int) -> None:
        """Count `count` of a kind, whose first places `places` gives."""
        if not count:
            return
        before, kept = self._found.get(kind, (0, []))
        for place in places:
            if len(kept) >= SHOWN_PLACES:
                break
            kept.append(place)
        self._found[kind] = (before + count, kept)

    def findings(self) -> list[Finding]:
        """Return what was collected."""
        return [
            Finding(self.file, self.symbol, kind, count, tuple(places))
            for kind, (count, places) in self._found.items()
        ]
