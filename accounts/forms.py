"""The forms of the doors. They parse; what is allowed is for the operations to say."""

from typing import Any

from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from django import forms
from django.conf import settings
from django.core.files.base import ContentFile
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from accounts.avatars import square_picture
from accounts.backend import may_sign_in, owner_of
from accounts.models import User
from rooms.errors import ChatError

PASSWORD_HINT = _("Ten characters or more. A sentence will do.")


class DoorForm(forms.Form):
    def refuse(self, error: ChatError) -> None:
        """Shows what the operation said beside the field that it names."""
        field = error.extra.get("field")
        self.add_error(field if field in self.fields else None, error.detail)


class PlainForm(forms.Form):
    """Labels above the fields and nothing in them; a password is typed once, since it can be reset
    and since whoever pastes it twice learns nothing."""

    hints: dict[str, Any] = {}
    labels: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")


def name_field() -> forms.CharField:
    return forms.CharField(
        label=_("Your name"),
        max_length=80,
        help_text=_("As the others will see it."),
        widget=forms.TextInput({"autocomplete": "name"}),
    )


def username_field() -> forms.CharField:
    return forms.CharField(
        label=_("User name"),
        max_length=150,
        help_text=_("To sign in, and for others to mention you. Letters and digits, no spaces."),
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )


def password_field() -> forms.CharField:
    return forms.CharField(
        label=_("Password"),
        max_length=1024,
        strip=False,
        help_text=PASSWORD_HINT,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


def email_field() -> forms.EmailField:
    return forms.EmailField(
        label=_("E-mail (optional)"),
        required=False,
        help_text=_("To sign in, and for a forgotten password. The other members do not see it."),
        widget=forms.EmailInput({"autocomplete": "email"}),
    )


class JoinForm(DoorForm):
    name = name_field()
    username = username_field()
    password = password_field()
    email = email_field()


class SetupForm(DoorForm):
    site_name = forms.CharField(
        label=_("Name of the place"),
        max_length=80,
        help_text=_("It stands at the top, beside the logo. You can change it at any time."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    name = name_field()
    username = username_field()
    password = password_field()
    email = email_field()


class ProfileForm(DoorForm):
    name = name_field()
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[
            ("", _("As my browser says")),
            *((code, get_language_info(code)["name_local"].capitalize()) for code, _name in settings.LANGUAGES),
        ],
    )
    avatar = forms.FileField(
        label=_("Picture"),
        required=False,
        help_text=_("JPEG, PNG, WebP or GIF, up to 5 MB. The middle of it is shown, as a square."),
        widget=forms.FileInput({"accept": "image/jpeg,image/png,image/webp,image/gif"}),
    )
    remove_avatar = forms.BooleanField(label=_("Show my initials instead of the picture"), required=False)

    def clean_avatar(self) -> "ContentFile[bytes] | None":
        upload = self.cleaned_data["avatar"]
        return square_picture(upload) if upload else None

    def changes(self) -> dict[str, Any]:
        """What `update_profile` takes: no `avatar` leaves the picture as it is."""
        avatar = self.cleaned_data["avatar"]
        if avatar is None and self.cleaned_data["remove_avatar"]:
            avatar = ""
        return {"name": self.cleaned_data["name"], "language": self.cleaned_data["language"], "avatar": avatar}


class SignInForm(PlainForm, LoginForm):
    labels = {"login": _("User name or e-mail"), "password": _("Password")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs.update(
            autocomplete="username", autocapitalize="none", spellcheck="false", autofocus=True
        )


class ForgottenPasswordForm(PlainForm, ResetPasswordForm):
    labels = {"email": _("E-mail address")}

    def clean_email(self) -> str:
        """Allauth would write to addresses that nobody has verified; whose they are is unknown."""
        email: str = self.cleaned_data["email"]
        owner = owner_of(email)
        self.users: list[User] = [owner] if owner and may_sign_in(owner) else []
        return email


class NewPasswordForm(PlainForm, ResetPasswordKeyForm):
    labels = {"password1": _("New password")}
    hints = {"password1": PASSWORD_HINT}


class OtherPasswordForm(PlainForm, ChangePasswordForm):
    labels = {"oldpassword": _("Present password"), "password1": _("New password")}
    hints = {"password1": PASSWORD_HINT}


class FirstPasswordForm(PlainForm, SetPasswordForm):
    labels = {"password1": _("Password")}
    hints = {"password1": PASSWORD_HINT}


class AddressForm(PlainForm, AddEmailForm):
    labels = {"email": _("New address")}
    hints = {"email": _("We write to it. It counts once you have opened the link in that message.")}


class ItIsMeForm(PlainForm, ReauthenticateForm):
    labels = {"password": _("Password")}
