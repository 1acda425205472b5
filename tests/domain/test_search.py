"""Search by code, name and leading consonants."""

from __future__ import annotations

from kis_terminal.domain.instruments import Instrument, Market
from kis_terminal.domain.search import InstrumentIndex, leading_consonants

INDEX = InstrumentIndex(
    [
        Instrument("005930", "삼성전자", Market.KOSPI),
        Instrument("005935", "삼성전자우", Market.KOSPI),
        Instrument("009150", "삼성전기", Market.KOSPI),
        Instrument("000660", "SK하이닉스", Market.KOSPI),
        Instrument("0126Z0", "삼성에피스홀딩스", Market.KOSPI),
        Instrument("069500", "KODEX 200", Market.KOSPI),
    ]
)


def names(text: str) -> list[str]:
    return [item.name for item in INDEX.find(text)]


def test_leading_consonants_of_mixed_text() -> None:
    assert leading_consonants("SK하이닉스") == "SKㅎㅇㄴㅅ"


def test_leading_consonants_find_the_shortest_name_first() -> None:
    assert names("ㅅㅅㅈㅈ") == ["삼성전자", "삼성전자우"]


def test_name_code_and_code_with_a_letter_are_found() -> None:
    assert names("하이닉스") == ["SK하이닉스"]
    assert names("005930")[0] == "삼성전자"
    assert names("0126z0") == ["삼성에피스홀딩스"]
    assert names("kodex200") == ["KODEX 200"]


def test_nothing_typed_finds_nothing() -> None:
    assert names("  ") == []
