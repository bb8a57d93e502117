"""What an operation refuses, each with the stable code of the protocol."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.utils.translation import gettext as _


class ChatError(Exception):
    """Base of all refusals; `extra` holds the fields that its code adds to the payload."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, detail: str = "", **extra: Any) -> None:
        self._detail = detail
        self.extra = extra
        super().__init__(detail or self.code)

    @property
    def detail(self) -> str:
        """What happened, in the language of whoever asks."""
        return self._detail or self.default_detail()

    def default_detail(self) -> str:
        return _("Something went wrong here.")


class Invalid(ChatError):
    code, status = "invalid", 400

    def __init__(self, field: str | None, detail: str = "") -> None:
        super().__init__(detail, field=field)

    def default_detail(self) -> str:
        return _("This cannot be understood.")


class UnknownCommand(ChatError):
    code, status = "unknown_command", 400

    def default_detail(self) -> str:
        return _("There is no such command.")


class UnknownMethod(UnknownCommand):
    """Over HTTP: the address has others."""

    status = 405


class NotFound(ChatError):
    """Also for what the actor may not see."""

    code, status = "not_found", 404

    def default_detail(self) -> str:
        return _("There is nothing here.")


class NotAllowed(ChatError):
    code, status = "not_allowed", 403

    def default_detail(self) -> str:
        return _("You may not do this.")


class Muted(ChatError):
    code, status = "muted", 403

    def __init__(self, until: datetime) -> None:
        super().__init__(until=until.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))

    def default_detail(self) -> str:
        return _("You cannot write here for now.")


class Archived(ChatError):
    code, status = "archived", 403

    def default_detail(self) -> str:
        return _("This room is archived.")


class TooFast(ChatError):
    code, status = "too_fast", 429

    def __init__(self, retry_after: float) -> None:
        super().__init__(retry_after=round(retry_after, 3))

    def default_detail(self) -> str:
        return _("Wait a moment.")


class TooLarge(ChatError):
    code, status = "too_large", 413

    def default_detail(self) -> str:
        return _("This is too long.")


class Unavailable(ChatError):
    """Not kept, or not known: the same key may be sent again."""

    code, status = "unavailable", 503

    def default_detail(self) -> str:
        return _("The server did not answer in time.")


class Conflict(ChatError):
    code, status = "conflict", 409

    def default_detail(self) -> str:
        return _("This was already used for something else.")


def error_payload(error: ChatError) -> dict[str, Any]:
    """The error as it goes over the wire, less the live door's `type` and `ref`."""
    return {"code": error.code, "detail": error.detail, **error.extra}
