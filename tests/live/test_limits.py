"""What a slow reader, a flood, a stopped database and a stopped Redis do to the others: nothing."""

import asyncio
import json
import time
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.live.client import CommandError, Frame, LiveClient
from tests.live.knocking import LIMIT, ending, hear_until, knock
from tests.stage import Cast, Stage

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

FRAME_LIMIT = 256 * 1024
BIG = "ñ" * 15_990  # with its `html`, 64 kB on the wire
BOTH_ORDERS = pytest.mark.parametrize(("here", "there"), [("web1", "web2"), ("web2", "web1")])


def send(room: int, body: str = "hola", key: str = "") -> dict[str, Any]:
    return {"type": "message.send", "room": room, "key": key or str(uuid4()), "body": body}


def write(stage: Stage, cast: Cast, bodies: list[str]) -> int:
    seq: int = stage.call("write", room=cast.room, username=cast.ana.username, bodies=bodies)
    return seq


async def took(client: LiveClient, **command: Any) -> float:
    began = time.monotonic()
    await client.ask(**command)
    return time.monotonic() - began


def is_offline(user: int) -> Any:
    return lambda frame: frame["type"] == "presence" and user in frame["offline"]


# Slow readers


async def test_who_lets_over_1_mib_wait_is_dropped_and_nobody_else_waits(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.ana, "web1") as ana:
        socket = await knock(stage, token=cast.bruno.token, max_queue=1)
        await hear_until(socket, "presence")
        last = write(stage, cast, [BIG] * 40)
        await ana.until(lambda: ana.cursors[cast.room] == last)
        assert await took(ana, **send(cast.room)) < 2
        await ana.wait_for(is_offline(cast.bruno.id), within=3 * LIMIT)
        assert (await ending(socket))[0] in (4408, 1006)
        assert ana.reconnects == 0
        async with stage.client(cast.bruno, "web1") as bruno:  # nothing is lost
            await bruno.ask(type="rooms.resume", epoch=bruno.welcome["epoch"], cursors={str(cast.room): last})
            await bruno.until(lambda: any(message["body"] == "hola" for message in bruno.messages.values()))


async def test_who_takes_nothing_for_10_s_is_dropped(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.ana, "web1") as ana:
        socket = await knock(stage, token=cast.bruno.token, max_queue=1)
        await hear_until(socket, "presence")
        last = write(stage, cast, [BIG] * 12)
        await ana.until(lambda: ana.cursors[cast.room] == last)
        began = time.monotonic()
        await ana.wait_for(is_offline(cast.bruno.id), within=30)
        assert time.monotonic() - began > 5
        assert (await ending(socket))[0] in (4408, 1006)


async def test_a_flood_from_one_who_does_not_read_is_ended_and_nobody_else_waits(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.ana, "web1") as ana:
        socket = await knock(stage, token=cast.bruno.token, max_queue=1)
        await hear_until(socket, "presence")
        flood = asyncio.create_task(_flood(socket))
        slowest = max([await took(ana, type="ping") for _ in range(20)])
        await ana.wait_for(is_offline(cast.bruno.id), within=30)
        await flood
    assert slowest < 2


async def _flood(socket: ClientConnection) -> None:
    ping = json.dumps({"type": "ping", "ref": "ñ" * 64}, ensure_ascii=False)
    with suppress(ConnectionClosed, OSError):
        for _ in range(50_000):
            await socket.send(ping)


# Resuming


async def resume(stage: Stage, cast: Cast, cursor: int) -> list[Frame]:
    """The answers for the room, with their sizes, in the order in which they came, up to the ack."""
    answers: list[Frame] = []
    async with asyncio.timeout(3 * LIMIT), await knock(stage, token=cast.bruno.token, max_queue=1) as socket:
        welcome = json.loads(await socket.recv())
        wish = {"type": "rooms.resume", "ref": "r", "epoch": welcome["epoch"], "cursors": {str(cast.room): cursor}}
        await socket.send(json.dumps(wish))
        while True:
            text = await socket.recv()
            frame = json.loads(text)
            if frame.get("ref") == "r":
                assert frame["type"] == "ack"
                return answers
            if frame.get("room") == cast.room:
                answers.append({**frame, "size": len(str(text).encode())})


