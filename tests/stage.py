"""A real cluster for the live, browser and chaos tests: PostgreSQL, Redis, two Daphnes, HAProxy."""

import asyncio
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psutil

from ops import postgres
from ops.cluster import environment
from ops.parts import ROOT
from ops.state import Process
from tests.live.client import LiveClient


class Refused(Exception):
    """The code with which an operation refused."""


@dataclass(frozen=True)
class Actor:
    """One of the cast, with a user name that no other test has."""

    id: int
    username: str
    token: str
    token_id: int


@dataclass
class Cast:
    """Ana owns the closed room, Bruno is a member, Carla is an outsider."""

    ana: Actor
    bruno: Actor
    carla: Actor
    room: int


class Stage:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._calls = 0
        self._backstage = subprocess.Popen(
            [sys.executable, "-m", "tests.live.backstage"],
            cwd=ROOT,
            env=environment(folder) | {"DJANGO_SETTINGS_MODULE": "chatsite.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.call("set_up")

    # What operators and moderators do, in a process of their own

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """Run an operation elsewhere; raises Refused with its code."""
        backstage = self._backstage
        assert backstage.stdin
        assert backstage.stdout
        with self._lock:
            self._calls += 1
            backstage.stdin.write(json.dumps({"call": operation, "number": self._calls, **arguments}) + "\n")
            backstage.stdin.flush()
            answer = json.loads(backstage.stdout.readline())
            while answer["number"] != self._calls:  # what a test that was cut off did not wait for
                answer = json.loads(backstage.stdout.readline())
        if "error" in answer:
            raise Refused(answer["error"])
        assert "defect" not in answer, answer["defect"]
        return answer["result"]

    def manage(self, *arguments: str) -> None:
        """Run a command, as an operator does."""
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=environment(self.folder), check=True, timeout=60)

    def person(self, name: str, **fields: Any) -> Actor:
        return Actor(**self.call("make_person", username=f"{name}-{uuid4().hex[:8]}", **fields))

    def cast(self, kind: str = "closed") -> Cast:
        ana, bruno, carla = (self.person(name) for name in ("ana", "bruno", "carla"))
        room = self.call("rooms.create_room", actor=ana.username, name="Plaza", kind=kind)
        self.call("members.add_members", actor=self.owner.username, room=room, users=[bruno.username])
        return Cast(ana, bruno, carla, room)

    @property
    def owner(self) -> Actor:
        if not hasattr(self, "_owner"):
            self._owner = self.person("owner", is_staff=True, is_superuser=True)
        return self._owner

    # The processes

    @property
    def address(self) -> str:
        return str(json.loads((self.folder / "state.json").read_text())["address"])

    def process(self, name: str) -> Process:
        processes: list[Process] = json.loads((self.folder / "state.json").read_text())["processes"]
        return next(process for process in processes if process["name"] == name)

    @property
    def database(self) -> str:
        """How psycopg connects to it."""
        return f"host={self.folder / 'postgres-socket'} user={postgres.USER} dbname={postgres.DATABASE}"

    def signal(self, name: str, number: signal.Signals) -> None:
        pid = self.process(name)["pid"]
        assert pid is not None
        os.kill(pid, number)

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """A process and its children do nothing meanwhile, and keep their connections open."""
        pid = self.process(name)["pid"]
        assert pid is not None
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        try:
            for one in family:
                one.suspend()
            yield
        finally:
            for one in family:
                with suppress(psutil.NoSuchProcess):
                    one.resume()

    def perhaps_stopped(self, name: str, stop: bool) -> AbstractContextManager[None]:
        return self.stopped(name) if stop else nullcontext()

    async def gone(self, name: str, within: float) -> None:
        async with asyncio.timeout(within):
            while self.process(name)["pid"] is not None:
                await asyncio.sleep(0.05)

    def restart(self, name: str) -> None:
        """As a deploy does: it ends once it has let everybody go, and another takes its place."""
        self.signal(name, signal.SIGTERM)
        while self.process(name)["pid"] is not None:
            time.sleep(0.05)
        self.start(name)

    def start(self, name: str) -> None:
        subprocess.run(self.process(name)["start"], cwd=ROOT, check=True, timeout=60)

    def change_settings(self, **settings: str) -> None:
        """Another `env`, and a rolling restart of the web processes with it."""
        with (self.folder / "env").open("a") as file:
            file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
        state = json.loads((self.folder / "state.json").read_text())
        for name in [process["name"] for process in state["processes"] if process["name"].startswith("web")]:
            self.restart(name)

    async def revive(self, name: str) -> None:
        await asyncio.to_thread(self.start, name)

    def connections(self, web: str) -> int:
        """How many WebSockets end in this process, as it counts them itself."""
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.socket(web))
        with closing(connection):
            connection.request("GET", "/metrics")
            counted = re.search(rb"^plaza_connections (\d+)", connection.getresponse().read(), re.MULTILINE)
        assert counted
        return int(counted[1])

    # The clients

    def client(self, actor: Actor, web: str = "") -> LiveClient:
        """Through HAProxy, or straight to one process."""
        return LiveClient(self.address, actor.token, name=actor.username, unix=self.socket(web) if web else "")

    def socket(self, web: str) -> str:
        """The path of a process's Unix socket."""
        return str((ROOT / self.process(web)["address"].removeprefix("unix:")).resolve())

    def end(self) -> None:
        self._backstage.kill()
        self._backstage.wait()


@contextmanager
def open_stage(webs: int = 2, **settings: str) -> Iterator[Stage]:
    """A cluster in a folder of its own, ended and removed with the block."""
    folder = Path(tempfile.mkdtemp(prefix="plaza-"))  # Unix sockets need a short name
    command = [sys.executable, "-m", "ops.cluster", "--dir", str(folder), "--port", "0"]
    try:
        subprocess.run([*command, str(webs)], cwd=ROOT, env=os.environ | settings, check=True, timeout=300)
        stage = Stage(folder)
        try:
            yield stage
        finally:
            stage.end()
    finally:
        subprocess.run([*command, "stop"], cwd=ROOT, check=True, timeout=60)
        shutil.rmtree(folder)
