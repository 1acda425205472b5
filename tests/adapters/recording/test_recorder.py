"""The session recorder: nothing secret in the file, nobody held up, and a file that can always be read."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from kis_terminal.adapters.recording.masking import Masker, withheld_stream
from kis_terminal.adapters.recording.parts import PARTS_KEPT, Parts, numbered
from kis_terminal.adapters.recording.recorder import SessionRecorder
from kis_terminal.adapters.system_clock import SystemClock
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.orders import NoticeKind, OrderKind, OrderRequest, Origin, Side, Venue
from kis_terminal.domain.recording import (
    FrameRecord,
    LostRecord,
    RecordingHeader,
    RestRecord,
    WithheldRecord,
    record_line,
    stream_lines,
)
from kis_terminal.ports import Stream
from kis_terminal.settings import Secret
from tests.support.exchange import running_exchange
from tests.support.recorded import plain_text, read_recording, session

_CANO, _HTS_ID = "73519264", "canaryhts"


async def until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.01)


def recorder_on(clock: SystemClock | None = None, **options: object) -> SessionRecorder:
    return SessionRecorder(clock or SystemClock(), "sim", **options)  # type: ignore[arg-type]


async def test_a_whole_session_with_orders_leaves_no_secret_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "session.kisrec"
    secrets: list[str] = []
    async with running_exchange() as exchange:
        access = replace(exchange.access(cano=_CANO), appsecret=Secret("canary/Secret+" * 12), hts_id=_HTS_ID)
        secrets += [access.appsecret.reveal(), _CANO, _HTS_ID]
        async with session(access, path, learns=secrets.append) as live:
            for stream, symbol in ((Stream.NOTICES, ""), (Stream.TICKS, "005930"), (Stream.BOOK, "005930")):
                live.feed.subscribe(stream, symbol)
            await live.feed.open()
            await until(lambda: len(live.confirmed) == 3)
            await live.broker.place(
                OrderRequest(
                    "1", "005930", Side.BUY, OrderKind.MARKET, 3, None, Venue.KRX, Origin.ORDER_ENTRY
                )
            )
            await until(lambda: any(one.kind is NoticeKind.FILL for one in live.notices))
            await live.broker.orders(SystemClock().now().date())
            await live.broker.balance()
            await live.broker.buying_power("005930", OrderKind.LIMIT, Decimal(70_000))
            await until(lambda: bool(live.ticks) and bool(live.books))

    text = plain_text(path)
    _, records = read_recording(path)
    assert len(secrets) == 6  # secret, account, HTS ID, app key, token, approval key
    assert [secret for secret in secrets if secret in text] == []
    rest = [one for one in records if isinstance(one, RestRecord)]
    assert {"/oauth2/tokenP", "/oauth2/Approval"} < {one.path for one in rest}
    assert {one.values["CANO"] for one in rest if "CANO" in one.values} == {"90000001"}
    assert any(isinstance(one, WithheldRecord) and one.tr_id == "H0STCNI0" for one in records)
    assert not any(isinstance(one, FrameRecord) and "CNI0|" in one.text for one in records)
    received = [one for one in records if isinstance(one, FrameRecord) and not one.is_ours]
    assert any(one.text.startswith("0|H0STCNT0|") for one in received)
    assert any('"SUBSCRIBE SUCCESS"' in one.text for one in received)
    assert not any('"iv"' in one.text for one in received)
    order = next(one for one in rest if one.path.endswith("/order-cash"))
    assert (order.method, order.tr_id, order.status) == ("POST", "TTTC0012U", 200)
    assert order.body["output"]["ODNO"]
    assert [one.at for one in records] == sorted(one.at for one in records)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_program_leaves_a_file_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "killed.kisrec"
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from kis_terminal.adapters.recording.recorder import SessionRecorder\n"
        "from kis_terminal.adapters.system_clock import SystemClock\n"
        "recorder = SessionRecorder(SystemClock(), 'sim')\n"
        "recorder.start(Path(sys.argv[1]))\n"
        "number = 0\n"
        "while True:\n"
        "    recorder.received(f'0|H0STCNT0|001|005930^{number}'.encode())\n"
        "    number += 1\n"
        "    time.sleep(0.001)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(path)])
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not (path.exists() and path.stat().st_size > 2_000):
            time.sleep(0.05)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)

    header, records = read_recording(path)

    frames = [one.text for one in records if isinstance(one, FrameRecord)]
    assert header.environment == "sim"
    assert len(frames) > 100
    assert frames == [f"0|H0STCNT0|001|005930^{number}" for number in range(len(frames))]
    assert path.stat().st_mode & 0o077 == 0


class SmallDisk:
    """A file on a disk with room for so many bytes."""

    def __init__(self, path: Path, room: int) -> None:
        self._file = path.open("wb", buffering=0)
        self._room = room

    def write(self, data: bytes) -> int | None:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()


async def test_a_full_disk_ends_the_recording_and_not_the_program(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = recorder_on(opener=lambda path: SmallDisk(path, 400))
    with caplog.at_level(logging.ERROR):
        recorder.start(tmp_path / "session.kisrec")
        recorder.received(b"0|H0STCNT0|001|005930^" + os.urandom(600).hex().encode())
        await until(lambda: not recorder.is_on)
        recorder.received(b"0|H0STCNT0|001|005930^2")  # and nothing happens
        await recorder.close()

    assert recorder.status().failure.startswith("기록을 멈췄습니다. 파일에 쓸 수 없습니다:")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    caplog.clear()


async def test_a_disk_that_is_full_from_the_start_is_told_at_once(tmp_path: Path) -> None:
    recorder = recorder_on(opener=lambda path: SmallDisk(path, 5))

    with pytest.raises(CorrectionNeeded, match="기록할 수 없습니다"):
        recorder.start(tmp_path / "session.kisrec")

    assert not recorder.is_on


async def test_what_does_not_fit_the_queue_is_counted_in_the_file_and_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "session.kisrec"
    recorder = recorder_on(queue_bytes=2_000)
    with caplog.at_level(logging.WARNING):
        recorder.start(path)
        for number in range(100):
            recorder.received(b"0|H0STCNT0|001|005930^%d" % number)
        await recorder.close()

    _, records = read_recording(path)
    kept = sum(isinstance(one, FrameRecord) for one in records)
    told = sum(one.count for one in records if isinstance(one, LostRecord))
    assert 0 < kept < 100
    assert (told, recorder.status().lost) == (100 - kept, 100 - kept)
    assert "the recording lost" in caplog.text
    caplog.clear()


def test_the_files_of_a_recording_stay_within_their_limit_and_the_newest_are_kept(tmp_path: Path) -> None:
    path, limit = tmp_path / "session.kisrec", 200_000
    parts = Parts(path, RecordingHeader("1", 1, "sim", "t"), limit)
    for number in range(120):
        parts.write(record_line(FrameRecord(float(number), "t", f"{number}^{os.urandom(4_000).hex()}")))
        parts.flush()
    parts.close()

    files = sorted(tmp_path.glob("*.kisrec"))
    assert len(files) == PARTS_KEPT
    assert path not in files
    assert sum(file.stat().st_size for file in files) < 1.1 * limit
    newest, records = read_recording(parts.path)
    assert newest.part > PARTS_KEPT
    assert parts.path == numbered(path, newest.part)
    assert isinstance(records[-1], FrameRecord)
    assert records[-1].text.startswith("119^")


async def test_an_existing_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "session.kisrec"
    path.write_text("mine", encoding="utf-8")
    recorder = recorder_on()

    with pytest.raises(CorrectionNeeded, match="기록할 수 없습니다"):
        recorder.start(path)

    assert path.read_text(encoding="utf-8") == "mine"
    assert not recorder.is_on


def test_secrets_go_by_name_where_their_value_is_not_known() -> None:
    masker = Masker()

    body = masker.body(
        b'{"access_token":"eyJx","output":[{"CANO":"11112222","acnt_no":"1111222201","ctac_tlno":"0101234",'
        b'"stck_prpr":"70000"}]}'
    )
    command = masker.frame(
        '{"header":{"approval_key":"abc"},"body":{"input":{"tr_id":"H0STCNI0","tr_key":"someone"}}}'
    )
    reply = masker.frame(
        '{"header":{"tr_id":"H0STCNI0","tr_key":"someone"},"body":{"rt_cd":"0","output":{"iv":"1","key":"2"}}}'
    )

    assert body["access_token"] == "***"
    assert body["output"][0] == {
        "CANO": "90000001",
        "acnt_no": "9000000101",
        "ctac_tlno": "***",
        "stck_prpr": "70000",
    }
    assert "abc" not in command
    assert "someone" not in command + reply
    assert '"output":{}' in reply
    assert masker.text("grant: appsecret=abc&x=1, Bearer eyJ.z") == "grant: appsecret=***&x=1, Bearer ***"


def test_an_account_is_masked_as_a_number_of_its_own_and_not_inside_another() -> None:
    masker = Masker()
    masker.account("12345678")

    assert masker.clean("acct 12345678-01, 1234567801, x12345678y") == (
        "acct 90000001-01, 9000000101, x90000001y"
    )
    assert masker.clean("0|H0STCNT0|001|005930^912345678^1234567890123") == (
        "0|H0STCNT0|001|005930^912345678^1234567890123"
    )


def test_sealed_frames_and_notices_are_known_by_their_beginning() -> None:
    assert withheld_stream("1|H0STCNI0|001|base64") == "H0STCNI0"
    assert withheld_stream("0|H0GSCNI9|001|USER^1234567801") == "H0GSCNI9"
    assert withheld_stream("0|H0STCNT0|001|005930^1") == ""


def test_a_stream_that_is_torn_in_the_middle_of_a_line_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    line = record_line(FrameRecord(0.5, "t", "0|H0STCNT0|001|005930^1"))

    assert list(stream_lines([line.encode()[:20]])) == [line[:20]]
    assert list(stream_lines([line.encode() * 2, b"{"])) == [line[:-1], line[:-1], "{"]
