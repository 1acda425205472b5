from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from kis_terminal.domain.errors import BrokerUnreachable, OrderRefused
from kis_terminal.domain.sentences import Sentence, sentence_of

_ENGLISH = {"가격 {price:,}원": "{price:,} won", "{what}: {why}": "{what}: {why}", "없음": "none"}


def _translated(template: str) -> str:
    return _ENGLISH.get(template, template)


def test_a_sentence_is_its_korean_text() -> None:
    sentence = Sentence("가격 {price:,}원", price=Decimal(70_050))

    assert sentence == "가격 70,050원"
    assert json.dumps({"reason": sentence}, ensure_ascii=False) == '{"reason": "가격 70,050원"}'


def test_a_sentence_is_said_in_another_language_with_its_values() -> None:
    sentence = Sentence("가격 {price:,}원", price=Decimal(70_050))

    assert sentence.said_with(_translated) == "70,050 won"


def test_braces_of_a_text_without_values_stand() -> None:
    assert Sentence("{없음}") == "{없음}"


def test_braces_of_values_are_not_filled_again() -> None:
    sentence = Sentence("{what}: {why}", what="{why}", why=Sentence("없음"))

    assert (sentence, sentence.said_with(_translated)) == ("{why}: 없음", "{why}: none")


def test_sentences_and_errors_inside_are_said_too() -> None:
    inner = BrokerUnreachable(Sentence("가격 {price:,}원", price=1_000))
    sentence = Sentence("{what}: {why}", what=Sentence("없음"), why=inner)

    assert (sentence, sentence.said_with(_translated)) == ("없음: 가격 1,000원", "none: 1,000 won")


def test_an_error_gives_back_the_sentence_it_was_made_of() -> None:
    error = OrderRefused(Sentence("없음"), code="X")

    said = sentence_of(error)

    assert isinstance(said, Sentence)
    assert str(error) == said == "없음"


@pytest.mark.parametrize("error", [ValueError(), ValueError("plain"), OSError(2, "gone")])
def test_an_error_of_plain_text_says_that(error: Exception) -> None:
    assert sentence_of(error) == str(error)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy])
def test_a_copy_keeps_template_and_values(again: Callable[[Sentence], Sentence]) -> None:
    sentence = Sentence("가격 {price:,}원", price=5)

    kept = again(sentence)

    assert (kept, kept.template, dict(kept.values)) == (sentence, "가격 {price:,}원", {"price": 5})
