from __future__ import annotations

import json
import string
from pathlib import Path

import pytest

from kis_terminal.adapters.kis.catalog import Catalog
from kis_terminal.adapters.strategy_files.reader import read_file
from kis_terminal.cli import backtest_parts
from tests.support.korean import is_korean, korean_texts, texts_given_to
from tests.support.source_tree import modules

_CALLS_IN_USE = (
    *("inquire_balance", "inquire_daily_ccld", "inquire_psbl_order", "inquire_psbl_sell", "order_cash"),
    *("order_rvsecncl", "inquire_price", "inquire_asking_price_exp_ccn", "inquire_ccnl", "inquire_investor"),
    *("volume_rank", "chk_holiday", "inquire_daily_itemchartprice", "inquire_time_itemchartprice"),
    "inquire_time_dailychartprice",
)
_TABLE = Path(__file__).resolve().parents[2] / "resources" / "translations" / "en.json"
_UNSPOKEN = {
    "한국어": "a language's name in itself",
    "한국어 / English": "both names on one command",
    "f:억": "English has no word for a hundred million",
    "한뷁W▲%": "letters to measure a font by",
}


_NO_SENTENCES = {
    "단타": "the first group's name, which is the user's to change",
    "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ": "letters to search by",
    "취소": "a word in KIS's answers",
    "조회이후에 자료가 변경": "a word in KIS's answers",
    "운영시간|주문시간|장 ?종료|영업일|휴장|개장|정규장이 끝": "words in KIS's answers",
}


def _english() -> dict[str, str]:
    table: dict[str, str] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table


def _without_context(key: str) -> str:
    return key.partition("@")[0]


def test_every_text_of_the_window_has_its_english() -> None:
    english = _english()
    known = {_without_context(key) for key in english}
    window = [module for name, module in modules().items() if name == "app" or name.startswith("ui")]

    missing = [text for module in window for text in texts_given_to(module, "tr") if text.text not in english]
    # Words that reach tr() by way of a table of constants.
    missing += [
        text
        for module in window
        for text in korean_texts(module)
        if text.text not in known and text.text not in _UNSPOKEN
    ]

    assert missing == []


def test_every_sentence_made_outside_the_window_has_its_english() -> None:
    english = _english()

    missing = [
        text
        for module in modules().values()
        for text in texts_given_to(module, "Sentence")
        if is_korean(text.text) and text.text not in english
    ]

    assert missing == []


@pytest.mark.parametrize("package", ["domain", "services", "adapters.kis", "adapters.storage"])
def test_korean_outside_the_window_is_a_sentence(package: str) -> None:
    inside = [module for name, module in modules().items() if name.startswith(package)]
    sentences = {text.text for module in inside for text in texts_given_to(module, "Sentence")}

    plain = [text for module in inside for text in korean_texts(module) if text.text not in sentences]

    assert [text for text in plain if text.text not in _NO_SENTENCES] == []


def _preset_words() -> set[str]:
    """Return what people read of the shipped strategies: names, descriptions, names of parameters."""
    specs = [read_file(path).sound() for path in backtest_parts.preset_files().values()]
    words = {text for spec in specs for text in (spec.metadata.name, spec.metadata.description)}
    return words | {parameter.description for spec in specs for parameter in spec.params.values()}


def test_shipped_strategies_have_their_english() -> None:
    assert _preset_words() - set(_english()) == set()


def test_names_of_the_calls_in_use_have_their_english() -> None:
    catalog = Catalog()
    names = [catalog.api(f"domestic_stock.{name}").name for name in _CALLS_IN_USE]

    assert [name for name in names if name not in _english()] == []


def test_no_english_entry_is_left_over() -> None:
    catalog = Catalog()
    spoken = {catalog.api(f"domestic_stock.{name}").name for name in _CALLS_IN_USE}
    spoken |= _preset_words()
    spoken |= {text.text for module in modules().values() for text in korean_texts(module)}
    spoken |= {text.text for module in modules().values() for text in texts_given_to(module, "tr")}

    assert [key for key in _english() if _without_context(key) not in spoken] == []


def test_english_texts_have_the_places_of_the_korean_ones() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    wrong = [key for key, english in _english().items() if places(_without_context(key)) != places(english)]

    assert wrong == []


def test_english_texts_are_english() -> None:
    # A command may name the other language in itself.
    allowed = {
        "다음 시작부터 English로 / Korean again",
        "찾는 것이 없습니다. 종목코드, 이름, 초성(ㅅㅅㅈㅈ), 화면번호로 찾습니다.",
    }

    assert [key for key, english in _english().items() if is_korean(english) and key not in allowed] == []


def test_the_table_is_sorted() -> None:
    assert list(_english()) == sorted(_english())


def test_one_korean_word_has_two_english_ones_by_context() -> None:
    english = _english()

    assert (english["취소"], english["취소@act"]) == ("Cancelled", "Cancel")
