"""Messages over HTTP: pages, changes, sending, reporting, removing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from rooms.changes import room_changes
from rooms.history import Place, page
from rooms.limits import send_limiter
from rooms.models import Membership, Message, Report, Room
from rooms.operations.members import remove_member
from rooms.operations.messages import delete_message
from rooms.operations.moderation import mute_member
from rooms.operations.reactions import add_reaction
from rooms.operations.rooms import archive_room, create_room
from rooms.operations.sending import Draft, send_message, send_messages
from rooms.payloads import room_entries
from tests.api.conftest import As, draft

JSON = "application/json"

type Write = Callable[[int], list[int]]


@pytest.fixture
def write(ana: User, plaza: Room) -> Write:
    """`write(5)` has Ana send five messages; returns their `seq`s."""

    def send(count: int) -> list[int]:
        sent = send_messages([Draft(ana, plaza.id, f"message {number}") for number in range(count)])
        return [one.message["seq"] for one in sent]  # type: ignore[union-attr]

    return send


def seqs(answer: dict[str, list[dict[str, int]]]) -> list[int]:
    return [message["seq"] for message in answer["messages"]]


def test_the_latest_page_comes_oldest_first(as_: As, bruno: User, plaza: Room, write: Write) -> None:
    sent = write(60)
    answer = as_(bruno).get(f"/api/v1/rooms/{plaza.id}/messages").json()
    assert seqs(answer) == sent[-50:]
    assert (answer["has_before"], answer["has_after"], answer["seq"]) == (True, False, sent[-1])
    assert answer["epoch"]


def test_before_and_after_leave_their_own_out(as_: As, bruno: User, plaza: Room, write: Write) -> None:
    client, url, sent = as_(bruno), f"/api/v1/rooms/{plaza.id}/messages", write(10)
    before = client.get(url, {"before": sent[3], "limit": 2}).json()
    assert (seqs(before), before["has_before"], before["has_after"]) == (sent[1:3], True, True)
    after = client.get(url, {"after": sent[7], "limit": 50}).json()
    assert (seqs(after), after["has_before"], after["has_after"]) == (sent[8:], True, False)


def test_around_has_its_own_in_the_middle(as_: As, bruno: User, plaza: Room, write: Write) -> None:
    sent = write(11)
    answer = as_(bruno).get(f"/api/v1/rooms/{plaza.id}/messages", {"around": sent[5], "limit": 4}).json()
    assert seqs(answer) == sent[3:7]
    assert answer["has_before"]
    assert answer["has_after"]


def test_what_a_reply_answers_is_found_by_its_id_in_its_own_room_alone(
    as_: As, ana: User, bruno: User, plaza: Room, write: Write
) -> None:
    client, url, sent = as_(bruno), f"/api/v1/rooms/{plaza.id}/messages", write(11)
    middle = Message.objects.get(seq=sent[5])
    assert seqs(client.get(url, {"around_id": middle.id, "limit": 4}).json()) == sent[3:7]
    other = send_message(actor=ana, room=create_room(actor=ana, name="Other", kind="open"), body="elsewhere")
    for unknown in (other.message["id"], 2**40):
        assert client.get(url, {"around_id": unknown}).json()["code"] == "not_found"
    assert client.get(url, {"around_id": middle.id, "around": 1}).json()["code"] == "invalid"


def test_beyond_both_ends_a_page_is_empty_and_says_where_the_rest_is(
    as_: As, bruno: User, plaza: Room, write: Write
) -> None:
    client, url, sent = as_(bruno), f"/api/v1/rooms/{plaza.id}/messages", write(2)
    before = client.get(url, {"before": sent[0]}).json()
    assert (seqs(before), before["has_before"], before["has_after"]) == ([], False, True)
    after = client.get(url, {"after": 2**62}).json()
    assert (seqs(after), after["has_before"], after["has_after"]) == ([], True, False)


def test_a_room_without_messages_has_nothing_on_any_side(as_: As, bruno: User, plaza: Room) -> None:
    answer = as_(bruno).get(f"/api/v1/rooms/{plaza.id}/messages").json()
    assert (answer["messages"], answer["has_before"], answer["has_after"]) == ([], False, False)


def test_walking_back_finds_every_message_once(as_: As, bruno: User, plaza: Room, write: Write) -> None:
    client, sent = as_(bruno), write(23)
    found: list[int] = []
    place: dict[str, int] = {}
    while True:
        answer = client.get(f"/api/v1/rooms/{plaza.id}/messages", {"limit": 5, **place}).json()
        found = seqs(answer) + found
        if not answer["has_before"]:
            break
        place = {"before": found[0]}
    assert found == sent


def test_a_deleted_message_stays_as_a_tombstone(as_: As, ana: User, bruno: User, plaza: Room, write: Write) -> None:
    write(1)
    delete_message(actor=ana, message=Message.objects.get())
    [message] = as_(bruno).get(f"/api/v1/rooms/{plaza.id}/messages").json()["messages"]
    assert (message["deleted"], message["body"], message["html"]) == (True, "", "")


def test_two_places_at_once_are_invalid_and_a_page_has_at_most_200(
    as_: As, bruno: User, plaza: Room, write: Write
) -> None:
    client, url, _sent = as_(bruno), f"/api/v1/rooms/{plaza.id}/messages", write(210)
    assert client.get(url, {"before": 3, "after": 1}).json()["code"] == "invalid"
    assert client.get(url, {"limit": 0}).json() == {**client.get(url, {"limit": 0}).json(), "field": "limit"}
    assert len(client.get(url, {"limit": 1_000}).json()["messages"]) == 200


def test_a_page_ends_early_at_one_mebibyte(as_: As, bruno: User, plaza: Room, write: Write) -> None:
    sent = write(30)
    Message.objects.update(html="x" * 90_000)
    client, url = as_(bruno), f"/api/v1/rooms/{plaza.id}/messages"
    for place, edge in (({}, -1), ({"after": 0}, 0), ({"around": sent[15]}, None)):
        answer = client.get(url, place)
        assert len(answer.content) < 1024 * 1024 + 1_000
        assert 5 <= len(answer.json()["messages"]) < 30
        assert (sent[15] if edge is None else sent[edge]) in seqs(answer.json())


@pytest.mark.parametrize("place", [Place(), Place(before=2**60), Place(after=0), Place(around=30)])
def test_a_page_takes_as_many_queries_at_50_messages_as_at_400(
    ana: User, plaza: Room, write: Write, place: Place
) -> None:
    counts = []
    for more in (50, 350):
        write(more)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(user=ana, room=plaza.id, place=place)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14


@pytest.fixture
def long_room(ana: User, plaza: Room) -> Room:
    """100,000 messages beside another 100,000 in a room of their own."""
    other = Room.objects.create(kind="open", name="Other", seq=100_010)
    with connection.cursor() as cursor:
        for room in (plaza, other):
            cursor.execute(
                "INSERT INTO rooms_message"
                " (room_id, author_id, seq, changed_seq, key, first_hash, body, html, created_at)"
                " SELECT %s, %s, n, n, gen_random_uuid(), '', 'text', '<p>text</p>', now()"
                " FROM generate_series(10, 100009) n",
                [room.id, ana.id],
            )
        cursor.execute("ANALYZE rooms_message")
    Room.objects.filter(id=plaza.id).update(seq=100_009)
    return plaza


@pytest.mark.postgres
@pytest.mark.parametrize("place", [Place(), Place(before=50_000), Place(after=50_000), Place(around=50_000)])
def test_no_page_of_100_000_messages_scans_them_all(ana: User, long_room: Room, place: Place) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = page(user=ana, room=long_room.id, place=place)
    assert len(found["messages"]) == 50
    assert_by_index(queries)


@pytest.mark.postgres
def test_what_a_poller_missed_and_what_is_unread_is_found_by_index(bruno: User, long_room: Room) -> None:
    Membership.objects.filter(room=long_room, user=bruno).update(read_seq=99_900)
    with CaptureQueriesContext(connection) as queries:
        missed = room_changes(long_room.id, 99_990, bruno.id)
        [entry] = room_entries(bruno)
    assert (len(missed.messages or []), entry["unread"]) == (19, 109)
    assert_by_index(queries)


def assert_by_index(queries: CaptureQueriesContext) -> None:
    with connection.cursor() as cursor:
        for query in queries:
            if not query["sql"].startswith("SELECT"):
                continue
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan on rooms_message" not in plan, plan


def test_an_outsider_finds_no_closed_room_and_reads_an_open_one(as_: As, carla: User, ana: User, plaza: Room) -> None:
    client = as_(carla)
    for what in ("messages", "changes?after=0", "members"):
        answer = client.get(f"/api/v1/rooms/{plaza.id}/{what}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    Room.objects.filter(id=plaza.id).update(kind="open")
    for what in ("messages", "changes?after=0", "members"):
        assert client.get(f"/api/v1/rooms/{plaza.id}/{what}").status_code == 200


def test_somebody_removed_reads_nothing_more(as_: As, ana: User, bruno: User, plaza: Room) -> None:
    client = as_(bruno)
    remove_member(actor=ana, room=plaza, user=bruno)
    assert client.get(f"/api/v1/rooms/{plaza.id}/messages").status_code == 404
    assert client.get(f"/api/v1/rooms/{plaza.id}/changes?after=0").status_code == 404


def test_changes_hold_what_came_after_a_value(as_: As, bruno: User, plaza: Room, write: Write) -> None:
    sent = write(3)
    answer = as_(bruno).get(f"/api/v1/rooms/{plaza.id}/changes?after={sent[0]}").json()
    assert (answer["type"], answer["after"], answer["seq"]) == ("room.changes", sent[0], sent[2])
    assert answer["seq"] == answer["state"]["seq"]
    assert seqs(answer) == sent[1:]


def test_a_poller_that_is_ahead_or_far_behind_is_told_to_load_afresh(
    as_: As, bruno: User, plaza: Room, write: Write
) -> None:
    client, sent = as_(bruno), write(510)
    for after in (sent[-1] + 1, 0):
        assert client.get(f"/api/v1/rooms/{plaza.id}/changes?after={after}").json()["type"] == "room.reset"


def test_changes_in_parts_reach_the_room_when_asked_again(as_: As, bruno: User, plaza: Room, write: Write) -> None:
    client, sent = as_(bruno), write(8)
    Message.objects.update(html="x" * 90_000)
    after, found = 0, []
    while True:
        answer = client.get(f"/api/v1/rooms/{plaza.id}/changes?after={after}").json()
        found += seqs(answer)
        after = answer["seq"]
        if after == answer["state"]["seq"]:
            break
    assert found == sent


def test_sending_twice_with_one_key_is_one_message(as_: As, bruno: User, plaza: Room) -> None:
    client, body, url = as_(bruno), draft(), f"/api/v1/rooms/{plaza.id}/messages"
    first, second = client.post(url, body, JSON), client.post(url, body, JSON)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == {**first.json(), "duplicate": True}
    conflict = client.post(url, {**body, "body": "other"}, JSON)
    assert (conflict.status_code, conflict.json()["code"]) == (409, "conflict")


def test_a_reply_names_what_it_answers(as_: As, ana: User, bruno: User, plaza: Room) -> None:
    first = send_message(actor=ana, room=plaza, body="first").message
    sent = as_(bruno).post(f"/api/v1/rooms/{plaza.id}/messages", draft(reply_to=first["id"]), JSON).json()
    assert sent["message"]["reply_to"] == first["id"]


def test_what_an_operation_refuses_has_its_status(
    as_: As, ana: User, bruno: User, carla: User, moderator: User, plaza: Room
) -> None:
    url = f"/api/v1/rooms/{plaza.id}/messages"
    outside = as_(carla).post(url, draft(), JSON)
    assert (outside.status_code, outside.json()["code"]) == (404, "not_found")
    long = as_(bruno).post(url, draft("x" * 16_001), JSON)
    assert (long.status_code, long.json()["code"]) == (413, "too_large")
    nul = as_(bruno).post(url, draft("a\x00b"), JSON)
    assert (nul.status_code, nul.json()["field"]) == (400, "body")
    lone = as_(bruno).post(url, '{"key": "%s", "body": "\\ud800"}' % draft()["key"], JSON)  # noqa: UP031
    assert (lone.status_code, lone.json()["field"]) == (400, "body")
    mute_member(actor=moderator, room=plaza, user=bruno, until=timezone.now() + timedelta(hours=1))
    muted = as_(bruno).post(url, draft(), JSON)
    assert (muted.status_code, muted.json()["code"]) == (403, "muted")
    assert muted.json()["until"]
    archive_room(actor=ana, room=plaza)
    archived = as_(ana).post(url, draft(), JSON)
    assert (archived.status_code, archived.json()["code"]) == (403, "archived")


def test_who_sends_too_fast_hears_how_long_to_wait(
    as_: As, bruno: User, plaza: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_limiter, "_clock", lambda: 1000.0)  # no token comes back meanwhile
    client, url = as_(bruno), f"/api/v1/rooms/{plaza.id}/messages"
    answers = [client.post(url, draft(), JSON) for _number in range(15)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 5
    assert refused[0].json()["code"] == "too_fast"
    assert 0 < refused[0].json()["retry_after"] <= int(refused[0].headers["Retry-After"])


def test_a_member_reports_and_a_moderator_removes(
    as_: As, ana: User, bruno: User, moderator: User, plaza: Room
) -> None:
    message = send_message(actor=ana, room=plaza, body="rude").message["id"]
    report = as_(bruno).post(f"/api/v1/messages/{message}/report", {"reason": "rude"}, JSON)
    assert (report.status_code, Report.objects.get().reason) == (201, "rude")
    refused = as_(bruno).post(f"/api/v1/messages/{message}/remove", {"reason": "mine"}, JSON)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert as_(moderator).post(f"/api/v1/messages/{message}/remove", {"reason": "rude"}, JSON).status_code == 200
    assert Message.objects.get(id=message).deleted


def test_one_learns_which_reactions_are_ones_own(as_: As, ana: User, bruno: User, plaza: Room) -> None:
    first, second = (send_message(actor=ana, room=plaza, body=body).message["id"] for body in ("one", "two"))
    for emoji in ("👍", "🎉"):
        add_reaction(actor=bruno, message=first, emoji=emoji)
    add_reaction(actor=ana, message=second, emoji="👍")
    own = as_(bruno).get(f"/api/v1/reactions?messages={first},{second}").json()
    assert own == {"reactions": [{"message": first, "emoji": "👍"}, {"message": first, "emoji": "🎉"}]}
    remove_member(actor=ana, room=plaza, user=bruno)
    assert as_(bruno).get(f"/api/v1/reactions?messages={first}").json() == {"reactions": []}
    assert as_(bruno).get("/api/v1/reactions?messages=x").json()["field"] == "messages"
    assert as_(bruno).get("/api/v1/reactions").json()["field"] == "messages"
