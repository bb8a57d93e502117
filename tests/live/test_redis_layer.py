"""The channel layer over a real Redis: what it does otherwise than the stock one."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from ops import packages
from rooms.live.redis_layer import RedisLayer

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]


class RedisServer:
    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [packages.program("redis-server"), *options], cwd=self.socket.parent, stdout=subprocess.DEVNULL
        )

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def layer(self) -> RedisLayer:
        return RedisLayer(hosts=[{"address": f"unix://{self.socket}", "protocol": 2}])


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("r"))
    server.start()
    yield server
    server.stop()
    shutil.rmtree(server.socket.parent)


async def group_of(layer: RedisLayer, *groups: str) -> str:
    """A channel that is in these groups."""
    while True:
        try:
            channel: str = await layer.new_channel()
            break
        except RedisError:
            await asyncio.sleep(0.02)  # Redis starts
    for group in groups:
        await layer.group_add(group, channel)
    return channel


async def hear(layer: RedisLayer, channel: str) -> Any:
    async with asyncio.timeout(10):
        return await layer.receive(channel)


async def test_what_is_sent_together_arrives_in_order_each_in_its_group(redis: RedisServer) -> None:
    one, two = redis.layer(), redis.layer()
    plaza, market = await group_of(one, "plaza"), await group_of(one, "market")
    messages = [("plaza", {"n": 1}), ("market", {"n": 2}), ("plaza", {"n": 3}), ("nobody", {"n": 4})]
    await two.group_send_all(messages)
    await two.group_send_all([])
    await two.group_send("plaza", {"n": 5})
    assert [(await hear(one, plaza))["n"] for _turn in range(3)] == [1, 3, 5]
    assert (await hear(one, market))["n"] == 2
    for layer in (one, two):
        await layer.flush()


async def test_a_send_that_was_given_up_leaves_no_answer_to_the_next(redis: RedisServer) -> None:
    layer = redis.layer()
    channel = await group_of(layer, "plaza")
    for number in range(20):
        sending = asyncio.create_task(layer.group_send_all([("plaza", {"n": number})] * 50))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    await layer.group_send_all([("plaza", {"n": "last"})])
    while (await hear(layer, channel))["n"] != "last":
        pass
    await layer.flush()


async def test_after_redis_was_away_it_sends_and_hears_again(redis: RedisServer) -> None:
    layer = redis.layer()
    channel = await group_of(layer, "plaza")
    redis.stop()
    with pytest.raises(RedisError):
        await layer.group_send_all([("plaza", {"n": 1})])
    redis.start()
    async with asyncio.timeout(30):
        heard = asyncio.create_task(layer.receive(channel))
        while not heard.done():
            with suppress(RedisError):
                await layer.group_send_all([("plaza", {"n": 2})])
            await asyncio.sleep(0.05)
    assert heard.result()["n"] == 2
    await layer.flush()
