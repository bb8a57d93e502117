"""The moderators' door as a browser has it: signed in by cookie, static files by their plain names."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from rooms.models import Site

type Door = Callable[[User], "Moderation"]


@pytest.fixture(autouse=True)
def _plain(settings: Settings, db: None) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    Site.objects.filter(id=1).update(set_up_at="2026-01-01T00:00Z")


class Moderation:
    """What one person does at the door."""

    def __init__(self, user: User) -> None:
        self.client = Client(headers={"Accept-Language": "en"})
        self.client.force_login(user)

    def page(self, name: str, *args: object, **query: str) -> Any:
        return self.client.get(reverse(f"admin:{name}", args=args), query)

    def act(self, action: str, *rows: Model, follow: bool = False, **form: str) -> Any:
        """A bulk action, and the page in between confirmed."""
        meta = rows[0]._meta
        return self.client.post(
            reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"),
            {"action": action, ACTION_CHECKBOX_NAME: [row.pk for row in rows], "confirm": "yes", **form},
            follow=follow,
        )


@pytest.fixture
def door() -> Door:
    return Moderation


def text(answer: Any) -> str:
    return str(answer.content.decode())
