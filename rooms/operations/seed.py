"""A believable demo, written in bulk: three months of people talking in two languages.

Nothing is published: the feeds of running processes find all of it in the database within a second.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from itertools import batched
from random import Random

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import AccessToken, User, token_digest
from rooms import demo
from rooms.errors import Invalid, NotAllowed
from rooms.models import Membership, Room
from rooms.operations.log import Action, log_action
from rooms.operations.members import take_in
from rooms.operations.rooms import create_room
from rooms.operations.sequence import locked_room
from rooms.operations.talk import Talk

TOKEN_NAME = "demo"  # noqa: S105  (a name)

PEOPLE_PART = 50  # no room is locked over 50 ms
CLOSED_EVERY = 4  # of the rooms after the first


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made; `tokens` in the order of `people`."""

    people: list[User]
    rooms: list[Room]
    tokens: list[str]


def seed_site(
    *,
    actor: User,
    users: int,
    rooms: int,
    messages: int,
    force: bool = False,
    password: str = "",
    chance: Random | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> Seeded:
    """Make a demo; all its people are in its first room. Refused where real people are, unless forced.

    With a password, all its people sign in by it; otherwise by their tokens alone.
    """
    if not actor.is_owner:
        raise NotAllowed
    if not 0 < users <= 100_000 or not 0 < rooms <= 10_000 or not 0 <= messages <= 10_000_000:
        raise Invalid(None, _("Seed at least one person and one room."))
    if not force and (real := real_people()):
        raise NotAllowed(_("%(count)d real people are on this site.") % {"count": real})
    luck = chance or Random()  # noqa: S311  (what people say needs no secret)
    people, tokens = _make_people(users, password, luck)
    made = _make_rooms(actor, rooms, people, luck)
    _talk(made, messages, luck, progress)
    _read(made, people, luck)
    _take_stock()
    log_action(actor, Action.SEED, people=users, rooms=rooms, messages=messages)
    return Seeded(people, made, tokens)


def real_people() -> int:
    """How many are here besides owners, bots and the people of an earlier demo."""
    people = User.objects.filter(is_superuser=False, is_bot=False).exclude(email__endswith=demo.DOMAIN)
    return int(people.count())


def _make_people(count: int, password: str, chance: Random) -> tuple[list[User], list[str]]:
    taken = {name.lower() for name in User.objects.values_list("username", flat=True)}
    hashed = make_password(password or None)  # one for all: hashing takes a tenth of a second each
    people = [_person(number, hashed, taken, chance) for number in range(count)]
    tokens = [secrets.token_urlsafe(32) for _person in people]
    for part in batched(zip(people, tokens, strict=True), PEOPLE_PART):
        with transaction.atomic():
            User.objects.bulk_create([person for person, _token in part])
            AccessToken.objects.bulk_create(
                [AccessToken(user=person, name=TOKEN_NAME, digest=token_digest(token)) for person, token in part]
            )
    return people, tokens


def _person(number: int, password: str, taken: set[str], chance: Random) -> User:
    first = demo.FIRST_NAMES[number % len(demo.FIRST_NAMES)]
    last = chance.choice(demo.LAST_NAMES)
    plain = slugify(first)
    candidates = [plain, f"{plain}.{slugify(last)}", f"{plain}.{slugify(last)}{number}"]
    username = next((name for name in candidates if name not in taken), f"{plain}.{secrets.token_hex(4)}")
    taken.add(username)
    return User(
        username=username,
        name=f"{first} {last}",
        email=f"{username}{demo.DOMAIN}",
        password=password,
        language=chance.choice(("", "en", "es")),
        date_joined=timezone.now() - demo.HISTORY,
    )


def _make_rooms(actor: User, count: int, people: list[User], chance: Random) -> list[Room]:
    rooms = []
    for number in range(count):
        room = (_quiet_first_room() if number == 0 else None) or _make_room(actor, number, chance)
        share = 1.0 if number == 0 else chance.uniform(0.15, 0.7)
        chosen = people if number == 0 else chance.sample(people, max(1, round(share * len(people))))
        for part in batched(chosen, PEOPLE_PART):
            with transaction.atomic():
                take_in(locked_room(room.id), list(part))
        Room.objects.filter(id=room.id).update(created_at=timezone.now() - demo.HISTORY)
        rooms.append(room)
    return rooms


def _quiet_first_room() -> Room | None:
    """The site's first open room, as long as nobody has written in it."""
    first = Room.objects.filter(kind=Room.Kind.OPEN, archived_at__isnull=True).order_by("id").first()
    return first if first is not None and not first.messages.exists() else None


def _make_room(actor: User, number: int, chance: Random) -> Room:
    name = demo.ROOM_NAMES[number % len(demo.ROOM_NAMES)]
    again = number // len(demo.ROOM_NAMES)
    kind = Room.Kind.CLOSED if number and number % CLOSED_EVERY == 0 else Room.Kind.OPEN
    title = f"{name} {again + 1}" if again else name
    return create_room(actor=actor, name=title, kind=kind, topic=chance.choice(demo.TOPICS))


def _talk(rooms: list[Room], count: int, chance: Random, progress: Callable[[int], None]) -> None:
    """The first room has the most to say, each later one less."""
    weights = [1 / (number + 1) for number in range(len(rooms))]
    shares = [int(count * weight / sum(weights)) for weight in weights]
    shares[0] += count - sum(shares)
    done = 0
    for room, share in zip(rooms, shares, strict=True):
        for written in Talk(room, chance).write(share):
            done += written
            progress(done)


def _read(rooms: list[Room], people: list[User], chance: Random) -> None:
    """Most have read nearly all; some have not looked in for a while."""
    ids = {person.id for person in people}
    for room in rooms:
        end = Room.objects.get(id=room.id).seq
        memberships = [one for one in Membership.objects.active().filter(room=room) if one.user_id in ids]
        for part in batched(memberships, PEOPLE_PART):
            for membership in part:
                behind = 0 if chance.random() < 0.6 else int(chance.paretovariate(0.6))
                membership.read_seq = max(membership.read_seq, end - behind)
            Membership.objects.bulk_update(part, ["read_seq"])


def _take_stock() -> None:
    """PostgreSQL plans by statistics, which its own housekeeping renews only minutes later."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
