"""Slots: 41 registrations counted by reference, one of them kept for the notices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.adapters.kis.slots import Command, SlotTable
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.ports import Stream, SubscriptionState


def run_all(table: SlotTable, now: float) -> list[tuple[bool, Stream, str]]:
    """Send and confirm everything that is due; return what was sent."""
    sent = []
    while (command := table.next_command(now)) is not None:
        table.sent(command)
        if command.is_subscribe:
            table.confirmed(command.slot)
        sent.append((command.is_subscribe, command.slot.stream, command.slot.symbol))
    return sent


def test_forty_streams_fit_and_the_notice_slot_is_kept() -> None:
    table = SlotTable()
    for number in range(40):
        table.add(Stream.TICKS, f"{number:06}")

    with pytest.raises(CorrectionNeeded, match="41건"):
        table.add(Stream.BOOK, "005930")

    assert table.used == 41
    table.add(Stream.NOTICES, "")
    assert table.used == 41
    assert run_all(table, 0.0)[0] == (True, Stream.NOTICES, "")


def test_a_second_reference_takes_no_slot_and_sends_nothing() -> None:
    table = SlotTable()
    table.add(Stream.TICKS, "005930")
    run_all(table, 0.0)

    table.add(Stream.TICKS, "005930")
    table.release(Stream.TICKS, "005930", 1.0)

    assert table.next_command(1000.0) is None
    assert table.used == 2


def test_the_last_reference_leaves_after_the_grace() -> None:
    table = SlotTable(grace=4.0)
    table.add(Stream.TICKS, "005930")
    run_all(table, 0.0)

    table.release(Stream.TICKS, "005930", 10.0)

    assert table.next_time() == 14.0
    assert run_all(table, 13.9) == []
    assert table.used == 2
    assert run_all(table, 14.0) == [(False, Stream.TICKS, "005930")]
    assert table.used == 1


def test_coming_back_within_the_grace_sends_nothing() -> None:
    table = SlotTable(grace=4.0)
    table.add(Stream.TICKS, "005930")
    run_all(table, 0.0)

    table.release(Stream.TICKS, "005930", 10.0)
    table.add(Stream.TICKS, "005930")

    assert run_all(table, 1000.0) == []


def test_a_stream_in_its_grace_makes_room_and_is_said_goodbye_to_first() -> None:
    table = SlotTable(total=3, grace=4.0)
    table.add(Stream.TICKS, "000001")
    table.add(Stream.TICKS, "000002")
    run_all(table, 0.0)
    table.release(Stream.TICKS, "000001", 10.0)

    table.add(Stream.TICKS, "000003")

    assert run_all(table, 10.1) == [(False, Stream.TICKS, "000001"), (True, Stream.TICKS, "000003")]


def test_what_was_never_sent_leaves_at_once() -> None:
    table = SlotTable()
    table.add(Stream.TICKS, "005930")
    table.release(Stream.TICKS, "005930", 0.0)

    assert table.used == 1
    assert table.next_command(100.0) is None


def test_a_failure_is_asked_again_ever_more_seldom() -> None:
    table = SlotTable()
    slot = table.add(Stream.TICKS, "005930")
    waits, now = [], 0.0
    for _ in range(6):
        command = table.next_command(now)
        assert command == Command(True, slot)
        table.sent(command)
        table.failed(slot, now)
        assert table.next_command(now) is None
        waits.append(slot.retry_at - now)
        now = slot.retry_at

    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_refused_stream_holds_no_slot_and_is_asked_after_a_reconnect() -> None:
    table = SlotTable()
    slot = table.add(Stream.TICKS, "005930")
    table.sent(Command(True, slot))
    table.refused(slot)

    assert (table.used, table.next_command(1e9)) == (1, None)
    table.disconnected()
    assert run_all(table, 0.0) == [(True, Stream.TICKS, "005930")]


def test_after_a_disconnect_everything_wanted_is_sent_again_and_the_rest_forgotten() -> None:
    table = SlotTable()
    for symbol in ("000001", "000002"):
        table.add(Stream.TICKS, symbol)
    table.add(Stream.NOTICES, "")
    run_all(table, 0.0)
    table.release(Stream.TICKS, "000001", 0.0)

    lost = table.disconnected()

    assert {slot.symbol for slot in lost} == {"000002", ""}
    assert {slot.state for slot in lost} == {SubscriptionState.WANTED}
    assert run_all(table, 0.0) == [(True, Stream.NOTICES, ""), (True, Stream.TICKS, "000002")]


def test_a_notice_key_is_asked_for_by_leaving_and_coming_back() -> None:
    table = SlotTable()
    slot = table.add(Stream.NOTICES, "")
    run_all(table, 0.0)

    table.again(slot)

    assert run_all(table, 0.0) == [(False, Stream.NOTICES, ""), (True, Stream.NOTICES, "")]


steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "release", "commands", "drop", "fail", "refuse"]),
        st.sampled_from(list(Stream)),
        st.sampled_from("ABCDE"),
    ),
    max_size=60,
)


@given(steps)
def test_the_server_never_has_more_than_the_limit_and_ends_with_what_is_wanted(
    history: list[tuple[str, Stream, str]],
) -> None:
    total = 4
    table = SlotTable(total=total, grace=2.0)
    wanted: dict[tuple[Stream, str], int] = {}
    at_server: set[tuple[Stream, str]] = set()
    now = 0.0

    def say_everything() -> None:
        while (command := table.next_command(now)) is not None:
            table.sent(command)
            if command.is_subscribe:
                assert command.slot.key not in at_server
                at_server.add(command.slot.key)
                table.confirmed(command.slot)
            else:
                assert command.slot.key in at_server
                at_server.discard(command.slot.key)
            assert len([key for key in at_server if key[0] is not Stream.NOTICES]) < total

    for action, stream, letter in history:
        now += 0.5
        key = (stream, "" if stream is Stream.NOTICES else letter)
        if action == "add":
            try:
                table.add(*key)
                wanted[key] = wanted.get(key, 0) + 1
            except CorrectionNeeded:
                assert key not in wanted
        elif action == "release":
            table.release(*key, now)
            if wanted.get(key, 0) > 1:
                wanted[key] -= 1
            else:
                wanted.pop(key, None)
        elif action == "drop":
            table.disconnected()
            at_server.clear()
        elif action == "commands":
            say_everything()
        elif (command := table.next_command(now)) is not None and command.is_subscribe:
            table.sent(command)
            if action == "fail":
                table.failed(command.slot, now)
            else:
                table.refused(command.slot)
                table.disconnected()
                at_server.clear()
    now += 1000.0
    say_everything()

    assert at_server == set(wanted)
    assert table.used == 1 + len([key for key in wanted if key[0] is not Stream.NOTICES])


def test_a_full_server_is_asked_again_seldom_and_a_refused_stream_not_at_all() -> None:
    table = SlotTable()
    full, refused = table.add(Stream.TICKS, "005930"), table.add(Stream.TICKS, "000660")
    for _ in range(2):
        command = table.next_command(0.0)
        assert command is not None
        table.sent(command)
    table.refused(full, 0.0, "full", is_full=True)
    table.refused(refused, 0.0, "unknown")

    assert table.next_time() == 60.0
    assert table.next_command(59.0) is None
    command = table.next_command(60.0)
    assert command is not None
    assert command.slot is full
    assert [(one.state, one.reason) for one in table.statuses()] == [
        (SubscriptionState.REFUSED, "full"),
        (SubscriptionState.REFUSED, "unknown"),
    ]


def test_streams_are_asked_for_in_the_order_that_is_preferred() -> None:
    table = SlotTable()
    for symbol in ("000001", "000002", "000003"):
        table.add(Stream.TICKS, symbol)
    table.add(Stream.NOTICES, "")

    table.prefer([(Stream.TICKS, "000003"), (Stream.BOOK, "000009"), (Stream.TICKS, "000001")])

    assert [symbol for _, _, symbol in run_all(table, 0.0)] == ["", "000003", "000001", "000002"]


def test_a_yes_from_before_does_not_hide_that_a_stream_is_asked_for_anew() -> None:
    table = SlotTable()
    slot = table.add(Stream.NOTICES, "")
    command = table.next_command(0.0)
    assert command is not None
    table.sent(command)
    table.confirmed(slot)
    table.again(slot)
    table.confirmed(slot)  # late, or told to all programs of a shared connection

    said = []
    for _ in range(2):
        command = table.next_command(0.0)
        assert command is not None
        table.sent(command)
        said.append(command.is_subscribe)

    assert said == [False, True]
