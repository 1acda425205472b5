"""Whatever comes over the socket is read whole and of the right types, or refused with FrameError.

Real frames are spoilt in the ways in which wires, proxies and servers spoil them; then arbitrary bytes.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kis_terminal.adapters.kis.catalog import Catalog
from kis_terminal.adapters.kis.frames import (
    ControlReply,
    Heartbeat,
    NoticeCipher,
    StreamFrame,
    named_records,
    parse,
)
from kis_terminal.adapters.kis.notices import NoticeReader
from kis_terminal.adapters.kis.realtime import ONE_BOOK, ONE_TRADE, RealtimeDecoder
from kis_terminal.adapters.kis.replies import sentence, verdict
from kis_terminal.domain.errors import FrameError
from kis_terminal.domain.market import Tick
from tests.support.shared import shared_path
from tests.support.stream_server import IV, KEY, sealed
from tests.support.typed_values import check_types

pytestmark = pytest.mark.usefixtures("quiet")
CATALOG = Catalog()
TYPED = ("H0STCNT0", "H0STASP0", "H0STMKO0", "H0STCNI0", "H0STCNI9")
PIECES = st.sampled_from(
    (
        *(
            "",
            "^",
            "|",
            "^^^^",
            "\x00",
            "\n",
            "\r\n",
            " ",
            "-",
            "+",
            "_",
            ".",
            "0",
            "-0",
            "1e9",
            "nan",
            "inf",
        ),
        *(
            "9" * 19,
            "9" * 5_000,
            "٣",
            "１２",
            "한",
            "\ud800",
            "(null)",
            "Y",
            "true",
            "null",
            "{",
            "}",
            '"',
            "[" * 200,
        ),
        *(
            "005930",
            "0|H0STCNT0|001|",
            "0|H0STASP0|999|",
            "1|H0STCNI0|001|",
            '{"header":',
            "240000",
            "095959",
        ),
    )
)


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Let doubts about spoilt frames stay unheard."""
    caplog.set_level(logging.CRITICAL, "kis_terminal")


@cache
def real_frames() -> tuple[str, ...]:
    """Return the frames of the samples, our own notices (plain text there is none of) and joined records."""
    text = Path(shared_path("kis-api/samples/frames.txt")).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    lines = [line.replace("DECRYPTED|", "0|", 1) for line in lines]
    found = list(lines)
    for line in lines:
        if line.startswith(("0|H0STCNT0|", "0|H0STASP0|")):
            head, payload = line[:11], line.split("|", 3)[3]
            found += [f"{head}{count:03}|" + "^".join([payload] * count) for count in (2, 7)]
    found += [f"0|H0STCNI0|001|{NOTICE}", f"1|H0STCNI0|001|{sealed(NOTICE)}", f"0|H0STMKO0|001|{STATUS}"]
    return tuple(found)


OWNER, ACCOUNT = "홍길동", "5000010101"
NOTICE = (
    f"tester^{ACCOUNT}^0000040001^^02^0^00^0^005930^10^82900^100000^0^2^2^91252^10^{OWNER}^0^KRX^N^^삼성전자"
)
STATUS = "005930^N^(null)^112^112^0^0^0^N^N^KRX"


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """Draw a real frame with up to six injuries."""
    text = draw(st.sampled_from(real_frames()))
    for _ in range(draw(st.integers(0, 6))):
        what = draw(st.sampled_from(("cut", "drop", "put", "over", "field", "double", "count")))
        at = draw(st.integers(0, len(text)))
        if what == "cut":
            text = text[:at]
        elif what == "drop":
            text = text[:at] + text[at + draw(st.integers(1, 40)) :]
        elif what == "put":
            text = text[:at] + draw(PIECES) + text[at:]
        elif what == "over":
            piece = draw(PIECES)
            text = text[:at] + piece + text[at + len(piece) :]
        elif what == "field":
            fields = text.split("^")
            fields[draw(st.integers(0, len(fields) - 1))] = draw(PIECES)
            text = "^".join(fields)
        elif what == "double":
            text = text + "^" + text.split("|", 3)[-1]
        else:
            parts = text.split("|", 3)
            if len(parts) == 4:
                parts[2] = draw(st.sampled_from(("000", "002", "010", "999", "-01", "1", "00001", "")))
                text = "|".join(parts)
    return text


