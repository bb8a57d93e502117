"""Who may sign in: by user name, or by an e-mail address that was verified."""

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.models import EmailAddress
from asgiref.sync import sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser

from accounts.models import User


class AccountBackend(AuthenticationBackend):
    def _authenticate_by_email(self, email: str, password: str) -> AbstractBaseUser | None:
        """Allauth would take an address that nobody has verified, so that whoever types somebody
        else's address at sign-up could later be taken for them."""
        owner = owner_of(email)
        return self._check_password(owner, password) if owner else None

    def user_can_authenticate(self, user: AbstractBaseUser | None) -> bool:
        return isinstance(user, User) and may_sign_in(user)

    def get_user(self, user_id: int) -> User | None:
        """Asked at each request: the ban comes with the person, in one query."""
        user = User.objects.select_related("ban").filter(pk=user_id).first()
        return user if user and may_sign_in(user) else None

    async def aget_user(self, user_id: int) -> User | None:
        return await sync_to_async(self.get_user)(user_id)


def may_sign_in(user: User) -> bool:
    return user.is_active and user.erased_at is None and not hasattr(user, "ban")


def owner_of(email: str) -> User | None:
    """The person whose verified address this is."""
    address = (
        EmailAddress.objects.filter(email=email.strip().lower(), verified=True).select_related("user__ban").first()
    )
    return address.user if address else None
