"""Two Redis servers share the rooms and one of them dies; Sentinel puts a replica in the place of its master."""

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from zlib import crc32

import pytest
from redis import Redis
from redis.exceptions import RedisError

from ops.packages import program
from tests.commands.sites import free_port
from tests.stage import Actor, Stage, open_stage

pytestmark = [pytest.mark.chaos, pytest.mark.live, pytest.mark.timeout(180)]

SOON = 6.0  # three times the protocol's 2 s
HEARS_AGAIN = 30.0  # a link notices after 6 s that nothing comes back


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with open_stage(CHAT_DRAIN_SECONDS="1") as opened:
        yield opened


class Server:
    """A Redis server, or a Sentinel, that a test may kill."""

    def __init__(self, command: list[str], port: int) -> None:
        self.client = Redis(port=port, socket_timeout=2)
        self._command = [*command, "--port", str(port)]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait(self.client.ping)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def carries(redis: Redis, room: int) -> bool:
    """Whether a process of the site listens there to what happens in a room."""
    return bool(redis.pubsub_channels(f"asgi__group__room.{room}"))


def wait(true: Callable[[], object], within: float = HEARS_AGAIN) -> None:
    """Until it is so; a Redis that does not answer says no."""
    deadline = time.monotonic() + within
    while True:
        try:
            if true():
                return
        except (OSError, RedisError):
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def redis_server(*options: str, port: int) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="plaza-") as folder:
        server = Server([program("redis-server"), *options, "--dir", folder], port)
        try:
            yield server
        finally:
            server.kill()
            server.client.close()


def room_of(stage: Stage, people: list[Actor]) -> int:
    room = int(stage.call("rooms.create_room", actor=people[0].username, name="Plaza", kind="closed"))
    names = [person.username for person in people]
    stage.call("members.add_members", actor=stage.owner.username, room=room, users=names)
    return room


def rooms_on_each(stage: Stage, people: list[Actor]) -> list[int]:
    """A room on the first of two Redis servers, and one on the second."""
    found: dict[int, int] = {}
    while len(found) < 2:
        room = room_of(stage, people)
        found[crc32(f"room.{room}".encode()) % 2] = room
    return [found[0], found[1]]


async def test_while_one_of_two_redis_servers_is_dead_messages_in_the_rooms_of_both_arrive(stage: Stage) -> None:
    ana, bruno = stage.person("ana"), stage.person("bruno")
    port = free_port()
    with (
        redis_server("--save", "", port=port) as second,
        Redis(unix_socket_path=str(stage.folder / "redis.sock")) as first,
    ):
        stage.change_settings(REDIS_URL=f"unix://{stage.folder}/redis.sock redis://127.0.0.1:{port}")
        here, there = rooms_on_each(stage, [ana, bruno])
        async with AsyncExitStack() as stack:
            sender = await stack.enter_async_context(stage.client(ana, "web1"))
            reader = await stack.enter_async_context(stage.client(bruno, "web2"))
            await asyncio.to_thread(wait, lambda: carries(first, here) and carries(second.client, there))
            assert not carries(first, there)
            assert not carries(second.client, here)
            second.kill()
            overheard = first.pubsub(ignore_subscribe_messages=True)
            overheard.subscribe(f"asgi__group__room.{here}")
            for number in range(5):
                for room in (here, there):
                    ack = await sender.send(room, f"{number}")
                    key = ack["message"]["key"]
                    await reader.wait_for(lambda frame, key=key: holds(frame, key), within=SOON)  # type: ignore[misc]
            # The one that lives still carries: the database was not all that brought them
            wait(lambda: overheard.get_message(timeout=1), within=SOON)
            overheard.close()
            second.start()
            await asyncio.to_thread(wait, lambda: carries(second.client, there))
            assert sender.broken == reader.broken == []
            assert sender.reconnects == reader.reconnects == 0


def holds(frame: dict[str, object], key: str) -> bool:
    """Whether an event brings a message, alone or among what was repaired."""
    message, messages = frame.get("message"), frame.get("messages")
    found = [message] if isinstance(message, dict) else messages if isinstance(messages, list) else []
    return any(one["key"] == key for one in found)


async def test_sentinel_puts_a_replica_in_the_place_of_a_dead_master(stage: Stage) -> None:
    ana, bruno = stage.person("ana"), stage.person("bruno")
    ports = [free_port() for _ in range(3)]
    with ExitStack() as servers:
        master = servers.enter_context(redis_server("--save", "", port=ports[0]))
        follows = ("--save", "", "--replicaof", f"127.0.0.1 {ports[0]}")
        replica = servers.enter_context(redis_server(*follows, port=ports[1]))
        wait(lambda: replica.client.info("replication")["master_link_status"] == "up")
        folder = Path(servers.enter_context(tempfile.TemporaryDirectory(prefix="plaza-")))
        config = folder / "sentinel.conf"
        config.write_text(
            f"sentinel monitor plaza 127.0.0.1 {ports[0]} 1\n"
            "sentinel down-after-milliseconds plaza 1000\n"
            "sentinel failover-timeout plaza 5000\n"
        )
        sentinel = servers.enter_context(redis_server(str(config), "--sentinel", port=ports[2]))
        wait(lambda: sentinel.client.sentinel_slaves("plaza"))  # it asks the master every 10 s
        nobody = free_port()  # the first of the Sentinels is away
        stage.change_settings(REDIS_URL=f"redis+sentinel://127.0.0.1:{nobody},127.0.0.1:{ports[2]}/plaza")
        room = room_of(stage, [ana, bruno])
        async with stage.client(ana, "web1") as sender, stage.client(bruno, "web2") as reader:
            await asyncio.to_thread(wait, lambda: carries(master.client, room))
            master.kill()
            for number in range(5):
                key = (await sender.send(room, f"{number}"))["message"]["key"]
                await reader.wait_for(lambda frame, key=key: holds(frame, key), within=SOON)  # type: ignore[misc]
            await asyncio.to_thread(wait, lambda: carries(replica.client, room))
            assert sender.broken == reader.broken == []
            assert sender.reconnects == reader.reconnects == 0
