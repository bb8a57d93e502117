"""Wishes that share a write: each gets its own outcome, whatever becomes of the others."""

import asyncio
from collections.abc import Sequence

import pytest

from rooms.errors import ChatError, NotFound, Unavailable
from rooms.live.gather import Gatherer


async def test_alone_a_wish_is_written_at_once_and_the_rest_gathers_meanwhile() -> None:
    batches: list[list[int]] = []
    go_on = asyncio.Event()

    async def write(wishes: Sequence[int]) -> Sequence[int | ChatError]:
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


async def test_a_batch_has_its_limit() -> None:
    batches: list[int] = []

    async def write(wishes: Sequence[int]) -> Sequence[int | ChatError]:
        batches.append(len(wishes))
        return list(wishes)

    gatherer = Gatherer(write, most=3, at_once=1)
    assert await asyncio.gather(*(gatherer.put(number) for number in range(7))) == list(range(7))
    assert batches == [3, 3, 1]


async def test_each_wish_has_an_error_of_its_own() -> None:
    async def write(wishes: Sequence[int]) -> Sequence[int | ChatError]:
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

    async def write(wishes: Sequence[int]) -> Sequence[int | ChatError]:
        if broken:
            raise broken.pop()
        return list(wishes)

    gatherer = Gatherer(write, at_once=1)
    outcomes = await asyncio.gather(*(gatherer.put(n) for n in (1, 2)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [told, told]
    assert await gatherer.put(3) == 3


async def test_who_no_longer_waits_stops_nobody() -> None:
    go_on = asyncio.Event()

    async def write(wishes: Sequence[int]) -> Sequence[int | ChatError]:
        await go_on.wait()
        return list(wishes)

    gatherer = Gatherer(write)
    impatient, patient = asyncio.create_task(gatherer.put(1)), asyncio.create_task(gatherer.put(2))
    await asyncio.sleep(0)
    impatient.cancel()
    go_on.set()
    assert await patient == 2
