"""Rooms and people over HTTP: one happy path each, and who is refused."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, User
from rooms.api.rooms import CALLED_LIMIT, OPEN_LIMIT
from rooms.models import Membership, Room
from rooms.operations.members import take_in
from rooms.operations.people import erase_person
from rooms.operations.rooms import create_room
from rooms.payloads import timestamp
from tests.api.conftest import As

JSON = "application/json"

type Person = Callable[..., User]


def post(client: Client, url: str, **body: object) -> dict[str, object]:
    answer = client.post(f"/api/v1/{url}", body, JSON)
    assert answer.status_code in (200, 201), answer.content
    return dict(answer.json())


def test_me_is_oneself(as_: As, ana: User) -> None:
    assert as_(ana).get("/api/v1/me").json() == {"id": ana.id, "name": "Ana", "username": "ana", "avatar": None}


def test_rooms_are_those_of_welcome(as_: As, bruno: User, plaza: Room) -> None:
    answer = as_(bruno).get("/api/v1/rooms").json()
    assert answer["epoch"]
    [room] = answer["rooms"]
    assert (room["id"], room["member_count"], room["unread"], room["involvement"]) == (plaza.id, 2, 0, "mentions")


def test_a_room_is_made_renamed_archived_and_opened_again(as_: As, ana: User) -> None:
    client = as_(ana)
    made = client.post("/api/v1/rooms", {"name": "Tea", "kind": "open", "topic": "leaves"}, JSON)
    room = made.json()["room"]
    assert (made.status_code, room["name"], room["topic"], room["member_count"]) == (201, "Tea", "leaves", 1)
    renamed = client.patch(f"/api/v1/rooms/{room['id']}", {"name": "Coffee"}, JSON).json()["room"]
    assert (renamed["name"], renamed["topic"]) == ("Coffee", "leaves")
    assert post(client, f"rooms/{room['id']}/archive", reason="tidy")["room"]["archived"]  # type: ignore[index]
    assert not client.post(f"/api/v1/rooms/{room['id']}/unarchive", "", JSON).json()["room"]["archived"]


def test_open_rooms_are_found_joined_and_left(as_: As, ana: User, carla: User, plaza: Room) -> None:
    tea, client = create_room(actor=ana, name="Tea"), as_(carla)
    found = client.get("/api/v1/rooms/open").json()["rooms"]
    assert [(room["id"], room["joined"]) for room in found] == [(tea.id, False)]
    assert post(client, f"rooms/{tea.id}/join")["room"]
    assert client.get("/api/v1/rooms/open").json()["rooms"][0]["joined"]
    assert post(client, f"rooms/{tea.id}/leave") == {}
    assert client.post(f"/api/v1/rooms/{plaza.id}/join").status_code == 404


def test_open_rooms_come_a_page_after_the_other(as_: As, ana: User, carla: User) -> None:
    client = as_(carla)
    rooms = Room.objects.bulk_create([Room(name=f"Sala {number}", seq=1) for number in range(OPEN_LIMIT + 1)])
    pages = [client.get(f"/api/v1/rooms/open{query}").json() for query in ("", f"?after={rooms[-2].id}")]
    found = [room["id"] for page in pages for room in page["rooms"]]
    assert ([page["has_after"] for page in pages], found) == ([True, False], [room.id for room in rooms])
    few = client.get(f"/api/v1/rooms/open?after={rooms[0].id}&limit=2").json()
    assert ([room["id"] for room in few["rooms"]], few["has_after"]) == ([rooms[1].id, rooms[2].id], True)
    assert len(client.get("/api/v1/rooms/open?limit=1000").json()["rooms"]) == OPEN_LIMIT
    for wrong in ("after=-1", "after=x", "limit=0", "limit=1.0"):
        assert client.get(f"/api/v1/rooms/open?{wrong}").json()["field"] == wrong.partition("=")[0]


def test_a_member_says_how_much_a_room_may_ask(as_: As, bruno: User, plaza: Room) -> None:
    client, url = as_(bruno), f"/api/v1/rooms/{plaza.id}/involvement"
    assert client.put(url, {"involvement": "nothing"}, JSON).status_code == 200
    assert Membership.objects.get(room=plaza, user=bruno).involvement == "nothing"
    assert client.put(url, {"involvement": "hidden"}, JSON).json()["code"] == "invalid"


def test_the_owner_adds_and_removes_and_a_member_does_not(
    as_: As, ana: User, bruno: User, carla: User, plaza: Room
) -> None:
    url = f"rooms/{plaza.id}/members"
    assert as_(bruno).post(f"/api/v1/{url}", {"users": [carla.id]}, JSON).json()["code"] == "not_allowed"
    post(as_(ana), url, users=[carla.id])
    members = as_(ana).get(f"/api/v1/{url}").json()
    assert [user["username"] for user in members["users"]] == ["ana", "bruno", "carla"]
    assert not members["has_after"]
    assert members["owners"] == [ana.id]
    after = as_(ana).get(f"/api/v1/{url}?after={bruno.id}").json()
    assert [user["username"] for user in after["users"]] == ["carla"]
    assert as_(ana).delete(f"/api/v1/{url}/{carla.id}").status_code == 200
    assert not Membership.objects.get(room=plaza, user=carla).active


def test_the_few_members_who_are_called_so_are_found_in_a_large_room(
    as_: As, ana: User, bruno: User, carla: User, plaza: Room, person: Person
) -> None:
    take_in(plaza, [person(f"susana{number}") for number in range(CALLED_LIMIT)])
    take_in(plaza, [zulema := person("zulema")])
    User.objects.filter(id=zulema.id).update(name="Zulema Ánaya")
    client, url = as_(bruno), f"/api/v1/rooms/{plaza.id}/members"
    found = client.get(url, {"q": "ANA"}).json()
    assert [user["username"] for user in found["users"][:3]] == ["ana", "zulema", "susana0"]
    assert (len(found["users"]), found["has_after"], found["owners"]) == (CALLED_LIMIT, True, [ana.id])
    assert not client.get(url, {"q": "zul"}).json()["has_after"]
    assert client.get(url, {"q": "carla"}).json()["users"] == []
    assert len(client.get(url, {"q": " "}).json()["users"]) == CALLED_LIMIT + 3
    assert client.get(url, {"q": "\0"}).json()["field"] == "q"
    assert as_(carla).get(url, {"q": "ana"}).status_code == 404


def test_who_left_or_was_erased_is_not_found_among_the_members(
    as_: As, ana: User, bruno: User, carla: User, owner: User, plaza: Room
) -> None:
    take_in(plaza, [carla])
    url = f"/api/v1/rooms/{plaza.id}/members"
    as_(ana).delete(f"{url}/{bruno.id}")
    erase_person(actor=owner, user=carla)
    for gone in ("bruno", "carla"):
        assert as_(ana).get(url, {"q": gone}).json()["users"] == []


def test_the_same_people_have_the_same_direct_room(as_: As, ana: User, carla: User) -> None:
    one = post(as_(ana), "directs", users=[carla.id])["room"]
    other = post(as_(carla), "directs", users=[ana.id])["room"]
    assert one["id"] == other["id"]  # type: ignore[index]
    assert [user["username"] for user in one["members"]] == ["ana", "carla"]  # type: ignore[index]


def test_people_are_found_by_name_and_by_id(as_: As, ana: User, bruno: User, carla: User) -> None:
    client = as_(ana)
    assert [user["username"] for user in client.get("/api/v1/people?q=BRU").json()["users"]] == ["bruno"]
    assert len(client.get("/api/v1/people").json()["users"]) == 2
    users = client.get(f"/api/v1/users?ids={carla.id},{bruno.id},{2**60}").json()["users"]
    assert [user["username"] for user in users] == ["bruno", "carla"]
    assert client.get("/api/v1/people?q=%00").json()["field"] == "q"
    too_many = ",".join(str(number) for number in range(1, 202))
    assert client.get(f"/api/v1/users?ids={too_many}").json()["field"] == "ids"


def test_people_are_found_whatever_the_accents_and_the_case(as_: As, ana: User, person: Person) -> None:
    names = {"angel": "Ángel Muñoz", "zoe": "Zoë", "mjose": "Mª José Ñíguez", "percy": "100% Å_ngel"}
    for username, name in names.items():
        User.objects.filter(id=person(username).id).update(name=name)

    def found(text: str) -> list[str]:
        answer = as_(ana).get("/api/v1/people", {"q": text})
        return [user["username"] for user in answer.json()["users"]]

    assert found("munoz") == found("MUÑOZ") == found("Muñoz a\u0301ngel") == ["angel"]
    assert found("zoe") == found("ZOË") == ["zoe"]
    assert found("ma ñig") == ["mjose"]
    assert found("%") == found("_") == ["percy"]
    assert found("\\") == found("ang%l") == found("' OR ''='") == []


def test_people_come_in_the_order_of_their_names_those_first_who_are_called_so(
    as_: As, ana: User, person: Person
) -> None:
    names = {"u1": "Zoe Ángel", "u2": "Évangeline", "u3": "Ángel", "u4": "Eva", "angela": "Bea"}
    for username, name in names.items():
        User.objects.filter(id=person(username).id).update(name=name)
    client = as_(ana)
    everybody = client.get("/api/v1/people").json()["users"]
    assert [user["name"] for user in everybody] == ["Ángel", "Bea", "Eva", "Évangeline", "Zoe Ángel"]
    found = client.get("/api/v1/people", {"q": "ANGEL"}).json()["users"]
    assert [user["name"] for user in found] == ["Ángel", "Bea", "Zoe Ángel", "Évangeline"]


def test_an_owner_invites_to_the_room(as_: As, ana: User, bruno: User, plaza: Room) -> None:
    url = f"rooms/{plaza.id}/invitations"
    link = post(as_(ana), url, uses=3, days=7)["url"]
    invitation = Invitation.objects.get()
    assert (invitation.url, invitation.room_id, invitation.uses_left) == (link, plaza.id, 3)
    assert as_(bruno).post(f"/api/v1/{url}", {}, JSON).json()["code"] == "not_allowed"


def test_a_moderator_mutes_until_a_time_and_takes_it_back(as_: As, moderator: User, bruno: User, plaza: Room) -> None:
    client, url = as_(moderator), f"/api/v1/rooms/{plaza.id}/members/{bruno.id}/mute"
    until = timezone.now() + timedelta(hours=1)
    answer = client.put(url, {"until": until.isoformat()}, JSON)
    assert (answer.status_code, answer.json()) == (200, {"until": timestamp(until)})
    assert Membership.objects.get(room=plaza, user=bruno).muted_until == until
    assert client.put(url, {"until": None}, JSON).json() == {"until": None}
    assert Membership.objects.get(room=plaza, user=bruno).muted_until is None
    for wrong in ("2026-01-01T10:00:00", "never", 7, "9999-12-31T23:59:59-12:00"):
        assert client.put(url, {"until": wrong}, JSON).json()["code"] == "invalid", wrong
