"""People: moderators shut out and let in again, owners also give roles, accounts and tokens."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import AccessToken, User
from rooms.admin.forms import NothingForm, ReasonForm, TokenForm
from rooms.admin.read_only import ReadOnlyAdmin, actor_of
from rooms.operations import moderation, sessions, tokens
from rooms.operations import people as operations


class BannedFilter(admin.SimpleListFilter):
    title = _("banned")
    parameter_name = "banned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", gettext("Yes")), ("0", gettext("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() is None:
            return queryset
        return queryset.filter(ban__isnull=self.value() == "0")


class UserAdmin(ReadOnlyAdmin):
    list_display = ("username", "name", "role", "state", "date_joined")
    list_filter = (BannedFilter, "is_staff", "is_bot", "is_active")
    search_fields = ("username__holds", "name__holds")
    list_select_related = ("ban",)
    ordering = ("username",)
    actions = (
        "ban",
        "unban",
        "sign_out_everywhere",
        "make_moderator",
        "unmake_moderator",
        "deactivate",
        "activate",
        "erase",
        "create_token",
    )
    fields = ("username", "name", "role", "state", "reason", "date_joined", "last_login")
    readonly_fields = ("role", "state", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = User.objects.met_by(actor_of(request)).select_related("ban")
        return people

    @admin.display(description=_("Role"))
    def role(self, user: User) -> str:
        if user.is_superuser:
            return gettext("owner")
        if user.is_staff:
            return gettext("moderator")
        return gettext("bot") if user.is_bot else ""

    @admin.display(description=_("State"))
    def state(self, user: User) -> str:
        if hasattr(user, "ban"):
            return gettext("banned")
        return "" if user.is_active else gettext("deactivated")

    @admin.display(description=_("Reason of the ban"))
    def reason(self, user: User) -> str:
        return user.ban.reason if hasattr(user, "ban") else ""

    def label(self, row: User) -> str:
        return f"{row} (@{row.username})"

    @admin.action(description=_("Ban the selected people"), permissions=["moderate"])
    def ban(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        def act(user: User, reason: str) -> None:
            moderation.ban_user(actor=actor_of(request), user=user, reason=reason)

        title = gettext("Ban these people? They are cut off at once, and see the reason.")
        return self.ask(request, rows, ReasonForm, title, act)

    @admin.action(description=_("Lift the bans of the selected people"), permissions=["moderate"])
    def unban(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        def act(user: User, reason: str) -> None:
            moderation.unban_user(actor=actor_of(request), user=user, reason=reason)

        return self.ask(request, rows, ReasonForm, gettext("Let these people in again?"), act)

    @admin.action(description=_("Sign the selected people out everywhere"), permissions=["moderate"])
    def sign_out_everywhere(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        def act(user: User) -> None:
            sessions.end_all_sessions(actor=actor_of(request), user=user)

        return self.ask(request, rows, NothingForm, gettext("Sign these people out everywhere?"), act)

    @admin.action(description=_("Make the selected people moderators"), permissions=["own"])
    def make_moderator(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        def act(user: User) -> None:
            operations.make_moderator(actor=actor_of(request), user=user)

        return self.ask(request, rows, NothingForm, gettext("Make these people moderators?"), act)

    @admin.action(description=_("Take the moderators' role from the selected people"), permissions=["own"])
    def unmake_moderator(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        def act(user: User) -> None:
            operations.unmake_moderator(actor=actor_of(request), user=user)

        return self.ask(request, rows, NothingForm, gettext("Take the moderators' role from these people?"), act)

    @admin.action(description=_("Deactivate the selected accounts"), permissions=["own"])
    def deactivate(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        def act(user: User, reason: str) -> None:
            operations.set_active(actor=actor_of(request), user=user, active=False, reason=reason)

        return self.ask(request, rows, ReasonForm, gettext("Deactivate these accounts?"), act)

    @admin.action(description=_("Activate the selected accounts"), permissions=["own"])
    def activate(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        def act(user: User, reason: str) -> None:
            operations.set_active(actor=actor_of(request), user=user, active=True, reason=reason)

        return self.ask(request, rows, ReasonForm, gettext("Activate these accounts?"), act)

    @admin.action(description=_("Erase the selected people"), permissions=["own"])
    def erase(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        def act(user: User) -> None:
            operations.erase_person(actor=actor_of(request), user=user)

        title = gettext("Erase these people for ever? What they wrote stays, without their names.")
        return self.ask(request, rows, NothingForm, title, act)

    @admin.action(description=_("Create a token for the selected account"), permissions=["own"])
    def create_token(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        if rows.count() != 1:
            self.message_user(request, gettext("Choose one account."), messages.ERROR)
            return None
        made: list[str] = []

        def act(user: User, name: str) -> None:
            _row, token = tokens.create_token(actor=actor_of(request), user=user, name=name)
            made.append(token)

        asked = self.ask(request, rows, TokenForm, gettext("Create a token?"), act)
        return self._show_token(request, made[0]) if made else asked

    def _show_token(self, request: HttpRequest, token: str) -> HttpResponse:
        """On the answer itself: a message would go through a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("This token is shown only now"),
            "opts": self.opts,
            "token": token,
        }
        return TemplateResponse(request, "admin/rooms/token.html", context)


class AccessTokenAdmin(ReadOnlyAdmin):
    """Owners alone: the Moderators group may not look at tokens."""

    list_display = ("name", "user", "created_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name__holds", "user__username__holds")
    list_select_related = ("user",)
    ordering = ("-id",)
    actions = ("revoke",)
    fields = ("name", "user", "created_at", "revoked_at")

    @admin.action(description=_("Revoke the selected tokens"), permissions=["own"])
    def revoke(self, request: HttpRequest, rows: QuerySet[AccessToken]) -> HttpResponse | None:
        def act(token: AccessToken) -> None:
            tokens.revoke_token(actor=actor_of(request), token=token)

        return self.ask(request, rows, NothingForm, gettext("Revoke these tokens?"), act)
