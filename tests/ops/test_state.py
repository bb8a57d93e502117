"""The cluster's `state.json`: true at every moment."""

import os
import subprocess
from pathlib import Path

import pytest

from ops.state import StateFile, runs


@pytest.fixture
def state(tmp_path: Path) -> StateFile:
    file = StateFile(tmp_path)
    file.write(
        {
            "address": "http://127.0.0.1:8080",
            "processes": [
                {"name": name, "pid": None, "address": "", "log": f"{name}.log", "start": ["true"]}
                for name in ("web1", "web2")
            ],
        }
    )
    return file


def test_a_started_process_has_its_pid(state: StateFile) -> None:
    state.set_pid("web1", os.getpid())
    assert (state.pid("web1"), state.pid("web2")) == (os.getpid(), None)


def test_an_ended_process_has_none(state: StateFile) -> None:
    state.set_pid("web1", os.getpid())
    state.forget_pid("web1", os.getpid())
    known = state.read()
    assert known is not None
    assert known["processes"][0]["pid"] is None


def test_the_end_of_a_process_does_not_hide_the_one_that_took_its_place(state: StateFile) -> None:
    state.set_pid("web1", os.getpid())
    state.forget_pid("web1", 1)
    assert state.pid("web1") == os.getpid()


def test_pids_from_before_a_restart_of_the_machine_mean_nothing(state: StateFile) -> None:
    state.set_pid("web1", os.getpid())
    state.boot.write_text("another boot")
    assert state.pid("web1") is None


def test_a_zombie_does_not_run() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not runs(child.pid)
    child.wait()


def test_nothing_is_known_of_a_cluster_that_never_was(tmp_path: Path) -> None:
    assert StateFile(tmp_path).read() is None
    assert StateFile(tmp_path).pid("web1") is None
