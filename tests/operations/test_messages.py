"""Sending, editing, deleting and undoing: what is kept, what is refused, what is told."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg import Cursor

from accounts.models import User
from rooms.errors import Archived, Conflict, Invalid, Muted, NotAllowed, NotFound, TooLarge
from rooms.models import Membership, Mention, Message, Notice, Room, ledger
from rooms.operations.history import erase_expired, prune_messages
from rooms.operations.members import join_room, leave_room, remove_member
from rooms.operations.messages import delete_message, edit_message, undelete_message
from rooms.operations.moderation import mute_member, remove_message
from rooms.operations.people import update_profile
from rooms.operations.reactions import add_reaction
from rooms.operations.rooms import archive_room, create_room, start_direct
from rooms.operations.sending import Draft, Sent, send_message, send_messages
from tests.operations.conftest import Recorder

KEY = UUID("7f1c0000-0000-4000-8000-000000000001")


def say(actor: User, room: Room, body: str = "¡hola!") -> Message:
    return Message.objects.get(id=send_message(actor=actor, room=room, body=body).message["id"])


def seq_of(room: Room) -> int:
    return Room.objects.get(id=room.id).seq


def test_a_message_takes_the_next_value_and_is_kept_as_it_was_answered(ana: User, plaza: Room) -> None:
    before = seq_of(plaza)
    sent = send_message(actor=ana, room=plaza, body="  **¡hola!** ", key=KEY)
    message = Message.objects.get(id=sent.message["id"])
    assert (message.seq, message.changed_seq, seq_of(plaza)) == (before + 1, before + 1, before + 1)
    assert not sent.duplicate
    assert sent.message["body"] == message.body == "**¡hola!**"
    assert sent.message["html"] == message.html == "<p><strong>¡hola!</strong></p>"
    assert sent.message["key"] == str(KEY) == str(message.key)
    assert sent.message["author"] == {"id": ana.id, "name": "Ana", "username": "ana", "avatar": None}


def test_a_message_is_told_after_the_commit_and_counts_as_read_by_its_author(
    published: Recorder, ana: User, plaza: Room
) -> None:
    published.clear()
    with transaction.atomic():
        sent = send_message(actor=ana, room=plaza, body="hola")
        assert published.messages == []
    [(group, change)] = published.messages
    assert group == f"room.{plaza.id}"
    assert json.loads(change["frame"]) == {
        "type": "message.created",
        "room": plaza.id,
        "seq": sent.message["seq"],
        "message": sent.message,
    }
    assert (change["reader"], change["joined"], change["left"]) == (ana.id, [], [])
    assert Membership.objects.get(room=plaza, user=ana).read_seq == sent.message["seq"]


def test_nothing_is_told_of_what_was_rolled_back(published: Recorder, ana: User, plaza: Room) -> None:
    published.clear()
    with transaction.atomic():
        send_message(actor=ana, room=plaza, body="hola")
        transaction.set_rollback(True)
    assert published.messages == []
    assert not Message.objects.exists()


def test_a_publisher_that_fails_does_not_fail_the_sender(
    published: Recorder, ana: User, plaza: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_messages: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(published, "publish", refuse)
    assert send_message(actor=ana, room=plaza, body="hola").message["id"]


def test_an_outsider_finds_no_closed_room(carla: User, plaza: Room) -> None:
    with pytest.raises(NotFound):
        send_message(actor=carla, room=plaza, body="hola")


def test_an_open_room_is_read_by_anybody_and_written_by_members(ana: User, carla: User) -> None:
    room = create_room(actor=ana, name="Calle")
    with pytest.raises(NotAllowed):
        send_message(actor=carla, room=room, body="hola")
    join_room(actor=carla, room=room)
    assert send_message(actor=carla, room=room, body="hola").message["id"]


def test_a_moderator_does_not_write_where_they_are_no_member(moderator: User, plaza: Room) -> None:
    with pytest.raises(NotFound):
        send_message(actor=moderator, room=plaza, body="hola")


@pytest.mark.parametrize("room", [0, -1, 2**63, 10**30, 999_999])
def test_a_room_that_is_not_there_is_not_found(ana: User, plaza: Room, room: int) -> None:
    with pytest.raises(NotFound):
        send_message(actor=ana, room=room, body="hola")


@pytest.mark.parametrize("body", ["", "  \n\t ", "a\x00b", "a\x1bb", "\ud800", "a\x85b", "a\x7f"])
def test_a_body_without_text_or_with_what_cannot_be_shown_is_invalid(ana: User, plaza: Room, body: str) -> None:
    with pytest.raises(Invalid) as refusal:
        send_message(actor=ana, room=plaza, body=body)
    assert refusal.value.extra == {"field": "body"}


def test_a_body_has_at_most_16000_code_points_after_trimming(ana: User, plaza: Room) -> None:
    assert send_message(actor=ana, room=plaza, body=" " + "😀" * 16_000 + "\n").message["body"] == "😀" * 16_000
    with pytest.raises(TooLarge):
        send_message(actor=ana, room=plaza, body="a" * 16_001)


def test_line_breaks_and_tabs_are_text(ana: User, plaza: Room) -> None:
    assert send_message(actor=ana, room=plaza, body="a\tb\r\nc\nd").message["body"] == "a\tb\r\nc\nd"


def test_who_is_muted_hears_until_when(moderator: User, bruno: User, plaza: Room) -> None:
    until = timezone.now() + timedelta(hours=1)
    mute_member(actor=moderator, room=plaza, user=bruno, until=until)
    with pytest.raises(Muted) as refusal:
        send_message(actor=bruno, room=plaza, body="hola")
    assert refusal.value.extra["until"].startswith(until.strftime("%Y-%m-%dT%H:%M:%S"))
    mute_member(actor=moderator, room=plaza, user=bruno, until=None)
    assert send_message(actor=bruno, room=plaza, body="hola").message["id"]


def test_nobody_writes_in_an_archived_room(ana: User, plaza: Room) -> None:
    message = say(ana, plaza)
    archive_room(actor=ana, room=plaza)
    for change in (
        lambda: send_message(actor=ana, room=plaza, body="hola"),
        lambda: edit_message(actor=ana, message=message, body="adiós"),
        lambda: delete_message(actor=ana, message=message),
    ):
        with pytest.raises(Archived):
            change()


def test_a_reply_stays_in_its_room(ana: User, plaza: Room) -> None:
    here, there = say(ana, plaza), say(ana, create_room(actor=ana, name="Calle"))
    assert send_message(actor=ana, room=plaza, body="sí", reply_to=here.id).message["reply_to"] == here.id
    for elsewhere in (there.id, 999_999, 0, -1, 2**63):
        with pytest.raises(Invalid) as refusal:
            send_message(actor=ana, room=plaza, body="sí", reply_to=elsewhere)
        assert refusal.value.extra == {"field": "reply_to"}


def test_the_newest_name_of_the_author_goes_along(ana: User, plaza: Room) -> None:
    stale = User.objects.get(id=ana.id)
    update_profile(actor=ana, name="Ana María")
    author = send_message(actor=stale, room=plaza, body="hola").message["author"]
    assert author is not None
    assert author["name"] == "Ana María"


# The same key again


def test_the_same_key_again_is_the_same_message(published: Recorder, ana: User, plaza: Room) -> None:
    first = send_message(actor=ana, room=plaza, body="hola", key=KEY)
    published.clear()
    again = send_message(actor=ana, room=plaza, body=" hola ", key=KEY)
    assert again == Sent(first.message, duplicate=True)
    assert (Message.objects.count(), seq_of(plaza)) == (1, first.message["seq"])
    assert published.messages == []


def test_the_key_of_somebody_else_is_another_key(ana: User, bruno: User, plaza: Room) -> None:
    first = send_message(actor=ana, room=plaza, body="hola", key=KEY)
    assert send_message(actor=bruno, room=plaza, body="hola", key=KEY).message["id"] != first.message["id"]


def test_a_key_used_for_something_else_is_a_conflict(ana: User, plaza: Room) -> None:
    other, calle = say(ana, plaza), create_room(actor=ana, name="Calle")
    send_message(actor=ana, room=plaza, body="hola", key=KEY)
    changes: list[dict[str, Any]] = [{"body": "adiós"}, {"room": calle}, {"reply_to": other.id}]
    for change in changes:
        with pytest.raises(Conflict):
            send_message(**{"actor": ana, "room": plaza, "body": "hola", "key": KEY, **change})


def test_a_hash_remembers_the_first_body_over_an_edit(ana: User, plaza: Room) -> None:
    first = send_message(actor=ana, room=plaza, body="hola", key=KEY)
    edited = edit_message(actor=ana, message=first.message["id"], body="adiós")
    assert send_message(actor=ana, room=plaza, body="hola", key=KEY) == Sent(edited, duplicate=True)
    with pytest.raises(Conflict):
        send_message(actor=ana, room=plaza, body="adiós", key=KEY)


def test_a_hash_remembers_the_first_body_over_an_erasure(ana: User, plaza: Room) -> None:
    first = send_message(actor=ana, room=plaza, body="hola", key=KEY)
    gone = delete_message(actor=ana, message=first.message["id"])
    Message.objects.update(deleted_at=timezone.now() - timedelta(minutes=1))
    assert erase_expired() == 1
    assert send_message(actor=ana, room=plaza, body="hola", key=KEY) == Sent(gone, duplicate=True)
    with pytest.raises(Conflict):
        send_message(actor=ana, room=plaza, body="adiós", key=KEY)


def test_a_reply_is_a_duplicate_even_when_what_it_answered_is_pruned(ana: User, owner: User, plaza: Room) -> None:
    question = say(ana, plaza)
    first = send_message(actor=ana, room=plaza, body="sí", key=KEY, reply_to=question.id)
    Message.objects.filter(id=question.id).update(created_at=timezone.now() - timedelta(days=9))
    prune_messages(actor=owner, older_than=timezone.now() - timedelta(days=1))
    again = send_message(actor=ana, room=plaza, body="sí", key=KEY, reply_to=question.id)
    assert (again.duplicate, again.message["id"]) == (True, first.message["id"])


def test_a_duplicate_is_acked_to_somebody_who_was_muted_since(moderator: User, bruno: User, plaza: Room) -> None:
    first = send_message(actor=bruno, room=plaza, body="hola", key=KEY)
    mute_member(actor=moderator, room=plaza, user=bruno, until=timezone.now() + timedelta(hours=1))
    assert send_message(actor=bruno, room=plaza, body="hola", key=KEY) == Sent(first.message, duplicate=True)


def test_a_duplicate_of_somebody_who_was_removed_is_as_it_was_first_sent(ana: User, bruno: User, plaza: Room) -> None:
    first = send_message(actor=bruno, room=plaza, body="hola", key=KEY)
    remove_member(actor=ana, room=plaza, user=bruno)
    add_reaction(actor=ana, message=first.message["id"], emoji="👍")
    assert send_message(actor=bruno, room=plaza, body="hola", key=KEY) == Sent(first.message, duplicate=True)
    with pytest.raises(NotFound):
        send_message(actor=bruno, room=plaza, body="otra", key=uuid4())


def test_a_duplicate_shows_a_reader_what_has_changed_since(ana: User, bruno: User, plaza: Room) -> None:
    send_message(actor=ana, room=plaza, body="hola", key=KEY)
    now = add_reaction(actor=bruno, message=Message.objects.get().id, emoji="👍")
    assert send_message(actor=ana, room=plaza, body="hola", key=KEY) == Sent(now, duplicate=True)


# Many at once


def test_a_bad_draft_never_fails_its_neighbours(ana: User, bruno: User, carla: User, plaza: Room) -> None:
    calle = create_room(actor=ana, name="Calle")
    send_message(actor=ana, room=plaza, body="otra cosa", key=KEY)
    drafts = [
        Draft(ana, plaza.id, "uno"),
        Draft(ana, plaza.id, "\x00"),
        Draft(carla, plaza.id, "dos"),
        Draft(ana, plaza.id, "tres", key=KEY),
        Draft(bruno, calle.id, "cuatro"),
        Draft(ana, 2**70, "cinco"),
        Draft(ana, calle.id, "seis", reply_to=999),
        Draft(ana, 999_999, "siete"),
        Draft(bruno, plaza.id, "ocho"),
        Draft(ana, calle.id, "nueve"),
    ]
    outcomes = send_messages(drafts)
    got = [one.message["body"] if isinstance(one, Sent) else one.code for one in outcomes]
    assert got == [
        *("uno", "invalid", "not_found", "conflict", "not_allowed", "not_found", "invalid", "not_found"),
        *("ocho", "nueve"),
    ]
    first, last = outcomes[0], outcomes[8]
    assert isinstance(first, Sent)
    assert isinstance(last, Sent)
    assert last.message["seq"] == first.message["seq"] + 1 == seq_of(plaza)


def test_no_drafts_have_no_outcomes(db: None) -> None:
    assert send_messages([]) == []


def test_the_same_key_twice_in_one_batch_is_one_message(published: Recorder, ana: User, plaza: Room) -> None:
    published.clear()
    drafts = [Draft(ana, plaza.id, "hola", key=KEY), Draft(ana, plaza.id, "hola", key=KEY)]
    first, again = send_messages([*drafts, Draft(ana, plaza.id, "otra", key=KEY)])[:2]
    assert isinstance(first, Sent)
    assert first.message["id"] == Message.objects.get().id
    assert again == Sent(first.message, duplicate=True)
    assert published.types == ["message.created"]


def test_the_drafts_of_a_room_keep_their_order(published: Recorder, ana: User, bruno: User, plaza: Room) -> None:
    published.clear()
    outcomes = send_messages([Draft((ana, bruno)[i % 2], plaza.id, str(i)) for i in range(20)])
    seqs = [one.message["seq"] for one in outcomes if isinstance(one, Sent)]
    assert seqs == list(range(seqs[0], seqs[0] + 20))
    assert [change["seq"] for change in published.changes] == seqs
    assert [change["event"]["message"]["body"] for change in published.changes] == [str(i) for i in range(20)]
    assert Membership.objects.get(room=plaza, user=ana).read_seq == seqs[18]


def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(
    ana: User, bruno: User, plaza: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    past_django: list[object] = []

    class Counting(Cursor[Any]):
        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            past_django.append(query)
            return super().execute(query, *args, **kwargs)

    monkeypatch.setattr(ledger, "Cursor", Counting)

    def cost(drafts: list[Draft]) -> int:
        past_django.clear()
        with CaptureQueriesContext(connection) as queries:
            send_messages(drafts)
        return len(queries) + len(past_django)

    # Two are the savepoint that stands for the transaction; SQLite writes in three statements.
    queries = 6 if connection.vendor == "postgresql" else 10
    assert cost([Draft(ana, plaza.id, "hola @bruno")]) == queries
    assert cost([Draft(bruno, plaza.id, f"hola @ana {i}") for i in range(50)]) == queries


def test_a_body_full_of_names_fails_no_neighbour(ana: User, plaza: Room) -> None:
    crowds = [Draft(ana, plaza.id, " ".join(f"@{i}{j:x}." for j in range(2_200))) for i in range(8)]
    outcomes = send_messages([*crowds, Draft(ana, plaza.id, "hola")])
    assert all(isinstance(one, Sent) for one in outcomes)


# Mentions


def test_members_are_mentioned_in_any_case_and_outsiders_are_not(
    ana: User, bruno: User, carla: User, plaza: Room
) -> None:
    sent = send_message(actor=ana, room=plaza, body="@BRUNO, @carla, @nobody and @bruno.").message
    assert sent["mentions"] == [bruno.id]
    assert list(Mention.objects.values_list("user", "room", "seq")) == [(bruno.id, plaza.id, sent["seq"])]


def test_a_batch_mentions_in_each_room_its_own_members(ana: User, bruno: User, carla: User, plaza: Room) -> None:
    calle = create_room(actor=ana, name="Calle")
    join_room(actor=carla, room=calle)
    outcomes = send_messages([Draft(ana, room.id, "@bruno @carla") for room in (plaza, calle)])
    assert [one.message["mentions"] for one in outcomes if isinstance(one, Sent)] == [[bruno.id], [carla.id]]


def test_an_edit_mentions_anew(ana: User, bruno: User, plaza: Room) -> None:
    message = say(ana, plaza, "@bruno")
    assert edit_message(actor=ana, message=message, body="@ana")["mentions"] == [ana.id]
    assert edit_message(actor=ana, message=message, body="@bruno @ana")["mentions"] == [ana.id, bruno.id]
    assert edit_message(actor=ana, message=message, body="nobody")["mentions"] == []


# Direct conversations


def test_a_message_brings_a_hidden_conversation_back(ana: User, bruno: User) -> None:
    room = start_direct(actor=ana, users=[bruno])
    leave_room(actor=bruno, room=room)
    Notice.objects.all().delete()
    send_message(actor=ana, room=room, body="¿estás?")
    membership = Membership.objects.get(room=room, user=bruno)
    assert (membership.active, membership.involvement) == (True, Membership.Involvement.EVERYTHING)
    assert list(Notice.objects.values_list("user", "kind", "subject")) == [(bruno.id, "room", room.id)]


# Editing


def test_an_edit_takes_the_next_value_and_keeps_the_seq(published: Recorder, ana: User, plaza: Room) -> None:
    message = say(ana, plaza)
    say(ana, plaza, "otra")
    published.clear()
    payload = edit_message(actor=ana, message=message.id, body="**adiós**")
    assert (payload["seq"], payload["changed_seq"]) == (message.seq, message.seq + 2)
    assert payload["html"] == "<p><strong>adiós</strong></p>"
    assert payload["edited_at"] is not None
    assert published.types == ["message.updated"]
    assert published.changes[0]["event"]["message"] == payload
    assert published.changes[0]["reader"] == 0


def test_the_same_text_again_takes_no_value(published: Recorder, ana: User, plaza: Room) -> None:
    message = say(ana, plaza)
    published.clear()
    payload = edit_message(actor=ana, message=message, body=f" {message.body}\n")
    assert (payload["edited_at"], payload["changed_seq"]) == (None, message.seq)
    assert (seq_of(plaza), published.messages) == (message.seq, [])


def test_only_its_author_edits_or_deletes_a_message(ana: User, bruno: User, carla: User, plaza: Room) -> None:
    message = say(ana, plaza)
    changes: list[Callable[[User], object]] = [
        lambda actor: edit_message(actor=actor, message=message, body="x"),
        lambda actor: delete_message(actor=actor, message=message),
        lambda actor: undelete_message(actor=actor, message=message),
    ]
    for change in changes:
        with pytest.raises(NotAllowed):
            change(bruno)
        with pytest.raises(NotFound):
            change(carla)


def test_who_left_a_closed_room_finds_their_messages_no_more(ana: User, bruno: User, plaza: Room) -> None:
    message = say(bruno, plaza)
    remove_member(actor=ana, room=plaza, user=bruno)
    with pytest.raises(NotFound):
        edit_message(actor=bruno, message=message, body="x")
    with pytest.raises(NotFound):
        delete_message(actor=bruno, message=message)


def test_who_is_muted_deletes_but_does_not_edit(moderator: User, bruno: User, plaza: Room) -> None:
    message = say(bruno, plaza)
    mute_member(actor=moderator, room=plaza, user=bruno, until=timezone.now() + timedelta(hours=1))
    with pytest.raises(Muted):
        edit_message(actor=bruno, message=message, body="x")
    assert delete_message(actor=bruno, message=message)["deleted"]


# Deleting


def test_a_deleted_message_stays_as_an_empty_row(published: Recorder, ana: User, bruno: User, plaza: Room) -> None:
    message = say(ana, plaza, "@bruno")
    add_reaction(actor=bruno, message=message, emoji="👍")
    published.clear()
    payload = delete_message(actor=ana, message=message)
    assert (payload["deleted"], payload["body"], payload["html"]) == (True, "", "")
    assert (payload["mentions"], payload["reactions"], payload["changed_seq"]) == ([], [], message.seq + 2)
    assert published.types == ["message.updated"]


def test_a_deletion_twice_takes_no_value(published: Recorder, ana: User, plaza: Room) -> None:
    message = say(ana, plaza)
    payload = delete_message(actor=ana, message=message)
    published.clear()
    assert delete_message(actor=ana, message=message) == payload
    assert (seq_of(plaza), published.messages) == (payload["changed_seq"], [])


def test_a_deleted_message_is_not_edited(ana: User, plaza: Room) -> None:
    message = say(ana, plaza)
    delete_message(actor=ana, message=message)
    with pytest.raises(NotAllowed):
        edit_message(actor=ana, message=message, body="x")


def test_a_deletion_is_undone_within_ten_seconds(ana: User, bruno: User, plaza: Room) -> None:
    message = say(ana, plaza, "@bruno")
    delete_message(actor=ana, message=message)
    Message.objects.update(deleted_at=timezone.now() - timedelta(seconds=9))
    payload = undelete_message(actor=ana, message=message)
    assert (payload["deleted"], payload["body"], payload["mentions"]) == (False, "@bruno", [bruno.id])
    assert payload["changed_seq"] == message.seq + 2
    assert undelete_message(actor=ana, message=message) == payload
    assert seq_of(plaza) == message.seq + 2


def test_later_than_ten_seconds_a_deletion_stands(ana: User, plaza: Room) -> None:
    message = say(ana, plaza)
    delete_message(actor=ana, message=message)
    Message.objects.update(deleted_at=timezone.now() - timedelta(seconds=10.1))
    with pytest.raises(NotAllowed):
        undelete_message(actor=ana, message=message)


def test_an_author_does_not_undo_a_moderators_removal(moderator: User, ana: User, plaza: Room) -> None:
    message = say(ana, plaza)
    remove_message(actor=moderator, message=message)
    with pytest.raises(NotAllowed):
        undelete_message(actor=ana, message=message)
    assert delete_message(actor=ana, message=message)["deleted"]
