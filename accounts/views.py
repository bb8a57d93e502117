"""The pages by which people come in, and where they say who they are."""

from pathlib import Path
from secrets import compare_digest

from allauth.account.utils import perform_login
from allauth.decorators import rate_limit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import JoinForm, ProfileForm, SetupForm
from accounts.language import chosen_at_the_door
from accounts.models import Invitation, User
from accounts.requests import PersonRequest
from rooms.errors import ChatError, NotFound
from rooms.models import Membership, Site
from rooms.operations.invitations import accept_invitation
from rooms.operations.people import sign_up, update_profile
from rooms.operations.sessions import end_all_sessions
from rooms.operations.site import set_up_site, setup_secret

A_YEAR = 31_536_000


@never_cache
@sensitive_post_parameters("password", "secret")
@rate_limit(action="signup")  # type: ignore[untyped-decorator]
def setup(request: HttpRequest) -> HttpResponse:
    if Site.objects.filter(set_up_at__isnull=False).exists():
        return redirect("/")
    secret = request.POST.get("secret") or request.GET.get("secret", "")
    if not compare_digest(secret.encode(), setup_secret().encode()):
        return render(request, "accounts/not_set_up.html")
    form = SetupForm(request.POST or None)
    if form.is_valid():
        try:
            owner, _invitation = set_up_site(secret=secret, language=chosen_at_the_door(request), **form.cleaned_data)
        except ChatError as error:
            form.refuse(error)
        else:
            return sign_in(request, owner, "/setup/invitation/")
    return render(request, "accounts/setup.html", {"form": form, "secret": secret})


def sign_in(request: HttpRequest, user: User, next_page: str) -> HttpResponse:
    """Through allauth, which lists the session and writes to the e-mail address, if there is one."""
    response: HttpResponse = perform_login(request, user, redirect_url=next_page, signup=True)
    return response


@login_required
@never_cache
def first_invitation(request: PersonRequest) -> HttpResponse:
    """What the owner sees after the setup: the link for everybody else."""
    invitation = Invitation.objects.open().filter(created_by=request.user).order_by("id").first()
    if invitation is None:
        return redirect("/")
    return render(request, "accounts/first_invitation.html", {"invitation": invitation})


@never_cache
@sensitive_post_parameters("password")
@rate_limit(action="signup")  # type: ignore[untyped-decorator]
def join(request: HttpRequest, code: str) -> HttpResponse:
    """An invitation link: it makes an account for a stranger, and brings somebody with one into its room."""
    invitation = Invitation.objects.select_related("room", "created_by").filter(code=code).first()
    if invitation is None or not invitation.is_open:
        return render(request, "accounts/invitation_closed.html", status=404)
    if isinstance(request.user, User):
        return join_as_oneself(request, request.user, invitation)
    form = JoinForm(request.POST or None)
    if form.is_valid():
        try:
            person = sign_up(invitation_code=code, language=chosen_at_the_door(request), **form.cleaned_data)
        except NotFound:  # used up or revoked while the form was filled in
            return render(request, "accounts/invitation_closed.html", status=404)
        except ChatError as error:
            form.refuse(error)
        else:
            return sign_in(request, person, home_of(invitation))
    return render(request, "accounts/join.html", {"form": form, "invitation": invitation})


def join_as_oneself(request: HttpRequest, person: User, invitation: Invitation) -> HttpResponse:
    """Asks first: a link that somebody else wrote should not make one a member of anything."""
    if request.method != "POST" and is_outside(person, invitation):
        return render(request, "accounts/accept.html", {"invitation": invitation})
    try:
        accept_invitation(actor=person, invitation_code=invitation.code)
    except ChatError as error:
        messages.error(request, error.detail)
        return redirect("/")
    return redirect(home_of(invitation))


def is_outside(person: User, invitation: Invitation) -> bool:
    """Whether the invitation is for a room that `person` is not in."""
    room = invitation.room
    if room is None or room.archived:
        return False
    return not Membership.objects.active().filter(room=room, user=person).exists()


def home_of(invitation: Invitation) -> str:
    return f"/rooms/{invitation.room_id}/" if invitation.room_id else "/"


@login_required
@never_cache
def settings_page(request: PersonRequest) -> HttpResponse:
    person = request.user
    form = ProfileForm(
        request.POST or None, request.FILES or None, initial={"name": person.name, "language": person.language}
    )
    if form.is_valid():
        try:
            update_profile(actor=person, **form.changes())
        except ChatError as error:
            form.refuse(error)
        else:
            with override(form.cleaned_data["language"] or request.LANGUAGE_CODE):
                messages.success(request, _("Saved."))
            return redirect("settings")
    return render(request, "accounts/settings.html", {"form": form})


@login_required
@require_POST
def sign_out_everywhere(request: PersonRequest) -> HttpResponse:
    end_all_sessions(actor=request.user, user=request.user)
    logout(request)
    messages.success(request, _("You have signed out everywhere."))
    return redirect("account_login")


@require_safe
def avatar(request: HttpRequest, name: str) -> HttpResponse:
    """A picture that `accounts.avatars` made. Its name changes with its content, so it keeps for ever."""
    path = Path(settings.MEDIA_ROOT) / "avatars" / name
    if not request.user.is_authenticated or not path.is_file():
        raise Http404
    response = HttpResponse(path.read_bytes(), content_type="image/webp")
    response["Cache-Control"] = f"private, max-age={A_YEAR}, immutable"
    return response
