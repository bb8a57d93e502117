"""Waits that share a timer."""

import asyncio

from rooms.live.patience import Patience


async def test_what_ends_in_time_is_waited_for() -> None:
    patience = Patience(30)
    work: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.01, work.set_result, "done")
    assert await patience.wait(work)


async def test_what_has_ended_already_is_not_waited_for() -> None:
    work: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    work.set_exception(KeyError("defect"))
    assert await Patience(30).wait(work)
    work.exception()


async def test_each_wait_ends_at_its_own_limit_and_the_work_goes_on() -> None:
    patience = Patience(0.05)
    loop = asyncio.get_running_loop()
    slow: list[asyncio.Future[object]] = [loop.create_future() for _ in range(3)]
    begun = loop.time()
    first = asyncio.create_task(patience.wait(slow[0]))
    await asyncio.sleep(0.03)
    second, third = asyncio.create_task(patience.wait(slow[1])), asyncio.create_task(patience.wait(slow[2]))
    assert not await first
    assert 0.05 <= loop.time() - begun < 0.08
    slow[2].set_result(None)
    assert await third
    assert not await second
    assert loop.time() - begun >= 0.08
    assert not slow[0].done()
