"""The real HAProxy with the repository's configuration, in front of small stub servers."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ops.haproxy import with_servers
from ops.packages import program
from ops.parts import ROOT

# The key and its answer are the example's of RFC 6455; what follows on the connection need not be frames
UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
UPGRADED = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


@dataclass
class Request:
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Stub:
    """A web process that says who it is, keeps what it was asked, and echoes on upgraded connections."""

    name: str
    ready: bool = True
    # Takes requests, and closes without an answer
    mute: bool = False
    checked: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[Request] = field(default_factory=list)
    upgraded: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await read_request(reader):
                if not await self.answer(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def answer(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when the connection is to end."""
        if request.target == "/healthz/ready":
            self.checked.set()
            writer.write(response(200 if self.ready else 503, {}))
            return True
        self.requests.append(request)
        if self.mute:
            return False
        if request.values("Upgrade"):
            self.upgraded += 1
            writer.write(UPGRADED)
            while data := await reader.read(1024):
                writer.write(data)
            return False
        writer.write(response(200, {"from": self.name, "body": len(request.body)}))
        return True


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    request = Request(method, target, headers, b"")
    if lengths := request.values("Content-Length"):
        request.body = await reader.readexactly(int(lengths[0]))
    if request.values("Transfer-Encoding"):
        while size := int(await reader.readline(), 16):
            request.body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    return request


def response(status: int, payload: Mapping[str, object]) -> bytes:
    body = json.dumps(payload).encode()
    return b"HTTP/1.1 %d Said\r\nCache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def sender(self) -> str:
        return str(json.loads(self.body)["from"])


@dataclass
class Balancer:
    """HAProxy in front of stubs, and a client's ways to reach it."""

    process: asyncio.subprocess.Process
    port: int
    tls_port: int
    stubs: list[Stub]
    sockets: dict[str, Path]

    async def connect(self, *, tls: bool = False) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl._create_unverified_context() if tls else None
        return await asyncio.open_connection("127.0.0.1", self.tls_port if tls else self.port, ssl=context)

    async def ask(
        self,
        target: str = "/",
        *,
        method: str = "GET",
        host: str = "chat.example.org",
        headers: str = "",
        body: bytes = b"",
        tls: bool = False,
    ) -> Answer:
        reader, writer = await self.connect(tls=tls)
        head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"
        try:
            writer.write(head.encode() + body)
            return await read_answer(reader)
        finally:
            writer.close()

    async def open_websocket(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await self.connect()
        writer.write(b"GET /ws/v1/ HTTP/1.1\r\nHost: chat.example.org\r\n" + UPGRADE + b"\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        return reader, writer

    async def reload(self) -> None:
        """Have the master start a new worker; the old one keeps its connections."""
        before = self.workers()
        # A master that has only just started, or reloaded, may not hear the signal yet
        for _ in range(10):
            self.process.send_signal(signal.SIGUSR2)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    while not self.workers() - before:
                        await asyncio.sleep(0.02)
                    return
        raise AssertionError("HAProxy does not reload")

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}

    async def wait_until_up(self) -> None:
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await self.connect()
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                return


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(first.split(" ")[1]), headers, body)


async def echoed(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], data: bytes = b"hola") -> bool:
    reader, writer = connection
    writer.write(data)
    return await reader.readexactly(len(data)) == data


@asynccontextmanager
async def balancer(count: int = 2, **settings: str) -> AsyncIterator[Balancer]:
    """HAProxy in front of so many stubs, with settings of the environment."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plaza-")))
        stubs = [Stub(f"web{number}") for number in range(1, count + 1)]
        sockets = {stub.name: folder / f"{stub.name}.sock" for stub in stubs}
        for stub in stubs:
            await stack.enter_async_context(await asyncio.start_unix_server(stub.serve, sockets[stub.name]))
        port, tls_port = free_ports(2)
        (folder / "haproxy.cfg").write_text(with_servers((ROOT / "haproxy.cfg").read_text(), sockets))
        scheme = "https" if "CHAT_TLS_CERTIFICATES" in settings else "http"
        environment = {
            "CHAT_URL": f"{scheme}://chat.example.org",
            "CHAT_BIND": f"127.0.0.1:{port}",
            "CHAT_TLS_BIND": f"127.0.0.1:{tls_port}",
        }
        process = await asyncio.create_subprocess_exec(
            *(program("haproxy"), "-W", "-db", "-f", str(folder / "haproxy.cfg")),
            env=os.environ | environment | settings,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        stack.push_async_callback(ended, process)
        running = Balancer(process, port, tls_port, stubs, sockets)
        await running.wait_until_up()
        yield running


async def ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
