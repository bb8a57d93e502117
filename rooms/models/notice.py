"""The durable log of what belongs to one user: it says what to look at again, never what is so."""

from django.conf import settings
from django.db import models


class Notice(models.Model):
    class Kind(models.TextChoices):
        ACCESS = "access"  # a ban, a deactivation, a session or a token that ended
        ROOM = "room"  # a room gained, lost, hidden or shown; `subject` is its id
        PROFILE = "profile"  # a new name or picture, or an erasure

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=7, choices=Kind)
    subject = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}"
