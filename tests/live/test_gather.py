"""Wishes that share a write: each gets its own outcome, whatever becomes of the others."""

import asyncio
from collections.abc import Sequence

import pytest

from rooms.errors import ChatError, NotFound, Unavailable
from rooms.live.gather import SLOW_LIMIT, Gatherer, Tell


async def test_alone_a_wish_is_written_at_once_and_the_rest_gathers_meanwhile() -> None:
    batches: list[list[int]] = []
    go_on = asyncio.Event()

    async def write(wishes: Sequence[int], _tell: Tell[int]) -> Sequence[int | ChatError]:
        batches.append(list(wishes))
        if len(batches) == 1:
            await go_on.wait()
        return [wish * 10 for wish in wishes]

    gatherer = Gatherer(write, at_once=1)
    first = asyncio.create_task(gatherer.put(1))
    while not batches:
        await asyncio.sleep(0)
    rest = [asyncio.create_task(gatherer.put(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    assert batches == [[1]]
    go_on.set()
    assert await asyncio.gather(first, *rest) == [10, 20, 30, 40]
    assert batches == [[1], [2, 3, 4]]


async def test_wishes_that_come_soon_after_a_batch_share_the_next() -> None:
    loop = asyncio.get_running_loop()
    begun: list[float] = []

    async def write(wishes: Sequence[int], _tell: Tell[int]) -> Sequence[int | ChatError]:
        begun.append(loop.time())
        return list(wishes)

    gatherer = Gatherer(write, at_once=1, rest=0.05)
    await gatherer.put(1)
    assert list(await asyncio.gather(gatherer.put(2), gatherer.put(3))) == [2, 3]
    assert begun[1] - begun[0] >= 0.049
    assert len(begun) == 2


async def test_when_enough_wait_they_rest_no_longer() -> None:
    batches: list[int] = []

    async def write(wishes: Sequence[int], _tell: Tell[int]) -> Sequence[int | ChatError]:
        batches.append(len(wishes))
        return list(wishes)

    gatherer = Gatherer(write, at_once=1, rest=3_600, enough=3)
    await gatherer.put(1)
    early = [asyncio.create_task(gatherer.put(number)) for number in (2, 3)]
    for _turn in range(20):
        await asyncio.sleep(0)
    assert batches == [1]
    async with asyncio.timeout(60):
        assert await asyncio.gather(*early, gatherer.put(4)) == [2, 3, 4]
    assert batches == [1, 3]


async def test_a_batch_has_its_limit() -> None:
    batches: list[int] = []

    async def write(wishes: Sequence[int], _tell: Tell[int]) -> Sequence[int | ChatError]:
        batches.append(len(wishes))
        return list(wishes)

    gatherer = Gatherer(write, most=3, at_once=1)
    assert await asyncio.gather(*(gatherer.put(number) for number in range(7))) == list(range(7))
    assert batches == [3, 3, 1]


async def test_each_wish_has_an_error_of_its_own() -> None:
    async def write(wishes: Sequence[int], _tell: Tell[int]) -> Sequence[int | ChatError]:
        return [NotFound() if wish == 2 else wish for wish in wishes]

    gatherer = Gatherer(write)
    one, two, three = await asyncio.gather(*(gatherer.put(n) for n in (1, 2, 3)), return_exceptions=True)
    assert (one, three) == (1, 3)
    assert isinstance(two, NotFound)


@pytest.mark.parametrize(("raised", "told"), [(Unavailable(), Unavailable), (KeyError("defect"), KeyError)])
async def test_what_the_write_raises_everybody_is_told_and_the_next_batch_goes_on(
    raised: Exception, told: type[Exception]
) -> None:
    broken = [raised]

    async def write(wishes: Sequence[int], _tell: Tell[int]) -> Sequence[int | ChatError]:
        if broken:
            raise broken.pop()
        return list(wishes)

    gatherer = Gatherer(write, at_once=1)
    outcomes = await asyncio.gather(*(gatherer.put(n) for n in (1, 2)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [told, told]
    assert await gatherer.put(3) == 3


async def test_who_no_longer_waits_stops_nobody() -> None:
    go_on = asyncio.Event()

    async def write(wishes: Sequence[int], _tell: Tell[int]) -> Sequence[int | ChatError]:
        await go_on.wait()
        return list(wishes)

    gatherer = Gatherer(write)
    impatient, patient = asyncio.create_task(gatherer.put(1)), asyncio.create_task(gatherer.put(2))
    await asyncio.sleep(0)
    impatient.cancel()
    go_on.set()
    assert await patient == 2


async def test_what_waits_for_one_key_waits_in_one_place_and_its_neighbours_are_told_early() -> None:
    batches: list[list[str]] = []
    unlocked = asyncio.Event()

    async def write(wishes: Sequence[str], tell: Tell[str]) -> Sequence[str | ChatError]:
        batches.append(list(wishes))
        if any(wish.startswith("locked") for wish in wishes):
            for position, wish in enumerate(wishes):
                if wish.startswith("free"):
                    tell(position, wish)
            await unlocked.wait()
        return list(wishes)

    gatherer = Gatherer(write, key=lambda wish: wish.split()[0], at_once=1 + SLOW_LIMIT)
    waiting = [asyncio.create_task(gatherer.put("locked 1"))]
    assert await gatherer.put("free 1") == "free 1"
    waiting += [asyncio.create_task(gatherer.put(f"locked {n}")) for n in (2, 3)]
    for n in range(2, 5):
        async with asyncio.timeout(1):
            assert await gatherer.put(f"free {n}") == f"free {n}"
    assert sorted(batches[0]) == ["free 1", "locked 1"]
    assert not any(task.done() for task in waiting)
    unlocked.set()
    assert await asyncio.gather(*waiting) == ["locked 1", "locked 2", "locked 3"]
    assert ["locked 2", "locked 3"] in batches


async def test_a_slow_batch_makes_room_for_the_next() -> None:
    began, unlocked = asyncio.Event(), asyncio.Event()

    async def write(wishes: Sequence[str], _tell: Tell[str]) -> Sequence[str | ChatError]:
        if "locked" in wishes:
            began.set()
            await unlocked.wait()
        return list(wishes)

    gatherer = Gatherer(write, key=str, at_once=1)
    locked = asyncio.create_task(gatherer.put("locked"))
    await began.wait()
    async with asyncio.timeout(5):
        assert await gatherer.put("free") == "free"
    assert not locked.done()
    unlocked.set()
    assert await locked == "locked"
    assert await gatherer.put("locked") == "locked"
