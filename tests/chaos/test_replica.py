"""A streaming replica of PostgreSQL: pages and exports come from it while it knows the room as well as the primary."""

import http.client
import json
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from ops import postgres
from tests.stage import Cast, Stage, open_stage

pytestmark = [pytest.mark.chaos, pytest.mark.live, pytest.mark.timeout(180)]

READ = re.compile(r'FROM "rooms_message"')


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with open_stage(1, CHAT_DRAIN_SECONDS="1") as opened:
        yield opened


class Replica:
    def __init__(self, folder: Path, primary: Path) -> None:
        self.data, self.sockets = folder / "data", folder / "socket"
        self._primary = primary
        self._log = folder / "log"
        postgres.own(self.data)
        postgres.own(self.sockets)
        copy = ["pg_basebackup", "-h", str(primary), "-U", postgres.USER, "-D", str(self.data), "-R", "-c", "fast"]
        subprocess.run(postgres.unprivileged([postgres.program(copy[0]), *copy[1:]]), cwd="/", check=True)
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = postgres.command(self.data, self.sockets, log_statement="all")
            self._server = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        postgres.wait_for(self._server, self.sockets)

    def kill(self) -> None:
        self._server.send_signal(signal.SIGQUIT)  # PostgreSQL's own way to die at once
        self._server.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It and its children do nothing, and keep their connections open."""
        server = psutil.Process(self._server.pid)
        family = [server, *server.children(recursive=True)]
        for one in family:
            one.suspend()
        try:
            yield
        finally:
            for one in family:
                one.resume()

    def ask(self, query: str) -> Any:
        return ask(self.sockets, query)

    def catch_up(self) -> None:
        """Until it has replayed all that the primary has written by now."""
        written = ask(self._primary, "SELECT pg_current_wal_lsn()")
        wait(lambda: self.ask(f"SELECT pg_last_wal_replay_lsn() >= '{written}'"))

    def reads(self) -> int:
        """How often it was asked for messages; it writes a query down before it answers."""
        return len(READ.findall(self._log.read_text()))


def ask(sockets: Path, query: str) -> Any:
    with psycopg.connect(
        f"host={sockets} user={postgres.USER} dbname={postgres.DATABASE}", autocommit=True
    ) as connection:
        row = connection.execute(query).fetchone()
    return row and row[0]


def wait(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def open_replica(primary: Path) -> Iterator[Replica]:
    with tempfile.TemporaryDirectory(prefix="plaza-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server runs as another user
        replica = Replica(folder, primary)
        try:
            yield replica
        finally:
            replica.kill()


@pytest.fixture(scope="module")
def replica(stage: Stage) -> Iterator[Replica]:
    with open_replica(stage.folder / "postgres-socket") as replica:
        stage.change_settings(DATABASE_REPLICA_URL=postgres.url(replica.sockets))
        yield replica


@pytest.fixture
def cast(stage: Stage) -> Cast:
    return stage.cast()


def page(stage: Stage, token: str, room: int) -> tuple[int, list[str]]:
    """The status, and what is said on a room's latest page."""
    connection = http.client.HTTPConnection(urlsplit(stage.address).netloc)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(stage.socket("web1"))
    with closing(connection):
        headers = {"Authorization": f"Bearer {token}"}
        connection.request("GET", f"/api/v1/rooms/{room}/messages", headers=headers)
        answer = connection.getresponse()
        return answer.status, [message["body"] for message in json.load(answer).get("messages", [])]


def said(stage: Stage, cast: Cast, *bodies: str) -> None:
    stage.call("write", room=cast.room, username=cast.ana.username, bodies=list(bodies))


def test_a_page_comes_from_the_replica_once_that_has_replayed_up_to_the_rooms_seq(
    stage: Stage, cast: Cast, replica: Replica
) -> None:
    said(stage, cast, "hola")
    replica.catch_up()
    before = replica.reads()
    assert page(stage, cast.bruno.token, cast.room) == (200, ["hola"])
    assert replica.reads() > before


