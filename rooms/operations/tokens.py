"""Access tokens, by which programs sign in."""

import secrets

from django.db import transaction
from django.utils import timezone

from accounts.models import AccessToken, User, token_digest
from rooms.errors import NotAllowed
from rooms.models import Notice
from rooms.operations.finding import find_person
from rooms.operations.log import Action, log_action
from rooms.operations.notices import notify
from rooms.operations.text import clean_line


def create_token(*, actor: User, user: User | int, name: str) -> tuple[AccessToken, str]:
    """A token for oneself, or an owner's for anybody: (row, the token, which is shown only now)."""
    person = find_person(user)
    if person != actor and not actor.is_owner:
        raise NotAllowed
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        row = AccessToken.objects.create(user=person, name=clean_line("name", name, 80), digest=token_digest(token))
        if person != actor:
            log_action(actor, Action.CREATE_TOKEN, user=person, token=row.pk)
    return row, token


def revoke_token(*, actor: User, token: AccessToken) -> None:
    """The connections that came in by it end."""
    if token.user_id != actor.id and not actor.is_owner:
        raise NotAllowed
    with transaction.atomic():
        revoked = AccessToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
        if not revoked:
            return
        if token.user_id != actor.id:
            log_action(actor, Action.REVOKE_TOKEN, user=token.user, token=token.pk)
        notify([token.user_id], Notice.Kind.ACCESS)
