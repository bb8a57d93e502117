"""The commands of the protocol: each parses its fields, calls one operation, and says what its ack adds."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rooms import events
from rooms.errors import Invalid, NotFound, TooFast, Unavailable, UnknownCommand
from rooms.limits import SendLimiter
from rooms.live import frames
from rooms.live.connection import Connection
from rooms.live.database import ANSWER_SECONDS
from rooms.live.frames import Json
from rooms.live.process import Live
from rooms.live.seats import Seat
from rooms.operations import messages, reactions
from rooms.operations.reads import ReadMark
from rooms.operations.sending import Draft
from rooms.payloads import ReadPayload, user_payload

TYPING_SECONDS = 1.0
# Of one resume; what is more waits until the client has taken some
ROOMS_TOGETHER, VALUES_TOGETHER = 50, 100

type Handler = Callable[[Live, Connection, Json], Coroutine[Any, Any, Json]]


@dataclass(frozen=True, slots=True)
class Command:
    """`writes`: its outcome matters to the order of those that follow. `quiet`: needs no `ref`.
    `aside`: nothing that follows has to wait for it."""

    handle: Handler
    writes: bool = True
    quiet: bool = False
    aside: bool = False


def goes_aside(frame: Json) -> bool:
    """Whether the connection's next command need not wait for this one's answer."""
    command = COMMANDS.get(name) if isinstance(name := frame.get("type"), str) else None
    return command is not None and command.aside


async def run(live: Live, connection: Connection, frame: Json) -> Json | None:
    """The answer to a frame: an ack, a pong, or None where none is wanted; raises ChatError."""
    ref = frames.ref_of(frame)
    name = frame.get("type")
    command = COMMANDS.get(name) if isinstance(name, str) else None
    if ref is None and (command is None or not command.quiet):
        raise Invalid("ref")
    if not isinstance(name, str):
        raise Invalid("type")
    if command is None:
        raise UnknownCommand
    added = await (_in_order if command.writes else _in_time)(live, connection, command, frame)
    if name == "ping":
        return {"type": "pong"} if ref is None else {"type": "pong", "ref": ref}
    return None if ref is None else {"type": "ack", "ref": ref, **added}


async def _in_order(live: Live, connection: Connection, command: Command, frame: Json) -> Json:
    """A write answers within 3 s. One whose outcome is not known yet keeps the later ones waiting:
    they are `unavailable` too, so that none takes effect before it."""
    if connection.unknown is not None and not connection.unknown.done():
        raise Unavailable
    begun = command.handle(live, connection, frame)
    work = asyncio.Task(begun, loop=asyncio.get_running_loop(), eager_start=True)
    connection.unknown = work
    if not await live.patience.wait(work):
        work.add_done_callback(lambda late: late.cancelled() or late.exception())
        raise Unavailable
    return work.result()


async def _in_time(live: Live, connection: Connection, command: Command, frame: Json) -> Json:
    """What keeps nobody waiting: a resume takes as long as its client takes the answers."""
    if not command.aside:
        return await command.handle(live, connection, frame)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await command.handle(live, connection, frame)
    except TimeoutError as error:
        raise Unavailable from error


async def _send(live: Live, connection: Connection, frame: Json) -> Json:
    draft = Draft(
        actor=connection.identity.user,
        room=frames.integer(frame, "room"),
        key=frames.uuid(frame, "key"),
        body=frames.string(frame, "body"),
        reply_to=frames.optional_integer(frame, "reply_to"),
    )
    frames.no_attachments(frame)
    _not_too_fast(live.send_limiter, connection)
    sent = await live.sends.put(draft)
    return {"message": sent.message, "duplicate": True} if sent.duplicate else {"message": sent.message}


def _not_too_fast(limiter: SendLimiter, connection: Connection) -> None:
    if wait := limiter.take(connection.user):
        raise TooFast(wait)


async def _edit(live: Live, connection: Connection, frame: Json) -> Json:
    message, body = frames.integer(frame, "message"), frames.string(frame, "body")
    return await _change(live, connection, messages.edit_message, message=message, body=body)


async def _delete(live: Live, connection: Connection, frame: Json) -> Json:
    return await _change(live, connection, messages.delete_message, message=frames.integer(frame, "message"))


async def _undelete(live: Live, connection: Connection, frame: Json) -> Json:
    return await _change(live, connection, messages.undelete_message, message=frames.integer(frame, "message"))


async def _add_reaction(live: Live, connection: Connection, frame: Json) -> Json:
    message, emoji = frames.integer(frame, "message"), frames.string(frame, "emoji")
    return await _change(live, connection, reactions.add_reaction, message=message, emoji=emoji)


async def _remove_reaction(live: Live, connection: Connection, frame: Json) -> Json:
    message, emoji = frames.integer(frame, "message"), frames.string(frame, "emoji")
    return await _change(live, connection, reactions.remove_reaction, message=message, emoji=emoji)


async def _change(live: Live, connection: Connection, operation: Callable[..., Any], **fields: Any) -> Json:
    _not_too_fast(live.change_limiter, connection)
    async with live.changes_at_once:
        message = await live.database.run(operation, actor=connection.identity.user, **fields)
    return {"message": message}


async def _read(live: Live, connection: Connection, frame: Json) -> Json:
    room, seq = frames.integer(frame, "room"), frames.integer(frame, "seq")
    return await _mark(live, connection, ReadMark(connection.user, room, seq))


async def _unread(live: Live, connection: Connection, frame: Json) -> Json:
    room, seq = frames.integer(frame, "room"), frames.integer(frame, "seq")
    return await _mark(live, connection, ReadMark(connection.user, room, seq, back=True))


async def _mark(live: Live, connection: Connection, mark: ReadMark) -> Json:
    if mark.seq < 0:
        raise Invalid("seq")
    read = await live.reads.put(mark)
    _tell_others(live, connection, read)
    return dict(read)


def _tell_others(live: Live, connection: Connection, read: ReadPayload) -> None:
    """The user's other connections on this process at once; the rest look once a second."""
    connection.reads[read["room"]] = (read["read_seq"], read["unread"], read["mentions"])
    for other in live.feed.clients.get(connection.user, ()):
        if other is not connection and isinstance(other, Connection):
            other.tell_read(read)


