"""What moderators do; each leaves an entry in the moderation log."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from rooms.errors import Invalid, NotAllowed, NotFound
from rooms.models import Ban, Membership, Message, Notice, Report, Room
from rooms.operations.finding import find_message, find_person, find_room, membership_of, row_id
from rooms.operations.log import Action, log_action
from rooms.operations.notices import notify
from rooms.operations.sequence import locked_message, save_message
from rooms.operations.text import REASON_LIMIT, clean_line
from rooms.permissions import can_ban, can_mute, can_remove_messages

SURROUNDINGS = 5  # messages on each side of a reported one
LONGEST_MUTE = timedelta(days=3_650)


def remove_message(*, actor: User, message: Message | int, reason: str = "") -> bool:
    """Hide a message from everybody at once; `restore_message` brings it back while it is kept.

    False for one that was removed, or whose text was erased, before.
    """
    return remove_messages(actor=actor, messages=[message], reason=reason) == 1


def remove_messages(*, actor: User, messages: Sequence[Message | int], reason: str = "") -> int:
    """Many, each in a transaction of its own, so that no room is locked for long; how many went.

    All are looked up first: one that this moderator may not judge leaves the others as they are.
    """
    why = clean_line("reason", reason, REASON_LIMIT)
    found = [_moderated_message(actor, message) for message in messages]
    return sum(_remove(actor, message, why) for message in found)


def _remove(actor: User, message: Message, why: str) -> bool:
    with transaction.atomic():
        room, fresh = locked_message(message)
        if fresh.removed_at is not None or fresh.erased_at is not None:
            return False
        was_deleted = fresh.deleted
        fresh.removed_at = timezone.now()
        log_action(actor, Action.REMOVE_MESSAGE, user=fresh.author, room=room, message=fresh, reason=why)
        if was_deleted:
            fresh.save(update_fields=["removed_at"])
        else:
            save_message(room, fresh, "removed_at")
    return True


def restore_message(*, actor: User, message: Message | int, reason: str = "") -> bool:
    """Take a removal back; `not_allowed` once its text is erased. False for a message that is not removed."""
    why, found = clean_line("reason", reason, REASON_LIMIT), _moderated_message(actor, message)
    with transaction.atomic():
        room, fresh = locked_message(found)
        if fresh.removed_at is None:
            return False
        if fresh.erased_at is not None:
            raise NotAllowed(_("Its text is already erased."))
        fresh.removed_at = None
        log_action(actor, Action.RESTORE_MESSAGE, user=fresh.author, room=room, message=fresh, reason=why)
        if fresh.deleted:
            fresh.save(update_fields=["removed_at"])
        else:
            save_message(room, fresh, "removed_at")
    return True


def _moderated_message(actor: User, message: Message | int) -> Message:
    """A message that this moderator may judge: in a room they look after, or a reported one."""
    if not can_remove_messages(actor):
        find_message(actor, message)
        raise NotAllowed
    found = Message.objects.filter(id=row_id(message)).first()
    if found is None:
        raise NotFound
    looked_after = Room.objects.moderated_by(actor).filter(id=found.room_id).exists()
    if not looked_after and not found.reports.exists():
        raise NotFound
    return found


def ban_user(*, actor: User, user: User | int, reason: str = "") -> Ban:
    """Shut somebody out: all their connections end at once, with the reason."""
    why, person = clean_line("reason", reason, REASON_LIMIT), find_person(user)
    if not can_ban(actor, person):
        raise NotAllowed
    with transaction.atomic():
        ban, created = Ban.objects.get_or_create(user=person, defaults={"reason": why, "by": actor})
        if created:
            log_action(actor, Action.BAN_USER, user=person, reason=why)
            notify([person.id], Notice.Kind.ACCESS)
    return ban


def unban_user(*, actor: User, user: User | int, reason: str = "") -> None:
    why, person = clean_line("reason", reason, REASON_LIMIT), find_person(user)
    if not can_ban(actor, person):
        raise NotAllowed
    with transaction.atomic():
        gone, _rows = Ban.objects.filter(user=person).delete()
        if gone:
            log_action(actor, Action.UNBAN_USER, user=person, reason=why)


def mute_member(
    *, actor: User, room: Room | int, user: User | int, until: datetime | None, reason: str = ""
) -> Membership:
    """Keep somebody from writing in a room until a time; None lets them write again."""
    why, person, found = clean_line("reason", reason, REASON_LIMIT), find_person(user), find_room(actor, room)
    if not can_mute(actor, person):
        raise NotAllowed
    if until is not None and until - timezone.now() > LONGEST_MUTE:
        raise Invalid("until", _("At most ten years."))
    with transaction.atomic():
        membership = membership_of(person, found)
        if membership is None:
            raise NotFound
        membership.muted_until = until
        membership.save(update_fields=["muted_until"])
        action = Action.MUTE_MEMBER if until else Action.UNMUTE_MEMBER
        log_action(actor, action, user=person, room=found, reason=why, until=until.isoformat() if until else None)
    return membership


def report_message(*, actor: User, message: Message | int, reason: str = "") -> Report:
    """Tell the moderators; a second time changes nothing."""
    found, why = find_message(actor, message), clean_line("reason", reason, REASON_LIMIT)
    if found.author_id == actor.id:
        raise Invalid("message", _("This is your own message; you can delete it."))
    if found.deleted:
        raise NotAllowed
    report, _created = Report.objects.get_or_create(message=found, reporter=actor, defaults={"reason": why})
    return report


def resolve_report(*, actor: User, report: Report, outcome: str, reason: str = "") -> None:
    """Close a report: the message is `removed`, or the report `dismissed`."""
    if not actor.is_moderator:
        raise NotAllowed
    if outcome not in (Report.Outcome.REMOVED, Report.Outcome.DISMISSED):
        raise Invalid("outcome")
    why = clean_line("reason", reason, REASON_LIMIT)
    with transaction.atomic():
        fresh = Report.objects.select_for_update(of=("self",)).filter(pk=report.pk).first()
        if fresh is None:  # its message was pruned
            raise NotFound
        if fresh.resolved_at is not None:
            return
        if outcome == Report.Outcome.REMOVED:
            remove_message(actor=actor, message=fresh.message_id, reason=why or fresh.reason)
        fresh.resolved_at, fresh.resolved_by, fresh.outcome = timezone.now(), actor, outcome
        fresh.save(update_fields=["resolved_at", "resolved_by", "outcome"])
        message = fresh.message
        log_action(actor, Action.RESOLVE_REPORT, user=message.author, room=message.room, message=message, reason=why)


def view_reported(*, actor: User, report: Report) -> list[Message]:
    """A reported message with its surroundings, oldest first.

    Looking into a conversation that is not the moderator's own leaves an entry in the log.
    """
    if not actor.is_moderator:
        raise NotAllowed
    message, room = report.message, report.message.room
    if not Room.objects.visible_to(actor).filter(id=room.id).exists():
        log_action(actor, Action.VIEW_REPORTED, user=message.author, room=room, message=message, reason=report.reason)
    around = Message.objects.select_related("author").filter(room=room)
    before = list(around.page_before(message.seq, SURROUNDINGS))
    after = list(around.page_after(message.seq - 1, SURROUNDINGS + 1))
    return [*reversed(before), *after]
