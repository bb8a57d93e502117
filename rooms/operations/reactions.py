"""Reactions: an emoji that a person holds out to a message."""

import re

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from rooms.errors import Invalid, NotAllowed, NotFound
from rooms.models import Message, Reaction, Room
from rooms.operations.finding import find_message, membership_of
from rooms.operations.sequence import check_may_write, locked_message, save_message
from rooms.payloads import MessagePayload, message_payload
from rooms.permissions import can_read

EMOJI_LIMIT = 16  # code points: a family with skin tones has 11
KINDS_LIMIT = 50  # different emoji on one message
# Symbols with what modifies or joins them, keycaps, flags: never letters, spaces or what turns text round.
SYMBOLS = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
EMOJI = re.compile(rf"(?:[#*0-9]\ufe0f?\u20e3|[{SYMBOLS}])[\u200d\u20e3\ufe0e\ufe0f{SYMBOLS}\U000e0020-\U000e007f]*")


def add_reaction(*, actor: User, message: Message | int, emoji: str) -> MessagePayload:
    """A reaction already held changes nothing."""
    found, symbol = find_message(actor, message), _clean_emoji(emoji)
    with transaction.atomic():
        room, fresh = _open_message(actor, found)
        held = set(fresh.reactions.values_list("user_id", "emoji"))
        if (actor.id, symbol) in held:
            return message_payload(fresh)
        if len({emoji for _user, emoji in held} | {symbol}) > KINDS_LIMIT:
            raise Invalid("emoji", _("This message has enough different reactions."))
        Reaction.objects.create(message=fresh, user=actor, emoji=symbol)
        return save_message(room, fresh)


def remove_reaction(*, actor: User, message: Message | int, emoji: str) -> MessagePayload:
    """A reaction not held changes nothing."""
    found, symbol = find_message(actor, message), _clean_emoji(emoji)
    with transaction.atomic():
        room, fresh = _open_message(actor, found)
        gone, _details = Reaction.objects.filter(message=fresh, user=actor, emoji=symbol).delete()
        return save_message(room, fresh) if gone else message_payload(fresh)


def _clean_emoji(emoji: str) -> str:
    symbol = emoji.strip()
    if len(symbol) > EMOJI_LIMIT or not EMOJI.fullmatch(symbol):
        raise Invalid("emoji", _("This is not an emoji."))
    return symbol


def _open_message(actor: User, message: Message) -> tuple[Room, Message]:
    """The message, locked, if the actor may react to it."""
    room, fresh = locked_message(message)
    membership = membership_of(actor, room)
    if not can_read(room, membership):
        raise NotFound
    check_may_write(room, membership)
    if fresh.deleted:
        raise NotAllowed
    return room, fresh
