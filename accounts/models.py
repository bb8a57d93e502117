"""Who people are, how they are invited, and the tokens by which their programs sign in."""

import hashlib
import secrets
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models.functions import Concat, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.names import Folded, Holds


def invitation_code() -> str:
    """A code that nobody guesses: 128 bits."""
    return secrets.token_urlsafe(16)


def token_digest(token: str) -> str:
    """What is kept of a token. It is random, so that a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


class UserQuerySet(models.QuerySet["User"]):
    def present(self) -> "UserQuerySet":
        """Those who can sign in: neither deactivated, banned nor erased."""
        return self.filter(is_active=True, ban__isnull=True, erased_at__isnull=True)

    def met_by(self, user: "User") -> "UserQuerySet":
        """The people whom `user` may see: everybody of the site who was not erased."""
        return self.filter(erased_at__isnull=True) if user.is_active else self.none()

    def by_name(self) -> "UserQuerySet":
        return self.order_by(Folded("name"), "id")

    def called(self, text: str) -> "UserQuerySet":
        """Whose names together hold each word of `text`: first those of whom one begins so, and else by name."""
        names = Concat(models.Value(" "), "name", models.Value(" "), "username")
        found = self.alias(names=names)
        for word in set(text.split()):
            found = found.filter(names__holds=word)
        return found.order_by(Holds(models.F("names"), f" {text}").desc(), Folded("name"), "id")


class PeopleManager(UserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]  # a class made at run time
    use_in_migrations = False


class User(AbstractUser):
    """A person or a bot. `is_superuser` is the site's owner, `is_staff` a moderator (owners are too)."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=80)
    email = models.EmailField(_("email address"), blank=True)
    avatar = models.ImageField(_("picture"), upload_to="avatars/", blank=True)
    language = models.CharField(_("language"), max_length=2, blank=True, choices=settings.LANGUAGES)
    is_bot = models.BooleanField(_("bot"), default=False)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PeopleManager] = PeopleManager()

    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(is_superuser=False) | models.Q(is_staff=True), name="an_owner_is_a_moderator"
            ),
            # `@Ana` and `@ana` are one person; the index also finds who is mentioned.
            models.UniqueConstraint(Lower("username"), name="one_username_in_any_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.get_full_name()

    @property
    def is_owner(self) -> bool:
        return self.is_superuser and self.is_active

    @property
    def is_moderator(self) -> bool:
        return self.is_staff and self.is_active


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> "InvitationQuerySet":
        """Those that still let somebody in."""
        now = timezone.now()
        return self.filter(
            models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=now),
            models.Q(uses_left__isnull=True) | models.Q(uses_left__gt=0),
            revoked_at__isnull=True,
        )


class Invitation(models.Model):
    """A link by which somebody signs up, and is then a member of `room` too."""

    code = models.CharField(max_length=40, unique=True, default=invitation_code)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="invitations", verbose_name=_("invited by")
    )
    room = models.ForeignKey(
        "rooms.Room", models.CASCADE, null=True, blank=True, related_name="invitations", verbose_name=_("room")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    uses_left = models.PositiveIntegerField(
        _("uses left"), null=True, blank=True, help_text=_("Empty: as many as like to.")
    )
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar[models.Manager["Invitation"]] = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return self.note or self.code

    @property
    def is_open(self) -> bool:
        now = timezone.now()
        return (
            self.revoked_at is None
            and (self.expires_at is None or self.expires_at > now)
            and (self.uses_left is None or self.uses_left > 0)
        )

    @property
    def url(self) -> str:
        return f"{settings.CHAT_URL}/join/{self.code}/"


class AccessToken(models.Model):
    """A bot's or a program's way in. The token is shown once; its digest is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens", verbose_name=_("person"))
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")

    def __str__(self) -> str:
        return self.name
