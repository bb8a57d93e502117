"""What a moderator is asked before something happens."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, User
from rooms.models import Room
from rooms.operations.text import NAME_LIMIT, REASON_LIMIT


class NothingForm(forms.Form):
    """Only whether it is meant."""


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=REASON_LIMIT, required=False)


def tomorrow() -> datetime:
    return timezone.now() + timedelta(days=1)


class MuteForm(ReasonForm):
    until = forms.DateTimeField(
        label=_("Until (UTC)"),
        initial=tomorrow,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    field_order = ["until", "reason"]

    def clean_until(self) -> datetime:
        until: datetime = self.cleaned_data["until"]
        if until <= timezone.now():
            raise forms.ValidationError(_("This moment is past."))
        return until


class NameForm(forms.Form):
    name = forms.CharField(label=_("Name of the place"), max_length=NAME_LIMIT)


class TokenForm(forms.Form):
    name = forms.CharField(label=_("What it is for"), max_length=80)


class InvitationForm(forms.Form):
    room = forms.ModelChoiceField(Room.objects.none(), label=_("Room"), required=False)
    uses = forms.IntegerField(label=_("For how many people"), min_value=1, max_value=10_000, required=False)
    expires_at = forms.DateTimeField(
        label=_("Until (UTC)"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    note = forms.CharField(label=_("Note"), max_length=Invitation._meta.get_field("note").max_length, required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rooms = Room.objects.moderated_by(actor).exclude(kind=Room.Kind.DIRECT).filter(archived_at__isnull=True)
        field = self.fields["room"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = rooms.order_by("name", "id")
