"""The cast and the stage: Ana owns the room, Bruno is a member, Carla is an outsider."""

from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache as site_cache
from django.db import connection
from django.test import Client
from django.utils import translation

from accounts.models import User
from rooms.models import Room, Site
from rooms.operations.members import take_in
from rooms.operations.people import MODERATORS, save_person
from rooms.operations.rooms import create_room

type BrokenSession = Callable[[Exception], Client]

PASSWORD = "correct horse battery"
# The site's own hashing is slow on purpose; tests that sign in by password allow this one
HASHED = MD5PasswordHasher().encode(PASSWORD, "salt")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is true of the other database alone is not for this run."""
    other = "sqlite" if connection.vendor == "postgresql" else "postgres"
    elsewhere = [item for item in items if item.get_closest_marker(other)]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in elsewhere]
    # Playwright keeps an event loop running in this thread, beside which no other test can have one
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(autouse=True)
def _no_language_left_behind() -> Iterator[None]:
    """A page activates its reader's language, and only the next request would change it."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _site(request: pytest.FixtureRequest) -> None:
    """What the migrations made, which a flushed database lacks: the site's row and the group."""
    if not {"db", "transactional_db"} & set(request.fixturenames):
        return
    name = "transactional_db" if "transactional_db" in request.fixturenames else "db"
    request.getfixturevalue(name)
    Site.objects.get_or_create(id=1)
    Group.objects.get_or_create(name=MODERATORS)
    site_cache.clear()


@pytest.fixture
def person() -> Callable[..., User]:
    """Makes a person: `person("dora")`."""

    def make(username: str, **fields: object) -> User:
        user = User(username=username, name=username.capitalize(), password=HASHED, **fields)
        save_person(user)
        return user

    return make


@pytest.fixture
def ana(db: None, person: Callable[..., User]) -> User:
    return person("ana")


@pytest.fixture
def bruno(db: None, person: Callable[..., User]) -> User:
    return person("bruno")


@pytest.fixture
def carla(db: None, person: Callable[..., User]) -> User:
    return person("carla")


@pytest.fixture
def moderator(db: None, person: Callable[..., User]) -> User:
    user = person("moderator", is_staff=True)
    user.groups.add(Group.objects.get(name=MODERATORS))
    return user


@pytest.fixture
def owner(db: None, person: Callable[..., User]) -> User:
    user = person("owner", is_staff=True, is_superuser=True)
    user.groups.add(Group.objects.get(name=MODERATORS))
    return user


@pytest.fixture
def plaza(ana: User, bruno: User) -> Room:
    """A closed room of Ana's with Bruno in it; Carla stays outside."""
    room = create_room(actor=ana, name="Plaza", kind="closed")
    take_in(room, [bruno])
    return room


@pytest.fixture
def broken_session(monkeypatch: pytest.MonkeyPatch) -> BrokenSession:
    """A client with a cookie whose session cannot be read: a middleware fails, before any view."""

    def client(error: Exception) -> Client:
        def fail(_store: SessionStore) -> NoReturn:
            raise error

        monkeypatch.setattr(SessionStore, "load", fail)
        browser = Client(raise_request_exception=False)
        browser.cookies[settings.SESSION_COOKIE_NAME] = "c" * 32
        return browser

    return client
