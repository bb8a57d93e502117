"""A site that is set up, and people at its door."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from rooms.models import Site
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def _plain_and_quick(settings: Settings) -> None:
    """Neither collected static files nor half a second for each password."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def open_site(db: None) -> None:
    Site.objects.filter(id=1).update(name="Barrio Alameda", set_up_at=timezone.now())


@pytest.fixture
def visitor(open_site: None) -> Client:
    """A browser in which nobody is signed in."""
    return Client()


@pytest.fixture
def ana_in(visitor: Client, ana: User) -> Client:
    """Ana's browser, signed in through the page."""
    visitor.post("/accounts/login/", {"login": "ana", "password": PASSWORD})
    return visitor


def who_is_in(browser: Client) -> User | None:
    """Whoever this browser's session belongs to, asked as every page asks."""
    request = browser.get("/settings/").wsgi_request
    return request.user if request.user.is_authenticated else None


def give_address(user: User, email: str, *, verified: bool) -> EmailAddress:
    User.objects.filter(pk=user.pk).update(email=email)
    return EmailAddress.objects.create(user=user, email=email, primary=True, verified=verified)
