"""The worker: it does what is due, outlives what fails, and ends at once."""

import re
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts.models import User
from rooms import worker
from rooms.models import Message, Room
from rooms.operations.messages import delete_message
from rooms.operations.sending import send_message
from rooms.operations.upkeep import prune_cache, prune_sessions
from rooms.tasks import JOBS, Job
from tests.commands.sites import Site


def work(*jobs: Job, until: Callable[[], bool]) -> None:
    """Run a worker in its own thread, as it does, until something is so."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=[stop, jobs])
    thread.start()
    deadline = time.monotonic() + 20
    while not until() and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert until()


@pytest.mark.usefixtures("transactional_db")
def test_a_deleted_text_is_erased_soon_after_it_can_no_longer_come_back(plaza: Room, bruno: User) -> None:
    sent = send_message(actor=bruno, room=plaza, body="a slip").message["id"]
    kept = send_message(actor=bruno, room=plaza, body="just deleted").message["id"]
    delete_message(actor=bruno, message=sent)
    delete_message(actor=bruno, message=kept)
    Message.objects.filter(id=sent).update(deleted_at=timezone.now() - timedelta(seconds=12))
    erasing = [job for job in JOBS if job.name == "erase expired texts"]

    work(*erasing, until=lambda: Message.objects.get(id=sent).body == "")

    assert Message.objects.get(id=kept).body == "just deleted"


@pytest.mark.usefixtures("transactional_db")
def test_a_job_that_fails_is_tried_again_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[str] = []

    def fail() -> int:
        tries.append("failed")
        if len(tries) == 1:
            raise DatabaseError("away")
        if len(tries) == 2:
            raise ValueError("a defect")
        return 0

    done: list[str] = []

    def go_on() -> int:
        done.append("done")
        return 0

    work(Job("fails", 0.1, fail), Job("goes on", 0.1, go_on), until=lambda: len(tries) > 2)

    assert len(done) > 2
    assert "the database did not answer" in caplog.text
    assert "ValueError: a defect" in caplog.text


@pytest.mark.usefixtures("transactional_db")
def test_what_is_due_in_parts_is_done_to_the_last() -> None:
    parts = [200, 200, 7, 0]
    work(Job("parts", 60, lambda: parts.pop(0)), until=lambda: not parts)


@pytest.mark.usefixtures("transactional_db")
def test_a_worker_is_heard_of_while_it_lives() -> None:
    assert worker.silent_for() is None
    work(until=lambda: worker.silent_for() is not None)
    assert (worker.silent_for() or 0) < worker.DEAD_SECONDS


@pytest.mark.usefixtures("db")
def test_sessions_and_cached_values_that_ran_out_are_forgotten() -> None:
    now = timezone.now()
    for key, ends in (("old", now - timedelta(hours=1)), ("new", now + timedelta(hours=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=ends)
    cache.set("short", 1, 1)
    cache.set("long", 1, 3600)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_cache SET expires = %s WHERE cache_key LIKE %s", ["2020-01-01 00:00:00", "%short"])

    prune_sessions()

    assert prune_cache() == 1
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]
    assert cache.get("long") == 1


@pytest.mark.live
def test_two_workers_run_beside_each_other_and_end_within_two_seconds(site: Site) -> None:
    heard = "from rooms.worker import silent_for; print(silent_for() is not None)"
    with site.running("worker") as one, site.running("worker") as two:
        deadline = time.monotonic() + 30
        while site.manage("shell", "-v0", "-c", heard).stdout.strip() != "True":
            assert time.monotonic() < deadline
        while not all(takes_sigterm(process.pid) for process in (one, two)):  # the other may yet be starting
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for process in (one, two):
            began = time.monotonic()
            process.terminate()
            assert process.wait(5) == 0
            assert time.monotonic() - began < 2


def takes_sigterm(pid: int) -> bool:
    [caught] = re.findall(r"^SigCgt:\s+(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)
