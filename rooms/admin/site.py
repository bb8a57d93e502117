"""The site as a whole, which its owners rename."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.admin.forms import NameForm
from rooms.admin.read_only import ReadOnlyAdmin, actor_of
from rooms.models import Site
from rooms.operations.site import rename_site


class SiteAdmin(ReadOnlyAdmin):
    """Owners alone: the Moderators group may not look at it."""

    list_display = ("name", "set_up_at")
    actions = ("rename",)
    fields = ("name", "set_up_at", "epoch")

    @admin.action(description=_("Rename the site"), permissions=["own"])
    def rename(self, request: HttpRequest, rows: QuerySet[Site]) -> HttpResponse | None:
        def act(_site: Site, name: str) -> None:
            rename_site(actor=actor_of(request), name=name)

        return self.ask(request, rows, NameForm, gettext("What shall this place be called?"), act)
