"""The cluster's `state.json`: what runs, where, under which pid. Written whole, by one at a time."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Process(TypedDict):
    """One process; its pid is null once it has ended."""

    name: str
    pid: int | None
    address: str
    log: str
    start: list[str]


class State(TypedDict):
    address: str
    processes: list[Process]


class StateFile:
    """Reads and changes `state.json` in a cluster's folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.json"
        self.lock = folder / "state.lock"
        self.boot = folder / "boot_id"

    def read(self) -> State | None:
        if not self.path.is_file():
            return None
        state: State = json.loads(self.path.read_text())
        if self.boot.read_text() != BOOT_ID.read_text():
            for process in state["processes"]:
                process["pid"] = None
        return state

    def write(self, state: State) -> None:
        with self._locked():
            self._write(state)

    def set_pid(self, name: str, pid: int) -> None:
        with self._locked():
            self._replace_pid(name, pid)

    def forget_pid(self, name: str, pid: int) -> None:
        """Say that a process has ended, unless another has taken its place."""
        with self._locked():
            if self._recorded(name) == pid:
                self._replace_pid(name, None)

    def pid(self, name: str) -> int | None:
        """The pid of a process that runs."""
        pid = self._recorded(name)
        return pid if pid is not None and runs(pid) else None

    def _recorded(self, name: str) -> int | None:
        state = self.read()
        processes = state["processes"] if state else []
        return next((process["pid"] for process in processes if process["name"] == name), None)

    def _replace_pid(self, name: str, pid: int | None) -> None:
        state = self.read()
        if state is None:
            return
        for process in state["processes"]:
            if process["name"] == name:
                process["pid"] = pid
        self._write(state)

    def _write(self, state: State) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(state, indent=2) + "\n")
        self.boot.write_text(BOOT_ID.read_text())
        fresh.rename(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def runs(pid: int) -> bool:
    """Whether a process exists and is more than a zombie that waits for its parent."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except OSError:
        return False
    return after_name.split()[0] not in "ZX"
