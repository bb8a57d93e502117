"""Sending, editing and deleting messages."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from uuid import UUID, uuid4

from django.db import DatabaseError, OperationalError, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from accounts.models import User
from rooms import events, markdown
from rooms.errors import ChatError, Conflict, Invalid, NotAllowed, NotFound, Unavailable
from rooms.models import Membership, Mention, Message, Notice, Room
from rooms.models.membership import MembershipQuerySet
from rooms.operations.finding import LARGEST_ID, find_message, membership_of, row_id
from rooms.operations.notices import notify
from rooms.operations.sequence import check_may_write, check_not_archived, locked_message, save_message
from rooms.operations.text import clean_body
from rooms.payloads import MessagePayload, author_payload, message_payload, timestamp
from rooms.permissions import can_edit, can_read

logger = logging.getLogger(__name__)

UNDELETE_SECONDS = 10
PART = 50  # messages of one transaction: it locks their rooms for less than 50 ms
NAMES_AT_ONCE = 10_000  # parameters of one query: SQLite allows 32,766 or more
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
    people = _people_named([(item.draft.room, item.body) for item in prepared])
    for item in prepared:
        item.html, item.mentioned = _render(item.body, people.get(item.draft.room, {}))
    return prepared, outcomes


def _render(body: str, people: dict[str, markdown.Person]) -> tuple[str, list[int]]:
    """With the people of its own names alone: what others of the batch name makes no difference."""
    return markdown.render(body, {name: people[name] for name in markdown.mentioned_names(body) if name in people})


def first_hash(room: int, reply_to: int | None, body: str) -> bytes:
    """What tells, for ever, whether a key is used again for the same: the message itself forgets its
    first text when it is edited, and what it answered when that is pruned."""
    return hashlib.blake2b(f"{room} {reply_to or 0} {body}".encode(), digest_size=16).digest()


def _people_named(texts: Sequence[tuple[int, str]]) -> dict[int, dict[str, markdown.Person]]:
    """By room, the members whom texts in it may mention: one query, none where nobody is named."""
    names = {name for _room, body in texts for name in markdown.mentioned_names(body)}
    people: defaultdict[int, dict[str, markdown.Person]] = defaultdict(dict)
    members = Membership.objects.active().filter(room__in={room for room, _body in texts}, user__erased_at__isnull=True)
    for some in batched(names, NAMES_AT_ONCE):
        named = members.alias(name=Lower("user__username")).filter(name__in=some)
        for membership in named.select_related("user"):
            user = membership.user
            people[membership.room_id][user.username.lower()] = markdown.Person(user.id, user.name or user.username)
    return people


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
    ids = {item.draft.room for item in items}
    rooms = {room.id: room for room in (Room.objects.locked if wait else Room.objects.locked_if_free)(*ids)}
    busy = [] if wait else [item for item in items if item.draft.room not in rooms]
    batch = _Batch.load(rooms, [item for item in items if wait or item.draft.room in rooms])
    outcomes |= batch.take_all()
    return busy


@dataclass(slots=True)
class _Batch:
    """Drafts whose rooms are locked, with all that decides about them; read after the locks."""

    rooms: dict[int, Room]
    items: list[_Prepared]
    memberships: dict[tuple[int, int], Membership]
    known: dict[tuple[int, UUID], Message]
    replied: dict[int, int]
    created: list[tuple[_Prepared, Message]] = field(default_factory=list)
    now: datetime = field(default_factory=timezone.now)

    @classmethod
    def load(cls, rooms: dict[int, Room], items: list[_Prepared]) -> "_Batch":
        drafts = [item.draft for item in items]
        authors = {draft.actor.id for draft in drafts}
        keys = {draft.key for draft in drafts}
        answered = {draft.reply_to for draft in drafts if draft.reply_to is not None}
        known = Message.objects.with_details().filter(author__in=authors, key__in=keys)
        replied = Message.objects.filter(id__in=answered).values_list("id", "room_id") if answered else ()
        return cls(
            rooms=rooms,
            items=items,
            memberships={(one.room_id, one.user_id): one for one in _locked_memberships(rooms.values(), authors)},
            known={(message.author_id or 0, message.key): message for message in known},
            replied=dict(replied),
        )

    def take_all(self) -> dict[int, Outcome]:
        """Decide about each draft, write what is new, and say what became of each."""
        outcomes: dict[int, Outcome] = {}
        taken: list[tuple[_Prepared, Message, bool]] = []
        for item in self.items:
            try:
                taken.append((item, *self._take(item)))
            except ChatError as error:
                outcomes[item.position] = error
        if self.created:
            self._save()
        # Only now: it is the writing that gives a message its id.
        return outcomes | {
            item.position: Sent(self._payload(item, message), duplicate) for item, message, duplicate in taken
        }

    def _take(self, item: _Prepared) -> tuple[Message, bool]:
        """The draft's message, and whether it was there already."""
        draft = item.draft
        if known := self.known.get((draft.actor.id, draft.key)):
            if bytes(known.first_hash) != item.first_hash:
                raise Conflict
            return known, True
        room = self.rooms.get(draft.room)
        membership = self.memberships.get((draft.room, draft.actor.id))
        if room is None or not can_read(room, membership):
            raise NotFound
        check_may_write(room, membership)
        if draft.reply_to is not None and self.replied.get(draft.reply_to) != room.id:
            raise Invalid("reply_to")
        return self._create(item, room), False

    def _create(self, item: _Prepared, room: Room) -> Message:
        room.seq += 1
        message = Message(
            room=room,
            author=self.memberships[room.id, item.draft.actor.id].user,
            seq=room.seq,
            changed_seq=room.seq,
            key=item.draft.key,
            first_hash=item.first_hash,
            body=item.body,
            html=item.html,
            reply_to_id=item.draft.reply_to,
            created_at=self.now,
        )
        self.created.append((item, message))
        self.known[item.draft.actor.id, item.draft.key] = message
        return message

    def _payload(self, item: _Prepared, message: Message) -> MessagePayload:
        """As it is now, for whoever may read it there; else, and when it is new, as it was first sent."""
        room = self.rooms.get(message.room_id)
        is_new = any(message is new for _item, new in self.created)
        if is_new or room is None or not can_read(room, self.memberships.get((room.id, item.draft.actor.id))):
            return _first_payload(item, message)
        return message_payload(message)

    def _save(self) -> None:
        messages = [message for _item, message in self.created]
        rooms = {message.room_id: message.room for message in messages}
        Message.objects.bulk_create(messages)
        Mention.objects.bulk_create(
            [
                Mention(message=message, user_id=user, room_id=message.room_id, seq=message.seq)
                for item, message in self.created
                for user in item.mentioned
            ]
        )
        Room.objects.bulk_update(rooms.values(), ["seq"])
        self._move_positions(messages)
        self._show_again(rooms)
        for item, message in self.created:
            events.publish_message("message.created", _first_payload(item, message), reader=item.draft.actor.id)

    def _move_positions(self, messages: list[Message]) -> None:
        moved: dict[int, Membership] = {}
        for message in messages:
            membership = self.memberships[message.room_id, message.author_id or 0]
            membership.read_seq, membership.read_at = message.seq, self.now
            moved[membership.id] = membership
        Membership.objects.bulk_update(moved.values(), ["read_seq", "read_at"])

    def _show_again(self, rooms: Collection[int]) -> None:
        """A direct conversation that somebody left is back with its next message."""
        hidden = [one for one in self.memberships.values() if one.room_id in rooms and one.hidden]
        for membership in hidden:
            membership.involvement = Membership.Involvement.EVERYTHING
            notify([membership.user_id], Notice.Kind.ROOM, membership.room_id)
        Membership.objects.bulk_update(hidden, ["involvement"])


