"""The chats that are measured: Plaza, and its peers on the same Redis and PostgreSQL."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from ops.cluster import environment
from ops.parts import ROOT
from ops.state import StateFile
from tests.benchmarks.peers import start
from tests.benchmarks.processes import Processes, free_port

# What a person may do is not what is measured; nor how gently a process ends
UNLIMITED = {"CHAT_SEND_BURST": "100000", "CHAT_SEND_PER_SECOND": "100000", "CHAT_DRAIN_SECONDS": "0.1"}

type Group = Literal["servers", "haproxy", "redis", "postgres", "worker"]
type MakePeople = Callable[[int, int, Path], None]


@dataclass(frozen=True)
class Chat:
    """One chat that runs: where its processes listen, and which they are."""

    name: str
    dialect: str
    host: str
    targets: list[str]
    haproxy: str
    groups: dict[Group, list[int]]
    make_people: MakePeople

    def people(self, folder: Path, rooms: int, each: int) -> Path:
        """A file for `load` of so many rooms, so many people in each."""
        path = folder / f"{self.name}-{rooms}x{each}"
        if not path.exists():
            self.make_people(rooms, each, path)
        return path


class World:
    """A cluster of Plaza's, and the peers, each started when it is first asked for."""

    def __init__(self, folder: Path, cluster: Path) -> None:
        self.folder = folder
        self.cluster = cluster
        self.processes = Processes(folder)
        self._state = StateFile(cluster)

    @property
    def settings(self) -> dict[str, str]:
        """Those of the cluster's processes."""
        return environment(self.cluster)

    @property
    def redis(self) -> str:
        return str(self.cluster / "redis.sock")

    @property
    def database(self) -> str:
        return str(self.cluster / "postgres-socket")

    @cached_property
    def plaza(self) -> Chat:
        state = self._state.read()
        assert state is not None
        address = urlsplit(state["address"]).netloc
        webs = sorted(process["name"] for process in state["processes"] if process["name"].startswith("web"))
        groups = self._groups([self._pid(web) for web in webs], self._pid("haproxy"))
        groups["worker"] = [self._pid("worker")]
        targets = [f"unix:{self.cluster}/{web}.sock" for web in webs]

        def make_people(rooms: int, each: int, path: Path) -> None:
            make_crowd(self.settings, rooms, each, path)

        return Chat("plaza", "plaza", address, targets, f"tcp:{address}", groups, make_people)

    def fresh_plaza(self, name: str) -> Chat:
        """One process more, whose memory nothing has stretched."""
        target = f"unix:{self.folder}/{name}.sock"
        serve = [sys.executable, "manage.py", "serve", "--unix", target.removeprefix("unix:")]
        pid = self.processes.start(name, serve, self.settings, target)
        groups = self._groups([pid], self._pid("haproxy"))
        return replace(self.plaza, name=f"plaza-{name}", targets=[target], groups=groups)

    @cached_property
    def plaza_on_sqlite(self) -> Chat:
        """One process by itself, as `./run` starts it."""
        data, target = self.folder / "sqlite", f"unix:{self.folder}/sqlite.sock"
        settings = UNLIMITED | {
            "CHAT_URL": "http://127.0.0.1:8000",
            "CHAT_DATA_DIR": str(data),
            "DATABASE_URL": f"sqlite:///{data}/plaza.sqlite3",
            "REDIS_URL": "",
            "SECRET_KEY": secrets.token_urlsafe(50),
        }
        data.mkdir()
        migrate = [sys.executable, "manage.py", "migrate", "--noinput", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env=os.environ | settings, check=True)
        serve = [sys.executable, "manage.py", "serve", "--unix", target.removeprefix("unix:")]
        pid = self.processes.start("sqlite", serve, settings, target)

        def make_people(rooms: int, each: int, path: Path) -> None:
            make_crowd(os.environ | settings, rooms, each, path)

        groups: dict[Group, list[int]] = {"servers": [pid]}
        return Chat("plaza-sqlite", "plaza", "127.0.0.1:8000", [target], target, groups, make_people)

    @cached_property
    def socketio(self) -> Chat:
        """Two processes with the Redis adapter that relay what they get, on Unix sockets like Plaza's."""
        return self._socketio("relay", self._sockets("relay"), start.anonymous_people("relay"))

    def fresh_socketio(self, name: str) -> Chat:
        """The same, of Socket.IO."""
        target = f"unix:{self.folder}/node-{name}.sock"
        return self._socketio(f"node-{name}", [target], start.anonymous_people(name))

    @cached_property
    def socketio_on_tcp(self) -> Chat:
        """The same as it is usually deployed behind HAProxy."""
        targets = [f"tcp:127.0.0.1:{free_port()}" for _number in (1, 2)]
        return self._socketio("relay-tcp", targets, start.anonymous_people("relay-tcp"))

    @cached_property
    def socketio_that_saves(self) -> Chat:
        """It keeps each message in the same PostgreSQL as Plaza does."""
        start.make_database(self.database)
        make_people = start.people_of_kept_rooms("saving", self.database)
        return self._socketio("saving", self._sockets("saving"), make_people, DATABASE=self.database)

    @cached_property
    def channels_core(self) -> Chat:
        return self._channels("core")

    @cached_property
    def channels_pubsub(self) -> Chat:
        return self._channels("pubsub")

    def _sockets(self, name: str) -> list[str]:
        return [f"unix:{self.folder}/{name}{number}.sock" for number in (1, 2)]

    def _socketio(self, name: str, targets: list[str], make_people: MakePeople, **settings: str) -> Chat:
        peer = start.start_socketio(self.processes, name, targets, settings | {"REDIS": self.redis})
        return self._chat(f"socketio-{name}", "socketio", peer, make_people)

    def _channels(self, layer: Literal["core", "pubsub"]) -> Chat:
        peer = start.start_channels(self.processes, layer, self._sockets(layer), self.redis)
        return self._chat(f"channels-{layer}", "channels", peer, start.anonymous_people(layer))

    def _chat(self, name: str, dialect: str, peer: start.Peer, make_people: MakePeople) -> Chat:
        groups = self._groups(peer.pids, peer.haproxy_pid)
        return Chat(name, dialect, "127.0.0.1", peer.targets, peer.haproxy, groups, make_people)

    def _groups(self, servers: list[int], haproxy: int) -> dict[Group, list[int]]:
        redis, postgres = self._pid("redis"), self._pid("postgres")
        return {"servers": servers, "haproxy": [haproxy], "redis": [redis], "postgres": [postgres]}

    def _pid(self, name: str) -> int:
        pid = self._state.pid(name)
        if pid is None:
            raise RuntimeError(f"{name} does not run; {self.cluster}/{name}.log may say why")
        return pid


