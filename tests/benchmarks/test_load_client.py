"""The load client is believed, so it is tried on a chat that makes mistakes."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, unix_serve

from tests.benchmarks.chats import Chat
from tests.benchmarks.client import Client, Figures, compile_client

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")

MEMBERS, MESSAGES = 10, 20

type Mistake = Callable[[list[str]], list[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the client is, and the list of the people."""
    folder = tmp_path_factory.mktemp("load")
    compile_client(folder)
    (folder / "people").write_text("room -\n" * MEMBERS)
    return folder


@asynccontextmanager
async def chat_that(mistake: Mistake, folder: Path) -> AsyncIterator[Chat]:
    """A room in which one member gets what `mistake` makes of what was said so far, and the others get all."""
    members: list[ServerConnection] = []
    said: list[str] = []

    async def serve(connection: ServerConnection) -> None:
        members.append(connection)
        async for text in connection:
            said.append(json.loads(text)["message"])
            for member in members:
                for message in mistake(said) if member is members[0] else said[-1:]:
                    await member.send(json.dumps({"message": message}))

    path = folder / "chat.sock"
    async with unix_serve(serve, str(path), compression=None):
        yield Chat("fake", "channels", "localhost", [f"unix:{path}"], "", {}, lambda *_: None)


async def measure(mistake: Mistake, folder: Path) -> Figures:
    def drive(chat: Chat) -> Figures:
        with Client(folder, chat, folder / "people") as client:
            client.open(MEMBERS)
            client.do("patience 1")
            return client.do(f"send {MESSAGES * 5} 0.2 {MEMBERS}")

    async with chat_that(mistake, folder) as chat:
        return await asyncio.to_thread(drive, chat)


def faults(figures: Figures) -> tuple[int, int, int]:
    return figures["lost"], figures["doubled"], figures["confused"]


async def test_what_everybody_gets_once_is_no_fault(folder: Path) -> None:
    figures = await measure(lambda said: said[-1:], folder)
    assert faults(figures) == (0, 0, 0)
    assert figures["sent"] == MESSAGES
    assert figures["deliveries"] == MESSAGES * MEMBERS
    assert 0 < figures["delivery_p50_ms"] <= figures["delivery_p99_ms"] <= figures["delivery_max_ms"]


async def test_a_message_that_one_member_gets_twice_is_seen(folder: Path) -> None:
    figures = await measure(lambda said: said[-1:] * (2 if len(said) == 7 else 1), folder)
    assert faults(figures) == (0, 1, 0)


async def test_a_message_in_place_of_another_is_seen(folder: Path) -> None:
    figures = await measure(lambda said: [said[-2 if len(said) == 7 else -1]], folder)
    assert faults(figures) == (0, 0, 1)


@pytest.mark.parametrize("kept", [0, 19])
async def test_a_message_that_one_member_does_not_get_is_seen(folder: Path, kept: int) -> None:
    figures = await measure(lambda said: said[-1:] if len(said) <= kept else [], folder)
    assert faults(figures) == (MESSAGES - kept, 0, 0)