def _locked_memberships(rooms: Iterable[Room], authors: Collection[int]) -> MembershipQuerySet:
    """Those of the authors, and those to whom a message shows their direct conversation again.

    In order of id, as `reads.py` locks them: two batches never wait for each other in a ring.
    """
    rooms = list(rooms)
    theirs = Q(room__in=[room.id for room in rooms], user__in=authors)
    hidden = Q(room__in=[room.id for room in rooms if room.is_direct], involvement=Membership.Involvement.HIDDEN)
    memberships = Membership.objects.filter(theirs | hidden).select_related("user").order_by("id")
    return memberships.select_for_update(of=("self",), no_key=True)


def _first_payload(item: _Prepared, message: Message) -> MessagePayload:
    """A message as it was first sent."""
    return {
        "id": message.id,
        "room": message.room_id,
        "seq": message.seq,
        "changed_seq": message.seq,
        "key": str(message.key),
        "author": author_payload(message.author),
        "body": item.body,
        "html": item.html,
        "created_at": timestamp(message.created_at),
        "edited_at": None,
        "deleted": False,
        "reply_to": item.draft.reply_to,
        "mentions": item.mentioned,
        "attachments": [],
        "reactions": [],
    }


def edit_message(*, actor: User, message: Message | int, body: str) -> MessagePayload:
    """New text for one's own message; the same text again changes nothing."""
    found = find_message(actor, message)
    text = clean_body(body)
    people = _people_named([(found.room_id, text)])
    html, mentioned = _render(text, people.get(found.room_id, {}))
    with transaction.atomic():
        room, fresh = _own_message(actor, found)
        if fresh.deleted:
            raise NotAllowed
        check_may_write(room, membership_of(actor, room))
        if fresh.body == text:
            return message_payload(fresh)
        fresh.body, fresh.html, fresh.edited_at = text, html, timezone.now()
        _mention(fresh, mentioned)
        return save_message(room, fresh, "body", "html", "edited_at")


def _mention(message: Message, users: list[int]) -> None:
    Mention.objects.filter(message=message).exclude(user__in=users).delete()
    Mention.objects.bulk_create(
        [Mention(message=message, user_id=user, room_id=message.room_id, seq=message.seq) for user in users],
        ignore_conflicts=True,
    )


def delete_message(*, actor: User, message: Message | int) -> MessagePayload:
    """The author's deletion: undone within 10 s, then the worker erases the text."""
    found = find_message(actor, message)
    with transaction.atomic():
        room, fresh = _own_message(actor, found)
        if fresh.deleted:
            return message_payload(fresh)
        check_not_archived(room)
        fresh.deleted_at = timezone.now()
        return save_message(room, fresh, "deleted_at")


def undelete_message(*, actor: User, message: Message | int) -> MessagePayload:
    """Take one's own deletion back, within 10 s."""
    found = find_message(actor, message)
    with transaction.atomic():
        room, fresh = _own_message(actor, found)
        if not fresh.deleted:
            return message_payload(fresh)
        last = timezone.now() - timedelta(seconds=UNDELETE_SECONDS)
        if fresh.removed_at or fresh.erased_at or fresh.deleted_at is None or fresh.deleted_at < last:
            raise NotAllowed
        check_not_archived(room)
        fresh.deleted_at = None
        return save_message(room, fresh, "deleted_at")


def _own_message(actor: User, message: Message) -> tuple[Room, Message]:
    room, fresh = locked_message(message)
    if not can_read(room, membership_of(actor, room)):
        raise NotFound
    if not can_edit(actor, fresh):
        raise NotAllowed
    return room, fresh
