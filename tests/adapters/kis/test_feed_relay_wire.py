"""What programs say to each other about the socket: sealed, bound to its channel, never trusted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.kis.feed_relay_wire import (
    FrameFilter,
    PartKind,
    RelaySeal,
    Wishes,
    pack_batch,
    pack_reply,
    pack_seconds,
    pack_wishes,
    unpack_batch,
    unpack_reply,
    unpack_seconds,
    unpack_wishes,
)
from tests.adapters.kis.test_realtime import trade_row

SECRET = "s" * 180
ME, OTHER = b"m" * 8, b"o" * 8


def frame(*symbols: str, tr_id: str = "H0STCNT0") -> bytes:
    rows = "^".join(trade_row(symbol=symbol) for symbol in symbols)
    return f"0|{tr_id}|{len(symbols):03d}|{rows}".encode()


def test_what_is_sealed_for_one_lease_is_nothing_on_another_or_under_another_secret() -> None:
    seal = RelaySeal(SECRET)
    value = seal.closed("feed:down:1", b"frames")

    assert seal.opened("feed:down:1", value) == b"frames"
    assert seal.opened("feed:down:2", value) is None
    assert seal.opened("feed:up", value) is None
    assert RelaySeal("t" * 180).opened("feed:down:1", value) is None
    assert seal.opened("feed:down:1", value[:-1] + bytes([value[-1] ^ 1])) is None
    assert seal.opened("feed:down:1", b"") is None
    assert b"frames" not in value


@given(
    st.integers(0, 2**63),
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.sampled_from(PartKind), st.binary(max_size=50)), max_size=20),
)
def test_a_batch_comes_back_as_it_was(number: int, epoch: int, parts: list[tuple[PartKind, bytes]]) -> None:
    batch = unpack_batch(pack_batch(number, epoch, parts))

    assert batch is not None
    assert (batch.number, batch.epoch, list(batch.parts)) == (number, epoch, parts)


@given(st.binary(max_size=100))
def test_anything_is_a_batch_or_none_and_wishes_or_none(plain: bytes) -> None:
    unpack_batch(plain)
    unpack_wishes(plain)
    unpack_reply(plain, ME)
    unpack_seconds(plain)


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_batch_that_is_cut_off_is_none(cut: int) -> None:
    assert unpack_batch(pack_batch(1, 1, [(PartKind.FRAME, b"a frame")])[:-cut]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        b'"member"',
        b"{}",
        pack_wishes(Wishes(b"short", 1, 1, 1)),
        pack_wishes(Wishes(ME, 1, 1, 1, {("", "005930"): (1, 0)})),
        pack_wishes(Wishes(ME, 1, 1, 1, {("H0STCNT0", "0\n"): (1, 0)})),
        pack_wishes(Wishes(ME, 1, 1, 1, {("H0STCNT0", f"{n}"): (1, 0) for n in range(300)})),
        pack_wishes(Wishes(ME, 1, 1, 1)).replace(b'"version": 1', b'"version": Infinity'),
    ],
)
def test_wishes_that_are_none(wrong: bytes) -> None:
    assert unpack_wishes(wrong) is None


def test_wishes_and_replies_come_back_as_they_were() -> None:
    wishes = Wishes(ME, 3, 4, 5, {("H0STCNT0", "005930"): (2, 1)}, "why", is_leaving=True)
    reply = pack_reply([ME, OTHER], b"yes")

    assert unpack_wishes(pack_wishes(wishes)) == wishes
    assert (unpack_reply(reply, OTHER), unpack_reply(reply, b"x" * 8)) == (b"yes", None)
    assert unpack_seconds(pack_seconds(1.5)) == 1.5


def test_a_program_gets_the_frames_that_it_asked_for_and_what_is_no_frame() -> None:
    wanted = FrameFilter()
    wanted.want(("H0STCNT0", "005930"))

    assert wanted.passes(frame("005930"))
    assert wanted.passes(frame("005930", "005930"))
    assert wanted.passes(frame("000660", "005930"))
    assert not wanted.passes(frame("000660"))
    assert not wanted.passes(frame("000660", "000660"))
    assert not wanted.passes(frame("005930", tr_id="H0STASP0"))
    assert not wanted.passes(b"1|H0STCNI0|001|c2VhbGVk")
    for broken in (b"", b"0|H0STCNT0|001", b"\xff\xfe", b"{}", b"0|H0STCNT0|xxx|005930^1"):
        assert wanted.passes(broken)

    wanted.want(("H0STCNI0", "tester"))
    wanted.leave(("H0STCNT0", "005930"))
    assert wanted.passes(b"1|H0STCNI0|001|c2VhbGVk")
    assert not wanted.passes(frame("005930"))
