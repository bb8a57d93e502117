"""The link to a channel layer that hangs, raises, forgets and comes back."""

import asyncio
from collections import defaultdict
from typing import Any

import pytest

from rooms.events import Event, lost_publishes
from rooms.live.link import Link

pytestmark = pytest.mark.timeout(30)


class Layer:
    """A channel layer of one process, which can be broken."""

    def __init__(self) -> None:
        self.state = "well"  # or "hangs", "raises"
        self.channels: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self.groups: defaultdict[str, set[str]] = defaultdict(set)
        self.sent: list[str] = []
        self.tries = 0
        self.changed = asyncio.Condition()

    async def _work(self) -> None:
        self.tries += 1
        await self._tell()
        if self.state == "hangs":
            await asyncio.Event().wait()
        if self.state == "raises":
            raise ConnectionError("no Redis")

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def new_channel(self) -> str:
        await self._work()
        name = f"channel{len(self.channels)}"
        self.channels[name] = asyncio.Queue()
        return name

    async def group_add(self, group: str, channel: str) -> None:
        await self._work()
        self.groups[group].add(channel)
        await self._tell()

    async def group_discard(self, group: str, channel: str) -> None:
        await self._work()
        self.groups[group].discard(channel)
        await self._tell()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._work()
        self.sent.append(message["type"])
        for channel in self.groups[group]:
            self.channels[channel].put_nowait(message)
        await self._tell()

    async def receive(self, channel: str) -> dict[str, Any]:
        return await self.channels[channel].get()

    async def flush(self) -> None:
        self.groups.clear()

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(true)


@pytest.fixture
async def layer(monkeypatch: pytest.MonkeyPatch) -> Layer:
    layer = Layer()
    monkeypatch.setattr("rooms.live.link.get_channel_layer", lambda name: layer)
    for name, value in (("SUBSCRIBE_SECONDS", 0.1), ("RETRY_SECONDS", 0.02), ("PUBLISH_SECONDS", 0.2)):
        monkeypatch.setattr(f"rooms.live.link.{name}", value)
    return layer


TYPING: Event = {"type": "notice"}


@pytest.mark.parametrize("state", ["hangs", "raises"])
async def test_subscriptions_are_brought_to_what_is_wanted_until_that_succeeds(layer: Layer, state: str) -> None:
    link = Link("one", lambda message: None)
    layer.state = state
    link.start()
    for group in ("a", "b"):
        link.want(group)  # nobody waits for it
    link.drop("b")
    await layer.until(lambda: layer.tries >= 3)
    assert not layer.groups["a"]
    layer.state = "well"
    await layer.until(lambda: layer.groups["a"])
    assert not layer.groups["b"]
    link.drop("a")
    await layer.until(lambda: not layer.groups["a"])
    await link.stop()


@pytest.mark.parametrize("state", ["hangs", "raises"])
async def test_what_waited_over_a_second_is_dropped_and_later_messages_go(layer: Layer, state: str) -> None:
    link = Link("one", lambda message: None)
    link.start()
    layer.state, before = state, lost_publishes._value.get()
    for _ in range(50):
        link.publish("a", TYPING)
    async with asyncio.timeout(10):
        while lost_publishes._value.get() < before + 50:
            await asyncio.sleep(0.01)
    layer.state = "well"
    link.publish("a", {"type": "presence", "process": "one", "users": []})
    await layer.until(lambda: "presence" in layer.sent)
    assert "notice" not in layer.sent
    await link.stop()


async def test_the_oldest_goes_when_too_many_wait(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rooms.live.link.QUEUE_LIMIT", 3)
    link = Link("one", lambda message: None)
    for process in ("a", "b", "c", "d"):
        link.publish("group", {"type": "presence", "process": process, "users": []})
    assert [message["process"] for waiting in link._queue.values() for _at, message in waiting] == ["d"]


async def test_ones_own_words_are_not_heard_and_others_are(layer: Layer) -> None:
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    one, two = Link("one", heard.put_nowait), Link("two", lambda message: None)
    for link in (one, two):
        link.want("group")
        link.start()
    await layer.until(lambda: len(layer.groups["group"]) == 2)
    one.publish("group", TYPING)
    two.publish("group", TYPING)
    message = await asyncio.wait_for(heard.get(), 5)
    assert message["origin"] == "two"
    assert heard.empty()
    await one.stop()
    await two.stop()


async def test_what_waits_for_one_group_goes_together_and_in_order(layer: Layer) -> None:
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    one, two = Link("one", lambda message: None), Link("two", heard.put_nowait)
    for link in (one, two):
        link.want("group")
        link.start()
    await layer.until(lambda: len(layer.groups["group"]) == 2)
    for process in ("a", "b", "c"):
        one.publish("group", {"type": "presence", "process": process, "users": []})
    message = await asyncio.wait_for(heard.get(), 5)
    assert message["type"] == "several"
    assert [one["process"] for one in message["messages"]] == ["a", "b", "c"]
    assert heard.empty()
    await one.stop()
    await two.stop()


async def test_a_message_that_nobody_understands_does_not_make_it_deaf(layer: Layer) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    link = Link("one", lambda message: heard.put_nowait(message["process"]))
    link.want("group")
    link.start()
    await layer.until(lambda: layer.groups["group"])
    await layer.group_send("group", {"type": "presence", "origin": "two"})  # no process: raises KeyError
    await layer.group_send("group", {"type": "presence", "origin": "two", "process": "two"})
    assert await asyncio.wait_for(heard.get(), 5) == "two"
    await link.stop()


async def test_a_layer_that_lost_the_subscriptions_is_subscribed_to_afresh(
    layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rooms.live.link.ECHO_SECONDS", 0.05)
    monkeypatch.setattr("rooms.live.link.DEAF_SECONDS", 0.2)
    link = Link("one", lambda message: None)
    link.want("group")
    link.start()
    await layer.until(lambda: layer.groups["group"])
    layer.groups.clear()  # as Redis restarted does, and the layer does not tell
    await layer.until(lambda: layer.groups["group"])
    await link.stop()
