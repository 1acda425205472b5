"""Places on the stream: the best reasons hold them, equals never push each other out, nothing loops."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kis_terminal.ports import Stream
from kis_terminal.services.stream_budget import Key, Rank, StreamBudget, Turn


def key(number: int, stream: Stream = Stream.TICKS) -> Key:
    return (stream, f"{number:06}")


def turns(budget: StreamBudget, now: float) -> list[Turn]:
    found = []
    while (turn := budget.next_turn(now)) is not None:
        found.append(turn)
    return found


def full(room: int, rank: Rank = Rank.VISIBLE) -> StreamBudget:
    """Return a budget whose places are all held since time 0."""
    budget = StreamBudget(room)
    for number in range(room):
        budget.want(key(number), rank, 0.0)
    turns(budget, 0.0)
    return budget


def test_free_places_are_given_at_once_and_equals_wait() -> None:
    budget = full(3)
    budget.want(key(9), Rank.VISIBLE, 0.0)

    assert turns(budget, 1_000.0) == []
    assert not budget.is_held(key(9))
    assert budget.next_time(1_000.0) is None


def test_the_chosen_symbol_goes_before_all_at_once_and_takes_the_least_wanted() -> None:
    budget = full(3, Rank.VISIBLE)
    budget.want(key(1), Rank.HELD, 0.0)
    budget.leave(key(1), Rank.VISIBLE, 0.0)
    budget.want(key(9, Stream.BOOK), Rank.CHOSEN, 0.5)

    assert turns(budget, 0.5) == [Turn(key(1), key(9, Stream.BOOK))]


def test_a_row_that_scrolls_by_takes_nothing_and_one_that_stays_does() -> None:
    budget = full(2, Rank.REST)
    budget.want(key(9), Rank.VISIBLE, 100.0)

    assert turns(budget, 100.5) == []
    assert budget.next_time(100.5) == 101.0
    assert turns(budget, 101.0) == [Turn(key(1), key(9))]


def test_a_place_that_was_just_given_is_kept_for_a_while() -> None:
    budget = full(1, Rank.REST)
    budget.want(key(8), Rank.VISIBLE, 100.0)
    turns(budget, 101.0)
    budget.want(key(8), Rank.REST, 102.0)
    budget.leave(key(8), Rank.VISIBLE, 102.0)
    budget.want(key(9), Rank.VISIBLE, 102.0)

    assert turns(budget, 105.0) == []
    assert turns(budget, 111.0) == [Turn(key(8), key(9))]


def test_the_last_reason_frees_the_place_for_the_best_that_waits() -> None:
    budget = full(2)
    budget.want(key(8), Rank.REST, 0.0)
    budget.want(key(9), Rank.VISIBLE, 0.0)

    assert budget.leave(key(0), Rank.VISIBLE, 5.0) == Turn(key(0), None)
    assert turns(budget, 5.0) == [Turn(None, key(9))]


def test_one_of_two_reasons_leaves_the_place_as_it_is() -> None:
    budget = full(1)
    budget.want(key(0), Rank.CHOSEN, 1.0)

    assert budget.leave(key(0), Rank.CHOSEN, 2.0) is None
    assert budget.is_held(key(0))
    assert budget.rank(key(0)) is Rank.VISIBLE


def test_what_the_feed_does_not_take_asks_again_only_when_told() -> None:
    budget = full(2)
    budget.bar(key(0), "no such stream")
    budget.want(key(9), Rank.VISIBLE, 1.0)

    assert turns(budget, 1.0) == [Turn(None, key(9))]
    assert budget.barred(key(0)) == "no such stream"
    budget.leave(key(9), Rank.VISIBLE, 2.0)
    budget.unbar()
    assert turns(budget, 2.0) == [Turn(None, key(0))]


def test_flicking_through_symbols_is_no_loop_of_registrations() -> None:
    budget = full(40)
    made = 0
    for step in range(600):
        now = 10.0 + step * 0.1
        budget.want(key(1_000 + step, Stream.BOOK), Rank.CHOSEN, now)
        made += len(turns(budget, now))
        budget.leave(key(1_000 + step, Stream.BOOK), Rank.CHOSEN, now)

    assert made <= 80 + 70


STEP = st.tuples(
    st.sampled_from(["want", "leave", "wait"]),
    st.integers(0, 12),
    st.sampled_from(list(Rank)),
    st.floats(0.0, 8.0),
)


@given(st.integers(1, 6), st.lists(STEP, max_size=150))
def test_places_are_never_more_than_there_are_and_nobody_is_pushed_out_without_reason(
    room: int, steps: list[tuple[str, int, Rank, float]]
) -> None:
    budget = StreamBudget(room)
    now, made = 0.0, 0
    held: dict[Key, float] = {}
    for act, number, rank, seconds in steps:
        if act == "want":
            budget.want(key(number), rank, now)
        elif act == "leave":
            turn = budget.leave(key(number), rank, now)
            if turn is not None and turn.gone is not None:
                del held[turn.gone]
        else:
            now += seconds
        for turn in turns(budget, now):
            assert turn.come is not None
            made += 1
            if turn.gone is not None:
                assert budget.rank(turn.come) < budget.rank(turn.gone)
                since = held.pop(turn.gone)
                assert budget.rank(turn.come) is Rank.CHOSEN or now - since >= 10.0
            held[turn.come] = now
        assert len(held) <= room
        assert {one for one in budget.ranked() if budget.is_held(one)} == set(held)
    assert made <= 80 + now

    later = now + 1_000.0
    for wait in range(100):
        turns(budget, later + 20.0 * wait)
    ranks = [budget.rank(one) for one in budget.ranked()]
    chosen = sorted(budget.rank(one) for one in budget.ranked() if budget.is_held(one))
    assert chosen == ranks[:room]
