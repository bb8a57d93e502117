"""Sending, editing and deleting messages."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import DatabaseError, OperationalError, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from accounts.models import User
from rooms import events, markdown
from rooms.errors import ChatError, Conflict, Invalid, NotAllowed, NotFound, Unavailable
from rooms.models import Membership, Mention, Message, Notice, Room
from rooms.operations.finding import LARGEST_ID, find_message, membership_of, row_id
from rooms.operations.notices import notify
from rooms.operations.sequence import check_may_write, check_not_archived, locked_message, save_message
from rooms.operations.text import clean_body
from rooms.payloads import MessagePayload, author_payload, message_payload, timestamp
from rooms.permissions import can_edit, can_read

logger = logging.getLogger(__name__)

UNDELETE_SECONDS = 10


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


def send_message(*, actor: User, room: Room | int, body: str, key: UUID | None = None, reply_to: int | None = None) -> Sent:
    """One message; raises what `send_messages` would answer."""
    draft = Draft(actor=actor, room=row_id(room), body=body, key=key or uuid4(), reply_to=reply_to)
    [outcome] = send_messages([draft])
    if isinstance(outcome, ChatError):
        raise outcome
    return outcome


def send_messages(drafts: Sequence[Draft]) -> list[Outcome]:
    """Keep many messages in as few transactions as can be: an outcome per draft, in their order.

    Rooms are locked in order of id. A room whose lock is not free at once goes into a batch of its
    own, so that one slow room delays nobody else's. What the database itself refuses (a deadlock, a
    NUL) rolls the batch back, and it is run again draft by draft.
    """
    prepared, outcomes = _prepare(drafts)
    if prepared:
        busy = _send_together(prepared, outcomes, wait=False)
        by_room: defaultdict[int, list[_Prepared]] = defaultdict(list)
        for item in busy:
            by_room[item.draft.room].append(item)
        for items in by_room.values():
            _send_together(items, outcomes, wait=True)
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
        prepared.append(_Prepared(position, draft, body, body_hash(body)))
    people = _people_named([item.draft.room for item in prepared], [item.body for item in prepared])
    for item in prepared:
        item.html, item.mentioned = markdown.render(item.body, people.get(item.draft.room, {}))
    return prepared, outcomes


def body_hash(body: str) -> bytes:
    """What tells, for ever, whether a key is used again for the same text."""
    return hashlib.blake2b(body.encode(), digest_size=16).digest()


def _people_named(rooms: Iterable[int], bodies: Iterable[str]) -> dict[int, dict[str, markdown.Person]]:
    """By room, the members whom the bodies may mention: one query, none where nobody is named."""
    names = {name for body in bodies for name in markdown.mentioned_names(body)}
    people: defaultdict[int, dict[str, markdown.Person]] = defaultdict(dict)
    if not names:
        return people
    memberships = Membership.objects.active().filter(room__in=set(rooms), user__erased_at__isnull=True)
    memberships = memberships.alias(name=Lower("user__username")).filter(name__in=names)
    for membership in memberships.select_related("user"):
        user = membership.user
        people[membership.room_id][user.username.lower()] = markdown.Person(user.id, user.name or user.username)
    return people


def _send_together(items: list[_Prepared], outcomes: dict[int, Outcome], *, wait: bool) -> list[_Prepared]:
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
        if len(items) == 1:
            logger.exception("The database refused a message", exc_info=error)
            outcomes[items[0].position] = ChatError()
            return []
    for item in items:
        _send_together([item], outcomes, wait=True)
    return []


def _write(items: list[_Prepared], outcomes: dict[int, Outcome], *, wait: bool) -> list[_Prepared]:
    ids = {item.draft.room for item in items}
    rooms = {room.id: room for room in (Room.objects.locked if wait else Room.objects.locked_if_free)(*ids)}
    busy = [] if wait else [item for item in items if item.draft.room not in rooms]
    batch = _Batch.load(rooms, [item for item in items if wait or item.draft.room in rooms])
    for item in batch.items:
        try:
            outcomes[item.position] = batch.take(item)
        except ChatError as error:
            outcomes[item.position] = error
    batch.save(outcomes)
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
        # In order of id, as `reads.py` locks them: two batches never wait for each other in a ring.
        members = Membership.objects.filter(room__in=rooms, user__in=authors).order_by("id")
        known = Message.objects.with_details().filter(author__in=authors, key__in=keys)
        replied = Message.objects.filter(id__in=answered).values_list("id", "room_id") if answered else ()
        return cls(
            rooms=rooms,
            items=items,
            memberships={(one.room_id, one.user_id): one for one in members.select_for_update(no_key=True)},
            known={(message.author_id or 0, message.key): message for message in known},
            replied=dict(replied),
        )

    def take(self, item: _Prepared) -> Sent:
        """Decide about one draft; a new message gets its `seq`, and its id in `save`."""
        draft = item.draft
        room = self.rooms.get(draft.room)
        membership = self.memberships.get((draft.room, draft.actor.id))
        if known := self.known.get((draft.actor.id, draft.key)):
            return self._again(item, known, readable=room is not None and can_read(room, membership))
        if room is None or not can_read(room, membership):
            raise NotFound
        check_may_write(room, membership)
        if draft.reply_to is not None and self.replied.get(draft.reply_to) != room.id:
            raise Invalid("reply_to")
        return self._create(item, room)

    def _again(self, item: _Prepared, known: Message, *, readable: bool) -> Sent:
        draft = item.draft
        same = (known.room_id, known.reply_to_id, bytes(known.first_hash))
        if same != (draft.room, draft.reply_to, item.first_hash):
            raise Conflict
        if readable and known.pk is not None:
            return Sent(message_payload(known), duplicate=True)
        return Sent(_first_payload(item, known), duplicate=True)

    def _create(self, item: _Prepared, room: Room) -> Sent:
        room.seq += 1
        message = Message(
            room=room,
            author=item.draft.actor,
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
        return Sent(_first_payload(item, message))

    def save(self, outcomes: dict[int, Outcome]) -> None:
        if not self.created:
            return
        Message.objects.bulk_create([message for _item, message in self.created])
        Mention.objects.bulk_create(
            [
                Mention(message=message, user_id=user, room_id=message.room_id, seq=message.seq)
                for item, message in self.created
                for user in item.mentioned
            ]
        )
        written = {message.room_id for _item, message in self.created}
        Room.objects.bulk_update([self.rooms[room] for room in written], ["seq"])
        self._move_positions()
        self._show_again([self.rooms[room] for room in written if self.rooms[room].is_direct])
        for item, message in self.created:
            payload = _first_payload(item, message)
            outcomes[item.position] = Sent(payload)
            events.publish_message("message.created", payload, reader=item.draft.actor.id)

    def _move_positions(self) -> None:
        moved: dict[int, Membership] = {}
        for item, message in self.created:
            membership = self.memberships[message.room_id, item.draft.actor.id]
            membership.read_seq, membership.read_at = message.seq, self.now
            moved[membership.id] = membership
        Membership.objects.bulk_update(moved.values(), ["read_seq", "read_at"])

    def _show_again(self, rooms: list[Room]) -> None:
        """A direct conversation that somebody left is back with its next message."""
        hidden = Membership.objects.filter(room__in=rooms, involvement=Membership.Involvement.HIDDEN)
        for membership in hidden if rooms else ():
            notify([membership.user_id], Notice.Kind.ROOM, membership.room_id)
            membership.involvement = Membership.Involvement.EVERYTHING
            membership.save(update_fields=["involvement"])


def _first_payload(item: _Prepared, message: Message) -> MessagePayload:
    """A message as it was first sent."""
    return {
        "id": message.id,
        "room": message.room_id,
        "seq": message.seq,
        "changed_seq": message.seq,
        "key": str(message.key),
        "author": author_payload(item.draft.actor),
        "body": item.body,
        "html": item.html,
        "created_at": timestamp(message.created_at),
        "edited_at": None,
        "deleted": False,
        "reply_to": message.reply_to_id,
        "mentions": item.mentioned,
        "attachments": [],
        "reactions": [],
    }


def edit_message(*, actor: User, message: Message | int, body: str) -> MessagePayload:
    """New text for one's own message; the same text again changes nothing."""
    found = find_message(actor, message)
    text = clean_body(body)
    people = _people_named([found.room_id], [text])
    html, mentioned = markdown.render(text, people.get(found.room_id, {}))
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