async def test_500_changes_are_told_one_by_one_and_501_are_a_reset(stage: Stage, cast: Cast) -> None:
    last = write(stage, cast, [f"mensaje {n}" for n in range(501)])
    changes = await resume(stage, cast, last - 500)
    assert {frame["type"] for frame in changes} == {"room.changes"}
    assert sum(len(frame["messages"]) for frame in changes) == 500
    [reset] = await resume(stage, cast, last - 501)
    assert (reset["type"], reset["seq"], reset["state"]["seq"]) == ("room.reset", last, last)


async def test_answers_come_in_parts_of_256_kib_and_do_not_count(stage: Stage, cast: Cast) -> None:
    """900 kB to a client that reads one frame at a time."""
    last = write(stage, cast, [BIG] * 14)
    parts = await resume(stage, cast, last - 14)
    assert len(parts) > 3
    at = last - 14
    for part in parts:
        assert part["type"] == "room.changes"
        assert part["size"] <= FRAME_LIMIT
        assert part["after"] == at
        at = part["seq"]
        assert [message["changed_seq"] for message in part["messages"]] == list(range(part["after"] + 1, at + 1))
    assert at == last


async def test_over_1_mib_of_changes_is_a_reset(stage: Stage, cast: Cast) -> None:
    last = write(stage, cast, [BIG] * 20)
    [reset] = await resume(stage, cast, last - 20)
    assert (reset["type"], reset["seq"]) == ("room.reset", last)


async def test_live_events_go_on_where_an_answer_ended(stage: Stage, cast: Cast) -> None:
    last = write(stage, cast, [BIG] * 14)
    async with stage.client(cast.ana, "web2") as ana:
        stop = asyncio.Event()
        talking = asyncio.create_task(_talk(ana, cast.room, stop))
        async with asyncio.timeout(3 * LIMIT), await knock(stage, token=cast.bruno.token) as socket:
            welcome = json.loads(await socket.recv())
            for wish in range(5):
                cursors = {str(cast.room): last - 14}
                resume = {"type": "rooms.resume", "ref": f"{wish}", "epoch": welcome["epoch"], "cursors": cursors}
                await socket.send(json.dumps(resume))
            at, answered = welcome["rooms"][0]["seq"], 0
            while answered < 5 or at < welcome["rooms"][0]["seq"] + 5:
                frame = json.loads(await socket.recv())
                answered += "ref" in frame
                if frame.get("room") == cast.room and "seq" in frame:
                    after = frame["after"] if frame["type"] == "room.changes" else frame["seq"] - 1
                    assert after in (at, last - 14), frame["type"]
                    assert after == at or frame["type"] == "room.changes"
                    at = frame["seq"]
        stop.set()
        await talking


