"""The conversation page: who gets it, and what it starts with."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import User
from rooms import history
from rooms.errors import NotFound
from rooms.models import Membership, Room, Site
from rooms.operations.reads import mark_read
from rooms.operations.rooms import create_room
from rooms.operations.sending import Draft, send_messages


@pytest.fixture(autouse=True)
def _plain_static_files(db: None, settings: Any) -> None:
    """Not those that `collectstatic` would have to gather first; and a site that is set up."""
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    Site.objects.update_or_create(id=1, defaults={"name": "Alameda", "set_up_at": "2026-01-01T00:00:00Z"})


QUERIES = 11  # of a room's page, whatever is in it


def window(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="accounts.backend.AccountBackend")
    return client


def starts_with(client: Client, address: str) -> dict[str, Any]:
    """The data that the page hands to its script."""
    page = client.get(address)
    assert page.status_code == 200
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', page.content.decode())
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def say(user: User, room: Room, count: int) -> None:
    for start in range(0, count, 100):
        send_messages(
            [Draft(actor=user, room=room.id, body=f"word {n}") for n in range(start, min(start + 100, count))]
        )


def test_a_stranger_is_sent_to_sign_in(client: Client, plaza: Room) -> None:
    for address in ("/", f"/rooms/{plaza.id}/"):
        assert client.get(address)["Location"] == f"/accounts/login/?next={address}"


def test_an_outsider_does_not_find_a_closed_room(carla: User, plaza: Room) -> None:
    assert window(carla).get(f"/rooms/{plaza.id}/").status_code == 404


def test_who_is_removed_while_the_page_is_made_does_not_find_the_room(
    ana: User, plaza: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def removed_by_now(**_asked: object) -> None:
        raise NotFound

    monkeypatch.setattr(history, "page", removed_by_now)
    assert window(ana).get(f"/rooms/{plaza.id}/").status_code == 404


def test_an_outsider_looks_into_an_open_room(ana: User, carla: User) -> None:
    market = create_room(actor=ana, name="Market")
    say(ana, market, 1)
    data = starts_with(window(carla), f"/rooms/{market.id}/")
    assert data["here"]["name"] == "Market"
    assert [message["body"] for message in data["page"]["messages"]] == ["word 0"]
    assert data["rooms"] == []


def test_what_people_write_does_not_end_the_data(ana: User, plaza: Room) -> None:
    body = "</script><!-- <script>alert('&amp;')</script>"
    send_messages([Draft(actor=ana, room=plaza.id, body=body)])
    data = starts_with(window(ana), f"/rooms/{plaza.id}/")
    assert data["page"]["messages"][-1]["body"] == body


def test_what_is_kept_of_the_page_is_in_each_readers_language(ana: User, plaza: Room) -> None:
    for language, word in (("en", "Find a member"), ("es", "Buscar"), ("en", "Find a member")):
        User.objects.filter(id=ana.id).update(language=language)
        assert word in window(ana).get(f"/rooms/{plaza.id}/").content.decode(), language


def test_a_renamed_site_is_so_on_the_next_page(ana: User, plaza: Room) -> None:
    for name in ("Alameda", "Alameda & Co."):
        Site.objects.update(name=name)
        assert window(ana).get(f"/rooms/{plaza.id}/").content.decode().count(escape(name) + "<") == 3


def test_home_is_the_room_that_one_read_last(ana: User, plaza: Room) -> None:
    market = create_room(actor=ana, name="Market")
    say(ana, market, 1)
    client = window(ana)
    mark_read(actor=ana, room=plaza, seq=plaza.seq)
    Membership.objects.filter(room=plaza, user=ana).update(read_at="2030-01-01T00:00:00Z")
    assert client.get("/")["Location"] == f"/rooms/{plaza.id}/"


def test_home_without_a_room_says_what_to_do(carla: User) -> None:
    data = starts_with(window(carla), "/")
    assert (data["here"], data["page"], data["rooms"]) == (None, None, [])


def test_one_starts_to_read_where_one_left_off(ana: User, bruno: User, plaza: Room) -> None:
    say(bruno, plaza, 80)
    data = starts_with(window(ana), f"/rooms/{plaza.id}/")
    assert data["here"]["unread"] == 80
    assert data["page"]["messages"][0]["body"] == "word 0"
    assert data["page"]["has_after"]


def test_an_address_leads_to_its_message(ana: User, bruno: User, plaza: Room) -> None:
    say(bruno, plaza, 120)
    data = starts_with(window(ana), f"/rooms/{plaza.id}/?at=60")
    assert data["at"] == 60
    seqs = [message["seq"] for message in data["page"]["messages"]]
    assert seqs[0] < 60 < seqs[-1]


@pytest.mark.parametrize("asked", ["x", "-1", "1" * 30, "٣", ""])
def test_an_address_that_is_none_leads_to_the_room(ana: User, plaza: Room, asked: str) -> None:
    assert starts_with(window(ana), f"/rooms/{plaza.id}/?at={asked}")["at"] is None


def test_a_page_costs_the_same_however_much_was_said(
    ana: User, bruno: User, plaza: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = window(ana)
    client.get(f"/rooms/{plaza.id}/")  # the session and the site are known from here on
    for count in (3, 150):
        say(bruno, plaza, count)
        create_room(actor=ana, name=f"Market {count}")
        mark_read(actor=ana, room=plaza, seq=1_000)
        with django_assert_num_queries(QUERIES):
            client.get(f"/rooms/{plaza.id}/")


def test_the_page_runs_nothing_of_its_own(ana: User, plaza: Room) -> None:
    """The policy would forbid it: no inline script, style or handler."""
    page = window(ana).get(f"/rooms/{plaza.id}/")
    text = page.content.decode()
    assert "'unsafe" not in page["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))", text)
    assert not re.search(r"<style|\sstyle=|\son\w+=", text)
