"""Values that programs share: they come back whole, or not at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.domain.envelope import MOST_BYTES, seal, unseal


@given(st.binary(max_size=200))
def test_a_sealed_value_comes_back(content: bytes) -> None:
    assert unseal("token", seal("token", content)) == content


@given(st.binary(max_size=60), st.data())
def test_a_value_that_was_touched_is_absent(content: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal("token", content))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))

    assert unseal("token", bytes(sealed)) is None


@given(st.binary(max_size=60), st.data())
def test_a_value_that_was_cut_is_absent(content: bytes, data: st.DataObject) -> None:
    sealed = seal("token", content)

    assert unseal("token", sealed[: data.draw(st.integers(0, len(sealed) - 1))]) is None


@given(st.binary(max_size=200))
def test_garbage_is_absent(garbage: bytes) -> None:
    assert unseal("token", garbage) is None


def test_another_kind_and_too_much_are_absent() -> None:
    assert unseal("quote", seal("token", b"a")) is None
    assert unseal("token", seal("token", b"a" * MOST_BYTES)) is None
