"""Rooms to archive, and members to mute; other people's direct conversations are not shown."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.admin.forms import MuteForm, ReasonForm
from rooms.admin.read_only import ReadOnlyAdmin, actor_of
from rooms.models import Membership, Room
from rooms.operations.moderation import mute_member
from rooms.operations.rooms import archive_room, unarchive_room


class RoomAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "kind", "topic", "member_count", "created_at", "archived_at")
    list_filter = ("kind", ("archived_at", admin.EmptyFieldListFilter), "created_at")
    search_fields = ("name__holds", "topic__holds")
    ordering = ("name", "id")
    actions = ("archive", "unarchive")
    fields = ("name", "kind", "topic", "member_count", "created_by", "created_at", "archived_at", "seq", "first_seq")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        return Room.objects.moderated_by(actor_of(request))

    @admin.action(description=_("Archive the selected rooms"), permissions=["moderate"])
    def archive(self, request: HttpRequest, rows: QuerySet[Room]) -> HttpResponse | None:
        def act(room: Room, reason: str) -> None:
            archive_room(actor=actor_of(request), room=room, reason=reason)

        return self.ask(request, rows, ReasonForm, gettext("Archive these rooms? Nobody writes there any more."), act)

    @admin.action(description=_("Open the selected rooms again"), permissions=["moderate"])
    def unarchive(self, request: HttpRequest, rows: QuerySet[Room]) -> HttpResponse | None:
        def act(room: Room, reason: str) -> None:
            unarchive_room(actor=actor_of(request), room=room, reason=reason)

        return self.ask(request, rows, ReasonForm, gettext("Open these rooms again?"), act)


class MembershipAdmin(ReadOnlyAdmin):
    list_display = ("user", "room", "role", "muted_until")
    list_filter = ("role", ("muted_until", admin.EmptyFieldListFilter), "room__kind")
    search_fields = ("user__username__holds", "user__name__holds", "room__name__holds")
    list_select_related = ("user", "room")
    ordering = ("room__name", "user__username")
    actions = ("mute", "unmute")
    fields = ("user", "room", "role", "muted_until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return Membership.objects.active().filter(room__in=Room.objects.moderated_by(actor_of(request)))

    @admin.action(description=_("Mute the selected members"), permissions=["moderate"])
    def mute(self, request: HttpRequest, rows: QuerySet[Membership]) -> HttpResponse | None:
        def act(membership: Membership, until: datetime, reason: str) -> None:
            _set_mute(request, membership, until, reason)

        return self.ask(request, rows, MuteForm, gettext("Keep these members from writing?"), act)

    @admin.action(description=_("Let the selected members write again"), permissions=["moderate"])
    def unmute(self, request: HttpRequest, rows: QuerySet[Membership]) -> HttpResponse | None:
        def act(membership: Membership, reason: str) -> None:
            _set_mute(request, membership, None, reason)

        return self.ask(request, rows, ReasonForm, gettext("Let these members write again?"), act)


def _set_mute(request: HttpRequest, membership: Membership, until: datetime | None, reason: str) -> None:
    mute_member(actor=actor_of(request), room=membership.room_id, user=membership.user_id, until=until, reason=reason)
