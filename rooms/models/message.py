"""What a person wrote in a room, who is mentioned in it, and how others reacted."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _

from rooms.models.room import Room

if TYPE_CHECKING:
    from accounts.models import User


class Octets(models.Func):
    function = "octet_length"
    output_field = models.IntegerField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """Its own `octet_length` came with 3.43."""
        return self.as_sql(compiler, connection, template="length(CAST(%(expressions)s AS BLOB))", **context)


TEXT_BYTES = Octets("body") + Octets("html")


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: "User") -> "MessageQuerySet":
        return self.filter(room__in=Room.objects.visible_to(user))

    def page_before(self, seq: int, limit: int) -> "MessageQuerySet":
        """The newest `limit` messages below `seq`, newest first."""
        return self.filter(seq__lt=seq).order_by("-seq")[:limit]

    def page_after(self, seq: int, limit: int) -> "MessageQuerySet":
        """The oldest `limit` messages above `seq`, oldest first."""
        return self.filter(seq__gt=seq).order_by("seq")[:limit]

    def changed_since(self, seq: int) -> "MessageQuerySet":
        return self.filter(changed_seq__gt=seq).order_by("changed_seq")

    def text_bytes(self) -> list[int]:
        """How large the texts of each are, hidden ones too; to be asked before they are loaded: a
        few hundred of the largest are 80 MB."""
        return list(self.values_list(TEXT_BYTES, flat=True))


class Message(models.Model):
    """`seq` is the room's counter at its creation, `changed_seq` at its latest change."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="messages", db_index=False, verbose_name=_("room"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="messages",
        db_index=False,
        verbose_name=_("author"),
    )
    seq = models.PositiveBigIntegerField(_("number"))
    changed_seq = models.PositiveBigIntegerField()
    key = models.UUIDField(help_text=_("The sender's; a second sending with it is the same message."))
    first_hash = models.BinaryField(max_length=16, help_text=_("Of the first body; it outlives edits and erasure."))
    body = models.TextField(blank=True)
    html = models.TextField(blank=True)
    reply_to = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="replies")
    created_at = models.DateTimeField(_("written"))
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True, help_text=_("By its author."))
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True, help_text=_("By a moderator."))
    erased_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[MessageQuerySet] = MessageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["room", "seq"], name="one_message_a_seq"),
            models.UniqueConstraint(fields=["room", "changed_seq"], name="one_change_a_seq"),
            models.UniqueConstraint(fields=["author", "key"], name="one_message_a_key"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["deleted_at"],
                name="messages_to_erase",
                condition=Q(deleted_at__isnull=False, erased_at__isnull=True),
            ),
            models.Index(
                fields=["removed_at"],
                name="removals_to_erase",
                condition=Q(removed_at__isnull=False, erased_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.body[:80] or f"#{self.seq}"

    @property
    def deleted(self) -> bool:
        return self.deleted_at is not None or self.removed_at is not None


class Mention(models.Model):
    """Somebody named in a message that is not deleted; `room` and `seq` are the message's."""

    message = models.ForeignKey(Message, models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    room = models.ForeignKey(Room, models.CASCADE, related_name="+", db_index=False)
    seq = models.PositiveBigIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "user"], name="one_mention_each")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["room", "user", "seq"], name="mentions_unread")]

    def __str__(self) -> str:
        return f"@{self.user_id}"


class Reaction(models.Model):
    message = models.ForeignKey(Message, models.CASCADE, related_name="reactions", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=32)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "user", "emoji"], name="one_reaction_each")
        ]

    def __str__(self) -> str:
        return self.emoji
