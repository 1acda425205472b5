"""Frames without IO: every real frame goes through, whatever else comes raises FrameError only."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.kis.catalog import Catalog
from kis_terminal.adapters.kis.frames import (
    MAX_FRAME_BYTES,
    ControlReply,
    Heartbeat,
    NoticeCipher,
    StreamFrame,
    named_records,
    parse,
    records,
    subscribe_text,
    unsubscribe_text,
)
from kis_terminal.domain.errors import FrameError
from tests.support.shared import shared_path
from tests.support.stream_server import IV, KEY, sealed


def sample_frames() -> list[tuple[str, int | None, str]]:
    """Return (comment, number of fields by the comment, line) of every real frame."""
    found: list[tuple[str, int | None, str]] = []
    comment, fields = "", None
    for line in Path(shared_path("kis-api/samples/frames.txt")).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            comment = line
            match = re.search(r"fields (\d+)", line)
            fields = int(match[1]) if match else None
        elif line:
            found.append((comment, fields, line))
    return found


def as_frame(text: str) -> StreamFrame:
    frame = parse(text)
    assert isinstance(frame, StreamFrame)
    return frame


def test_every_plain_sample_gives_one_record_with_the_fields_that_stand_in_it() -> None:
    plain = [(fields, line) for _, fields, line in sample_frames() if line[0] == "0"]

    assert len(plain) >= 30
    for fields, line in plain:
        frame = as_frame(line)
        found = records(frame.tr_id, frame.payload, frame.record_count)
        assert found == [line.split("|")[3].split("^")]
        if fields is not None and "Section C" not in line:
            assert len(found[0]) == fields or frame.tr_id in ("H0STASP0", "H0STCNT0")


def test_every_sample_is_named_by_the_catalogue_whatever_its_width() -> None:
    catalog = Catalog()
    for _, _, line in sample_frames():
        if line[0] != "0":
            continue
        frame = as_frame(line)

        [record] = named_records(frame, catalog.stream(frame.tr_id).layout)

        assert list(record.values()) == line.split("|")[3].split("^")


@pytest.mark.parametrize(
    ("tr_id", "column", "value"),
    [
        ("H0UPCNT0", "prpr_nmix", "2624.54"),
        ("H0STPGM0", "NTBY_CNQN", "-224036"),
        ("H0STNAV0", "NAV", "37235.46"),
        ("H0EUCNT0", "OPTN_PRPR", "2.98"),
        ("HDFSASP0", "SYMB", "AAPL"),
    ],
)
def test_generic_streams_give_what_a_person_reads(tr_id: str, column: str, value: str) -> None:
    [line] = [line for _, _, line in sample_frames() if line.startswith(f"0|{tr_id}|")]
    frame = as_frame(line)

    [record] = named_records(frame, Catalog().stream(tr_id).layout)

    assert {name.lower(): text for name, text in record.items()}[column.lower()] == value


def test_a_sample_that_is_encrypted_is_known_as_such() -> None:
    [line] = [line for _, _, line in sample_frames() if line.startswith("1|")]

    frame = as_frame(line)

    assert frame.tr_id == "H0EUCNI0"
    assert frame.is_encrypted


def test_control_samples_give_code_and_key_and_print_no_key() -> None:
    replies = [parse(line) for _, _, line in sample_frames() if line.startswith("{")]

    assert [type(reply) for reply in replies] == [ControlReply, ControlReply]
    for reply in replies:
        assert isinstance(reply, ControlReply)
        assert (reply.tr_key, reply.is_ok, reply.code) == ("000660", True, "OPSP0000")
        assert (reply.key, reply.iv) == (KEY, IV)
        assert KEY not in repr(reply)
        assert IV not in repr(reply)


def test_the_null_session_error_is_read_by_its_rt_cd() -> None:
    reply = parse(
        '{"header":{"tr_id":"(null)","tr_key":"","encrypt":"N"},'
        '"body":{"rt_cd":"9","msg_cd":"OPSP8996","msg1":"ALREADY IN USE appkey"}}'
    )

    assert isinstance(reply, ControlReply)
    assert (reply.is_ok, reply.code, reply.tr_id) == (False, "OPSP8996", "(null)")


def test_a_heartbeat_keeps_its_text() -> None:
    text = '{"header":{"tr_id":"PINGPONG","datetime":"20260713103925"}}'

    assert parse(text) == Heartbeat(text)


def test_commands_are_written_as_the_protocol_says() -> None:
    assert json.loads(subscribe_text("approval", "H0STCNT0", "005930")) == {
        "header": {"approval_key": "approval", "custtype": "P", "tr_type": "1", "content-type": "utf-8"},
        "body": {"input": {"tr_id": "H0STCNT0", "tr_key": "005930"}},
    }
    assert json.loads(unsubscribe_text("approval", "H0STCNT0", "005930"))["header"]["tr_type"] == "2"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00",
        "0",
        "0|H0STCNT0|001",
        "2|H0STCNT0|001|a",
        "0||001|a",
        "0|H0STCNT0|000|a",
        "0|H0STCNT0|-01|a",
        "0|H0STCNT0|٠٠١|a",
        "0|H0STCNT0|1e3|a",
        "0|H0STCNT0|001|",
        "0|H0STCNT0|001|a\x00b",
        "{",
        "{}",
        "[]",
        '{"header":[]}',
        '{"header":{"tr_id":"H0STCNT0"}}',
        '{"header":{"tr_id":"H0STCNT0"},"body":{"rt_cd":0}}',
        "{" + "[" * 100_000,
        '{"a":' + '{"a":' * 5_000,
        "\ud800{",
        '{"\ud800"',
        "0|H0STCNT0|001|" + "1" * MAX_FRAME_BYTES,
    ],
)
def test_garbage_raises_frame_error(text: str) -> None:
    with pytest.raises(FrameError):
        parse(text)


@pytest.mark.parametrize(
    ("fields", "count"), [(45, 1), (92, 1), (460, 1), (460, 9), (460, 5), (460, 11), (460, 999)]
)
def test_a_count_that_lies_raises_frame_error(fields: int, count: int) -> None:
    with pytest.raises(FrameError):
        records("H0STCNT0", "^".join(["1"] * fields), count, 46)


@pytest.mark.parametrize(
    ("fields", "count", "width"), [(46, 1, 46), (47, 1, 47), (460, 10, 46), (470, 10, 47)]
)
def test_records_are_as_long_as_the_fields_say(fields: int, count: int, width: int) -> None:
    found = records("H0STCNT0", "^".join(str(number) for number in range(fields)), count, 46)

    assert [len(record) for record in found] == [width] * count
    assert found[-1][-1] == str(fields - 1)


def test_empty_fields_at_the_end_are_kept() -> None:
    assert records("H0STCNT0", "a^^", 1) == [["a", "", ""]]


@given(st.text())
def test_any_text_parses_or_raises_frame_error(text: str) -> None:
    try:
        parse(text)
    except FrameError:
        return


@given(
    st.sampled_from("01"),
    st.text(max_size=12),
    st.text(max_size=4),
    st.text("0123456789^|-.a\x00", max_size=300),
)
def test_any_frame_like_text_gives_whole_records_or_frame_error(
    flag: str, tr_id: str, count: str, payload: str
) -> None:
    try:
        frame = parse(f"{flag}|{tr_id}|{count}|{payload}")
        if isinstance(frame, StreamFrame):
            found = records(frame.tr_id, frame.payload, frame.record_count, 2)
            assert sum(len(record) for record in found) == frame.payload.count("^") + 1
    except FrameError:
        return


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["header", "body", "tr_id", "rt_cd", "output", "key"]), inner)
        ),
    )
)
def test_any_json_parses_or_raises_frame_error(document: object) -> None:
    try:
        parse(json.dumps({"header": document, "body": document}))
    except FrameError:
        return


def test_a_notice_is_decrypted() -> None:
    assert NoticeCipher(KEY, IV).decrypt(sealed("USERID01^홍길동^하림")) == "USERID01^홍길동^하림"


@pytest.mark.parametrize(
    "payload", ["", "not base64!", "AAAA", "한글", sealed("x", key=KEY[::-1])[:-4], sealed("x")[4:]]
)
def test_a_broken_cipher_text_raises_frame_error(payload: str) -> None:
    with pytest.raises(FrameError):
        NoticeCipher(KEY, IV).decrypt(payload)


@pytest.mark.parametrize(("key", "iv"), [("", ""), (KEY[:-1], IV), (KEY, IV[1:]), ("한" * 32, IV)])
def test_a_key_of_the_wrong_length_raises_frame_error(key: str, iv: str) -> None:
    with pytest.raises(FrameError):
        NoticeCipher(key, iv)


@given(st.text())
def test_any_cipher_text_decrypts_or_raises_frame_error(payload: str) -> None:
    try:
        NoticeCipher(KEY, IV).decrypt(payload)
    except FrameError:
        return
