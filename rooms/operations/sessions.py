"""Sessions, and what ends with them."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts.models import User
from rooms.errors import NotAllowed
from rooms.models import Notice
from rooms.operations.finding import find_person
from rooms.operations.log import Action, log_action
from rooms.operations.notices import notify
from rooms.permissions import can_ban


def end_session(*, user: User | int, session_key: str) -> None:
    """Sign out one session, and end the connections that came in by it."""
    with transaction.atomic():
        Session.objects.filter(session_key=session_key).delete()
        notify([user if isinstance(user, int) else user.id], Notice.Kind.ACCESS)


def end_all_sessions(*, actor: User, user: User | int, keep: str = "") -> int:
    """Sign out everywhere, but for the session `keep`; how many sessions ended."""
    person = find_person(user)
    if person != actor and not can_ban(actor, person):
        raise NotAllowed
    with transaction.atomic():
        ended = forget_sessions(person, keep)
        if person != actor:
            log_action(actor, Action.END_ALL_SESSIONS, user=person)
        notify([person.id], Notice.Kind.ACCESS)
    return ended


def forget_sessions(person: User, keep: str = "") -> int:
    keys = set(UserSession.objects.filter(user=person).values_list("session_key", flat=True)) - {keep}
    ended, _rows = Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(user=person, session_key__in=keys).delete()
    return ended
