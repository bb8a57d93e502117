"""The moderation log's one way in."""

from typing import Any

from accounts.models import User
from rooms.models import Message, ModerationEntry, Room

Action = ModerationEntry.Action


def log_action(
    actor: User | None,
    action: Action,
    *,
    user: User | None = None,
    room: Room | None = None,
    message: Message | None = None,
    reason: str = "",
    **details: Any,
) -> None:
    """Who did what to whom and why, written in the transaction that does it."""
    ModerationEntry.objects.create(
        actor_id=actor.id if actor else None,
        actor_name=actor.username if actor else "",
        action=action,
        user_id=user.id if user else None,
        user_name=user.username if user else "",
        room_id=room.id if room else None,
        message_id=message.id if message else None,
        reason=reason,
        details=details,
    )
