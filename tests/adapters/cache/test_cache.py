"""What every cache does, in memory and in Redis."""

from __future__ import annotations

import asyncio
import time

from kis_terminal.ports import Cache
from tests.support.trading_desk import until


async def test_a_value_comes_back_as_it_was_and_absent_is_none(cache: Cache) -> None:
    await cache.put("a", b"\x00\xff value")

    assert await cache.get("a") == b"\x00\xff value"
    assert await cache.get("b") is None

    await cache.delete("a")
    assert await cache.get("a") is None


async def test_a_value_ends_with_its_time(cache: Cache) -> None:
    await cache.put("a", b"short", 0.02)
    await cache.put("b", b"long", 60)
    await asyncio.sleep(0.05)

    assert await cache.get("a") is None
    assert await cache.get("b") == b"long"


async def test_of_many_claims_at_once_one_is_granted(cache: Cache) -> None:
    granted = await asyncio.gather(*(cache.put_new("claim", bytes([n]), 30) for n in range(20)))

    assert sum(granted) == 1
    assert await cache.get("claim") == bytes([granted.index(True)])


async def test_a_claim_is_free_again_after_its_time_or_when_it_is_given_back(cache: Cache) -> None:
    assert await cache.put_new("claim", b"1", 0.02)
    await asyncio.sleep(0.05)
    assert await cache.put_new("claim", b"2", 30)
    await cache.delete("claim")

    assert await cache.put_new("claim", b"3", 30)


async def test_what_would_stand_for_ever_is_no_claim(cache: Cache) -> None:
    await cache.put("claim", b"poison")
    await cache.put("other", b"poison", 10_000)

    assert await cache.put_new("claim", b"1", 30)
    assert await cache.put_new("other", b"1", 30)


async def test_no_more_than_the_limit_is_taken_in_any_window(cache: Cache) -> None:
    taken: list[float] = []

    async def use(number: int) -> None:
        while wait := await cache.take("uses", f"{number}", 5, 0.2):
            assert 0 < wait <= 0.2
            await asyncio.sleep(wait)
        taken.append(time.monotonic())

    await asyncio.gather(*(use(number) for number in range(15)))

    taken.sort()
    # The store's own clock decides: between its grants lie at least 0.2 s, between what we see nearly so.
    assert len(taken) == 15
    assert taken[10] - taken[0] >= 0.35


async def test_a_use_counts_as_late_as_it_can_be_until_it_is_settled(cache: Cache) -> None:
    assert await cache.take("uses", "a", 1, 0.5, 5.0) == 0
    late = await cache.take("uses", "b", 1, 0.5, 5.0)
    await cache.settle("uses", "a")
    settled = await cache.take("uses", "b", 1, 0.5, 5.0)

    assert 5.0 < late <= 5.5
    assert 0 < settled <= 0.5


async def test_a_larger_limit_is_granted_where_a_smaller_one_is_not(cache: Cache) -> None:
    for number in range(4):
        assert await cache.take("uses", f"{number}", 4, 60) == 0

    assert await cache.take("uses", "quote", 4, 60) > 50
    assert await cache.take("uses", "cancel", 6, 60) == 0


async def test_messages_reach_who_listens_and_nobody_else(cache: Cache) -> None:
    heard: list[bytes] = []
    other: list[bytes] = []
    end = await cache.listen("here", heard.append)
    await cache.listen("there", other.append)

    await cache.publish("here", b"one")
    await cache.publish("here", b"two")
    await until(lambda: len(heard) == 2)
    await end()
    await end()
    await cache.publish("here", b"three")
    await cache.publish("there", b"four")
    await until(lambda: bool(other))

    assert heard == [b"one", b"two"]
    assert other == [b"four"]


async def test_closing_twice_is_allowed(cache: Cache) -> None:
    await cache.close()
    await cache.close()


async def test_of_many_programs_one_has_the_lease_for_as_long_as_it_renews_it(cache: Cache) -> None:
    told = await asyncio.gather(*(cache.hold("lease", b"%d" % n, 30) for n in range(10)))
    number, holder = told[0]

    assert set(told) == {(number, holder)}
    assert await cache.hold("lease", holder, 30) == (number, holder)
    assert await cache.hold("lease", b"other", 30) == (number, holder)


async def test_a_lease_that_ended_or_was_given_back_gets_a_new_and_greater_number(cache: Cache) -> None:
    first, _ = await cache.hold("lease", b"a", 0.05)
    await asyncio.sleep(0.1)
    assert await cache.hold("lease", b"b", 30, may_take=False) == (0, b"")
    second, holder = await cache.hold("lease", b"b", 30)
    await cache.let_go("lease", b"a")
    assert await cache.hold("lease", b"a", 30) == (second, b"b")
    await cache.let_go("lease", b"b")
    third, again = await cache.hold("lease", b"b", 30)

    assert (holder, again) == (b"b", b"b")
    assert 0 < first < second < third


async def test_a_channel_that_was_left_can_be_listened_to_again(cache: Cache) -> None:
    heard: list[bytes] = []
    for number in (b"1", b"2"):
        end = await cache.listen("here", heard.append)
        await cache.publish("here", number)
        await until(lambda number=number: number in heard)  # type: ignore[misc]
        await end()
        await asyncio.sleep(0.3)
        await cache.publish("here", b"lost")

    assert heard == [b"1", b"2"]
