"""A real site for the browser tests: one process on SQLite, in a folder of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.error import URLError
from uuid import uuid4

from ops.cluster import free_port
from ops.parts import ROOT

READY_WITHIN = 60  # seconds, on a busy machine


class Place:
    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._port = port
        self._mail = folder / "mail"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CHAT_")},
            "CHAT_URL": self.address,
            "CHAT_DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder}/plaza.sqlite3",
            "REDIS_URL": "",
            "CHAT_WORKER": "thread",
            "SECRET_KEY": "a key for the browser tests, and for nothing else: 0123456789",
            "EMAIL_URL": f"filemail://{self._mail}",
            "CHAT_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "chatsite.settings",
        }
        self._run("-m", "ops.prepare")
        self.start()
        self._backstage = self._open(
            "-m", "tests.live.backstage", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.call("set_up")

    def start(self) -> None:
        self._server = self._open("manage.py", "serve", "--port", str(self._port), stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + READY_WITHIN
        while not self._is_ready():
            assert self._server.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server is not ready"
            time.sleep(0.1)

    def kill(self) -> None:
        self._server.send_signal(signal.SIGKILL)
        self._server.wait()

    def end(self) -> None:
        self.kill()
        self._backstage.kill()
        self._backstage.wait()

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """Run an operation in another process."""
        assert self._backstage.stdin
        assert self._backstage.stdout
        self._backstage.stdin.write(json.dumps({"call": operation, **arguments}) + "\n")
        self._backstage.stdin.flush()
        answer = json.loads(self._backstage.stdout.readline())
        assert "result" in answer, answer
        return answer["result"]

    def person(self, name: str, **fields: Any) -> str:
        """The user name of a new person, which nobody else has."""
        username = f"{name}-{uuid4().hex[:8]}"
        self.call("make_person", username=username, **fields)
        return username

    def session(self, username: str) -> str:
        return str(self.call("make_session", username=username))

    def mailed_link(self, address: str) -> str:
        """The link in the latest message to somebody."""
        newest_first = sorted(self._mail.iterdir(), key=lambda letter: letter.stat().st_mtime_ns, reverse=True)
        letters = (message_from_bytes(path.read_bytes(), policy=policy.default) for path in newest_first)
        letter = next(letter for letter in letters if letter["To"] == address)
        return str(re.findall(rf"{self.address}/\S+", letter.get_content())[0])

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _run(self, *command: str) -> None:
        subprocess.run([sys.executable, *command], cwd=ROOT, env=self._environment, check=True)

    def _open(self, *command: str, **options: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=self._environment, **options)


@contextmanager
def open_place() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="plaza-"))
    place = None
    try:
        place = Place(folder, free_port(0))
        yield place
    finally:
        if place:
            place.end()
        shutil.rmtree(folder)
