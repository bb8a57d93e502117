"""What a balancer is told, and that it need not go through Django to hear it."""

import json
from typing import Any

import pytest
from pytest_django import Settings

from chatsite.asgi import application
from rooms import health
from rooms.errors import Unavailable


class Reachable:
    async def ask(self, _question: object) -> None: ...


class Away:
    async def ask(self, _question: object) -> None:
        raise Unavailable


async def ask(path: str, host: str = "testserver") -> tuple[int, dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": [(b"host", host.encode())]}
    await application(scope, None, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


async def test_a_process_that_runs_is_ready_until_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_database", Reachable)
    assert await ask("/healthz/live") == (200, {"live": True})
    assert await ask("/healthz/ready") == (200, {"ready": True, "draining": False, "database": True})
    monkeypatch.setattr(health.Readiness, "draining", True)
    assert await ask("/healthz/ready") == (503, {"ready": False, "draining": True, "database": True})
    assert (await ask("/healthz/live"))[0] == 200


async def test_without_its_database_it_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_database", Away)
    assert await ask("/healthz/ready") == (503, {"ready": False, "draining": False, "database": False})


async def test_other_questions_and_other_hosts_have_no_answer(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["chat.example.org"]
    assert (await ask("/healthz/other", "chat.example.org"))[0] == 404
    assert (await ask("/healthz/live", "chat.example.org:8000"))[0] == 200
    assert (await ask("/healthz/live", "evil.example.org"))[0] == 400
    assert (await ask("/healthz/live", ""))[0] == 400
