"""Reports to work through, and the log of what moderators did."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.admin.forms import ReasonForm
from rooms.admin.read_only import ReadOnlyAdmin, actor_of
from rooms.models import ModerationEntry, Report
from rooms.operations.moderation import resolve_report, restore_message, view_reported

# What an entry of the log tells besides its columns
DETAILS = {
    "until": _("Until"),
    "token": _("Token"),
    "invitation": _("Invitation"),
    "older_than": _("Older than"),
    "messages": _("Messages"),
    "people": _("People"),
    "rooms": _("Rooms"),
}


class ReportAdmin(ReadOnlyAdmin):
    """The list shows no message's text: looking at one is a step of its own, which can be logged."""

    list_display = ("__str__", "author", "room", "reporter", "created_at", "outcome", "resolved_by")
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "outcome", "created_at")
    search_fields = ("reason__holds", "reporter__username__holds", "message__author__username__holds")
    list_select_related = ("message__author", "message__room", "reporter", "resolved_by")
    ordering = ("resolved_at", "-id")
    actions = ("remove", "dismiss", "restore")

    @admin.display(description=_("Author"))
    def author(self, report: Report) -> str:
        return str(report.message.author or "–")

    @admin.display(description=_("Room"))
    def room(self, report: Report) -> str:
        return str(report.message.room)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The reported message with what stands around it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        report = self.get_object(request, unquote(object_id))
        if not isinstance(report, Report):
            return redirect("admin:rooms_report_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Reported: %(reason)s") % {"reason": report.reason or f"#{report.pk}"},
            "opts": self.opts,
            "report": report,
            "surroundings": view_reported(actor=actor_of(request), report=report),
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/rooms/report.html", context)

    @admin.action(description=_("Remove the reported messages"), permissions=["moderate"])
    def remove(self, request: HttpRequest, rows: QuerySet[Report]) -> HttpResponse | None:
        def act(report: Report, reason: str) -> None:
            resolve_report(actor=actor_of(request), report=report, outcome=Report.Outcome.REMOVED, reason=reason)

        return self.ask(request, rows, ReasonForm, gettext("Remove the reported messages for everybody?"), act)

    @admin.action(description=_("Dismiss the selected reports"), permissions=["moderate"])
    def dismiss(self, request: HttpRequest, rows: QuerySet[Report]) -> HttpResponse | None:
        def act(report: Report, reason: str) -> None:
            resolve_report(actor=actor_of(request), report=report, outcome=Report.Outcome.DISMISSED, reason=reason)

        return self.ask(request, rows, ReasonForm, gettext("Dismiss these reports?"), act)

    @admin.action(description=_("Restore the reported messages"), permissions=["moderate"])
    def restore(self, request: HttpRequest, rows: QuerySet[Report]) -> HttpResponse | None:
        def act(report: Report, reason: str) -> bool:
            return restore_message(actor=actor_of(request), message=report.message_id, reason=reason)

        return self.ask(request, rows, ReasonForm, gettext("Restore the reported messages?"), act)


class ModerationEntryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "actor_name", "action", "user_name", "room_id", "message_id", "reason")
    list_display_links = ("created_at",)
    list_filter = ("action", "created_at")
    search_fields = ("actor_name__holds", "user_name__holds", "reason__holds")
    fields = ("created_at", "actor_name", "action", "user_name", "room_id", "message_id", "reason", "more")
    readonly_fields = ("more",)

    @admin.display(description=_("details"))
    def more(self, entry: ModerationEntry) -> str:
        told = (f"{DETAILS.get(name, name)}: {_shown(value)}" for name, value in entry.details.items() if value)
        return ", ".join(told) or self.get_empty_value_display()


def _shown(value: Any) -> str:
    moment = parse_datetime(value) if isinstance(value, str) else None
    return date_format(localtime(moment), "DATETIME_FORMAT") if moment else str(value)
