"""Clients that are gone without a word: the server asks for a sign of life."""

import asyncio

import pytest
from websockets.protocol import State

from tests.live.knocking import knock
from tests.stage import Cast, Stage

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

LIMIT = 180.0  # seconds: three times the protocol's 60


async def test_a_client_that_answers_no_ping_is_found_and_one_that_does_stays(stage: Stage, cast: Cast) -> None:
    async with await knock(stage, token=cast.carla.token, ping_interval=None) as alive:
        reader, writer = await asyncio.open_unix_connection(stage.socket("web1"))
        writer.write(
            b"GET /ws/v1/ HTTP/1.1\r\nHost: plaza\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Authorization: Bearer " + cast.bruno.token.encode() + b"\r\n\r\n"
        )
        async with asyncio.timeout(LIMIT):
            heard = await _all_of(reader)
        assert heard.startswith(b"HTTP/1.1 101")
        assert b"\x89\x00" in heard  # a ping
        assert alive.state is State.OPEN
        writer.close()


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    """Until the server drops the connection."""
    heard = b""
    try:
        while some := await reader.read(65_536):
            heard += some
    except ConnectionResetError:
        pass
    return heard
