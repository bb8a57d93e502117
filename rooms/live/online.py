"""Tells each connection who is online among the people who share a room with its user."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from rooms.live.connection import Connection
from rooms.live.fanout import spread
from rooms.live.feed import Feed
from rooms.live.presence import Presence
from rooms.payloads import encode

type Rooms = frozenset[int]


class Online:
    """`say` tells the other processes who is on this one."""

    def __init__(self, feed: Feed, presence: Presence, say: Callable[[list[int]], None]) -> None:
        self._feed = feed
        self._presence = presence
        self._say = say
        # Since changes were told last: a thousand who come at once are mostly in the same rooms, and
        # who came or went meanwhile is among the next changes
        self._known: dict[Rooms, tuple[frozenset[int], bytes]] = {}

    async def tell(self) -> None:
        """Once a second: what has changed, written once for all who are to hear the same."""
        here = frozenset(self._feed.clients)
        if (said := self._presence.news(here)) is not None:
            self._say(list(said))
        self._known.clear()
        came, went = self._presence.changes(here)
        joined = self._feed.newcomers()
        news = self._rooms_with(came, went, joined) if came or went or joined else {}
        if not news:
            return
        listeners: defaultdict[Rooms, list[Connection]] = defaultdict(list)
        for client, seats in self._feed.seats.items():
            if isinstance(client, Connection) and (rooms := frozenset(news.keys() & seats.keys())):
                listeners[rooms].append(client)
        for rooms, connections in listeners.items():
            online = frozenset[int]().union(*(news[room][0] for room in rooms))
            offline = frozenset[int]().union(*(news[room][1] for room in rooms))
            spread(encode({"type": "presence", "online": sorted(online), "offline": sorted(offline)}), connections)

    def _rooms_with(
        self, came: frozenset[int], went: frozenset[int], joined: Mapping[int, set[int]]
    ) -> dict[int, tuple[frozenset[int], frozenset[int]]]:
        """Who was online when they joined a room is news there as well."""
        online = self._presence.online(frozenset(self._feed.clients))
        news = {
            room.id: ((came | (online & joined.get(room.id, frozenset()))) & room.members, went & room.members)
            for room in self._feed.rooms.values()
        }
        return {room: (arrived, departed) for room, (arrived, departed) in news.items() if arrived or departed}

    def greet(self, connection: Connection) -> None:
        connection.write(self.greeting(connection))

    def greeting(self, connection: Connection) -> bytes:
        """All who are online now, the user among them."""
        people, text = self._people_of(frozenset(self._feed.seats[connection]))
        if connection.user not in people:
            text = _listed([connection.user]) + (b"," + text if text else b"")
        return b'{"type":"presence","online":[' + text + b'],"offline":[]}'

    def _people_of(self, rooms: Rooms) -> tuple[frozenset[int], bytes]:
        if rooms not in self._known:
            members = frozenset[int]().union(*(self._feed.rooms[room].members for room in rooms))
            people = members & self._presence.online(frozenset(self._feed.clients))
            self._known[rooms] = people, _listed(sorted(people))
        return self._known[rooms]


def _listed(ids: Iterable[int]) -> bytes:
    return ",".join(map(str, ids)).encode()