def test_a_page_comes_from_the_primary_while_the_replica_is_behind(stage: Stage, cast: Cast, replica: Replica) -> None:
    said(stage, cast, "hola")
    replica.catch_up()
    replica.ask("SELECT pg_wal_replay_pause()")
    try:
        wait(lambda: replica.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")
        said(stage, cast, "¿hay alguien?")
        before = replica.reads()
        assert page(stage, cast.bruno.token, cast.room) == (200, ["hola", "¿hay alguien?"])
        assert replica.reads() == before
    finally:
        replica.ask("SELECT pg_wal_replay_resume()")
    replica.catch_up()
    assert page(stage, cast.bruno.token, cast.room) == (200, ["hola", "¿hay alguien?"])
    assert replica.reads() > before


def test_who_may_read_is_the_primarys_word(stage: Stage, cast: Cast, replica: Replica) -> None:
    said(stage, cast, "hola")
    replica.catch_up()
    assert page(stage, cast.carla.token, cast.room) == (404, [])
    replica.ask("SELECT pg_wal_replay_pause()")
    try:
        wait(lambda: replica.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")
        stage.call("members.remove_member", actor=cast.ana.username, room=cast.room, user=cast.bruno.username)
        assert page(stage, cast.bruno.token, cast.room) == (404, [])
        assert page(stage, cast.ana.token, cast.room) == (200, ["hola"])
    finally:
        replica.ask("SELECT pg_wal_replay_resume()")


def test_a_replica_of_what_was_before_a_restoring_is_not_asked(stage: Stage, cast: Cast, replica: Replica) -> None:
    said(stage, cast, "hola")
    replica.catch_up()
    replica.ask("SELECT pg_wal_replay_pause()")
    try:
        wait(lambda: replica.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")
        stage.manage("new_epoch")
        before = replica.reads()
        assert page(stage, cast.bruno.token, cast.room) == (200, ["hola"])
        assert replica.reads() == before
    finally:
        replica.ask("SELECT pg_wal_replay_resume()")


def test_a_page_comes_from_the_primary_while_the_replica_is_frozen(stage: Stage, cast: Cast, replica: Replica) -> None:
    said(stage, cast, "hola")
    replica.catch_up()
    before = replica.reads()

    def asked() -> bool:
        assert page(stage, cast.bruno.token, cast.room) == (200, ["hola"])
        return replica.reads() > before

    wait(asked)  # there is a connection now
    with replica.frozen():
        for _time in range(3):
            began = time.monotonic()
            assert page(stage, cast.bruno.token, cast.room) == (200, ["hola"])
            assert time.monotonic() - began < 5


def test_an_export_is_read_from_the_replica_and_is_whole_without_it(
    stage: Stage, cast: Cast, replica: Replica, tmp_path: Path
) -> None:
    said(stage, cast, "hola", "adiós")
    replica.catch_up()
    before = replica.reads()
    export = ("export_room", str(cast.room), "--as", cast.ana.username, "--output")
    stage.manage(*export, str(tmp_path / "with"))
    assert replica.reads() > before
    replica.kill()
    try:
        stage.manage(*export, str(tmp_path / "without"))
    finally:
        replica.start()
    assert (tmp_path / "with").read_text() == (tmp_path / "without").read_text() != ""


def test_a_page_comes_from_the_primary_while_the_replica_is_down_and_from_the_replica_again_after(
    stage: Stage, cast: Cast, replica: Replica
) -> None:
    said(stage, cast, "hola")
    replica.catch_up()
    replica.kill()
    try:
        for _time in range(3):
            began = time.monotonic()
            assert page(stage, cast.bruno.token, cast.room) == (200, ["hola"])
            assert time.monotonic() - began < 2.5
    finally:
        replica.start()
    before = replica.reads()

    def asked_again() -> bool:
        assert page(stage, cast.bruno.token, cast.room) == (200, ["hola"])
        return replica.reads() > before

    wait(asked_again)
