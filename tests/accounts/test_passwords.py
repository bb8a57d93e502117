"""Forgotten, changed and guessed passwords."""

from typing import Any

from django.core import mail
from django.test import Client

from accounts.models import User
from rooms.operations.moderation import ban_user
from tests.accounts.conftest import give_address, who_is_in
from tests.conftest import PASSWORD

ADDRESS = "ana@alameda.example"
NEW = "another door of old wood"


def forget(browser: Client, email: str = ADDRESS) -> Any:
    return browser.post("/accounts/password/reset/", {"email": email})


def link_in_mail() -> str:
    body = mail.outbox[0].body
    return next(line for line in body.splitlines() if "/password/reset/key/" in line)


def test_a_link_comes_to_a_verified_address_and_sets_a_new_password(visitor: Client, ana: User) -> None:
    give_address(ana, ADDRESS, verified=True)

    response = forget(visitor, "Ana@Alameda.example")

    assert response["Location"] == "/accounts/password/reset/done/"
    assert mail.outbox[0].to == [ADDRESS]
    assert "Your user name is ana" in mail.outbox[0].body
    link = link_in_mail()
    assert link.startswith("http://127.0.0.1:8000/accounts/password/reset/key/")
    form = visitor.get(link.removeprefix("http://127.0.0.1:8000"), follow=True)
    assert "Choose a new password" in form.text
    visitor.post(form.redirect_chain[-1][0], {"password1": NEW})
    visitor.post("/accounts/login/", {"login": "ana", "password": NEW})
    assert who_is_in(visitor) == ana


def test_no_mail_goes_to_an_address_that_nobody_verified(visitor: Client, ana: User) -> None:
    give_address(ana, ADDRESS, verified=False)

    known, unknown = forget(visitor), forget(visitor, "nobody@alameda.example")

    assert mail.outbox == []
    assert known["Location"] == unknown["Location"]


def test_no_mail_goes_to_somebody_banned(visitor: Client, ana: User, owner: User) -> None:
    give_address(ana, ADDRESS, verified=True)
    ban_user(actor=owner, user=ana, reason="")

    forget(visitor)

    assert mail.outbox == []


def test_a_link_in_a_mail_names_the_site_whatever_host_was_asked(visitor: Client, ana: User) -> None:
    give_address(ana, ADDRESS, verified=True)

    visitor.post("/accounts/password/reset/", {"email": ADDRESS}, headers={"Host": "127.0.0.1:6666"})

    assert link_in_mail().startswith("http://127.0.0.1:8000/")


def test_a_reset_signs_out_everywhere(ana_in: Client, ana: User) -> None:
    give_address(ana, ADDRESS, verified=True)
    stranger = Client()
    forget(stranger)
    form = stranger.get(link_in_mail().removeprefix("http://127.0.0.1:8000"), follow=True)

    stranger.post(form.redirect_chain[-1][0], {"password1": NEW})

    assert who_is_in(ana_in) is None
    assert "no longer works" in Client().get(link_in_mail().removeprefix("http://127.0.0.1:8000")).text


def test_a_change_keeps_this_browser_and_no_other(ana_in: Client, ana: User) -> None:
    telephone = Client()
    telephone.post("/accounts/login/", {"login": "ana", "password": PASSWORD})

    response = ana_in.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW})

    assert response["Location"] == "/settings/"
    assert who_is_in(ana_in) == ana
    assert who_is_in(telephone) is None


def test_a_change_needs_the_present_password_and_a_good_new_one(ana_in: Client, ana: User) -> None:
    wrong = ana_in.post("/accounts/password/change/", {"oldpassword": "wrong", "password1": NEW})
    weak = ana_in.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "123"})

    assert "This is not your password." in wrong.text
    assert weak.context["form"].errors["password1"]
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


def test_whoever_knows_their_address_hears_of_a_change(ana_in: Client, ana: User) -> None:
    give_address(ana, ADDRESS, verified=True)

    ana_in.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW})

    assert "password was changed" in mail.outbox[0].subject


def test_a_new_address_needs_the_password_first(ana_in: Client, ana: User) -> None:
    session = ana_in.session
    session["account_authentication_methods"] = []
    session.save()

    asked = ana_in.post("/accounts/email/", {"action_add": "", "email": ADDRESS})

    assert asked["Location"].startswith("/accounts/reauthenticate/")
    ana_in.post(asked["Location"], {"password": PASSWORD})
    assert mail.outbox[0].to == [ADDRESS]
    assert ADDRESS in ana_in.get("/accounts/email/").text
