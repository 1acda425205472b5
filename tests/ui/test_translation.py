from __future__ import annotations

from collections.abc import Iterator

import pytest

from kis_terminal.domain.errors import BrokerUnreachable, UnknownSymbol
from kis_terminal.domain.sentences import Sentence
from kis_terminal.ui import formatting
from kis_terminal.ui.translation import said, set_language, tr


@pytest.fixture
def english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("ko")


def test_korean_is_said_as_it_stands() -> None:
    assert said(UnknownSymbol(Sentence("종목코드를 확인하세요."))) == "종목코드를 확인하세요."


@pytest.mark.usefixtures("english")
def test_an_error_is_said_in_english_with_what_is_inside_it() -> None:
    cause = BrokerUnreachable(
        Sentence("{url}의 응답이 없습니다: {why}", url="URL", why=Sentence("연결 실패"))
    )
    error = BrokerUnreachable(Sentence("{what}: {why}", what=Sentence("주식잔고조회"), why=cause))

    assert said(error) == "Balance: URL does not answer: no connection"


@pytest.mark.usefixtures("english")
def test_words_of_others_are_not_translated() -> None:
    assert said("매수") == "매수"


@pytest.mark.usefixtures("english")
def test_a_sentence_inside_a_text_of_the_window_is_said_in_english() -> None:
    assert tr("거부: {reason}", reason=Sentence("종목코드를 확인하세요.")) == "Rejected: Check the symbol."


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    ("value", "shown"),
    [(99_999_999, "99,999,999"), (123_400_000, "123.4M"), (12_345_000_000, "12.35B"), (1.5e12, "1.50T")],
)
def test_amounts_are_shortened_by_english_units(value: float, shown: str) -> None:
    assert formatting.amount(value) == shown
