"""Invitations: the links by which people come in."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Invitation, User
from rooms.errors import Invalid, NotAllowed
from rooms.models import Room
from rooms.operations.finding import find_room, membership_of
from rooms.operations.log import log_action
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
        log_action(actor, "create_invitation", room=found, reason=invitation.note, invitation=invitation.pk)
    return invitation


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
        log_action(actor, "revoke_invitation", room=fresh.room, invitation=fresh.pk)