def make_crowd(settings: dict[str, str], circles: int, each: int, path: Path, rooms_of_each: int = 1) -> None:
    """People, rooms and tokens of a Plaza with these settings."""
    command = [sys.executable, "-m", "tests.benchmarks.crowd", *map(str, (circles, each, rooms_of_each))]
    made = subprocess.run(command, cwd=ROOT, env=settings, check=True, stdout=subprocess.PIPE, text=True)
    path.write_text(made.stdout)


@contextmanager
def open_world(webs: int = 2) -> Iterator[World]:
    """A cluster in a folder of its own, ended and removed with the block."""
    folder = Path(tempfile.mkdtemp(prefix="plaza-"))  # Unix sockets need a short name
    cluster = folder / "c"
    command = [sys.executable, "-m", "ops.cluster", "--dir", str(cluster), "--port", "0"]
    settings = os.environ | UNLIMITED
    try:
        subprocess.run([*command, str(webs)], cwd=ROOT, env=settings, check=True, stdout=subprocess.DEVNULL)
        world = World(folder, cluster)
        try:
            yield world
        except Exception as error:
            if dead := world.processes.who_died():
                error.add_note(dead)
            raise
        finally:
            world.processes.end()
    finally:
        subprocess.run([*command, "stop"], cwd=ROOT, check=True)
        shutil.rmtree(folder)
