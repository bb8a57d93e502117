"""Processes that a benchmark starts, and what they cost."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from ops.parts import ROOT

TICK = os.sysconf("SC_CLK_TCK")
READY_WITHIN = 30.0


@dataclass
class Processes:
    """Started by us, so ended by us."""

    folder: Path
    _started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: list[str], environment: Mapping[str, str], ready: str, cwd: Path = ROOT) -> int:
        """The pid of a process that listens at `ready`, a target as `load` takes it."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=cwd, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._started[name] = process
        deadline = time.monotonic() + READY_WITHIN
        while not listens(ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start: {self._last_words(name)}")
            time.sleep(0.05)
        return process.pid

    def who_died(self) -> str:
        """Those that ended by themselves, and the ends of their logs."""
        dead = [name for name, process in self._started.items() if process.poll() is not None]
        return "\n".join(f"{name} has died: {self._last_words(name)}" for name in dead)

    def _last_words(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]

    def end(self) -> None:
        for process in self._started.values():
            process.send_signal(signal.SIGTERM)
        for process in self._started.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()
        self._started.clear()


def listens(target: str) -> bool:
    kind, _colon, place = target.partition(":")
    host, _colon, port = place.rpartition(":")
    family = socket.AF_UNIX if kind == "unix" else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex(place if kind == "unix" else (host, int(port))) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of processes and of all that descends from them, from /proc/PID/stat."""
    return sum(_cpu_of_family(pid) for pid in pids)


def _cpu_of_family(pid: int) -> float:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    # utime, stime; and cutime, cstime of children that have ended, else their time would seem to run backwards
    return sum(map(int, after_name[11:15])) / TICK + cpu_seconds(map(int, children))


def memory(pids: Iterable[int]) -> int:
    """Resident bytes that are the processes' own."""
    return sum(psutil.Process(pid).memory_full_info().uss for pid in pids)
