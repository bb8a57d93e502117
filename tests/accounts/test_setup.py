"""The first person."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Invitation, User
from rooms.errors import NotFound
from rooms.models import Membership, Room, Site
from rooms.operations.site import set_up_site, setup_secret
from tests.accounts.conftest import who_is_in

FIELDS = {"site_name": "Barrio Alameda", "name": "Ana", "username": "ana", "password": "a door of old wood"}

pytestmark = pytest.mark.django_db


def set_up(browser: Client, **fields: str) -> Any:
    return browser.post("/setup/", {"secret": setup_secret(), **FIELDS, **fields})


@pytest.mark.parametrize("page", ["/", "/accounts/login/", "/settings/", "/join/anything/", "/admin/"])
def test_until_then_every_page_leads_to_the_setup(client: Client, page: str) -> None:
    response = client.get(page)

    assert response.status_code == 302
    assert response["Location"] == "/setup/"


@pytest.mark.parametrize("query", ["", "?secret=", "?secret=wrong", "?secret=ñ"])
def test_without_the_secret_the_page_says_that_the_site_is_not_set_up(client: Client, query: str) -> None:
    response = client.get(f"/setup/{query}")

    assert "not set up yet" in response.text
    assert "<form" not in response.text


def test_a_wrong_secret_makes_no_owner(client: Client) -> None:
    client.post("/setup/", {**FIELDS, "secret": "wrong"})

    assert not User.objects.exists()


def test_the_link_asks_for_the_first_account(client: Client) -> None:
    response = client.get(f"/setup/?secret={setup_secret()}")

    assert "Open your plaza" in response.text
    assert setup_secret() in response.text


def test_ana_opens_the_place_is_signed_in_and_gets_a_link_for_the_others(client: Client) -> None:
    response = set_up(client)

    ana = User.objects.get()
    assert response["Location"] == "/setup/invitation/"
    assert ana.is_owner
    assert Site.load().name == "Barrio Alameda"
    assert who_is_in(client) == ana
    assert Membership.objects.filter(user=ana, room=Room.objects.get(), active=True).exists()
    assert Invitation.objects.get().url in client.get("/setup/invitation/").text


@pytest.mark.parametrize(
    ("field", "value"),
    [("password", "short"), ("username", "a b"), ("site_name", " "), ("email", "ana@alameda"), ("name", "")],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_made(client: Client, field: str, value: str) -> None:
    response = set_up(client, **{field: value})

    assert response.context["form"].errors[field]
    assert not User.objects.exists()
    assert Site.load().set_up_at is None


def test_nobody_sets_the_site_up_twice(client: Client) -> None:
    secret = setup_secret()
    set_up(client)

    again = Client().post("/setup/", {**FIELDS, "username": "carla", "secret": secret})

    assert again["Location"] == "/"
    assert User.objects.get().username == "ana"
    with pytest.raises(NotFound):
        set_up_site(secret=secret, site_name="Mine", username="carla", name="Carla", password="a door of old wood")
    assert not User.objects.filter(username="carla").exists()


def test_once_set_up_the_question_is_not_asked_again(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    set_up(client)
    client.get("/join/anything/")
    client.logout()

    client.get("/accounts/login/")
    with django_assert_num_queries(1):  # the site's name
        client.get("/accounts/login/")
