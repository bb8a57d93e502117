"""A client of the live protocol that believes nothing: it checks each promise as frames come in."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

type Frame = dict[str, Any]

SEQUENCED = {"message.created", "message.updated", "room.updated"}
RETRY_SECONDS = 0.5


class CommandError(Exception):
    """An error frame; `code` as in the protocol."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.code = frame["code"]
        self.frame = frame


@dataclass
class Socket:
    """One WebSocket: where each room stands on it, and who waits for an answer."""

    connection: ClientConnection
    positions: dict[int, int] = field(default_factory=dict)
    answers: dict[str, asyncio.Future[Frame]] = field(default_factory=dict)
    resuming: dict[int, int] = field(default_factory=dict)  # the cursors it resumes from
    resumed: bool = False

    async def ask(self, command: Frame) -> Frame:
        """The ack of a command; raises CommandError, or ConnectionClosed when it never came."""
        ref = uuid4().hex[:12]
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self.answers[ref] = future
        await self.connection.send(json.dumps({**command, "ref": ref}))
        return await future


class LiveClient:
    """Keeps a connection, resumes after each loss, and remembers every message and every broken promise."""

    def __init__(self, address: str, token: str, *, name: str = "", unix: str = "") -> None:
        self.address, self.token, self.name, self.unix = address, token, name, unix
        self.welcome: Frame = {}
        self.rooms: dict[int, Frame] = {}
        self.cursors: dict[int, int] = {}
        self.messages: dict[int, Frame] = {}
        self.events: list[Frame] = []
        self.broken: list[str] = []
        self.reconnects = 0
        self.waited = 0  # times that there was no connection
        self.resets = 0
        self.closes: list[int | None] = []
        self.socket: Socket | None = None
        self._ready = asyncio.Event()
        self._heard = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False

    async def __aenter__(self) -> "LiveClient":
        self._start(self._stay())
        async with asyncio.timeout(30):
            await self._ready.wait()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._ended = True
        for task in list(self._tasks):
            task.cancel()
        if self.socket:
            await self.socket.connection.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stay_away(self) -> None:
        """Do not come back once this connection is lost."""
        self._ended = True

    # Up

    async def ask(self, **command: Any) -> Frame:
        """One command on the connection that is there."""
        async with asyncio.timeout(20):
            await self._ready.wait()
            assert self.socket
            return await self.socket.ask(command)

    async def send(self, room: int, body: str, *, key: str = "", reply_to: int | None = None) -> Frame:
        """Send until it is acked, with one key through every loss: the ack."""
        command = {"type": "message.send", "room": room, "key": key or str(uuid4()), "body": body}
        if reply_to is not None:
            command["reply_to"] = reply_to
        while True:
            try:
                return await self.ask(**command)
            except CommandError as error:
                if error.code not in ("too_fast", "unavailable"):
                    raise
                await asyncio.sleep(error.frame.get("retry_after", RETRY_SECONDS))
            except (ConnectionClosed, asyncio.CancelledError):
                if self._ended:
                    raise
                await asyncio.sleep(0.05)

    # Down

    async def wait_for(self, wanted: Callable[[Frame], bool], *, within: float = 6.0, since: int = 0) -> Frame:
        """The first event like this, of those that came or will come: three times the protocol's 2 s."""
        async with asyncio.timeout(within), self._heard:
            while True:
                for frame in self.events[since:]:
                    if wanted(frame):
                        return frame
                await self._heard.wait()

    async def until(self, true: Callable[[], bool], *, within: float = 6.0) -> None:
        """Until something is so about what this client holds."""
        async with asyncio.timeout(within), self._heard:
            while not true():
                await self._heard.wait()

    def history(self, room: int) -> list[tuple[int, int, str, str]]:
        """(seq, id, key, body) of the room's messages as this client holds them."""
        held = [one for one in self.messages.values() if one["room"] == room]
        return sorted((one["seq"], one["id"], one["key"], one["body"]) for one in held)

    # The connection

    async def _stay(self) -> None:
        while not self._ended:
            try:
                await self._live(await self._connect())
            except (OSError, InvalidHandshake, TimeoutError, ConnectionClosed):
                await asyncio.sleep(random.uniform(0, RETRY_SECONDS))

    async def _connect(self) -> Socket:
        headers = {"Authorization": f"Bearer {self.token}"}
        address = self.address.replace("http", "ws", 1) + "/ws/v1/"
        options: dict[str, Any] = {"additional_headers": headers, "max_size": None, "open_timeout": 10}
        connection = await (unix_connect(self.unix, address, **options) if self.unix else connect(address, **options))
        return Socket(connection)

    async def _live(self, socket: Socket) -> None:
        """Read one socket to its end; a new one becomes the client's once it has resumed."""
        try:
            async for text in socket.connection:
                frame = json.loads(text)
                if frame["type"] == "welcome":
                    self._welcome(socket, frame)
                    self._start(self._resume(socket))
                else:
                    self._take(socket, frame)
                async with self._heard:
                    self.events.append(frame)
                    self._heard.notify_all()
        finally:
            self.closes.append(socket.connection.close_code)
            for future in socket.answers.values():
                if not future.done():
                    future.set_exception(ConnectionClosed(None, None))
                    future.exception()
            self.reconnects += 0 if self._ended else 1
            if self.socket is socket:
                self.socket = None
                self._ready.clear()
                self.waited += 1

    def _welcome(self, socket: Socket, frame: Frame) -> None:
        if self.welcome and self.welcome["epoch"] != frame["epoch"]:
            self.cursors.clear()
            self.messages.clear()
        self.welcome = frame
        self._take_rooms(socket, frame["rooms"])

    def _take_rooms(self, socket: Socket, rooms: list[Frame]) -> None:
        for room in rooms:
            self.rooms[room["id"]] = room
            socket.positions[room["id"]] = room["seq"]
            self.cursors.setdefault(room["id"], room["seq"])

    async def _resume(self, socket: Socket) -> None:
        cursors = {str(room): seq for room, seq in self.cursors.items()}
        socket.resuming = dict(self.cursors)
        while True:
            try:
                await socket.ask({"type": "rooms.resume", "epoch": self.welcome["epoch"], "cursors": cursors})
                break
            except CommandError:  # the database did not answer: ask again
                await asyncio.sleep(RETRY_SECONDS)
            except ConnectionClosed:
                return
        socket.resumed, socket.resuming = True, {}
        for room, seq in socket.positions.items():
            self.cursors[room] = max(self.cursors.get(room, 0), seq)
        old, self.socket = self.socket, socket
        self._ready.set()
        if old is not None:
            await old.connection.close()

    def _take(self, socket: Socket, frame: Frame) -> None:
        kind = frame["type"]
        if kind in ("ack", "error", "pong") and frame.get("ref") in socket.answers:
            self._answer(socket.answers.pop(frame["ref"]), frame)
        elif kind == "rooms.more":
            self._take_rooms(socket, frame["rooms"])
        elif kind == "room.joined":
            self._take_rooms(socket, [frame["state"]])
        elif kind == "room.left":
            socket.positions.pop(frame["room"], None)
            self.cursors.pop(frame["room"], None)
        elif kind in SEQUENCED or kind in ("room.changes", "room.reset"):
            self._take_sequenced(socket, frame)
        elif kind == "reconnect":
            self._start(self._move(frame["within"]))

    def _answer(self, future: asyncio.Future[Frame], frame: Frame) -> None:
        if future.done():
            return
        if frame["type"] == "error":
            future.set_exception(CommandError(frame))
        else:
            future.set_result(frame)

    def _take_sequenced(self, socket: Socket, frame: Frame) -> None:
        room, seq = frame["room"], frame["seq"]
        at = socket.positions.get(room)
        if at is None:
            self.broken.append(f"{frame['type']} of room {room}, which this connection is not in")
            return
        if frame["type"] == "room.reset":
            self.resets += 1
        else:
            self._check_order(socket, frame, at)
        socket.positions[room] = seq
        if socket.resumed:
            self.cursors[room] = seq
        for message in [*frame.get("messages", []), *([frame["message"]] if "message" in frame else [])]:
            self._keep(message)

    def _check_order(self, socket: Socket, frame: Frame, at: int) -> None:
        room = frame["room"]
        after = frame["after"] if frame["type"] == "room.changes" else frame["seq"] - 1
        answers_resume = frame["type"] == "room.changes" and after == socket.resuming.get(room)
        if after != at and not answers_resume:
            self.broken.append(f"{self.name}: {frame['type']} {after}→{frame['seq']} in room {room} while at {at}")

    def _keep(self, message: Frame) -> None:
        held = self.messages.get(message["id"])
        if held is None or message["changed_seq"] >= held["changed_seq"]:
            self.messages[message["id"]] = message

    async def _move(self, within: float) -> None:
        """The server goes: be elsewhere in time, and leave this one only then."""
        await asyncio.sleep(random.uniform(0, within * 0.8))
        while not self._ended:
            try:
                await self._live(await self._connect())
                return
            except (OSError, InvalidHandshake, TimeoutError, ConnectionClosed):
                await asyncio.sleep(0.2)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
