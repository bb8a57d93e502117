"""Compiles and drives the load client in `load/`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.benchmarks.chats import Chat, Group
from tests.benchmarks.processes import cpu_seconds

SOURCES = Path(__file__).parent / "load"

type Figures = dict[str, Any]


def compile_client(folder: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        sys.exit("./run bench: the load client is C, and there is no compiler (cc) here; Debian’s package is gcc")
    sources = [str(path) for path in sorted(SOURCES.glob("*.c"))]
    subprocess.run([compiler, "-std=gnu11", "-O2", "-o", str(folder / "load"), *sources], check=True)


class Client:
    """Connections to one chat, through one way in; commands as `load/main.c` lists them."""

    def __init__(self, folder: Path, chat: Chat, people: Path, *, through_haproxy: bool = False) -> None:
        self._groups = chat.groups
        # Over a hundred at once, channels_redis.core has no connections to Redis left
        self._at_once = 20 if chat.dialect == "channels" else 200
        targets = [chat.haproxy] if through_haproxy else chat.targets
        self._process = subprocess.Popen(
            [str(folder / "load"), chat.dialect, str(people), chat.host, *targets],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def do(self, command: str) -> Figures:
        """Have a command done; its figures, and under `cpu` the seconds that each group of processes took."""
        assert self._process.stdin
        assert self._process.stdout
        before = _cpu(self._groups)
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the load client ended at “{command}”")
        figures: Figures = json.loads(answer)
        after = _cpu(self._groups)
        return figures | {"cpu": {name: after[name] - before[name] for name in after}}

    def open(self, count: int) -> None:
        """Be sure that so many are connected."""
        self.do(f"open {count} {self._at_once}")
        there = self.do("hold 0")["readers"]
        if there != count:
            raise RuntimeError(f"{there} of {count} could connect")


def _cpu(groups: dict[Group, list[int]]) -> dict[Group, float]:
    return {name: cpu_seconds(pids) for name, pids in groups.items()}
