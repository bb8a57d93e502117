"""The WebSocket door, as a plain ASGI application: who comes in, what they say, what they hear.

Not a Channels consumer: its `dispatch` hops to asgiref's one shared thread for each event
(channels #2132), and a channel-layer member per connection is what makes Channels chats slow and
lossy (channels_redis #83, #62).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import parse_cookie
from django.utils import translation

from accounts.language import language_of_connection
from rooms.changes import FRAME_LIMIT
from rooms.errors import ChatError, Invalid, error_payload
from rooms.live import commands, frames
from rooms.live import connection as ends
from rooms.live.arrivals import Arrival, Credentials, Opening, Refusal
from rooms.live.connection import HEARTBEAT, Connection, close_reason
from rooms.live.frames import Json
from rooms.live.outlet import EXTENSION, PATH, Outlet, QueueOutlet, Send
from rooms.live.process import Live, live_process
from rooms.operations.text import BODY_LIMIT
from rooms.payloads import RoomEntry, encode, timestamp, user_payload

logger = logging.getLogger(__name__)

PROTOCOL = 1

type Scope = dict[str, Any]
type Receive = Callable[[], Awaitable[dict[str, Any]]]


async def websockets(scope: Scope, receive: Receive, send: Send) -> None:
    """The WebSockets of this site: there is one address for them."""
    if scope["path"] == PATH:
        await live_door(scope, receive, send)
    else:
        await receive()
        await send({"type": "websocket.close"})  # before it is accepted: HTTP 403


async def live_door(scope: Scope, receive: Receive, send: Send) -> None:
    """One connection, from its handshake to its end."""
    await receive()  # websocket.connect
    headers = dict(scope["headers"])
    token, session = _token(headers), _session_key(headers)
    if token is None and not _may_come_from(headers.get(b"origin"), session):
        await send({"type": "websocket.close", "code": 403})  # before it is accepted: HTTP 403
        return
    live = live_process()
    await send({"type": "websocket.accept"})
    try:
        arrival = await live.arrive(Credentials(session, token))
    except ChatError:
        arrival = Refusal(ends.GOING_AWAY, "the database does not answer")
    if isinstance(arrival, Arrival) and not live.has_room_for(arrival.identity.user.id):
        arrival = Refusal(ends.TOO_MANY, "too many connections")
    if isinstance(arrival, Refusal):
        await _refuse(send, receive, arrival)
        return
    outlet: Outlet = scope.get("extensions", {}).get(EXTENSION) or QueueOutlet(send)
    connection = Connection(outlet, arrival.identity, live.tick)
    live.enter(connection)
    try:
        await _serve(live, connection, arrival.opening, receive, headers)
    finally:
        live.leave(connection)


def _token(headers: dict[bytes, bytes]) -> str | None:
    scheme, _space, token = headers.get(b"authorization", b"").decode("latin1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _session_key(headers: dict[bytes, bytes]) -> str | None:
    # As Django reads it: a cookie of somebody else's that http.cookies chokes on hides none of ours.
    key = parse_cookie(headers.get(b"cookie", b"").decode("latin1")).get(settings.SESSION_COOKIE_NAME)
    return key if key and key.isascii() and key.isalnum() else None


def _may_come_from(origin: bytes | None, session: str | None) -> bool:
    """A cookie goes along with whatever page opens a WebSocket, so the page's origin decides; who
    brings neither is let in to hear that they are not signed in."""
    if origin is None:
        return session is None
    return origin.decode("latin1") in settings.CSRF_TRUSTED_ORIGINS


async def _refuse(send: Send, receive: Receive, refusal: Refusal) -> None:
    await send({"type": "websocket.close", "code": refusal.code, "reason": close_reason(refusal.reason)})
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _serve(
    live: Live, connection: Connection, opening: Opening, receive: Receive, headers: dict[bytes, bytes]
) -> None:
    await _open(live, connection, opening)
    with translation.override(language_of_connection(connection.identity.user, headers)):
        while (message := await receive())["type"] != "websocket.disconnect":
            if not connection.closed:
                await _take(live, connection, message)


async def _open(live: Live, connection: Connection, opening: Opening) -> None:
    """Hold the events of its rooms, write `welcome`, let them go on."""
    if live.feed.epoch not in (None, opening.epoch):
        connection.close(ends.GOING_AWAY, "starting afresh")  # the feed is about to
        return
    live.feed.epoch = opening.epoch
    for entry in opening.entries:
        seat = live.feed.take_seat(connection, entry["id"])
        live.feed.begin(seat, entry["seq"], opening.members.get(entry["id"]))
        live.belongings.remember(connection, entry)
    *parts, last = _welcome(connection, opening.epoch, opening.entries)
    for part in parts:
        connection.write(part, live=False)
        await connection.taken()
    connection.write(last, live.online.greeting(connection), live=False)
    connection.welcome()
    for seat in list(live.feed.seats[connection].values()):
        live.feed.release(seat)
    live.belongings.look_later(connection)
    if live.draining and connection.leave_at is None:
        connection.ask_to_reconnect(settings.CHAT_DRAIN_SECONDS)


def _welcome(connection: Connection, epoch: str, entries: list[RoomEntry]) -> Iterator[bytes]:
    """`welcome`, and `rooms.more` for what does not go into 256 KiB."""
    head: Json = {
        "type": "welcome",
        "protocol": PROTOCOL,
        "epoch": epoch,
        "connection": connection.id,
        "server_time": timestamp(datetime.now(UTC)),
        "user": user_payload(connection.identity.user),
        "limits": {
            "body": BODY_LIMIT,
            "frame": FRAME_LIMIT,
            "send_burst": settings.CHAT_SEND_BURST,
            "send_per_second": settings.CHAT_SEND_PER_SECOND,
        },
        "heartbeat": HEARTBEAT,
    }
    for part in _parts(entries, len(encode(head))):
        yield encode({**head, "rooms": part})
        head = {"type": "rooms.more"}


def _parts(entries: list[RoomEntry], head: int) -> Iterator[list[RoomEntry]]:
    part: list[RoomEntry] = []
    size = room_for_brackets = head + 64
    for entry in entries:
        length = len(encode(entry)) + 1
        if part and size + length > FRAME_LIMIT:
            yield part
            part, size = [], room_for_brackets
        part.append(entry)
        size += length
    yield part


async def _take(live: Live, connection: Connection, message: dict[str, Any]) -> None:
    """One frame from the client, answered before the next is looked at."""
    text = message.get("text")
    if text is None:
        connection.close(ends.MALFORMED, "binary frames are not understood")
        return
    if len(text) > FRAME_LIMIT or len(text.encode("utf-8", "replace")) > FRAME_LIMIT:
        connection.close(ends.TOO_BIG, "frame too large")
        return
    try:
        frame = frames.parse(text)
    except Invalid as error:
        connection.send({"type": "error", "ref": None, **error_payload(error)})
        if connection.count_malformed():
            connection.close(ends.MALFORMED, "too many malformed frames")
        return
    if commands.goes_aside(frame) and connection.may_start_aside():
        connection.start_aside(_reply(live, connection, frame))
        return
    connection.busy = asyncio.get_running_loop().create_future()
    try:
        await _reply(live, connection, frame)
    finally:
        connection.busy.set_result(None)
        connection.busy = None


async def _reply(live: Live, connection: Connection, frame: Json) -> None:
    answer = await _answer(live, connection, frame)
    if answer is not None:
        connection.send(answer)


async def _answer(live: Live, connection: Connection, frame: Json) -> Json | None:
    try:
        return await commands.run(live, connection, frame)
    except ChatError as error:
        return {"type": "error", "ref": _ref(frame), **error_payload(error)}
    except Exception:
        # A defect of ours: the connection stays open, and the log says which.
        incident = uuid4().hex[:12]
        logger.exception("Incident %s: %s failed", incident, frame.get("type"))
        return {"type": "error", "ref": _ref(frame), **error_payload(ChatError(incident=incident))}


def _ref(frame: Json) -> str | None:
    try:
        return frames.ref_of(frame)
    except Invalid:
        return None
