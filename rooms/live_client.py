"""A small WebSocket client over asyncio, that tells at which step a connection failed.

Libraries answer a failed handshake with one error for all causes; what an operator needs is which.
"""

import asyncio
import base64
import json
import secrets
import ssl
from dataclasses import dataclass
from hashlib import sha1
from typing import Any
from urllib.parse import urlsplit

PATH = "/ws/v1/"
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455's
TEXT, CLOSE, PING, PONG, CONTINUATION = 0x1, 0x8, 0x9, 0xA, 0x0
FINAL, OPCODE, MASKED, LENGTH = 0x80, 0x0F, 0x80, 0x7F


class RefusedError(Exception):
    """The handshake was answered, but not with a WebSocket."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        super().__init__(detail)


class ClosedError(Exception):
    """The connection ended, with a close code (1006: without any)."""

    def __init__(self, code: int, reason: str = "") -> None:
        self.code = code
        super().__init__(f"closed with {code} {reason}".strip())


@dataclass(frozen=True, slots=True)
class Address:
    """A public address, taken apart."""

    origin: str
    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, url: str) -> "Address":
        """Raises ValueError when the URL is none of a site."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(url)
        secure = parts.scheme == "https"
        return cls(f"{parts.scheme}://{parts.netloc}", parts.hostname, parts.port or (443 if secure else 80), secure)

    @property
    def authority(self) -> str:
        return self.origin.partition("://")[2]


@dataclass(slots=True)
class Stream:
    """One connection to the address."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, address: Address) -> "Stream":
        return cls(*await asyncio.open_connection(address.host, address.port))

    async def secure(self, address: Address, tls: ssl.SSLContext | None = None) -> None:
        """A step of its own, so that what fails here is known to be TLS."""
        await self.writer.start_tls(tls or ssl.create_default_context(), server_hostname=address.host)

    async def request(self, address: Address, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
        """Send a GET; the status and headers of the answer. Raises RefusedError when it is not HTTP."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {address.authority}", "User-Agent: plaza-check-live"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode("latin1"))
        await self.writer.drain()
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise RefusedError(0, "the connection was cut before an answer came") from error
        first, *rest = head.decode("latin1").split("\r\n")
        version, _space, status = first.partition(" ")
        if not version.startswith("HTTP/") or not status[:3].isdecimal():
            raise RefusedError(0, f"what answers there does not speak HTTP: {first[:60]!r}")
        pairs = (line.partition(":") for line in rest if line)
        return int(status[:3]), {name.strip().lower(): value.strip() for name, _colon, value in pairs}

    async def close(self) -> None:
        self.writer.close()
        try:
            async with asyncio.timeout(1):
                await self.writer.wait_closed()
        except OSError:  # TimeoutError is one: it ends either way
            self.writer.transport.abort()


class LiveClient:
    """An open WebSocket that speaks the live protocol."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @classmethod
    async def connect(cls, stream: Stream, address: Address, headers: dict[str, str]) -> "LiveClient":
        """Raises RefusedError when the answer to the handshake is anything but a WebSocket."""
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        asked = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
            **headers,
        }
        status, answer = await stream.request(address, PATH, asked)
        if status != 101:
            raise RefusedError(status, f"HTTP {status}")
        expected = base64.b64encode(sha1((key + GUID).encode()).digest()).decode()  # noqa: S324  (RFC 6455's)
        if answer.get("sec-websocket-accept") != expected:
            raise RefusedError(status, "the handshake was answered by something else than a WebSocket server")
        return cls(stream)

    async def send(self, frame: dict[str, Any]) -> None:
        await self._write(TEXT, json.dumps(frame).encode())

    async def receive(self) -> dict[str, Any]:
        """The next frame; raises ClosedError at the end."""
        text = b""
        while True:
            final, opcode, payload = await self._read()
            if opcode == PING:
                await self._write(PONG, payload)
            elif opcode == CLOSE:
                code = int.from_bytes(payload[:2]) if len(payload) > 1 else 1005
                raise ClosedError(code, payload[2:].decode("utf-8", "replace"))
            elif opcode in (TEXT, CONTINUATION):
                text += payload
                if final:
                    frame: dict[str, Any] = json.loads(text)
                    return frame

    async def close(self) -> None:
        """Say goodbye and wait a moment for the answer, so that the server has let go."""
        try:
            await self._write(CLOSE, (1000).to_bytes(2))
            async with asyncio.timeout(1):
                while True:
                    await self.receive()
        except (ClosedError, OSError):
            pass
        await self._stream.close()

    async def _read(self) -> tuple[bool, int, bytes]:
        reader = self._stream.reader
        try:
            first, second = await reader.readexactly(2)
            length = second & LENGTH
            if length > 125:
                length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8))
            return bool(first & FINAL), first & OPCODE, await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ClosedError(1006) from error

    async def _write(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            head = bytes([FINAL | opcode, MASKED | size])
        elif size < 65_536:
            head = bytes([FINAL | opcode, MASKED | 126]) + size.to_bytes(2)
        else:
            head = bytes([FINAL | opcode, MASKED | 127]) + size.to_bytes(8)
        mask = secrets.token_bytes(4)
        masked = bytes(byte ^ mask[position % 4] for position, byte in enumerate(payload))
        self._stream.writer.write(head + mask + masked)
        await self._stream.writer.drain()
