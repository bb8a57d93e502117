"""Invitations: the links by which people come in."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Invitation, User
from rooms.errors import Invalid, NotAllowed, NotFound
from rooms.models import Membership, Room
from rooms.operations.finding import find_room, membership_of
from rooms.operations.log import Action, log_action
from rooms.operations.members import take_in
from rooms.operations.sequence import locked_room
from rooms.operations.text import clean_line
from rooms.permissions import can_invite

NOTE_LIMIT = 200


def create_invitation(
    *,
    actor: User,
    room: Room | int | None = None,
    uses: int | None = None,
    expires_at: datetime | None = None,
    note: str = "",
) -> Invitation:
    """A link for `uses` people (None: any number) until `expires_at`; they join `room` too."""
    found = find_room(actor, room) if room is not None else None
    if not can_invite(actor, found, membership_of(actor, found) if found else None):
        raise NotAllowed
    if uses is not None and not 0 < uses <= 10_000:
        raise Invalid("uses", _("Between 1 and 10,000 people."))
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid("expires_at", _("This moment is past."))
    with transaction.atomic():
        invitation = Invitation.objects.create(
            created_by=actor,
            room=found,
            uses_left=uses,
            expires_at=expires_at,
            note=clean_line("note", note, NOTE_LIMIT),
        )
        log_action(actor, Action.CREATE_INVITATION, room=found, reason=invitation.note, invitation=invitation.pk)
    return invitation


def accept_invitation(*, actor: User, invitation_code: str) -> None:
    """Somebody who has an account follows the link: it brings them into its room, and counts only then."""
    with transaction.atomic():
        invitation = open_invitation(invitation_code)
        room = invitation.room
        if room is None or room.archived or Membership.objects.active().filter(room=room, user=actor).exists():
            return
        count_use(invitation)
        take_in(locked_room(room.id), [actor])


def open_invitation(code: str) -> Invitation:
    """Locked: of two who take its last use, one comes too late."""
    invitation = Invitation.objects.select_for_update(of=("self",)).filter(code=code).first()
    if invitation is None or not invitation.is_open:
        raise NotFound(_("This invitation no longer lets anybody in. Ask for another one."))
    return invitation


def count_use(invitation: Invitation) -> None:
    if invitation.uses_left is not None:
        invitation.uses_left -= 1
        invitation.save(update_fields=["uses_left"])


def revoke_invitation(*, actor: User, invitation: Invitation) -> None:
    """The link lets nobody in any more."""
    if not actor.is_moderator and invitation.created_by_id != actor.id:
        raise NotAllowed
    with transaction.atomic():
        fresh = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
        if fresh.revoked_at is not None:
            return
        fresh.revoked_at = timezone.now()
        fresh.save(update_fields=["revoked_at"])
        log_action(actor, Action.REVOKE_INVITATION, room=fresh.room, invitation=fresh.pk)
