"""Messages that a moderator may see: of open rooms, and of rooms that they are in."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rooms.admin.forms import ReasonForm
from rooms.admin.read_only import ReadOnlyAdmin, actor_of
from rooms.models import Message
from rooms.operations.moderation import remove_message, restore_message

EXCERPT = 120  # characters


class MessageAdmin(ReadOnlyAdmin):
    """Reported ones of other rooms are seen on their report's page, which leaves an entry in the log."""

    list_display = ("excerpt", "author", "room", "created_at", "state")
    list_filter = (
        "room__kind",
        ("removed_at", admin.EmptyFieldListFilter),
        ("deleted_at", admin.EmptyFieldListFilter),
        "created_at",
    )
    # The body as it is: without accents, all that was ever said would take five times as long (tried)
    search_fields = ("body", "author__username__holds", "author__name__holds", "room__name__holds")
    list_select_related = ("author", "room")
    ordering = ("-id",)
    actions = ("remove", "restore")
    fields = ("room", "author", "text", "state", "created_at", "edited_at", "removed_at", "seq")
    readonly_fields = ("text", "state")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return Message.objects.visible_to(actor_of(request))

    @admin.display(description=_("Text"))
    def excerpt(self, message: Message) -> str:
        return self.text(message)[:EXCERPT] or f"#{message.seq}"

    @admin.display(description=_("Text"))
    def text(self, message: Message) -> str:
        """What its author took back is nobody's any more; what a moderator removed can be restored."""
        return "" if message.deleted_at else message.body

    @admin.display(description=_("State"))
    def state(self, message: Message) -> str:
        if message.removed_at:
            return gettext("removed")
        return gettext("deleted by its author") if message.deleted_at else ""

    def label(self, row: Message) -> str:
        return f"{row.author or '–'}: {self.excerpt(row)}"

    @admin.action(description=_("Remove the selected messages"), permissions=["moderate"])
    def remove(self, request: HttpRequest, rows: QuerySet[Message]) -> HttpResponse | None:
        def act(message: Message, reason: str) -> bool:
            return remove_message(actor=actor_of(request), message=message, reason=reason)

        return self.ask(request, rows, ReasonForm, gettext("Remove these messages for everybody?"), act)

    @admin.action(description=_("Restore the selected messages"), permissions=["moderate"])
    def restore(self, request: HttpRequest, rows: QuerySet[Message]) -> HttpResponse | None:
        def act(message: Message, reason: str) -> bool:
            return restore_message(actor=actor_of(request), message=message, reason=reason)

        return self.ask(request, rows, ReasonForm, gettext("Restore these messages?"), act)
