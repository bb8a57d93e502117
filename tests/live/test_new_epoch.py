"""The database was restored from a backup: every process starts afresh, and every client with it."""

import asyncio

import psycopg
import pytest

from tests.live.knocking import ending, hear, knock
from tests.stage import Cast, Stage

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


async def test_a_new_epoch_closes_every_connection_and_is_found_by_who_comes_again(stage: Stage, cast: Cast) -> None:
    async with (
        await knock(stage, token=cast.ana.token) as one,
        await knock(stage, token=cast.bruno.token, web="web2") as two,
    ):
        old = {(await hear(socket))["epoch"] for socket in (one, two)}
        epoch = stage.call("site.begin_new_epoch", actor=stage.owner.username)
        assert [code for code, _reason in await asyncio.gather(ending(one), ending(two))] == [1012, 1012]
    assert len(old) == 1
    assert epoch not in old
    for web in ("web1", "web2"):
        async with await knock(stage, token=cast.ana.token, web=web) as socket:
            assert (await hear(socket))["epoch"] == epoch
    await _chat(stage, cast)


async def test_a_room_that_went_back_closes_every_connection(stage: Stage, cast: Cast) -> None:
    """As after a restore of which nobody told the site."""
    stage.call("write", room=cast.room, username=cast.ana.username, bodies=["uno", "dos", "tres"])
    async with await knock(stage, token=cast.bruno.token) as socket:
        seq = (await hear(socket))["rooms"][0]["seq"]
        await _restore(stage, cast.room, seq - 2)
        assert (await ending(socket))[0] == 1012
    async with await knock(stage, token=cast.bruno.token) as socket:
        assert (await hear(socket))["rooms"][0]["seq"] == seq - 2
    await _chat(stage, cast)


async def _restore(stage: Stage, room: int, seq: int) -> None:
    async with await psycopg.AsyncConnection.connect(stage.database) as connection:
        await connection.execute("DELETE FROM rooms_message WHERE room_id = %s AND seq > %s", [room, seq])
        await connection.execute(
            "UPDATE rooms_membership SET read_seq = least(read_seq, %s) WHERE room_id = %s", [seq, room]
        )
        await connection.execute("UPDATE rooms_room SET seq = %s WHERE id = %s", [seq, room])


async def _chat(stage: Stage, cast: Cast) -> None:
    """Nobody is closed a second time for the same restore, and what is sent arrives."""
    async with stage.client(cast.ana, "web1") as ana, stage.client(cast.bruno, "web2") as bruno:
        for turn in range(3):
            ack = await ana.send(cast.room, f"seguimos {turn}")
            await bruno.until(lambda: ack["message"]["id"] in bruno.messages)  # noqa: B023
            with stage.stopped("redis"):  # so that it takes a look at the database
                ack = await ana.send(cast.room, f"y seguimos {turn}")
                await bruno.until(lambda: ack["message"]["id"] in bruno.messages)  # noqa: B023
        assert (ana.reconnects, bruno.reconnects) == (0, 0)
        assert not ana.broken
        assert not bruno.broken
