"""What goes away with time, and what stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from rooms.errors import NotAllowed
from rooms.models import Mention, Message, ModerationEntry, Notice, Reaction, Room
from rooms.operations import history
from rooms.operations.history import erase_expired, prune_messages, prune_notices
from rooms.operations.messages import delete_message, undelete_message
from rooms.operations.reactions import add_reaction
from rooms.operations.rooms import create_room
from rooms.operations.sending import send_message
from rooms.payloads import message_payload
from tests.operations.conftest import Recorder


def ago(**spans: float) -> object:
    return timezone.now() - timedelta(**spans)


def test_a_deleted_text_is_erased_once_it_cannot_come_back(published: Recorder, ana: User, plaza: Room) -> None:
    message = Message.objects.get(id=send_message(actor=ana, room=plaza, body="secreto @ana").message["id"])
    add_reaction(actor=ana, message=message, emoji="👍")
    payload = delete_message(actor=ana, message=message)
    published.clear()
    Message.objects.update(deleted_at=ago(seconds=10))
    assert erase_expired() == 0
    Message.objects.update(deleted_at=ago(seconds=12))
    assert (erase_expired(), erase_expired()) == (1, 0)
    message = Message.objects.get()
    assert (message.body, message.html) == ("", "")
    assert message.erased_at is not None
    assert not Mention.objects.exists()
    assert not Reaction.objects.exists()
    assert message_payload(message) == payload
    assert published.messages == []
    with pytest.raises(NotAllowed):
        undelete_message(actor=ana, message=message)


def test_what_is_not_deleted_is_not_erased(ana: User, plaza: Room) -> None:
    send_message(actor=ana, room=plaza, body="hola")
    Message.objects.update(created_at=ago(days=900))
    assert erase_expired() == 0


def test_erasing_goes_in_parts(ana: User, plaza: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PART", 2)
    for turn in range(5):
        send_message(actor=ana, room=plaza, body=str(turn))
    Message.objects.update(deleted_at=ago(minutes=1))
    assert [erase_expired() for _turn in range(4)] == [2, 2, 1, 0]


def test_pruning_goes_in_parts_that_take_a_value_each(
    published: Recorder, ana: User, owner: User, plaza: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PART", 2)
    seqs = [send_message(actor=ana, room=plaza, body=str(turn)).message["seq"] for turn in range(6)]
    kept = send_message(actor=ana, room=create_room(actor=ana, name="Calle"), body="nueva").message["id"]
    Message.objects.filter(seq__in=seqs[:5], room=plaza).update(created_at=ago(days=9))
    published.clear()
    older_than = timezone.now() - timedelta(days=1)
    assert prune_messages(actor=owner, older_than=older_than, dry_run=True) == 5
    assert Message.objects.count() == 7
    assert prune_messages(actor=owner, older_than=older_than) == 5
    assert set(Message.objects.values_list("id", flat=True)) == {kept, Message.objects.get(room=plaza).id}
    told = [(change["seq"], change["event"]["state"]["first_seq"]) for change in published.changes]
    assert told == [(seqs[5] + 1, seqs[2]), (seqs[5] + 2, seqs[4]), (seqs[5] + 3, seqs[5])]
    assert ModerationEntry.objects.get().details["messages"] == 5


def test_only_an_owner_prunes(ana: User, moderator: User, plaza: Room) -> None:
    for actor in (ana, moderator):
        with pytest.raises(NotAllowed):
            prune_messages(actor=actor, older_than=timezone.now())


def test_old_notices_are_forgotten(ana: User, plaza: Room) -> None:
    assert Notice.objects.count() == 2
    assert prune_notices() == 0
    Notice.objects.filter(user=ana).update(created_at=ago(hours=2))
    assert prune_notices() == 1
