"""People: signing up, profiles, roles, and the end of an account."""

import secrets
from functools import partial
from typing import Any, Literal

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AccessToken, Invitation, User
from rooms.errors import Invalid, NotAllowed
from rooms.models import Notice, Room
from rooms.operations.finding import find_person
from rooms.operations.invitations import count_use, open_invitation
from rooms.operations.log import Action, log_action
from rooms.operations.members import leave_every_room, take_in
from rooms.operations.notices import notify
from rooms.operations.sequence import locked_room
from rooms.operations.sessions import forget_sessions
from rooms.operations.text import REASON_LIMIT, clean_line, clean_name
from rooms.permissions import can_make_moderators

MODERATORS = "Moderators"


def sign_up(
    *, invitation_code: str, username: str, name: str, password: str, email: str = "", language: str = ""
) -> User:
    """The account, the invitation's use and the first membership, together or not at all."""
    person = new_person(username=username, name=name, password=password, email=email, language=language)
    with transaction.atomic():
        invitation = open_invitation(invitation_code)
        count_use(invitation)
        save_person(person)
        for room_id in _first_rooms(invitation):
            take_in(locked_room(room_id), [person])
    return person


def _first_rooms(invitation: Invitation) -> list[int]:
    """The site's first open room, and the invitation's; in order of id, as all locks are taken."""
    first = Room.objects.filter(kind=Room.Kind.OPEN, archived_at__isnull=True).order_by("id").first()
    invited = invitation.room if invitation.room and not invitation.room.archived else None
    return sorted({room.id for room in (first, invited) if room is not None})


def new_person(*, username: str, name: str, password: str, email: str = "", language: str = "") -> User:
    """A person who is not saved yet, with everything checked; raises Invalid with the field."""
    person = User(
        username=username.strip(), name=clean_name(name), email=email.strip().lower(), language=_language(language)
    )
    _check("username", User._meta.get_field("username").clean, person.username, person)
    _check("password", validate_password, password, person)
    _check("email", User._meta.get_field("email").clean, person.email, person)
    person.set_password(password)
    return person


def _check(field: str, check: Any, *values: Any) -> None:
    try:
        check(*values)
    except ValidationError as error:
        raise Invalid(field, " ".join(error.messages)) from error


def save_person(person: User) -> None:
    """Save somebody new; their e-mail address counts only once it is verified."""
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        raise Invalid("username", _("Somebody has this user name already.")) from error
    if person.email:
        EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=False)


def _language(language: str) -> str:
    if language and language not in dict(settings.LANGUAGES):
        raise Invalid("language")
    return language


def update_profile(
    *,
    actor: User,
    name: str | None = None,
    language: str | None = None,
    avatar: "File[bytes] | Literal[''] | None" = None,
) -> User:
    """A new name, language or picture ("" takes the picture away); everybody who may see it is told."""
    person = find_person(actor)
    before = (person.name, person.avatar.name)
    if name is not None:
        person.name = clean_name(name)
    if language is not None:
        person.language = _language(language)
    with transaction.atomic():
        if avatar is not None:
            _forget_picture(person)
            # A new file name each time, so that pictures can be cached for ever.
            person.avatar = "" if avatar == "" else avatar
            if avatar:
                avatar.name = f"{secrets.token_hex(8)}-{avatar.name}"
        person.save(update_fields=["name", "language", "avatar"])
        if (person.name, person.avatar.name) != before:
            notify([person.id], Notice.Kind.PROFILE)
    return person


def _forget_picture(person: User) -> None:
    """Its file goes too, once nothing shows it any more."""
    if name := person.avatar.name:
        transaction.on_commit(partial(person.avatar.storage.delete, name))


def make_moderator(*, actor: User, user: User | int) -> None:
    _set_moderator(actor, user, True)


def unmake_moderator(*, actor: User, user: User | int) -> None:
    _set_moderator(actor, user, False)


def _set_moderator(actor: User, user: User | int, moderator: bool) -> None:
    person = find_person(user)
    if not can_make_moderators(actor) or person.is_superuser:
        raise NotAllowed
    with transaction.atomic():
        group = Group.objects.get(name=MODERATORS)
        if moderator:
            group.user_set.add(person)
        else:
            group.user_set.remove(person)
        if person.is_staff != moderator:
            person.is_staff = moderator
            person.save(update_fields=["is_staff"])
            log_action(actor, Action.MAKE_MODERATOR if moderator else Action.UNMAKE_MODERATOR, user=person)


def set_active(*, actor: User, user: User | int, active: bool, reason: str = "") -> None:
    """Close somebody's account, or open it again: all their connections end."""
    why, person = clean_line("reason", reason, REASON_LIMIT), find_person(user)
    if not actor.is_owner or person == actor:
        raise NotAllowed
    with transaction.atomic():
        if person.is_active == active:
            return
        person.is_active = active
        person.save(update_fields=["is_active"])
        log_action(actor, Action.ACTIVATE_USER if active else Action.DEACTIVATE_USER, user=person, reason=why)
        notify([person.id], Notice.Kind.ACCESS)


def erase_person(*, actor: User, user: User | int) -> None:
    """Take everything that names a person away; their messages stay, without an author."""
    person = find_person(user)
    if person.is_superuser or (person != actor and not actor.is_owner):
        raise NotAllowed
    leave_every_room(person)
    with transaction.atomic():
        leave_every_room(person)  # joined meanwhile; rooms are locked before people, as when somebody sends
        # A colon stands in no user name, so that nobody has taken this one.
        person.username, person.name, person.email = f"erased:{person.id}", "", ""
        _forget_picture(person)
        person.avatar = ""
        person.is_active, person.is_staff, person.erased_at = False, False, timezone.now()
        person.set_unusable_password()
        person.save()
        person.groups.clear()
        EmailAddress.objects.filter(user=person).delete()
        AccessToken.objects.filter(user=person).delete()
        forget_sessions(person)
        log_action(actor, Action.ERASE_PERSON, user=person)
        notify([person.id], Notice.Kind.PROFILE)
        notify([person.id], Notice.Kind.ACCESS)
