"""What moderators do, what it leaves in the log, and what it never reaches."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from rooms.errors import Invalid, NotAllowed, NotFound
from rooms.models import Ban, Message, ModerationEntry, Notice, Report, Room
from rooms.operations.history import erase_expired
from rooms.operations.messages import delete_message, undelete_message
from rooms.operations.moderation import (
    ban_user,
    mute_member,
    remove_message,
    remove_messages,
    report_message,
    resolve_report,
    restore_message,
    unban_user,
    view_reported,
)
from rooms.operations.rooms import start_direct
from rooms.operations.sending import send_message
from tests.operations.conftest import Recorder


def say(actor: User, room: Room, body: str = "hola") -> Message:
    return Message.objects.get(id=send_message(actor=actor, room=room, body=body).message["id"])


def logged() -> list[tuple[str, str, str, str]]:
    rows = ModerationEntry.objects.order_by("id").values_list("action", "actor_name", "user_name", "reason")
    return list(rows)


def test_a_removal_is_a_deletion_on_the_wire_and_is_taken_back(
    published: Recorder, ana: User, moderator: User, plaza: Room
) -> None:
    message = say(ana, plaza)
    published.clear()
    remove_message(actor=moderator, message=message, reason="grosería")
    restore_message(actor=moderator, message=message, reason="fue un error")
    shown = [(change["seq"], change["event"]["message"]["deleted"]) for change in published.changes]
    assert shown == [(message.seq + 1, True), (message.seq + 2, False)]
    assert published.changes[1]["event"]["message"]["body"] == "hola"
    assert logged() == [
        ("remove_message", "moderator", "ana", "grosería"),
        ("restore_message", "moderator", "ana", "fue un error"),
    ]


def test_removing_or_restoring_twice_takes_no_value_and_leaves_no_entry(
    published: Recorder, ana: User, moderator: User, plaza: Room
) -> None:
    message = say(ana, plaza)
    restore_message(actor=moderator, message=message)
    remove_message(actor=moderator, message=message)
    published.clear()
    remove_message(actor=moderator, message=message)
    assert published.messages == []
    assert len(logged()) == 1


def test_a_removal_of_what_its_author_deleted_takes_no_value(
    published: Recorder, ana: User, moderator: User, plaza: Room
) -> None:
    message = say(ana, plaza)
    delete_message(actor=ana, message=message)
    published.clear()
    remove_message(actor=moderator, message=message)
    assert published.messages == []
    with pytest.raises(NotAllowed):
        undelete_message(actor=ana, message=message)
    restore_message(actor=moderator, message=message)
    assert published.messages == []
    assert not undelete_message(actor=ana, message=message)["deleted"]


def test_a_removal_outlives_thirty_days_no_more(ana: User, moderator: User, plaza: Room) -> None:
    message = say(ana, plaza)
    remove_message(actor=moderator, message=message)
    Message.objects.update(removed_at=timezone.now() - timedelta(days=29))
    assert erase_expired() == 0
    Message.objects.update(removed_at=timezone.now() - timedelta(days=31))
    assert erase_expired() == 1
    with pytest.raises(NotAllowed):
        restore_message(actor=moderator, message=message)


def test_many_are_removed_and_those_that_went_are_counted(ana: User, moderator: User, plaza: Room) -> None:
    messages = [say(ana, plaza, str(i)) for i in range(3)]
    remove_message(actor=moderator, message=messages[0])
    assert remove_messages(actor=moderator, messages=messages) == 2
    with pytest.raises(NotFound):
        remove_messages(actor=moderator, messages=[say(ana, plaza), 999_999])
    assert [message.deleted for message in Message.objects.order_by("id")] == [True, True, True, False]


def test_people_and_room_owners_remove_nothing(ana: User, bruno: User, carla: User, plaza: Room) -> None:
    message = say(bruno, plaza)
    with pytest.raises(NotAllowed):
        remove_message(actor=ana, message=message)
    with pytest.raises(NotFound):
        remove_message(actor=carla, message=message)


def test_a_moderator_does_not_judge_other_peoples_conversations_unless_reported(
    ana: User, bruno: User, moderator: User
) -> None:
    room = start_direct(actor=ana, users=[bruno])
    message, other = say(ana, room), say(ana, room)
    with pytest.raises(NotFound):
        remove_message(actor=moderator, message=message)
    report_message(actor=bruno, message=message)
    remove_message(actor=moderator, message=message)
    with pytest.raises(NotFound):
        remove_message(actor=moderator, message=other)


def test_a_ban_is_told_logged_and_lifted(published: Recorder, carla: User, moderator: User) -> None:
    published.clear()
    ban = ban_user(actor=moderator, user=carla, reason="spam")
    assert ban_user(actor=moderator, user=carla, reason="otra vez") == ban
    assert (ban.reason, ban.by) == ("spam", moderator)
    assert list(Notice.objects.filter(kind="access").values_list("user", flat=True)) == [carla.id]
    assert published.messages == [("notices", {"type": "notice"})]
    assert not User.objects.present().filter(id=carla.id).exists()
    unban_user(actor=moderator, user=carla)
    unban_user(actor=moderator, user=carla)
    assert User.objects.present().filter(id=carla.id).exists()
    assert [action for action, *_rest in logged()] == ["ban_user", "unban_user"]


def test_who_may_ban_whom(ana: User, moderator: User, owner: User, person: Callable[..., User]) -> None:
    other = person("other", is_staff=True)
    bot = person("bot", is_bot=True, is_staff=True)
    for actor, user in (
        (ana, moderator),
        (ana, ana),
        (moderator, moderator),
        (moderator, other),
        (moderator, owner),
        (owner, owner),
        (bot, ana),
    ):
        with pytest.raises(NotAllowed):
            ban_user(actor=actor, user=user)
    ban_user(actor=owner, user=moderator)
    assert Ban.objects.count() == 1


def test_a_mute_is_logged_with_its_end(ana: User, bruno: User, carla: User, moderator: User, plaza: Room) -> None:
    until = timezone.now() + timedelta(hours=1)
    mute_member(actor=moderator, room=plaza, user=bruno, until=until, reason="gritos")
    mute_member(actor=moderator, room=plaza, user=bruno, until=None)
    first, second = ModerationEntry.objects.order_by("id")
    assert (first.action, first.details) == ("mute_member", {"until": until.isoformat()})
    assert (second.action, second.details) == ("unmute_member", {"until": None})
    with pytest.raises(NotFound):
        mute_member(actor=moderator, room=plaza, user=carla, until=until)
    with pytest.raises(NotAllowed):
        mute_member(actor=ana, room=plaza, user=bruno, until=until)


def test_a_report_is_made_once_and_about_others(ana: User, bruno: User, carla: User, plaza: Room) -> None:
    message = say(ana, plaza)
    report = report_message(actor=bruno, message=message, reason="feo")
    assert report_message(actor=bruno, message=message, reason="muy feo") == report
    assert Report.objects.get().reason == "feo"
    with pytest.raises(Invalid):
        report_message(actor=ana, message=message)
    with pytest.raises(NotFound):
        report_message(actor=carla, message=message)
    delete_message(actor=ana, message=message)
    with pytest.raises(NotAllowed):
        report_message(actor=bruno, message=message)


def test_a_report_ends_with_a_removal_or_is_dismissed(ana: User, bruno: User, moderator: User, plaza: Room) -> None:
    bad, fine = say(ana, plaza), say(ana, plaza)
    removed = report_message(actor=bruno, message=bad, reason="feo")
    dismissed = report_message(actor=bruno, message=fine)
    with pytest.raises(NotAllowed):
        resolve_report(actor=bruno, report=removed, outcome="removed")
    for outcome in ("", "forgotten"):
        with pytest.raises(Invalid):
            resolve_report(actor=moderator, report=removed, outcome=outcome)
    resolve_report(actor=moderator, report=removed, outcome="removed")
    resolve_report(actor=moderator, report=dismissed, outcome="dismissed", reason="no es nada")
    resolve_report(actor=moderator, report=dismissed, outcome="removed")
    bad.refresh_from_db()
    fine.refresh_from_db()
    assert (bad.deleted, fine.deleted) == (True, False)
    outcomes = Report.objects.order_by("id").values_list("outcome", "resolved_by")
    assert list(outcomes) == [("removed", moderator.id), ("dismissed", moderator.id)]
    assert logged() == [
        ("remove_message", "moderator", "ana", "feo"),
        ("resolve_report", "moderator", "ana", ""),
        ("resolve_report", "moderator", "ana", "no es nada"),
    ]


def test_a_look_into_somebody_elses_conversation_is_logged(
    ana: User, bruno: User, moderator: User, owner: User, plaza: Room
) -> None:
    room = start_direct(actor=ana, users=[bruno])
    messages = [say(ana, room, str(i)) for i in range(13)]
    report = report_message(actor=bruno, message=messages[6], reason="feo")
    with pytest.raises(NotAllowed):
        view_reported(actor=bruno, report=report)
    assert [one.body for one in view_reported(actor=moderator, report=report)] == [str(i) for i in range(1, 12)]
    assert logged() == [("view_reported", "moderator", "ana", "feo")]


@pytest.mark.parametrize("act", [remove_message, restore_message])
def test_a_reason_has_at_most_500_characters(ana: User, moderator: User, plaza: Room, act: Callable[..., None]) -> None:
    with pytest.raises(Invalid):
        act(actor=moderator, message=say(ana, plaza), reason="a" * 501)


def test_the_log_is_append_only(ana: User, moderator: User, plaza: Room) -> None:
    remove_message(actor=moderator, message=say(ana, plaza))
    entry = ModerationEntry.objects.get()
    attempts: list[Callable[[], object]] = [
        entry.save,
        entry.delete,
        ModerationEntry.objects.all().delete,
        lambda: ModerationEntry.objects.all().update(reason=""),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError):
            attempt()
    User.objects.filter(id=moderator.id).delete()
    assert ModerationEntry.objects.get().actor_name == "moderator"
