"""Starts the peers, on a cluster's Redis and PostgreSQL."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops import packages, postgres
from tests.benchmarks.processes import Processes, free_port

PEERS = Path(__file__).parent


@dataclass(frozen=True)
class Peer:
    """A chat on some processes, and the HAProxy in front of them."""

    targets: list[str]
    pids: list[int]
    haproxy: str
    haproxy_pid: int


def install_socketio() -> Path:
    """A folder outside the repository with the peer and its packages, as its lock file wants them."""
    source = PEERS / "socketio"
    lock = (source / "package-lock.json").read_bytes()
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = caches / "plaza-benchmark" / hashlib.sha256(lock).hexdigest()[:16]
    shutil.copytree(source, home, dirs_exist_ok=True)
    if not (home / "installed").is_file():
        packages.require(packages.NODE)
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=home, check=True)
        (home / "installed").touch()
    return home


def start_socketio(processes: Processes, name: str, targets: list[str], settings: dict[str, str]) -> Peer:
    home = install_socketio()
    pids = []
    for number, target in enumerate(targets, 1):
        listen = target.removeprefix("unix:").removeprefix("tcp:127.0.0.1:")
        environment = settings | {"LISTEN": listen, "NODE_ENV": "production"}
        pids.append(processes.start(f"{name}{number}", ["node", "server.js"], environment, target, home))
    return _behind_haproxy(processes, name, targets, pids)


def start_channels(processes: Processes, layer: str, targets: list[str], redis: str) -> Peer:
    """The Channels tutorial's chat on Daphne; `layer` is `core` or `pubsub`."""
    pids = []
    for number, target in enumerate(targets, 1):
        application = "tests.benchmarks.peers.channels_chat:application"
        command = [sys.executable, "-m", "daphne", "-v", "0", "-u", target.removeprefix("unix:"), application]
        pids.append(processes.start(f"{layer}{number}", command, {"LAYER": layer, "REDIS": redis}, target))
    return _behind_haproxy(processes, layer, targets, pids)


def _behind_haproxy(processes: Processes, name: str, targets: list[str], pids: list[int]) -> Peer:
    port = free_port()
    places = [target.removeprefix("tcp:").replace("unix:", "unix@") for target in targets]
    servers = "".join(f"    server node{number} {place}\n" for number, place in enumerate(places, 1))
    config = processes.folder / f"{name}-haproxy.cfg"
    config.write_text((PEERS / "haproxy.cfg").read_text().replace("PORT", str(port)) + servers)
    address = f"tcp:127.0.0.1:{port}"
    command = [packages.program("haproxy"), "-db", "-f", str(config)]
    return Peer(targets, pids, address, processes.start(f"{name}-haproxy", command, {}, address))


def anonymous_people(name: str) -> Callable[[int, int, Path], None]:
    """For peers that know nobody: rooms whose names no others have."""

    def make(rooms: int, each: int, path: Path) -> None:
        path.write_text("".join(f"{room} -\n" for room in _names(name, rooms, each) for _person in range(each)))

    return make


def people_of_kept_rooms(name: str, sockets: str) -> Callable[[int, int, Path], None]:
    """The same, for the peer whose rooms are rows."""
    make_people = anonymous_people(name)

    def make(rooms: int, each: int, path: Path) -> None:
        make_people(rooms, each, path)
        values = ", ".join(f"('{room}')" for room in _names(name, rooms, each))
        psql(sockets, "peer", "-c", f"INSERT INTO room (id) VALUES {values}")

    return make


def _names(name: str, rooms: int, each: int) -> list[str]:
    return [f"{name}_{rooms}_{each}_{number}" for number in range(rooms)]


def make_database(sockets: str) -> None:
    psql(sockets, "postgres", "-c", "CREATE DATABASE peer")
    psql(sockets, "peer", "-f", str(PEERS / "socketio" / "schema.sql"))


def psql(sockets: str, database: str, *arguments: str) -> None:
    command = [postgres.program("psql"), "-h", sockets, "-U", postgres.USER, "-q", database, *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
