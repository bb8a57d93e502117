"""Bare WebSockets, for what a well-behaved client never does."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from tests.live.client import Frame
from tests.stage import Stage

LIMIT = 6.0  # seconds: three times the protocol's 2


async def knock(
    stage: Stage,
    *,
    token: str = "",
    session: str = "",
    cookie: str = "",
    origin: str | None = None,
    language: str = "",
    web: str = "web1",
    path: str = "/ws/v1/",
    **options: Any,
) -> ClientConnection:
    """Straight to one process (or through HAProxy, where `web` is empty); offers permessage-deflate."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if session or cookie:
        headers["Cookie"] = cookie or f"plaza_session={session}"
    if language:
        headers["Accept-Language"] = language
    address = stage.address.replace("http", "ws", 1) + path
    options |= {"additional_headers": headers, "origin": Origin(origin) if origin is not None else None}
    options.setdefault("max_size", None)
    return await (unix_connect(stage.socket(web), address, **options) if web else connect(address, **options))


async def hear(connection: ClientConnection, within: float = LIMIT) -> Frame:
    async with asyncio.timeout(within):
        frame: Frame = json.loads(await connection.recv())
        return frame


async def hear_until(connection: ClientConnection, kind: str, within: float = LIMIT) -> Frame:
    """The next frame of this type; others are passed over."""
    async with asyncio.timeout(within):
        while (frame := await hear(connection, within))["type"] != kind:
            pass
        return frame


async def ending(connection: ClientConnection, within: float = LIMIT) -> tuple[int | None, str]:
    """The code and the reason with which the server ends the connection."""
    async with asyncio.timeout(within):
        try:
            while True:
                await connection.recv()
        except ConnectionClosed:
            return connection.close_code, connection.close_reason or ""
