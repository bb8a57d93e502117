"""A room: where people talk, and the counter that orders all that happens in it."""

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import User


class RoomQuerySet(models.QuerySet["Room"]):
    def visible_to(self, user: "User") -> "RoomQuerySet":
        """The rooms that `user` may read: their own, and every open one."""
        return self.filter(models.Q(kind=Room.Kind.OPEN) | _own(user))

    def moderated_by(self, user: "User") -> "RoomQuerySet":
        """The rooms that a moderator may look after: all but other people's direct conversations."""
        if not user.is_moderator:
            return self.none()
        return self.filter(~models.Q(kind=Room.Kind.DIRECT) | _own(user))

    def known_to(self, user: "User") -> "RoomQuerySet":
        """The rooms that `user` may read, or looks after as a moderator."""
        return self.visible_to(user) | self.moderated_by(user)

    def locked(self, *ids: int) -> "RoomQuerySet":
        """These rows in order of id, each locked until the transaction ends."""
        return self.filter(id__in=ids).order_by("id").select_for_update(no_key=True)


def _own(user: "User") -> models.Q:
    return models.Q(id__in=user.memberships.filter(active=True).values("room_id"))


class Room(models.Model):
    class Kind(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")
        DIRECT = "direct", _("direct")

    kind = models.CharField(_("kind"), max_length=6, choices=Kind, default=Kind.OPEN)
    name = models.CharField(_("name"), max_length=80, blank=True)
    slug = models.SlugField(max_length=80, blank=True)
    topic = models.CharField(_("topic"), max_length=200, blank=True)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    seq = models.PositiveBigIntegerField(_("latest number"), default=0, help_text=_("The value of the latest change."))
    first_seq = models.PositiveBigIntegerField(
        _("first number"), default=1, help_text=_("Messages below it were pruned.")
    )
    member_count = models.PositiveIntegerField(_("members"), default=0)
    direct_key = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar[RoomQuerySet] = RoomQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")

    def __str__(self) -> str:
        return self.name or f"{self.get_kind_display()} {self.pk}"

    @property
    def archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_direct(self) -> bool:
        return self.kind == self.Kind.DIRECT
