"""Invitations: made with a form of our own, looked at, and revoked."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation
from rooms.admin.forms import InvitationForm, NothingForm
from rooms.admin.read_only import ReadOnlyAdmin, actor_of
from rooms.errors import ChatError
from rooms.operations.invitations import create_invitation, revoke_invitation


class InvitationAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "created_by", "room", "uses_left", "expires_at", "is_open")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), "created_at")
    search_fields = ("note__holds", "code", "created_by__username__holds", "room__name__holds")
    list_select_related = ("created_by", "room")
    ordering = ("-id",)
    actions = ("revoke",)
    fields = ("url", "note", "created_by", "room", "uses_left", "expires_at", "revoked_at", "created_at")
    readonly_fields = ("url",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_moderate_permission(request)

    @admin.display(description=_("Open"), boolean=True)
    def is_open(self, invitation: Invitation) -> bool:
        return invitation.is_open

    @admin.display(description=_("Link"))
    def url(self, invitation: Invitation) -> str:
        return invitation.url

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Instead of Django's own, whose transaction would be open around the operation."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = InvitationForm(request.POST or None, actor=actor_of(request))
        if form.is_valid():
            try:
                invitation = create_invitation(actor=actor_of(request), **form.cleaned_data)
            except ChatError as error:
                form.add_error(error.extra.get("field"), error.detail)
            else:
                self.message_user(request, gettext("The link: %(url)s") % {"url": invitation.url}, messages.SUCCESS)
                return redirect("admin:accounts_invitation_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Invite people"),
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/rooms/form.html", context)

    @admin.action(description=_("Revoke the selected invitations"), permissions=["moderate"])
    def revoke(self, request: HttpRequest, rows: QuerySet[Invitation]) -> HttpResponse | None:
        def act(invitation: Invitation) -> None:
            revoke_invitation(actor=actor_of(request), invitation=invitation)

        return self.ask(request, rows, NothingForm, gettext("Revoke these invitations?"), act)