async def _talk(client: LiveClient, room: int, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await client.send(room, "y")


# The database is slow or away


async def test_a_stopped_database_is_unavailable_within_3_s_and_no_message_is_doubled(stage: Stage, cast: Cast) -> None:
    first, second = send(cast.room, "uno"), send(cast.room, "dos")
    async with stage.client(cast.ana, "web1") as ana, stage.client(cast.bruno, "web2") as bruno:
        with stage.stopped("postgres"):
            for command in (first, second, {"type": "room.read", "room": cast.room, "seq": 1}):
                assert await _refusal(ana, **command) == "unavailable"
            cursors = {str(cast.room): 1}
            assert (
                await _refusal(bruno, type="rooms.resume", epoch=bruno.welcome["epoch"], cursors=cursors)
                == "unavailable"
            )
            assert await took(ana, type="ping") < 2
            assert await took(bruno, type="typing", room=cast.room) < 2
        one = await ana.send(cast.room, "uno", key=first["key"])
        two = await ana.send(cast.room, "dos", key=second["key"])
        assert one["message"]["seq"] < two["message"]["seq"]
        await bruno.until(lambda: bruno.cursors[cast.room] >= two["message"]["seq"], within=3 * LIMIT)
        assert not ana.broken
        assert not bruno.broken
    assert stage.call("keys", room=cast.room) == [first["key"], second["key"]]


async def _refusal(client: LiveClient, **command: Any) -> str:
    began = time.monotonic()
    with pytest.raises(CommandError) as refused:
        await client.ask(**command)
    assert time.monotonic() - began < 9
    return str(refused.value.code)


async def test_later_writes_wait_for_an_unknown_outcome_and_nobody_elses_do(stage: Stage, cast: Cast) -> None:
    """A room's row is locked: who writes there hears `unavailable`, everybody else is served at once."""
    other = stage.cast()
    async with (
        stage.client(cast.ana, "web1") as ana,
        stage.client(cast.bruno, "web1") as bruno,
        stage.client(cast.bruno, "web1") as again,
        stage.client(other.bruno, "web1") as elsewhere,
    ):
        async with await psycopg.AsyncConnection.connect(stage.database) as connection:
            await connection.execute("SELECT 1 FROM rooms_room WHERE id = %s FOR UPDATE", [cast.room])
            people = (ana, bruno, again)
            waiting = [
                asyncio.create_task(_outcome(one, **send(cast.room, f"{n}"))) for one in people for n in range(2)
            ]
            slowest = max([await took(elsewhere, **send(other.room, f"{n}")) for n in range(5)])
            assert not any(task.done() for task in waiting)
            assert set(await asyncio.gather(*waiting)) == {"unavailable"}
        assert slowest < 2
        ack = await ana.send(cast.room, "al fin")
    assert ack["message"]["body"] == "al fin"


async def _outcome(client: LiveClient, **command: Any) -> str:
    try:
        return str((await client.ask(**command))["type"])
    except CommandError as error:
        return str(error.code)


# Redis is away


@BOTH_ORDERS
async def test_without_redis_events_arrive_and_acks_do_not_wait(
    stage: Stage, cast: Cast, here: str, there: str
) -> None:
    async with stage.client(cast.ana, here) as ana, stage.client(cast.bruno, there) as bruno:
        with stage.stopped("redis"):
            for body in ("uno", "dos"):
                began = time.monotonic()
                ack = await ana.ask(**send(cast.room, body))
                assert time.monotonic() - began < 1
                await bruno.until(lambda: ack["message"]["id"] in bruno.messages)  # noqa: B023
            await bruno.ask(type="room.read", room=cast.room, seq=10**6)
        assert not ana.broken
        assert not bruno.broken


@BOTH_ORDERS
async def test_without_redis_who_is_removed_is_cut_off(stage: Stage, cast: Cast, here: str, there: str) -> None:
    async with stage.client(cast.ana, here) as ana, stage.client(cast.bruno, there) as bruno:
        with stage.stopped("redis"):
            stage.call("members.remove_member", actor=cast.ana.username, room=cast.room, user=cast.bruno.username)
            await bruno.wait_for(lambda frame: frame["type"] == "room.left" and frame["room"] == cast.room)
            ack = await ana.ask(**send(cast.room, "sin Bruno"))
            await ana.until(lambda: ack["message"]["id"] in ana.messages)
            await bruno.ask(type="ping")
        assert ack["message"]["id"] not in bruno.messages
        assert not bruno.broken


async def test_without_redis_a_room_is_gained_and_a_name_and_a_position_are_told(stage: Stage, cast: Cast) -> None:
    async with (
        stage.client(cast.bruno, "web1") as one,
        stage.client(cast.bruno, "web2") as other,
        stage.client(cast.carla, "web2") as carla,
    ):
        last = write(stage, cast, ["uno", "dos"])
        with stage.stopped("redis"):
            await one.ask(type="room.read", room=cast.room, seq=last)
            await other.wait_for(lambda frame: frame["type"] == "read" and frame["read_seq"] == last)
            stage.call("people.update_profile", actor=cast.ana.username, name="Ana María")
            await other.wait_for(lambda frame: frame["type"] == "user.updated" and frame["user"]["id"] == cast.ana.id)
            stage.call("members.add_members", actor=cast.ana.username, room=cast.room, users=[cast.carla.username])
            await carla.wait_for(lambda frame: frame["type"] == "room.joined" and frame["room"] == cast.room)
