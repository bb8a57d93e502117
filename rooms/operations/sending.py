"""Sending messages: many drafts in few transactions, one order in each room."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from uuid import UUID, uuid4

from django.db import DatabaseError, OperationalError, transaction
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from accounts.models import User
from rooms import events
from rooms.errors import ChatError, Conflict, Invalid, NotFound, Unavailable
from rooms.models import Membership, Mention, Message, Notice, Room, ledger
from rooms.models.ledger import MemberRow, NewMessage, Standing
from rooms.operations.finding import LARGEST_ID, row_id
from rooms.operations.notices import notify
from rooms.operations.rendering import render
from rooms.operations.sequence import check_may_write
from rooms.operations.text import clean_body
from rooms.payloads import MessagePayload, UserPayload, message_payloads, person_payload, timestamp, user_payload
from rooms.permissions import can_read

logger = logging.getLogger(__name__)

PART = 50  # messages of one transaction: it locks their rooms for less than 50 ms
TRIES_ALONE = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to send; `room` and `reply_to` are ids."""

    actor: User
    room: int
    body: str
    key: UUID = field(default_factory=uuid4)
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A kept message; `duplicate` when its key was seen before."""

    message: MessagePayload
    duplicate: bool = False


type Outcome = Sent | ChatError


def send_message(
    *, actor: User, room: Room | int, body: str, key: UUID | None = None, reply_to: int | None = None
) -> Sent:
    """One message; raises what `send_messages` would answer."""
    draft = Draft(actor=actor, room=row_id(room), body=body, key=key or uuid4(), reply_to=reply_to)
    [outcome] = send_messages([draft])
    if isinstance(outcome, ChatError):
        raise outcome
    return outcome


def send_messages(drafts: Sequence[Draft], *, told: Callable[[int, Outcome], object] | None = None) -> list[Outcome]:
    """Keep many messages in few transactions: an outcome per draft, in their order.

    Rooms are locked in order of id. A room whose lock is not free at once goes into a batch of its
    own, so that one slow room delays nobody else's: their outcomes are `told`, by position, before
    it is waited for. What the database itself refuses (a deadlock, a NUL) rolls the batch back, and
    it is run again draft by draft.
    """
    prepared, outcomes = _prepare(drafts)
    busy: defaultdict[int, list[_Prepared]] = defaultdict(list)
    for part in batched(prepared, PART):
        # What comes after a draft that waits, in the same room, waits behind it.
        free = [item for item in part if item.draft.room not in busy]
        waiting = [item for item in part if item.draft.room in busy]
        for item in (*waiting, *(_send_together(free, outcomes, wait=False) if free else ())):
            busy[item.draft.room].append(item)
    for items in busy.values():
        if told is not None:
            for position, outcome in outcomes.items():
                told(position, outcome)  # some a second time
        for part in batched(items, PART):
            _send_together(part, outcomes, wait=True)
    return [outcomes[position] for position in range(len(drafts))]


@dataclass(slots=True)
class _Prepared:
    """A draft, checked and rendered before any lock is taken."""

    position: int
    draft: Draft
    body: str
    first_hash: bytes
    html: str = ""
    mentioned: list[int] = field(default_factory=list)


def _prepare(drafts: Sequence[Draft]) -> tuple[list[_Prepared], dict[int, Outcome]]:
    prepared: list[_Prepared] = []
    outcomes: dict[int, Outcome] = {}
    for position, draft in enumerate(drafts):
        try:
            body = clean_body(draft.body)
            row_id(draft.room)
            if draft.reply_to is not None and not 0 < draft.reply_to <= LARGEST_ID:
                raise Invalid("reply_to")
        except ChatError as error:
            outcomes[position] = error
            continue
        prepared.append(_Prepared(position, draft, body, first_hash(draft.room, draft.reply_to, body)))
    rendered = render([(item.draft.room, item.body) for item in prepared])
    for item, (html, mentioned) in zip(prepared, rendered, strict=True):
        item.html, item.mentioned = html, mentioned
    return prepared, outcomes


def first_hash(room: int, reply_to: int | None, body: str) -> bytes:
    """What tells, for ever, whether a key is used again for the same: the message itself forgets its
    first text when it is edited, and what it answered when that is pruned."""
    return hashlib.blake2b(f"{room} {reply_to or 0} {body}".encode(), digest_size=16).digest()


def _send_together(items: Sequence[_Prepared], outcomes: dict[int, Outcome], *, wait: bool) -> list[_Prepared]:
    """Send in one transaction; returns those whose room was busy (none when it is to `wait`)."""
    try:
        with transaction.atomic():
            return _write(items, outcomes, wait=wait)
    except OperationalError as error:
        if not isinstance(error.__cause__, DeadlockDetected):
            logger.warning("The database did not take %d messages: %s", len(items), error)
            outcomes |= {item.position: Unavailable() for item in items}
            return []
    except DatabaseError as error:
        logger.warning("The database refused something in %d messages: %s", len(items), error)
    for item in items:
        outcomes[item.position] = _send_alone(item)
    return []


def _send_alone(item: _Prepared) -> Outcome:
    """One draft, after its batch was refused. Another transaction may be in its way once more: a
    deadlock, or the same key sent to two rooms at once; not for ever."""
    outcomes: dict[int, Outcome] = {}
    for _try in range(TRIES_ALONE):
        try:
            with transaction.atomic():
                _write([item], outcomes, wait=True)
            return outcomes[item.position]
        except OperationalError as error:
            logger.warning("The database did not take a message: %s", error)
            if not isinstance(error.__cause__, DeadlockDetected):
                return Unavailable()
            outcomes[item.position] = Unavailable()
        except DatabaseError as error:
            logger.exception("The database refused a message", exc_info=error)
            outcomes[item.position] = ChatError()
    return outcomes[item.position]


def _write(items: Sequence[_Prepared], outcomes: dict[int, Outcome], *, wait: bool) -> list[_Prepared]:
    standing = ledger.lock_standing(
        {item.draft.room for item in items},
        {(item.draft.room, item.draft.actor.id) for item in items},
        {(item.draft.actor.id, item.draft.key) for item in items},
        wait=wait,
    )
    busy = [] if wait else [item for item in items if item.draft.room not in standing.rooms]
    batch = _Batch.load(standing, items if wait else [item for item in items if item.draft.room in standing.rooms])
    outcomes |= batch.take_all()
    return busy


@dataclass(slots=True)
class _Batch:
    """Drafts whose rooms are locked, with all that decides about them; read after the locks."""

    standing: Standing
    items: Sequence[_Prepared]
    replied: dict[int, int]
    seqs: dict[int, int]
    known: dict[tuple[int, UUID], Message] = field(default_factory=dict)
    shown: dict[int, MessagePayload] = field(default_factory=dict)  # the known ones as they are now
    created: dict[tuple[int, UUID], tuple[_Prepared, NewMessage]] = field(default_factory=dict)
    payloads: dict[tuple[int, UUID], MessagePayload] = field(default_factory=dict)
    now: datetime = field(default_factory=timezone.now)

    @classmethod
    def load(cls, standing: Standing, items: Sequence[_Prepared]) -> "_Batch":
        answered = {item.draft.reply_to for item in items if item.draft.reply_to is not None}
        batch = cls(
            standing=standing,
            items=items,
            replied=dict(Message.objects.filter(id__in=answered).values_list("id", "room_id")) if answered else {},
            seqs={room.id: room.seq for room in standing.rooms.values()},
        )
        if standing.known:
            known = Message.objects.filter(id__in=standing.known.values())
            batch.known = {(message.author_id or 0, message.key): message for message in known}
            batch.shown = {payload["id"]: payload for payload in message_payloads(known)}
        return batch

    def take_all(self) -> dict[int, Outcome]:
        """Decide about each draft, write what is new, and say what became of each."""
        outcomes: dict[int, Outcome] = {}
        taken: list[tuple[_Prepared, Message | None]] = []
        for item in self.items:
            try:
                taken.append((item, self._take(item)))
            except ChatError as error:
                outcomes[item.position] = error
        if self.created:
            self._save()
        # Only now: it is the writing that gives a message its id.
        return outcomes | {item.position: self._sent(item, known) for item, known in taken}

    def _take(self, item: _Prepared) -> Message | None:
        """The message that the draft's key was used for before; None for a new one."""
        draft = item.draft
        if known := self.known.get((draft.actor.id, draft.key)):
            if bytes(known.first_hash) != item.first_hash:
                raise Conflict
            return known
        if earlier := self.created.get((draft.actor.id, draft.key)):
            if earlier[0].first_hash != item.first_hash:
                raise Conflict
            return None
        room = self.standing.rooms.get(draft.room)
        membership = self.standing.members.get((draft.room, draft.actor.id))
        if room is None or not can_read(room, membership):
            raise NotFound
        check_may_write(room, membership)
        if draft.reply_to is not None and self.replied.get(draft.reply_to) != room.id:
            raise Invalid("reply_to")
        self._create(item)
        return None

    def _create(self, item: _Prepared) -> None:
        draft = item.draft
        seq = self.seqs[draft.room] = self.seqs[draft.room] + 1
        self.created[draft.actor.id, draft.key] = (
            item,
            NewMessage(
                room=draft.room,
                author=draft.actor.id,
                seq=seq,
                key=draft.key,
                first_hash=item.first_hash,
                body=item.body,
                html=item.html,
                reply_to=draft.reply_to,
                created_at=self.now,
            ),
        )

    def _save(self) -> None:
        created = list(self.created.values())
        ledger.write([message for _item, message in created], self._positions(), self.now)
        mentions = [
            Mention(message_id=message.id, user_id=user, room_id=message.room, seq=message.seq)
            for item, message in created
            for user in item.mentioned
        ]
        if mentions:
            Mention.objects.bulk_create(mentions)
        self._show_again({message.room for _item, message in created})
        for key, (item, message) in self.created.items():
            self.payloads[key] = _payload(item, message, _author(self.standing.members[message.room, message.author]))
        events.publish_new_messages([(payload, author) for (author, _key), payload in self.payloads.items()])

    def _positions(self) -> dict[int, int]:
        """One's own message is read: membership → `seq`."""
        return {
            self.standing.members[message.room, message.author].id: message.seq
            for _item, message in self.created.values()
        }

    def _show_again(self, rooms: Collection[int]) -> None:
        """A direct conversation that somebody left is back with its next message."""
        direct = [room for room in rooms if self.standing.rooms[room].kind == Room.Kind.DIRECT]
        if not direct:
            return
        hidden = Membership.objects.filter(room__in=direct, involvement=Membership.Involvement.HIDDEN)
        for membership in hidden.select_for_update(no_key=True).order_by("id"):
            membership.involvement = Membership.Involvement.EVERYTHING
            membership.save(update_fields=["involvement"])
            notify([membership.user_id], Notice.Kind.ROOM, membership.room_id)

    def _sent(self, item: _Prepared, known: Message | None) -> Sent:
        """What was known as it is now, for whoever may read it there; else as it was first sent."""
        if known is None:
            key = item.draft.actor.id, item.draft.key
            return Sent(self.payloads[key], duplicate=self.created[key][0] is not item)
        room = self.standing.rooms.get(known.room_id)
        if room is not None and can_read(room, self.standing.members.get((room.id, item.draft.actor.id))):
            return Sent(self.shown[known.id], duplicate=True)
        first_sent = NewMessage(
            room=known.room_id,
            author=item.draft.actor.id,
            seq=known.seq,
            key=known.key,
            first_hash=item.first_hash,
            body=item.body,
            html=item.html,
            reply_to=item.draft.reply_to,
            created_at=known.created_at,
            id=known.id,
        )
        return Sent(_payload(item, first_sent, user_payload(item.draft.actor)), duplicate=True)


def _author(member: MemberRow) -> UserPayload | None:
    if member.erased:
        return None
    return person_payload(member.user_id, member.name, member.username, member.avatar)


def _payload(item: _Prepared, message: NewMessage, author: UserPayload | None) -> MessagePayload:
    """A message as it was first sent."""
    return {
        "id": message.id,
        "room": message.room,
        "seq": message.seq,
        "changed_seq": message.seq,
        "key": str(message.key),
        "author": author,
        "body": message.body,
        "html": message.html,
        "created_at": timestamp(message.created_at),
        "edited_at": None,
        "deleted": False,
        "reply_to": message.reply_to,
        "mentions": item.mentioned,
        "attachments": [],
        "reactions": [],
    }