async def _resume(live: Live, connection: Connection, frame: Json) -> Json:
    epoch, held = frames.string(frame, "epoch"), frames.cursors(frame)
    known = epoch == live.feed.epoch
    # A cursor ahead of every room asks for the reset that another epoch needs.
    cursors = {room: cursor if known else RESET_CURSOR for room, cursor in held.items()}
    for rooms in _read_together(live.feed.seats[connection], cursors):
        await connection.taken()
        seats = live.feed.seats[connection]
        answers = [live.feed.answer(seats[room], cursors[room]) for room in rooms if room in seats]
        if len(answers) == 1:
            await answers[0]
            continue
        for failure in await asyncio.gather(*answers, return_exceptions=True):
            if failure is not None:
                raise failure
    return {}


def _read_together(seats: Mapping[int, Seat], cursors: Mapping[int, int]) -> Iterator[list[int]]:
    """Of these rooms, those that are behind; as many together as miss little. (Who is as far as this
    process misses nothing: what comes next is delivered live.)"""
    together: list[int] = []
    missing = 0
    for room, cursor in cursors.items():
        seat = seats.get(room)
        if seat is None or not seat.begun or seat.seq == cursor:
            continue
        values = abs(seat.seq - cursor)
        if together and (len(together) == ROOMS_TOGETHER or missing + values > VALUES_TOGETHER):
            yield together
            together, missing = [], 0
        together.append(room)
        missing += values
    if together:
        yield together


async def _typing(live: Live, connection: Connection, frame: Json) -> Json:
    room = frames.integer(frame, "room")
    if room not in live.feed.seats[connection]:
        raise NotFound
    if connection.may_type(room, TYPING_SECONDS):
        user = user_payload(connection.identity.user)
        live.tell_typing(room, dict(user))
        live.links.publish(events.room_group(room), {"type": "room.typing", "room": room, "user": user})
    return {}


async def _ping(_live: Live, _connection: Connection, _frame: Json) -> Json:
    return {}


RESET_CURSOR = 2**63 - 1
COMMANDS: dict[str, Command] = {
    "message.send": Command(_send),
    "message.edit": Command(_edit),
    "message.delete": Command(_delete),
    "message.undelete": Command(_undelete),
    "reaction.add": Command(_add_reaction),
    "reaction.remove": Command(_remove_reaction),
    # Positions gather for 200 ms, in their order: a message behind one does not wait for that.
    "room.read": Command(_read, writes=False, aside=True),
    "room.unread": Command(_unread),
    "rooms.resume": Command(_resume, writes=False),
    "typing": Command(_typing, writes=False, quiet=True),
    "ping": Command(_ping, writes=False, quiet=True),
}
