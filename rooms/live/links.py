"""The links to all channel layers: with several Redis servers, each room is carried by one of them."""

from collections.abc import Callable
from typing import Any

from django.conf import settings

from rooms.events import Event, layer_of
from rooms.live.link import Link


class Links:
    """A link for each, with a queue, subscriptions and an echo of its own: one that is dead holds up no other."""

    def __init__(self, process: str, received: Callable[[dict[str, Any]], None]) -> None:
        self._links = {layer: Link(process, received, layer) for layer in settings.CHANNEL_LAYERS}

    def start(self) -> None:
        for link in self._links.values():
            link.start()

    async def stop(self) -> None:
        for link in self._links.values():
            await link.stop()

    def want(self, group: str) -> None:
        self._links[layer_of(group)].want(group)

    def drop(self, group: str) -> None:
        self._links[layer_of(group)].drop(group)

    def publish(self, group: str, message: Event) -> None:
        self._links[layer_of(group)].publish(group, message)
