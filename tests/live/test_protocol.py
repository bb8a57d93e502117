"""The protocol, command by command, through real Daphnes: what is acked, what is refused, what is told."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.live.client import CommandError, LiveClient
from tests.stage import Cast, Stage

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

BOTH_ORDERS = pytest.mark.parametrize(("here", "there"), [("web1", "web2"), ("web2", "web1")])


def send(cast: Cast, body: str = "hola", **fields: Any) -> dict[str, Any]:
    return {"type": "message.send", "room": cast.room, "key": str(uuid4()), "body": body, **fields}


async def refusal(client: LiveClient, **command: Any) -> dict[str, Any]:
    with pytest.raises(CommandError) as caught:
        await client.ask(**command)
    return caught.value.frame


@BOTH_ORDERS
async def test_a_message_reaches_both_processes(stage: Stage, cast: Cast, here: str, there: str) -> None:
    async with stage.client(cast.ana, here) as ana, stage.client(cast.bruno, there) as bruno:
        ack = await ana.ask(**send(cast, "¡hola!"))
        heard = await bruno.wait_for(lambda frame: frame["type"] == "message.created")
        own = await ana.wait_for(lambda frame: frame["type"] == "message.created")
    assert heard["message"] == own["message"] == ack["message"]
    assert heard["seq"] == ack["message"]["seq"] == ack["message"]["changed_seq"]
    assert ack["message"]["html"] == "<p>¡hola!</p>"
    assert not ana.broken
    assert not bruno.broken


async def test_welcome_says_who_and_where_one_is(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.bruno) as bruno:
        welcome = bruno.welcome
    assert welcome["protocol"] == 1
    assert welcome["user"] == {"id": cast.bruno.id, "name": cast.bruno.username.capitalize(),
                               "username": cast.bruno.username, "avatar": None}  # fmt: skip
    assert welcome["limits"] == {"body": 16000, "frame": 262144, "send_burst": 10, "send_per_second": 5}
    assert welcome["heartbeat"] == 10
    [room] = welcome["rooms"]
    assert room == {"id": cast.room, "kind": "closed", "name": "Plaza", "slug": "plaza", "topic": "", "archived": False,
                    "seq": 2, "first_seq": 1, "member_count": 2, "members": None, "read_seq": 2, "unread": 0,
                    "mentions": 0, "involvement": "mentions"}  # fmt: skip


async def test_an_edit_a_deletion_its_undoing_and_reactions_take_a_value_each(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.ana) as ana, stage.client(cast.bruno) as bruno:
        message = (await ana.ask(**send(cast)))["message"]
        at, seq = message["id"], message["seq"]
        steps: list[tuple[LiveClient, dict[str, Any], int]] = [
            (ana, {"type": "message.edit", "message": at, "body": "hola a todos"}, 1),
            (ana, {"type": "message.edit", "message": at, "body": " hola a todos "}, 1),
            (bruno, {"type": "reaction.add", "message": at, "emoji": "👍"}, 2),
            (bruno, {"type": "reaction.add", "message": at, "emoji": "👍"}, 2),
            (ana, {"type": "reaction.add", "message": at, "emoji": "👍"}, 3),
            (bruno, {"type": "reaction.remove", "message": at, "emoji": "👍"}, 4),
            (bruno, {"type": "reaction.remove", "message": at, "emoji": "👍"}, 4),
            (ana, {"type": "message.delete", "message": at}, 5),
            (ana, {"type": "message.delete", "message": at}, 5),
            (ana, {"type": "message.undelete", "message": at}, 6),
            (ana, {"type": "message.undelete", "message": at}, 6),
        ]
        for client, command, taken in steps:
            ack = await client.ask(**command)
            assert ack["message"]["changed_seq"] == seq + taken, command
            assert ack["message"]["seq"] == seq
        await bruno.until(lambda: bruno.cursors[cast.room] == seq + 6)
    final = bruno.messages[at]
    assert final["body"] == "hola a todos"
    assert final["edited_at"]
    assert final["reactions"] == [{"emoji": "👍", "count": 1, "users": [cast.ana.id]}]
    assert not bruno.broken


async def test_a_deleted_message_stays_as_an_empty_row(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.ana) as ana:
        at = (await ana.ask(**send(cast)))["message"]["id"]
        gone = (await ana.ask(type="message.delete", message=at))["message"]
    assert (gone["deleted"], gone["body"], gone["html"]) == (True, "", "")


async def test_a_key_seen_before_is_the_same_message(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.bruno) as bruno:
        command = send(cast)
        first = await bruno.ask(**command)
        again = await bruno.ask(**command)
        assert again["message"] == first["message"]
        assert again["duplicate"] is True
        assert "duplicate" not in first
        await bruno.ask(type="message.edit", message=first["message"]["id"], body="otra cosa")
        edited = await bruno.ask(**command)
        assert (edited["message"]["body"], edited["duplicate"]) == ("otra cosa", True)
        other = await refusal(bruno, **{**command, "body": "otra cosa"})
        assert other["code"] == "conflict"


async def test_somebody_who_was_removed_gets_the_duplicate_as_it_was_first_sent(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.bruno) as bruno:
        command = send(cast)
        first = (await bruno.ask(**command))["message"]
        await bruno.ask(type="message.edit", message=first["id"], body="otra cosa")
        stage.call("members.remove_member", actor=cast.ana.username, room=cast.room, user=cast.bruno.username)
        await bruno.wait_for(lambda frame: frame["type"] == "room.left")
        again = await bruno.ask(**command)
        assert again["message"] == first
        assert (await refusal(bruno, **send(cast)))["code"] == "not_found"


@pytest.mark.parametrize(
    ("command", "field"),
    [
        ({"type": "message.send", "key": "0" * 32, "body": "x"}, "room"),
        ({"type": "message.send", "room": "12", "key": str(uuid4()), "body": "x"}, "room"),
        ({"type": "message.send", "room": True, "key": str(uuid4()), "body": "x"}, "room"),
        ({"type": "message.send", "room": 2**70, "key": str(uuid4()), "body": "x"}, "room"),
        ({"type": "message.send", "room": 1, "body": "x"}, "key"),
        ({"type": "message.send", "room": 1, "key": "nope", "body": "x"}, "key"),
        ({"type": "message.send", "room": 1, "key": str(uuid4()), "body": 5}, "body"),
        ({"type": "message.send", "room": 1, "key": str(uuid4()), "body": "  \n "}, "body"),
        ({"type": "message.send", "room": 1, "key": str(uuid4()), "body": "a\x00b"}, "body"),
        ({"type": "message.send", "room": 1, "key": str(uuid4()), "body": "a\ud800b"}, "body"),
        ({"type": "message.send", "room": 1, "key": str(uuid4()), "body": "x", "attachments": [1]}, "attachments"),
        ({"type": "message.send", "room": 1, "key": str(uuid4()), "body": "x", "reply_to": "a"}, "reply_to"),
        ({"type": "message.edit", "message": None, "body": "x"}, "message"),
        ({"type": "reaction.add", "message": 1}, "emoji"),
        ({"type": "reaction.add", "message": 1, "emoji": 7}, "emoji"),
        ({"type": "room.read", "room": 1}, "seq"),
        ({"type": "room.read", "room": 1, "seq": -1}, "seq"),
        ({"type": "rooms.resume", "cursors": {}}, "epoch"),
        ({"type": "rooms.resume", "epoch": "x", "cursors": []}, "cursors"),
        ({"type": "rooms.resume", "epoch": "x", "cursors": {"a": 1}}, "cursors"),
        ({"type": "rooms.resume", "epoch": "x", "cursors": {"1": "a"}}, "cursors"),
    ],
)
async def test_a_field_that_cannot_be_is_named(stage: Stage, cast: Cast, command: dict[str, Any], field: str) -> None:
    async with stage.client(cast.bruno) as bruno:
        error = await refusal(bruno, **command)
        assert (error["code"], error["field"]) == ("invalid", field)
        assert error["detail"]


async def test_frames_that_are_no_commands_are_invalid_and_the_connection_stays(stage: Stage, cast: Cast) -> None:
    frames = ["", "{", "[]", "7", '"x"', '{"type":"ping","ref":NaN}', '{"type":"ping","x":1e999}', "[" * 2000]
    async with stage.client(cast.bruno) as bruno:
        assert bruno.socket
        for position, frame in enumerate(frames):
            await bruno.socket.connection.send(frame)
            await bruno.until(lambda: len(_errors(bruno)) == position + 1)  # noqa: B023
        assert all(error["ref"] is None and error["code"] == "invalid" for error in _errors(bruno))
        assert (await bruno.ask(type="ping"))["type"] == "pong"


def _errors(client: LiveClient) -> list[dict[str, Any]]:
    return [frame for frame in client.events if frame["type"] == "error"]


@pytest.mark.parametrize("ref", [None, "", 5, "x" * 65, "a\ud800"])
async def test_a_command_needs_a_ref(stage: Stage, cast: Cast, ref: Any) -> None:
    async with stage.client(cast.bruno) as bruno:
        assert bruno.socket
        await bruno.socket.connection.send(json.dumps({**send(cast), "ref": ref}))
        error = await bruno.wait_for(lambda frame: frame["type"] == "error")
        assert (error["code"], error["ref"], error["field"]) == ("invalid", None, "ref")


async def test_an_unknown_command_is_said_to_be_one(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.bruno) as bruno:
        assert (await refusal(bruno, type="message.fly"))["code"] == "unknown_command"


async def test_a_body_may_have_16000_code_points_and_no_more(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.bruno) as bruno:
        kept = await bruno.ask(**send(cast, " " + "ñ" * 16_000 + "\n"))
        assert len(kept["message"]["body"]) == 16_000
        assert (await refusal(bruno, **send(cast, "ñ" * 16_001)))["code"] == "too_large"


async def test_an_outsider_finds_nothing(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.ana) as ana, stage.client(cast.carla) as carla:
        at = (await ana.ask(**send(cast)))["message"]["id"]
        commands: list[dict[str, Any]] = [
            send(cast),
            {"type": "message.edit", "message": at, "body": "x"},
            {"type": "message.delete", "message": at},
            {"type": "reaction.add", "message": at, "emoji": "👍"},
            {"type": "room.read", "room": cast.room, "seq": 1},
            {"type": "typing", "room": cast.room},
        ]
        for command in commands:
            assert (await refusal(carla, **command))["code"] == "not_found", command


async def test_a_member_does_not_touch_what_others_wrote(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.ana) as ana, stage.client(cast.bruno) as bruno:
        at = (await ana.ask(**send(cast)))["message"]["id"]
        for command in (
            {"type": "message.edit", "body": "x"},
            {"type": "message.delete"},
            {"type": "message.undelete"},
        ):
            assert (await refusal(bruno, message=at, **command))["code"] == "not_allowed"


async def test_who_is_muted_hears_until_when(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.bruno) as bruno:
        stage.call(
            "moderation.mute_member", actor=stage.owner.username, room=cast.room, user=cast.bruno.username, until=60
        )
        error = await refusal(bruno, **send(cast))
        assert error["code"] == "muted"
        assert error["until"].endswith("Z")


async def test_an_archived_room_takes_nothing(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.bruno) as bruno:
        stage.call("rooms.archive_room", actor=cast.ana.username, room=cast.room)
        told = await bruno.wait_for(lambda frame: frame["type"] == "room.updated")
        assert told["state"]["archived"] is True
        assert (await refusal(bruno, **send(cast)))["code"] == "archived"


async def test_the_eleventh_send_at_once_is_too_fast(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.bruno) as bruno:
        outcomes = await asyncio.gather(*(bruno.ask(**send(cast, str(n))) for n in range(60)), return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, CommandError)]
        assert refused
        assert {error.code for error in refused} == {"too_fast"}
        assert all(0 < error.frame["retry_after"] <= 1 for error in refused)
        assert len(outcomes) - len(refused) >= 10


async def test_reading_moves_forward_and_is_read_in_every_tab(stage: Stage, cast: Cast) -> None:
    async with (
        stage.client(cast.ana, "web1") as ana,
        stage.client(cast.bruno, "web1") as one,
        stage.client(cast.bruno, "web2") as other,
    ):
        for body in ("uno", f"dos @{cast.bruno.username}", "tres"):
            last = (await ana.ask(**send(cast, body)))["message"]["seq"]
        ack = await one.ask(type="room.read", room=cast.room, seq=last - 2)
        assert (ack["read_seq"], ack["unread"], ack["mentions"]) == (last - 2, 2, 1)
        back = await one.ask(type="room.read", room=cast.room, seq=1)
        assert back["read_seq"] == last - 2
        far = await one.ask(type="room.read", room=cast.room, seq=10**9)
        assert (far["read_seq"], far["unread"], far["mentions"]) == (last, 0, 0)
        told = await other.wait_for(lambda frame: frame["type"] == "read" and frame["read_seq"] == last)
        assert (told["unread"], told["mentions"]) == (0, 0)
        unread = await other.ask(type="room.unread", room=cast.room, seq=last)
        assert (unread["read_seq"], unread["unread"]) == (last - 1, 1)
        await one.wait_for(lambda frame: frame["type"] == "read" and frame["unread"] == 1)


async def test_positions_take_effect_in_the_order_in_which_they_were_sent(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.ana) as ana, stage.client(cast.bruno) as bruno:
        last = (await ana.ask(**send(cast, "hola")))["message"]["seq"]
        for _turn in range(5):
            read = bruno.ask(type="room.read", room=cast.room, seq=last)
            unread = bruno.ask(type="room.unread", room=cast.room, seq=last)
            await asyncio.gather(read, unread)
            position = await bruno.ask(type="room.read", room=cast.room, seq=0)
            assert (position["read_seq"], position["unread"]) == (last - 1, 1)


@BOTH_ORDERS
async def test_typing_is_told_to_the_others(stage: Stage, cast: Cast, here: str, there: str) -> None:
    async with stage.client(cast.ana, here) as ana, stage.client(cast.bruno, there) as bruno:
        await ana.ask(type="typing", room=cast.room)
        told = await bruno.wait_for(lambda frame: frame["type"] == "typing")
        assert (told["room"], told["user"]["id"]) == (cast.room, cast.ana.id)
        assert not any(frame["type"] == "typing" for frame in ana.events)


@BOTH_ORDERS
async def test_presence_tells_who_comes_and_goes(stage: Stage, cast: Cast, here: str, there: str) -> None:
    async with stage.client(cast.bruno, there) as bruno:
        first = await bruno.wait_for(lambda frame: frame["type"] == "presence")
        assert cast.bruno.id in first["online"]
        async with stage.client(cast.ana, here):
            await bruno.wait_for(lambda frame: frame["type"] == "presence" and cast.ana.id in frame["online"])
        await bruno.wait_for(lambda frame: frame["type"] == "presence" and cast.ana.id in frame.get("offline", []))


@BOTH_ORDERS
async def test_who_is_added_gains_the_room_and_hears_what_follows(
    stage: Stage, cast: Cast, here: str, there: str
) -> None:
    async with stage.client(cast.ana, here) as ana, stage.client(cast.carla, there) as carla:
        stage.call("members.add_members", actor=cast.ana.username, room=cast.room, users=[cast.carla.username])
        joined = await carla.wait_for(lambda frame: frame["type"] == "room.joined")
        assert joined["state"]["id"] == cast.room
        await carla.wait_for(lambda frame: frame["type"] == "presence" and cast.ana.id in frame["online"])
        ack = await ana.ask(**send(cast))
        await carla.until(lambda: ack["message"]["id"] in carla.messages)
        assert not carla.broken


@BOTH_ORDERS
async def test_who_is_removed_hears_nothing_later(stage: Stage, cast: Cast, here: str, there: str) -> None:
    async with stage.client(cast.ana, here) as ana, stage.client(cast.bruno, there) as bruno:
        stage.call("members.remove_member", actor=cast.ana.username, room=cast.room, user=cast.bruno.username)
        await bruno.wait_for(lambda frame: frame["type"] == "room.left" and frame["room"] == cast.room)
        ack = await ana.ask(**send(cast))
        await ana.until(lambda: ack["message"]["id"] in ana.messages)
        await bruno.ask(type="ping")
        assert ack["message"]["id"] not in bruno.messages
        assert not bruno.broken


async def test_a_resume_brings_what_was_missed_and_goes_on(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.ana) as ana:
        first = (await ana.ask(**send(cast, "uno")))["message"]
        second = (await ana.ask(**send(cast, "dos")))["message"]
        await ana.ask(type="message.edit", message=first["id"], body="uno y medio")
        async with stage.client(cast.bruno) as bruno:
            await bruno.ask(type="rooms.resume", epoch=bruno.welcome["epoch"], cursors={str(cast.room): first["seq"]})
            [changes] = [frame for frame in bruno.events if frame["type"] == "room.changes"]
            assert changes["after"] == first["seq"]
            assert changes["seq"] == second["seq"] + 1 == changes["state"]["seq"]
            assert [message["body"] for message in changes["messages"]] == ["dos", "uno y medio"]


async def test_another_epoch_or_a_cursor_ahead_is_a_reset(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.bruno) as bruno:
        await bruno.ask(type="rooms.resume", epoch="another", cursors={str(cast.room): 1})
        await bruno.ask(type="rooms.resume", epoch=bruno.welcome["epoch"], cursors={str(cast.room): 10**6})
        resets = [frame for frame in bruno.events if frame["type"] == "room.reset"]
        assert [reset["seq"] for reset in resets] == [2, 2]
        await bruno.ask(type="rooms.resume", epoch=bruno.welcome["epoch"], cursors={"999999999": 1})


async def test_a_direct_conversation_is_hidden_until_its_next_message(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.ana) as ana, stage.client(cast.bruno) as bruno:
        room = stage.call("rooms.start_direct", actor=cast.ana.username, users=[cast.bruno.username])
        joined = await bruno.wait_for(lambda frame: frame["type"] == "room.joined" and frame["room"] == room)
        assert {member["id"] for member in joined["state"]["members"]} == {cast.ana.id, cast.bruno.id}
        stage.call("members.leave_room", actor=cast.bruno.username, room=room)
        await bruno.wait_for(lambda frame: frame["type"] == "room.left" and frame["room"] == room)
        await ana.until(lambda: room in ana.cursors)
        seen = len(bruno.events)
        await ana.ask(type="message.send", room=room, key=str(uuid4()), body="¿sigues?")
        back = await bruno.wait_for(lambda frame: frame["type"] == "room.joined", since=seen)
        assert back["state"]["unread"] == 1


async def test_a_new_name_is_told_to_those_who_share_a_room(stage: Stage, cast: Cast) -> None:
    async with stage.client(cast.bruno) as bruno:
        stage.call("people.update_profile", actor=cast.ana.username, name="Ana María")
        told = await bruno.wait_for(lambda frame: frame["type"] == "user.updated")
        assert (told["user"]["id"], told["user"]["name"]) == (cast.ana.id, "Ana María")
