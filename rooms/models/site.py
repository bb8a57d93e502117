"""The site as a whole: its name, whether it is set up, and the epoch of its data."""

import secrets
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


def new_epoch() -> str:
    """An opaque name for this database's history; a restored backup gets another."""
    return secrets.token_urlsafe(9)


class Site(models.Model):
    """The one row: a migration makes it, and `set_up_at` is written once."""

    name = models.CharField(_("name"), max_length=80, default="Plaza")
    epoch = models.CharField(_("epoch"), max_length=40, default=new_epoch)
    set_up_at = models.DateTimeField(_("set up"), null=True, blank=True)

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("site")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_site")
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def load(cls) -> "Site":
        return cls.objects.get(id=1)
