"""Runs operations in a process of its own, as a command of an operator's would: one JSON line each.

`{"call": "moderation.ban_user", "actor": "ana", "user": "bruno"}` answers `{"result": …}` or
`{"error": code}`. People are named by their user names; rows are answered by their ids.
"""

import importlib
import json
import sys
import traceback
from datetime import datetime, timedelta
from typing import Any

import django

django.setup()

from django.db import models  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from rooms.errors import ChatError  # noqa: E402
from rooms.models import Site  # noqa: E402
from rooms.operations.people import save_person  # noqa: E402
from rooms.operations.tokens import create_token  # noqa: E402


def main() -> None:
    for line in sys.stdin:
        wish = json.loads(line)
        number = wish.pop("number", 0)
        try:
            answer: dict[str, Any] = {"result": _plain(_call(wish))}
        except ChatError as error:
            answer = {"error": error.code}
        except Exception:  # told to the test, which fails with it
            answer = {"defect": traceback.format_exc()}
        print(json.dumps({**answer, "number": number}), flush=True)  # noqa: T201


def _call(wish: dict[str, Any]) -> Any:
    module, _dot, name = wish.pop("call").rpartition(".")
    if module == "":
        return globals()[name](**wish)
    function = getattr(importlib.import_module(f"rooms.operations.{module}"), name)
    return function(**{field: _argument(field, value) for field, value in wish.items()})


def _argument(field: str, value: Any) -> Any:
    if field in ("actor", "user"):
        return User.objects.get(username=value)
    if field == "users":
        return list(User.objects.filter(username__in=value))
    if field == "until" and value is not None:
        return timezone.now() + timedelta(seconds=value)
    return value


def _plain(result: Any) -> Any:
    if isinstance(result, models.Model):
        return result.pk
    if isinstance(result, list | tuple):
        return [_plain(one) for one in result]
    if isinstance(result, datetime):
        return result.isoformat()
    return result if isinstance(result, str | int | float | bool | dict | None) else str(result)


def make_person(username: str, **fields: Any) -> dict[str, Any]:
    """A person with a token."""
    user = User(username=username, name=username.capitalize(), **fields)
    user.set_unusable_password()
    save_person(user)
    row, token = create_token(actor=user, user=user, name="test")
    return {"id": user.pk, "username": username, "token": token, "token_id": row.pk}


def make_session(username: str, seconds: int = 3600) -> str:
    """A signed-in browser's session key; allauth lists it."""
    from allauth.usersessions.models import UserSession
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    user = User.objects.get(username=username)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "accounts.backend.AccountBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.set_expiry(seconds)
    session.create()
    UserSession.objects.create(user=user, session_key=session.session_key, ip="127.0.0.1", user_agent="")
    return str(session.session_key)


def revoke(token: int) -> None:
    from accounts.models import AccessToken
    from rooms.operations.tokens import revoke_token

    row = AccessToken.objects.get(pk=token)
    revoke_token(actor=row.user, token=row)


def set_up() -> None:
    Site.objects.filter(id=1, set_up_at__isnull=True).update(set_up_at=timezone.now())


def unset() -> str:
    """The site as nobody has set it up; the secret that does."""
    from rooms.operations.site import setup_secret

    Site.objects.filter(id=1).update(set_up_at=None)
    return setup_secret()


def invite(username: str) -> str:
    """The code of an invitation."""
    from rooms.operations.invitations import create_invitation

    return create_invitation(actor=User.objects.get(username=username)).code


def make_rooms(username: str, count: int) -> None:
    """So many rooms of one person's, without ceremony."""
    from rooms.models import Membership, Room

    user = User.objects.get(username=username)
    rooms = Room.objects.bulk_create(
        [Room(kind="closed", name=f"Room {n}".ljust(70, "."), seq=1, member_count=1) for n in range(count)]
    )
    Membership.objects.bulk_create([Membership(room=room, user=user, changed_seq=1, read_seq=1) for room in rooms])


def open_rooms(count: int, name: str) -> None:
    """So many open rooms in which nobody is: the name, and a number."""
    from rooms.models import Room

    Room.objects.bulk_create([Room(kind="open", name=f"{name} {n}", seq=1) for n in range(1, count + 1)])


def crowd(room: int, count: int) -> list[User]:
    """So many new members of a room, without ceremony."""
    from uuid import uuid4

    from rooms.models import Membership

    people: list[User] = User.objects.bulk_create(
        [User(username=f"crowd-{uuid4().hex}", password="!") for _one in range(count)]
    )
    Membership.objects.bulk_create([Membership(room_id=room, user=user) for user in people])
    return people


def crowd_reacts(room: int, message: int, emoji: str, count: int) -> None:
    """So many new members of a room react to a message."""
    from rooms.operations.reactions import add_reaction

    for user in crowd(room, count):
        add_reaction(actor=user, message=message, emoji=emoji)


def write(room: int, username: str, bodies: list[str]) -> int:
    """Messages of one author's; the room's `seq` after them."""
    from rooms.operations.sending import Draft, Sent, send_messages

    user = User.objects.get(username=username)
    sent = send_messages([Draft(user, room, body) for body in bodies])
    assert all(isinstance(one, Sent) for one in sent), sent
    return max(one.message["seq"] for one in sent if isinstance(one, Sent))


def keys(room: int) -> list[str]:
    """What the database holds of a room, in its order."""
    from rooms.models import Message

    return [str(key) for key in Message.objects.filter(room=room).order_by("seq").values_list("key", flat=True)]


if __name__ == "__main__":
    main()
