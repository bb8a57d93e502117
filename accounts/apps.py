"""Who people are: users, invitations, sessions and tokens."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from allauth.account.decorators import secure_admin_login
        from django.contrib import admin

        from accounts import receivers  # noqa: F401  (connects allauth's signals)

        # The admin's own form has neither rate limits nor a list of sessions
        admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
