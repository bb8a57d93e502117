"""How long bulk work holds a room's lock: no operation may keep others waiting for over 50 ms.

    .venv/bin/python -m tests.benchmarks.locks [--loaded]

On SQLite and on a PostgreSQL of its own, both with real syncs. What is measured is the whole transaction, of which the
lock is the first statement. `--loaded` keeps every core busy meanwhile.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from ops import postgres
from ops.checks import ROOT, site

PROMISED = 50  # ms
PEOPLE, MESSAGES, TIMES = 200, 2_000, 20
BUSY = "while True: pass"
HEAD = f"{'database':<11} {'operation':<34} {'holds':>5} {'median':>7} {'p99':>7} {'longest':>7} {'CPU p99':>8}   ms"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--loaded", action="store_true", help="beside a busy process for each core")
    options.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # in the environment as it is
    chosen = options.parse_args()
    if chosen.here:
        measure()
        return
    print(HEAD, flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory(prefix="plaza-") as folder, busy(os.cpu_count() or 1 if chosen.loaded else 0):
        environment = site(Path(folder))
        child(environment)
        with postgres.running(Path(folder)) as url:
            child(environment | {"DATABASE_URL": url})


@contextmanager
def busy(count: int) -> Iterator[None]:
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _number in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def child(environment: dict[str, str]) -> None:
    for command in (["manage.py", "migrate", "-v0"], ["-m", "tests.benchmarks.locks", "--here"]):
        subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True)


class Holds:
    """Writes down how long the transactions of this thread's connection took."""

    def __init__(self) -> None:
        from django.db import connection

        self._connection: Any = connection
        self._since = (0.0, 0.0)
        self.seconds: list[float] = []
        self.cpu: list[float] = []  # of this process alone: what a busy machine does not add to

    @contextmanager
    def watched(self) -> Iterator["Holds"]:
        begin, commit = self._connection.set_autocommit, self._connection._commit
        self._connection.set_autocommit, self._connection._commit = self._begin(begin), self._commit(commit)
        try:
            yield self
        finally:
            self._connection.set_autocommit, self._connection._commit = begin, commit

    def _begin(self, set_autocommit: Callable[..., Any]) -> Callable[..., Any]:
        def begin(autocommit: bool, **options: Any) -> Any:
            self._since = (time.perf_counter(), time.thread_time())
            return set_autocommit(autocommit, **options)

        return begin

    def _commit(self, commit: Callable[[], Any]) -> Callable[[], Any]:
        def committed() -> Any:
            result = commit()
            began, used = self._since
            self.seconds.append(time.perf_counter() - began)
            self.cpu.append(time.thread_time() - used)
            return result

        return committed


def measure() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    django.setup()
    from django.db import connection

    late = []
    for name, work in works():
        holds = Holds()
        with holds.watched():
            work()
        print(row(connection.vendor, name, holds), flush=True)  # noqa: T201
        if quantile(holds.seconds, 0.99) > PROMISED / 1_000:
            late.append(name)
    if late:
        print(f"{'':<11} over {PROMISED} ms: {', '.join(late)}", flush=True)  # noqa: T201


def works() -> Iterator[tuple[str, Callable[[], object]]]:
    """Each with the name of what it does; what they need is made between them."""
    from django.utils import timezone

    from accounts.models import User
    from rooms.models import Membership, Message, Room
    from rooms.operations.history import prune_messages
    from rooms.operations.members import add_members
    from rooms.operations.moderation import remove_messages
    from rooms.operations.rooms import create_room
    from rooms.operations.seed import seed_site
    from rooms.operations.sending import PART, Draft, send_messages
    from rooms.operations.site import create_owner

    owner = create_owner(username="owner", password="correct horse battery")
    yield (
        f"seed: {PEOPLE} people, {MESSAGES} messages",
        lambda: seed_site(actor=owner, users=PEOPLE, rooms=3, messages=MESSAGES),
    )
    people = list(User.objects.filter(is_superuser=False).order_by("id")[:PEOPLE])
    fresh = [create_room(actor=owner, name=f"Room {number}") for number in range(TIMES)]
    yield f"add {PEOPLE} members", lambda: [add_members(actor=owner, room=room, users=people) for room in fresh]
    Membership.objects.filter(room__in=fresh).exclude(user=owner).update(active=False)
    yield (
        f"add {PEOPLE} who were there before",
        lambda: [add_members(actor=owner, room=room, users=people) for room in fresh],
    )
    room = Room.objects.get(id=fresh[0].id)
    drafts = [
        [
            Draft(actor=person, room=room.id, body=f"**{number}** @{people[number].username} " + "hola " * 100)
            for person in people[:PART]
        ]
        for number in range(TIMES)
    ]
    yield f"send {PART} at once", lambda: [send_messages(some) for some in drafts]
    some = list(Message.objects.filter(room=room).order_by("id")[: TIMES * 10])
    yield f"remove {len(some)} messages", lambda: remove_messages(actor=owner, messages=some)
    yield "prune all messages", lambda: prune_messages(actor=owner, older_than=timezone.now() + timedelta(1))


def row(vendor: str, name: str, holds: Holds) -> str:
    median, most, longest = (quantile(holds.seconds, part) * 1_000 for part in (0.5, 0.99, 1.0))
    cpu = quantile(holds.cpu, 0.99) * 1_000
    return f"{vendor:<11} {name:<34} {len(holds.cpu):>5} {median:>7.1f} {most:>7.1f} {longest:>7.1f} {cpu:>8.1f}"


def quantile(seconds: Sequence[float], part: float) -> float:
    """The value that such a part of them does not exceed."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * part))]


if __name__ == "__main__":
    main()
