"""Several Redis servers: which carries what, and what the others do when one of them is away."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from pytest_django import Settings

from rooms.events import Event, layer_of, publish_after_commit, room_group
from rooms.live.links import Links
from tests.live.test_link import Layer

pytestmark = pytest.mark.timeout(30)

TYPING: Event = {"type": "notice"}


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> dict[str, Layer]:
    layers = {name: Layer() for name in ("default", "redis2", "redis3")}
    settings.CHANNEL_LAYERS = {name: {} for name in layers}
    for module in ("rooms.live.link", "rooms.events"):
        monkeypatch.setattr(f"{module}.get_channel_layer", layers.get)
    return layers


def groups_of(layers: dict[str, Layer]) -> dict[str, str]:
    """For each layer, a room's group that it carries."""
    return {layer_of(group): group for group in map(room_group, range(100))}


def test_each_server_carries_about_as_many_rooms(layers: dict[str, Layer]) -> None:
    share = Counter(layer_of(room_group(room)) for room in range(3000))
    assert set(share) == set(layers)
    assert min(share.values()) > 900


@pytest.mark.parametrize("state", ["hangs", "raises"])
async def test_one_that_is_dead_holds_up_no_other(layers: dict[str, Layer], state: str) -> None:
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    one, two = Links("one", lambda message: None), Links("two", heard.put_nowait)
    groups = groups_of(layers)
    layers["redis2"].state = state
    for links in (one, two):
        for group in groups.values():
            links.want(group)
        links.start()
    alive = {name: layer for name, layer in layers.items() if name != "redis2"}
    for name, layer in alive.items():
        await layer.until(lambda layer=layer, name=name: len(layer.groups[groups[name]]) == 2)
    began = asyncio.get_running_loop().time()
    for group in groups.values():
        one.publish(group, TYPING)
    for _layer in alive:
        assert (await asyncio.wait_for(heard.get(), 5))["origin"] == "one"
    assert asyncio.get_running_loop().time() - began < 0.5  # a publish to the dead one takes 1 s
    for links in (one, two):
        await links.stop()


async def test_each_is_listened_to_by_an_echo_of_its_own(
    layers: dict[str, Layer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rooms.live.link.ECHO_SECONDS", 0.05)
    monkeypatch.setattr("rooms.live.link.DEAF_SECONDS", 0.2)
    links, groups = Links("one", lambda message: None), groups_of(layers)
    for group in groups.values():
        links.want(group)
    links.start()
    for name, layer in layers.items():
        await layer.until(lambda layer=layer, name=name: layer.groups[groups[name]])
    deaf = layers["redis3"]
    deaf.groups.clear()  # as Redis restarted does, and the layer does not tell
    await deaf.until(lambda: deaf.groups[groups["redis3"]])
    assert [len(layer.channels) for layer in layers.values()] == [1, 1, 2]
    await links.stop()


@pytest.mark.usefixtures("transactional_db")
def test_what_a_command_publishes_goes_to_the_others_when_one_is_dead(layers: dict[str, Layer]) -> None:
    layers["redis2"].state = "raises"
    publish_after_commit([(group, TYPING) for group in groups_of(layers).values()])
    assert {name: layer.sent for name, layer in layers.items()} == {
        "default": ["notice"],
        "redis2": [],
        "redis3": ["notice"],
    }
