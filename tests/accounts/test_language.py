"""In which language the doors speak."""

import pytest
from django.test import Client

from accounts.models import User

SPANISH = {"Accept-Language": "es-AR,es;q=0.9,en;q=0.5"}
GERMAN = {"Accept-Language": "de"}


def language_of(browser: Client, path: str = "/accounts/login/", headers: dict[str, str] | None = None) -> str:
    return browser.get(path, headers=headers)["Content-Language"]


def test_strangers_get_the_language_of_their_browser(visitor: Client) -> None:
    assert language_of(visitor, headers=SPANISH) == "es"


def test_without_a_known_one_they_get_the_sites(visitor: Client) -> None:
    assert language_of(visitor, headers=GERMAN) == "en"
    assert language_of(visitor) == "en"


def test_the_link_at_the_foot_is_remembered(visitor: Client) -> None:
    assert 'href="?next=%2Fsettings%2F&amp;language=es"' in visitor.get("/accounts/login/?next=/settings/").text

    visitor.get("/accounts/login/?language=es")

    assert language_of(visitor) == "es"


@pytest.mark.parametrize("language", ["", "de", "../../etc", "e" * 9000])
def test_a_language_that_we_do_not_speak_changes_nothing(visitor: Client, language: str) -> None:
    response = visitor.get("/accounts/login/", {"language": language})

    assert response["Content-Language"] == "en"
    assert "django_language" not in response.cookies


def test_anas_choice_outranks_her_browser(ana_in: Client, ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(language="es")

    assert language_of(ana_in, "/settings/", headers={"Accept-Language": "en"}) == "es"


def test_without_a_choice_ana_gets_her_browsers(ana_in: Client) -> None:
    assert language_of(ana_in, "/settings/", headers=SPANISH) == "es"


def test_pages_tell_caches_what_they_depend_on(visitor: Client) -> None:
    assert "Accept-Language" in visitor.get("/accounts/login/")["Vary"]
