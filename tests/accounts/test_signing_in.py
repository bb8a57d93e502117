"""Who gets in, and who is told why not."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from rooms.operations.moderation import ban_user
from tests.accounts.conftest import give_address, who_is_in
from tests.conftest import PASSWORD


def sign_in(browser: Client, login: str, password: str = PASSWORD) -> Any:
    return browser.post("/accounts/login/", {"login": login, "password": password})


@pytest.mark.parametrize("login", ["ana", "Ana", " ana "])
def test_ana_signs_in_by_her_user_name_in_any_case(visitor: Client, ana: User, login: str) -> None:
    response = sign_in(visitor, login)

    assert response.status_code == 302
    assert response["Location"] == "/"
    assert who_is_in(visitor) == ana


def test_a_verified_address_signs_in(visitor: Client, ana: User) -> None:
    give_address(ana, "ana@alameda.example", verified=True)

    sign_in(visitor, "Ana@Alameda.example")

    assert who_is_in(visitor) == ana


def test_an_address_that_nobody_verified_does_not_sign_in(visitor: Client, ana: User) -> None:
    give_address(ana, "ana@alameda.example", verified=False)

    response = sign_in(visitor, "ana@alameda.example")

    assert response.status_code == 200
    assert "is not right" in response.text
    assert who_is_in(visitor) is None


def test_whoever_typed_anas_address_at_sign_up_is_not_taken_for_her(visitor: Client, ana: User, carla: User) -> None:
    give_address(carla, "ana@alameda.example", verified=False)
    give_address(ana, "ana@alameda.example", verified=True)

    sign_in(visitor, "ana@alameda.example")

    assert who_is_in(visitor) == ana


def test_a_wrong_password_says_so_without_saying_who_exists(visitor: Client, ana: User) -> None:
    known, unknown = sign_in(visitor, "ana", "wrong"), sign_in(visitor, "nobody", "wrong")

    assert "The user name or the password is not right." in known.text
    assert "The user name or the password is not right." in unknown.text


def test_somebody_banned_is_told_the_reason_and_stays_out(visitor: Client, carla: User, owner: User) -> None:
    ban_user(actor=owner, user=carla, reason="Sold watches <to> everybody")

    response = sign_in(visitor, "carla")

    assert response.status_code == 403
    assert "Sold watches &lt;to&gt; everybody" in response.text
    assert who_is_in(visitor) is None


def test_a_ban_says_nothing_to_somebody_without_the_password(visitor: Client, carla: User, owner: User) -> None:
    ban_user(actor=owner, user=carla, reason="Sold watches")

    assert "Sold watches" not in sign_in(visitor, "carla", "wrong").text


def test_a_closed_account_is_told_so(visitor: Client, carla: User) -> None:
    User.objects.filter(pk=carla.pk).update(is_active=False)

    response = sign_in(visitor, "carla")

    assert response.status_code == 403
    assert "This account is closed" in response.text


def test_a_ban_ends_the_sessions_that_are_open(ana_in: Client, ana: User, owner: User) -> None:
    assert who_is_in(ana_in) == ana

    ban_user(actor=owner, user=ana, reason="")

    assert who_is_in(ana_in) is None


def test_a_banned_person_costs_no_query_of_their_own(
    ana_in: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ana_in.get("/settings/")
    with django_assert_num_queries(3):  # session, person with ban, the site's name
        ana_in.get("/settings/")


def test_after_five_wrong_passwords_the_right_one_has_to_wait(visitor: Client, ana: User) -> None:
    for _ in range(5):
        sign_in(visitor, "ana", "wrong")

    assert "Too many tries" in sign_in(visitor, "ana").text


def test_nobody_signs_up_without_an_invitation(visitor: Client) -> None:
    fields = {"username": "dora", "password1": PASSWORD}

    assert "People come in by invitation" in visitor.get("/accounts/signup/").text
    assert "People come in by invitation" in visitor.post("/accounts/signup/", fields).text
    assert not User.objects.filter(username="dora").exists()


def test_the_admin_sends_people_to_the_same_door(visitor: Client) -> None:
    response = visitor.get("/admin/login/?next=/admin/")

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")
