"""The site as a whole: setting it up, its owner, its name, its epoch."""

import hmac

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import Invitation, User
from rooms.errors import NotAllowed, NotFound
from rooms.models import Site
from rooms.models.site import new_epoch
from rooms.operations.invitations import create_invitation
from rooms.operations.log import Action, log_action
from rooms.operations.people import MODERATORS, new_person, save_person
from rooms.operations.rooms import create_room
from rooms.operations.text import clean_name


def setup_secret() -> str:
    """The secret of the setup link: the same in every process until the site is set up."""
    return salted_hmac("rooms.operations.site.setup", Site.load().epoch, algorithm="sha256").hexdigest()[:32]


def set_up_site(
    *, secret: str, site_name: str, username: str, name: str, password: str, email: str = "", language: str = ""
) -> tuple[User, Invitation]:
    """The owner, the site's name, the first open room and the first invitation; once."""
    if not hmac.compare_digest(secret.encode(), setup_secret().encode()):
        raise NotFound
    title = clean_name(site_name, "site_name")
    owner = new_person(username=username, name=name, password=password, email=email, language=language)
    with transaction.atomic():
        # The row says who was first: the second one's update finds nothing.
        if not Site.objects.filter(id=1, set_up_at__isnull=True).update(set_up_at=timezone.now(), name=title):
            raise NotFound(_("This site is set up already."))
        _save_owner(owner)
        room = create_room(actor=owner, name=_("Plaza"))
        invitation = create_invitation(actor=owner, room=room, note=_("The first invitation"))
    return owner, invitation


def create_owner(*, username: str, password: str, name: str = "", email: str = "") -> User:
    """For the operator alone: an owner without the setup page, who also sets a new site up."""
    owner = new_person(username=username, name=name or username, password=password, email=email)
    with transaction.atomic():
        _save_owner(owner)
        log_action(owner, Action.CREATE_OWNER, user=owner)
        if Site.objects.filter(id=1, set_up_at__isnull=True).update(set_up_at=timezone.now()):
            create_room(actor=owner, name=_("Plaza"))
    return owner


def _save_owner(owner: User) -> None:
    owner.is_superuser = owner.is_staff = True
    save_person(owner)
    owner.groups.add(Group.objects.get(name=MODERATORS))


def rename_site(*, actor: User, name: str) -> None:
    if not actor.is_owner:
        raise NotAllowed
    Site.objects.filter(id=1).update(name=clean_name(name))


def begin_new_epoch(*, actor: User) -> str:
    """After a restore from a backup: every process drops what it knew, and clients what they stored."""
    if not actor.is_owner:
        raise NotAllowed
    epoch = new_epoch()
    with transaction.atomic():
        Site.objects.filter(id=1).update(epoch=epoch)
        log_action(actor, Action.BEGIN_NEW_EPOCH)
    return epoch
