"""Where somebody is signed in, and signing out here and everywhere."""

from datetime import UTC, datetime

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.translation import override

from accounts.models import User
from rooms.models import Notice
from tests.accounts.conftest import who_is_in
from tests.conftest import PASSWORD


@pytest.fixture
def elsewhere(ana_in: Client) -> Client:
    """Ana's telephone."""
    telephone = Client(headers={"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0) Safari/604.1"})
    telephone.post("/accounts/login/", {"login": "ana", "password": PASSWORD})
    return telephone


def notices(user: User) -> int:
    return Notice.objects.filter(user=user, kind=Notice.Kind.ACCESS).count()


def test_ana_sees_where_she_is_signed_in(ana_in: Client, elsewhere: Client) -> None:
    page = ana_in.get("/accounts/sessions/").text

    assert "Safari, iPhone" in page
    assert page.count("this one") == 1


def test_the_day_of_a_session_is_in_the_readers_language(ana_in: Client, ana: User) -> None:
    for language, since in (("es", "desde el 3 de marzo de 2026"), ("en", "since March 3, 2026")):
        User.objects.filter(id=ana.id).update(language=language)
        UserSession.objects.update(created_at=datetime(2026, 3, 3, 12, tzinfo=UTC))
        with override(language):
            assert since in ana_in.get("/accounts/sessions/").text


def test_signing_out_here_leaves_the_telephone_signed_in(ana_in: Client, elsewhere: Client, ana: User) -> None:
    key = ana_in.session.session_key
    before = notices(ana)

    ana_in.post("/accounts/logout/")

    assert not Session.objects.filter(session_key=key).exists()
    assert who_is_in(ana_in) is None
    assert who_is_in(elsewhere) == ana
    assert notices(ana) == before + 1


def test_a_link_alone_signs_nobody_out(ana_in: Client, ana: User) -> None:
    ana_in.get("/accounts/logout/")
    ana_in.get("/settings/sessions/end/")

    assert who_is_in(ana_in) == ana


def test_signing_out_everywhere_else_keeps_this_browser(ana_in: Client, elsewhere: Client, ana: User) -> None:
    before = notices(ana)

    ana_in.post("/accounts/sessions/")

    assert who_is_in(ana_in) == ana
    assert who_is_in(elsewhere) is None
    assert notices(ana) == before + 1


def test_signing_out_everywhere_means_here_too(ana_in: Client, elsewhere: Client, ana: User) -> None:
    keys = [browser.session.session_key for browser in (ana_in, elsewhere)]

    response = ana_in.post("/settings/sessions/end/")

    assert response["Location"] == "/accounts/login/"
    assert who_is_in(ana_in) is None
    assert who_is_in(elsewhere) is None
    assert not Session.objects.filter(session_key__in=keys).exists()
    assert not UserSession.objects.filter(user=ana).exists()


def test_nobody_signs_somebody_else_out(ana_in: Client, ana: User, carla: User) -> None:
    browser = Client()
    browser.force_login(carla)

    browser.post("/settings/sessions/end/")

    assert who_is_in(ana_in) == ana
