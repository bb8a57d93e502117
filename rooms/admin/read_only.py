"""Rows to look at and to act on: Django's own forms hold a transaction open, so nothing is edited."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from rooms.errors import ChatError

AT_ONCE = 1_000  # rows of one action
SHOWN = 20  # of them on the page that asks


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    show_full_result_count = False
    list_per_page = 50
    actions_on_bottom = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).is_moderator

    def has_own_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).is_owner

    def ask(
        self,
        request: HttpRequest,
        rows: QuerySet[Any],
        form_class: type[Form],
        title: str,
        act: Callable[..., object],
    ) -> HttpResponse | None:
        """A bulk action's page in between; once confirmed, calls `act(row, **form)` for each row. It answers
        False where there was nothing to do.

        Each row is an operation and a transaction of its own: one that is refused stops no other.
        """
        if rows.count() > AT_ONCE:
            self.message_user(request, _("At most %(count)d at once.") % {"count": AT_ONCE}, messages.ERROR)
            return None
        form = form_class(request.POST if "confirm" in request.POST else None)
        if form.is_valid():
            self._act(request, list(rows), lambda row: act(row, **form.cleaned_data))
            return None
        return self._page_between(request, rows, form, title)

    def _act(self, request: HttpRequest, rows: list[Any], act: Callable[[Any], object]) -> None:
        done = idle = 0
        for row in rows:
            try:
                if act(row) is False:
                    idle += 1
                else:
                    done += 1
            except ChatError as error:
                self.message_user(request, f"{self.label(row)}: {error.detail}", messages.ERROR)
        if done:
            text = ngettext("Done for one row.", "Done for %(count)d rows.", done) % {"count": done}
            self.message_user(request, text, messages.SUCCESS)
        if idle:
            text = ngettext("Nothing to do for one row.", "Nothing to do for %(count)d rows.", idle) % {"count": idle}
            self.message_user(request, text, messages.INFO)

    def _page_between(self, request: HttpRequest, rows: QuerySet[Any], form: Form, title: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "form": form,
            "count": rows.count(),
            "labels": [self.label(row) for row in rows[:SHOWN]],
            "action": _chosen_action(request),
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
        }
        return TemplateResponse(request, "admin/rooms/confirm.html", context)

    def label(self, row: Any) -> str:
        """How a row is called on the page in between, and where it is refused."""
        return str(row)


def _chosen_action(request: HttpRequest) -> str:
    """A list has two action bars, above and below: `index` says whose button was pressed."""
    names, index = request.POST.getlist("action"), request.POST.get("index", "0")
    return names[int(index)] if index.isdecimal() and int(index) < len(names) else names[0]


def actor_of(request: HttpRequest) -> User:
    """Who acts: the admin lets nobody else in."""
    if not isinstance(request.user, User):
        raise TypeError("The admin is for people of this site.")
    return request.user
