"""The way of one browser to the server, which a test can cut: a SOCKS proxy."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from playwright.sync_api import ProxySettings

from ops.cluster import free_port
from tests.commands.sites import pump, stub

AGREED, CONNECTED = b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6)
SIZES = {1: 4, 4: 16}  # of an address, by its kind; a name says its own


@dataclass
class Network:
    port: int
    up: bool = True
    ends: set[asyncio.StreamWriter] = field(default_factory=set)
    loop: asyncio.AbstractEventLoop | None = None

    @property
    def proxy(self) -> ProxySettings:
        """For a browser's context; without the bypass Chromium goes straight to its own machine."""
        return {"server": f"socks5://127.0.0.1:{self.port}", "bypass": "<-loopback>"}

    def cut(self) -> None:
        """What is open breaks off, and nothing opens, until `mend`."""
        self.up = False
        assert self.loop
        asyncio.run_coroutine_threadsafe(self._break_off(), self.loop).result(5)

    def mend(self) -> None:
        self.up = True

    async def _break_off(self) -> None:
        ends = [*self.ends]
        for end in ends:
            end.transport.abort()
        for end in ends:
            await end.wait_closed()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            if self.up:
                await self._relay(reader, writer)
        writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", await _port_wanted(reader, writer))
        ends = {writer, up_writer}
        self.ends |= ends
        writer.write(CONNECTED)
        await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))
        self.ends -= ends


async def _port_wanted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    _version, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    writer.write(AGREED)
    *_command, kind = await reader.readexactly(4)
    await reader.readexactly(SIZES.get(kind) or (await reader.readexactly(1))[0])
    return int.from_bytes(await reader.readexactly(2))


@contextmanager
def open_network() -> Iterator[Network]:
    network = Network(free_port(0))
    with stub(network.take, network.port) as network.loop:
        yield network
        network.cut()
