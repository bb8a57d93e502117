"""Small sites of their own: `manage.py` in processes, on SQLite, and a proxy in front of them."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from ops.parts import ROOT

PASSWORD = "correct horse battery"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Site:
    """A folder with a database, and the processes that serve it."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CHAT_", "DATABASE_", "REDIS_URL", "EMAIL_URL"))
            and name not in ("DATABASE_URL", "DATABASE_REPLICA_URL", "REDIS_URL", "EMAIL_URL")
        }
        return inherited | {"SECRET_KEY": "x" * 50, "CHAT_DATA_DIR": str(self.folder)} | self.settings

    def manage(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, text=True)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)  # ends without draining
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()

    @contextmanager
    def serving(self, *ports: int) -> Iterator[None]:
        """Web processes that are ready, started together."""
        with ExitStack() as stack:
            processes = [stack.enter_context(self.running("serve", "--port", str(port))) for port in ports]
            deadline = time.monotonic() + 60
            while not all(_ready(port) for port in ports):
                assert all(process.poll() is None for process in processes)
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def proxy(backends: Sequence[int], port: int, edit: Callable[[bytes], bytes] = lambda head: head) -> Iterator[None]:
    """Hands connections to the backends in turn; `edit` rewrites the head of each connection's first request."""
    turns = cycle(backends)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", next(turns))
            up_writer.write(edit(head))
            await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))
        writer.close()

    with stub(take, port):
        yield


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextmanager
def stub(
    take: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object], port: int, **options: object
) -> Iterator[asyncio.AbstractEventLoop]:
    """A small server in a thread of its own, which the loop runs in."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    start = asyncio.start_server(take, "127.0.0.1", port, **options)  # type: ignore[arg-type]
    server = asyncio.run_coroutine_threadsafe(start, loop).result(5)
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
