"""How a connection begins, and each way in which the server ends it."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.live.knocking import LIMIT, ending, hear, hear_until, knock
from tests.stage import Cast, Stage

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

FRAME_LIMIT = 256 * 1024


# Who comes in


async def test_a_session_cookie_comes_in_from_the_sites_own_origin(stage: Stage, cast: Cast) -> None:
    session = stage.call("make_session", username=cast.ana.username)
    async with await knock(stage, session=session, origin=stage.address) as socket:
        welcome = await hear(socket)
    assert welcome["type"] == "welcome"
    assert welcome["user"]["id"] == cast.ana.id


async def test_cookies_of_others_hide_none_of_ours(stage: Stage, cast: Cast) -> None:
    session = stage.call("make_session", username=cast.ana.username)
    cookie = f'theme=[dark]; {{"json"}}=yes; a b=c; plaza_session={session}; last="open'
    async with await knock(stage, cookie=cookie, origin=stage.address) as socket:
        assert (await hear(socket))["type"] == "welcome"


async def test_who_has_chosen_no_language_is_answered_in_the_browsers(stage: Stage, cast: Cast) -> None:
    session = stage.call("make_session", username=cast.bruno.username)
    stage.call("rooms.archive_room", actor=cast.ana.username, room=cast.room)
    send = {"type": "message.send", "room": cast.room, "key": str(uuid4()), "body": "Hola", "ref": "1"}
    async with await knock(stage, session=session, origin=stage.address, language="es-AR,en;q=0.5") as socket:
        await hear_until(socket, "welcome")
        await socket.send(json.dumps(send))
        assert (await hear_until(socket, "error"))["detail"] == "Esta sala está archivada."


@pytest.mark.parametrize(
    "origin",
    [
        lambda site: None,
        lambda site: "null",
        lambda site: "https://elsewhere.example",
        lambda site: site.replace("http://", "https://"),
        lambda site: site.rpartition(":")[0],
        lambda site: site + ".elsewhere.example",
        lambda site: site + "/",
        lambda site: "elsewhere",
        lambda site: "",
    ],
)
async def test_a_session_cookie_from_another_origin_is_403(
    stage: Stage, cast: Cast, origin: Callable[[str], str | None]
) -> None:
    session = stage.call("make_session", username=cast.ana.username)
    with pytest.raises(InvalidStatus) as refused:
        await knock(stage, session=session, origin=origin(stage.address))
    assert refused.value.response.status_code == 403


async def test_a_token_needs_no_origin_and_no_extension_is_negotiated(stage: Stage, cast: Cast) -> None:
    for web in ("web1", "web2", ""):
        async with await knock(stage, token=cast.ana.token, web=web) as socket:
            assert (await hear(socket))["type"] == "welcome"
            assert socket.response is not None
            assert "Sec-WebSocket-Extensions" not in socket.response.headers
            assert "permessage-deflate" in str(socket.request and socket.request.headers["Sec-WebSocket-Extensions"])


@pytest.mark.parametrize("path", ["/ws/v2/", "/ws/", "/", "/ws/v1"])
async def test_there_is_one_address_for_websockets(stage: Stage, cast: Cast, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await knock(stage, token=cast.ana.token, path=path)
    assert refused.value.response.status_code == 403


# 4401


async def test_a_token_that_is_none_is_4401(stage: Stage, cast: Cast) -> None:
    async with await knock(stage, token="x" * 43) as socket:
        assert (await ending(socket))[0] == 4401


@pytest.mark.parametrize("session", ["", "x" * 32, '"\\000aaaaaaaaaa"'])
async def test_no_session_is_4401(stage: Stage, session: str) -> None:
    async with await knock(stage, session=session, origin=stage.address) as socket:
        assert (await ending(socket))[0] == 4401


async def test_who_brings_nothing_at_all_is_4401(stage: Stage) -> None:
    async with await knock(stage) as socket:
        assert (await ending(socket))[0] == 4401


async def test_a_connection_ends_with_its_session(stage: Stage, cast: Cast) -> None:
    session = stage.call("make_session", username=cast.ana.username, seconds=3)
    began = time.monotonic()
    async with await knock(stage, session=session, origin=stage.address) as socket:
        assert (await hear(socket))["type"] == "welcome"
        assert (await ending(socket, 3 + LIMIT))[0] == 4401
    assert time.monotonic() - began > 2


@pytest.mark.parametrize("redis", ["with Redis", "with Redis stopped"])
async def test_who_signs_out_is_cut_off_there_and_nowhere_else(stage: Stage, cast: Cast, redis: str) -> None:
    here, elsewhere = (stage.call("make_session", username=cast.ana.username) for _ in range(2))
    async with (
        await knock(stage, session=here, origin=stage.address) as socket,
        await knock(stage, session=elsewhere, origin=stage.address) as other,
    ):
        await asyncio.gather(hear(socket), hear(other))
        with stage.perhaps_stopped("redis", redis == "with Redis stopped"):
            stage.call("sessions.end_session", user=cast.ana.username, session_key=here)
            assert (await ending(socket))[0] == 4401
        await other.send('{"type": "ping"}')
        await hear_until(other, "pong")


@pytest.mark.parametrize("redis", ["with Redis", "with Redis stopped"])
async def test_a_token_that_is_revoked_is_4401(stage: Stage, cast: Cast, redis: str) -> None:
    async with (
        await knock(stage, token=cast.ana.token) as one,
        await knock(stage, token=cast.ana.token, web="web2") as two,
    ):
        await asyncio.gather(hear(one), hear(two))
        with stage.perhaps_stopped("redis", redis == "with Redis stopped"):
            stage.call("revoke", token=cast.ana.token_id)
            assert [code for code, _reason in await asyncio.gather(ending(one), ending(two))] == [4401, 4401]
    async with await knock(stage, token=cast.ana.token) as socket:
        assert (await ending(socket))[0] == 4401


# 4403


@pytest.mark.parametrize("redis", ["with Redis", "with Redis stopped"])
async def test_who_is_banned_hears_why_on_every_connection(stage: Stage, cast: Cast, redis: str) -> None:
    async with (
        await knock(stage, token=cast.ana.token) as one,
        await knock(stage, token=cast.ana.token, web="web2") as two,
    ):
        await asyncio.gather(hear(one), hear(two))
        with stage.perhaps_stopped("redis", redis == "with Redis stopped"):
            stage.call("moderation.ban_user", actor=stage.owner.username, user=cast.ana.username, reason="spam, ¡ya!")
            assert list(await asyncio.gather(ending(one), ending(two))) == [(4403, "spam, ¡ya!")] * 2
    async with await knock(stage, token=cast.ana.token) as socket:
        assert await ending(socket) == (4403, "spam, ¡ya!")


async def test_a_long_reason_is_cut_between_two_characters(stage: Stage, cast: Cast) -> None:
    reason = "a" + "ñ" * 99
    stage.call("moderation.ban_user", actor=stage.owner.username, user=cast.bruno.username, reason=reason)
    async with await knock(stage, token=cast.bruno.token) as socket:
        code, told = await ending(socket)
    assert code == 4403
    assert len(told) > 50
    assert reason.startswith(told)


async def test_who_is_deactivated_is_4403(stage: Stage, cast: Cast) -> None:
    async with await knock(stage, token=cast.bruno.token) as socket:
        await hear(socket)
        stage.call("people.set_active", actor=stage.owner.username, user=cast.bruno.username, active=False)
        assert (await ending(socket))[0] == 4403
    async with await knock(stage, token=cast.bruno.token) as socket:
        assert (await ending(socket))[0] == 4403


# 4429, 4400, 1009, 1007


async def test_the_21st_connection_of_a_person_on_one_process_is_one_too_many(stage: Stage, cast: Cast) -> None:
    sockets = [await knock(stage, token=cast.carla.token) for _ in range(20)]
    try:
        await asyncio.gather(*(hear(socket) for socket in sockets))
        async with await knock(stage, token=cast.carla.token) as socket:
            assert (await ending(socket))[0] == 4429
        async with await knock(stage, token=cast.carla.token, web="web2") as socket:
            assert (await hear(socket))["type"] == "welcome"
        await sockets.pop().close()
        async with await knock(stage, token=cast.carla.token) as socket:
            assert (await hear(socket))["type"] == "welcome"
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets))


async def test_a_binary_frame_is_4400(stage: Stage, cast: Cast) -> None:
    for data in (b'{"type": "ping"}', b""):
        async with await knock(stage, token=cast.ana.token) as socket:
            await socket.send(data)
            assert (await ending(socket))[0] == 4400


async def test_the_21st_malformed_frame_in_a_minute_is_4400(stage: Stage, cast: Cast) -> None:
    async with await knock(stage, token=cast.ana.token) as socket:
        for _ in range(20):
            await socket.send("[]")
            error = await hear_until(socket, "error")
            assert (error["code"], error["ref"]) == ("invalid", None)
        await socket.send('{"type": "ping"}')
        await hear_until(socket, "pong")
        await socket.send("[]")
        assert (await ending(socket))[0] == 4400


async def test_a_frame_may_have_256_kib_and_no_more(stage: Stage, cast: Cast) -> None:
    def ping(size: int) -> str:
        empty = json.dumps({"type": "ping", "ref": "a", "padding": ""})
        return empty[:-2] + "ñ" * ((size - len(empty)) // 2) + "x" * ((size - len(empty)) % 2) + '"}'

    async with await knock(stage, token=cast.ana.token) as socket:
        await socket.send(ping(FRAME_LIMIT))
        assert (await hear_until(socket, "pong"))["ref"] == "a"
        with contextlib.suppress(ConnectionClosed, OSError):
            await socket.send(ping(FRAME_LIMIT + 1))
        assert (await ending(socket))[0] in (1009, 1006)


async def test_a_frame_that_is_not_utf_8_ends_the_connection(stage: Stage, cast: Cast) -> None:
    async with await knock(stage, token=cast.ana.token) as socket:
        await hear(socket)
        await socket.send(b'{"type": "ping", "ref": "\xff"}', text=True)
        assert (await ending(socket))[0] in (1007, 1006)


# What is told


async def test_a_long_welcome_goes_on_before_anything_else(stage: Stage, cast: Cast) -> None:
    stage.call("make_rooms", username=cast.carla.username, count=1200)
    texts: list[str] = []
    async with asyncio.timeout(3 * LIMIT), await knock(stage, token=cast.carla.token) as socket:
        while not texts or json.loads(texts[-1])["type"] in ("welcome", "rooms.more"):
            texts.append(str(await socket.recv()))
    frames = [json.loads(text) for text in texts]
    assert [frame["type"] for frame in frames[:3]] == ["welcome", "rooms.more", "presence"]
    assert all(len(text.encode()) <= FRAME_LIMIT for text in texts)
    assert set(frames[1]) == {"type", "rooms"}
    rooms = [room["id"] for frame in frames[:2] for room in frame["rooms"]]
    assert len(rooms) == len(set(rooms)) == 1200


async def test_a_silent_connection_hears_a_heartbeat_every_ten_seconds(stage: Stage, cast: Cast) -> None:
    async with await knock(stage, token=cast.carla.token) as socket:
        while (await hear(socket))["type"] != "presence":
            pass
        frame = await hear_until(socket, "heartbeat", 15)  # when a client would take it for dead
    assert frame == {"type": "heartbeat"}


async def test_ping_is_answered_with_the_ref_if_there_was_one(stage: Stage, cast: Cast) -> None:
    async with await knock(stage, token=cast.ana.token) as socket:
        await socket.send('{"type": "ping"}')
        assert await hear_until(socket, "pong") == {"type": "pong"}
        await socket.send('{"type": "ping", "ref": "é"}')
        assert await hear_until(socket, "pong") == {"type": "pong", "ref": "é"}
