"""A believable demo, written in bulk: three months of people talking in two languages.

Nothing is published: the feeds of running processes find all of it in the database within a second.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import batched, islice
from random import Random
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import AccessToken, User, token_digest
from rooms import demo, markdown
from rooms.errors import Invalid, NotAllowed
from rooms.models import Membership, Mention, Message, Reaction, Room
from rooms.operations.log import log_action
from rooms.operations.members import take_in
from rooms.operations.messages import first_hash
from rooms.operations.rooms import create_room
from rooms.operations.sequence import locked_room

HISTORY = timedelta(days=91)
# How the people of the demo are told from real ones.
DEMO_DOMAIN = "@demo.invalid"
TOKEN_NAME = "demo"  # noqa: S105  (a name)

# No room is locked over 50 ms: a part of people, and a part of messages (15 ms on average).
PEOPLE_PART = 50
FIRST_PART, LARGEST_PART, PART_SECONDS = 25, 400, 0.015

CONVERSATION = 14  # messages, on average
REPLIES, EDITS, DELETIONS, REACTED, MENTIONS, SPANISH = 0.15, 0.03, 0.01, 0.12, 0.03, 0.45
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
    log_action(actor, "seed", people=users, rooms=rooms, messages=messages)
    return Seeded(people, made, tokens)


def real_people() -> int:
    """How many are here besides owners, bots and the people of an earlier demo."""
    people = User.objects.filter(is_superuser=False, is_bot=False).exclude(email__endswith=DEMO_DOMAIN)
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
        email=f"{username}{DEMO_DOMAIN}",
        password=password,
        language=chance.choice(("", "en", "es")),
        date_joined=timezone.now() - HISTORY,
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
        Room.objects.filter(id=room.id).update(created_at=timezone.now() - HISTORY)
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
        for written in _Talk(room, chance).write(share):
            done += written
            progress(done)


@dataclass(slots=True)
class _Line:
    """One message of a part, as it will stand, with what happened to it since."""

    message: Message
    first_body: str
    language: str
    answers: "_Line | None" = None
    mentioned: list[int] = field(default_factory=list)
    reactions: list[tuple[int, str]] = field(default_factory=list)


class _Talk:
    """What is said in one room, part by part."""

    def __init__(self, room: Room, chance: Random) -> None:
        self._room = room
        self._chance = chance
        # Nobody real has words put into their mouth.
        members = Membership.objects.active().filter(room=room, user__email__endswith=DEMO_DOMAIN)
        members = members.select_related("user").order_by("id")
        self._people = [membership.user for membership in members]
        chance.shuffle(self._people)
        # A few say most of it.
        self._weights = [1 / (rank + 1) ** 0.8 for rank in range(len(self._people))]
        self._writer = demo.Writer(chance, tuple({person.name.split()[0] for person in self._people}))
        self._language = "en"
        self._left = 0  # messages of this conversation
        self._circle: list[User] = []
        self._recent: list[_Line] = []

    def write(self, count: int) -> Iterator[int]:
        """Yields how many messages each part kept."""
        times = iter(_times(count, self._chance))
        size = FIRST_PART
        while part := list(islice(times, size)):
            lines = [self._say(moment) for moment in part]
            began = time.perf_counter()
            with transaction.atomic():
                self._keep(lines)
            # As large as the lock may be held: a slow disk gets smaller parts.
            seconds = time.perf_counter() - began
            size = max(10, min(LARGEST_PART, int(size * min(2.0, PART_SECONDS / seconds))))
            yield len(lines)

    def _say(self, moment: datetime) -> _Line:
        chance = self._chance
        opens = self._left == 0
        if opens:
            self._left = max(1, round(chance.expovariate(1 / CONVERSATION)))
            self._language = "es" if chance.random() < SPANISH else "en"
            self._circle = chance.choices(self._people, self._weights, k=chance.randint(2, 6))
        self._left -= 1
        body = self._writer.opening(self._language) if opens else self._writer.answer(self._language)
        line = _Line(self._message(chance.choice(self._circle), body, moment), body, self._language)
        if not opens and self._recent and chance.random() < REPLIES:
            line.answers = chance.choice(self._recent)
        if chance.random() < MENTIONS:
            self._mention(line, chance.choice(self._circle))
        self._recent = [*self._recent[-5:], line]
        return line

    def _message(self, author: User, body: str, moment: datetime) -> Message:
        return Message(
            room=self._room,
            author=author,
            key=UUID(int=self._chance.getrandbits(128), version=4),
            body=body,
            html=_rendered(body),
            created_at=moment,
        )

    def _mention(self, line: _Line, person: User) -> None:
        body = f"@{person.username} {line.message.body}"
        named = {person.username.lower(): markdown.Person(person.id, person.name)}
        line.message.html, line.mentioned = markdown.render(body, named)
        line.message.body = line.first_body = body

    def _keep(self, lines: list[_Line]) -> None:
        """Give each change its value, and write the part; the room is locked from here on."""
        room = locked_room(self._room.id)
        seq = room.seq
        for number, line in enumerate(lines):
            seq += 1
            line.message.seq = line.message.changed_seq = seq
            if number:  # what came just before may change once more
                seq = self._change(lines[number - 1], seq)
        room.seq = seq
        room.save(update_fields=["seq"])
        self._insert(lines)

    def _change(self, line: _Line, seq: int) -> int:
        """An edit, a deletion, some reactions: each takes the next value."""
        chance, message = self._chance, line.message
        if chance.random() < EDITS and not line.mentioned:
            message.body = self._writer.corrected(message.body, line.language)
            message.html, message.edited_at = _rendered(message.body), message.created_at + timedelta(seconds=40)
            seq += 1
            message.changed_seq = seq
        if chance.random() < DELETIONS:
            message.deleted_at = message.erased_at = message.created_at + timedelta(minutes=1)
            message.body = message.html = ""
            line.mentioned = []
            seq += 1
            message.changed_seq = seq
        elif chance.random() < REACTED:
            for user in {person.id for person in chance.choices(self._circle, k=chance.randint(1, 3))}:
                line.reactions.append((user, chance.choice(demo.EMOJI)))
                seq += 1
                message.changed_seq = seq
        return seq

    def _insert(self, lines: list[_Line]) -> None:
        """Answers come after what they answer, which has its id only then."""
        waiting = lines
        while waiting:
            ready = [line for line in waiting if line.answers is None or line.answers.message.pk]
            for line in ready:
                message = line.message
                message.reply_to = line.answers.message if line.answers else None
                message.first_hash = first_hash(message.room_id, message.reply_to_id, line.first_body)
            Message.objects.bulk_create([line.message for line in ready])
            waiting = [line for line in waiting if line.message.pk is None]
        Mention.objects.bulk_create(
            Mention(message=line.message, user_id=user, room=self._room, seq=line.message.seq)
            for line in lines
            for user in line.mentioned
        )
        Reaction.objects.bulk_create(
            Reaction(message=line.message, user_id=user, emoji=emoji)
            for line in lines
            for user, emoji in line.reactions
        )
        for line in lines:
            line.answers = None  # else each would hold all that came before it


@lru_cache(20_000)
def _rendered(body: str) -> str:
    return markdown.render(body, {})[0]


def _times(count: int, chance: Random) -> list[datetime]:
    """Moments in rising order: conversations, by day rather than by night, fewer at weekends."""
    end = timezone.now() - timedelta(minutes=2)
    starts: list[datetime] = []
    while len(starts) * CONVERSATION < count:
        moment = end - HISTORY * chance.random()
        waking = 8 <= moment.hour < 23
        if chance.random() < (1.0 if waking else 0.05) * (0.4 if moment.weekday() > 4 else 1.0):
            starts.append(moment)
    moments = [
        min(end, start + timedelta(seconds=chance.expovariate(1 / 300)))
        for start in starts
        for _number in range(CONVERSATION)
    ]
    return sorted(moments[:count])


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
