"""Clients of the JSON door: by token, and by cookie as a page uses it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from rooms.limits import change_limiter, read_limiter, send_limiter
from rooms.operations.tokens import create_token

type As = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    for limiter in (send_limiter, change_limiter, read_limiter):
        limiter._buckets.clear()


@pytest.fixture
def as_(db: None) -> As:
    """`as_(ana)` asks with a token of Ana's; Django's CSRF check is on."""

    def client(user: User) -> Client:
        _row, token = create_token(actor=user, user=user, name="test")
        return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})

    return client


@pytest.fixture
def signed_in() -> As:
    """`signed_in(ana)` asks with Ana's cookie; Django's CSRF check is on."""

    def client(user: User) -> Client:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(user)
        browser.cookies[settings.CSRF_COOKIE_NAME] = "c" * 32
        return browser

    return client


def draft(body: str = "¡hola!", **fields: Any) -> dict[str, Any]:
    return {"key": str(uuid4()), "body": body, **fields}