def read_all(text: str) -> int:
    """Read a text as the session does and look at everything in it; return how many values came out."""
    decoder, reader = RealtimeDecoder(), NoticeReader()
    reader.take_key(KEY, IV)
    count = 0
    if text.startswith(ONE_TRADE):
        count += attempt(lambda: look_at_tick(decoder.one_tick(text)))
    if text.startswith(ONE_BOOK):
        count += attempt(lambda: check_types(decoder.one_book(text).decode()))
    frame = parse(text)
    if isinstance(frame, Heartbeat):
        assert frame.text == text
        return 1
    if isinstance(frame, ControlReply):
        check_types(frame)
        assert isinstance(sentence(frame), str)
        assert verdict(frame)
        attempt(lambda: check_types(NoticeCipher(frame.key, frame.iv)))
        return 1
    return count + read_frame(frame, decoder, reader)


def read_frame(frame: StreamFrame, decoder: RealtimeDecoder, reader: NoticeReader) -> int:
    """Read a data frame with every reader of its stream."""
    count = 0
    if frame.tr_id in ("H0STCNI0", "H0STCNI9"):
        for notice in reader.read(frame):
            check_types(notice)
            count += 1
    elif frame.tr_id == "H0STCNT0":
        ticks = decoder.ticks(frame)
        assert 0 < len(ticks) <= frame.record_count
        for tick in ticks:
            look_at_tick(tick)
        attempt(lambda: look_at_newest(decoder, frame, ticks))
        count += len(ticks)
    elif frame.tr_id == "H0STASP0":
        for book in decoder.books(frame):
            check_types(book.decode())
            count += 1
    elif frame.tr_id == "H0STMKO0":
        for status in decoder.statuses(frame):
            check_types(status)
            count += 1
    streams = {one for entry in CATALOG.entries if entry.is_stream for one in entry.tr_ids}
    if frame.tr_id in streams and not frame.is_encrypted:
        for record in named_records(frame, CATALOG.stream(frame.tr_id).layout):
            assert all(isinstance(value, str) for value in record.values())
    return count


def look_at_newest(decoder: RealtimeDecoder, frame: StreamFrame, ticks: list[Tick]) -> None:
    newest = decoder.newest_tick(frame)
    if newest is not None and len(ticks) == frame.record_count:
        assert newest == ticks[-1]


def look_at_tick(tick: Tick) -> None:
    """Look at everything of a tick."""
    assert isinstance(tick.symbol, str)
    assert isinstance(tick.price, Decimal)
    assert tick.price.is_finite()
    for number in (tick.seconds, tick.size, tick.volume):
        assert type(number) is int
        assert number >= 0
    assert tick.seconds < 86_400
    check_types(tick.details)


def attempt(work: Callable[[], object]) -> int:
    """Do something that may refuse its frame; return 1 when it did not."""
    try:
        work()
    except FrameError:
        return 0
    return 1


def test_every_real_frame_of_a_typed_stream_is_read() -> None:
    for text in real_frames():
        if any(f"|{tr_id}|" in text for tr_id in TYPED):
            assert read_all(text) >= 1, text[:40]


@settings(
    max_examples=600,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(spoilt())
def test_a_spoilt_frame_gives_values_of_the_right_types_or_frame_error(text: str) -> None:
    attempt(lambda: read_all(text))


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary(max_size=400), st.sampled_from(("utf-8", "cp949", "latin-1")))
@example(b"\xff\xfe\x00", "utf-8")
def test_arbitrary_bytes_give_values_or_frame_error(raw: bytes, encoding: str) -> None:
    text = raw.decode(encoding, errors="surrogateescape")

    attempt(lambda: read_all(text))
    attempt(lambda: read_all(f"0|H0STCNT0|001|{text}"))
    attempt(lambda: read_all(f"1|H0STCNI0|001|{text}"))


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_a_spoilt_notice_is_read_or_refused_and_no_error_quotes_it(data: st.DataObject) -> None:
    fields = NOTICE.split("^")
    for _ in range(data.draw(st.integers(1, 4))):
        fields[data.draw(st.integers(0, len(fields) - 1))] = data.draw(PIECES)
    plain = "^".join(fields).encode("utf-8", "replace").decode()
    reader = NoticeReader()
    reader.take_key(KEY, IV)

    notices, said = [], ""
    try:
        notices = reader.read(StreamFrame("H0STCNI0", True, 1, sealed(plain)))
    except FrameError as error:
        said = str(error)
    assert OWNER not in said
    assert ACCOUNT not in said
    for notice in notices:
        check_types(notice)
        assert notice.quantity >= 0
        assert 0 <= notice.seconds < 86_400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ("header", "body", "tr_id", "tr_key", "rt_cd", "msg_cd", "msg1", "output", "key", "iv")
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(JSON, JSON)
def test_any_reply_is_a_reply_or_frame_error(header: object, body: object) -> None:
    attempt(lambda: read_all(json.dumps({"header": header, "body": body})))
    attempt(lambda: read_all(json.dumps(header)))
    attempt(lambda: read_all("{" + json.dumps(body)))
