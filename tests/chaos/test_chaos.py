"""In the middle of a conversation a server dies, Redis goes, a deploy rolls over: nothing is lost,
nothing is doubled, and everybody sees one order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from tests.live.client import LiveClient
from tests.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.live, pytest.mark.timeout(180)]

PEOPLE = 12
PER_SECOND = 30
CATCH_UP = 20.0  # seconds: a dead connection is found, a new one made, and 2 s thrice


@dataclass
class Conversation:
    """Twelve people in a room, sending in turn, whatever happens around them."""

    stage: Stage
    room: int
    clients: list[LiveClient]
    acked: dict[str, int] = field(default_factory=dict)  # key → seq

    async def talk(self, happening: Callable[[], Awaitable[None]]) -> None:
        """Send before, while and after something happens; until all of it is acked."""
        over = asyncio.Event()
        event = asyncio.create_task(self._let_happen(happening, over))
        sends: list[asyncio.Task[None]] = []
        while not over.is_set():
            sends.append(asyncio.create_task(self._send(len(sends))))
            await asyncio.sleep(1 / PER_SECOND)
        await event
        async with asyncio.timeout(60):
            await asyncio.gather(*sends)

    async def _let_happen(self, happening: Callable[[], Awaitable[None]], over: asyncio.Event) -> None:
        try:
            await asyncio.sleep(2)
            await happening()
            await asyncio.sleep(3)
        finally:
            over.set()

    async def _send(self, number: int) -> None:
        key = str(uuid4())
        ack = await self.clients[number % PEOPLE].send(self.room, f"{number}", key=key)
        self.acked[key] = ack["message"]["seq"]

    async def check(self) -> None:
        """What was acked is kept, once, and in one order for all."""
        last = max(self.acked.values())
        for client in self.clients:
            await client.until(lambda client=client: client.cursors.get(self.room, 0) >= last, within=CATCH_UP)  # type: ignore[misc]
        kept = self.stage.call("keys", room=self.room)
        assert len(kept) == len(set(kept))
        assert set(self.acked) <= set(kept)
        for client in self.clients:
            assert client.broken == []
            assert client.resets == 0
            assert [key for _seq, _id, key, _body in client.history(self.room)] == kept


@asynccontextmanager
async def conversation(stage: Stage) -> AsyncIterator[Conversation]:
    people = [stage.person("ana"), *(stage.person("bruno") for _ in range(PEOPLE - 1))]
    room = stage.call("rooms.create_room", actor=people[0].username, name="Plaza", kind="closed")
    names = [person.username for person in people]
    stage.call("members.add_members", actor=stage.owner.username, room=room, users=names)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(stage.client(person)) for person in people]
        yield Conversation(stage, room, clients)


async def test_a_server_that_is_killed_loses_nothing(stage: Stage) -> None:
    async def kill() -> None:
        stage.signal("web1", signal.SIGKILL)
        await stage.gone("web1", within=5)
        await asyncio.sleep(2)
        await stage.revive("web1")

    async with conversation(stage) as talk:
        await talk.talk(kill)
        await talk.check()
        assert sum(client.reconnects for client in talk.clients) > 0


async def test_a_redis_that_is_killed_loses_nothing(stage: Stage) -> None:
    async def restart() -> None:
        stage.signal("redis", signal.SIGKILL)
        await stage.gone("redis", within=5)
        await asyncio.sleep(1)
        await stage.revive("redis")

    async with conversation(stage) as talk:
        await talk.talk(restart)
        await talk.check()
        assert sum(client.reconnects for client in talk.clients) == 0


async def test_a_redis_that_is_silent_for_ten_seconds_loses_nothing(stage: Stage) -> None:
    async def pause() -> None:
        stage.signal("redis", signal.SIGSTOP)
        await asyncio.sleep(10)
        stage.signal("redis", signal.SIGCONT)

    async with conversation(stage) as talk:
        await talk.talk(pause)
        await talk.check()
        assert sum(client.reconnects for client in talk.clients) == 0


async def test_a_rolling_restart_loses_nothing_and_nobody_waits(stage: Stage) -> None:
    async def roll() -> None:
        for name in ("web1", "web2"):
            await asyncio.to_thread(stage.restart, name)

    async with conversation(stage) as talk:
        await talk.talk(roll)
        await talk.check()
        # Each was elsewhere before its connection ended: nobody was ever without one.
        assert [client.waited for client in talk.clients] == [0] * PEOPLE


async def test_a_database_that_is_silent_for_five_seconds_loses_nothing(stage: Stage) -> None:
    async def pause() -> None:
        stage.signal("postgres", signal.SIGSTOP)
        await asyncio.sleep(5)
        stage.signal("postgres", signal.SIGCONT)

    async with conversation(stage) as talk:
        await talk.talk(pause)
        await talk.check()
