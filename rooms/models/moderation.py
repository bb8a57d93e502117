"""What keeps a plaza civil: bans, reports, and the log of what moderators did."""

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from rooms.models.message import Message


class Ban(models.Model):
    """A person who may not come in; lifting it deletes the row, and the log remembers."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="ban")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("ban")
        verbose_name_plural = _("bans")

    def __str__(self) -> str:
        return str(self.user)


class Report(models.Model):
    class Outcome(models.TextChoices):
        OPEN = "", pgettext_lazy("a report", "open")
        REMOVED = "removed", _("removed")
        DISMISSED = "dismissed", _("dismissed")

    message = models.ForeignKey(Message, models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("reported by")
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("when"), auto_now_add=True)
    resolved_at = models.DateTimeField(_("settled"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("settled by")
    )
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome, default=Outcome.OPEN, blank=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "reporter"], name="one_report_each")
        ]

    def __str__(self) -> str:
        return self.reason or f"#{self.pk}"


class LogQuerySet(models.QuerySet["ModerationEntry"]):
    """An append-only log: nothing is changed and nothing deleted through it."""

    def update(self, **_kwargs: Any) -> NoReturn:
        raise TypeError("The moderation log is append-only.")

    def delete(self) -> NoReturn:
        raise TypeError("The moderation log is append-only.")


class ModerationEntry(models.Model):
    """Who did what to whom, why and when. The names are kept as they were, without foreign keys,
    so that no deletion elsewhere reaches into the log."""

    class Action(models.TextChoices):
        REMOVE_MESSAGE = "remove_message", _("removed a message")
        RESTORE_MESSAGE = "restore_message", _("restored a message")
        RESOLVE_REPORT = "resolve_report", _("settled a report")
        VIEW_REPORTED = "view_reported", _("looked at a reported message")
        BAN_USER = "ban_user", pgettext_lazy("did", "banned")
        UNBAN_USER = "unban_user", _("lifted the ban")
        MUTE_MEMBER = "mute_member", pgettext_lazy("did", "muted")
        UNMUTE_MEMBER = "unmute_member", _("ended the mute")
        END_ALL_SESSIONS = "end_all_sessions", _("signed out everywhere")
        ARCHIVE_ROOM = "archive_room", _("archived a room")
        UNARCHIVE_ROOM = "unarchive_room", _("brought a room back from the archive")
        CREATE_INVITATION = "create_invitation", _("made an invitation")
        REVOKE_INVITATION = "revoke_invitation", _("revoked an invitation")
        CREATE_OWNER = "create_owner", _("became the owner")
        MAKE_MODERATOR = "make_moderator", _("made a moderator")
        UNMAKE_MODERATOR = "unmake_moderator", _("took the moderators’ role")
        ACTIVATE_USER = "activate_user", _("activated an account")
        DEACTIVATE_USER = "deactivate_user", _("deactivated an account")
        ERASE_PERSON = "erase_person", _("erased a person")
        CREATE_TOKEN = "create_token", _("created a token")
        REVOKE_TOKEN = "revoke_token", _("revoked a token")
        PRUNE_MESSAGES = "prune_messages", _("pruned old messages")
        BEGIN_NEW_EPOCH = "begin_new_epoch", _("began a new epoch")
        SEED = "seed", _("filled the site with samples")

    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(_("who"), max_length=150, blank=True)
    action = models.CharField(_("what"), max_length=40, choices=Action)
    user_id = models.BigIntegerField(null=True)
    user_name = models.CharField(_("whom"), max_length=150, blank=True)
    room_id = models.BigIntegerField(_("room"), null=True)
    message_id = models.BigIntegerField(_("message"), null=True)
    reason = models.CharField(_("why"), max_length=500, blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True)
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    objects: ClassVar[models.Manager["ModerationEntry"]] = LogQuerySet.as_manager()

    class Meta:
        verbose_name = _("moderation entry")
        verbose_name_plural = _("moderation log")
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.user_name}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The moderation log is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("The moderation log is append-only.")
