"""All the doors' pages: our look, and nothing that the content security policy forbids."""

import re

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.conftest import give_address

STRANGERS = (
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/inactive/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/3-abc/",
    "/accounts/password/reset/key/done/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/nonsense/",
    "/join/nonsense/",
)
ANAS = (
    "/settings/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/sessions/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
)
INLINE = re.compile(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|javascript:", re.IGNORECASE)


def check(page: str) -> None:
    assert 'class="door"' in page
    assert not INLINE.search(page)
    assert page.count("<h1>") == 1
    assert "Barrio Alameda</title>" in page
    for field in re.findall(r"<input(?![^>]*type=\"hidden\")[^>]*\sid=\"(\w+)\"", page):
        assert f'for="{field}"' in page, f"{field} has no label"


@pytest.mark.parametrize("path", STRANGERS)
@pytest.mark.parametrize("language", ["en", "es"])
def test_strangers_pages_are_ours(visitor: Client, path: str, language: str) -> None:
    response = visitor.get(path, headers={"Accept-Language": language})

    assert response.status_code in (200, 404)
    assert "default-src 'none'" in response["Content-Security-Policy"]
    check(response.text)


@pytest.mark.parametrize("path", ANAS)
@pytest.mark.parametrize("language", ["en", "es"])
def test_anas_pages_are_ours(ana_in: Client, ana: User, path: str, language: str) -> None:
    give_address(ana, "ana@alameda.example", verified=False)

    response = ana_in.get(path, headers={"Accept-Language": language})

    assert response.status_code == 200
    check(response.text)


def test_too_many_tries_and_a_stale_form_are_said_in_our_look(visitor: Client) -> None:
    for _ in range(21):
        response = visitor.post("/join/nonsense/")
    assert response.status_code == 429
    check(response.text)

    stale = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "ana"})
    assert stale.status_code == 403
    check(stale.text)
