"""`./run cluster` in a folder of its own: all real, killed and started again one by one."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops.parts import ROOT
from ops.state import Process, State, runs

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

NAMES = ["postgres", "redis", "web1", "web2", "worker", "haproxy"]


@dataclass
class Running:
    folder: Path

    def state(self) -> State:
        state: State = json.loads((self.folder / "state.json").read_text())
        return state

    def process(self, name: str) -> Process:
        return next(process for process in self.state()["processes"] if process["name"] == name)

    def pid(self, name: str) -> int:
        pid = self.process(name)["pid"]
        assert pid is not None
        return pid

    def kill(self, name: str) -> None:
        """Kill a process, and wait until the state says so."""
        os.kill(self.pid(name), signal.SIGKILL)
        deadline = time.monotonic() + 5
        while self.process(name)["pid"] is not None:
            assert time.monotonic() < deadline, f"state.json keeps the pid of {name}"
            time.sleep(0.02)

    def start(self, name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.process(name)["start"], cwd=ROOT, capture_output=True, text=True, timeout=90)

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(self.state()["address"] + path, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


def cluster(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.cluster", "--dir", str(folder), "--port", "0", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    # pytest's own temporary folders have names too long for Unix sockets
    folder = Path(tempfile.mkdtemp(prefix="plaza-"))
    try:
        answer = cluster(folder, "2")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        yield Running(folder)
    finally:
        cluster(folder, "stop")
        shutil.rmtree(folder)


def test_all_processes_are_up_and_the_state_names_them(running: Running) -> None:
    state = running.state()
    assert [process["name"] for process in state["processes"]] == NAMES
    assert all(process["pid"] and runs(process["pid"]) for process in state["processes"])
    assert all((ROOT / process["log"]).is_file() for process in state["processes"])
    assert running.process("web1")["address"] == f"unix:{running.folder}/web1.sock"
    deadline = time.monotonic() + 10
    while running.status("/healthz/ready") != 200:  # on a busy machine HAProxy may have doubted it for a moment
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_metrics_are_kept_from_the_public(running: Running) -> None:
    assert running.status("/metrics") == 404


def test_the_settings_let_a_command_work_on_the_cluster(running: Running) -> None:
    command = f"set -a; . {running.folder}/env; {sys.executable} manage.py check --database default"
    answer = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_process_stays_dead_until_its_command_starts_it(running: Running, name: str) -> None:
    before = running.pid(name)
    running.kill(name)
    answer = running.start(name)
    assert answer.returncode == 0, answer.stderr
    assert running.pid(name) != before
    assert runs(running.pid(name))


def test_the_site_answers_while_one_web_process_is_dead(running: Running) -> None:
    running.kill("web1")
    try:
        assert {running.status("/healthz/live") for _ in range(10)} == {200}
    finally:
        running.start("web1")


def test_what_runs_is_not_started_twice(running: Running) -> None:
    before = running.pid("web1")
    answer = running.start("web1")
    assert answer.returncode == 1
    assert "runs already" in answer.stderr
    assert running.pid("web1") == before


def test_a_second_cluster_does_not_start_in_the_same_folder(running: Running) -> None:
    answer = cluster(running.folder, "1")
    assert answer.returncode == 1
    assert "run already" in answer.stderr


def test_stop_ends_all_even_what_is_paused(running: Running) -> None:
    """The last test here: the cluster is gone after it."""
    pids = [process["pid"] for process in running.state()["processes"]]
    os.kill(running.pid("redis"), signal.SIGSTOP)
    assert cluster(running.folder, "stop").returncode == 0
    assert not any(pid and runs(pid) for pid in pids)
    assert {process["pid"] for process in running.state()["processes"]} == {None}
