"""A person in a room: their role, how much it may ask of them, and how far they have read."""

from typing import ClassVar, NamedTuple

from django.conf import settings
from django.db import models
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from rooms.models.room import Room

COUNT_LIMIT = 1_000
# The order makes PostgreSQL take the index; without one it bets on meeting a thousand early
# in the table, and reads all of it where the unread ones are its last.
UNREAD = f"""(SELECT count(*) FROM (
    SELECT 1 FROM rooms_message m
    WHERE m.room_id = rooms_membership.room_id AND m.seq > rooms_membership.read_seq
      AND m.deleted_at IS NULL AND m.removed_at IS NULL
      AND COALESCE(m.author_id, 0) <> rooms_membership.user_id
    ORDER BY m.seq LIMIT {COUNT_LIMIT}) counted)"""  # noqa: S608  (names and numbers of ours alone)
UNREAD_MENTIONS = f"""(SELECT count(*) FROM (
    SELECT 1 FROM rooms_mention n JOIN rooms_message m ON m.id = n.message_id
    WHERE n.room_id = rooms_membership.room_id AND n.user_id = rooms_membership.user_id
      AND n.seq > rooms_membership.read_seq
      AND m.deleted_at IS NULL AND m.removed_at IS NULL
      AND COALESCE(m.author_id, 0) <> rooms_membership.user_id
    ORDER BY n.seq LIMIT {COUNT_LIMIT}) counted)"""  # noqa: S608


class UnreadRow(NamedTuple):
    """How far somebody has read a room, and what waits for them there."""

    user_id: int
    room_id: int
    read_seq: int
    unread: int
    mentions: int
    involvement: str


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> "MembershipQuerySet":
        return self.filter(active=True)

    def listed(self) -> "MembershipQuerySet":
        """Active, and not hidden by its owner: the rooms of `welcome`."""
        return self.filter(active=True).exclude(involvement=Membership.Involvement.HIDDEN)

    def with_unread(self) -> "MembershipQuerySet":
        """Annotates `unread` and `mentions`, by the protocol's definition, each up to 1,000.

        The limit stands inside, so that the database stops counting there: a room left alone for
        years costs no more than a thousand rows of an index.
        """
        return self.annotate(unread=RawSQL(UNREAD, []), mentions=RawSQL(UNREAD_MENTIONS, []))  # noqa: S611

    def unread_rows(self) -> list[UnreadRow]:
        """As `with_unread`, without making models."""
        return [UnreadRow(*row) for row in self.with_unread().values_list(*UnreadRow._fields)]

    def changed_since(self, seq: int) -> "MembershipQuerySet":
        return self.filter(changed_seq__gt=seq)

    def oldest_first(self) -> "MembershipQuerySet":
        return self.order_by("changed_seq", "id")


class Membership(models.Model):
    """Kept after leaving, inactive: `changed_seq` then tells a process that missed it when."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        MEMBER = "member", _("member")

    class Involvement(models.TextChoices):
        EVERYTHING = "everything", _("everything")
        MENTIONS = "mentions", _("mentions")
        NOTHING = "nothing", _("nothing")
        HIDDEN = "hidden", _("hidden")

    # Indexes of their own would say no more than those below, and each position that moves would be written to them
    room = models.ForeignKey(Room, models.CASCADE, related_name="memberships", db_index=False, verbose_name=_("room"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", db_index=False, verbose_name=_("person")
    )
    active = models.BooleanField(default=True)
    role = models.CharField(_("role"), max_length=6, choices=Role, default=Role.MEMBER)
    involvement = models.CharField(max_length=10, choices=Involvement, default=Involvement.MENTIONS)
    read_seq = models.PositiveBigIntegerField(default=0)
    read_at = models.DateTimeField(null=True, blank=True)
    changed_seq = models.PositiveBigIntegerField(default=0)
    muted_until = models.DateTimeField(_("muted until"), null=True, blank=True)

    objects: ClassVar[MembershipQuerySet] = MembershipQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["room", "user"], name="one_membership_each")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["room", "changed_seq"], name="membership_changes"),
            models.Index(fields=["user", "read_at"], name="membership_reads"),
        ]

    def __str__(self) -> str:
        return f"{self.user} / {self.room}"

    @property
    def hidden(self) -> bool:
        return self.involvement == self.Involvement.HIDDEN
