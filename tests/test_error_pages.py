"""Pages that cannot be shown say what happened and where to go."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone, translation
from django.views.defaults import permission_denied

from accounts.models import User
from rooms.models import Room, Site
from tests.conftest import BrokenSession


@pytest.mark.parametrize(("language", "words"), [("en", "This door leads nowhere"), ("es", "Esta puerta no da a")])
def test_an_address_that_leads_nowhere_says_so_in_the_readers_language(ana: User, language: str, words: str) -> None:
    Site.objects.update(set_up_at=timezone.now())
    client = Client(headers={"accept-language": language})
    client.force_login(ana)
    answer = client.get("/no/such/place/")
    assert answer.status_code == 404
    assert words in answer.content.decode()
    assert 'href="/"' in answer.content.decode()


@pytest.mark.django_db
def test_a_refused_page_says_who_can_help() -> None:
    request: HttpRequest = RequestFactory().get("/admin/")
    with translation.override("en"):
        answer = permission_denied(request, PermissionDenied())
    assert answer.status_code == 403
    assert "ask a moderator" in answer.content.decode()


@pytest.mark.parametrize(("language", "words"), [("en", "catching its breath"), ("es", "tomando aliento")])
def test_a_page_without_the_database_says_so_in_the_readers_language(
    plaza: Room, broken_session: BrokenSession, language: str, words: str
) -> None:
    Site.objects.update(set_up_at=timezone.now())
    answer = broken_session(OperationalError("no answer")).get("/", headers={"accept-language": language})
    assert answer.status_code == 503
    assert words in answer.content.decode()


def test_a_page_that_fails_before_its_view_is_our_own_mistake(plaza: Room, broken_session: BrokenSession) -> None:
    Site.objects.update(set_up_at=timezone.now())
    answer = broken_session(RuntimeError("secret")).get("/", headers={"accept-language": "en"})
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()


def test_the_page_for_our_own_mistakes_needs_neither_database_nor_request() -> None:
    with translation.override("en"):
        page = render_to_string("500.html")
    assert "Something broke on our side" in page
    assert "Try again" in page
