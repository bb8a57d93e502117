"""The moderators' door: models to look at, and bulk actions that call operations."""

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from accounts.models import AccessToken, Invitation, User
from rooms.admin.invitations import InvitationAdmin
from rooms.admin.messages import MessageAdmin
from rooms.admin.people import AccessTokenAdmin, UserAdmin
from rooms.admin.reports import ModerationEntryAdmin, ReportAdmin
from rooms.admin.rooms import MembershipAdmin, RoomAdmin
from rooms.admin.site import SiteAdmin
from rooms.models import Membership, Message, ModerationEntry, Report, Room, Site

# What could be changed here behind the operations' back; each has its own page or command.
for model in (EmailAddress, EmailConfirmation, UserSession, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.register(Message, MessageAdmin)
admin.site.register(Report, ReportAdmin)
admin.site.register(Room, RoomAdmin)
admin.site.register(Membership, MembershipAdmin)
admin.site.register(ModerationEntry, ModerationEntryAdmin)
admin.site.register(User, UserAdmin)
admin.site.register(Invitation, InvitationAdmin)
admin.site.register(AccessToken, AccessTokenAdmin)
admin.site.register(Site, SiteAdmin)

admin.site.site_header = admin.site.site_title = _("Moderation")
admin.site.index_title = _("What needs looking after")
# One way to sign in, with its rate limits and its word about bans
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
