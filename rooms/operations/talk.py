"""What is said in a room of the demo, written part by part in its final state."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from random import Random
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from rooms import demo, markdown
from rooms.models import Membership, Mention, Message, Reaction, Room
from rooms.operations.sending import first_hash
from rooms.operations.sequence import locked_room

# No room is locked over 50 ms: 15 ms on average.
FIRST_PART, LARGEST_PART, PART_SECONDS = 25, 400, 0.015

CONVERSATION = 14  # messages, on average
REPLIES, EDITS, DELETIONS, REACTED, MENTIONS, SPANISH = 0.15, 0.03, 0.01, 0.12, 0.03, 0.45


@dataclass(slots=True)
class _Line:
    """One message of a part, as it will stand, with what happened to it since."""

    message: Message
    first_body: str
    language: str
    answers: "_Line | None" = None
    mentioned: list[int] = field(default_factory=list)
    reactions: list[tuple[int, str]] = field(default_factory=list)


class Talk:
    """What is said in one room, part by part."""

    def __init__(self, room: Room, chance: Random) -> None:
        self._room = room
        self._chance = chance
        # Nobody real has words put into their mouth.
        members = Membership.objects.active().filter(room=room, user__email__endswith=demo.DOMAIN)
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
        moment = end - demo.HISTORY * chance.random()
        waking = 8 <= moment.hour < 23
        if chance.random() < (1.0 if waking else 0.05) * (0.4 if moment.weekday() > 4 else 1.0):
            starts.append(moment)
    moments = [
        min(end, start + timedelta(seconds=chance.expovariate(1 / 300)))
        for start in starts
        for _number in range(CONVERSATION)
    ]
    return sorted(moments[:count])
