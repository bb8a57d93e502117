"""Tries the site as a client does, through its public address, and tells what is wrong apart."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from uuid import uuid4

from redis.exceptions import RedisError

from chatsite.redis_hosts import RedisHost, connect
from rooms.live_client import Address, ClosedError, LiveClient, RefusedError, Stream

WAIT = 5.0  # seconds for any one answer
MESSAGES = 8  # under the default burst of 10
CONNECTIONS = 6  # so that each of a few processes gets one
# A process that hears of a message only by its once-a-second look is later than this.
REPAIR_SECONDS = 0.5
NOT_SIGNED_IN, BANNED = 4401, 4403

FAULTS = {
    "name_not_found": "The name of the address is not known: look at its DNS records.",
    "unreachable": "Nothing takes connections at this address: is the proxy running, is the port open?",
    "tls": "No secure connection: the certificate is not valid for this name, has expired, or is no certificate.",
    "not_serving": "Something answers, but not a Plaza that is ready: look at the proxy and at the web processes.",
    "wrong_host": "The site refuses this name: it is reached under another one than that of CHAT_URL.",
    "no_upgrade": "WebSockets do not get through: the proxy in front has to pass on Upgrade and Connection.",
    "wrong_origin": "Browsers at this address are refused: CHAT_URL says another scheme, name or port.",
    "not_signed_in": "The token is refused: it was revoked, or the address serves another database.",
    "no_welcome": "Connections are taken, but not welcomed: look at the log of the web processes.",
    "not_kept": "A message was not acknowledged: look at the database and at the log of the web processes.",
    "not_delivered": "A message was kept, but did not arrive: look at the log of the web processes.",
    "redis_away": "Redis does not answer: messages arrive late, once a second, until it is back.",
    "only_repair": "The processes do not hear each other: do all have the same REDIS_URL? Messages arrive late.",
    "worker_dead": "No worker has been heard of lately: deleted texts are not erased. Start `manage.py worker`.",
}


class FaultError(Exception):
    """A step failed; `code` is one of FAULTS."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the report; `fault` is empty where all is well."""

    name: str
    detail: str
    fault: str = ""


@dataclass(slots=True)
class Report:
    steps: list[Step] = field(default_factory=list)
    epoch: str = ""

    @property
    def faults(self) -> list[str]:
        return [step.fault for step in self.steps if step.fault]

    def passed(self, name: str, detail: str) -> None:
        self.steps.append(Step(name, detail))

    def failed(self, name: str, fault: str, detail: str = "") -> None:
        self.steps.append(Step(name, detail, fault))


@dataclass(slots=True)
class Listener:
    """One signed-in connection, and when it heard of which `seq`."""

    client: LiveClient
    welcome: dict[str, Any]
    heard: dict[int, float] = field(default_factory=dict)
    repaired: set[int] = field(default_factory=set)
    acks: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, room: int) -> None:
        with suppress(ClosedError):
            while True:
                self._take(await self.client.receive(), room, time.perf_counter())

    def _take(self, frame: dict[str, Any], room: int, now: float) -> None:
        if frame["type"] in ("ack", "error"):
            self.acks[frame["ref"]] = (now, frame)
        elif frame.get("room") == room and "seq" in frame:
            repaired = frame["type"] in ("room.changes", "room.reset")
            for seq in range(frame.get("after", frame["seq"] - 1) + 1, frame["seq"] + 1):
                self.heard.setdefault(seq, now)
                if repaired:
                    self.repaired.add(seq)
        self.changed.set()

    async def hears(self, seq: int) -> float:
        """When it heard of this `seq`."""
        if not await self.until(lambda: seq in self.heard):
            raise FaultError("not_delivered", f"after {WAIT:g} s")
        return self.heard[seq]

    async def until(self, reached: Callable[[], bool]) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT):
                while not reached():
                    self.changed.clear()
                    await self.changed.wait()
        return reached()


