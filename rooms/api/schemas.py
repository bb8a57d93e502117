"""What requests may hold: no guessing, so that "3", 3.0 and true are no ids."""

import re
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, model_validator

from rooms.history import PAGE_DEFAULT, Place
from rooms.operations.finding import LARGEST_ID
from rooms.operations.text import UUID_FORM

ID_LIST_LIMIT = 200
DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)


def _digits(value: Any) -> int:
    """Of an address: Pydantic alone would also take "1.0", " 1" and "1_000"."""
    if not isinstance(value, str) or not DIGITS.fullmatch(value):
        raise ValueError
    return int(value)


def _uuid(value: Any) -> UUID:
    if not isinstance(value, str) or not UUID_FORM.fullmatch(value):
        raise ValueError
    return UUID(value)


def _text(value: Any) -> str:
    """Pydantic alone would also take a number, as seconds since 1970."""
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004  (Pydantic takes no TypeError)
    return value


def _ids(value: Any) -> list[int]:
    parts = [part for part in str(value).split(",") if part]
    if len(parts) > ID_LIST_LIMIT:
        raise ValueError
    return [_digits(part) for part in parts]


Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
AddressId = Annotated[int, BeforeValidator(_digits), Field(ge=1, le=LARGEST_ID)]
AddressSeq = Annotated[int, BeforeValidator(_digits), Field(ge=0, le=LARGEST_ID)]
Limit = Annotated[int, BeforeValidator(_digits), Field(ge=1)]
IdList = Annotated[list[Id], BeforeValidator(_ids)]
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_text)]


class PageQuery(Schema):
    before: AddressSeq | None = None
    after: AddressSeq | None = None
    around: AddressSeq | None = None
    around_id: AddressId | None = None
    limit: Limit = PAGE_DEFAULT

    @model_validator(mode="after")
    def _one_place(self) -> "PageQuery":
        if sum(one is not None for one in (self.before, self.after, self.around, self.around_id)) > 1:
            raise ValueError
        return self

    @property
    def place(self) -> Place:
        return Place(self.before, self.after, self.around, self.around_id)


class Form(Schema):
    """A JSON body, taken strictly; fields that it does not know are ignored."""

    model_config = ConfigDict(strict=True)


class MessageForm(Form):
    key: Annotated[UUID, BeforeValidator(_uuid)]
    body: str
    reply_to: Id | None = None
    attachments: Annotated[list[int], Field(max_length=0)] | None = None


class RoomForm(Form):
    name: str
    kind: str = "open"
    topic: str = ""


class RoomChanges(Form):
    name: str | None = None
    topic: str | None = None


class InvolvementForm(Form):
    involvement: str


class PeopleForm(Form):
    users: list[Id]


class ReasonForm(Form):
    reason: str = ""


class InvitationForm(Form):
    uses: Annotated[int, Field(ge=1, le=10_000)] | None = None
    days: Annotated[int, Field(ge=1, le=3_650)] | None = None


class MuteForm(Form):
    until: Moment | None
    reason: str = ""
