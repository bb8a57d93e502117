"""200 people, 10,000 messages at 100/s over HAProxy, while a server is killed and Redis restarted.

    ./run cluster 2
    .venv/bin/python -m tests.benchmarks.storm [--people 200] [--messages 10000] [--rate 100]

Says how many acked messages were lost or doubled, whether all saw one order, and how long acks took.
Its client reads frames by hand: a client library would cost more than the server that it tries.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import re
import signal
import struct
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from ops.parts import ROOT
from tests.stage import Actor, Stage

CREATED = re.compile(
    rb'\{"type":"message\.created","room":\d+,"seq":(\d+),"message":\{"id":(\d+),.*?"key":"([0-9a-f-]{36})"'
)
KILL_AT, RESTART_AT, DOWN = 0.2, 0.5, 3.0  # parts of the run; seconds


class Person(asyncio.Protocol):
    """One client: it sends its share, resends until acked, resumes, and writes down what it saw."""

    def __init__(self, storm: "Storm", actor: Actor) -> None:
        self.storm, self.actor = storm, actor
        self.seen: dict[int, tuple[int, str]] = {}  # seq → (id, key)
        self.broken: list[str] = []
        self.reconnects = 0
        self.cursor = 0
        self.unacked: dict[str, tuple[str, float]] = {}
        self._reset()

    def _reset(self) -> None:
        self.buffer = b""
        self.upgraded = self.welcomed = self.resumed = False
        self.at = 0
        self.transport: asyncio.Transport | None = None

    # The connection

    async def stay(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.storm.over:
            self._reset()
            self.gone: asyncio.Future[None] = loop.create_future()
            try:
                await loop.create_connection(lambda: self, self.storm.host, self.storm.port)
                await self.gone
            except OSError:
                pass  # nobody listens yet: come again
            self.reconnects += 1
            await asyncio.sleep(random.uniform(0, 1))

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /ws/v1/ HTTP/1.1",
            f"Host: {self.storm.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            f"Authorization: Bearer {self.actor.token}",
        ]
        transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        self.resumed = False
        if not self.gone.done():
            self.gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.upgraded:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                assert self.transport
                self.transport.abort()
                return
            self.upgraded, self.buffer = True, rest
        self._read_frames()

    def _read_frames(self) -> None:
        data, start = self.buffer, 0
        while len(data) - start >= 2:
            length, head = data[start + 1], 2
            if length == 126:
                head = 4
            elif length == 127:
                head = 10
            if len(data) - start < head:
                break
            if head > 2:
                length = int.from_bytes(data[start + 2 : start + head])
            if len(data) - start < head + length:
                break
            self._take(data[start] & 15, data[start + head : start + head + length])
            start += head + length
        self.buffer = data[start:]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == 9:
            self._write(10, payload)
        elif opcode == 8 and self.transport:
            self.transport.close()
        elif found := CREATED.match(payload):
            seq = int(found[1])
            if seq != self.at + 1:
                self.broken.append(f"{seq} after {self.at}")
            self._see(seq, int(found[2]), found[3].decode())
        elif opcode == 1:
            self._take_other(json.loads(payload))

    def _see(self, seq: int, message: int, key: str) -> None:
        self.seen[seq] = (message, key)
        self.at = seq
        if self.resumed:
            self.cursor = seq

    def _take_other(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "welcome":
                self.at = next(room["seq"] for room in frame["rooms"] if room["id"] == self.storm.room)
                self.cursor = self.cursor or self.at
                cursors = {str(self.storm.room): self.cursor}
                self._ask({"type": "rooms.resume", "ref": "resume", "epoch": frame["epoch"], "cursors": cursors})
            case "room.changes":
                if frame["after"] not in (self.at, self.cursor):
                    self.broken.append(f"changes {frame['after']}→{frame['seq']} at {self.at}")
                for message in frame["messages"]:
                    self.seen[message["seq"]] = (message["id"], message["key"])
                self.at = frame["seq"]
            case "room.reset":
                self.broken.append("a reset")
            case "ack":
                self._acked(frame)
            case "error":
                self._refused(frame)

    def _acked(self, frame: dict[str, Any]) -> None:
        if frame["ref"] == "resume":
            self.resumed, self.cursor = True, self.at
            for key, (body, _since) in self.unacked.items():
                self._send(key, body)
        elif waiting := self.unacked.pop(frame["ref"], None):
            self.storm.acked[frame["ref"]] = frame["message"]["seq"]
            self.storm.latencies.append(time.monotonic() - waiting[1])

    def _refused(self, frame: dict[str, Any]) -> None:
        asyncio.get_running_loop().call_later(frame.get("retry_after", 0.5), self._again, frame["ref"])

    def _again(self, ref: str) -> None:
        if ref == "resume" and self.transport:
            self.transport.close()
        elif ref in self.unacked and self.resumed:
            self._send(ref, self.unacked[ref][0])

    # Up

    def say(self, body: str) -> None:
        key = str(uuid4())
        self.unacked[key] = (body, time.monotonic())
        if self.resumed:
            self._send(key, body)

    def _send(self, key: str, body: str) -> None:
        self._ask({"type": "message.send", "ref": key, "room": self.storm.room, "key": key, "body": body})

    def _ask(self, command: dict[str, Any]) -> None:
        self._write(1, json.dumps(command).encode())

    def _write(self, opcode: int, payload: bytes) -> None:
        if self.transport is None:
            return
        size = len(payload)
        length = bytes([128 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
        self.transport.write(bytes([128 | opcode]) + length + b"\0\0\0\0" + payload)  # a mask of zeros is one


class Storm:
    def __init__(self, stage: Stage, people: int, messages: int, rate: float) -> None:
        address = urlsplit(stage.address)
        self.stage, self.messages, self.rate = stage, messages, rate
        self.netloc, self.host, self.port = address.netloc, address.hostname or "", address.port or 80
        self.acked: dict[str, int] = {}
        self.latencies: list[float] = []
        self.over = False
        actors = [stage.person("storm") for _ in range(people)]
        self.room = stage.call("rooms.create_room", actor=actors[0].username, name="Storm", kind="closed")
        names = [actor.username for actor in actors]
        stage.call("members.add_members", actor=stage.owner.username, room=self.room, users=names)
        self.people = [Person(self, actor) for actor in actors]

    async def run(self) -> bool:
        staying = [asyncio.create_task(person.stay()) for person in self.people]
        await self._until(lambda: all(person.resumed for person in self.people), 60)
        print(f"{len(self.people)} people are connected")  # noqa: T201
        self.began = time.monotonic()
        chaos = asyncio.create_task(self._chaos())
        for number in range(self.messages):
            self.people[number % len(self.people)].say(f"m{number}")
            await asyncio.sleep(max(0.0, self.began + number / self.rate - time.monotonic()))
        await chaos
        whole = await self._until(lambda: len(self.acked) == self.messages, 60)
        last = max(self.acked.values())
        await self._until(lambda: all(person.at >= last for person in self.people), 20)
        self.over = True
        for task in staying:
            task.cancel()
        return self._report() and whole

    async def _until(self, true: Any, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not true() and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        return bool(true())

    async def _chaos(self) -> None:
        length = self.messages / self.rate
        await asyncio.sleep(length * KILL_AT)
        await self._kill("web1")
        await asyncio.sleep(max(0.0, self.began + length * RESTART_AT - time.monotonic()))
        await self._kill("redis")

    async def _kill(self, name: str) -> None:
        self.stage.signal(name, signal.SIGKILL)
        print(f"{time.monotonic() - self.began:5.1f} s  {name} killed")  # noqa: T201
        await asyncio.sleep(DOWN)
        await self.stage.revive(name)
        print(f"{time.monotonic() - self.began:5.1f} s  {name} started again")  # noqa: T201

    def _report(self) -> bool:
        kept = self.stage.call("keys", room=self.room)
        orders = {tuple(person.seen[seq] for seq in sorted(person.seen)) for person in self.people}
        keys = [key for _id, key in next(iter(orders))]
        lost, doubles = len(set(self.acked) - set(kept)), len(kept) - len(set(kept))
        unseen = len(set(self.acked) - set(keys))
        broken = [fault for person in self.people for fault in person.broken]
        self.latencies.sort()
        p50, p99 = (self.latencies[int(len(self.latencies) * part)] * 1000 for part in (0.5, 0.99))
        print(  # noqa: T201
            f"acked {len(self.acked)} of {self.messages}, lost {lost}, doubled {doubles}, unseen {unseen}; "
            f"{len(orders)} order for {len(self.people)} people; broken promises {len(broken)} {broken[:3]}\n"
            f"reconnects {sum(person.reconnects for person in self.people)}; "
            f"ack p50 {p50:.0f} ms, p99 {p99:.0f} ms, slowest {self.latencies[-1] * 1000:.0f} ms"
        )
        return not lost and not doubles and not unseen and not broken and len(orders) == 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cluster", default=".cluster", help="the cluster's folder")
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=100.0)
    options = parser.parse_args()
    stage = Stage((ROOT / Path(options.cluster)).resolve())
    try:
        well = asyncio.run(Storm(stage, options.people, options.messages, options.rate).run())
    finally:
        stage.end()
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
