"""Who is let in at the JSON door, and how it refuses."""

from unittest.mock import patch

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client
from pytest_django import Settings

from accounts.models import AccessToken, User
from rooms.limits import change_limiter, read_limiter
from rooms.models import Room
from rooms.operations.moderation import ban_user
from rooms.operations.tokens import revoke_token
from tests.api.conftest import As, draft
from tests.conftest import BrokenSession

JSON = "application/json"


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_credentials_it_is_401(plaza: Room, method: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)(f"/api/v1/rooms/{plaza.id}/messages")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_a_token_needs_no_csrf_header(as_: As, ana: User, plaza: Room) -> None:
    answer = as_(ana).post(f"/api/v1/rooms/{plaza.id}/messages", draft(), JSON)
    assert answer.status_code == 201


def test_a_cookie_needs_the_csrf_header_to_change_something(signed_in: As, ana: User, plaza: Room) -> None:
    client = signed_in(ana)
    url = f"/api/v1/rooms/{plaza.id}/messages"
    assert client.get(url).status_code == 200
    refused = client.post(url, draft(), JSON)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert client.post(url, draft(), JSON, headers={"X-CSRFToken": "c" * 32}).status_code == 201


def test_a_wrong_token_is_401_even_beside_a_valid_cookie(signed_in: As, ana: User) -> None:
    answer = signed_in(ana).get("/api/v1/me", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401


def test_a_revoked_token_opens_nothing(as_: As, ana: User) -> None:
    client = as_(ana)
    revoke_token(actor=ana, token=AccessToken.objects.get(user=ana))
    assert client.get("/api/v1/me").status_code == 401


def test_somebody_banned_hears_why_by_token_and_by_cookie(as_: As, signed_in: As, bruno: User, moderator: User) -> None:
    clients = [as_(bruno), signed_in(bruno)]
    ban_user(actor=moderator, user=bruno, reason="Spam")
    for client in clients:
        answer = client.get("/api/v1/me")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        assert answer.json()["reason"] == "Spam"


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "[" * 100_000, '{"key": NaN}', "\xff"])
def test_a_body_that_is_no_json_object_is_invalid(as_: As, ana: User, plaza: Room, body: str) -> None:
    answer = as_(ana).post(f"/api/v1/rooms/{plaza.id}/messages", body.encode("latin-1"), JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_wrong_field_is_named(as_: As, ana: User, plaza: Room) -> None:
    client, url = as_(ana), f"/api/v1/rooms/{plaza.id}/messages"
    wrong = {
        "key": draft(key="not a uuid"),
        "body": draft() | {"body": 3},
        "reply_to": draft(reply_to="7"),
        "attachments": draft(attachments=[7]),
    }
    for field, body in wrong.items():
        answer = client.post(url, body, JSON)
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "invalid", field)


@pytest.mark.parametrize("number", [str(2**70), "-1", "1.0", "1e3", "true", "ab", "%20 1", "1_000", "9" * 5_000])
def test_no_number_breaks_the_door(as_: As, ana: User, plaza: Room, number: str) -> None:
    client = as_(ana)
    for url in (
        f"/api/v1/rooms/{number}/messages",
        f"/api/v1/rooms/{plaza.id}/messages?before={number}",
        f"/api/v1/rooms/{plaza.id}/messages?around={number}",
        f"/api/v1/rooms/{plaza.id}/changes?after={number}",
        f"/api/v1/rooms/{plaza.id}/members?after={number}",
        f"/api/v1/users?ids={number}",
    ):
        answer = client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), url


def test_ids_in_bodies_are_whole_numbers_of_a_possible_size(as_: As, ana: User) -> None:
    client = as_(ana)
    for wrong in (2**70, -1, 1.0, "1", True, None):
        assert client.post("/api/v1/directs", {"users": [wrong]}, JSON).json()["code"] == "invalid"


def test_a_database_that_does_not_answer_is_503(as_: As, ana: User) -> None:
    client = as_(ana)
    with patch("rooms.api.rooms.room_entries", side_effect=OperationalError("locked")):
        answer = client.get("/api/v1/rooms")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_what_nobody_foresaw_is_logged_under_its_incident(as_: As, ana: User, caplog: pytest.LogCaptureFixture) -> None:
    client = as_(ana)
    with patch("rooms.api.rooms.room_entries", side_effect=RuntimeError("secret")):
        answer = client.get("/api/v1/rooms")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.json()["incident"] in caplog.text
    assert "secret" not in answer.content.decode()


def test_an_unknown_address_is_answered_in_json(as_: As, ana: User) -> None:
    answer = as_(ana).get("/api/v1/nonsense/7")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_method_that_an_address_does_not_know_is_405_in_json(as_: As, ana: User, plaza: Room) -> None:
    client = as_(ana)
    for method, url in (("put", "me"), ("options", "rooms"), ("delete", f"rooms/{plaza.id}/messages")):
        answer = getattr(client, method)(f"/api/v1/{url}")
        assert (answer.status_code, answer.json()["code"]) == (405, "unknown_command")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize("path", ["/api/", "/api/v2/rooms", "/api/v1/rooms/../../nonsense"])
def test_beside_the_api_too_an_unknown_address_is_answered_in_json(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_another_host_is_refused_in_json(client: Client) -> None:
    answer = client.get("/api/v1/me/", headers={"host": "elsewhere.example"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("error", [OperationalError("no answer"), InterfaceError("connection closed")])
def test_who_has_a_cookie_hears_that_the_database_is_away(
    plaza: Room, broken_session: BrokenSession, error: Exception
) -> None:
    answer = broken_session(error).get("/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_what_fails_before_the_door_has_an_incident_too(
    plaza: Room, broken_session: BrokenSession, caplog: pytest.LogCaptureFixture
) -> None:
    answer = broken_session(RuntimeError("secret")).get("/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.json()["incident"] in caplog.text


@pytest.mark.parametrize(
    ("method", "url", "most"),
    [("put", "rooms/{room}/involvement", 40), ("post", "directs", 40), ("get", "me", 500)],
)
def test_who_writes_or_reads_too_fast_hears_how_long_to_wait(
    as_: As, bruno: User, plaza: Room, monkeypatch: pytest.MonkeyPatch, method: str, url: str, most: int
) -> None:
    for limiter in (change_limiter, read_limiter):
        monkeypatch.setattr(limiter, "_clock", lambda: 1000.0)  # no token comes back meanwhile
    client = as_(bruno)
    answers = [getattr(client, method)(f"/api/v1/{url.format(room=plaza.id)}") for _number in range(most + 1)]
    assert 429 not in {answer.status_code for answer in answers[:-1]}
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "too_fast")
    assert 0 < answers[-1].json()["retry_after"] <= int(answers[-1].headers["Retry-After"])


def test_sends_are_not_eaten_up_by_other_changes(as_: As, bruno: User, plaza: Room) -> None:
    client = as_(bruno)
    for _number in range(60):
        client.put(f"/api/v1/rooms/{plaza.id}/involvement", {"involvement": "nothing"}, JSON)
    assert client.post(f"/api/v1/rooms/{plaza.id}/messages", draft(), JSON).status_code == 201


def test_a_body_over_the_limit_is_413(as_: As, ana: User, plaza: Room, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    answer = as_(ana).post(f"/api/v1/rooms/{plaza.id}/messages", draft("x" * 2_000), JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_no_answer_stays_in_a_cache(as_: As, ana: User, plaza: Room) -> None:
    client = as_(ana)
    for url in ("me", "rooms", f"rooms/{plaza.id}/changes?after=0"):
        assert client.get(f"/api/v1/{url}").headers["Cache-Control"] == "no-store"
