"""The doors' addresses; the site's urls include them at the root."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic.base import RedirectView

from accounts import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("setup/", views.setup, name="setup"),
    path("setup/invitation/", views.first_invitation, name="first_invitation"),
    path("join/<slug:code>/", views.join, name="join"),
    path("settings/", views.settings_page, name="settings"),
    path("settings/sessions/end/", views.sign_out_everywhere, name="sign_out_everywhere"),
    re_path(r"^uploads/avatars/(?P<name>[\w-]+\.webp)$", views.avatar, name="avatar"),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("accounts/", include("allauth.account.urls")),
    # The admin's own form would end no live connections
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
]
