"""The nouns of talking, one file each."""

from rooms.models.membership import Membership
from rooms.models.message import Mention, Message, Reaction
from rooms.models.moderation import Ban, ModerationEntry, Report
from rooms.models.notice import Notice
from rooms.models.room import Room
from rooms.models.site import Site

__all__ = [
    "Ban",
    "Membership",
    "Mention",
    "Message",
    "ModerationEntry",
    "Notice",
    "Reaction",
    "Report",
    "Room",
    "Site",
]
