"""What goes out by mail, and what happens when it cannot."""

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from chatsite.environment import mailer
from rooms.models import Room
from rooms.operations.invitations import create_invitation
from tests.accounts.conftest import give_address, who_is_in
from tests.conftest import PASSWORD


@pytest.fixture
def no_mail_server(settings: Settings) -> None:
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 9, "timeout": 1},
        }
    }


def test_a_mail_server_that_is_away_keeps_nobody_out(
    visitor: Client, no_mail_server: None, ana: User, plaza: Room, caplog: pytest.LogCaptureFixture
) -> None:
    invitation = create_invitation(actor=ana, room=plaza)

    visitor.post(
        f"/join/{invitation.code}/",
        {"name": "Dora", "username": "dora", "password": PASSWORD, "email": "dora@alameda.example"},
    )

    dora = User.objects.get(username="dora")
    page = visitor.get("/settings/")
    assert page.wsgi_request.user == dora
    assert "The mail to dora@alameda.example could not be sent." in page.text
    assert "We sent a link" not in page.text
    assert "No mail could be sent" in caplog.text


def test_a_mail_server_that_is_away_gives_no_account_away(visitor: Client, no_mail_server: None, ana: User) -> None:
    give_address(ana, "ana@alameda.example", verified=True)

    known = visitor.post("/accounts/password/reset/", {"email": "ana@alameda.example"})
    unknown = visitor.post("/accounts/password/reset/", {"email": "nobody@alameda.example"})

    assert known["Location"] == unknown["Location"] == "/accounts/password/reset/done/"


def test_mails_are_in_the_language_of_whoever_causes_them(visitor: Client, ana: User) -> None:
    give_address(ana, "ana@alameda.example", verified=True)

    visitor.post("/accounts/password/reset/", {"email": "ana@alameda.example"}, headers={"Accept-Language": "es"})

    assert mail.outbox[0].subject == "[Barrio Alameda] Una contraseña nueva"
    assert "Hola Ana," in mail.outbox[0].body
    assert who_is_in(visitor) is None


def test_a_mail_says_names_as_they_are(visitor: Client, ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(name="Ana <& Cía>")
    give_address(ana, "ana@alameda.example", verified=True)

    visitor.post("/accounts/password/reset/", {"email": "ana@alameda.example"})

    assert "Ana <& Cía>" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("url", "backend", "options"),
    [
        ("consolemail://", "console", None),
        (
            "smtp+tls://ana:a%20b@mail.example:587",
            "smtp",
            {"host": "mail.example", "port": 587, "username": "ana", "password": "a b", "use_tls": True},
        ),
        ("smtp+ssl://mail.example:465", "smtp", {"port": 465, "use_ssl": True, "use_tls": False, "timeout": 10}),
        ("filemail:///var/mails", "filebased", {"file_path": "/var/mails"}),
    ],
)
def test_email_url_becomes_djangos_settings(url: str, backend: str, options: dict[str, object] | None) -> None:
    config = mailer(url)

    assert config["BACKEND"] == f"django.core.mail.backends.{backend}.EmailBackend"
    assert (options or {}).items() <= config.get("OPTIONS", {}).items()