async def check_address(
    address: Address, token: str, *, room: int | None = None, tls: ssl.SSLContext | None = None
) -> Report:
    """Every step that needs nothing but the network; it ends at the first that fails."""
    report = Report()
    probe = _Probe(address, token, tls, report)
    for name, step in (
        ("name", probe.look_up),
        ("connection", probe.connect),
        ("site", probe.ask_readiness),
        ("websocket", probe.shake_hands),
        ("sign-in", probe.sign_in),
    ):
        try:
            async with asyncio.timeout(WAIT * 2):
                report.passed(name, await step())
        except FaultError as fault:
            report.failed(name, fault.code, str(fault))
            break
        except TimeoutError:
            report.failed(name, probe.when_silent[name], "no answer in time")
            break
    else:
        await probe.talk(room)
    await probe.leave()
    return report


class _Probe:
    # What it means that a step got no answer at all.
    when_silent = {
        "name": "name_not_found",
        "connection": "unreachable",
        "site": "not_serving",
        "websocket": "no_upgrade",
        "sign-in": "no_welcome",
    }

    def __init__(self, address: Address, token: str, tls: ssl.SSLContext | None, report: Report) -> None:
        self._address = address
        self._token = token
        self._tls = tls
        self._report = report
        self._listeners: list[Listener] = []

    async def look_up(self) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                self._address.host, self._address.port, type=socket.SOCK_STREAM
            )
        except (socket.gaierror, UnicodeError) as error:
            raise FaultError("name_not_found", f"{self._address.host}: {error}") from error
        return ", ".join(dict.fromkeys(str(entry[4][0]) for entry in found))

    async def connect(self) -> str:
        began = time.perf_counter()
        stream = await self._open()
        seconds = time.perf_counter() - began
        secure: ssl.SSLObject | None = stream.writer.get_extra_info("ssl_object")
        await stream.close()
        return f"{milliseconds(seconds)}{f', {secure.version()}' if secure else ''}"

    async def _open(self) -> Stream:
        try:
            async with asyncio.timeout(WAIT):
                stream = await Stream.open(self._address)
        except OSError as error:
            raise FaultError("unreachable", str(error) or "no answer in time") from error
        if not self._address.secure:
            return stream
        try:
            async with asyncio.timeout(WAIT):
                await stream.secure(self._address, self._tls)
        except OSError as error:  # a TimeoutError and an ssl.SSLError are ones
            stream.writer.transport.abort()
            raise FaultError(
                "tls", getattr(error, "verify_message", "") or str(error) or "no answer in time"
            ) from error
        return stream

    async def ask_readiness(self) -> str:
        stream = await self._open()
        try:
            status, headers = await stream.request(self._address, "/healthz/ready", {"Connection": "close"})
            # Up to the end only where no length is said: a proxy may keep the connection open.
            length = headers.get("content-length", "")
            body = await stream.reader.read(int(length) if length.isdecimal() else -1)
        except RefusedError as error:
            raise FaultError("not_serving", str(error)) from error
        finally:
            await stream.close()
        if status in (400, 421):
            raise FaultError("wrong_host", f"/healthz/ready answers {status}")
        if status != 200 or b'"ready"' not in body:
            raise FaultError("not_serving", f"/healthz/ready answers {status}")
        return "ready"

    async def shake_hands(self) -> str:
        """As a browser that is not signed in: it may come in, and is then told to sign in."""
        stream = await self._open()
        try:
            client = await LiveClient.connect(stream, self._address, {"Origin": self._address.origin})
            await client.receive()
        except RefusedError as error:
            await stream.close()
            code = "wrong_origin" if error.status == 403 else "no_upgrade"
            raise FaultError(code, f"the handshake got: {error}") from error
        except ClosedError as closed:
            await stream.close()
            if closed.code != NOT_SIGNED_IN:
                raise FaultError("no_welcome", str(closed)) from closed
        return f"open to {self._address.origin}"

    async def sign_in(self) -> str:
        for _number in range(CONNECTIONS):
            stream = await self._open()
            try:
                client = await LiveClient.connect(stream, self._address, {"Authorization": f"Bearer {self._token}"})
                self._listeners.append(Listener(client, await client.receive()))
            except RefusedError as error:
                raise FaultError("no_upgrade", f"the handshake got: {error}") from error
            except ClosedError as closed:
                refused = closed.code in (NOT_SIGNED_IN, BANNED)
                raise FaultError("not_signed_in" if refused else "no_welcome", str(closed)) from closed
        self._report.epoch = self._listeners[0].welcome["epoch"]
        return f"{CONNECTIONS} connections as {self._listeners[0].welcome['user']['username']}"

    async def talk(self, room: int | None) -> None:
        """Send on the first connection, and hear it on all."""
        rooms = [entry["id"] for entry in self._listeners[0].welcome["rooms"]]
        where = room if room in rooms else (rooms[0] if room is None and rooms else None)
        if where is None:
            self._report.failed("send", "not_kept", "the token's user is not in that room")
            return
        tasks = [asyncio.create_task(listener.listen(where)) for listener in self._listeners]
        try:
            await self._measure(where)
        except FaultError as fault:
            self._report.failed("send" if fault.code == "not_kept" else "delivery", fault.code, str(fault))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _measure(self, room: int) -> None:
        acks: list[float] = []
        deliveries: list[list[float]] = [[] for _listener in self._listeners]
        sent: list[tuple[int, int]] = []
        for number in range(MESSAGES):
            began = time.perf_counter()
            acked_at, message = await self._send(room, f"check {number + 1}")
            acks.append(acked_at - began)
            sent.append((message["id"], message["seq"]))
            for listener, times in zip(self._listeners, deliveries, strict=True):
                times.append(await listener.hears(message["seq"]) - began)
        self._report.passed("send", f"acknowledged in {milliseconds(median(acks))}, at most {milliseconds(max(acks))}")
        self._judge(deliveries, {seq for _id, seq in sent})
        for message_id, _seq in sent:
            await self._command({"type": "message.delete", "message": message_id})

    def _judge(self, deliveries: list[list[float]], seqs: set[int]) -> None:
        """By the slowest connection: that of a process which nobody tells."""
        slowest = max(median(times) for times in deliveries)
        repaired = max(len(listener.repaired & seqs) for listener in self._listeners)
        detail = (
            f"{milliseconds(min(map(median, deliveries)))} to {milliseconds(slowest)} over {CONNECTIONS} connections"
        )
        if slowest > REPAIR_SECONDS or repaired > MESSAGES / 2:
            self._report.failed("delivery", "only_repair", detail)
        else:
            self._report.passed("delivery", detail)

    async def _send(self, room: int, body: str) -> tuple[float, dict[str, Any]]:
        at, answer = await self._command({"type": "message.send", "room": room, "key": str(uuid4()), "body": body})
        if answer["type"] == "error":
            raise FaultError("not_kept", f"{answer['code']}: {answer['detail']}")
        return at, answer["message"]

    async def _command(self, frame: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        listener, ref = self._listeners[0], uuid4().hex
        await listener.client.send({**frame, "ref": ref})
        if not await listener.until(lambda: ref in listener.acks):
            raise FaultError("not_kept", f"no answer in {WAIT:g} s")
        return listener.acks[ref]

    async def leave(self) -> None:
        await asyncio.gather(*(listener.client.close() for listener in self._listeners))


def check_redis(report: Report, hosts: Sequence[RedisHost]) -> None:
    """Where a Redis is away, that is why the processes do not hear each other."""
    if not hosts:
        report.passed("redis", "not used: one process serves the site")
    for host in hosts:
        _check_redis(report, host)


def _check_redis(report: Report, host: RedisHost) -> None:
    began = time.perf_counter()
    try:
        with connect(host, 2) as redis:
            redis.ping()
    except (RedisError, OSError) as error:
        report.steps = [Step(one.name, one.detail) if one.fault == "only_repair" else one for one in report.steps]
        report.failed("redis", "redis_away", str(error))
    else:
        report.passed("redis", f"answers in {milliseconds(time.perf_counter() - began)}")


def check_worker(report: Report, silent: float | None, dead_after: float) -> None:
    if silent is None:
        report.failed("worker", "worker_dead", "it was never heard of")
    elif silent > dead_after:
        report.failed("worker", "worker_dead", f"last heard of {silent:.0f} s ago")
    else:
        report.passed("worker", f"heard of {silent:.0f} s ago")


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"
