"""Starts a process in the background, and tells the cluster's `state.json` when it has ended."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence

from ops.parts import ROOT, Cluster, Part
from ops.state import StateFile

READY_WITHIN = 60.0
LOOK_EVERY = 0.05


class NotReadyError(Exception):
    """A process ended, or did not get ready in time."""


def start(cluster: Cluster, parts: Sequence[Part], environment: Mapping[str, str]) -> None:
    """Start parts side by side and wait until all are ready. Raises NotReadyError."""
    launched = {part.name: launch(cluster, part, environment) for part in parts}
    began = time.monotonic()
    for part in parts:
        wait_until_ready(cluster, part, launched[part.name], began)


def launch(cluster: Cluster, part: Part, environment: Mapping[str, str]) -> int:
    """Start a part in the background; its pid."""
    if part.socket is not None:
        part.socket.unlink(missing_ok=True)
    started, told = os.pipe()
    if os.fork() == 0:
        os.close(started)
        mind(cluster, part, environment, told)
    os.close(told)
    with open(started, "rb") as answer:
        return int(answer.read() or 0)


def wait_until_ready(cluster: Cluster, part: Part, pid: int, began: float) -> None:
    state = StateFile(cluster.folder)
    while state.pid(part.name) == pid and (waited := time.monotonic() - began) < READY_WITHIN:
        if waited >= part.proves_itself_in and part.is_ready():
            return
        time.sleep(LOOK_EVERY)
    raise NotReadyError(f"{part.name} did not get ready; the end of {cluster.log(part.name)}:\n{tail(cluster, part)}")


def mind(cluster: Cluster, part: Part, environment: Mapping[str, str], told: int) -> None:
    """Be the parent of a process until it ends: the one who hears of it, however it ends. Never returns."""
    code = 1
    try:
        os.setsid()
        state = StateFile(cluster.folder)
        with cluster.log(part.name).open("ab") as log, open(os.devnull, "rb") as nothing:
            for target, source in ((0, nothing), (1, log), (2, log)):
                os.dup2(source.fileno(), target)
            child = subprocess.Popen(part.command, cwd=ROOT, env=dict(environment))
            state.set_pid(part.name, child.pid)
            os.write(told, str(child.pid).encode())
            os.close(told)
            code = 0 if child.wait() == 0 else 1
            state.forget_pid(part.name, child.pid)
    finally:
        os._exit(code)


def tail(cluster: Cluster, part: Part, lines: int = 20) -> str:
    log = cluster.log(part.name)
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.is_file() else ""
